/** Sessions, roles and personal access tokens of a user, for administrators. */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { claimsOf, type Json, refresh, startApp, type TestApp } from '../../support/app'

const users = '/auth/v1/admin/users'
const ask = (app: TestApp, method: string, path: string, body?: object) =>
  app.ask(method, `${users}/${path}`, { token: app.admin, ...(body && { body }) })

const auditOf = async (app: TestApp, action: string): Promise<Json[]> => {
  const { body } = await app.ask('GET', `/auth/v1/admin/audit?query=action:${action}`, { token: app.admin })
  return body
}

test('the sessions of a user are listed with device, address, last use and assurance', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  app.clock.advance(60_000)
  const { body: other } = await app.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: ada.email, password: ada.password },
    headers: { 'user-agent': 'Browser/2' },
    ip: '198.51.100.4',
  })
  app.clock.advance(60_000)
  await refresh(app, ada.refreshToken)
  const { status, body } = await ask(app, 'GET', `${ada.id}/sessions`)
  expect(status).toBe(200)
  expect(body.items).toMatchObject([
    {
      user_agent: 'Browser/2',
      ip: '198.51.100.4',
      aal: 'aal1',
      amr: [{ method: 'password' }],
      refreshed_at: null,
      last_used_at: '2026-01-01T00:01:00Z',
      active: true,
    },
    { id: ada.sessionId, last_used_at: '2026-01-01T00:02:00Z', active: true },
  ])
  expect(JSON.stringify(body)).not.toContain(other.refresh_token)
  expect(Object.keys(body.items[0])).not.toContain('refresh_token_hmac_key')
})

test('a session that its limits have ended is listed as inactive', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_TIMEBOX: '1h' } })
  const ada = await app.signUp()
  app.clock.advance(3_600_001)
  const { body } = await ask(app, 'GET', `${ada.id}/sessions`)
  expect(body.items).toMatchObject([{ id: ada.sessionId, active: false }])
})

test('an administrator ends one session, and then all', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const bob = await app.signUp()
  const second = await app.signIn(ada.email)
  const third = await app.signIn(ada.email)
  const isLive = async (token: string) => (await app.ask('GET', '/auth/v1/user', { token })).status === 200

  expect((await ask(app, 'DELETE', `${ada.id}/sessions/${second.sessionId.toUpperCase()}`)).status).toBe(204)
  expect(await isLive(second.accessToken)).toBe(false)
  expect((await refresh(app, second.refreshToken)).status).toBe(400)
  expect(await isLive(third.accessToken)).toBe(true)
  // Once more, of another user, unknown and malformed.
  for (const path of [
    `${ada.id}/sessions/${second.sessionId}`,
    `${ada.id}/sessions/${bob.sessionId}`,
    `${ada.id}/sessions/${randomUUID()}`,
    `${ada.id}/sessions/x`,
    `${randomUUID()}/sessions/${third.sessionId}`,
    `x/sessions/${third.sessionId}`,
  ])
    expect([path, (await ask(app, 'DELETE', path)).status]).toEqual([path, 404])
  expect(await isLive(bob.accessToken)).toBe(true)

  expect((await ask(app, 'DELETE', `${ada.id}/sessions`)).body).toEqual({ ended: 2 })
  expect(await isLive(ada.accessToken)).toBe(false)
  expect(await isLive(bob.accessToken)).toBe(true)
  expect((await ask(app, 'DELETE', `${randomUUID()}/sessions`)).status).toBe(404)
  expect((await ask(app, 'GET', `${randomUUID()}/sessions`)).status).toBe(404)

  const entries = await auditOf(app, 'logout')
  expect(entries.map(({ payload, ip_address }) => [payload.actor_username, payload.traits, ip_address])).toEqual([
    ['service_role', { user_id: ada.id }, '203.0.113.7'],
    ['service_role', { user_id: ada.id, session_id: second.sessionId }, '203.0.113.7'],
  ])
})

test('roles are listed, granted and revoked, by an administrator whom the audit log names', async () => {
  await using app = await startApp()
  const root = await app.signUp('root@example.com')
  await app.store.grantRole({ userId: root.id, role: 'admin', now: app.clock.now() })
  const ada = await app.signUp()
  const asRoot = (method: string, path: string) => app.ask(method, `${users}/${path}`, { token: root.accessToken })
  expect((await app.ask('GET', '/auth/v1/admin/roles', { token: app.admin })).body).toEqual({
    roles: ['admin', 'user'],
  })
  expect((await asRoot('GET', `${ada.id}/roles`)).body).toEqual({ roles: ['user'] })
  for (let time = 0; time < 2; time++)
    expect((await asRoot('PUT', `${ada.id}/roles/admin`)).body).toEqual({ roles: ['user', 'admin'] })
  expect((await app.ask('GET', users, { token: ada.accessToken })).status).toBe(200)
  expect((await asRoot('DELETE', `${ada.id}/roles/admin`)).body).toEqual({ roles: ['user'] })
  expect((await app.ask('GET', users, { token: ada.accessToken })).status).toBe(403)
  for (const path of [
    `${ada.id}/roles/emperor`,
    `${ada.id}/roles/__proto__`,
    `${randomUUID()}/roles/admin`,
    'x/roles/admin',
  ])
    for (const method of ['PUT', 'DELETE']) expect([path, (await asRoot(method, path)).status]).toEqual([path, 404])
  expect((await asRoot('DELETE', `${ada.id}/roles/user`)).status).toBe(404)
  const named = (entries: Json[]) => entries.map(({ payload }) => [payload.actor_username, payload.traits])
  expect(named(await auditOf(app, 'role_granted'))).toEqual([['root@example.com', { user_id: ada.id, role: 'admin' }]])
  expect(named(await auditOf(app, 'role_revoked'))).toEqual([['root@example.com', { user_id: ada.id, role: 'admin' }]])
})

