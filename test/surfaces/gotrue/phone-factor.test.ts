import { expect, test } from 'bun:test'
import type { HttpRequest, HttpResult } from '../../../src/core/kernel/ports'
import { MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, startApp, type TestApp, type TestOptions } from '../../support/app'
import { readRows } from '../../support/database'
import { challenge, enrol, protectedAccount, refusal, unenrol, verify } from '../../support/factors'

const PHONE = '15551230001'
const ON = { AUTH_MFA_PHONE_ENROLL_ENABLED: 'true', AUTH_MFA_PHONE_VERIFY_ENABLED: 'true' }
const HOOK = {
  AUTH_HOOK_SEND_SMS_ENABLED: 'true',
  AUTH_HOOK_SEND_SMS_URI: 'https://hooks.example.com/sms',
  AUTH_HOOK_SEND_SMS_SECRETS: 'v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=',
}

const start = ({ settings, ...rest }: TestOptions = {}) => startApp({ settings: { ...ON, ...settings }, ...rest })

const enrolPhone = (app: TestApp, token: string, body: object = {}) =>
  enrol(app, token, { factor_type: 'phone', friendly_name: 'sms', phone: `+${PHONE}`, ...body })

async function codeTo(app: TestApp, phone = PHONE): Promise<string> {
  const [message] = await app.core.forTask().listMessages({ to: phone, limit: 1 })
  return message?.code ?? ''
}

const wrongFor = (code: string) => (code === '000000' ? '000001' : '000000')

async function withPhoneFactor(app: TestApp) {
  const ada = await app.signUp()
  const { body } = await enrolPhone(app, ada.accessToken)
  return { ...ada, factorId: body.id as string }
}

/** Challenges the factor and verifies with the code that was sent. */
async function passPhone(app: TestApp, token: string, factorId: string) {
  const { body } = await challenge(app, token, factorId)
  return verify(app, token, factorId, { challenge_id: body.id, code: await codeTo(app) })
}

const answered = (status: number, body = '{}'): HttpResult => ({
  outcome: 'answered',
  status,
  contentType: 'application/json',
  retryAfter: '',
  body,
  isTooLarge: false,
})

test('a phone factor is enrolled, gets a code by SMS, and raises the session', async () => {
  await using app = await start()
  const ada = await app.signUp()
  const added = await enrolPhone(app, ada.accessToken)
  expect([added.status, added.body]).toEqual([
    200,
    { id: expect.any(String), type: 'phone', friendly_name: 'sms', phone: `+${PHONE}` },
  ])
  const { id } = added.body
  app.clock.advance(1000)
  const begun = await challenge(app, ada.accessToken, id, { body: { channel: 'sms' } })
  expect([begun.status, begun.body]).toEqual([
    200,
    { id: expect.any(String), type: 'phone', expires_at: Math.floor((app.clock.now() + 5 * MINUTE) / 1000) },
  ])
  const [sms] = await app.core.forTask().listMessages({ to: PHONE, limit: 9 })
  expect([sms?.kind, sms?.text]).toEqual(['mfa_challenge', `Your code is ${sms?.code}`])
  const { status, body } = await verify(app, ada.accessToken, id, { challenge_id: begun.body.id, code: sms?.code })
  expect(status).toBe(200)
  expect(claimsOf(body.access_token)).toMatchObject({
    aal: 'aal2',
    session_id: ada.sessionId,
    amr: [{ method: 'mfa/phone' }, { method: 'password' }],
  })
  expect(body.user.factors).toEqual([
    expect.objectContaining({ id, status: 'verified', factor_type: 'phone', phone: PHONE, friendly_name: 'sms' }),
  ])
})

test('the code is stored only as a hash', async () => {
  await using app = await start()
  const ada = await withPhoneFactor(app)
  await challenge(app, ada.accessToken, ada.factorId)
  const code = await codeTo(app)
  const [row] = await readRows<{ otp_code_hash: string }>(app.database, 'SELECT * FROM mfa_challenges')
  expect(row?.otp_code_hash).toMatch(/^[0-9a-f]{64}$/)
  expect(JSON.stringify(row)).not.toContain(`"${code}"`)
  expect(JSON.stringify(app.log())).not.toContain(code)
})

test('a wrong code, a code of another challenge and a used one are refused', async () => {
  await using app = await start({ settings: { AUTH_MFA_PHONE_MAX_FREQUENCY: '0s' } })
  const ada = await withPhoneFactor(app)
  const token = ada.accessToken
  const first = (await challenge(app, token, ada.factorId)).body.id
  const firstCode = await codeTo(app)
  app.clock.advance(1)
  const second = (await challenge(app, token, ada.factorId)).body.id
  const secondCode = await codeTo(app)
  const answer = (challenge_id: string, code: string) => verify(app, token, ada.factorId, { challenge_id, code })
  const wrong = await answer(first, wrongFor(firstCode))
  expect([wrong.status, wrong.body.code, wrong.body.message]).toEqual([
    422,
    'mfa_verification_failed',
    'Invalid MFA Phone code entered',
  ])
  if (firstCode !== secondCode)
    expect(refusal(await answer(first, secondCode))).toEqual([422, 'mfa_verification_failed'])
  expect((await answer(first, firstCode)).status).toBe(200)
  expect(refusal(await answer(first, firstCode))).toEqual([422, 'mfa_ip_address_mismatch'])
  expect(refusal(await answer(second, ''))).toEqual([400, 'validation_failed'])
})

