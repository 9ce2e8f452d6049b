import { expect, test } from 'bun:test'
import { type Json, refresh, startApp, type TestApp } from '../../support/app'

const isIn = async (app: TestApp, token: string) => (await app.ask('GET', '/auth/v1/user', { token })).status === 200
const logout = (app: TestApp, token: string | undefined, query = '') =>
  app.ask('POST', `/auth/v1/logout${query}`, { token })

test('logout returns 204', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { status, text } = await logout(app, ada.accessToken)
  expect([status, text]).toEqual([204, ''])
})

test('logout unauthenticated is 401', async () => {
  await using app = await startApp()
  const { status, body } = await logout(app, undefined)
  expect([status, body.code]).toEqual([401, 'no_authorization'])
})

test('logout revokes refresh tokens', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await logout(app, ada.accessToken)
  expect((await refresh(app, ada.refreshToken)).body.code).toBe('refresh_token_not_found')
})

test('threat T24: the scopes end this session, the others, or all', async () => {
  await using app = await startApp()
  const a = await app.signUp()
  const [b, c, d] = [await app.signIn(a.email), await app.signIn(a.email), await app.signIn(a.email)]
  const state = async () => Promise.all([a, b, c, d].map(({ accessToken }) => isIn(app, accessToken)))
  await logout(app, a.accessToken, '?scope=local')
  expect(await state()).toEqual([false, true, true, true])
  await logout(app, b.accessToken, '?scope=others')
  expect(await state()).toEqual([false, true, false, false])
  const e = await app.signIn(a.email)
  await logout(app, b.accessToken, '?scope=')
  expect(await isIn(app, e.accessToken)).toBe(false)
})

test('of two scopes the first counts, and an unknown one ends nothing', async () => {
  await using app = await startApp()
  const a = await app.signUp()
  const b = await app.signIn(a.email)
  for (const scope of ['everything', 'LOCAL']) {
    const { status, body } = await logout(app, a.accessToken, `?scope=${scope}`)
    expect([status, body.message]).toEqual([400, `Unsupported logout scope "${scope}"`])
  }
  await logout(app, a.accessToken, '?scope=local&scope=global')
  expect([await isIn(app, a.accessToken), await isIn(app, b.accessToken)]).toEqual([false, true])
})

test('logout ignores the body, valid or not', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const reply = await app.ask('POST', '/auth/v1/logout', {
    token: ada.accessToken,
    raw: '{',
    headers: { 'content-type': 'application/json;charset=UTF-8' },
  })
  expect(reply.status).toBe(204)
})

test('signing out does not affect other users', async () => {
  await using app = await startApp()
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  await logout(app, ada.accessToken)
  expect(await isIn(app, eve.accessToken)).toBe(true)
})

test('session list', async () => {
  await using app = await startApp()
  const first = await app.signUp()
  app.clock.advance(1000)
  const second = await app.signIn(first.email)
  app.clock.advance(1000)
  const { status, body } = await app.ask('GET', '/auth/v1/sessions', { token: first.accessToken })
  expect(status).toBe(200)
  expect(body.map(({ id, current }: Json) => [id, current])).toEqual([
    [second.sessionId, false],
    [first.sessionId, true],
  ])
  expect(Object.keys(body[0])).toEqual([
    'id',
    'created_at',
    'updated_at',
    'refreshed_at',
    'not_after',
    'aal',
    'amr',
    'user_agent',
    'ip',
    'last_used_at',
    'current',
  ])
  expect(body[0]).toMatchObject({
    created_at: '2026-01-01T00:00:01Z',
    aal: 'aal1',
    amr: [{ method: 'password' }],
    ip: '203.0.113.7',
    last_used_at: '2026-01-01T00:00:01Z',
  })
  app.clock.advance(60_000)
  const again = (await refresh(app, second.refreshToken)).body
  const after = await app.ask('GET', '/auth/v1/sessions', { token: again.access_token })
  expect(after.body.map(({ last_used_at: at }: Json) => at)).toEqual(['2026-01-01T00:01:02Z', '2026-01-01T00:00:00Z'])
})

test('users can end one of their own sessions', async () => {
  await using app = await startApp()
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  const there = await app.signIn(ada.email)
  const end = (id: string, token: string) => app.ask('DELETE', `/auth/v1/sessions/${id}`, { token })
  for (const id of [eve.sessionId, crypto.randomUUID(), 'nope']) {
    const { status, body } = await end(id, ada.accessToken)
    expect([status, body.code]).toEqual([404, 'validation_failed'])
  }
  expect(await isIn(app, eve.accessToken)).toBe(true)
  expect((await end(there.sessionId, ada.accessToken)).status).toBe(204)
  expect([await isIn(app, there.accessToken), await isIn(app, ada.accessToken)]).toEqual([false, true])
  expect((await end(there.sessionId, ada.accessToken)).status).toBe(404)
})
