/** The Custom Access Token hook over every way to a token (docs/hooks.md#custom-access-token). */
import { expect, test } from 'bun:test'
import { claimsOf, type Json, PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import { countRows } from '../../support/database'
import { challenge, pass, protectedAccount, verify as verifyFactor } from '../../support/factors'
import { type Scripted, startHookServer } from '../../support/hook-server'
import { confirmedUser, lastMessageTo, open, userOf, verify } from '../../support/mail'
import { fakeGitHub } from '../../support/providers'
import { mailed, S256, VERIFIER, WAYS, type Way, WITH_EVERY_WAY } from '../../support/sign-ins'
import { codeAt } from '../../support/totp'

const ADA = 'ada@example.com'
const PHONE = '15551230000'

/** A hook that agrees, and adds a claim. */
const AGREES = ({ payload }: { payload: Json }): Scripted => ({
  body: { claims: { ...payload.claims, tier: 'gold' } },
})
const post = (app: TestApp, path: string, body: object) => app.ask('POST', `/auth/v1${path}`, { body })
const REFUSES: Scripted = { body: { error: { http_code: 403, message: 'Not now' } } }

async function start(settings: Record<string, string> = {}) {
  const hook = await startHookServer()
  hook.always(AGREES)
  const app = await startApp({
    fetchProvider: fakeGitHub().fetch,
    settings: {
      ...WITH_EVERY_WAY,
      ...hook.settings('CUSTOM_ACCESS_TOKEN'),
      ...settings,
    },
  })
  return {
    hook,
    app,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await hook[Symbol.asyncDispose]()
    },
  }
}

test.each(Object.keys(WAYS))('%s: the hook sets the claims; its refusal costs nothing', async (name) => {
  const { begin, method, refused, isRepeatable } = WAYS[name] as Way
  await using at = await start()
  const { hook, app } = at
  const attempt = await begin(app, { email: ADA, phone: PHONE })
  const sessions = await countRows(app.database, 'sessions')

  hook.calls.length = 0
  hook.always(REFUSES)
  for (let times = 0; times < 2; times++) {
    const { status, accessToken, error } = await attempt()
    expect([status, accessToken]).toEqual([refused?.status ?? 403, undefined])
    expect(error).toEqual(refused?.error ?? ['unknown', 'Not now'])
    expect(await countRows(app.database, 'sessions')).toBe(sessions)
  }
  // a hook that is broken is no different
  hook.always({ status: 500 })
  expect((await attempt()).accessToken).toBeUndefined()
  expect(await countRows(app.database, 'sessions')).toBe(sessions)

  hook.always(AGREES)
  const { accessToken = '' } = await attempt()
  expect(claimsOf(accessToken)).toMatchObject({ tier: 'gold', session_id: expect.any(String) })
  const { status, body: user } = await app.ask('GET', '/auth/v1/user', { token: accessToken })
  expect([status, user.id]).toEqual([200, claimsOf(accessToken).sub])
  expect(new Set(hook.calls.map(({ payload }) => payload.authentication_method))).toEqual(new Set([method]))
  expect(hook.calls).toHaveLength(4)
  expect(Object.keys(hook.last().payload)).toEqual(['user_id', 'claims', 'authentication_method'])

  const again = await attempt()
  expect([name, again.accessToken !== undefined]).toEqual([name, isRepeatable === true])
})

test('the payload has the claims in their order, without jti and nbf', async () => {
  await using at = await start()
  const { hook, app } = at
  await confirmedUser(app, ADA)
  const ada = await app.signIn(ADA)
  const { metadata, payload } = hook.last()
  expect(metadata).toEqual({
    uuid: expect.any(String),
    time: '2026-01-01T00:00:00.000Z',
    name: 'customize-access-token',
    ip_address: '203.0.113.7',
  })
  expect(payload.user_id).toBe(ada.id)
  expect(Object.entries(payload.claims)).toEqual([
    ['iss', 'http://localhost:7020/auth/v1'],
    ['sub', ada.id],
    ['aud', 'authenticated'],
    ['exp', 1767229200],
    ['iat', 1767225600],
    ['email', ADA],
    ['phone', ''],
    ['app_metadata', { provider: 'email', providers: ['email'] }],
    ['user_metadata', expect.any(Object)],
    ['role', 'authenticated'],
    ['aal', 'aal1'],
    ['amr', [{ method: 'password', timestamp: 1767225600 }]],
    ['session_id', ada.sessionId],
    ['is_anonymous', false],
  ])
})

