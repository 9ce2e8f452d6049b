/**
 * The hook that is asked before an account is created (docs/hooks.md#before-user-created), on every way to get one
 * (threat T65).
 */
import { describe, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Json, PASSWORD, type Reply, startApp, type TestApp, type TestOptions } from '../support/app'
import { countRows, readRows, tablesOf } from '../support/database'
import { eachEngine } from '../support/engines'
import { type HookServer, startHookServer } from '../support/hook-server'
import { confirmedUser, lastMessageTo, mailboxOf, open, WITH_CONFIRMATION, WITH_PHONE } from '../support/mail'
import { runOn } from '../support/postgres'
import {
  fakeGitHub,
  fragmentOf,
  GITHUB,
  queryOf,
  returnFromProvider,
  signInAtGitHub,
  startAuthorization,
} from '../support/providers'
import { ethereumWallet, messageOf } from '../support/wallets'

const EMAIL = 'ada@example.com'
const PHONE = '15551230000'
const NAME = 'before-user-created'
const REFUSAL = { body: { error: { http_code: 403, message: 'Only @example.com may sign up' } } }

const idTokenKeys = await generateKeyPair('RS256', { extractable: true })
const published = { ...(await exportJWK(idTokenKeys.publicKey)), kid: 'key-1', alg: 'RS256' }

interface Started extends AsyncDisposable {
  app: TestApp
  hook: HookServer
  github: ReturnType<typeof fakeGitHub>
}

async function start(options: TestOptions = {}): Promise<Started> {
  const hook = await startHookServer()
  const github = fakeGitHub(EMAIL)
  const settings = {
    ...WITH_CONFIRMATION,
    ...WITH_PHONE,
    ...GITHUB,
    AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
    AUTH_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
    AUTH_EXTERNAL_GOOGLE_CLIENT_ID: 'web-client',
    AUTH_EXTERNAL_GOOGLE_SECRET: 'secret',
    AUTH_SITE_URL: 'https://app.example',
    ...hook.settings('BEFORE_USER_CREATED'),
    ...options.settings,
  }
  const fetchProvider = (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = String(input)
    if (!url.startsWith('https://accounts.google.com')) return github.fetch(url, init)
    if (url.endsWith('/keys')) return Response.json({ keys: [published] })
    const issuer = 'https://accounts.google.com'
    return Response.json({ issuer, jwks_uri: `${issuer}/keys`, authorization_endpoint: `${issuer}/auth` })
  }) as typeof fetch
  const app = await startApp({ fetchProvider, ...options, settings })
  return {
    app,
    hook,
    github,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await hook[Symbol.asyncDispose]()
    },
  }
}

async function idToken(app: TestApp, more: object = {}): Promise<string> {
  const now = Math.floor(app.clock.now() / 1000)
  const payload = {
    iss: 'https://accounts.google.com',
    sub: '1',
    aud: 'web-client',
    email: EMAIL,
    email_verified: true,
  }
  return new SignJWT({ ...payload, iat: now, exp: now + 600, ...more })
    .setProtectedHeader({ alg: 'RS256', kid: 'key-1' })
    .sign(idTokenKeys.privateKey)
}

const admin = (app: TestApp, path: string, body: object) => app.ask('POST', path, { token: app.admin, body })
const post = (app: TestApp, path: string, body: object) => app.ask('POST', path, { body })

/** A way to get an account. */
interface Door {
  settings?: Record<string, string>
  /** What happens before; its result is passed to `enter`. */
  prepare?: (started: Started) => Promise<Json>
  /** The request that creates the account. */
  enter: (app: TestApp, prepared: Json) => Promise<Reply>
  /** What the hook learns, in addition to what every door has. */
  user: Json
  /** Which of the client's errors has the hook's status; others are redirects or of another surface. */
  answer?: 'redirect' | 'service'
}

