import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { HOUR } from '../../../src/lib/milliseconds'
import { claimsOf, type Json, PASSWORD, type Reply, startApp, type TestApp } from '../../support/app'
import { enrolled, pass, protectedAccount, unenrol } from '../../support/factors'

const ADA = 'ada@example.com'
const APP = 'http://localhost:3000/callback'
const VERIFIER = 'a-verifier-of-more-than-43-characters.~_0123456789'
const S256 = {
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 's256',
}

interface Tokens {
  accessToken: string | undefined
  refreshToken: string
}

const tokensOf = ({ access_token, refresh_token }: Json): Tokens => ({
  accessToken: access_token,
  refreshToken: refresh_token,
})

const ask = (app: TestApp, { accessToken: token, refreshToken: refresh_token }: Tokens, body: object = {}) =>
  app.ask('POST', '/auth/v1/account/code', {
    ...(token !== undefined && { token }),
    body: { redirect_to: APP, refresh_token, ...S256, ...body },
  })

async function codeFor(app: TestApp, page: Tokens): Promise<string> {
  const { status, body } = await ask(app, page)
  expect(status).toBe(200)
  return new URL(body.redirect_to).searchParams.get('code') ?? ''
}

const exchange = (app: TestApp, auth_code: string, code_verifier = VERIFIER) =>
  app.ask('POST', '/auth/v1/token?grant_type=pkce', { body: { auth_code, code_verifier } })
const refresh = (app: TestApp, refresh_token: string) =>
  app.ask('POST', '/auth/v1/token?grant_type=refresh_token', { body: { refresh_token } })
const refusal = ({ status, body }: Reply) => [status, body.code]
const UNKNOWN = [404, 'flow_state_not_found']

const authorize = (app: TestApp, parameters: Record<string, string>) =>
  app.ask('GET', `/auth/v1/authorize?${new URLSearchParams({ provider: 'account', ...parameters })}`)
const settings = (app: TestApp, query = '') => app.ask('GET', `/auth/v1/account/settings${query}`)

test('an application gets a session of its own with the code, and ending one does not end the other', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const { status, body } = await ask(app, page, { redirect_to: `${APP}?next=/inbox` })
  expect(status).toBe(200)
  const target = new URL(body.redirect_to)
  expect([target.origin + target.pathname, target.searchParams.get('next')]).toEqual([APP, '/inbox'])
  const opened = await exchange(app, target.searchParams.get('code') ?? '')
  expect([opened.status, opened.body.user.email]).toEqual([200, ADA])
  const { session_id: id, amr, aal } = claimsOf(opened.body.access_token)
  expect(id).not.toBe(page.sessionId)
  expect([amr, aal]).toEqual([claimsOf(page.accessToken).amr, 'aal1'])
  await app.ask('POST', '/auth/v1/logout?scope=local', { token: page.accessToken })
  expect((await refresh(app, page.refreshToken)).status).toBe(400)
  expect((await refresh(app, opened.body.refresh_token)).status).toBe(200)
})

test('a notice of the sign-in to the application shows when that happened, not when its session began', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_NOTIFICATIONS_NEW_DEVICE_ENABLED: 'true' } })
  const page = await app.signUp(ADA)
  app.clock.advance(HOUR / 2)
  const code = { auth_code: await codeFor(app, page), code_verifier: VERIFIER }
  await app.ask('POST', '/auth/v1/token?grant_type=pkce', { body: code, ip: '198.51.100.7' })
  const [mail] = await app.core.forTask().listMessages({ to: ADA, limit: 1 })
  expect(mail?.text).toContain('at 2026-01-01 00:30 UTC')
  const link = new URL(mail?.links[0] ?? '')
  app.clock.advance(HOUR)
  const shown = async (change?: string) => {
    if (change === '') link.searchParams.delete('at')
    else if (change !== undefined) link.searchParams.set('at', change)
    const { text } = await app.ask('GET', link.pathname + link.search)
    return text.match(/January 1, 2026 at (12:\d\d) AM UTC/)?.[1]
  }
  expect(await shown()).toBe('12:30')
  // The time is not signed: whatever is not within the life of the session is not shown.
  const at = (time: string) => String(Date.parse(time) / 1000)
  for (const wrong of ['', 'x', '-1', '1e99', at('2025-12-31T23:59:59Z'), at('2026-01-01T01:30:01Z')])
    expect([wrong, await shown(wrong)]).toEqual([wrong, '12:00'])
})

