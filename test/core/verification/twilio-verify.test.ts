/** Twilio Verify generates and verifies the codes itself, within the same limits. */
import { expect, test } from 'bun:test'
import type { HttpRequest, HttpResult } from '../../../src/core/kernel/ports'
import { startApp } from '../../support/app'
import { countRows } from '../../support/database'
import { challenge, enrol, verify as verifyFactor } from '../../support/factors'

const PHONE = '15551230001'
const SETTINGS = {
  AUTH_EXTERNAL_PHONE_ENABLED: 'true',
  AUTH_SMS_PROVIDER: 'twilio_verify',
  AUTH_SMS_TWILIO_VERIFY_ACCOUNT_SID: 'AC1',
  AUTH_SMS_TWILIO_VERIFY_AUTH_TOKEN: 'token',
  AUTH_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID: 'VA1',
  AUTH_SMS_TEST_OTP: '15559990000:111111',
  AUTH_RATE_LIMITS: 'on',
  AUTH_RATE_LIMIT_VERIFY: '1000',
  AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
  AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
}

const answered = (status: number, body: object): HttpResult => ({
  outcome: 'answered',
  status,
  contentType: 'application/json',
  retryAfter: '',
  isTooLarge: false,
  body: JSON.stringify(body),
})

/** A Twilio that approves one code, unless it fails. */
async function withTwilio(
  right: string | undefined,
  failures: HttpResult[] = [],
  settings: Record<string, string> = {},
) {
  const asked: HttpRequest[] = []
  const app = await startApp({
    settings: { ...SETTINGS, ...settings },
    post: async (request) => {
      asked.push(request)
      const isCheck = request.url.endsWith('/VerificationCheck')
      const failure = isCheck ? failures.shift() : undefined
      if (failure) return failure
      const isRight = new URLSearchParams(request.body).get('Code') === right
      if (isCheck && right === undefined) return { outcome: 'unreachable', error: 'down' }
      return answered(200, { sid: 'VE1', status: isCheck && isRight ? 'approved' : 'pending' })
    },
  })
  const verify = (token: string, phone = PHONE) =>
    app.ask('POST', '/auth/v1/verify', { body: { type: 'sms', phone, token } })
  const checks = () => asked.filter(({ url }) => url.endsWith('/VerificationCheck')).length
  return { app, verify, checks, asked }
}

test('a code that the provider approves signs in once', async () => {
  const { app, verify } = await withTwilio('424242')
  await using _ = app
  expect((await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })).status).toBe(200)
  expect((await verify('424241')).body.code).toBe('otp_expired')
  const { status, body } = await verify('424242')
  expect([status, body.user?.phone]).toEqual([200, PHONE])
  expect((await verify('424242')).body.code).toBe('otp_expired')
})

test('the provider is asked only about codes that were sent, and at most five times', async () => {
  const { app, verify, checks } = await withTwilio('424242')
  await using _ = app
  await verify('424242')
  expect(checks()).toBe(0)
  await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  for (let guess = 0; guess < 8; guess++) await verify(`00000${guess}`)
  expect(checks()).toBe(5)
  expect((await verify('424242')).body.code).toBe('otp_expired')
})

test('sign-in fails if the provider does not answer, and that is logged', async () => {
  const { app, verify } = await withTwilio(undefined)
  await using _ = app
  await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  expect(await verify('424242')).toMatchObject({ status: 503, body: { code: 'unexpected_failure' } })
  expect(app.log().some(({ level, msg }) => level === 'error' && msg.includes('SMS provider'))).toBe(true)
})

test('a test number has its fixed code, whatever the provider', async () => {
  const { app, verify, checks } = await withTwilio('424242')
  await using _ = app
  await app.ask('POST', '/auth/v1/otp', { body: { phone: '15559990000' } })
  expect((await verify('111111', '15559990000')).status).toBe(200)
  expect(checks()).toBe(0)
})

test('a test number whose fixed code is no longer valid has the codes of the provider', async () => {
  const { app, verify } = await withTwilio('424242', [], { AUTH_SMS_TEST_OTP_VALID_UNTIL: '2020-01-01T00:00:00Z' })
  await using _ = app
  await app.ask('POST', '/auth/v1/otp', { body: { phone: '15559990000' } })
  expect((await verify('111111', '15559990000')).body.code).toBe('otp_expired')
  expect((await verify('424242', '15559990000')).status).toBe(200)
})

test('the provider is not asked about codes that the Send SMS hook has sent', async () => {
  const { app, verify, checks, asked } = await withTwilio('424242', [], {
    AUTH_HOOK_SEND_SMS_ENABLED: 'true',
    AUTH_HOOK_SEND_SMS_URI: 'http://127.0.0.1:9/sms',
    AUTH_HOOK_SEND_SMS_SECRETS: `v1,whsec_${Buffer.from('a secret of thirty-two bytes ....').toString('base64')}`,
  })
  await using _ = app
  await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  const { otp } = JSON.parse(asked[0]?.body ?? '').sms
  expect((await verify(otp)).status).toBe(200)
  expect(checks()).toBe(0)
})

const FAILURES: [string, HttpResult][] = [
  ['cannot be reached', { outcome: 'unreachable', error: 'down' }],
  ['does not answer in time', { outcome: 'timed_out' }],
  ['fails', answered(503, { code: 20503, message: 'Service unavailable' })],
  ['does not know our login', answered(401, { code: 20003, message: 'Authenticate' })],
  ['is asked too often', answered(429, { code: 20429, message: 'Too many requests' })],
  ['answers with a page', { ...answered(200, {}), body: '<html>' } as HttpResult],
  ['answers without a verdict', answered(200, { sid: 'VE1' })],
]

for (const [what, failure] of FAILURES)
  test(`codes do not count as wrong while the provider ${what}, however often it is asked`, async () => {
    const { app, verify } = await withTwilio(
      '424242',
      Array.from({ length: 25 }, () => failure),
    )
    await using _ = app
    await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
    for (let attempt = 0; attempt < 25; attempt++) expect((await verify('424242')).status).toBe(503)
    expect((await verify('424242')).status).toBe(200)
  })

test('a provider that fails locks no second factor', async () => {
  const failures = Array.from({ length: 12 }, () => answered(503, { code: 20503 }))
  const { app } = await withTwilio('424242', failures)
  await using _ = app
  const { accessToken } = await app.signUp()
  const { body: factor } = await enrol(app, accessToken, { factor_type: 'phone', phone: PHONE })
  const { body: begun } = await challenge(app, accessToken, factor.id)
  const show = () => verifyFactor(app, accessToken, factor.id, { challenge_id: begun.id, code: '424242' })
  for (let attempt = 0; attempt < 12; attempt++) expect((await show()).status).toBe(503)
  expect((await show()).status).toBe(200)
})

test('the account and its code are stored before the provider is called, and withdrawn if it fails', async () => {
  const stored: number[][] = []
  const answers = [answered(500, { message: 'down' }), answered(200, { sid: 'VE1', status: 'pending' })]
  await using app = await startApp({
    settings: SETTINGS,
    post: async () => {
      stored.push(await counts())
      return answers.shift() ?? answered(500, {})
    },
  })
  function counts() {
    return Promise.all(['users', 'verification_tokens'].map((table) => countRows(app.database, table)))
  }
  const ask = () => app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  expect((await ask()).body.code).toBe('sms_send_failed')
  expect([stored, await counts()]).toEqual([[[1, 1]], [0, 0]])
  const { status, body } = await ask()
  expect([status, body, await counts()]).toEqual([200, { message_id: 'VE1' }, [1, 1]])
})
