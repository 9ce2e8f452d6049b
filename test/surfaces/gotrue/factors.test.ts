import { expect, test } from 'bun:test'
import { MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, PASSWORD, refresh, type SignedIn, startApp, type TestApp } from '../../support/app'
import { readRows } from '../../support/database'
import { challenge, enrol, enrolled, pass, protectedAccount, refusal, unenrol, verify } from '../../support/factors'
import { lastMessageTo, open } from '../../support/mail'
import { codeAt } from '../../support/totp'

/** The IP address of requests that do not name one. */
const HERE = '203.0.113.7'
const UNKNOWN = '11111111-1111-4111-8111-111111111111'

const putUser = (app: TestApp, { accessToken: token }: Pick<SignedIn, 'accessToken'>, body: object) =>
  app.ask('PUT', '/auth/v1/user', { token, body })

test('enrolling shows the secret once, as text, URI and QR code', async () => {
  await using app = await startApp({ settings: { SITE_URL: 'https://app.example.com:8443/x' } })
  const ada = await app.signUp('ada@example.com')
  const { status, headers, body } = await enrol(app, ada.accessToken, { friendly_name: 'my phone' })
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(body).toEqual({
    id: expect.any(String),
    type: 'totp',
    friendly_name: 'my phone',
    totp: {
      qr_code: expect.stringMatching(/^<svg /),
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      uri: `otpauth://totp/app.example.com%3A8443:ada%40example.com?algorithm=SHA1&digits=6&issuer=app.example.com%3A8443&period=30&secret=${body.totp.secret}`,
    },
  })
  const user = await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })
  expect(user.body.factors).toEqual([
    {
      id: body.id,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      status: 'unverified',
      friendly_name: 'my phone',
      factor_type: 'totp',
      phone: '',
      last_challenged_at: null,
    },
  ])
  expect(user.text).not.toContain(body.totp.secret)
  expect(JSON.stringify(app.log())).not.toContain(body.totp.secret)
  expect(JSON.stringify(await readRows(app.database, 'SELECT * FROM mfa_factors'))).not.toContain(body.totp.secret)
})

test('the authenticator shows an issuer given by the app', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { body } = await enrol(app, ada.accessToken, { issuer: 'Acme & Co' })
  expect(body.totp.uri).toContain('&issuer=Acme%20%26%20Co&')
})

test('mfa verify returns aal2', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const factor = await enrolled(app, ada.accessToken)
  app.clock.advance(1000)
  const begun = await challenge(app, ada.accessToken, factor.id)
  expect(begun.body).toEqual({
    id: expect.any(String),
    type: 'totp',
    expires_at: Math.floor((app.clock.now() + 5 * MINUTE) / 1000),
  })
  const code = codeAt(factor.secret, app.clock.now())
  const { status, body } = await verify(app, ada.accessToken, factor.id, { challenge_id: begun.body.id, code })
  expect([status, body.user.factors[0].status]).toEqual([200, 'verified'])
  expect(claimsOf(body.access_token)).toMatchObject({
    aal: 'aal2',
    session_id: ada.sessionId,
    amr: [{ method: 'totp' }, { method: 'password' }],
  })
  app.clock.advance(MINUTE)
  const later = await refresh(app, body.refresh_token)
  expect(claimsOf(later.body.access_token).aal).toBe('aal2')
})

test('the refresh token from before the second factor cannot raise a session, and its reuse ends the session', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  expect(refusal(await refresh(app, ada.refreshToken))).toEqual([400, 'refresh_token_already_used'])
  expect(refusal(await refresh(app, ada.raised.refreshToken))).toEqual([400, 'refresh_token_not_found'])
})

test('the refresh token from before the second factor is accepted within a configured reuse interval', async () => {
  await using app = await startApp({ settings: { AUTH_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '60' } })
  const ada = await protectedAccount(app)
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
  app.clock.advance(MINUTE)
  expect(refusal(await refresh(app, ada.refreshToken))).toEqual([400, 'refresh_token_already_used'])
})

