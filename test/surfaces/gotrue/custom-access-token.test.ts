/** The Custom Access Token hook over every way to a token (docs/hooks.md#custom-access-token). */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  claimsOf,
  type Json,
  PASSWORD,
  passwordGrant,
  type Reply,
  refresh,
  startApp,
  type TestApp,
} from '../../support/app'
import { authenticator } from '../../support/authenticator'
import { countRows } from '../../support/database'
import { challenge, enrolled, pass, protectedAccount, verify as verifyFactor } from '../../support/factors'
import { type Scripted, startHookServer } from '../../support/hook-server'
import { confirmedUser, lastMessageTo, open, userOf, verify, WITH_PHONE } from '../../support/mail'
import { fakeGitHub, GITHUB, returnFromProvider, startAuthorization } from '../../support/providers'
import { codeAt } from '../../support/totp'
import { ethereumWallet, messageOf } from '../../support/wallets'

const ADA = 'ada@example.com'
const PHONE = '15551230000'
const VERIFIER = 'a-verifier-of-more-than-43-characters.~_0123456789'
const S256 = {
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 's256',
}

/** A hook that agrees, and adds a claim. */
const AGREES = ({ payload }: { payload: Json }): Scripted => ({
  body: { claims: { ...payload.claims, tier: 'gold' } },
})
const REFUSES: Scripted = { body: { error: { http_code: 403, message: 'Not now' } } }