const AUTOCONFIRM = { AUTH_MAILER_AUTOCONFIRM: 'true', AUTH_SMS_AUTOCONFIRM: 'true' }
const byEmail = { email: EMAIL, app_metadata: { provider: 'email', providers: ['email'] }, user_metadata: {} }
const byPhone = { phone: PHONE, app_metadata: { provider: 'phone', providers: ['phone'] }, user_metadata: {} }
const data = { name: 'Ada' }
const signUp = (app: TestApp) => post(app, '/auth/v1/signup', { email: EMAIL, password: PASSWORD, data })
const link = (type: string) => (app: TestApp) =>
  admin(app, '/auth/v1/admin/generate_link', { type, email: EMAIL, password: PASSWORD, data })

const DOORS: Record<string, Door> = {
  'a sign-up by email': { enter: signUp, user: { ...byEmail, user_metadata: data } },
  'a sign-up by email with autoconfirm': {
    settings: AUTOCONFIRM,
    enter: signUp,
    user: { ...byEmail, user_metadata: data },
  },
  'a sign-up by phone': {
    enter: (app) => post(app, '/auth/v1/signup', { phone: `+${PHONE}`, password: PASSWORD }),
    user: byPhone,
  },
  'an anonymous sign-up': {
    enter: (app) => post(app, '/auth/v1/signup', { data }),
    user: { is_anonymous: true, app_metadata: {}, user_metadata: data },
  },
  'a code by mail': {
    enter: (app) => post(app, '/auth/v1/otp', { email: EMAIL, data }),
    user: { ...byEmail, user_metadata: data },
  },
  'a code by mail with autoconfirm': {
    settings: AUTOCONFIRM,
    enter: (app) => post(app, '/auth/v1/otp', { email: EMAIL }),
    user: byEmail,
  },
  'a code by SMS': { enter: (app) => post(app, '/auth/v1/otp', { phone: PHONE }), user: byPhone },
  'a magic link': { enter: (app) => post(app, '/auth/v1/magiclink', { email: EMAIL }), user: byEmail },
  'an invitation': {
    enter: (app) => admin(app, '/auth/v1/invite', { email: EMAIL, data }),
    user: { ...byEmail, user_metadata: data },
  },
  'a generated sign-up link': { enter: link('signup'), user: { ...byEmail, user_metadata: data } },
  'a generated invitation': { enter: link('invite'), user: { ...byEmail, user_metadata: data } },
  'a generated magic link': { enter: link('magiclink'), user: { ...byEmail, user_metadata: data } },
  'a provider account': {
    prepare: ({ app }) => startAuthorization(app),
    enter: (app, authorization) => returnFromProvider(app, authorization),
    user: {
      email: EMAIL,
      app_metadata: { provider: 'github', providers: ['github'] },
      user_metadata: expect.objectContaining({ user_name: 'octocat', email: EMAIL, email_verified: true }),
    },
    answer: 'redirect',
  },
  'an ID token': {
    enter: async (app) =>
      post(app, '/auth/v1/token?grant_type=id_token', { provider: 'google', id_token: await idToken(app) }),
    user: {
      email: EMAIL,
      app_metadata: { provider: 'google', providers: ['google'] },
      user_metadata: expect.objectContaining({ email: EMAIL, email_verified: true, sub: '1' }),
    },
  },
  'a wallet': {
    async enter(app) {
      const wallet = ethereumWallet()
      const message = messageOf(wallet, app.clock.now())
      const body = { chain: wallet.chain, message, signature: await wallet.sign(message) }
      return post(app, '/auth/v1/token?grant_type=web3', body)
    },
    user: {
      app_metadata: { provider: 'web3', providers: ['web3'] },
      user_metadata: expect.objectContaining({ custom_claims: expect.objectContaining({ chain: 'ethereum' }) }),
    },
  },
  'a registration with a service': {
    enter: (app) => post(app, '/api/auth/register', { email: EMAIL, password: PASSWORD, display_name: 'Ada' }),
    user: { ...byEmail, user_metadata: { display_name: 'Ada' } },
    answer: 'service',
  },
  'a registration with a service with autoconfirm': {
    settings: AUTOCONFIRM,
    enter: (app) => post(app, '/api/auth/register', { email: EMAIL, password: PASSWORD, display_name: 'Ada' }),
    user: { ...byEmail, user_metadata: { display_name: 'Ada' } },
    answer: 'service',
  },
  'a magic link of /api/auth': {
    prepare: ({ app }) => magicLinkToken(app, EMAIL),
    enter: (app, token) => post(app, '/api/auth/magic-link/verify', { token }),
    user: {
      ...byEmail,
      user_metadata: { email: EMAIL, email_verified: true, phone_verified: false, sub: expect.any(String) },
    },
    answer: 'service',
  },
}