test('passing a factor ends sessions at aal1, and keeps those at aal2', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const second = await app.signIn(ada.email)
  const bystander = await app.signIn(ada.email)
  expect((await pass(app, second.accessToken, ada.factor)).status).toBe(200)
  const status = async (token: string) => (await app.ask('GET', '/auth/v1/user', { token })).status
  expect(await Promise.all([ada.raised, second, bystander].map(({ accessToken }) => status(accessToken)))).toEqual([
    200, 200, 403,
  ])
})

test('mfa rejects wrong factor owner', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const eve = await app.signUp()
  const { body } = await challenge(app, ada.raised.accessToken, ada.factor.id)
  const answer = { challenge_id: body.id, code: codeAt(ada.factor.secret, app.clock.now()) }
  const foreign = [403, 'mfa_factor_not_found']
  expect(refusal(await challenge(app, eve.accessToken, ada.factor.id))).toEqual(foreign)
  expect(refusal(await verify(app, eve.accessToken, ada.factor.id, answer))).toEqual(foreign)
  expect(refusal(await unenrol(app, eve.accessToken, ada.factor.id))).toEqual(foreign)
  const own = await enrolled(app, eve.accessToken)
  expect(refusal(await verify(app, eve.accessToken, own.id, answer))).toEqual([422, 'mfa_factor_not_found'])
  expect(refusal(await challenge(app, eve.accessToken, UNKNOWN))).toEqual([404, 'mfa_factor_not_found'])
  expect(refusal(await challenge(app, eve.accessToken, 'nope'))).toEqual([404, 'validation_failed'])
  expect(refusal(await app.ask('POST', `/auth/v1/factors/${own.id}/challenge`))).toEqual([401, 'no_authorization'])
  expect((await verify(app, ada.raised.accessToken, ada.factor.id, answer)).status).toBe(200)
})

test('threat T28: a code works once, for all challenges and sessions, also after a restart', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const other = await app.signIn(ada.email)
  const code = codeAt(ada.factor.secret, app.clock.now())
  const begin = async (token: string) => (await challenge(app, token, ada.factor.id)).body.id as string
  const [first, second] = [await begin(ada.raised.accessToken), await begin(ada.raised.accessToken)]
  const third = await begin(other.accessToken)
  const answer = (challenge_id: string, token = ada.raised.accessToken) =>
    verify(app, token, ada.factor.id, { challenge_id, code })
  expect((await answer(first)).status).toBe(200)
  expect(refusal(await answer(first))).toEqual([422, 'mfa_ip_address_mismatch'])
  expect(refusal(await answer(second))).toEqual([422, 'mfa_verification_failed'])
  expect((await answer(third, other.accessToken)).status).toBe(403)
  const { folder } = app
  await using again = await startApp({ folder, now: new Date(app.clock.now()).toISOString() })
  const { body } = await challenge(again, ada.raised.accessToken, ada.factor.id)
  const replay = { challenge_id: body.id, code }
  expect(refusal(await verify(again, ada.raised.accessToken, ada.factor.id, replay))).toEqual([
    422,
    'mfa_verification_failed',
  ])
})

test('threat T29: a clock that is set back does not make a used code valid again', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const earlier = app.clock.now()
  app.clock.advance(10 * MINUTE)
  expect((await pass(app, ada.raised.accessToken, ada.factor)).status).toBe(200)
  app.clock.jump(earlier - app.clock.now())
  expect(refusal(await pass(app, ada.raised.accessToken, ada.factor))).toEqual([422, 'mfa_verification_failed'])
})

