/** Rate limits as administrators see and reset them. */
import { expect, test } from 'bun:test'
import { type Json, PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'

const list = async (app: TestApp): Promise<Json[]> =>
  (await app.ask('GET', '/auth/v1/admin/limits', { token: app.admin })).body.items
const reset = (app: TestApp, key: string) =>
  app.ask('DELETE', `/auth/v1/admin/limits/${encodeURIComponent(key)}`, { token: app.admin })
const guess = async (app: TestApp, email: string, ip: string, password = 'wrong-password-1') =>
  (await passwordGrant(app, { email, password }, { ip })).status

test('an account whose guesses are used up is listed, and can be used again after the reset', async () => {
  await using app = await startApp({
    settings: { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_PASSWORD_GUESSES: '3', AUTH_RATE_LIMIT_TOKEN_REFRESH: '1000' },
  })
  const ada = await app.signUp('ada@example.com')
  expect(await list(app)).toEqual([])
  const from = '198.51.100.1'
  const statuses = []
  for (let time = 0; time < 4; time++) statuses.push(await guess(app, ada.email, from))
  expect(statuses).toEqual([400, 400, 400, 429])
  const [hit, ...others] = await list(app)
  expect(others).toEqual([])
  expect(hit).toEqual({
    key: expect.any(String),
    rule: 'password of an account',
    setting: 'AUTH_RATE_LIMIT_PASSWORD_GUESSES',
    subject: ada.id,
    subject_kind: 'account',
    until: '2026-01-01T01:00:00Z',
  })
  expect(await guess(app, ada.email, from, PASSWORD)).toBe(429)
  expect((await reset(app, hit.key)).status).toBe(204)
  expect(await list(app)).toEqual([])
  expect(await guess(app, ada.email, from, PASSWORD)).toBe(200)
  const { body } = await app.ask('GET', `/auth/v1/admin/audit?user_id=${ada.id}&action=limit_reset`, {
    token: app.admin,
  })
  expect(body).toMatchObject([{ payload: { traits: { user_id: ada.id, rule: 'password of an account' } } }])
})

test('what was typed in place of an address is not shown', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_PASSWORD_GUESSES: '1' } })
  for (let time = 0; time < 2; time++) await guess(app, 'my-secret-password@example.com', '198.51.100.1')
  const hits = await list(app)
  expect(hits).toMatchObject([{ rule: 'password', subject: null, subject_kind: 'unknown' }])
  expect(JSON.stringify(hits)).not.toContain('my-secret')
  expect(Buffer.from(hits[0].key, 'base64url').toString()).not.toContain('my-secret')
})

test('requests of a client are listed until the limit allows another one, and can be reset', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const ask = async () =>
    (await app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' }, ip: '198.51.100.5' })).status
  const statuses = []
  for (let time = 0; time < 31; time++) statuses.push(await ask())
  expect(statuses.at(-1)).toBe(429)
  const hits = await list(app)
  const hit = hits.find(({ rule }) => rule === 'request recoveries')
  expect(hit).toMatchObject({ subject: '198.51.100.5/32', subject_kind: 'network', setting: 'AUTH_RATE_LIMIT_OTP' })
  expect((await reset(app, hit.key)).status).toBe(204)
  expect(await ask()).not.toBe(429)
  for (let time = 0; time < 31; time++) await ask()
  expect((await list(app)).length).toBeGreaterThan(0)
  app.clock.advance(3_600_000)
  expect(await list(app)).toEqual([])
})

test('keys that are none are not found', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const key of [
    'x',
    forged([]),
    forged(['no rule', 'x']),
    forged(['request __proto__', 'x']),
    forged(['request', 1]),
    forged(null),
  ])
    expect([key, (await reset(app, key)).status]).toEqual([key, 404])
})