test('what the hook returns is all that is signed, with sorted keys', async () => {
  await using at = await start()
  const { hook, app } = at
  await confirmedUser(app, ADA)
  hook.always(({ payload: { claims } }) => {
    const { app_metadata, user_metadata, amr, iss, ...rest } = claims
    return { body: { claims: { ...rest, zeta: 1, Alpha: [{ b: 1, a: null }], role: 'editor', aud: ['one', 'two'] } } }
  })
  const { body } = await passwordGrant(app, { email: ADA, password: PASSWORD })
  const payload = Buffer.from(body.access_token.split('.')[1], 'base64url').toString()
  const sub = body.user.id
  const { session_id } = claimsOf(body.access_token)
  expect(payload).toBe(
    `{"Alpha":[{"a":null,"b":1}],"aal":"aal1","aud":["one","two"],"email":"${ADA}","exp":1767229200,"iat":1767225600,` +
      `"is_anonymous":false,"phone":"","role":"editor","session_id":"${session_id}","sub":"${sub}","zeta":1}`,
  )
  const token = body.access_token
  expect((await userOf(app, token)).id).toBe(sub)
  const data = { nickname: 'ada' }
  expect((await app.ask('PUT', '/auth/v1/user', { token, body: { data } })).body.user_metadata).toMatchObject(data)
  expect((await app.ask('GET', '/auth/v1/sessions', { token })).status).toBe(200)
  expect((await app.ask('POST', '/auth/v1/logout', { token })).status).toBe(204)
})

test('the lifetime in the answer is the configured one, and the token has its own', async () => {
  await using at = await start()
  const { hook, app } = at
  await confirmedUser(app, ADA)
  hook.always(({ payload: { claims } }) => ({ body: { claims: { ...claims, exp: claims.iat + 60 } } }))
  const { body } = await passwordGrant(app, { email: ADA, password: PASSWORD })
  expect([body.expires_in, body.expires_at]).toEqual([3600, 1767229200])
  expect((await app.ask('GET', '/auth/v1/user', { token: body.access_token })).status).toBe(200)
  app.clock.advance(60_000)
  expect((await app.ask('GET', '/auth/v1/user', { token: body.access_token })).status).toBe(403)
})