test('threat T30: of two simultaneous verifications one succeeds', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const factor = await enrolled(app, ada.accessToken)
  const code = codeAt(factor.secret, app.clock.now())
  const challenges = await Promise.all([1, 2, 3, 4].map(() => challenge(app, ada.accessToken, factor.id)))
  const answers = await Promise.all(
    [...challenges, ...challenges].map(({ body }) =>
      verify(app, ada.accessToken, factor.id, { challenge_id: body.id, code }),
    ),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('threat T30: a challenge belongs to one factor and one IP address, and expires after five minutes', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const token = ada.raised.accessToken
  const { body: second } = await enrol(app, token, { friendly_name: 'second' })
  const { body: begun } = await challenge(app, token, ada.factor.id)
  const code = () => codeAt(ada.factor.secret, app.clock.now())
  const answer = { challenge_id: begun.id, code: code() }
  expect(refusal(await verify(app, token, second.id, answer))).toEqual([422, 'mfa_factor_not_found'])
  expect(refusal(await verify(app, token, ada.factor.id, { ...answer, challenge_id: UNKNOWN }))).toEqual([
    422,
    'mfa_factor_not_found',
  ])
  expect(refusal(await verify(app, token, ada.factor.id, answer, { ip: '198.51.100.1' }))).toEqual([
    422,
    'mfa_ip_address_mismatch',
  ])
  app.clock.advance(5 * MINUTE - 1)
  expect(refusal(await verify(app, token, ada.factor.id, { ...answer, code: '000000' }))).toEqual([
    422,
    'mfa_verification_failed',
  ])
  app.clock.advance(1)
  const late = await verify(app, token, ada.factor.id, { ...answer, code: code() })
  expect(refusal(late)).toEqual([422, 'mfa_challenge_expired'])
  expect(late.body.message).toContain(begun.id)
})

test('a verification without a code or challenge, or with a malformed one, is refused', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { id } = await enrolled(app, ada.accessToken)
  const { body } = await challenge(app, ada.accessToken, id)
  const answers = [{}, { code: '123456' }, { code: '123456', challenge_id: 'nope' }, { challenge_id: body.id, code: 7 }]
  const replies = await Promise.all(answers.map((answer) => verify(app, ada.accessToken, id, answer)))
  expect(replies.map(refusal)).toEqual([
    [400, 'validation_failed'],
    [422, 'mfa_factor_not_found'],
    [400, 'bad_json'],
    [400, 'bad_json'],
  ])
})

test('blanks around a code, from copying it, are ignored', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const { accessToken } = await app.signIn(ada.email)
  const { body } = await challenge(app, accessToken, ada.factor.id)
  const code = codeAt(ada.factor.secret, app.clock.now())
  const answer = { challenge_id: body.id, code: ` ${code}\n` }
  expect((await verify(app, accessToken, ada.factor.id, answer)).status).toBe(200)
})

test('ten wrong codes lock a factor for a quarter of an hour, counted over all challenges and sessions', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const other = await app.signIn(ada.email)
  const right = codeAt(ada.factor.secret, app.clock.now())
  const wrong = right === '000000' ? '000001' : '000000'
  const guess = async (token: string, code: string) => {
    const { body } = await challenge(app, token, ada.factor.id)
    return verify(app, token, ada.factor.id, { challenge_id: body.id, code })
  }
  for (let round = 0; round < 5; round++)
    for (const token of [ada.raised.accessToken, other.accessToken])
      expect((await guess(token, wrong)).status).toBe(422)
  const closed = await guess(other.accessToken, right)
  expect(refusal(closed)).toEqual([429, 'over_request_rate_limit'])
  app.clock.advance(15 * MINUTE)
  expect((await pass(app, other.accessToken, ada.factor)).status).toBe(200)
})

test('threat T12: attempts from elsewhere do not lock a factor for networks where it was recently passed', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const thief = (await app.signIn(ada.email)).accessToken
  const guess = async (token: string, ip: string, code = 'abcdef') => {
    const { body } = await challenge(app, token, ada.factor.id, { ip })
    return verify(app, token, ada.factor.id, { challenge_id: body.id, code }, { ip })
  }
  // from any number of networks
  for (let index = 0; index < 10; index++) expect((await guess(thief, `198.51.${index}.1`)).status).toBe(422)
  expect((await guess(thief, '198.51.200.1')).status).toBe(429)
  expect((await guess(ada.raised.accessToken, '192.0.2.77')).status).toBe(429)
  const right = () => codeAt(ada.factor.secret, app.clock.now())
  const own = (await app.signIn(ada.email)).accessToken
  expect((await guess(own, HERE, right())).status).toBe(200)
  // which does not reset the attacker's count
  const again = (await app.signIn(ada.email)).accessToken
  expect((await guess(again, '198.51.201.1')).status).toBe(429)
  for (let index = 0; index < 10; index++) expect((await guess(again, HERE)).status).toBe(422)
  expect((await guess(again, HERE, right())).status).toBe(429)
})

