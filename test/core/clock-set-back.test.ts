/** A clock that ran ahead and was corrected: timestamps stored meanwhile delay nothing beyond the normal interval. */
import { expect, test } from 'bun:test'
import { createSigningKey, listSigningKeys, scheduleSigningKey } from '../../src/core/tokens/signing-keys'
import { DAY, MINUTE } from '../../src/lib/milliseconds'
import { hasElapsed, isExpired, isWithin, remainingMs } from '../../src/lib/time'
import { PASSWORD, refresh, startApp, type TestApp } from '../support/app'
import { challenge, enrol, enrolled, pass, protectedAccount, verify } from '../support/factors'
import { post } from '../support/native'

const ADA = 'ada@example.com'
const PHONE = '15551230001'

const mails = async (app: TestApp, to = ADA) => (await app.core.forTask().listMessages({ to, limit: 100 })).length

test('an instant in the future counts as long ago, and a lifetime that starts too far ahead is over', () => {
  expect([isWithin(100, 10, 109), isWithin(100, 10, 110), isWithin(100, 10, 99), isWithin(null, 10, 100)]).toEqual([
    ...[true, false, false, false],
  ])
  expect([remainingMs(100, 10, 103), remainingMs(100, 10, 110), remainingMs(100, 10, 99)]).toEqual([7, 0, 0])
  expect([
    hasElapsed(100, 10, 110),
    hasElapsed(100, 10, 111),
    hasElapsed(100, 10, 90),
    hasElapsed(100, 10, 89),
  ]).toEqual([...[false, true, false, true]])
  expect([
    isExpired({ createdAt: 100, expiresAt: 110 }, 89),
    isExpired({ createdAt: 100, expiresAt: 110 }, 95),
  ]).toEqual([...[true, false]])
})

const MAILED: [string, (app: TestApp, token: string) => Promise<{ status: number }>][] = [
  ['/recover', (app) => app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })],
  ['/otp', (app) => app.ask('POST', '/auth/v1/otp', { body: { email: ADA } })],
  ['/magiclink', (app) => app.ask('POST', '/auth/v1/magiclink', { body: { email: ADA } })],
  ['/reauthenticate', (app, token) => app.ask('GET', '/auth/v1/reauthenticate', { token })],
  [
    'a change of address',
    (app, token) => app.ask('PUT', '/auth/v1/user', { token, body: { email: 'new@example.com' } }),
  ],
  ['/api/auth/password/reset/request', (app) => post(app, '/password/reset/request', { email: ADA })],
  ['/api/auth/magic-link/send', (app) => post(app, '/magic-link/send', { email: ADA })],
  ['a link for a new address', (app) => post(app, '/magic-link/send', { email: 'unknown@example.com' })],
  [
    '/api/auth/email/change/request',
    (app, token) => post(app, '/email/change/request', { new_email: 'new@example.com' }, { token }),
  ],
]

for (const [what, send] of MAILED)
  test(`${what} sends a mail again once a clock that was a day ahead is right`, async () => {
    await using app = await startApp({ settings: { AUTH_SMTP_MAX_FREQUENCY: '60s' } })
    const { accessToken } = await app.signUp(ADA)
    app.clock.jump(DAY)
    const { accessToken: later } = await app.signIn(ADA)
    expect((await send(app, later)).status).toBe(200)
    const before = (await app.core.forTask().listMessages({ limit: 100 })).length
    app.clock.jump(-DAY)
    expect((await send(app, accessToken)).status).toBe(200)
    expect((await app.core.forTask().listMessages({ limit: 100 })).length).toBeGreaterThan(before)
  })

test('a repeated sign-up and /resend are not held back for a day', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
  const signUp = () => app.ask('POST', '/auth/v1/signup', { body: { email: ADA, password: PASSWORD } })
  app.clock.jump(DAY)
  await signUp()
  app.clock.jump(-DAY)
  expect((await signUp()).status).toBe(200)
  app.clock.advance(MINUTE)
  app.clock.jump(DAY)
  await app.ask('POST', '/auth/v1/resend', { body: { type: 'signup', email: ADA } })
  app.clock.jump(-DAY)
  expect((await app.ask('POST', '/auth/v1/resend', { body: { type: 'signup', email: ADA } })).status).toBe(200)
  expect(await mails(app)).toBe(4)
})

test('the owner of an address is notified of a sign-up although the last notice is dated in the future', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
  const created = { email: ADA, password: PASSWORD, email_confirm: true }
  await app.ask('POST', '/auth/v1/admin/users', { body: created, headers: { apikey: app.admin } })
  const signUp = () => app.ask('POST', '/auth/v1/signup', { body: { email: ADA, password: PASSWORD } })
  app.clock.jump(DAY)
  await signUp()
  app.clock.jump(-DAY)
  await signUp()
  expect(await mails(app)).toBe(2)
})