test('a code expires with its challenge', async () => {
  await using app = await start()
  const ada = await withPhoneFactor(app)
  const { body } = await challenge(app, ada.accessToken, ada.factorId)
  const code = await codeTo(app)
  app.clock.advance(5 * MINUTE)
  expect(refusal(await verify(app, ada.accessToken, ada.factorId, { challenge_id: body.id, code }))).toEqual([
    422,
    'mfa_challenge_expired',
  ])
})

test('a phone gets one SMS a minute, also with simultaneous requests', async () => {
  await using app = await start()
  const ada = await withPhoneFactor(app)
  const replies = await Promise.all([1, 2, 3, 4].map(() => challenge(app, ada.accessToken, ada.factorId)))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 429, 429, 429])
  expect(await app.core.forTask().listMessages({ to: PHONE, limit: 9 })).toHaveLength(1)
  const early = await challenge(app, ada.accessToken, ada.factorId)
  expect([early.body.code, early.body.message]).toEqual([
    'over_sms_send_rate_limit',
    'For security purposes, you can only request this after 60 seconds.',
  ])
  app.clock.advance(MINUTE)
  expect((await challenge(app, ada.accessToken, ada.factorId)).status).toBe(200)
})

test('removing a phone and adding it again does not reset the cooldown', async () => {
  await using app = await start()
  const ada = await withPhoneFactor(app)
  expect((await challenge(app, ada.accessToken, ada.factorId)).status).toBe(200)
  for (const phone of [PHONE, '15551230099']) {
    const { body } = await enrolPhone(app, ada.accessToken, { friendly_name: `again ${phone}`, phone: `+${phone}` })
    expect((await challenge(app, ada.accessToken, body.id)).status).toBe(429)
    expect((await unenrol(app, ada.accessToken, body.id)).status).toBe(200)
  }
  app.clock.advance(MINUTE)
  const { body } = await enrolPhone(app, ada.accessToken, { friendly_name: 'later' })
  expect((await challenge(app, ada.accessToken, body.id)).status).toBe(200)
})

test('threat T7: wrong codes count for the account, over phone and authenticator app alike', async () => {
  await using app = await start({ settings: { AUTH_MFA_PHONE_MAX_FREQUENCY: '0s' } })
  const ada = await protectedAccount(app)
  const token = ada.raised.accessToken
  const { body: phone } = await enrolPhone(app, token)
  for (let guess = 0; guess < 5; guess++) {
    const { body: totp } = await challenge(app, token, ada.factor.id)
    expect((await verify(app, token, ada.factor.id, { challenge_id: totp.id, code: 'abcdef' })).status).toBe(422)
    const { body: sms } = await challenge(app, token, phone.id)
    expect((await verify(app, token, phone.id, { challenge_id: sms.id, code: 'abcdef' })).status).toBe(422)
  }
  const { body: last } = await challenge(app, token, phone.id)
  const closed = await verify(app, token, phone.id, { challenge_id: last.id, code: await codeTo(app) })
  expect(refusal(closed)).toEqual([429, 'over_request_rate_limit'])
  expect(closed.headers.get('retry-after')).toBe('900')
})

test('a number is one factor: a verified one stays, an unverified one is replaced', async () => {
  await using app = await start()
  const ada = await app.signUp()
  const first = await enrolPhone(app, ada.accessToken)
  const second = await enrolPhone(app, ada.accessToken, { friendly_name: 'again' })
  expect(second.status).toBe(200)
  expect(refusal(await challenge(app, ada.accessToken, first.body.id))).toEqual([404, 'mfa_factor_not_found'])
  const raised = (await passPhone(app, ada.accessToken, second.body.id)).body.access_token
  expect(refusal(await enrolPhone(app, raised, { friendly_name: 'third' }))).toEqual([
    422,
    'mfa_verified_factor_exists',
  ])
  expect((await enrolPhone(app, raised, { friendly_name: 'other', phone: '+15551230002' })).status).toBe(200)
  const eve = await app.signUp()
  expect((await enrolPhone(app, eve.accessToken)).status).toBe(200)
})

test.each([
  [{ phone: '' }, 'Phone number required to enroll Phone factor'],
  [{ phone: undefined }, 'Phone number required to enroll Phone factor'],
  [{ phone: 'abc' }, 'Invalid phone number format (E.164 required)'],
  [{ phone: '+0123' }, 'Invalid phone number format (E.164 required)'],
])('enrolling with %j is refused with a message', async (body, message) => {
  await using app = await start()
  const ada = await app.signUp()
  const reply = await enrolPhone(app, ada.accessToken, body)
  expect([reply.status, reply.body.code, reply.body.message]).toEqual([400, 'validation_failed', message])
})