test('personal access tokens are listed without the token, and revoked', async () => {
  await using app = await startApp()
  const [ada, bob] = [await app.signUp(), await app.signUp()]
  const make = async (token: string, name: string) =>
    (await app.ask('POST', '/api/auth/tokens', { token, body: { name, expiresAt: '2027-01-01T00:00:00Z' } })).body
  const made = await make(ada.accessToken, 'backup')
  const ofBob = await make(bob.accessToken, 'other')
  const { body, text } = await ask(app, 'GET', `${ada.id}/tokens`)
  expect(body).toEqual({
    items: [
      {
        id: made.id,
        name: 'backup',
        created_at: '2026-01-01T00:00:00Z',
        expires_at: '2027-01-01T00:00:00Z',
        last_used_at: null,
      },
    ],
  })
  expect(text).not.toContain(made.token)
  for (const path of [
    `${ada.id}/tokens/${ofBob.id}`,
    `${ada.id}/tokens/${randomUUID()}`,
    `${ada.id}/tokens/x`,
    `${randomUUID()}/tokens/${made.id}`,
  ])
    expect([path, (await ask(app, 'DELETE', path)).status]).toEqual([path, 404])
  const isValid = async (token: string) => (await app.ask('GET', '/auth/v1/user', { token })).status === 200
  expect(await isValid(made.token)).toBe(true)
  expect((await ask(app, 'DELETE', `${ada.id}/tokens/${made.id}`)).status).toBe(204)
  expect(await isValid(made.token)).toBe(false)
  expect(await isValid(ofBob.token)).toBe(true)
  const [entry] = await auditOf(app, 'personal_token_revoked')
  expect(entry.payload).toMatchObject({
    actor_username: 'service_role',
    traits: { user_id: ada.id, token_id: made.id },
  })
})

test('the preview of a token has the claims of the next one, and is none', async () => {
  await using app = await startApp({ settings: { AUTH_JWT_ROLES_CLAIM: 'roles' } })
  const ada = await app.signUp()
  await ask(app, 'PUT', `${ada.id}/roles/admin`)
  await ask(app, 'PUT', ada.id, { app_metadata: { plan: 'gold' } })
  const { status, body, text } = await ask(app, 'GET', `${ada.id}/token-preview`)
  expect([status, body.hook]).toEqual([200, false])
  const { body: renewed } = await refresh(app, ada.refreshToken)
  expect(body.claims).toEqual(claimsOf(renewed.access_token))
  expect(body.claims).toMatchObject({ roles: ['user', 'admin'], app_metadata: { plan: 'gold' } })
  expect(text).not.toMatch(/eyJ/)
  await ask(app, 'DELETE', `${ada.id}/sessions`)
  expect((await ask(app, 'GET', `${ada.id}/token-preview`)).body.claims).toMatchObject({
    sub: ada.id,
    session_id: null,
  })
  // Nothing was opened for it.
  expect((await ask(app, 'GET', `${ada.id}/sessions`)).body.items).toEqual([])
  for (const id of [randomUUID(), 'x']) expect((await ask(app, 'GET', `${id}/token-preview`)).status).toBe(404)
})

test('the audit log names what an administrator changed, without the values', async () => {
  await using app = await startApp()
  const root = await app.signUp('root@example.com')
  await app.store.grantRole({ userId: root.id, role: 'admin', now: app.clock.now() })
  const ada = await app.signUp()
  await app.ask('PUT', `${users}/${ada.id}`, {
    token: root.accessToken,
    body: { password: 'another-horse-battery-9', ban_duration: '24h', app_metadata: { plan: 'gold' } },
    ip: '198.51.100.9',
  })
  const [entry] = await auditOf(app, 'user_modified')
  expect(entry).toMatchObject({
    ip_address: '198.51.100.9',
    payload: {
      actor_id: root.id,
      traits: { user_id: ada.id, changed: ['password', 'app_metadata', 'ban_duration'] },
      request_id: expect.any(String),
    },
  })
  expect(JSON.stringify(entry)).not.toMatch(/another-horse|gold|24h/)
})
