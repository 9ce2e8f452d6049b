/** The endpoints for services (docs/other-surfaces.md#service-endpoints, #roles). */
import { describe, expect, test } from 'bun:test'
import { API_VERSION, claimsOf, PASSWORD, startApp, type TestApp } from '../../support/app'
import { enrolled, pass, protectedAccount, unenrol } from '../../support/factors'
import { confirmedUser, WITH_CONFIRMATION } from '../../support/mail'
import { get, login, minted, post } from '../../support/native'
import { codeAt } from '../../support/totp'

const refused = (code: string, status = 401) => ({ status, body: { error: code, message: expect.any(String) } })
const ada = { email: 'ada@example.com', password: PASSWORD, display_name: 'Ada' }

test('the smoke test: register → login → me → introspect → refresh → old refresh refused → logout → refresh refused', async () => {
  await using app = await startApp()
  const registered = await post(app, '/register', ada)
  const user = {
    id: expect.any(String),
    email: ada.email,
    display_name: 'Ada',
    roles: ['user'],
    is_active: true,
    is_admin: false,
    matrix_user_id: null,
    created_at: '2026-01-01T00:00:00.000Z',
  }
  expect([registered.status, registered.body]).toEqual([201, { user, matrix_user_id: null }])

  const { status, body: session } = await login(app, ada.email)
  expect([status, session]).toEqual([
    200,
    {
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 1800,
      user: registered.body.user,
    },
  ])
  expect(claimsOf(session.access_token)).toEqual({
    sub: user.id,
    email: ada.email,
    name: 'Ada',
    roles: ['user'],
    type: 'access',
    iss: 'latchkey',
    iat: expect.any(Number),
    exp: expect.any(Number),
    sid: expect.any(String),
  })
  expect((await get(app, '/me', { token: session.access_token })).body).toEqual(registered.body.user)
  expect((await post(app, '/introspect', { token: session.access_token })).body).toEqual({
    active: true,
    sub: registered.body.user.id,
    email: ada.email,
    name: 'Ada',
    roles: ['user'],
    type: 'access',
    iss: 'latchkey',
    exp: claimsOf(session.access_token).exp,
  })

  const { body: next } = await post(app, '/refresh', { refresh_token: session.refresh_token })
  expect(next).toEqual({ ...session, access_token: expect.any(String), refresh_token: expect.any(String) })
  expect(next.refresh_token).not.toBe(session.refresh_token)
  expect(await post(app, '/logout', { refresh_token: next.refresh_token })).toMatchObject({
    status: 200,
    body: { status: 'ok' },
  })
  for (const refresh_token of [next.refresh_token, session.refresh_token])
    expect(await post(app, '/refresh', { refresh_token })).toMatchObject(refused('invalid_refresh_token'))
  expect((await post(app, '/introspect', { token: next.access_token })).body).toEqual({ active: false })
})

test('replaying a used refresh token revokes the session', async () => {
  await using app = await startApp()
  await post(app, '/register', ada)
  const { body: first } = await login(app, ada.email)
  const { body: second } = await post(app, '/refresh', { refresh_token: first.refresh_token })
  expect(await post(app, '/refresh', { refresh_token: first.refresh_token })).toMatchObject(
    refused('invalid_refresh_token'),
  )
  expect(await post(app, '/refresh', { refresh_token: second.refresh_token })).toMatchObject(
    refused('invalid_refresh_token'),
  )
  expect((await get(app, '/me', { token: second.access_token })).status).toBe(401)
})

