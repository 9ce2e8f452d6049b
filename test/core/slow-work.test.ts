/** Times of rows and tokens are those after slow work, such as a password hash that waited in the queue. */
import { expect, test } from 'bun:test'
import { PASSWORD, startApp, type TestApp } from '../support/app'
import { readRows } from '../support/database'

const HASH_MS = 8000

/** An app whose password hashes take eight seconds. */
async function withSlowHash(settings: Record<string, string> = {}): Promise<TestApp> {
  const app = await startApp({ settings })
  const { hash } = app.hasher
  app.hasher.hash = (password) => {
    app.clock.advance(HASH_MS)
    return hash(password)
  }
  return app
}

const secondsFrom = (app: TestApp, unixSeconds: number) => unixSeconds - Math.floor(app.clock.now() / 1000)

test('a sign-up is dated after the hash: the token lives as long as it says', async () => {
  await using app = await withSlowHash({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  expect([body.expires_in, secondsFrom(app, body.expires_at)]).toEqual([3600, 3600])
  expect(Date.parse(body.user.created_at)).toBe(app.clock.now())
})

test('the cooldown of a confirmation mail starts after the hash', async () => {
  await using app = await withSlowHash({ AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_SMTP_MAX_FREQUENCY: '5s' })
  await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  const again = await app.ask('POST', '/auth/v1/resend', { body: { type: 'signup', email: 'ada@example.com' } })
  expect(again.status).toBe(429)
})

test('an administrator’s ban of a new account counts from the end of the hash', async () => {
  await using app = await withSlowHash()
  const user = { email: 'ada@example.com', password: PASSWORD, ban_duration: '5s' }
  const { body } = await app.ask('POST', '/auth/v1/admin/users', { token: app.keys.serviceRole, body: user })
  expect(Date.parse(body.banned_until) - app.clock.now()).toBe(5000)
})

test('an administrator’s change is dated after the hash', async () => {
  await using app = await withSlowHash()
  const ada = await app.ask('POST', '/auth/v1/admin/users', {
    token: app.keys.serviceRole,
    body: { email: 'ada@example.com' },
  })
  const changed = await app.ask('PUT', `/auth/v1/admin/users/${ada.body.id}`, {
    token: app.keys.serviceRole,
    body: { password: PASSWORD, ban_duration: '5s' },
  })
  expect(Date.parse(changed.body.banned_until) - app.clock.now()).toBe(5000)
  expect(Date.parse(changed.body.updated_at)).toBe(app.clock.now())
})

test('a generated sign-up link is dated after the hash', async () => {
  await using app = await withSlowHash()
  await app.ask('POST', '/auth/v1/admin/generate_link', {
    token: app.keys.serviceRole,
    body: { type: 'signup', email: 'ada@example.com', password: PASSWORD },
  })
  for (const table of ['users', 'verification_tokens'])
    expect(await readRows(app.database, `SELECT created_at AS at FROM ${table}`)).toEqual([{ at: app.clock.now() }])
})