test('threat T7: every ten consecutive wrong codes lock a factor for longer, up to a day', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  let token = ada.raised.accessToken
  const ip = '192.0.2.1'
  const begin = async () => (await challenge(app, token, ada.factor.id, { ip })).body.id
  const guess = (challenge_id: string, code = 'abcdef') =>
    verify(app, token, ada.factor.id, { challenge_id, code }, { ip })
  for (let round = 1; round <= 100; round++) {
    const begun = await begin()
    for (let index = 0; index < 10; index++) expect((await guess(begun)).status).toBe(422)
    const closed = await guess(begun)
    const waitMs = Math.min(round * 15 * MINUTE, 24 * 60 * MINUTE)
    expect([round, closed.headers.get('retry-after')]).toEqual([round, String(waitMs / 1000)])
    app.clock.advance(waitMs)
    token = (await app.signIn(ada.email)).accessToken
  }
  expect((await guess(await begin(), codeAt(ada.factor.secret, app.clock.now()))).status).toBe(200)
  const begun = await begin()
  for (let index = 0; index < 10; index++) expect((await guess(begun)).status).toBe(422)
  expect((await guess(begun)).headers.get('retry-after')).toBe('900')
}, 60_000)

test('threat T32: flows started at aal1 end when the first factor is verified', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' } })
  const ada = await app.signUp()
  expect((await putUser(app, ada, { email: 'thief@example.com' })).body.new_email).toBe('thief@example.com')
  const { link } = await lastMessageTo(app, 'thief@example.com')
  const factor = await enrolled(app, ada.accessToken)
  const { body } = await pass(app, ada.accessToken, factor)
  expect(body.user.new_email).toBeUndefined()
  await open(app, link)
  const user = await app.ask('GET', '/auth/v1/user', { token: body.access_token })
  expect(user.body.email).toBe(ada.email)
})

test('threat T31: an unverified factor grants nothing and blocks nothing', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await enrolled(app, ada.accessToken)
  expect(claimsOf((await refresh(app, ada.refreshToken)).body.access_token).aal).toBe('aal1')
  expect((await putUser(app, ada, { password: 'another-password-1' })).status).toBe(200)
})

test('threat T31: names of factors are unique, and there are at most ten factors', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  for (let index = 0; index < 10; index++) await enrolled(app, ada.accessToken, `factor ${index}`)
  expect(refusal(await enrol(app, ada.accessToken, { friendly_name: 'factor 3' }))).toEqual([
    422,
    'mfa_factor_name_conflict',
  ])
  expect(refusal(await enrol(app, ada.accessToken, { friendly_name: 'one more' }))).toEqual([
    422,
    'too_many_enrolled_mfa_factors',
  ])
  app.clock.advance(5 * MINUTE + 1)
  const fresh = await refresh(app, ada.refreshToken)
  expect((await enrol(app, fresh.body.access_token, { friendly_name: 'one more' })).status).toBe(200)
})

test('parallel enrolments respect unique names and the maximum number', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const names = Array.from({ length: 24 }, (_, index) => `factor ${index % 12}`)
  const replies = await Promise.all(names.map((friendly_name) => enrol(app, ada.accessToken, { friendly_name })))
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(10)
})

test.each([
  [{ factor_type: 'pigeon' }, 400, 'validation_failed'],
  [{ factor_type: '' }, 400, 'validation_failed'],
  [{ factor_type: 'recovery_code' }, 400, 'validation_failed'],
  [{ factor_type: 'phone' }, 422, 'mfa_phone_enroll_not_enabled'],
  [{ factor_type: 'phone', phone: '+15550100' }, 422, 'mfa_phone_enroll_not_enabled'],
])('enrolling %j returns %d %s', async (body, status, code) => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect(refusal(await enrol(app, ada.accessToken, body))).toEqual([status, code])
})

test('authenticator apps can be disabled', async () => {
  await using app = await startApp({ settings: { AUTH_MFA_TOTP_ENROLL_ENABLED: 'false' } })
  const ada = await app.signUp()
  expect(refusal(await enrol(app, ada.accessToken))).toEqual([422, 'mfa_totp_enroll_not_enabled'])
})

