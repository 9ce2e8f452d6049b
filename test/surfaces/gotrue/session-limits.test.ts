import { expect, test } from 'bun:test'
import { HOUR, MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, type Json, refresh, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'
import { pass, protectedAccount } from '../../support/factors'

const setOfSession = (set: string) => ({
  sqlite: `UPDATE sessions SET ${set} WHERE id = ?`,
  postgres: `UPDATE auth.sessions SET ${set} WHERE id = ?`,
})

const message = ({ status, body }: Json) => [status, body.code, body.message]
const ids = async (app: TestApp, token: string) =>
  (await app.ask('GET', '/auth/v1/sessions', { token })).body.map(({ id }: Json) => id)

test('a session without its user’s second factor ends after the limit, with its tokens', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_ALLOW_LOW_AAL: '10m', AUTH_JWT_EXP: '3600' } })
  const ada = await protectedAccount(app)
  const signedIn = await app.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: ada.email, password: ada.password },
  })
  const { iat, exp, session_id: low } = claimsOf(signedIn.body.access_token)
  expect([exp - iat, signedIn.body.expires_in, signedIn.body.expires_at]).toEqual([600, 600, exp])
  app.clock.advance(4 * MINUTE)
  const refreshed = await refresh(app, signedIn.body.refresh_token)
  expect(refreshed.body.expires_in).toBe(360)
  app.clock.advance(6 * MINUTE + 1)
  expect(message(await refresh(app, refreshed.body.refresh_token))).toEqual([
    400,
    'session_expired',
    'Invalid Refresh Token: Session Expired (Low AAL: User Needs MFA Verification)',
  ])
  expect(await ids(app, ada.raised.accessToken)).not.toContain(low)
  const raised = await refresh(app, ada.raised.refreshToken)
  expect([raised.status, raised.body.expires_in]).toEqual([200, 3600])
})

test('a session that passes the factor in time continues, as does one of a user without factors', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_ALLOW_LOW_AAL: '10m' } })
  const bob = await app.signUp()
  const ada = await protectedAccount(app)
  const low = await app.signIn(ada.email)
  const raised = await pass(app, low.accessToken, ada.factor)
  expect(raised.body.expires_in).toBe(3600)
  app.clock.advance(HOUR)
  expect((await refresh(app, raised.body.refresh_token)).status).toBe(200)
  expect((await refresh(app, bob.refreshToken)).status).toBe(200)
})

test('with one session per user, only the one used last can be refreshed', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
  const first = await app.signUp()
  app.clock.advance(MINUTE)
  const second = await app.signIn(first.email)
  const bystander = await app.signUp()
  const me = { token: first.accessToken }
  expect((await app.ask('GET', '/auth/v1/user', me)).status).toBe(200)
  expect(await ids(app, first.accessToken)).toEqual([second.sessionId])
  expect(message(await refresh(app, first.refreshToken))).toEqual([
    400,
    'session_expired',
    'Invalid Refresh Token: Session Expired (Revoked by Newer Login)',
  ])
  app.clock.advance(MINUTE)
  expect((await refresh(app, second.refreshToken)).status).toBe(200)
  expect((await refresh(app, bystander.refreshToken)).status).toBe(200)
})

test('a newer session that has ended does not affect an older one', async () => {
  await using app = await startApp({
    settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true', AUTH_SESSIONS_INACTIVITY_TIMEOUT: '2h' },
  })
  const first = await app.signUp()
  app.clock.advance(MINUTE)
  const second = await app.signIn(first.email)
  expect((await app.ask('POST', '/auth/v1/logout?scope=local', { token: second.accessToken })).status).toBe(204)
  expect((await refresh(app, first.refreshToken)).status).toBe(200)
})

test('with tags a user can have one session per tag', async () => {
  await using app = await startApp({
    settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true', AUTH_SESSIONS_TAGS: 'web,phone' },
  })
  const first = await app.signUp()
  app.clock.advance(MINUTE)
  const phone = await app.signIn(first.email)
  await execute(app.database, setOfSession('tag = ?'), 'phone', phone.sessionId)
  expect((await ids(app, first.accessToken)).sort()).toEqual([first.sessionId, phone.sessionId].sort())
  expect((await refresh(app, first.refreshToken)).status).toBe(200)
  await execute(app.database, setOfSession('tag = ?'), 'unknown', phone.sessionId)
  app.clock.advance(MINUTE)
  const web = await app.signIn(first.email)
  expect(message(await refresh(app, phone.refreshToken))[1]).toBe('session_expired')
  expect((await refresh(app, web.refreshToken)).status).toBe(200)
})

test('with one session per user, of two simultaneous refreshes one succeeds', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
  const first = await app.signUp()
  const second = await app.signIn(first.email)
  app.clock.advance(MINUTE)
  const replies = await Promise.all([refresh(app, first.refreshToken), refresh(app, second.refreshToken)])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 400])
})

test('the session used last is found among any number of sessions', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
  const oldest = await app.signUp()
  let newest = oldest
  for (let count = 0; count < 201; count++) {
    app.clock.advance(1)
    newest = await app.signIn(oldest.email)
  }
  const lastUse = app.clock.now() + 1
  await execute(
    app.database,
    {
      sqlite: setOfSession('refreshed_at = ?').sqlite,
      postgres: setOfSession('refreshed_at = to_timestamp(?::float8 / 1000)').postgres,
    },
    lastUse,
    oldest.sessionId,
  )
  app.clock.advance(MINUTE)
  expect(message(await refresh(app, newest.refreshToken))[1]).toBe('session_expired')
  expect((await refresh(app, oldest.refreshToken)).status).toBe(200)
}, 60_000)

test('a newer session that ended for lack of a factor does not affect an older one', async () => {
  await using app = await startApp({
    settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true', AUTH_SESSIONS_ALLOW_LOW_AAL: '10m' },
  })
  const ada = await protectedAccount(app)
  app.clock.advance(MINUTE)
  const low = await app.signIn(ada.email)
  expect(message(await refresh(app, ada.raised.refreshToken))[1]).toBe('session_expired')
  app.clock.advance(10 * MINUTE + 1)
  expect(await ids(app, ada.raised.accessToken)).toEqual([ada.sessionId])
  expect((await refresh(app, ada.raised.refreshToken)).status).toBe(200)
  expect(message(await refresh(app, low.refreshToken))[1]).toBe('session_expired')
})

test('a limit of zero is no limit', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_ALLOW_LOW_AAL: '0s' } })
  const ada = await protectedAccount(app)
  const low = await app.signIn(ada.email)
  app.clock.advance(HOUR)
  expect((await refresh(app, low.refreshToken)).body.expires_in).toBe(3600)
})

test('an administrator’s session that ended for lack of a factor is refused, but a newer sign-in does not end it', async () => {
  await using app = await startApp({
    settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true', AUTH_SESSIONS_ALLOW_LOW_AAL: '10m' },
  })
  const ada = await protectedAccount(app)
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { role: 'service_role' } })
  const { body } = await refresh(app, ada.raised.refreshToken)
  const list = () => app.ask('GET', '/auth/v1/admin/users', { token: body.access_token })
  app.clock.advance(20 * MINUTE)
  await app.signIn(ada.email)
  expect((await list()).status).toBe(200)
  await execute(app.database, setOfSession("aal = 'aal1'"), ada.sessionId)
  expect(message(await list())).toEqual([403, 'session_expired', 'Session is no longer valid'])
})