test('a hook may not raise a session: the level in the token only lowers that of the session', async () => {
  await using at = await start({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  const { hook, app } = at
  const ada = await protectedAccount(app)
  hook.always(({ payload: { claims } }) => ({ body: { claims: { ...claims, aal: 'aal2', role: 'admin' } } }))
  const { accessToken: token } = await app.signIn(ada.email)
  expect(claimsOf(token).aal).toBe('aal2')
  const remove = await app.ask('DELETE', `/auth/v1/factors/${ada.factor.id}`, { token })
  expect([remove.status, remove.body.code]).toEqual([422, 'insufficient_aal'])
  expect((await app.ask('GET', '/auth/v1/admin/users', { token })).status).toBe(403)
})

test('a claim named like one of another surface changes nothing', async () => {
  await using at = await start()
  const { hook, app } = at
  await confirmedUser(app, ADA)
  hook.always(({ payload: { claims } }) => ({ body: { claims: { ...claims, type: 'access', sid: 'x' } } }))
  const { accessToken: token, id } = await app.signIn(ADA)
  expect((await userOf(app, token)).id).toBe(id)
})

test('a password is reset with a token whose amr the hook has dropped', async () => {
  await using at = await start({ AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true' })
  const { hook, app } = at
  hook.always(({ payload: { claims } }) => {
    const { amr, ...rest } = claims
    return { body: { claims: rest } }
  })
  const { token: token_hash } = await mailed(app, ADA, '/recover')
  const { body } = await verify(app, { type: 'recovery', token_hash })
  const change = { token: body.access_token, body: { password: 'another-horse-battery-7' } }
  expect((await app.ask('PUT', '/auth/v1/user', change)).status).toBe(200)
})

test('a sign-up without confirmation keeps its account, which can sign in once the hook works', async () => {
  await using at = await start({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  const { hook, app } = at
  hook.always(REFUSES)
  const { status, body } = await post(app, '/signup', { email: ADA, password: PASSWORD })
  expect([status, body.code, body.message]).toEqual([403, 'unknown', 'Not now'])
  expect(await countRows(app.database, 'sessions')).toBe(0)
  hook.always(AGREES)
  expect(hook.last().payload.authentication_method).toBe('password')
  expect((await app.signIn(ADA)).email).toBe(ADA)
})

test('a refused anonymous sign-up leaves no account', async () => {
  await using at = await start()
  const { hook, app } = at
  hook.always(REFUSES)
  await post(app, '/signup', { data: { name: 'guest' } })
  expect(await countRows(app.database, 'users')).toBe(0)
})

test('a refused sign-in is in the audit log', async () => {
  await using at = await start()
  const { hook, app } = at
  await confirmedUser(app, ADA)
  hook.always(REFUSES)
  await passwordGrant(app, { email: ADA, password: PASSWORD })
  const { body } = await app.ask('GET', '/auth/v1/admin/audit?query=action:hook_refused', { token: app.admin })
  expect(body).toHaveLength(1)
  expect(body[0].payload).toMatchObject({
    action: 'hook_refused',
    actor_username: ADA,
    traits: { session_id: expect.any(String), reason: 'hook_refused' },
  })
})

test('a code is used once, however many requests show it while the hook decides', async () => {
  await using at = await start()
  const { hook, app } = at
  const { code } = await mailed(app, ADA, '/otp')
  const show = () => verify(app, { type: 'email', email: ADA, token: code })
  const gate = Promise.withResolvers<Scripted>()
  hook.always(AGREES)
  hook.next(() => gate.promise)
  const first = show()
  await hook.called(1)
  // it is used up while the hook decides
  expect((await show()).body.code).toBe('otp_expired')
  gate.resolve(REFUSES)
  expect((await first).status).toBe(403)
  const replies = await Promise.all(Array.from({ length: 5 }, show))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403])
})

test('what became invalid while the hook decided stays invalid', async () => {
  const during = async (meanwhile: (app: TestApp, id: string) => Promise<unknown>) => {
    await using at = await start()
    const { hook, app } = at
    const { code } = await mailed(app, ADA, '/otp')
    const user = await app.store.findUserByEmail(ADA)
    app.clock.advance(61_000)
    const gate = Promise.withResolvers<Scripted>()
    hook.next(() => gate.promise)
    const first = verify(app, { type: 'email', email: ADA, token: code })
    await hook.called(1)
    app.clock.advance(1000)
    await meanwhile(app, user?.id ?? '')
    gate.resolve(REFUSES)
    expect((await first).status).toBe(403)
    hook.always(AGREES)
    return (await verify(app, { type: 'email', email: ADA, token: code })).status
  }
  const admin = (app: TestApp, id: string, body: object) =>
    app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body })
  expect(await during(async () => {})).toBe(200)
  expect(await during((app) => post(app, '/otp', { email: ADA }))).toBe(403)
  expect(await during((app, id) => admin(app, id, { email: 'other@example.com' }))).toBe(403)
  expect(await during((app, id) => admin(app, id, { password: 'another-horse-battery-7' }))).toBe(403)
  expect(await during((app, id) => admin(app, id, { ban_duration: '1h' }))).toBe(403)
  expect(await during((app, id) => app.ask('DELETE', `/auth/v1/admin/users/${id}`, { token: app.admin }))).toBe(403)
  expect(
    await during(async (app) => {
      await post(app, '/otp', { email: ADA })
      const { code } = await lastMessageTo(app, ADA)
      return verify(app, { type: 'email', email: ADA, token: code })
    }),
  ).toBe(403)
})

test('a PKCE code is exchanged once, and not after the sessions were ended', async () => {
  await using at = await start()
  const { hook, app } = at
  const { link } = await mailed(app, ADA, '/otp', S256)
  const { query } = await open(app, link)
  const exchange = () => post(app, '/token?grant_type=pkce', { auth_code: query.code, code_verifier: VERIFIER })
  const hold = async () => {
    const gate = Promise.withResolvers<Scripted>()
    hook.next(() => gate.promise)
    const before = hook.calls.length
    const reply = exchange()
    await hook.called(before + 1)
    return { gate, reply }
  }
  const one = await hold()
  expect((await exchange()).body.code).toBe('flow_state_not_found')
  one.gate.resolve(REFUSES)
  expect((await one.reply).status).toBe(403)
  const two = await hold()
  const user = await app.store.findUserByEmail(ADA)
  await app.store.endUserSessions({ userId: user?.id ?? '', which: 'all', audit: [] })
  two.gate.resolve(REFUSES)
  expect((await two.reply).status).toBe(403)
  expect((await exchange()).body.code).toBe('flow_state_not_found')
})

test('a TOTP code is used once while the hook decides, and other sessions end with a success alone', async () => {
  await using at = await start({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  const { hook, app } = at
  const ada = await protectedAccount(app)
  const low = await app.signIn(ada.email)
  const bystander = await app.signIn(ada.email)
  const { body } = await challenge(app, low.accessToken, ada.factor.id)
  const { body: other } = await challenge(app, bystander.accessToken, ada.factor.id)
  const code = codeAt(ada.factor.secret, app.clock.now())
  const gate = Promise.withResolvers<Scripted>()
  const before = hook.calls.length
  hook.next(() => gate.promise)
  const first = verifyFactor(app, low.accessToken, ada.factor.id, { challenge_id: body.id, code })
  await hook.called(before + 1)
  const stolen = await verifyFactor(app, bystander.accessToken, ada.factor.id, { challenge_id: other.id, code })
  expect(stolen.body.code).toBe('mfa_verification_failed')
  gate.resolve(REFUSES)
  expect((await first).status).toBe(403)
  // neither session has changed
  expect((await refresh(app, bystander.refreshToken)).status).toBe(200)
  const { body: kept } = await refresh(app, low.refreshToken)
  expect(claimsOf(kept.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] })
  const raised = await verifyFactor(app, kept.access_token, ada.factor.id, { challenge_id: body.id, code })
  expect(claimsOf(raised.body.access_token)).toMatchObject({ aal: 'aal2' })
  expect((await userOf(app, bystander.accessToken)).code).toBe('session_not_found')
  expect((await pass(app, raised.body.access_token, ada.factor)).body.code).toBe('mfa_verification_failed')
})

test('tokens of other surfaces and keys are not shown to the hook', async () => {
  await using at = await start({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  const { hook, app } = at
  await app.signUp(ADA)
  hook.calls.length = 0
  const body = { email: ADA, password: PASSWORD }
  expect((await app.ask('POST', '/api/auth/login', { body })).status).toBe(200)
  expect((await app.ask('POST', '/api/auth/token', { body: { ...body, grantType: 'password' } })).status).toBe(200)
  expect(hook.calls).toEqual([])
})

test('a hook that hangs does not slow other endpoints', async () => {
  await using at = await start()
  const { hook, app } = at
  await confirmedUser(app, ADA)
  const ada = await app.signIn(ADA)
  hook.calls.length = 0
  hook.always('hang')
  const { sleep } = app.clock
  // the time that calls wait for their turn
  app.clock.sleep = (ms) => (ms === 5000 ? new Promise((resolve) => setTimeout(resolve, 1000)) : sleep(ms))
  let hasEnded = false
  const waiting = Promise.all(
    Array.from({ length: 100 }, () => passwordGrant(app, { email: ADA, password: PASSWORD })),
  ).finally(() => (hasEnded = true))
  await hook.called(32)
  for (let times = 0; times < 50; times++) expect((await userOf(app, ada.accessToken)).id).toBe(ada.id)
  expect((await post(app, '/otp', { email: ADA })).status).toBe(200)
  // The calls end after five seconds.
  expect(hasEnded).toBe(false)
  const replies = await waiting
  expect(new Set(replies.map(({ status, body }) => `${status} ${body.code}`))).toEqual(new Set(['422 hook_timeout']))
  expect(hook.calls).toHaveLength(32)
  expect(await countRows(app.database, 'sessions')).toBe(1)
  hook.always(AGREES)
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
}, 60_000)
