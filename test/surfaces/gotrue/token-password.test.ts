import { expect, test } from 'bun:test'
import { adminUpdate } from '../../support/accounts'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { outdatedHash } from '../../support/fakes'

const createUser = (app: TestApp, body: object) => app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body })

test('a correct password opens a session, and reports whether the password is weak', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { status, body, headers } = await passwordGrant(app, { email: ada.email.toUpperCase(), password: PASSWORD })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    weak_password: null,
    user: { id: ada.id, last_sign_in_at: expect.any(String), confirmed_at: expect.any(String) },
  })
  expect(headers.get('sb-auth-user-id')).toBe(ada.id)
  const { body: refreshed } = await app.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
    body: { refresh_token: body.refresh_token },
  })
  expect(refreshed).not.toHaveProperty('weak_password')
})

test('a username can replace the address, in any letter case, but not a phone number', async () => {
  await using app = await startApp()
  const ada = { username: 'ada', email: 'ada@example.com', password: PASSWORD }
  await app.ask('POST', '/auth/v1/users', { token: app.admin, body: ada })
  const { status, body } = await passwordGrant(app, { email: 'ADA', password: PASSWORD })
  expect([status, body.user.email]).toEqual([200, 'ada@example.com'])
  for (const [email, password] of [
    ['ada', 'wrong'],
    ['eve', PASSWORD],
    ['1', PASSWORD],
    ['u1', PASSWORD],
  ]) {
    const refused = await passwordGrant(app, { email, password })
    expect([refused.status, refused.body.code]).toEqual([400, 'invalid_credentials'])
  }
})

test('a password weaker than today’s rules still signs in, with its reasons', async () => {
  await using app = await startApp({ settings: { AUTH_PASSWORD_MIN_LENGTH: '10' } })
  await createUser(app, { email: 'ada@example.com', password: 'weakpass', email_confirm: true })
  const { body } = await passwordGrant(app, { email: 'ada@example.com', password: 'weakpass' })
  expect(body.weak_password).toEqual({ message: 'Password should be at least 10 characters.', reasons: ['length'] })
})

test('a wrong password, an unknown account and one without a password get the same response with the same work', async () => {
  await using app = await startApp({
    settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true', AUTH_EXTERNAL_PHONE_ENABLED: 'true' },
  })
  await app.signUp('ada@example.com')
  await createUser(app, { email: 'unconfirmed@example.com', password: PASSWORD })
  await createUser(app, { email: 'gone@example.com', password: PASSWORD, email_confirm: true })
  const { body: list } = await app.ask('GET', '/auth/v1/admin/users?filter=gone', { token: app.admin })
  await app.ask('DELETE', `/auth/v1/admin/users/${list.users[0].id}`, {
    token: app.admin,
    body: { should_soft_delete: true },
  })
  const replies = []
  for (const email of [
    'ada@example.com',
    'unconfirmed@example.com',
    'gone@example.com',
    'nobody@example.com',
    "' OR 1=1 --",
    'a\0da@example.com',
  ]) {
    app.hasher.verified.length = 0
    const { status, text } = await passwordGrant(app, { email, password: 'wrong-password-1' })
    replies.push({ status, text, compared: app.hasher.verified.length })
  }
  expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1)
  expect(replies[0]).toEqual({
    status: 400,
    text: '{"code":"invalid_credentials","message":"Invalid login credentials"}',
    compared: 1,
  })
})

test('an unconfirmed address is reported only after a correct password', async () => {
  await using app = await startApp()
  await createUser(app, { email: 'ada@example.com', password: PASSWORD })
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD })).body.code).toBe(
    'email_not_confirmed',
  )
  expect((await passwordGrant(app, { email: 'ada@example.com', password: 'wrong-1' })).body.code).toBe(
    'invalid_credentials',
  )
})

test('a ban is reported whatever the password, after the same work', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { ban_duration: '1h' } })
  for (const password of [PASSWORD, 'wrong-1']) {
    app.hasher.verified.length = 0
    expect((await passwordGrant(app, { email: ada.email, password })).body).toEqual({
      code: 'user_banned',
      message: 'User is banned',
    })
    expect(app.hasher.verified).toHaveLength(1)
  }
  app.clock.advance(3_600_001)
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD })).status).toBe(200)
})

