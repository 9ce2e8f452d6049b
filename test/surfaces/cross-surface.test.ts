/** Rules across all surfaces (docs/decisions.md#d1 to #d5; docs/threat-model.md#t4, #t20, #t24). */
import { expect, test } from 'bun:test'
import { HOUR } from '../../src/lib/milliseconds'
import { passwordGrant, refresh, startApp, type TestApp } from '../support/app'
import { execute } from '../support/database'
import { enrolled, protectedAccount } from '../support/factors'
import { signIn } from '../support/federation'
import { cookieOf, get, login, mint, minted, ORIGIN, post } from '../support/native'
import { codeAt } from '../support/totp'

/** A session of each surface, and a bearer token of it. */
async function everywhere(app: TestApp, email: string) {
  const supabase = await app.signIn(email)
  const native = await minted(app, email)
  const { body: service, headers } = await login(app, email)
  const { body: federated } = await signIn(app, email)
  return {
    bearers: [supabase.accessToken, native.accessToken, service.access_token, federated.access_token],
    cookie: cookieOf(headers),
    service,
    native,
    supabase,
  }
}

const works = async (app: TestApp, token: string) => {
  const answers = [await get(app, '/me', { token }), await app.ask('GET', '/auth/v1/user', { token })]
  return answers.map(({ status }) => status === 200)
}

test('a token of any surface authenticates on every surface', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  for (const token of (await everywhere(app, email)).bearers) expect(await works(app, token)).toEqual([true, true])
})

test('threat T24: a session revoked on one surface is revoked on all', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const { service, cookie } = await everywhere(app, email)
  // the cookie and the tokens of one login are one session
  const { status } = await app.ask('POST', '/auth/v1/logout?scope=local', { token: service.access_token })
  expect(status).toBe(204)
  expect(await works(app, service.access_token)).toEqual([false, false])
  expect((await get(app, '/me', { headers: { cookie } })).status).toBe(401)
  expect((await post(app, '/refresh', { refresh_token: service.refresh_token })).status).toBe(401)
})

test('threat T24: a global sign-out from any surface ends the sessions of all', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  for (const index of [0, 1, 2]) {
    const { bearers } = await everywhere(app, email)
    await app.ask('POST', '/auth/v1/logout', { token: bearers[index] as string })
    for (const token of bearers) expect(await works(app, token)).toEqual([false, false])
  }
})

test('a sign-out on one surface keeps the sessions of the others', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const { bearers, native } = await everywhere(app, email)
  expect((await post(app, '/logout', { refreshToken: native.refreshToken })).status).toBe(204)
  expect(await Promise.all(bearers.map((token) => works(app, token)))).toEqual([
    [true, true],
    [false, false],
    [true, true],
    [true, true],
  ])
})

test('threat T24: deleted and banned users are refused on every surface at once', async () => {
  await using app = await startApp()
  for (const how of ['soft', 'hard', 'ban']) {
    const { id, email } = await app.signUp()
    const { bearers, cookie } = await everywhere(app, email)
    const path = `/auth/v1/admin/users/${id}`
    if (how === 'ban') await app.ask('PUT', path, { token: app.admin, body: { ban_duration: '1h' } })
    else await app.ask('DELETE', path, { token: app.admin, body: { should_soft_delete: how === 'soft' } })
    for (const token of bearers) expect(await works(app, token)).toEqual([false, false])
    expect((await get(app, '/me', { headers: { cookie } })).status).not.toBe(200)
  }
})

test('a new password ends every other session on every surface', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const { bearers, native } = await everywhere(app, email)
  const body = { password: 'another-horse-battery-7' }
  expect((await app.ask('PUT', '/auth/v1/user', { token: native.accessToken, body })).status).toBe(200)
  expect(await Promise.all(bearers.map(async (token) => (await works(app, token))[0]))).toEqual([
    false,
    true,
    false,
    false,
  ])
})

