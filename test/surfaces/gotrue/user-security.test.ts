/** What a user can change about their sign-in, and what each change requires. */
import { expect, test } from 'bun:test'
import { DAY } from '../../../src/lib/milliseconds'
import { startApp, type TestApp } from '../../support/app'
import { protectedAccount, refusal } from '../../support/factors'
import { lastMessageTo } from '../../support/mail'
import { fakeGitHub, GITHUB, returnFromProvider } from '../../support/providers'

const security = async (app: TestApp, token: string) => (await app.ask('GET', '/auth/v1/user/security', { token })).body

test('a new account with a password needs nothing, and its only identity stays', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect(await security(app, ada.accessToken)).toEqual({
    password: { is_set: true, needs_current: false, needs_code: false },
    email_change: { needs_both: false, awaits: [] },
    can_change_phone: true,
    can_unlink: false,
    needs_second_factor: false,
    recovery_codes: null,
  })
})

test('what a new password requires is said before it is refused', async () => {
  await using app = await startApp({
    settings: {
      AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true',
      AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true',
    },
  })
  const ada = await app.signUp()
  const change = (body: object) =>
    app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: 'another-horse-battery-9', ...body } })
  expect((await security(app, ada.accessToken)).password).toEqual({
    is_set: true,
    needs_current: true,
    needs_code: false,
  })
  expect(refusal(await change({}))).toEqual([400, 'current_password_required'])
})

test('an older session needs a code for a new password', async () => {
  await using app = await startApp({
    settings: { AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true', AUTH_JWT_EXP: '604800' },
  })
  const ada = await app.signUp()
  app.clock.advance(DAY + 2)
  expect((await security(app, ada.accessToken)).password.needs_code).toBe(true)
  const body = { password: 'another-horse-battery-9' }
  const changed = await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })
  expect(refusal(changed)).toEqual([400, 'reauthentication_needed'])
})

test('an account that signs in by code has no password', async () => {
  await using app = await startApp()
  const email = 'ada@example.com'
  await app.ask('POST', '/auth/v1/otp', { body: { email } })
  const { code } = await lastMessageTo(app, email)
  const { body } = await app.ask('POST', '/auth/v1/verify', { body: { type: 'email', email, token: code } })
  expect((await security(app, body.access_token)).password.is_set).toBe(false)
})

test('a change of address lists the addresses that have to confirm it', async () => {
  await using app = await startApp({ settings: { AUTH_AUTO_CONFIRM: 'false' } })
  const { body: user } = await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email: 'ada@example.com', password: 'correct-horse-battery-9', email_confirm: true },
  })
  const ada = await app.signIn(user.email)
  const shown = async () => (await security(app, ada.accessToken)).email_change
  expect(await shown()).toEqual({ needs_both: true, awaits: [] })
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email: 'new@example.com' } })
  const confirm = async (email: string) => {
    const { code: token } = await lastMessageTo(app, email)
    await app.ask('POST', '/auth/v1/verify', { body: { type: 'email_change', email, token } })
  }
  expect((await shown()).awaits).toEqual(['ada@example.com', 'new@example.com'])
  await confirm('ada@example.com')
  expect((await shown()).awaits).toEqual(['new@example.com'])
  await confirm('new@example.com')
  expect((await shown()).awaits).toEqual([])
})

test('with autoconfirm the new address alone confirms the change', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email: 'new@example.com' } })
  expect((await security(app, ada.accessToken)).email_change.awaits).toEqual(['new@example.com'])
})

test('an identity can be unlinked once there are two', async () => {
  const github = fakeGitHub()
  await using app = await startApp({ settings: GITHUB, fetchProvider: github.fetch })
  const ada = await app.signUp('ada@example.com')
  const shown = async () => (await security(app, ada.accessToken)).can_unlink
  expect(await shown()).toBe(false)
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token: ada.accessToken })
  await returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
  expect(await shown()).toBe(true)
})

test('a session that has not passed the second factor is told so, and the recovery codes are counted', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const generated = await app.ask('POST', '/auth/v1/factors/recovery-codes', { token: ada.raised.accessToken })
  const low = await app.signIn(ada.email)
  const before = await security(app, low.accessToken)
  expect([before.needs_second_factor, before.recovery_codes]).toEqual([true, { total: 10, remaining: 10 }])
  const [code] = generated.body.codes
  const { body } = await app.ask('POST', '/auth/v1/factors/recovery-codes/verify', {
    token: low.accessToken,
    body: { code },
  })
  const after = await security(app, body.access_token)
  expect([after.needs_second_factor, after.recovery_codes]).toEqual([false, { total: 10, remaining: 9 }])
})

test('it needs a user', async () => {
  await using app = await startApp()
  expect(refusal(await app.ask('GET', '/auth/v1/user/security'))).toEqual([401, 'no_authorization'])
  const other = await protectedAccount(app)
  await app.ask('POST', '/auth/v1/logout', { token: other.raised.accessToken })
  const gone = await app.ask('GET', '/auth/v1/user/security', { token: other.raised.accessToken })
  expect(refusal(gone)).toEqual([403, 'session_not_found'])
})