test('codes by SMS are sent again once the clock is right, also those of a second factor', async () => {
  const settings = { AUTH_EXTERNAL_PHONE_ENABLED: 'true', AUTH_MFA_PHONE_ENROLL_ENABLED: 'true' }
  await using app = await startApp({ settings: { ...settings, AUTH_MFA_PHONE_VERIFY_ENABLED: 'true' } })
  const otp = () => app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  const { accessToken } = await app.signUp(ADA)
  const { body: factor } = await enrol(app, accessToken, { factor_type: 'phone', phone: PHONE })
  app.clock.jump(DAY)
  const { accessToken: later } = await app.signIn(ADA)
  expect([(await otp()).status, (await challenge(app, later, factor.id)).status]).toEqual([200, 200])
  app.clock.jump(-DAY)
  expect([(await otp()).status, (await challenge(app, accessToken, factor.id)).status]).toEqual([200, 200])
})

test('an authenticator app that was used while the clock ran ahead works again, and its codes still pass once', async () => {
  await using app = await startApp()
  const ada = await app.signUp(ADA)
  const factor = await enrolled(app, ada.accessToken)
  app.clock.jump(DAY)
  expect((await pass(app, (await app.signIn(ADA)).accessToken, factor)).status).toBe(200)
  app.clock.jump(-DAY)
  const { accessToken } = await app.signIn(ADA)
  expect((await pass(app, accessToken, factor)).status).toBe(200)
  expect((await pass(app, accessToken, factor)).status).toBe(422)
})

test('factors locked while the clock ran ahead stay locked for exactly a quarter of an hour', async () => {
  await using app = await startApp()
  const { accessToken, factor, raised } = await protectedAccount(app)
  app.clock.jump(DAY)
  const guess = async (token: string, ip = '198.51.100.9') => {
    const { body } = await challenge(app, token, factor.id, { ip })
    return verify(app, token, factor.id, { challenge_id: body.id, code: '000000' }, { ip })
  }
  const { accessToken: later } = await app.signIn(ADA.replace('ada', 'user-1'))
  for (let wrong = 0; wrong < 10; wrong++) expect((await guess(later)).status).toBe(422)
  expect((await guess(later)).status).toBe(429)
  app.clock.jump(-DAY)
  const locked = await guess(raised.accessToken)
  expect([locked.status, Number(locked.headers.get('retry-after'))]).toEqual([429, 15 * 60])
  app.clock.advance(15 * MINUTE)
  expect((await guess(accessToken)).status).not.toBe(429)
})

test('a session dated in the future does not block later ones', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
  await app.signUp(ADA)
  app.clock.jump(DAY)
  await app.signIn(ADA)
  app.clock.jump(-DAY)
  const now = await app.signIn(ADA)
  app.clock.advance(1000)
  expect((await refresh(app, now.refreshToken)).status).toBe(200)
})

test('a used token does not stay valid because its session is dated in the future', async () => {
  await using app = await startApp({ settings: { AUTH_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10s' } })
  const ada = await app.signUp(ADA)
  app.clock.jump(DAY)
  const { body: child } = await refresh(app, ada.refreshToken)
  await refresh(app, child.refresh_token)
  app.clock.jump(-DAY)
  expect((await refresh(app, ada.refreshToken)).body.code).toBe('refresh_token_already_used')
})

test('sessions, links and codes made a year ahead do not last a year', async () => {
  const settings = { AUTH_SESSIONS_TIMEBOX: '24h', AUTH_SESSIONS_INACTIVITY_TIMEOUT: '2h' }
  await using app = await startApp({ settings })
  await app.signUp(ADA)
  app.clock.jump(365 * DAY)
  const later = await app.signIn(ADA)
  await app.ask('POST', '/auth/v1/recover', { body: { email: ADA } })
  const [mail] = await app.core.forTask().listMessages({ to: ADA, limit: 1 })
  app.clock.jump(-365 * DAY)
  expect((await refresh(app, later.refreshToken)).body.code).toBe('session_expired')
  const shown = { type: 'recovery', token_hash: new URL(mail?.links[0] ?? '').searchParams.get('token') }
  expect((await app.ask('POST', '/auth/v1/verify', { body: shown })).body.code).toBe('otp_expired')
})

test('a password change in a session dated in the future still requires reauthentication', async () => {
  await using app = await startApp({
    settings: { AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true' },
  })
  await app.signUp(ADA)
  app.clock.jump(DAY)
  const { accessToken: token } = await app.signIn(ADA)
  app.clock.jump(-DAY)
  const changed = await app.ask('PUT', '/auth/v1/user', { token, body: { password: 'another-horse-battery-8' } })
  expect([changed.status, changed.body.code]).toEqual([400, 'reauthentication_needed'])
})

test('a key scheduled while the clock ran ahead signs once the clock is right', async () => {
  await using app = await startApp()
  const deps = { ...app, policy: app.core.policy }
  app.clock.jump(DAY)
  const kid = await createSigningKey(deps, 'ES256')
  await scheduleSigningKey(deps, { kid, isUrgent: true })
  app.clock.jump(-DAY)
  expect((await listSigningKeys(deps)).map(({ status }) => status)).toEqual(['in_use'])
  const next = await createSigningKey(deps, 'ES256')
  app.clock.jump(-DAY)
  const from = await scheduleSigningKey(deps, { kid: next, isUrgent: false })
  expect((from ?? 0) - app.clock.now()).toBe(10 * MINUTE)
})