describe('refusals', () => {
  test('name the field', async () => {
    await using app = await startApp()
    await post(app, '/register', ada)
    const cases: [string, object, number, string, string | undefined][] = [
      ['/register', { ...ada }, 409, 'email_exists', undefined],
      ['/register', { password: PASSWORD }, 422, 'validation_error', 'email'],
      ['/register', { email: 'nonsense', password: PASSWORD }, 422, 'validation_error', 'email'],
      ['/register', { email: 'b@example.com' }, 422, 'validation_error', 'password'],
      ['/register', { email: 'b@example.com', password: 'short' }, 422, 'validation_error', 'password'],
      ['/register', { email: 'b@example.com', password: 'x'.repeat(73) }, 422, 'validation_error', 'password'],
      ['/login', { password: PASSWORD }, 422, 'validation_error', 'email'],
      ['/login', { email: ada.email }, 422, 'validation_error', 'password'],
      ['/login', { email: ada.email, password: 'wrong' }, 401, 'invalid_credentials', undefined],
      ['/login', { email: 'nobody@example.com', password: 'wrong' }, 401, 'invalid_credentials', undefined],
      ['/refresh', {}, 422, 'validation_error', 'refresh_token'],
      ['/refresh', { refreshToken: 'crt_x', refresh_token: 'srt_x' }, 422, 'validation_error', 'refresh_token'],
      ['/refresh', { refresh_token: 'srt_x' }, 401, 'invalid_refresh_token', undefined],
      ['/logout', {}, 401, 'invalid_token', undefined],
      ['/logout', { refreshToken: 'crt_x', refresh_token: 'srt_x' }, 422, 'validation_error', 'refresh_token'],
      ['/introspect', {}, 422, 'validation_error', 'token'],
      ['/introspect', { token: 5 }, 422, 'validation_error', 'token'],
      ['/register', { email: 5, password: PASSWORD }, 422, 'validation_error', 'email'],
      ['/login', { email: ada.email, password: {} }, 422, 'validation_error', 'password'],
      ['/refresh', { refresh_token: [] }, 422, 'validation_error', 'refresh_token'],
      ['/token', { grantType: 'password', email: 5 }, 400, 'invalid_request', 'email'],
    ]
    for (const [path, body, status, error, detail] of cases) {
      const answer = await post(app, path, body)
      expect([path, body, answer.status, answer.body.error, answer.body.detail]).toEqual([
        ...[path, body, status, error, detail],
      ])
    }
    expect(await app.ask('GET', '/api/auth/login')).toMatchObject(refused('method_not_allowed', 405))
    expect(await app.ask('PUT', '/api/auth/tokens/x')).toMatchObject(refused('method_not_allowed', 405))
    expect(await app.ask('GET', '/api/auth/nowhere')).toMatchObject(refused('not_found', 404))
  })

  test('a ban is reported only after a correct password', async () => {
    await using app = await startApp()
    const { id, email } = await app.signUp()
    await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration: '1h' } })
    expect(await login(app, email, { password: 'wrong' })).toMatchObject(refused('invalid_credentials'))
    expect(await login(app, email)).toMatchObject(refused('user_inactive', 403))
  })

  test('an unconfirmed address is, too', async () => {
    await using app = await startApp({ settings: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
    expect((await post(app, '/register', ada)).status).toBe(201)
    expect(await login(app, ada.email, { password: 'wrong' })).toMatchObject(refused('invalid_credentials'))
    expect(await login(app, ada.email)).toMatchObject(refused('email_not_confirmed', 403))
  })

  test('a user with a second factor needs a code, which works once', async () => {
    await using app = await startApp()
    const { email, factor } = await protectedAccount(app)
    const needed = refused('mfa_required')
    const code = codeAt(factor.secret, app.clock.now())
    expect(await login(app, email)).toMatchObject(needed)
    expect(await login(app, email, { code: '000000' })).toMatchObject(needed)
    expect(await login(app, email, { code, password: 'wrong' })).toMatchObject(refused('invalid_credentials'))
    const { status, body } = await login(app, email, { code })
    expect(status).toBe(200)
    // threat T28: not again on any surface
    expect(await login(app, email, { code })).toMatchObject(needed)
    expect(await post(app, '/token', { grantType: 'password', email, password: PASSWORD, code })).toMatchObject(needed)
    const { body: sessions } = await app.ask('GET', '/auth/v1/sessions', { token: body.access_token })
    expect(sessions.find((each: { current: boolean }) => each.current)).toMatchObject({ aal: 'aal2' })
  })
})

describe('roles', () => {
  test('are granted and revoked by administrators, and appear in the next token', async () => {
    await using app = await startApp()
    const { id, email, accessToken } = await app.signUp()
    const path = `/api/auth/admin/users/${id}/roles`
    const admin = { token: app.admin }
    expect((await app.ask('GET', path, admin)).body).toEqual({ roles: ['user'] })
    const { body: before } = await login(app, email)
    expect(await app.ask('PUT', `${path}/admin`, admin)).toMatchObject({
      status: 200,
      body: { roles: ['user', 'admin'] },
    })
    expect(await app.ask('PUT', `${path}/admin`, admin)).toMatchObject({ status: 200 })
    const { body: after } = await post(app, '/refresh', { refresh_token: before.refresh_token })
    expect(claimsOf(after.access_token).roles).toEqual(['user', 'admin'])
    expect(after.user).toMatchObject({ roles: ['user', 'admin'], is_admin: true })
    // every valid session of theirs may use the admin API
    for (const token of [after.access_token, accessToken, (await minted(app, email)).accessToken])
      expect((await app.ask('GET', '/auth/v1/admin/users', { token })).status).toBe(200)
    expect((await app.ask('DELETE', `${path}/admin`, { token: after.access_token })).body).toEqual({ roles: ['user'] })
    expect((await app.ask('GET', '/auth/v1/admin/users', { token: after.access_token })).status).toBe(403)
  })

  test('can be granted by nobody else', async () => {
    await using app = await startApp()
    const { id, accessToken } = await app.signUp()
    const path = `/api/auth/admin/users/${id}/roles/admin`
    for (const asked of [{}, { token: accessToken }, { token: app.keys.anon }, { token: app.keys.publishable }])
      expect([401, 403]).toContain((await app.ask('PUT', path, asked)).status)
    // a JWT in the apikey header is ignored
    const apikey = { headers: { ...API_VERSION, apikey: app.keys.serviceRole } }
    expect((await app.ask('PUT', path, apikey)).status).toBe(401)
    const admin = { token: app.admin }
    expect((await app.ask('PUT', path.replace(/admin$/, 'emperor'), admin)).status).toBe(404)
    expect((await app.ask('DELETE', path.replace(/admin$/, 'user'), admin)).status).toBe(404)
    expect((await app.ask('PUT', path.replace(id, crypto.randomUUID()), admin)).status).toBe(404)
  })
})