async function magicLinkToken(app: TestApp, email: string): Promise<string> {
  const sent = await post(app, '/api/auth/magic-link/send', { email })
  if (sent.status !== 200) throw new Error(`sending a link answered ${sent.status}`)
  return (await lastMessageTo(app, email)).token
}

/** How many rows each table has. */
async function rowCounts({ database }: TestApp): Promise<Record<string, number>> {
  const tables = await tablesOf(database)
  return Object.fromEntries(await Promise.all(tables.map(async (name) => [name, await countRows(database, name)])))
}

const isSuccess = (reply: Reply) =>
  reply.headers.has('location') ? fragmentOf(reply).access_token !== undefined : reply.status < 300

/** Status, code and text, as the client of that door gets them. */
function answerOf({ answer }: Door, reply: Reply): unknown[] {
  if (answer !== 'redirect') return [reply.status, reply.body.error ?? reply.body.code, reply.body.message]
  const { error, error_code, error_description } = queryOf(reply)
  return [error, error_code, error_description]
}

const REFUSED = {
  gotrue: [403, 'unknown', 'Only @example.com may sign up'],
  service: [403, 'hook_refused', 'Only @example.com may sign up'],
  redirect: ['access_denied', 'unknown', 'Only @example.com may sign up'],
}
const FAILED = {
  gotrue: [500, 'unexpected_failure', 'Unexpected status code returned from hook: 500'],
  service: [502, 'hook_failed', 'A hook on this server failed; try again later'],
  redirect: ['server_error', 'unexpected_failure', 'Unexpected status code returned from hook: 500'],
}

describe.each(Object.entries(DOORS))('%s', (_, door) => {
  test('creates the account that the hook was asked about', async () => {
    await using started = await start({ settings: door.settings ?? {} })
    const { app, hook } = started
    const prepared = await door.prepare?.(started)
    const reply = await door.enter(app, prepared)
    expect(isSuccess(reply)).toBe(true)
    expect(hook.calls.map(({ name }) => name)).toEqual([NAME])
    const empty = { aud: 'authenticated', role: '', email: '', phone: '', identities: [], is_anonymous: false }
    const times = { created_at: '0001-01-01T00:00:00Z', updated_at: '0001-01-01T00:00:00Z' }
    expect(hook.last().payload).toEqual({ user: { ...empty, ...times, ...door.user, id: expect.any(String) } })
    expect(await readRows<{ id: string }>(app.database, 'SELECT id FROM users')).toEqual([
      { id: hook.last().payload.user.id },
    ])
  })

  test.each([
    ['a refusal', REFUSAL, REFUSED],
    ['a failure', { status: 500 }, FAILED],
  ] as const)('stores and sends nothing after %s, and works once the hook agrees', async (_why, script, answers) => {
    await using started = await start({ settings: door.settings ?? {} })
    const { app, hook } = started
    const prepared = await door.prepare?.(started)
    const before = await rowCounts(app)
    hook.always(script)
    const reply = await door.enter(app, prepared)
    expect(answerOf(door, reply)).toEqual([...answers[door.answer ?? 'gotrue']])
    expect(hook.calls).toHaveLength(1)
    expect(await rowCounts(app)).toEqual(before)
    hook.always({})
    app.clock.advance(1000)
    const again = await door.enter(app, prepared)
    expect(isSuccess(again)).toBe(true)
    expect(await countRows(app.database, 'users')).toBe(1)
  })
})

