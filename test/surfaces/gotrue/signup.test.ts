import { expect, test } from 'bun:test'
import { API_VERSION, claimsOf, PASSWORD, passwordGrant, startApp } from '../../support/app'

const post = '/auth/v1/signup'

test('a sign-up creates a confirmed account and signs it in', async () => {
  await using app = await startApp()
  const { status, body, headers } = await app.ask('POST', post, {
    body: { email: 'Ada@Example.com', password: PASSWORD, data: { name: 'Ada' } },
  })
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toMatchObject({
    token_type: 'bearer',
    expires_in: 3600,
    user: { email: 'ada@example.com', role: 'authenticated', is_anonymous: false },
  })
  expect(body.user).not.toHaveProperty('confirmed_at')
  expect(body.user.user_metadata).toEqual({
    email: 'ada@example.com',
    email_verified: true,
    name: 'Ada',
    phone_verified: false,
    sub: body.user.id,
  })
  expect(body.user.app_metadata).toEqual({ provider: 'email', providers: ['email'] })
  expect(claimsOf(body.access_token)).toMatchObject({
    sub: body.user.id,
    aal: 'aal1',
    amr: [{ method: 'password' }],
    iss: 'http://localhost:7020/auth/v1',
  })
  expect(claimsOf(body.access_token).exp - claimsOf(body.access_token).iat).toBe(3600)
})

test('metadata cannot set sub or a verified address', async () => {
  await using app = await startApp()
  const data = { sub: 'mine', email: 'other@example.com', email_verified: false, phone_verified: true }
  const { body } = await app.ask('POST', post, { body: { email: 'ada@example.com', password: PASSWORD, data } })
  expect(body.user.user_metadata).toEqual({
    email: 'ada@example.com',
    email_verified: true,
    phone_verified: false,
    sub: body.user.id,
  })
})

test('an address that is registered is refused, in any letter case, and keeps its password', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  for (const email of ['ada@example.com', 'ADA@example.com']) {
    const { status, body } = await app.ask('POST', post, { body: { email, password: 'another-password-1' } })
    expect([status, body.code]).toEqual([422, 'user_already_exists'])
  }
  expect((await passwordGrant(app, { email: 'ada@example.com', password: 'another-password-1' })).status).toBe(400)
})

test('two simultaneous sign-ups of one address create one account', async () => {
  await using app = await startApp()
  const body = { email: 'ada@example.com', password: PASSWORD }
  const replies = await Promise.all(Array.from({ length: 20 }, () => app.ask('POST', post, { body })))
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(replies.filter(({ body: answer }) => answer.code === 'user_already_exists')).toHaveLength(19)
})

test.each([
  [{ password: PASSWORD, email: 'nope' }, 400, 'validation_failed', 'Unable to validate email address: invalid format'],
  [
    { password: PASSWORD, email: 'a@b@example.com' },
    400,
    'validation_failed',
    'Unable to validate email address: invalid format',
  ],
  [
    { password: PASSWORD, email: 'ada@exämple.com' },
    400,
    'validation_failed',
    'Unable to validate email address: invalid format',
  ],
  [
    { password: PASSWORD, email: 'ada＠example.com' },
    400,
    'validation_failed',
    'Unable to validate email address: invalid format',
  ],
  [
    { password: PASSWORD, email: 'ada@example.com\r\nBcc: x@y.z' },
    400,
    'validation_failed',
    'Unable to validate email address: invalid format',
  ],
  [
    { password: PASSWORD, email: `${'x'.repeat(250)}@example.com` },
    400,
    'validation_failed',
    'An email address is too long',
  ],
  [{ email: 'ada@example.com' }, 400, 'validation_failed', 'Signup requires a valid password'],
  [{ email: 'ada@example.com', password: 'short' }, 422, 'weak_password', 'Password should be at least 6 characters.'],
  [
    { email: 'ada@example.com', password: 'x'.repeat(73) },
    400,
    'validation_failed',
    'Password cannot be longer than 72 characters',
  ],
  [
    { email: 'ada@example.com', phone: '15551230000', password: PASSWORD },
    400,
    'validation_failed',
    'Only an email address or phone number should be provided on signup.',
  ],
  [{ phone: '15551230000', password: PASSWORD }, 400, 'phone_provider_disabled', 'Phone signups are disabled'],
  [
    { email: 'ada@example.com', password: PASSWORD, data: { a: 'b\0c' } },
    400,
    'validation_failed',
    expect.stringContaining('Metadata cannot contain'),
  ],
])('%j is refused', async (body, status, code, message) => {
  await using app = await startApp()
  const reply = await app.ask('POST', post, { body })
  expect([reply.status, reply.body.code, reply.body.message]).toEqual([status, code, message])
})

