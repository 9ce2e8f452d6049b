/** Attacks on sessions and refresh tokens (docs/threat-model.md#t17 to #t24). */

import { expect, test } from 'bun:test'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HOUR } from '../../../src/lib/milliseconds'
import { claimsOf, type Json, refresh, type SignedIn, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'
import { currentEngine } from '../../support/engines'
import { pass, protectedAccount, unenrol } from '../../support/factors'
import { removeFolder } from '../../support/remove-folder'

const UNKNOWN = '11111111-1111-4111-8111-111111111111'

const code = ({ status, body }: Json) => [status, body.code]

/** The same server after a restart. */
const again = (app: TestApp, settings: Record<string, string> = {}) =>
  startApp({ folder: app.folder, now: new Date(app.clock.now()).toISOString(), settings })

test('threat T17: the reuse interval keeps no descendant of a revoked family alive', async () => {
  await using app = await startApp({ settings: { AUTH_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10s' } })
  const ada = await app.signUp()
  const { body: child } = await refresh(app, ada.refreshToken)
  const { body: grandchild } = await refresh(app, child.refresh_token)
  app.clock.advance(10_000)
  expect(code(await refresh(app, ada.refreshToken))).toEqual([400, 'refresh_token_already_used'])
  for (const token of [child.refresh_token, grandchild.refresh_token])
    expect(code(await refresh(app, token))).toEqual([400, 'refresh_token_not_found'])
})

test('threat T18: a revoked family stays revoked after a restart and after the clock was set back', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { body: child } = await refresh(app, ada.refreshToken)
  const { body: grandchild } = await refresh(app, child.refresh_token)
  expect(code(await refresh(app, ada.refreshToken))).toEqual([400, 'refresh_token_already_used'])
  await using restarted = await again(app)
  restarted.clock.jump(-HOUR)
  for (const token of [ada.refreshToken, child.refresh_token, grandchild.refresh_token])
    expect(code(await refresh(restarted, token))).toEqual([400, 'refresh_token_not_found'])
  const { status } = await restarted.ask('GET', '/auth/v1/user', { token: grandchild.access_token })
  expect(status).toBe(403)
})

// The copy is a file.
test.skipIf(currentEngine() === 'postgres')(
  'threat T18: a revoked family stays revoked in a restored copy of the database',
  async () => {
    await using app = await startApp()
    const ada = await app.signUp()
    const { body: child } = await refresh(app, ada.refreshToken)
    const { body: grandchild } = await refresh(app, child.refresh_token)
    await refresh(app, ada.refreshToken)
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-restored-'))
    await execute(app.database, 'VACUUM INTO ?', join(folder, 'latchkey.db'))
    copyFileSync(join(app.folder, 'secrets.json'), join(folder, 'secrets.json'))
    {
      await using restored = await startApp({ folder, now: new Date(app.clock.now() - HOUR).toISOString() })
      for (const token of [ada.refreshToken, child.refresh_token, grandchild.refresh_token])
        expect(code(await refresh(restored, token))).toEqual([400, 'refresh_token_not_found'])
      const { status } = await restored.ask('GET', '/auth/v1/user', { token: grandchild.access_token })
      expect(status).toBe(403)
      // the copy works for other sessions
      expect((await restored.signIn(ada.email)).id).toBe(ada.id)
    }
    removeFolder(folder)
  },
)

test('threat T19: an expired token revokes nothing', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_INACTIVITY_TIMEOUT: '1h' } })
  const ada = await app.signUp()
  const { body: child } = await refresh(app, ada.refreshToken)
  app.clock.advance(HOUR + 1)
  for (const token of [child.refresh_token, ada.refreshToken])
    expect(code(await refresh(app, token))).toEqual([400, 'session_expired'])
  await using unlimited = await again(app)
  expect((await refresh(unlimited, child.refresh_token)).status).toBe(200)
})

test('threat T20: a token of one session with the id of another is refused', async () => {
  await using app = await startApp()
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  const bytes = Buffer.from(eve.refreshToken, 'base64url')
  const idBytes = Buffer.from(ada.sessionId.replaceAll('-', ''), 'hex')
  idBytes.copy(bytes, 1)
  const body = bytes.subarray(0, -4)
  const sum = new Bun.CryptoHasher('sha256').update(body).digest().subarray(0, 4)
  const forged = Buffer.concat([body, sum]).toString('base64url')
  expect(code(await refresh(app, forged))).toEqual([400, 'refresh_token_not_found'])
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
  expect((await refresh(app, eve.refreshToken)).status).toBe(200)
})

/** What ends every session of a user. */
const endings: [string, (app: TestApp, ada: SignedIn) => Promise<unknown>][] = [
  ['a ban', (app, { id }) => administer(app, 'PUT', id, { ban_duration: '1h' })],
  ['a deletion', (app, { id }) => administer(app, 'DELETE', id)],
  ['a soft deletion', (app, { id }) => administer(app, 'DELETE', id, { should_soft_delete: true })],
  ['a password set by an administrator', (app, { id }) => administer(app, 'PUT', id, { password: 'another-pass-1' })],
  ['the owner’s own deletion', (app, { accessToken: token }) => app.ask('DELETE', '/auth/v1/user', { token })],
]