test('the payload has the members and the order of GoTrue’s', async () => {
  await using started = await start({ now: '2026-01-01T00:00:00.123Z' })
  await signUp(started.app)
  const { body, metadata } = started.hook.last()
  const { id } = JSON.parse(body).user
  expect(body).toBe(
    `{"metadata":{"uuid":"${metadata.uuid}","time":"2026-01-01T00:00:00.123Z","name":"before-user-created",` +
      `"ip_address":"203.0.113.7"},"user":{"id":"${id}","aud":"authenticated","role":"","email":"ada@example.com",` +
      '"phone":"","app_metadata":{"provider":"email","providers":["email"]},"user_metadata":{"name":"Ada"},' +
      '"identities":[],"created_at":"0001-01-01T00:00:00Z","updated_at":"0001-01-01T00:00:00Z","is_anonymous":false}}',
  )
})

test('nothing about an existing account, and nothing that an administrator creates, is asked', async () => {
  await using started = await start()
  const { app, hook } = started
  hook.always(REFUSAL)
  const known = await confirmedUser(app, EMAIL)
  const unconfirmed = 'grace@example.com'
  await admin(app, '/auth/v1/admin/users', { email: unconfirmed })
  await admin(app, '/auth/v1/admin/users', { phone: PHONE, phone_confirm: true })
  const made = await app.ask('POST', '/auth/v1/users', {
    token: app.admin,
    body: { username: 'joan', email: 'joan@example.com', password: PASSWORD },
  })
  const statuses = [made.status]
  for (const email of [EMAIL, unconfirmed]) {
    for (const path of ['/auth/v1/signup', '/auth/v1/otp', '/auth/v1/magiclink', '/api/auth/register']) {
      statuses.push((await post(app, path, { email, password: PASSWORD, display_name: '' })).status)
      app.clock.advance(120_000)
    }
    statuses.push((await post(app, '/api/auth/magic-link/verify', { token: await magicLinkToken(app, email) })).status)
    app.clock.advance(120_000)
  }
  statuses.push((await post(app, '/auth/v1/otp', { phone: PHONE })).status)
  for (const type of ['magiclink', 'recovery'])
    statuses.push((await admin(app, '/auth/v1/admin/generate_link', { type, email: EMAIL })).status)
  await admin(app, '/auth/v1/admin/users', { email: 'invited@example.com' })
  statuses.push((await admin(app, '/auth/v1/invite', { email: 'invited@example.com' })).status)
  statuses.push(
    (await admin(app, '/auth/v1/admin/generate_link', { type: 'invite', email: 'invited@example.com' })).status,
  )
  const signedIn = fragmentOf(await signInAtGitHub(app))
  expect(signedIn.access_token).toBeString()
  expect((await app.ask('GET', '/auth/v1/user', { token: signedIn.access_token })).body.id).toBe(known.id)
  const linking = {
    provider: 'google',
    id_token: await idToken(app, { email: 'other@example.com' }),
    link_identity: true,
  }
  const linked = await app.ask('POST', '/auth/v1/token?grant_type=id_token', {
    token: signedIn.access_token,
    body: linking,
  })
  statuses.push(linked.status)
  expect(statuses.filter((status) => status >= 300)).toEqual([])
  expect(hook.calls).toEqual([])
})

test('accepting an invitation with a provider account asks nothing', async () => {
  await using started = await start()
  const { app, hook } = started
  await admin(app, '/auth/v1/invite', { email: EMAIL })
  expect(hook.calls).toHaveLength(1)
  hook.always(REFUSAL)
  const { token } = await lastMessageTo(app, EMAIL)
  const reply = await returnFromProvider(app, await startAuthorization(app, `&invite_token=${token}`))
  expect(fragmentOf(reply).access_token).toBeString()
  expect(hook.calls).toHaveLength(1)
})