test.each([
  [{ password: PASSWORD }, 400, 'missing email or phone'],
  [{}, 400, 'missing email or phone'],
  [null, 400, 'missing email or phone'],
  [{ email: null, password: PASSWORD }, 400, 'missing email or phone'],
  [
    { email: 'a@b.co', phone: '15551230000', password: PASSWORD },
    400,
    'Only an email address or phone number should be provided on login.',
  ],
  [{ phone: '15551230000', password: PASSWORD }, 422, 'Phone logins are disabled'],
])('%j is refused', async (body, status, message) => {
  await using app = await startApp()
  const reply = await passwordGrant(app, body as object)
  expect([reply.status, reply.body.message]).toEqual([status, message])
})

test('an imported hash is replaced at the next sign-in, once', async () => {
  await using app = await startApp()
  await createUser(app, { email: 'ada@example.com', password_hash: outdatedHash('imported-1'), email_confirm: true })
  await app.signIn('ada@example.com', 'imported-1')
  const row = () => app.store.findUserByEmail('ada@example.com')
  const hash = (await row())?.encryptedPassword
  expect(hash).toStartWith('fake$')
  await app.signIn('ada@example.com', 'imported-1')
  expect((await row())?.encryptedPassword).toBe(hash as string)
})

test('a sign-in that began before a password change ends without a session', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { store, hasher, clock } = app
  const verify = hasher.verify.bind(hasher)
  hasher.verify = async (password, hash) => {
    await store.updateUserAsAdmin({ ...adminUpdate(ada.id, clock.now()), encryptedPassword: 'fake$another' })
    return verify(password, hash)
  }
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD })).body.code).toBe('invalid_credentials')
})

test('users of another audience are found only by requests that name it', async () => {
  await using app = await startApp()
  await createUser(app, { email: 'ada@example.com', password: PASSWORD, email_confirm: true, aud: 'other' })
  expect((await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD })).status).toBe(400)
  const { body } = await passwordGrant(
    app,
    { email: 'ada@example.com', password: PASSWORD },
    { headers: { 'x-jwt-aud': 'other' } },
  )
  expect(body.user.aud).toBe('other')
})

test.each([
  ['', 'invalid_credentials'],
  ['?grant_type=', 'invalid_credentials'],
  ['?grant_type=PASSWORD', 'invalid_credentials'],
  ['?grant_type=client_credentials', 'invalid_credentials'],
  ['?grant_type=__proto__', 'invalid_credentials'],
  ['?grant_type=constructor', 'invalid_credentials'],
])('grant %p is unknown', async (query, code) => {
  await using app = await startApp()
  const { status, body } = await app.ask('POST', `/auth/v1/token${query}`, {
    body: { email: 'a@b.co', password: PASSWORD },
  })
  expect([status, body.code, body.message]).toEqual([400, code, 'unsupported_grant_type'])
})

test('the first of two grants counts, and a form body is refused', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const body = { email: ada.email, password: PASSWORD }
  expect((await app.ask('POST', '/auth/v1/token?grant_type=password&grant_type=refresh_token', { body })).status).toBe(
    200,
  )
  const form = await app.ask('POST', '/auth/v1/token', {
    raw: `grant_type=password&email=${ada.email}&password=${PASSWORD}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect([form.status, form.body.code]).toEqual([400, 'bad_json'])
})

test('ID tokens and wallets are refused while none are configured', async () => {
  await using app = await startApp()
  const idToken = (body: object) => app.ask('POST', '/auth/v1/token?grant_type=id_token', { body })
  expect((await idToken({})).body).toEqual({ error: 'invalid request', error_description: 'id_token required' })
  expect((await idToken({ id_token: 'x' })).body).toEqual({
    error: 'invalid request',
    error_description: 'provider or client_id and issuer required',
  })
  expect((await idToken({ id_token: 'x', provider: 'nobody' })).body.message).toBe(
    'Custom OIDC provider "nobody" not allowed',
  )
  expect((await app.ask('POST', '/auth/v1/token?grant_type=web3', { body: {} })).body.code).toBe(
    'web3_provider_disabled',
  )
})
