import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, refresh, type SignedIn, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'

const getUser = (app: TestApp, token: string, headers?: Record<string, string>) =>
  app.ask('GET', '/auth/v1/user', { token, headers })
const putUser = (app: TestApp, { accessToken: token }: Pick<SignedIn, 'accessToken'>, body: unknown) =>
  app.ask('PUT', '/auth/v1/user', { token, body })
const NEW = 'another-password-1'

test('users see their account with its identities', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { status, body } = await getUser(app, ada.accessToken)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    id: ada.id,
    email: ada.email,
    confirmed_at: '2026-01-01T00:00:00Z',
    identities: [{ provider: 'email', id: ada.id, email: ada.email }],
  })
})

test('timestamps drop trailing zeros', async () => {
  await using app = await startApp({ now: '2026-01-01T00:00:00.120Z' })
  const ada = await app.signUp()
  expect((await getUser(app, ada.accessToken)).body.created_at).toBe('2026-01-01T00:00:00.12Z')
})

test('metadata is merged key by key, null removes a key, and HTML is escaped', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await putUser(app, ada, { data: { keep: 1, change: 'old', gone: true, nested: { a: 1, b: 2 } } })
  await putUser(app, ada, { data: { change: '<b>&\u2028', gone: null, nested: { a: 9 }, __proto__x: 1 } })
  const { body, text } = await getUser(app, ada.accessToken)
  expect(body.user_metadata).toMatchObject({ keep: 1, change: '<b>&\u2028', nested: { a: 9 } })
  expect(body.user_metadata).not.toHaveProperty('gone')
  expect(text).toContain('\\u003cb\\u003e\\u0026\\u2028')
  for (const unchanged of [
    { data: {} },
    { data: null },
    {},
    { role: 'admin', id: 'x', email_confirm: true, user_metadata: { hack: 1 } },
  ]) {
    const { body: after } = await putUser(app, ada, unchanged)
    expect([after.user_metadata, after.role]).toEqual([body.user_metadata, 'authenticated'])
  }
})

test('a key named __proto__ is plain data', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const reply = await app.ask('PUT', '/auth/v1/user', {
    token: ada.accessToken,
    raw: '{"data":{"__proto__":{"polluted":true},"constructor":1}}',
  })
  expect(reply.status).toBe(200)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  expect((await getUser(app, ada.accessToken)).body.user_metadata.constructor).toBe(1)
})

test('users cannot change their app_metadata, unless they have the admin group role', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { status, body } = await putUser(app, ada, { app_metadata: { plan: 'gold' } })
  expect([status, body.code, body.message]).toEqual([
    403,
    'not_admin',
    'Updating app_metadata requires admin privileges',
  ])
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { role: 'admin' } })
  const { body: fresh } = await refresh(app, ada.refreshToken)
  expect(
    (await putUser(app, { accessToken: fresh.access_token }, { app_metadata: { plan: 'gold' } })).body.app_metadata
      .plan,
  ).toBe('gold')
})

test('a new password ends every other session and keeps this one', async () => {
  await using app = await startApp()
  const here = await app.signUp()
  const there = await app.signIn(here.email)
  expect((await putUser(app, here, { password: NEW })).status).toBe(200)
  expect((await getUser(app, here.accessToken)).status).toBe(200)
  expect((await refresh(app, here.refreshToken)).status).toBe(200)
  expect((await getUser(app, there.accessToken)).body.code).toBe('session_not_found')
  expect((await refresh(app, there.refreshToken)).body.code).toBe('refresh_token_not_found')
  expect((await passwordGrant(app, { email: here.email, password: PASSWORD })).status).toBe(400)
  expect((await passwordGrant(app, { email: here.email, password: NEW })).status).toBe(200)
})

test.each([
  [PASSWORD, 422, 'same_password'],
  ['abc', 422, 'weak_password'],
  ['', 422, 'weak_password'],
  ['x'.repeat(73), 400, 'validation_failed'],
])('password %j is refused and nothing changes', async (password, status, code) => {
  await using app = await startApp()
  const ada = await app.signUp()
  const reply = await putUser(app, ada, { password, data: { x: 1 } })
  expect([reply.status, reply.body.code]).toEqual([status, code])
  expect((await getUser(app, ada.accessToken)).body.user_metadata).not.toHaveProperty('x')
})