test('what is refused without the hook does not reach it', async () => {
  await using started = await start({ settings: { AUTH_DISABLE_SIGNUP: 'true' } })
  const { app, hook } = started
  for (const { enter, prepare, answer } of [
    DOORS['a sign-up by email'],
    DOORS['a code by mail'],
    DOORS['an anonymous sign-up'],
    DOORS['a provider account'],
    DOORS['an ID token'],
    DOORS['a wallet'],
    DOORS['a registration with a service'],
  ] as Door[]) {
    const reply = await enter(app, await prepare?.(started))
    const code = answer === 'redirect' ? queryOf(reply).error_code : (reply.body.error_code ?? reply.body.code)
    expect(code ?? reply.body.error).toBe('signup_disabled')
  }
  expect(hook.calls).toEqual([])
})

test('a malformed address and a weak password do not reach it', async () => {
  await using started = await start({ settings: { AUTH_PASSWORD_MIN_LENGTH: '12' } })
  const { app, hook } = started
  expect((await post(app, '/auth/v1/signup', { email: 'ada', password: PASSWORD })).status).toBe(400)
  expect((await post(app, '/auth/v1/signup', { email: EMAIL, password: 'short' })).status).toBe(422)
  expect(hook.calls).toEqual([])
})

test('the password is hashed before the call', async () => {
  await using started = await start()
  const { app, hook } = started
  const order: string[] = []
  const { hash } = app.hasher
  app.hasher.hash = async (password) => {
    const hashed = await hash(password)
    order.push('hashed')
    return hashed
  }
  hook.always(() => {
    order.push('called')
    return REFUSAL
  })
  await signUp(app)
  await link('signup')(app)
  expect(order).toEqual(['hashed', 'called', 'hashed', 'called'])
})

test('other requests are answered while the hook thinks', async () => {
  await using started = await start({ settings: AUTOCONFIRM })
  const { app, hook } = started
  const { promise, resolve } = Promise.withResolvers<object>()
  hook.next(() => promise)
  const waiting = signUp(app)
  await hook.called(1)
  expect((await app.signUp('grace@example.com')).accessToken).toBeString()
  resolve({})
  expect((await waiting).status).toBe(200)
})

test('of two sign-ups at once with one address, both may be asked about, and one creates the account', async () => {
  await using started = await start({ settings: AUTOCONFIRM })
  const { app, hook } = started
  hook.always(async () => {
    await hook.called(2)
    return {}
  })
  const replies = await Promise.all([signUp(app), signUp(app)])
  expect(hook.calls).toHaveLength(2)
  expect(replies.map(({ status, body }) => [status, body.code]).sort()).toEqual([
    [200, undefined],
    [422, 'user_already_exists'],
  ])
  const users = await readRows<{ id: string }>(app.database, 'SELECT id FROM users')
  expect(users).toHaveLength(1)
  expect(hook.calls.map(({ payload }) => payload.user.id)).toContain(users[0]?.id)
})

test('of two sign-ups at once that need a confirmation, one sends its mail', async () => {
  await using started = await start()
  const { app, hook } = started
  hook.always(async () => {
    await hook.called(2)
    return {}
  })
  const statuses = (await Promise.all([signUp(app), signUp(app)])).map(({ status }) => status)
  expect(statuses.sort()).toEqual([200, 429])
  expect(await countRows(app.database, 'users')).toBe(1)
  expect(await mailboxOf(app, EMAIL)).toHaveLength(1)
})

test('two sign-ins at once with one new provider account end in one account', async () => {
  await using started = await start()
  const { app, hook } = started
  const authorizations = [await startAuthorization(app), await startAuthorization(app)]
  hook.always(async () => {
    await hook.called(2)
    return {}
  })
  const replies = await Promise.all(authorizations.map((each) => returnFromProvider(app, each)))
  expect(replies.map((reply) => typeof fragmentOf(reply).access_token)).toEqual(['string', 'string'])
  expect(await countRows(app.database, 'users')).toBe(1)
})