test('anonymous users cannot enrol a second factor', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  expect(refusal(await enrol(app, body.access_token))).toEqual([403, 'no_authorization'])
})

test('threat T32: a session at aal1 cannot change what requires aal2', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const low = await app.signIn(ada.email)
  for (const change of [{ password: 'another-password-1' }, { email: 'new@example.com' }, { phone: '+15550100' }])
    expect(refusal(await putUser(app, low, change))).toEqual([401, 'insufficient_aal'])
  expect((await putUser(app, low, { data: { name: 'Ada' } })).status).toBe(200)
  expect(refusal(await unenrol(app, low.accessToken, ada.factor.id))).toEqual([422, 'insufficient_aal'])
  expect(refusal(await enrol(app, low.accessToken, { friendly_name: 'mine' }))).toEqual([403, 'insufficient_aal'])
  expect(refusal(await app.ask('DELETE', '/auth/v1/user', { token: low.accessToken }))).toEqual([
    401,
    'insufficient_aal',
  ])
  expect((await putUser(app, ada.raised, { password: 'another-password-1' })).status).toBe(200)
})

test('threat T34: an administrator with a second factor needs aal2', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: 0 })
  const low = await app.signIn(ada.email)
  const list = (token: string) => app.ask('GET', '/auth/v1/admin/users', { token })
  expect(refusal(await list(low.accessToken))).toEqual([403, 'not_admin'])
  expect((await list(ada.raised.accessToken)).status).toBe(200)
})

test('removing a factor lowers the sessions that it had raised', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const { status, body } = await unenrol(app, ada.raised.accessToken, ada.factor.id)
  expect([status, body]).toEqual([200, { id: ada.factor.id }])
  const { body: fresh } = await refresh(app, ada.raised.refreshToken)
  expect(claimsOf(fresh.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] })
  expect(fresh.user).not.toHaveProperty('factors')
  expect(refusal(await challenge(app, fresh.access_token, ada.factor.id))).toEqual([404, 'mfa_factor_not_found'])
})

test('administrators list, rename and remove factors of the given user', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const eve = await app.signUp()
  const at = (user: string, id = '') => `/auth/v1/admin/users/${user}/factors${id && `/${id}`}`
  const asAdmin = (method: string, path: string, body?: object) => app.ask(method, path, { token: app.admin, body })
  expect((await asAdmin('GET', at(ada.id))).body).toMatchObject([{ id: ada.factor.id, status: 'verified' }])
  expect((await asAdmin('PUT', at(ada.id, ada.factor.id), { friendly_name: 'old phone' })).body).toMatchObject({
    friendly_name: 'old phone',
  })
  expect(refusal(await asAdmin('DELETE', at(eve.id, ada.factor.id)))).toEqual([404, 'mfa_factor_not_found'])
  expect(refusal(await asAdmin('GET', at(UNKNOWN)))).toEqual([404, 'user_not_found'])
  expect(refusal(await app.ask('GET', at(ada.id), { token: ada.raised.accessToken }))).toEqual([403, 'not_admin'])
  expect((await asAdmin('DELETE', at(ada.id, ada.factor.id))).body).toMatchObject({ id: ada.factor.id })
  expect((await asAdmin('GET', at(ada.id))).body).toEqual([])
  const { body } = await refresh(app, ada.raised.refreshToken)
  expect(claimsOf(body.access_token).aal).toBe('aal1')
})

test('threat T33: recovery by mail does not bypass the second factor', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const link = await app.ask('POST', '/auth/v1/admin/generate_link', {
    token: app.admin,
    body: { type: 'recovery', email: ada.email },
  })
  const recovered = await app.ask('POST', '/auth/v1/verify', {
    body: { type: 'recovery', token_hash: link.body.hashed_token },
  })
  expect(claimsOf(recovered.body.access_token).aal).toBe('aal1')
  const session = { accessToken: recovered.body.access_token }
  expect(refusal(await putUser(app, session, { password: 'another-password-1' }))).toEqual([401, 'insufficient_aal'])
  const direct = await app.ask('POST', '/auth/v1/admin/generate_link', {
    token: app.admin,
    body: { type: 'recovery', email: ada.email },
  })
  const reply = await app.ask('POST', '/auth/v1/verify', {
    body: { type: 'recovery', token_hash: direct.body.hashed_token, password: 'another-password-1' },
  })
  expect(refusal(reply)).toEqual([401, 'insufficient_aal'])
  expect((await app.signIn(ada.email, PASSWORD)).id).toBe(ada.id)
})