test('the current password can be required, and attempts at it are counted with all others', async () => {
  await using app = await startApp({
    settings: {
      AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true',
      AUTH_RATE_LIMITS: 'on',
      AUTH_RATE_LIMIT_OTP: '1000000',
    },
  })
  const ada = await app.signUp()
  const attempt = (current_password?: string) => putUser(app, ada, { password: NEW, current_password })
  expect((await attempt()).body.code).toBe('current_password_required')
  for (let guess = 0; guess < 20; guess++)
    expect((await attempt(`wrong-${guess}`)).body.code).toBe('current_password_invalid')
  expect((await attempt(PASSWORD)).body.code).toBe('over_request_rate_limit')
  app.clock.advance(3_600_001)
  const { body: fresh } = await refresh(app, ada.refreshToken)
  expect(
    (await putUser(app, { accessToken: fresh.access_token }, { password: NEW, current_password: PASSWORD })).status,
  ).toBe(200)
})

test('sessions from a link or code do not need the current password', async () => {
  await using app = await startApp({ settings: { AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true' } })
  const ada = await app.signUp()
  for (const [path, type] of [
    ['recover', 'recovery'],
    ['otp', 'email'],
  ]) {
    app.clock.advance(60_000)
    await app.ask('POST', `/auth/v1/${path}`, { body: { email: ada.email } })
    const [mail] = await app.core.forTask().listMessages({ to: ada.email, limit: 1 })
    const shown = { type, email: ada.email, token: mail?.code }
    const { body } = await app.ask('POST', '/auth/v1/verify', { body: shown })
    const reply = await putUser(app, { accessToken: body.access_token }, { password: `${NEW}-${type}` })
    expect([type, reply.status]).toEqual([type, 200])
  }
  const signedIn = await app.signIn(ada.email, `${NEW}-email`)
  expect((await putUser(app, signedIn, { password: PASSWORD })).body.code).toBe('current_password_required')
})

test('users of single sign-on accounts cannot change their address or password', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_PHONE_ENABLED: 'true' } })
  const ada = await app.signUp()
  await execute(app.database, {
    sqlite: 'UPDATE users SET is_sso_user = 1',
    postgres: 'UPDATE auth.users SET is_sso_user = true',
  })
  for (const change of [{ password: NEW }, { email: 'b@example.com' }, { phone: '15551230000' }, { nonce: '123456' }]) {
    const { status, body } = await putUser(app, ada, change)
    expect([status, body.code, body.message]).toEqual([
      422,
      'user_sso_managed',
      'Updating email, phone, password of a SSO account only possible via SSO',
    ])
  }
  const elsewhere = await app.ask('POST', '/api/auth/email/change/request', {
    token: ada.accessToken,
    body: { new_email: 'b@example.com' },
  })
  expect([elsewhere.status, elsewhere.body.error]).toEqual([403, 'user_sso_managed'])
  expect((await putUser(app, ada, { email: ada.email, data: { name: 'Ada' } })).status).toBe(200)
})

test('an anonymous user becomes permanent with an address, and needs one for a password', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  const anonymous = { accessToken: body.access_token }
  expect((await putUser(app, anonymous, { password: PASSWORD })).body.message).toStartWith(
    'Updating password of an anonymous user',
  )
  const { body: user } = await putUser(app, anonymous, {
    email: 'Ann@example.com',
    password: PASSWORD,
    data: { name: 'Ann' },
  })
  expect(user).toMatchObject({
    id: body.user.id,
    email: 'ann@example.com',
    is_anonymous: false,
    user_metadata: { name: 'Ann', email_verified: true },
    identities: [{ provider: 'email' }],
  })
  expect((await app.signIn('ann@example.com')).id).toBe(body.user.id)
})

test('two users cannot take one address at the same time', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const anonymous = await Promise.all(
    Array.from({ length: 10 }, async () => (await app.ask('POST', '/auth/v1/signup', { body: {} })).body.access_token),
  )
  const replies = await Promise.all(
    anonymous.map((accessToken) => putUser(app, { accessToken }, { email: 'one@example.com' })),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(replies.filter(({ body }) => body.code === 'email_exists')).toHaveLength(9)
})