test('a refusal counts as a sign-up, and not as a mail', async () => {
  await using started = await start({ settings: { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_EMAIL_SENT: '1' } })
  const { app, hook } = started
  hook.always(REFUSAL)
  const statuses: number[] = []
  for (let i = 0; i < 31; i++)
    statuses.push((await post(app, '/auth/v1/signup', { email: EMAIL, password: PASSWORD })).status)
  expect(statuses).toEqual([...Array(30).fill(403), 429])
  expect(hook.calls).toHaveLength(30)
  hook.always({})
  const other = { body: { email: EMAIL, password: PASSWORD }, ip: '198.51.100.7' }
  expect((await app.ask('POST', '/auth/v1/signup', other)).status).toBe(200)
})

test('a registered address is answered the same whatever the hook says', async () => {
  await using started = await start()
  const { app, hook } = started
  await confirmedUser(app, EMAIL)
  const agreed = await signUp(app)
  hook.always(REFUSAL)
  const refused = await signUp(app)
  expect([refused.status, Object.keys(refused.body)]).toEqual([agreed.status, Object.keys(agreed.body)])
  expect(hook.calls).toEqual([])
})

test('a link that the hook refused works later', async () => {
  await using started = await start()
  const { app, hook } = started
  hook.always(REFUSAL)
  const token = await magicLinkToken(app, EMAIL)
  const verify = () => post(app, '/api/auth/magic-link/verify', { token })
  expect((await verify()).status).toBe(403)
  hook.always({})
  expect((await verify()).status).toBe(200)
  expect((await verify()).status).toBe(409)
})

test('a refusal of any status reaches the client, within bounds', async () => {
  await using started = await start()
  const { app, hook } = started
  for (const [http_code, status] of [
    [400, 400],
    [422, 422],
    [0, 500],
    [200, 500],
    [700, 500],
  ]) {
    hook.always({ body: { error: { http_code, message: 'no' } } })
    const reply = await signUp(app)
    expect([reply.status, reply.body.message]).toEqual([status, 'no'])
  }
})

const ONLY_EXAMPLE = `
  CREATE SCHEMA IF NOT EXISTS hooks;
  CREATE OR REPLACE FUNCTION hooks.only_example(event jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
  BEGIN
    IF event->'user'->>'email' LIKE '%@example.com' THEN RETURN '{}'; END IF;
    RETURN '{"error": {"http_code": 403, "message": "Only @example.com may sign up"}}';
  END $$;`

const byFunction = async () => {
  const uri = 'pg-functions://postgres/hooks/only_example'
  await using started = await start({ settings: { AUTH_HOOK_BEFORE_USER_CREATED_URI: uri } })
  const { app } = started
  await runOn(app.database, ONLY_EXAMPLE)
  const signUpAs = (email: string) => post(app, '/auth/v1/signup', { email, password: PASSWORD })
  const refused = await signUpAs('eve@example.org')
  expect([refused.status, refused.body.message]).toEqual([403, 'Only @example.com may sign up'])
  expect(await countRows(app.database, 'users')).toBe(0)
  expect((await signUpAs(EMAIL)).status).toBe(200)
  await open(app, (await lastMessageTo(app, EMAIL)).link)
  await runOn(app.database, 'DROP SCHEMA hooks CASCADE')
  const gone = await signUpAs('grace@example.com')
  expect([gone.status, gone.body.code]).toEqual([500, 'unexpected_failure'])
}

const onTwoNodes = async () => {
  await using one = await start({ settings: AUTOCONFIRM })
  await using other = await start({ settings: AUTOCONFIRM, folder: one.app.folder })
  const nodes = [one, other]
  for (const { hook } of nodes)
    hook.always(async () => {
      await Promise.all(nodes.map((node) => node.hook.called(1)))
      return {}
    })
  const replies = await Promise.all(nodes.map(({ app }) => signUp(app)))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 422])
  expect(await countRows(one.app.database, 'users')).toBe(1)
}

eachEngine((engine) => {
  if (engine !== 'postgres') return
  test('a function of the database may decide', byFunction, 60_000)
  test('of two sign-ups at once with one address, at two servers, one creates the account', onTwoNodes, 60_000)
})