test('threat T4: the logins of all surfaces share one attempt counter, by address in any case, name and uid', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const { email } = await app.signUp()
  const attacker = (index: number) => ({ ip: `198.51.${index}.9` })
  const password = 'wrong'
  const ways = [
    (index: number) => passwordGrant(app, { email, password }, attacker(index)),
    (index: number) => mint(app, email, { password }, attacker(index)),
    (index: number) => login(app, email.toUpperCase(), { password }, attacker(index)),
    (index: number) => login(app, 'u1', { password }, attacker(index)),
    (index: number) => signIn(app, email, { password }, attacker(index)),
    (index: number) => mint(app, '1', { password }, attacker(index)),
  ]
  const evaluated: number[] = []
  for (let guess = 0; guess < 60; guess++) {
    const before = app.hasher.verified.length
    await ways[guess % ways.length]?.(guess)
    evaluated.push(app.hasher.verified.length - before)
  }
  expect(evaluated.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(20)
  for (const [index, way] of ways.entries()) expect((await way(200 + index)).status).toBe(429)
})

test('the owner can sign in from a known network while others guess', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const { email } = await app.signUp()
  for (let guess = 0; guess < 30; guess++) await mint(app, email, { password: 'wrong' }, { ip: `198.51.${guess}.9` })
  expect((await login(app, email)).status).toBe(200)
})

test('on the Supabase surface a cookie works only for pages of the same origin', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const { cookie } = await everywhere(app, email)
  expect((await app.ask('GET', '/auth/v1/user', { headers: { cookie } })).status).toBe(200)
  const foreign = { headers: { cookie, origin: 'https://evil.example' } }
  expect((await app.ask('POST', '/auth/v1/logout', foreign)).status).toBe(403)
  expect((await app.ask('GET', '/auth/v1/user', { headers: { cookie } })).status).toBe(200)
})

const withCookie = (app: TestApp, cookie: string) => get(app, '/me', { headers: { cookie } })

test('a session cookie expires with the maximum age of its session, and then creates no personal access token', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_TIMEBOX: '1h' } })
  const { email } = await app.signUp()
  const cookie = cookieOf((await login(app, email)).headers)
  app.clock.advance(HOUR)
  expect((await withCookie(app, cookie)).status).toBe(200)
  app.clock.advance(1)
  expect((await withCookie(app, cookie)).body.error).toBe('invalid_token')
  expect((await post(app, '/tokens', { name: 'x' }, { headers: { cookie } })).status).toBe(401)
  expect((await app.ask('GET', '/auth/v1/user', { headers: { cookie } })).body.code).toBe('session_expired')
})

test('a session cookie expires after the inactivity timeout, and not before', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_INACTIVITY_TIMEOUT: '1h' } })
  const { email } = await app.signUp()
  const cookie = cookieOf((await login(app, email)).headers)
  for (let use = 0; use < 3; use++) {
    app.clock.advance(HOUR - 1)
    expect((await withCookie(app, cookie)).status).toBe(200)
  }
  const { body } = await app.ask('GET', '/auth/v1/sessions', { headers: { cookie } })
  expect(body.find(({ current }: { current: boolean }) => current).refreshed_at).not.toBeNull()
  app.clock.advance(HOUR + 1)
  expect((await withCookie(app, cookie)).status).toBe(401)
})

test('with one session per user, a later session invalidates the cookie', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
  const { email } = await app.signUp()
  const first = cookieOf((await login(app, email)).headers)
  app.clock.advance(1000)
  const second = cookieOf((await login(app, email)).headers)
  expect((await withCookie(app, second)).status).toBe(200)
  expect((await withCookie(app, first)).status).toBe(401)
})