const administer = (app: TestApp, method: string, id: string, body?: object) =>
  app.ask(method, `/auth/v1/admin/users/${id}`, { token: app.admin, body })

test.each(endings)('threat T21: a refresh that races %s leaves no live token', async (_what, end) => {
  await using app = await startApp()
  for (let round = 0; round < 8; round++) {
    const ada = await app.signUp()
    const [refreshed] = await Promise.all([refresh(app, ada.refreshToken), end(app, ada)])
    for (const token of [ada.accessToken, refreshed.body.access_token ?? ada.accessToken])
      expect((await app.ask('GET', '/auth/v1/user', { token })).status).toBe(403)
    expect((await refresh(app, refreshed.body.refresh_token ?? ada.refreshToken)).status).toBe(400)
  }
})

test('threat T21: a refresh of another session that races a password change leaves no live token', async () => {
  await using app = await startApp()
  for (let round = 0; round < 8; round++) {
    const ada = await app.signUp()
    const other = await app.signIn(ada.email)
    const change = { token: ada.accessToken, body: { password: `another-password-${round}` } }
    const [refreshed] = await Promise.all([refresh(app, other.refreshToken), app.ask('PUT', '/auth/v1/user', change)])
    const token = refreshed.body.access_token ?? other.accessToken
    expect((await app.ask('GET', '/auth/v1/user', { token })).status).toBe(403)
    expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).status).toBe(200)
  }
})

test('threat T22: a refresh keeps the assurance level, removing the factor lowers it, and nothing raises it', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const low = await app.signIn(ada.email)
  const levelOf = async (token: string) => {
    const { body } = await refresh(app, token)
    return [claimsOf(body.access_token).aal, body.refresh_token]
  }
  const [high, next] = await levelOf(ada.raised.refreshToken)
  expect([high, (await levelOf(low.refreshToken))[0]]).toEqual(['aal2', 'aal1'])
  expect((await unenrol(app, ada.raised.accessToken, ada.factor.id)).status).toBe(200)
  expect((await levelOf(next))[0]).toBe('aal1')
})

test('threat T23: the token issued after a second factor belongs to the same family', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  app.clock.advance(30_000)
  const raised = (await pass(app, ada.raised.accessToken, ada.factor)).body
  expect(claimsOf(raised.access_token).session_id).toBe(ada.sessionId)
  const { body: child } = await refresh(app, raised.refresh_token)
  // from before the first attempt
  expect(code(await refresh(app, ada.refreshToken))).toEqual([400, 'refresh_token_already_used'])
  expect(code(await refresh(app, child.refresh_token))).toEqual([400, 'refresh_token_not_found'])
})

/** Every documented route that requires a user or an administrator. */
function guardedRoutes(app: TestApp): { method: string; path: string }[] {
  return app.routes.routes.flatMap(({ method, path, hooks }) => {
    const { security = [], hide } = (hooks.detail ?? {}) as { security?: object[]; hide?: boolean }
    const isGuarded = !hide && security.some((each) => Object.keys(each).length > 0)
    return isGuarded ? [{ method, path: path.replace(/:\w+/g, UNKNOWN) }] : []
  })
}

test('threat T24: banned, deleted and signed-out users are refused on every authenticated route', async () => {
  await using app = await startApp()
  const admins = await Promise.all(endings.map(() => app.signUp()))
  for (const { id: userId } of admins) await app.store.grantRole({ userId, role: 'admin', now: app.clock.now() })
  const out = await app.signUp()
  await app.store.grantRole({ userId: out.id, role: 'admin', now: app.clock.now() })
  for (const [index, [, end]] of endings.entries()) await end(app, admins[index] as SignedIn)
  await app.ask('POST', '/auth/v1/logout', { token: out.accessToken })
  const routes = guardedRoutes(app)
  expect(routes.length).toBeGreaterThan(35)
  for (const { method, path } of routes)
    for (const { accessToken: token } of [...admins, out]) {
      const { status } = await app.ask(method, path, { token, ...(method !== 'GET' && { body: {} }) })
      expect([method, path, [401, 403].includes(status) ? 'refused' : status]).toEqual([method, path, 'refused'])
    }
})

test('the same routes serve a user who is not', async () => {
  await using app = await startApp()
  for (const { method, path } of guardedRoutes(app)) {
    const ada = await app.signUp()
    await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
    const { status, body } = await app.ask(method, path, {
      token: ada.accessToken,
      ...(method !== 'GET' && { body: {} }),
    })
    const whoIsAsking = [
      'no_authorization',
      'bad_jwt',
      'user_banned',
      'session_not_found',
      'not_admin',
      'invalid_token',
      'token_invalid',
      'admin_required',
    ]
    const refusedFor = [body.code, body.error, body.reason].find((each) => whoIsAsking.includes(each))
    // answers that the token belongs to another surface
    const isAnswer = path === '/auth/v1/refresh' && body.reason === 'refresh_failed'
    expect([method, path, status === 401 && !isAnswer ? status : undefined, refusedFor]).toEqual([
      method,
      path,
      undefined,
      undefined,
    ])
  }
})