test('the audit log has the sign-in to the application', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  await exchange(app, await codeFor(app, page))
  const { body } = await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })
  expect(body[0].payload).toMatchObject({ action: 'login', actor_username: ADA, traits: { provider: 'account' } })
})

test('the session has the second factor that the account page has passed, until the factor is removed', async () => {
  await using app = await startApp()
  const { raised, factor } = await protectedAccount(app)
  const opened = await exchange(app, await codeFor(app, raised))
  const { aal, amr } = claimsOf(opened.body.access_token)
  expect([aal, amr]).toEqual(['aal2', claimsOf(raised.accessToken).amr])
  const late = await codeFor(app, raised)
  expect((await unenrol(app, raised.accessToken, factor.id)).status).toBe(200)
  const lowered = claimsOf((await exchange(app, late)).body.access_token)
  expect([lowered.aal, lowered.amr]).toEqual(['aal1', [expect.objectContaining({ method: 'password' })]])
  expect(claimsOf((await refresh(app, opened.body.refresh_token)).body.access_token).aal).toBe('aal1')
})

test('a session without the second factor of its user stays without it', async () => {
  await using app = await startApp()
  const { email } = await protectedAccount(app)
  const page = await app.signIn(email)
  expect(claimsOf((await exchange(app, await codeFor(app, page))).body.access_token).aal).toBe('aal1')
})

test('a token from before the second factor gives no session with it', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const early = await codeFor(app, page)
  const { body } = await pass(app, page.accessToken, await enrolled(app, page.accessToken))
  expect(refusal(await ask(app, page))).toEqual([400, 'refresh_token_not_found'])
  const late = await codeFor(app, { ...page, refreshToken: body.refresh_token })
  for (const code of [early, late]) {
    const { aal, amr } = claimsOf((await exchange(app, code)).body.access_token)
    expect([aal, amr]).toEqual(['aal1', [expect.objectContaining({ method: 'password' })]])
  }
})

// threat T48.
test('a code is exchanged once, with its verifier, within five minutes', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const code = await codeFor(app, page)
  expect(refusal(await exchange(app, code, `${VERIFIER}x`))).toEqual([400, 'bad_code_verifier'])
  const both = await Promise.all([exchange(app, code), exchange(app, code)])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 404])
  expect(refusal(await exchange(app, code))).toEqual(UNKNOWN)
  const late = await codeFor(app, page)
  app.clock.advance(5 * 60_000 + 1)
  expect(refusal(await exchange(app, late))).toEqual([422, 'flow_state_expired'])
})

// threat T65.
const PASSWORD_CHANGE = { method: 'PUT', path: '/user', body: { password: 'another-horse-battery-9' } }
const ENDINGS: Record<string, { method: string; path: string; body?: object }> = {
  'the session was signed out': { method: 'POST', path: '/logout?scope=local' },
  'all sessions were signed out': { method: 'POST', path: '/logout' },
  'the password was changed': PASSWORD_CHANGE,
  'the account was deleted': { method: 'DELETE', path: '/user' },
}

test.each(Object.entries(ENDINGS))('a code is worth nothing once %s', async (_name, { method, path, body }) => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const code = await codeFor(app, page)
  const ended = await app.ask(method, `/auth/v1${path}`, { token: page.accessToken, ...(body && { body }) })
  expect(ended.status).toBeLessThan(300)
  expect(refusal(await exchange(app, code))).toEqual(UNKNOWN)
})

test('a code is worth nothing while its user is banned, nor after the ban', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const code = await codeFor(app, page)
  await app.ask('PUT', `/auth/v1/admin/users/${page.id}`, { token: app.admin, body: { ban_duration: '1m' } })
  expect(refusal(await exchange(app, code))[0]).not.toBe(200)
  app.clock.advance(60_001)
  expect(refusal(await exchange(app, code))).toEqual(UNKNOWN)
})

test('sessions that continue each other do not live longer than the first', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_TIMEBOX: '2h', AUTH_JWT_EXP: '7200' } })
  const page = await app.signUp(ADA)
  app.clock.advance(HOUR)
  const { body: second } = await exchange(app, await codeFor(app, page))
  app.clock.advance(HOUR - 60_000)
  const { body: third } = await exchange(app, await codeFor(app, tokensOf(second)))
  const late = await codeFor(app, tokensOf(third))
  app.clock.advance(60_001)
  expect(refusal(await exchange(app, late))).toEqual(UNKNOWN)
  expect(refusal(await refresh(app, third.refresh_token))).toEqual([400, 'session_expired'])
  expect(refusal(await ask(app, tokensOf(third)))).toEqual([403, 'session_expired'])
})

