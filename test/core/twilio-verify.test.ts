/** Twilio Verify makes and checks the codes itself: what it says counts, within the same limits. */
import { expect, test } from 'bun:test'
import type { HttpRequest } from '../../src/core/ports'
import { startApp } from '../support/app'

const PHONE = '15551230001'
const SETTINGS = {
  AUTH_EXTERNAL_PHONE_ENABLED: 'true',
  AUTH_SMS_PROVIDER: 'twilio_verify',
  AUTH_SMS_TWILIO_VERIFY_ACCOUNT_SID: 'AC1',
  AUTH_SMS_TWILIO_VERIFY_AUTH_TOKEN: 'token',
  AUTH_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID: 'VA1',
  AUTH_SMS_TEST_OTP: '15559990000:111111',
}

/** A Twilio that approves one code. */
async function withTwilio(right: string | undefined) {
  const asked: HttpRequest[] = []
  const app = await startApp({
    settings: SETTINGS,
    post: async (request) => {
      asked.push(request)
      const isCheck = request.url.endsWith('/VerificationCheck')
      const isRight = new URLSearchParams(request.body).get('Code') === right
      if (isCheck && right === undefined) return { outcome: 'unreachable', error: 'down' }
      const body = JSON.stringify({ sid: 'VE1', status: isCheck && isRight ? 'approved' : 'pending' })
      return {
        outcome: 'answered',
        status: 200,
        contentType: 'application/json',
        retryAfter: '',
        body,
        isTooLarge: false,
      }
    },
  })
  const verify = (token: string, phone = PHONE) =>
    app.ask('POST', '/auth/v1/verify', { body: { type: 'sms', phone, token } })
  const checks = () => asked.filter(({ url }) => url.endsWith('/VerificationCheck')).length
  return { app, verify, checks }
}

test('a code that the provider approves signs in, once', async () => {
  const { app, verify } = await withTwilio('424242')
  await using _ = app
  expect((await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })).status).toBe(200)
  expect((await verify('424241')).body.code).toBe('otp_expired')
  const { status, body } = await verify('424242')
  expect([status, body.user?.phone]).toEqual([200, PHONE])
  expect((await verify('424242')).body.code).toBe('otp_expired')
})

test('the provider is asked about a code that was sent, and five times at most', async () => {
  const { app, verify, checks } = await withTwilio('424242')
  await using _ = app
  await verify('424242')
  expect(checks()).toBe(0)
  await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  for (let guess = 0; guess < 8; guess++) await verify(`00000${guess}`)
  expect(checks()).toBe(5)
  expect((await verify('424242')).body.code).toBe('otp_expired')
})

test('a provider that does not answer lets nobody in, and the operator hears of it', async () => {
  const { app, verify } = await withTwilio(undefined)
  await using _ = app
  await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  expect((await verify('424242')).body.code).toBe('otp_expired')
  expect(app.log().some(({ level, msg }) => level === 'error' && msg.includes('SMS provider'))).toBe(true)
})

test('a test number has its fixed code, whatever the provider', async () => {
  const { app, verify, checks } = await withTwilio('424242')
  await using _ = app
  await app.ask('POST', '/auth/v1/otp', { body: { phone: '15559990000' } })
  expect((await verify('111111', '15559990000')).status).toBe(200)
  expect(checks()).toBe(0)
})