test('a cookie of a session without the required second factor expires with that session', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_ALLOW_LOW_AAL: '1h' } })
  const ada = await app.signUp()
  const cookie = cookieOf((await login(app, ada.email)).headers)
  const factor = await enrolled(app, ada.accessToken)
  await execute(
    app.database,
    {
      sqlite: "UPDATE mfa_factors SET status = 'verified' WHERE id = ?",
      postgres: "UPDATE auth.mfa_factors SET status = 'verified' WHERE id = ?",
    },
    factor.id,
  )
  expect((await withCookie(app, cookie)).status).toBe(200)
  app.clock.advance(HOUR + 1)
  expect((await withCookie(app, cookie)).status).toBe(401)
})

test('decision D4: a ban ends every session, also after it has expired', async () => {
  await using app = await startApp()
  const { id, email } = await app.signUp()
  const { bearers, cookie, service, native, supabase } = await everywhere(app, email)
  const { body: pat } = await post(app, '/tokens', { name: 'x' }, { token: service.access_token })
  const body = { ban_duration: '10m' }
  expect((await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body })).status).toBe(200)
  expect((await refresh(app, supabase.refreshToken)).body.code).toBe('user_banned')
  app.clock.advance(601_000)
  for (const token of [...bearers, pat.token]) expect(await works(app, token)).toEqual([false, false])
  expect((await withCookie(app, cookie)).status).toBe(401)
  expect((await refresh(app, supabase.refreshToken)).body.code).toBe('refresh_token_not_found')
  expect((await post(app, '/refresh', { refresh_token: service.refresh_token })).status).toBe(401)
  expect((await post(app, '/refresh', { refreshToken: native.refreshToken })).status).toBe(401)
  const later = await app.signIn(email)
  expect(await works(app, later.accessToken)).toEqual([true, true])
  const listed = await app.ask('GET', '/auth/v1/sessions', { token: later.accessToken })
  expect(listed.body).toHaveLength(1)
})

test('no personal access token is created while a ban is written', async () => {
  await using app = await startApp()
  const { id, email } = await app.signUp()
  const { body } = await login(app, email)
  const banned = { token: app.admin, body: { ban_duration: '10m' } }
  const [ban, ...made] = await Promise.all([
    app.ask('PUT', `/auth/v1/admin/users/${id}`, banned),
    ...Array.from({ length: 20 }, (_, index) =>
      post(app, '/tokens', { name: `${index}` }, { token: body.access_token }),
    ),
  ])
  expect(ban?.status).toBe(200)
  app.clock.advance(601_000)
  for (const { body: token } of made.filter(({ status }) => status === 201))
    expect((await get(app, '/me', { token: token.token })).status).toBe(401)
})

test('information for sessions with the second factor is given to no other caller', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  const low = await app.signIn(ada.email)
  const { body: high } = await login(app, ada.email, { code: codeAt(ada.factor.secret, app.clock.now()) })
  const { body: pat } = await post(app, '/tokens', { name: 'x' }, { token: high.access_token })
  const roles = async (token: string) => {
    const { body: said } = await post(app, '/introspect', { token })
    const { body: me } = await get(app, '/me', { token })
    expect([me.roles, me.is_admin]).toEqual([said.roles, said.roles.includes('admin')])
    return said.roles
  }
  expect(await roles(high.access_token)).toEqual(['user', 'admin'])
  expect(await roles(low.accessToken)).toEqual(['user'])
  expect(await roles(pat.token)).toEqual(['user'])
})

test('signing out with an expired cookie ends its session, so that it cannot become valid again', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
  const { email } = await app.signUp()
  const first = cookieOf((await login(app, email)).headers)
  app.clock.advance(1000)
  const second = cookieOf((await login(app, email)).headers)
  for (const cookie of [first, second])
    expect((await post(app, '/logout', undefined, { headers: { cookie, origin: ORIGIN } })).status).toBe(204)
  expect((await withCookie(app, first)).status).toBe(401)
})

test('decision D4: a ban that was replaced by an expired one also ends every session', async () => {
  await using app = await startApp()
  const { id, accessToken } = await app.signUp()
  for (const ban_duration of ['24h', '-1h'])
    await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration } })
  expect(await works(app, accessToken)).toEqual([false, false])
})