test('a session that continues an inactive one is refused, and one that continues an active one is active', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_INACTIVITY_TIMEOUT: '1h', AUTH_JWT_EXP: '7200' } })
  const { refreshToken } = await app.signUp(ADA)
  app.clock.advance(HOUR - 60_000)
  const { body: page } = await refresh(app, refreshToken)
  app.clock.advance(HOUR - 60_000)
  const { body: opened } = await exchange(app, await codeFor(app, tokensOf(page)))
  app.clock.advance(HOUR - 60_000)
  expect((await refresh(app, opened.refresh_token)).status).toBe(200)
  expect(refusal(await ask(app, tokensOf(page)))).toEqual([403, 'session_expired'])
})

test('a code does not help another user, and other codes do not continue a session', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const eve = await app.signUp('eve@example.com')
  const code = await codeFor(app, page)
  const opened = await app.ask('POST', '/auth/v1/token?grant_type=pkce', {
    token: eve.accessToken,
    body: { auth_code: code, code_verifier: VERIFIER },
  })
  expect(opened.body.user.id).toBe(page.id)
  const another = await codeFor(app, page)
  expect((await refresh(app, another)).status).toBe(400)
  const asToken = { type: 'magiclink', token_hash: another }
  expect((await app.ask('POST', '/auth/v1/verify', { body: asToken })).status).toBe(403)
  expect(refusal(await app.ask('GET', `/auth/v1/callback?state=${another}&code=x`))[0]).not.toBe(200)
  expect((await exchange(app, another)).status).toBe(200)
})

test.each([
  ['without a token', undefined, {}, [401, 'no_authorization']],
  ['with a token of another server', 'eyJhbGciOiJIUzI1NiJ9.e30.x', {}, [403, 'bad_jwt']],
  ['without a refresh token', 'own', { refresh_token: '' }, [400, 'validation_failed']],
  ['with a refresh token of no server', 'own', { refresh_token: 'abcdefghijkl' }, [400, 'refresh_token_not_found']],
  ['for another site', 'own', { redirect_to: 'https://evil.example/callback' }, [400, 'validation_failed']],
  ['for a script', 'own', { redirect_to: 'javascript:alert(1)' }, [400, 'validation_failed']],
  ['for nothing', 'own', { redirect_to: '' }, [400, 'validation_failed']],
  ['for something that is not text', 'own', { redirect_to: 7 }, [400, 'bad_json']],
  ['without a challenge', 'own', { code_challenge: '', code_challenge_method: '' }, [400, 'validation_failed']],
  ['with half a challenge', 'own', { code_challenge_method: '' }, [400, 'validation_failed']],
  ['with a short challenge', 'own', { code_challenge: 'short' }, [400, 'validation_failed']],
  ['with a long challenge', 'own', { code_challenge: 'x'.repeat(129) }, [400, 'validation_failed']],
  ['with an unknown method', 'own', { code_challenge_method: 'none' }, [400, 'validation_failed']],
])('a code is refused %s', async (_name, token, body, expected) => {
  await using app = await startApp()
  const ada = await app.signUp(ADA)
  expect(refusal(await ask(app, { ...ada, accessToken: token === 'own' ? ada.accessToken : token }, body))).toEqual(
    expected,
  )
})

// threat T65.
test('a code needs the latest refresh token of the same session, or its parent, and does not use it up', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const eve = await app.signUp('eve@example.com')
  const elsewhere = await app.signIn(ADA)
  for (const { refreshToken } of [eve, elsewhere])
    expect(refusal(await ask(app, { ...page, refreshToken }))).toEqual([400, 'refresh_token_not_found'])
  const bytes = Buffer.from(page.refreshToken, 'base64url')
  const forged = Buffer.concat([bytes.subarray(0, -5), Buffer.of((bytes.at(-5) ?? 0) ^ 1)])
  const sum = createHash('sha256').update(forged).digest().subarray(0, 4)
  const refreshToken = Buffer.concat([forged, sum]).toString('base64url')
  expect(refusal(await ask(app, { ...page, refreshToken }))).toEqual([400, 'refresh_token_not_found'])
  await codeFor(app, page)
  const second = tokensOf((await refresh(app, page.refreshToken)).body)
  for (const each of [page, second]) expect((await exchange(app, await codeFor(app, each))).status).toBe(200)
  const third = tokensOf((await refresh(app, second.refreshToken)).body)
  expect(refusal(await ask(app, page))).toEqual([400, 'refresh_token_not_found'])
  expect((await refresh(app, third.refreshToken)).status).toBe(200)
})