test('healthz says ok', async () => {
  await using app = await startApp()
  expect(await app.ask('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
})

test('introspection knows the tokens of every surface, and reveals nothing about expired ones', async () => {
  await using app = await startApp()
  const bob = await app.signUp()
  const pair = await minted(app, bob.email)
  const { body: session } = await login(app, bob.email)
  const { body: personal } = await post(app, '/tokens', { name: 'x' }, { token: bob.accessToken })
  const tokens = [bob.accessToken, pair.accessToken, session.access_token, personal.token]
  for (const token of tokens)
    expect((await post(app, '/introspect', { token })).body).toMatchObject({ active: true, sub: bob.id })
  const worthless = [pair.refreshToken, session.refresh_token, bob.refreshToken, app.keys.anon, app.admin, 'nonsense']
  for (const token of worthless) expect((await post(app, '/introspect', { token })).body).toEqual({ active: false })
  await app.ask('POST', '/auth/v1/logout', { token: bob.accessToken })
  for (const token of tokens.slice(0, 3))
    expect((await post(app, '/introspect', { token })).body).toEqual({ active: false })
  await app.ask('DELETE', `/auth/v1/admin/users/${bob.id}`, { token: app.admin })
  expect((await post(app, '/introspect', { token: personal.token })).body).toEqual({ active: false })
})

test('with confirmation, registering does not reveal whether an address has an account', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await confirmedUser(app, 'known@example.com')
  const answers = async (email: string) => {
    const body = (name: string) => ({ email, password: PASSWORD, display_name: name })
    const together = await Promise.all([0, 1].map((index) => post(app, '/register', body(`Name ${index}`))))
    const soon = await post(app, '/register', body('Name 2'))
    app.clock.advance(120_000)
    const later = await post(app, '/register', body('Name 3'))
    const all = [...together, soon, later]
    expect(new Set(all.map((each) => each.body.user.id)).size).toBe(4)
    return all.map(({ status, body: { user, ...rest } }) => [status, { ...user, id: '', email: '' }, rest])
  }
  const start = app.clock.now()
  const known = await answers('known@example.com')
  app.clock.jump(start - app.clock.now())
  expect(await answers('fresh@example.com')).toEqual(known)
  expect(known.map(([, user]) => (user as { display_name: string }).display_name)).toEqual(
    [0, 1, 2, 3].map((index) => `Name ${index}`),
  )
})

const WITH_MAIL = {
  ...WITH_CONFIRMATION,
  AUTH_RATE_LIMITS: 'on',
  AUTH_RATE_LIMIT_OTP: '1000000',
  AUTH_SMTP_HOST: 'mail.example.com',
  AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com',
}
const registering = async (app: TestApp, email: string) =>
  (await post(app, '/register', { email, password: PASSWORD })).status

test('nor do the limits on mails: that of an address is never reported, and that of the server for every address', async () => {
  const few = { AUTH_RATE_LIMIT_EMAIL_SENT: '8', AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT: '3' }
  await using app = await startApp({ settings: { ...WITH_MAIL, ...few } })
  const known = ['known@example.com', 'told@example.com']
  for (const email of known) await confirmedUser(app, email)
  expect(await registering(app, 'told@example.com')).toBe(201)
  for (let attempt = 0; attempt < 6; attempt++) {
    expect([await registering(app, 'once@example.com'), await registering(app, 'told@example.com')]).toEqual([201, 201])
    app.clock.advance(61_000)
  }
  for (let attempt = 0; attempt < 5; attempt++) await registering(app, `other-${attempt}@example.com`)
  for (const email of [...known, 'once@example.com', 'fresh@example.com'])
    expect([email, await registering(app, email)]).toEqual([email, 429])
})

test('a session whose own factor was removed, while another one exists, gets no role in its next token', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  const { body: high } = await login(app, ada.email, { code: codeAt(ada.factor.secret, app.clock.now()) })
  expect(claimsOf(high.access_token).roles).toEqual(['user', 'admin'])
  const other = await enrolled(app, ada.raised.accessToken, 'other')
  const raised = (await pass(app, ada.raised.accessToken, other)).body.access_token
  expect((await unenrol(app, raised, ada.factor.id)).status).toBe(200)
  const { body: next } = await post(app, '/refresh', { refresh_token: high.refresh_token })
  expect([claimsOf(next.access_token).roles, next.user.roles, next.user.is_admin]).toEqual([['user'], ['user'], false])
})
