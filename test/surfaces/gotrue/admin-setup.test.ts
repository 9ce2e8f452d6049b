/** The first administrator. */
import { expect, test } from 'bun:test'
import { type Json, PASSWORD, startApp, type TestApp } from '../../support/app'
import { readRows } from '../../support/database'

const setup = (app: TestApp, token: string, given: object = {}) =>
  app.ask('POST', '/auth/v1/admin/setup', { body: { token, email: 'root@example.com', password: PASSWORD, ...given } })
const open = async (app: TestApp) => (await app.core.forTask().openSetup()) ?? ''
const isOpen = async (app: TestApp) => (await app.ask('GET', '/auth/v1/admin/setup')).body
const metaOf = async (app: TestApp) => JSON.stringify(await readRows(app.database, 'SELECT * FROM meta'))

test('the printed token makes one administrator, who is signed in and confirmed', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_DISABLE_SIGNUP: 'true' } })
  expect(await isOpen(app)).toEqual({ open: false })
  const token = await open(app)
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(await isOpen(app)).toEqual({ open: true })
  expect(await metaOf(app)).not.toContain(token)
  const { status, body, headers } = await setup(app, token)
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(body.user).toMatchObject({ email: 'root@example.com', role: 'authenticated' })
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: body.access_token })).status).toBe(200)
  expect((await app.signIn('root@example.com')).id).toBe(body.user.id)
  expect(await isOpen(app)).toEqual({ open: false })
  expect(await setup(app, token, { email: 'eve@example.com' })).toMatchObject({
    status: 403,
    body: { code: 'not_admin' },
  })
  const { body: entries } = await app.ask('GET', '/auth/v1/admin/audit?action=role_granted', { token: app.admin })
  expect(entries.map(({ payload, ip_address }: Json) => [payload.actor_username, payload.traits, ip_address])).toEqual([
    ['root@example.com', { user_id: body.user.id, role: 'admin' }, '203.0.113.7'],
  ])
})

test('of concurrent uses of a token one succeeds', async () => {
  await using app = await startApp()
  const token = await open(app)
  const emails = Array.from({ length: 6 }, (_, index) => `root${index}@example.com`)
  const replies = await Promise.all(emails.map((email) => setup(app, token, { email })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403, 403])
  expect(await readRows(app.database, "SELECT user_id FROM user_roles WHERE role = 'admin'")).toHaveLength(1)
})

test('a wrong, expired, replaced or empty token makes none', async () => {
  await using app = await startApp()
  const refused = async (token: string) => {
    const { status, body } = await setup(app, token)
    expect([status, body.code]).toEqual([403, 'not_admin'])
  }
  await refused('')
  await refused('x')
  const first = await open(app)
  const second = await open(app)
  await refused(first)
  await refused(`${second}x`)
  await refused(second.toUpperCase())
  app.clock.advance(24 * 3_600_000)
  await refused(second)
  expect(await isOpen(app)).toEqual({ open: false })
})

test('what else is wrong leaves the token as it is', async () => {
  await using app = await startApp()
  await app.signUp('taken@example.com')
  const token = await open(app)
  expect((await setup(app, token, { password: 'short' })).body.code).toBe('weak_password')
  expect((await setup(app, token, { password: '' })).status).toBe(422)
  expect((await setup(app, token, { email: 'no address' })).status).toBe(400)
  expect((await setup(app, token, { email: 'taken@example.com' })).body.code).toBe('email_exists')
  expect((await setup(app, token)).status).toBe(200)
})

test('with an administrator no token is made, and one made before is void', async () => {
  await using app = await startApp()
  const token = await open(app)
  const ada = await app.signUp()
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  expect((await setup(app, token)).status).toBe(403)
  expect(await isOpen(app)).toEqual({ open: false })
  expect(await app.core.forTask().openSetup()).toBeUndefined()
})

test('setup does not open again after the last administrator was deleted, or lost the role', async () => {
  await using app = await startApp()
  const token = await open(app)
  const { body } = await setup(app, token)
  await app.ask('DELETE', `/auth/v1/admin/users/${body.user.id}`, { token: app.admin })
  expect(await app.core.forTask().openSetup()).toBeUndefined()
  expect((await setup(app, token)).status).toBe(403)

  await using other = await startApp()
  const ada = await other.signUp()
  const path = `/auth/v1/admin/users/${ada.id}/roles/admin`
  await other.ask('PUT', path, { token: other.admin })
  await other.ask('DELETE', path, { token: other.admin })
  expect(await other.core.forTask().openSetup()).toBeUndefined()
})

test('guesses at the token are limited by address', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const token = await open(app)
  const statuses = new Set<number>()
  for (let guess = 0; guess < 40; guess++) statuses.add((await setup(app, 'x')).status)
  expect([...statuses]).toEqual([403, 429])
  expect((await setup(app, token)).status).toBe(429)
})