test('another user’s address or number is refused; the current one and an empty one change nothing', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_PHONE_ENABLED: 'true', AUTH_SMS_AUTOCONFIRM: 'true' } })
  const ada = await app.signUp()
  await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email: 'taken@example.com', phone: '15551230000' },
  })
  expect((await putUser(app, ada, { email: 'Taken@example.com' })).body.code).toBe('email_exists')
  expect((await putUser(app, ada, { phone: '+1 555 123 0000' })).body).toEqual({
    code: 'phone_exists',
    message: 'A user with this phone number has already been registered',
  })
  for (const email of ['', ada.email, ada.email.toUpperCase()])
    expect((await putUser(app, ada, { email })).body.email).toBe(ada.email)
  app.clock.advance(1000) // identities are ordered by their age
  expect((await putUser(app, ada, { phone: '15551239999' })).body).toMatchObject({
    phone: '15551239999',
    identities: [{ provider: 'email' }, { provider: 'phone' }],
  })
})

test('a user of one audience is refused in a request that names another', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { status, body } = await getUser(app, ada.accessToken, { 'x-jwt-aud': 'elsewhere' })
  expect([status, body.message]).toEqual([400, "Token audience doesn't match request audience"])
})

test('a deleted account frees its address, and its tokens are refused on every surface', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const there = await app.signIn(ada.email)
  expect((await app.ask('DELETE', '/auth/v1/user', { token: ada.accessToken })).status).toBe(204)
  for (const { accessToken, refreshToken } of [ada, there]) {
    expect((await getUser(app, accessToken)).status).toBe(403)
    expect((await refresh(app, refreshToken)).status).toBe(400)
  }
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD })).body.code).toBe('invalid_credentials')
  const { body: left } = await app.ask('GET', `/auth/v1/admin/users/${ada.id}`, { token: app.admin })
  expect(left).toMatchObject({ deleted_at: expect.any(String), user_metadata: {}, app_metadata: {} })
  expect(JSON.stringify(left)).not.toContain(ada.email)
  expect((await app.signUp(ada.email)).id).not.toBe(ada.id)
})

test('deletion requires a user, and API keys have none', async () => {
  await using app = await startApp()
  for (const token of [app.keys.publishable, app.keys.secret, app.keys.anon, app.keys.serviceRole])
    expect((await app.ask('DELETE', '/auth/v1/user', { token })).body.message).toBe('invalid claim: missing sub claim')
})

test('a password, an address and a number can be changed in one request', async () => {
  await using app = await startApp({
    settings: { AUTH_EXTERNAL_PHONE_ENABLED: 'true', AUTH_SMS_AUTOCONFIRM: 'false', AUTH_MAILER_AUTOCONFIRM: 'false' },
  })
  await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email: 'ada@example.com', password: PASSWORD, email_confirm: true },
  })
  const ada = await app.signIn('ada@example.com')
  const phone = '15550100'
  const changed = await putUser(app, ada, { password: NEW, email: 'new@example.com', phone })
  expect([changed.status, changed.body.new_email, changed.body.new_phone]).toEqual([200, 'new@example.com', phone])
  const [sms] = await app.core.forTask().listMessages({ to: phone, limit: 1 })
  const verified = await app.ask('POST', '/auth/v1/verify', {
    body: { type: 'phone_change', phone, token: sms?.code },
  })
  expect(verified.status).toBe(200)
  expect((await passwordGrant(app, { email: ada.email, password: NEW })).status).toBe(200)
})

test('a new password does not count as an attempt at the current one', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_OTP: '1000000' } })
  const ada = await app.signUp()
  for (let change = 0; change < 25; change++)
    expect((await putUser(app, ada, { password: `a-new-password-${change}` })).status).toBe(200)
})

test('the number of simultaneous comparisons with the current password is limited like attempts', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_OTP: '1000000' } })
  const ada = await app.signUp()
  app.hasher.verified.length = 0
  const attempts = Array.from({ length: 29 }, (_, index) => putUser(app, ada, { password: `a-new-password-${index}` }))
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  const changed = statuses.filter((status) => status === 200).length
  expect(changed).toBe(1)
  // what changed the password is not counted, so one more may follow it
  expect([20, 21]).toContain(app.hasher.verified.length)
})