async function start(settings: Record<string, string> = {}) {
  const hook = await startHookServer()
  hook.always(AGREES)
  const app = await startApp({
    fetchProvider: fakeGitHub().fetch,
    settings: {
      ...GITHUB,
      ...WITH_PHONE,
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
      AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
      AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
      AUTH_SITE_URL: 'http://localhost:3000',
      AUTH_MFA_RECOVERY_CODES_ENROLL_ENABLED: 'true',
      AUTH_MFA_RECOVERY_CODES_VERIFY_ENABLED: 'true',
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

interface Outcome {
  status: number
  accessToken: string | undefined
  refreshToken?: string | undefined
  /** The code and the message of an error. */
  error: unknown[]
}

const outcomeOf = ({ status, body }: Reply): Outcome => ({
  status,
  accessToken: body.access_token,
  refreshToken: body.refresh_token,
  error: [body.code, body.message],
})

async function redirectOutcome(landing: Awaited<ReturnType<typeof open>>): Promise<Outcome> {
  const { access_token, error_code, error_description, error } = { ...landing.query, ...landing.fragment } as Json
  return { status: landing.status, accessToken: access_token, error: [error_code, error_description, error] }
}

interface Way {
  /** Prepares it. @returns a request that can be repeated until it succeeds */
  begin(app: TestApp): Promise<() => Promise<Outcome>>
  method: string
  /** The refusal, unless it is the hook's. */
  refused?: { status: number; error: unknown[] }
  /** Whether it succeeds more than once. */
  isRepeatable?: boolean
}

const post = (app: TestApp, path: string, body: object) => app.ask('POST', `/auth/v1${path}`, { body })
const IN_REDIRECT = { status: 303, error: ['unknown', 'Not now', 'access_denied'] }

async function mailed(app: TestApp, path: string, body: object = {}) {
  await confirmedUser(app, ADA)
  await post(app, path, { email: ADA, ...body })
  return lastMessageTo(app, ADA)
}

const WAYS: Record<string, Way> = {
  'a password': {
    async begin(app) {
      await confirmedUser(app, ADA)
      return async () => outcomeOf(await passwordGrant(app, { email: ADA, password: PASSWORD }))
    },
    method: 'password',
    isRepeatable: true,
  },
  'an anonymous sign-up': {
    begin: async (app) => async () => outcomeOf(await post(app, '/signup', {})),
    method: 'anonymous',
    refused: { status: 500, error: ['unexpected_failure', 'Database error creating anonymous user'] },
    isRepeatable: true,
  },
  'the code of a magic link': {
    async begin(app) {
      const { code } = await mailed(app, '/otp')
      return async () => outcomeOf(await verify(app, { type: 'email', email: ADA, token: code }))
    },
    method: 'otp',
  },
  'a magic link': {
    async begin(app) {
      const { link } = await mailed(app, '/otp')
      return async () => redirectOutcome(await open(app, link))
    },
    method: 'otp',
    refused: IN_REDIRECT,
  },
  'the hash of a recovery token': {
    async begin(app) {
      const { token } = await mailed(app, '/recover')
      return async () => outcomeOf(await verify(app, { type: 'recovery', token_hash: token }))
    },
    method: 'otp',
  },
  'the confirmation of a sign-up': {
    async begin(app) {
      await post(app, '/signup', { email: ADA, password: PASSWORD })
      const { code } = await lastMessageTo(app, ADA)
      return async () => outcomeOf(await verify(app, { type: 'signup', email: ADA, token: code }))
    },
    method: 'otp',
  },
  'an invitation': {
    async begin(app) {
      await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: ADA } })
      const { token } = await lastMessageTo(app, ADA)
      return async () => outcomeOf(await verify(app, { type: 'invite', token_hash: token }))
    },
    method: 'otp',
  },
  'a code by SMS': {
    async begin(app) {
      await post(app, '/otp', { phone: PHONE })
      const { code } = await lastMessageTo(app, PHONE)
      return async () => outcomeOf(await verify(app, { type: 'sms', phone: PHONE, token: code }))
    },
    method: 'otp',
  },
  'the code of a PKCE flow': {
    async begin(app) {
      const { link } = await mailed(app, '/otp', S256)
      const { query } = await open(app, link)
      const body = { auth_code: query.code, code_verifier: VERIFIER }
      return async () => outcomeOf(await post(app, '/token?grant_type=pkce', body))
    },
    method: 'magiclink',
  },
  'the callback of a provider': {
    async begin(app) {
      const authorization = await startAuthorization(app)
      return async () => {
        const { status, headers } = await returnFromProvider(app, authorization)
        const { hash, searchParams } = new URL(headers.get('location') ?? 'http://localhost')
        const all = { ...Object.fromEntries(searchParams), ...Object.fromEntries(new URLSearchParams(hash.slice(1))) }
        return {
          status,
          accessToken: all.access_token,
          error: [all.error_code, decodeURIComponent(all.error_description ?? ''), all.error],
        }
      }
    },
    method: 'oauth',
    refused: { ...IN_REDIRECT, status: 302 },
  },
  'a message signed by a wallet': {
    async begin(app) {
      const wallet = ethereumWallet()
      const message = messageOf(wallet, app.clock.now())
      const signature = await wallet.sign(message)
      const body = { chain: 'ethereum', message, signature }
      return async () => outcomeOf(await post(app, '/token?grant_type=web3', body))
    },
    method: 'web3',
  },
  'a passkey': {
    async begin(app) {
      await confirmedUser(app, ADA)
      const { accessToken: token } = await app.signIn(ADA)
      const device = authenticator()
      const begun = await app.ask('POST', '/auth/v1/passkeys/registration/options', { token })
      const credential = device.create(begun.body.options)
      const body = { challenge_id: begun.body.challenge_id, credential }
      expect((await app.ask('POST', '/auth/v1/passkeys/registration/verify', { token, body })).status).toBe(200)
      return async () => {
        app.clock.advance(1000)
        const { body: asked } = await app.ask('POST', '/auth/v1/passkeys/authentication/options')
        const shown = { challenge_id: asked.challenge_id, credential: device.get(asked.options) }
        return outcomeOf(await post(app, '/passkeys/authentication/verify', shown))
      }
    },
    method: 'passkey',
    isRepeatable: true,
  },
  'a refresh': {
    async begin(app) {
      await confirmedUser(app, ADA)
      const { refreshToken } = await app.signIn(ADA)
      return async () => outcomeOf(await refresh(app, refreshToken))
    },
    method: 'token_refresh',
    isRepeatable: true,
  },
  'a TOTP code': {
    async begin(app) {
      await confirmedUser(app, ADA)
      const { accessToken } = await app.signIn(ADA)
      const { id, secret } = await enrolled(app, accessToken)
      const { body } = await challenge(app, accessToken, id)
      const shown = { challenge_id: body.id, code: codeAt(secret, app.clock.now()) }
      return async () => outcomeOf(await verifyFactor(app, accessToken, id, shown))
    },
    method: 'totp',
  },
  'a code of a second factor by SMS': {
    async begin(app) {
      await confirmedUser(app, ADA)
      const { accessToken: token } = await app.signIn(ADA)
      const { body } = await app.ask('POST', '/auth/v1/factors', {
        token,
        body: { factor_type: 'phone', phone: `+${PHONE}` },
      })
      const { body: begun } = await challenge(app, token, body.id)
      const { code } = await lastMessageTo(app, PHONE)
      return async () => outcomeOf(await verifyFactor(app, token, body.id, { challenge_id: begun.id, code }))
    },
    method: 'mfa/phone',
  },
  'a recovery code': {
    async begin(app) {
      const ada = await protectedAccount(app)
      const path = '/auth/v1/factors/recovery-codes'
      const { body } = await app.ask('POST', path, { token: ada.raised.accessToken, body: {} })
      const { accessToken: token } = await app.signIn(ada.email)
      const shown = { token, body: { code: body.codes[0] } }
      return async () => outcomeOf(await app.ask('POST', `${path}/verify`, shown))
    },
    method: 'mfa/recovery_code',
  },
}

/** Other settings of some ways. */
const SETTINGS: Record<string, Record<string, string>> = {
  'a recovery code': { AUTH_MAILER_AUTOCONFIRM: 'true' },
  'a message signed by a wallet': { AUTH_SITE_URL: 'https://app.example' },
}

test.each(Object.keys(WAYS))('%s: the hook sets the claims; its refusal costs nothing', async (name) => {
  const { begin, method, refused, isRepeatable } = WAYS[name] as Way
  await using at = await start(SETTINGS[name])
  const { hook, app } = at
  const attempt = await begin(app)
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
  const { token: token_hash } = await mailed(app, '/recover')
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
  const { code } = await mailed(app, '/otp')
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
    const { code } = await mailed(app, '/otp')
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
  const { link } = await mailed(app, '/otp', S256)
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
  const waiting = Array.from({ length: 100 }, () => passwordGrant(app, { email: ADA, password: PASSWORD }))
  await hook.called(32)
  const begun = performance.now()
  for (let times = 0; times < 50; times++) expect((await userOf(app, ada.accessToken)).id).toBe(ada.id)
  expect((await post(app, '/otp', { email: ADA })).status).toBe(200)
  expect(performance.now() - begun).toBeLessThan(2000)
  const replies = await Promise.all(waiting)
  expect(new Set(replies.map(({ status, body }) => `${status} ${body.code}`))).toEqual(new Set(['422 hook_timeout']))
  expect(hook.calls).toHaveLength(32)
  expect(await countRows(app.database, 'sessions')).toBe(1)
  hook.always(AGREES)
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
}, 20_000)