test('a channel without a provider is refused', async () => {
  await using app = await start()
  const ada = await withPhoneFactor(app)
  const reply = await challenge(app, ada.accessToken, ada.factorId, { body: { channel: 'pigeon' } })
  expect(refusal(reply)).toEqual([400, 'validation_failed'])
})

test('removing a phone brings its sessions back to aal1', async () => {
  await using app = await start()
  const ada = await withPhoneFactor(app)
  const { body } = await passPhone(app, ada.accessToken, ada.factorId)
  expect((await unenrol(app, body.access_token, ada.factorId)).status).toBe(200)
  const refreshed = await app.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
    body: { refresh_token: body.refresh_token },
  })
  expect(claimsOf(refreshed.body.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] })
})

test('enrolment and verification of phones can be disabled separately', async () => {
  await using app = await startApp({ settings: { AUTH_MFA_PHONE_ENROLL_ENABLED: 'true' } })
  const ada = await withPhoneFactor(app)
  expect(refusal(await challenge(app, ada.accessToken, ada.factorId))).toEqual([422, 'mfa_phone_verify_not_enabled'])
})

test('the text and the length of the code can be set, and test numbers have a fixed code', async () => {
  await using app = await start({
    settings: {
      AUTH_MFA_PHONE_TEMPLATE: 'Second step: {{ .Code }}',
      AUTH_MFA_PHONE_OTP_LENGTH: '8',
      AUTH_SMS_TEST_OTP: '15559990000:111111',
    },
  })
  const ada = await withPhoneFactor(app)
  await challenge(app, ada.accessToken, ada.factorId)
  const [sms] = await app.core.forTask().listMessages({ to: PHONE, limit: 1 })
  expect(sms?.text).toMatch(/^Second step: \d{8}$/)
  const { body } = await enrolPhone(app, ada.accessToken, { phone: '+15559990000', friendly_name: 'test' })
  const begun = await challenge(app, ada.accessToken, body.id)
  const answer = { challenge_id: begun.body.id, code: '111111' }
  expect((await verify(app, ada.accessToken, body.id, answer)).status).toBe(200)
  expect(await app.core.forTask().listMessages({ to: '15559990000', limit: 9 })).toEqual([])
})

test('the Send SMS hook sends these, too; its error is not revealed, and starts no cooldown', async () => {
  const asked: HttpRequest[] = []
  let status = 500
  await using app = await start({
    settings: HOOK,
    post: async (request) => {
      asked.push(request)
      return answered(status)
    },
  })
  const ada = await withPhoneFactor(app)
  const failed = await challenge(app, ada.accessToken, ada.factorId)
  expect([failed.status, failed.body.message]).toEqual([500, 'error invoking hook'])
  status = 200
  const { body } = await challenge(app, ada.accessToken, ada.factorId)
  const { sms } = JSON.parse(asked.at(-1)?.body ?? '{}')
  expect([sms.phone, sms.sms_type]).toEqual([PHONE, 'mfa'])
  expect((await verify(app, ada.accessToken, ada.factorId, { challenge_id: body.id, code: sms.otp })).status).toBe(200)
})

test('an SMS that the provider cannot send is reported as in GoTrue', async () => {
  await using app = await start({
    settings: {
      AUTH_SMS_PROVIDER: 'messagebird',
      AUTH_SMS_MESSAGEBIRD_ACCESS_KEY: 'key',
      AUTH_SMS_MESSAGEBIRD_ORIGINATOR: 'Latchkey',
    },
    post: async () => answered(401),
  })
  const ada = await withPhoneFactor(app)
  const failed = await challenge(app, ada.accessToken, ada.factorId)
  expect([failed.status, failed.body.message]).toEqual([500, 'error sending message'])
})

test('a provider that generates the codes also verifies them', async () => {
  await using app = await start({
    settings: {
      AUTH_SMS_PROVIDER: 'twilio_verify',
      AUTH_SMS_TWILIO_VERIFY_ACCOUNT_SID: 'AC1',
      AUTH_SMS_TWILIO_VERIFY_AUTH_TOKEN: 'token',
      AUTH_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID: 'VA1',
    },
    post: async ({ url, body }) => {
      const isRight = url.endsWith('/VerificationCheck') && new URLSearchParams(body).get('Code') === '424242'
      return answered(200, JSON.stringify({ sid: 'VE1', status: isRight ? 'approved' : 'pending' }))
    },
  })
  const ada = await withPhoneFactor(app)
  const { body } = await challenge(app, ada.accessToken, ada.factorId)
  const answer = (code: string) => verify(app, ada.accessToken, ada.factorId, { challenge_id: body.id, code })
  expect(refusal(await answer('424241'))).toEqual([403, 'otp_expired'])
  expect((await answer('424242')).status).toBe(200)
})