test('the owner is notified of an added or removed factor, if notices are enabled', async () => {
  await using app = await startApp({
    settings: {
      AUTH_MAILER_NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED: 'true',
      AUTH_MAILER_NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED: 'true',
    },
  })
  const ada = await app.signUp('ada@example.com')
  const factor = await enrolled(app, ada.accessToken)
  const kinds = async () =>
    (await app.core.forTask().listMessages({ to: 'ada@example.com', limit: 9 })).map(({ kind }) => kind)
  expect(await kinds()).toEqual([])
  const { body } = await pass(app, ada.accessToken, factor)
  expect(await kinds()).toEqual(['mfa_factor_enrolled_notification'])
  app.clock.advance(30_000)
  await pass(app, body.access_token, factor)
  expect(await kinds()).toHaveLength(1)
  await unenrol(app, body.access_token, factor.id)
  expect(await kinds()).toEqual(['mfa_factor_unenrolled_notification', 'mfa_factor_enrolled_notification'])
  // an administrator may have been deceived
  const another = await enrolled(app, body.access_token)
  await pass(app, body.access_token, another)
  await app.ask('DELETE', `/auth/v1/admin/users/${ada.id}/factors/${another.id}`, { token: app.admin })
  expect((await kinds()).slice(0, 2)).toEqual([
    'mfa_factor_unenrolled_notification',
    'mfa_factor_enrolled_notification',
  ])
})

test('threat T33: the links below /api/auth do not bypass the second factor', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const post = (path: string, body: object) => app.ask('POST', `/api/auth${path}`, { body })
  const mailedToken = async () => {
    const [mail] = await app.core.forTask().listMessages({ to: ada.email, limit: 1 })
    return new URL(mail?.links[0] ?? 'x:').searchParams.get('token')
  }
  await post('/password/reset/request', { email: ada.email })
  const reset = await post('/password/reset/complete', {
    token: await mailedToken(),
    new_password: 'another-horse-battery-7',
  })
  expect([reset.status, reset.body.error]).toEqual([403, 'mfa_required'])
  app.clock.advance(MINUTE)
  await post('/magic-link/send', { email: ada.email })
  const link = await post('/magic-link/verify', { token: await mailedToken() })
  expect([link.status, link.body.error]).toEqual([401, 'mfa_required'])
  expect((await app.signIn(ada.email, PASSWORD)).id).toBe(ada.id)
})

test('names and issuers of more than 255 bytes are refused, and nothing is stored', async () => {
  await using app = await startApp()
  const ada = await app.signUp(`${'a'.repeat(64)}@${'example.'.repeat(22)}com`)
  const { accessToken: token } = ada
  for (const body of [
    { friendly_name: 'x'.repeat(256) },
    { friendly_name: 'é'.repeat(128) },
    { issuer: 'x'.repeat(256) },
  ])
    expect(refusal(await enrol(app, token, body))).toEqual([400, 'validation_failed'])
  expect((await app.ask('GET', '/auth/v1/user', { token })).body.factors).toBeUndefined()
  const longest = { friendly_name: 'x'.repeat(255), issuer: 'é'.repeat(127) }
  expect((await enrol(app, token, longest)).status).toBe(200)
  const factor = await enrolled(app, token)
  const rename = (friendly_name: string) =>
    app.ask('PUT', `/auth/v1/admin/users/${ada.id}/factors/${factor.id}`, { token: app.admin, body: { friendly_name } })
  expect(refusal(await rename('x'.repeat(256)))).toEqual([400, 'validation_failed'])
  const raised = (await pass(app, token, factor)).body.access_token
  const codes = { token: raised, body: { friendly_name: 'x'.repeat(256) } }
  expect(refusal(await app.ask('POST', '/auth/v1/factors/recovery-codes', codes))).toEqual([400, 'validation_failed'])
})