test('a weak password is refused with its reasons, in both error formats', async () => {
  await using app = await startApp({
    settings: { AUTH_PASSWORD_MIN_LENGTH: '10', AUTH_PASSWORD_REQUIRED_CHARACTERS: 'abc:123' },
  })
  const body = { email: 'ada@example.com', password: 'zzzzzz' }
  const message =
    'Password should be at least 10 characters. Password should contain at least one character of each: abc, 123.'
  const weak_password = { reasons: ['length', 'characters'] }
  expect((await app.ask('POST', post, { body })).body).toEqual({ code: 'weak_password', message, weak_password })
  const old = await app.ask('POST', post, { body, headers: { 'x-supabase-api-version': '' } })
  expect(old.body).toEqual({ code: 422, error_code: 'weak_password', msg: message, weak_password })
  expect(old.headers.get('x-supabase-api-version')).toBeNull()
})

test('passwords are measured in bytes: 72 are accepted, 73 are not, in any script', async () => {
  await using app = await startApp()
  const ok = 'ж'.repeat(36)
  expect((await app.ask('POST', post, { body: { email: 'a@example.com', password: ok } })).status).toBe(200)
  expect((await passwordGrant(app, { email: 'a@example.com', password: ok })).status).toBe(200)
  expect((await passwordGrant(app, { email: 'a@example.com', password: `${ok}x` })).body.code).toBe(
    'invalid_credentials',
  )
  expect((await app.ask('POST', post, { body: { email: 'b@example.com', password: `${ok}x` } })).status).toBe(400)
})

test('sign-ups can be disabled, which is checked first', async () => {
  await using app = await startApp({ settings: { AUTH_DISABLE_SIGNUP: 'true' } })
  expect((await app.ask('POST', post, { body: { email: 'nope', password: 'x' } })).body.code).toBe('signup_disabled')
})

test('anonymous users get a session and their data, also if the request has a password', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { status, body } = await app.ask('POST', post, { body: { data: { theme: 'dark' }, password: PASSWORD } })
  expect(status).toBe(200)
  expect(body.user).toMatchObject({
    is_anonymous: true,
    email: '',
    phone: '',
    identities: [],
    app_metadata: {},
    user_metadata: { theme: 'dark' },
  })
  expect(claimsOf(body.access_token)).toMatchObject({ is_anonymous: true, amr: [{ method: 'anonymous' }] })
})

test('anonymous sign-in is off by default', async () => {
  await using app = await startApp()
  expect((await app.ask('POST', post, { body: {} })).body).toEqual({
    code: 'anonymous_provider_disabled',
    message: 'Anonymous sign-ins are disabled',
  })
})

test('phone numbers are normalized', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_PHONE_ENABLED: 'true', AUTH_SMS_AUTOCONFIRM: 'true' } })
  const { body } = await app.ask('POST', post, { body: { phone: '+1 555 123 0000', password: PASSWORD } })
  expect(body.user).toMatchObject({ phone: '15551230000', app_metadata: { provider: 'phone' } })
  for (const phone of ['15551230000', '+15551230000', '1 555 1230000'])
    expect((await passwordGrant(app, { phone, password: PASSWORD })).status).toBe(200)
  expect((await app.ask('POST', post, { body: { phone: '015551230000', password: PASSWORD } })).body.message).toBe(
    'Invalid phone number format (E.164 required)',
  )
})

test('the audit log contains sign-ups, and repeated ones of an address', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  await app.ask('POST', post, { body: { email: 'ada@example.com', password: PASSWORD }, headers: API_VERSION })
  const { body } = await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })
  expect(body.map(({ payload }: { payload: { action: string } }) => payload.action)).toEqual([
    'user_repeated_signup',
    'login',
    'user_signedup',
  ])
})
