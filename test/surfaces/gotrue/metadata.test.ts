/** Metadata: every key is plain data, and its address follows that of the account. */
import { expect, test } from 'bun:test'
import { claimsOf, PASSWORD, startApp, type TestApp } from '../../support/app'
import { lastMessageTo, open, WITH_CONFIRMATION } from '../../support/mail'

const ODD = '{"__proto__":{"admin":true},"constructor":1,"nested":[{"__proto__":2}]}'
const JSON_TYPE = { 'content-type': 'application/json' }

/** Every member as in the text of a body. */
const holds = (text: string) => {
  for (const member of ['"__proto__":{"admin":true}', '"constructor":1', '"nested":[{"__proto__":2}]'])
    expect(text).toContain(member)
}

test('a key such as __proto__ is plain data in responses and tokens', async () => {
  await using app = await startApp()
  const raw = `{"email":"ada@example.com","password":"${PASSWORD}","data":${ODD}}`
  const signedUp = await app.ask('POST', '/auth/v1/signup', { raw, headers: JSON_TYPE })
  holds(signedUp.text)
  const token = signedUp.body.access_token as string
  holds(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const { id } = signedUp.body.user
  const put = (path: string, body: string, as: string) =>
    app.ask('PUT', path, { raw: body, token: as, headers: JSON_TYPE })
  const changes = [
    await put('/auth/v1/user', `{"data":${ODD}}`, token),
    await put(`/auth/v1/admin/users/${id}`, `{"user_metadata":${ODD},"app_metadata":${ODD}}`, app.admin),
    await app.ask('GET', '/auth/v1/user', { token }),
    await app.ask('GET', '/auth/v1/admin/users', { token: app.admin }),
    await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin }),
    await app.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
      body: { refresh_token: signedUp.body.refresh_token },
    }),
  ]
  for (const { status, text } of changes) {
    expect(status).toBe(200)
    holds(text)
  }
  expect(changes[2]?.text.match(/"__proto__"/g)?.length).toBeGreaterThanOrEqual(6)
  expect(({} as { admin?: unknown }).admin).toBeUndefined()
  const removed = await put('/auth/v1/user', '{"data":{"__proto__":null}}', token)
  expect(Object.hasOwn(removed.body.user_metadata, '__proto__')).toBe(false)
  expect(Object.hasOwn(claimsOf(token).user_metadata, '__proto__')).toBe(true)
})

const userOf = async (app: TestApp, id: string) =>
  (await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })).body

const byAdmin = (app: TestApp, id: string, body: object) =>
  app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body })

test.each<[string, (app: TestApp, id: string, token: string) => Promise<unknown>]>([
  ['an administrator changes', (app, id) => byAdmin(app, id, { email: 'new@example.com', email_confirm: true })],
  [
    'its owner confirms',
    async (app, _, token) => {
      await app.ask('PUT', '/auth/v1/user', { token, body: { email: 'new@example.com' } })
      await open(app, (await lastMessageTo(app, 'ada@example.com')).link)
      await open(app, (await lastMessageTo(app, 'new@example.com')).link)
    },
  ],
])('user_metadata.email follows an address that %s', async (_, change) => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  await byAdmin(app, body.id, { email_confirm: true })
  const { accessToken } = await app.signIn('ada@example.com')
  await change(app, body.id, accessToken)
  const user = await userOf(app, body.id)
  expect([user.email, user.user_metadata.email]).toEqual(['new@example.com', 'new@example.com'])
})

test('a different address in user_metadata is kept, and a missing one is not added', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  await byAdmin(app, ada.id, { user_metadata: { email: 'work@example.com' } })
  await byAdmin(app, ada.id, { email: 'new@example.com' })
  expect((await userOf(app, ada.id)).user_metadata.email).toBe('work@example.com')
  await byAdmin(app, ada.id, { user_metadata: { email: null } })
  await byAdmin(app, ada.id, { email: 'newer@example.com' })
  expect((await userOf(app, ada.id)).user_metadata).not.toHaveProperty('email')
})

test('an administrator can change a soft-deleted user, who stays deleted', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const body = { should_soft_delete: true }
  await app.ask('DELETE', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body })
  const changed = await byAdmin(app, ada.id, { user_metadata: { reason: 'asked for it' }, password: PASSWORD })
  expect([changed.status, changed.body.user_metadata]).toEqual([200, { reason: 'asked for it' }])
  expect(changed.body.deleted_at).toBeString()
  const signIn = { email: changed.body.email, password: PASSWORD }
  expect((await app.ask('POST', '/auth/v1/token?grant_type=password', { body: signIn })).status).toBe(400)
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).status).toBe(403)
})