test('a personal access token gives no session', async () => {
  await using app = await startApp()
  const page = await app.signUp(ADA)
  const made = await app.ask('POST', '/api/auth/tokens', { token: page.accessToken, body: { name: 'script' } })
  expect(made.body.token).toBeString()
  expect((await ask(app, { ...page, accessToken: made.body.token })).status).toBe(403)
})

test('a federated session has no refresh token until a second factor gives it one, and ends after 30 days', async () => {
  await using app = await startApp()
  await app.signUp(ADA)
  const { body: federated } = await app.ask('POST', '/auth/v1/login', { body: { id: ADA, password: PASSWORD } })
  const forged = { accessToken: federated.access_token, refreshToken: federated.access_token }
  expect(refusal(await ask(app, forged))).toEqual([400, 'validation_failed'])
  const { body: page } = await pass(app, federated.access_token, await enrolled(app, federated.access_token))
  const { body } = await exchange(app, await codeFor(app, tokensOf(page)))
  app.clock.advance(30 * 24 * HOUR - 60_000)
  const [ofPage, kept] = [await refresh(app, page.refresh_token), await refresh(app, body.refresh_token)]
  expect([ofPage.status, kept.status]).toEqual([200, 200])
  const late = await codeFor(app, tokensOf(kept.body))
  app.clock.advance(60_001)
  expect(refusal(await exchange(app, late))).toEqual(UNKNOWN)
  for (const { body: over } of [ofPage, kept])
    expect(refusal(await refresh(app, over.refresh_token))).toEqual([400, 'session_expired'])
})

test('codes are limited per client', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  const page = await app.signUp(ADA)
  const statuses = new Set<number>()
  for (let asked = 0; asked < 40; asked++) statuses.add((await ask(app, page)).status)
  expect([...statuses].sort()).toEqual([200, 429])
})

test('the provider account is the account page, which gets the target and the challenge', async () => {
  await using app = await startApp()
  const { status, headers } = await authorize(app, { redirect_to: APP, ...S256 })
  const location = new URL(headers.get('location') ?? '')
  expect([status, location.origin, location.pathname]).toEqual([302, 'http://localhost:7020', '/account'])
  expect(Object.fromEntries(location.searchParams)).toEqual({ redirect_to: APP, ...S256 })
  expect(headers.get('set-cookie')).toBeNull()
})

test('known wishes are passed on to the account page, and others are not', async () => {
  await using app = await startApp()
  const parametersFor = async (wishes: Record<string, string>) => {
    const { headers } = await authorize(app, { redirect_to: APP, ...S256, ...wishes })
    const { redirect_to, code_challenge, code_challenge_method, ...others } = Object.fromEntries(
      new URL(headers.get('location') ?? '').searchParams,
    )
    return others
  }
  const wishes = { prompt: 'login', login_hint: ADA, screen: 'sign-up' }
  expect(await parametersFor(wishes)).toEqual(wishes)
  expect(await parametersFor({ prompt: 'none', login_hint: 'a\nb', screen: 'delete', scopes: 'all', x: 'y' })).toEqual(
    {},
  )
  expect(await parametersFor({ login_hint: 'a'.repeat(256) })).toEqual({})
})

test('a target that is not allowed becomes the site URL at the start of a sign-in, as in every other flow', async () => {
  await using app = await startApp()
  const { headers } = await authorize(app, { redirect_to: 'https://evil.example', ...S256 })
  expect(new URL(headers.get('location') ?? '').searchParams.get('redirect_to')).toBe('http://localhost:3000')
})

test('a sign-in on the account page needs a challenge', async () => {
  await using app = await startApp()
  expect(refusal(await authorize(app, { redirect_to: APP }))).toEqual([400, 'validation_failed'])
  expect(refusal(await authorize(app, { redirect_to: APP, ...S256, code_challenge: 'short' }))).toEqual([
    400,
    'validation_failed',
  ])
})

test('the account page is no identity that could be linked', async () => {
  await using app = await startApp({ settings: { AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'true' } })
  const { accessToken: token } = await app.signUp(ADA)
  const linked = await app.ask('GET', '/auth/v1/user/identities/authorize?provider=account', { token })
  expect(refusal(linked)).toEqual([400, 'validation_failed'])
})

