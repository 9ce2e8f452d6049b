import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { confirmedUser, lastMessageTo, mailboxOf, open, userOf, verify, WITH_CONFIRMATION } from '../../support/mail'

const GRACE = 'grace@example.com'

const start = (settings = {}) => startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })
const invite = (app: TestApp, body: object = { email: GRACE }, path = '/auth/v1/invite') =>
  app.ask('POST', path, { token: app.admin, body })

test('an invitation creates an account without a password and mails a link', async () => {
  await using app = await start()
  const { status, body } = await invite(app, { email: 'Grace@Example.com', data: { name: 'Grace' } })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    email: GRACE,
    role: 'authenticated',
    invited_at: '2026-01-01T00:00:00Z',
    confirmation_sent_at: '2026-01-01T00:00:00Z',
    app_metadata: { provider: 'email', providers: ['email'] },
    identities: [{ provider: 'email', email: GRACE }],
  })
  expect(body.user_metadata).toEqual({ name: 'Grace' })
  expect(body).not.toHaveProperty('email_confirmed_at')
  const mail = await lastMessageTo(app, GRACE)
  expect([mail.kind, new URLSearchParams(mail.link.split('?')[1]).get('type')]).toEqual(['invite', 'invite'])
  expect((await passwordGrant(app, { email: GRACE, password: PASSWORD })).body.code).toBe('invalid_credentials')
})

test('accepting signs in, and then a password can be set', async () => {
  await using app = await start()
  await invite(app)
  const { fragment } = await open(app, (await lastMessageTo(app, GRACE)).link)
  const token = fragment.access_token ?? ''
  expect(fragment.type).toBe('invite')
  expect(await userOf(app, token)).toMatchObject({ email: GRACE, email_confirmed_at: expect.any(String) })
  const reply = await app.ask('PUT', '/auth/v1/user', { token, body: { password: PASSWORD } })
  expect(reply.status).toBe(200)
  expect((await passwordGrant(app, { email: GRACE, password: PASSWORD })).status).toBe(200)
})

test('a password sent with the code is ignored', async () => {
  await using app = await start()
  await invite(app)
  const { code } = await lastMessageTo(app, GRACE)
  const reply = await verify(app, { type: 'invite', email: GRACE, token: code, password: PASSWORD })
  expect(reply.status).toBe(200)
  expect((await passwordGrant(app, { email: GRACE, password: PASSWORD })).body.code).toBe('invalid_credentials')
})

test('the link redirects to the administrator’s target, if allowed', async () => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://app.example.com/**' })
  await invite(app, { email: GRACE }, '/auth/v1/invite?redirect_to=https://app.example.com/join')
  expect((await open(app, (await lastMessageTo(app, GRACE)).link)).location).toStartWith(
    'https://app.example.com/join#',
  )
  await invite(app, { email: 'joan@example.com' }, '/auth/v1/invite?redirect_to=https://evil.example/')
  const { link } = await lastMessageTo(app, 'joan@example.com')
  expect((await open(app, link)).location).toStartWith('http://localhost:3000#')
})

test('an unconfirmed user can be invited again at once, which invalidates the older link', async () => {
  await using app = await start()
  const { body: first } = await invite(app, { email: GRACE, data: { name: 'Grace' } })
  const older = await lastMessageTo(app, GRACE)
  const { status, body } = await invite(app, { email: GRACE, data: { name: 'Eve' } })
  expect([status, body.id, body.user_metadata.name]).toEqual([200, first.id, 'Grace'])
  expect(await mailboxOf(app, GRACE)).toHaveLength(2)
  expect((await open(app, older.link)).fragment.error_code).toBe('otp_expired')
  expect((await open(app, (await lastMessageTo(app, GRACE)).link)).fragment.access_token).toBeString()
})

test('a user with an unconfirmed sign-up can be invited, and keeps the account', async () => {
  await using app = await start()
  const signedUp = await app.ask('POST', '/auth/v1/signup', { body: { email: GRACE, password: PASSWORD } })
  expect((await invite(app)).body).toMatchObject({ id: signedUp.body.id, invited_at: expect.any(String) })
  expect((await open(app, (await lastMessageTo(app, GRACE)).link)).fragment.type).toBe('invite')
})

test('a confirmed user cannot be invited', async () => {
  await using app = await start()
  await confirmedUser(app, GRACE)
  const { status, body } = await invite(app)
  expect([status, body]).toEqual([
    422,
    { code: 'email_exists', message: 'A user with this email address has already been registered' },
  ])
  expect(await mailboxOf(app, GRACE)).toEqual([])
})

test.each([
  [{}, 'An email address is required'],
  [{ email: '' }, 'An email address is required'],
  [{ email: 'nope' }, 'Unable to validate email address: invalid format'],
])('%j cannot be invited', async (body, message) => {
  await using app = await start()
  const reply = await invite(app, body)
  expect([reply.status, reply.body]).toEqual([400, { code: 'validation_failed', message }])
})

test('20 simultaneous invitations of one address create one account, with one valid link', async () => {
  await using app = await start()
  const replies = await Promise.all(Array.from({ length: 20 }, () => invite(app)))
  expect(replies.map(({ status }) => status).filter((status) => status !== 200 && status !== 422)).toEqual([])
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users).toHaveLength(1)
  const opened = []
  for (const { link } of await mailboxOf(app, GRACE)) opened.push((await open(app, link)).fragment.access_token)
  expect(opened.filter((token) => token !== undefined)).toHaveLength(1)
})

test('an invitation works while sign-ups are disabled', async () => {
  await using app = await start({ AUTH_DISABLE_SIGNUP: 'true' })
  expect((await invite(app)).status).toBe(200)
  expect((await open(app, (await lastMessageTo(app, GRACE)).link)).fragment.access_token).toBeString()
})

test('with autoconfirm, too, an invitation is confirmed by its link', async () => {
  await using app = await start({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  expect((await invite(app)).body).not.toHaveProperty('email_confirmed_at')
  expect((await open(app, (await lastMessageTo(app, GRACE)).link)).fragment.access_token).toBeString()
})

test('only administrators invite', async () => {
  await using app = await start()
  await confirmedUser(app, 'ada@example.com')
  const { accessToken } = await app.signIn('ada@example.com')
  const body = { email: GRACE }
  for (const [token, status, code] of [
    [undefined, 401, 'no_authorization'],
    [accessToken, 403, 'not_admin'],
    [app.keys.anon, 403, 'not_admin'],
  ] as const) {
    const reply = await app.ask('POST', '/auth/v1/invite', { body, ...(token !== undefined && { token }) })
    expect([reply.status, reply.body.code]).toEqual([status, code])
  }
  expect(await mailboxOf(app, GRACE)).toEqual([])
})

test('the audit log names who was invited', async () => {
  await using app = await start()
  const { body: guest } = await invite(app)
  const { body } = await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })
  expect(body).toMatchObject([{ payload: { action: 'user_invited', traits: { user_id: guest.id } } }])
})