test.each([
  ['http://localhost:7020/account', true],
  ['http://localhost:7020/account?redirect_to=http://localhost:3000/x.y&code_challenge=z', true],
  ['https://auth.example.com/account', true],
  ['https://auth.example.com/account?x=/', true],
  ['https://auth.example.com/accounts', false],
  ['https://auth.example.com/account/../dashboard', false],
  ['https://auth.example.com/account@evil.example', false],
  ['https://auth.example.com.evil.example/account', false],
  ['http://auth.example.com/account', false],
])('links may lead to the account page, but not beside it: %s', async (target, isAllowed) => {
  await using app = await startApp({
    settings: target.includes('7020') ? {} : { AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' },
  })
  const { body } = await settings(app, `?redirect_to=${encodeURIComponent(target)}`)
  expect(body.is_redirect_allowed).toBe(isAllowed)
})

test('the settings of the account page say what it looks like and what it offers', async () => {
  await using app = await startApp({
    settings: {
      AUTH_BRAND_NAME: ' Acme ',
      AUTH_BRAND_COLOR: '#FFCC00',
      AUTH_PASSWORD_MIN_LENGTH: '12',
      AUTH_PASSWORD_REQUIRED_CHARACTERS: 'abc:123',
      AUTH_SITE_URL: 'https://app.example.com',
    },
  })
  const { status, body } = await settings(app)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    name: 'Acme',
    logo_url: null,
    accent: { light: expect.stringMatching(/^#[0-9a-f]{6}$/), dark: '#ffcc00' },
    site_url: 'https://app.example.com',
    is_redirect_allowed: null,
    sign_in: { magic_links: true, email_code_length: 6, custom_providers: [], captcha: null },
    password: { min_length: 12, required_characters: ['abc', '123'], requires_current: false },
    account: { totp: { enroll: true, verify: true } },
  })
  expect(body.languages).toHaveLength(10)
})

test('without a name, the page has the host of the application', async () => {
  await using app = await startApp({ settings: { AUTH_SITE_URL: 'https://app.example.com/start' } })
  expect((await settings(app)).body).toMatchObject({ name: 'app.example.com', accent: null })
})

test('custom providers are listed by name, unless they are disabled', async () => {
  await using app = await startApp({ settings: { AUTH_CUSTOM_OAUTH_ENABLED: 'true' } })
  const provider = {
    provider_type: 'oauth2',
    client_id: 'id',
    client_secret: 'secret',
    authorization_url: 'https://acme.example/authorize',
    token_url: 'https://acme.example/token',
    userinfo_url: 'https://acme.example/user',
  }
  for (const [name, enabled] of [
    ['Beta', true],
    ['Acme', true],
    ['Old', false],
  ] as const) {
    const body = { ...provider, identifier: `custom:${name.toLowerCase()}`, name, enabled }
    expect((await app.ask('POST', '/auth/v1/admin/custom-providers', { token: app.admin, body })).status).toBe(201)
  }
  expect((await settings(app)).body.sign_in.custom_providers).toEqual([
    { id: 'custom:acme', name: 'Acme' },
    { id: 'custom:beta', name: 'Beta' },
  ])
})

test('without the account page, nothing leads to it', async () => {
  await using app = await startApp({ settings: { AUTH_ACCOUNT_PAGE: 'off' } })
  const page = await app.signUp(ADA)
  expect((await ask(app, page)).status).toBe(404)
  expect((await settings(app)).status).toBe(404)
  expect(refusal(await authorize(app, { redirect_to: APP, ...S256 }))).toEqual([400, 'validation_failed'])
  const own = encodeURIComponent('https://other.example/account')
  expect((await app.ask('POST', `/auth/v1/recover?redirect_to=${own}`, { body: { email: ADA } })).status).toBe(200)
})

test('an anonymous user continues as such', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  const opened = await exchange(app, await codeFor(app, tokensOf(body)))
  expect(claimsOf(opened.body.access_token)).toMatchObject({ is_anonymous: true, amr: [{ method: 'anonymous' }] })
  const { body: activity } = await app.ask('GET', '/auth/v1/admin/activity', { token: app.admin })
  const signUps = activity.series.filter(({ kind }: Json) => kind === 'sign_up')
  expect(signUps).toMatchObject([{ label: 'anonymous', points: [{ count: 1 }] }])
})

test('a sign-in with the new password continues as before', async () => {
  await using app = await startApp()
  await app.signUp(ADA)
  const page = await app.signIn(ADA, PASSWORD)
  expect((await exchange(app, await codeFor(app, page))).status).toBe(200)
})
