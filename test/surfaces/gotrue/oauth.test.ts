/** Sign-in with a provider: authorization and callback. */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { claimsOf, refresh, startApp, type TestApp } from '../../support/app'
import {
  fakeGitHub,
  fragmentOf,
  GITHUB,
  queryOf,
  returnFromProvider,
  signInAtGitHub,
  startAuthorization,
} from '../../support/providers'

const VERIFIER = 'a-verifier-of-more-than-forty-three-characters-1'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const WITH_PKCE = `&code_challenge=${CHALLENGE}&code_challenge_method=s256`

async function start(settings: Record<string, string> = {}, github = fakeGitHub()) {
  const app = await startApp({ settings: { ...GITHUB, ...settings }, fetchProvider: github.fetch })
  return { app, github, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const exchange = (app: TestApp, code: string, verifier = VERIFIER) =>
  app.ask('POST', '/auth/v1/token?grant_type=pkce', { body: { auth_code: code, code_verifier: verifier } })

test('settings endpoint reports providers and autoconfirm', async () => {
  await using started = await start()
  const { body } = await started.app.ask('GET', '/auth/v1/settings')
  expect(body.external).toMatchObject({ github: true, google: false, email: true })
  expect(body.mailer_autoconfirm).toBe(true)
})

test('oauth callback redirects', async () => {
  await using started = await start({ AUTH_URI_ALLOW_LIST: 'https://app.example.com/**' })
  const { app, github } = started
  const authorization = await startAuthorization(
    app,
    '&redirect_to=https%3A%2F%2Fapp.example.com%2Fhome&scopes=repo,gist&prompt=login&state=mine',
  )
  expect(authorization.location.origin + authorization.location.pathname).toBe(
    'https://github.com/login/oauth/authorize',
  )
  expect(Object.fromEntries(authorization.location.searchParams)).toMatchObject({
    client_id: 'github-client',
    response_type: 'code',
    scope: 'user:email repo gist',
    prompt: 'login',
    redirect_uri: 'http://localhost:7020/auth/v1/callback',
  })
  expect(authorization.state).not.toBe('mine')
  const reply = await returnFromProvider(app, authorization)
  expect(reply.status).toBe(302)
  expect(reply.headers.get('location')).toStartWith('https://app.example.com/home#access_token=')
  expect(reply.headers.get('referrer-policy')).toBe('no-referrer')
  expect(reply.headers.get('cache-control')).toBe('no-store')
  const fragment = fragmentOf(reply)
  expect(fragment).toMatchObject({ provider_token: 'gho_token', token_type: 'bearer', expires_in: '3600', sb: '' })
  expect(claimsOf(fragment.access_token).amr[0].method).toBe('oauth')
  const [tokenRequest] = github.requests
  expect(Object.fromEntries(new URLSearchParams(tokenRequest?.body))).toMatchObject({
    grant_type: 'authorization_code',
    code: 'code',
    client_id: 'github-client',
    client_secret: 'github-secret',
  })
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token: fragment.access_token })
  expect(user.app_metadata).toEqual({ provider: 'github', providers: ['github'] })
  const data = {
    avatar_url: 'https://avatars.example/583231',
    email: 'octocat@example.com',
    email_verified: true,
    full_name: 'The Octocat',
    iss: 'https://api.github.com',
    name: 'The Octocat',
    phone_verified: false,
    preferred_username: 'octocat',
    provider_id: '583231',
    sub: '583231',
    user_name: 'octocat',
  }
  expect(user.user_metadata).toEqual(data)
  expect(user.identities).toMatchObject([
    { provider: 'github', id: '583231', identity_data: data, email: 'octocat@example.com' },
  ])
  expect(user.email_confirmed_at).toBeString()
})

test('empty parameters are forwarded, and `scope` replaces the scopes', async () => {
  await using started = await start()
  const { location } = await startAuthorization(started.app, '&prompt=&scope=repo&scopes=gist')
  expect(Object.fromEntries(location.searchParams)).toMatchObject({ prompt: '', scope: 'repo' })
})

test('with PKCE the browser gets a code, which is exchanged once for a session and the provider tokens', async () => {
  await using started = await start()
  const { app } = started
  const reply = await returnFromProvider(app, { ...(await startAuthorization(app, WITH_PKCE)), cookie: '' })
  const { code } = queryOf(reply)
  expect(fragmentOf(reply)).toEqual({})
  expect((await exchange(app, code, `${VERIFIER}x`)).body.code).toBe('bad_code_verifier')
  const { status, body } = await exchange(app, code)
  expect([status, body.provider_token, body.user.email]).toEqual([200, 'gho_token', 'octocat@example.com'])
  expect((await exchange(app, code)).body.code).toBe('flow_state_not_found')
})

test('a second sign-in is the same user, with the provider’s current profile', async () => {
  await using started = await start()
  const { app, github } = started
  const first = claimsOf(fragmentOf(await signInAtGitHub(app)).access_token)
  github.account.name = 'Another Name'
  const again = claimsOf(fragmentOf(await signInAtGitHub(app)).access_token)
  expect([again.sub, again.user_metadata.name]).toEqual([first.sub, 'Another Name'])
})

test('a disabled, unknown or unconfigured provider is refused before the redirect', async () => {
  await using started = await start({ AUTH_EXTERNAL_DISCORD_ENABLED: 'true' })
  const messages: Record<string, string> = {
    gitlab: 'provider is not enabled',
    nobody: 'Provider nobody could not be found',
    constructor: 'Provider constructor could not be found',
    'custom:nope': 'custom provider custom:nope not found',
    discord: 'missing OAuth client ID',
  }
  for (const [provider, why] of Object.entries(messages)) {
    const { status, body } = await started.app.ask('GET', `/auth/v1/authorize?provider=${provider}`)
    expect([status, body]).toEqual([400, { code: 'validation_failed', message: `Unsupported provider: ${why}` }])
  }
})

test('a banned user, and disabled sign-ups, redirect back with access_denied', async () => {
  await using started = await start()
  const { app } = started
  const { sub } = claimsOf(fragmentOf(await signInAtGitHub(app)).access_token)
  await app.ask('PUT', `/auth/v1/admin/users/${sub}`, { token: app.admin, body: { ban_duration: '24h' } })
  expect(queryOf(await signInAtGitHub(app))).toMatchObject({ error: 'access_denied', error_code: 'user_banned' })
  await using closed = await start({ AUTH_DISABLE_SIGNUP: 'true' })
  expect(queryOf(await signInAtGitHub(closed.app))).toMatchObject({
    error: 'access_denied',
    error_code: 'signup_disabled',
  })
})

test('a provider response that is late, too large, redirected or invalid causes an error and no account', async () => {
  const answers: Record<string, () => Response> = {
    'an error': () => Response.json({ error: 'bad_verification_code' }),
    'a redirect': () => new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } }),
    'a flood': () => new Response('x'.repeat(1_000_000)),
    'no token': () => Response.json({ token_type: 'bearer' }),
    'no JSON': () => new Response('<html>'),
  }
  for (const [what, answer] of Object.entries(answers)) {
    await using started = await start()
    const { app, github } = started
    github.tokenAnswer = answer()
    const reply = await signInAtGitHub(app)
    expect([what, queryOf(reply).error_code, queryOf(reply).error]).toEqual([
      what,
      'unexpected_failure',
      'server_error',
    ])
    expect(github.requests.every(({ url }) => url.startsWith('https://github.com/'))).toBe(true)
    const { body } = await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })
    expect(body.users).toEqual([])
  }
})

test('threat T48: a state works once, before it expires, in the same browser and for the same provider', async () => {
  await using started = await start()
  const { app } = started
  const authorization = await startAuthorization(app)
  const another = await startAuthorization(app)
  expect(queryOf(await returnFromProvider(app, { ...another, cookie: authorization.cookie })).error_code).toBe(
    'bad_oauth_state',
  )
  expect(queryOf(await returnFromProvider(app, { ...(await startAuthorization(app)), cookie: '' })).error_code).toBe(
    'bad_oauth_state',
  )
  const all = await Promise.all([1, 2, 3, 4].map(() => returnFromProvider(app, authorization)))
  const codes = all.map((reply) => queryOf(reply).error_code ?? 'signed in').sort()
  expect(codes).toEqual(['flow_state_already_used', 'flow_state_already_used', 'flow_state_already_used', 'signed in'])
  const late = await startAuthorization(app)
  app.clock.advance(301_000)
  expect(queryOf(await returnFromProvider(app, late)).error_description).toBe('OAuth state has expired')
  const unknown = { state: crypto.randomUUID(), cookie: authorization.cookie }
  expect(queryOf(await returnFromProvider(app, unknown)).error_description).toBe('OAuth state not found or expired')
})

test('threat T48: a code exchanged several times at once opens one session', async () => {
  await using started = await start()
  const { app } = started
  const { code } = queryOf(await returnFromProvider(app, await startAuthorization(app, WITH_PKCE)))
  const all = await Promise.all([1, 2, 3, 4].map(() => exchange(app, code)))
  expect(all.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404])
})

test('threat T50: a provider’s error text is escaped in the redirect', async () => {
  await using started = await start()
  const { app } = started
  const evil = '<script>alert(1)</script>'
  const query = `&error=access_denied&error_description=${encodeURIComponent(evil)}`
  const reply = await returnFromProvider(app, await startAuthorization(app), query)
  expect([reply.status, reply.text]).toEqual([302, ''])
  expect(queryOf(reply)).toEqual({ error: 'access_denied', error_description: evil })
  expect(reply.headers.get('location')).not.toContain('<')
  expect(reply.headers.get('referrer-policy')).toBe('no-referrer')
})

test('threat T49: a sign-in redirects to the site if the requested target is not allowed', async () => {
  await using started = await start({
    AUTH_SITE_URL: 'https://app.example.com',
    AUTH_URI_ALLOW_LIST: 'https://*.app.example.com/cb',
  })
  const { app } = started
  const evil = [
    'https://evil.example/',
    'https://app.example.com@evil.example/',
    'https://app.example.com.evil.example/',
    'javascript:alert(1)',
    'https://app.example.com\\@evil.example/',
    '//evil.example',
    'https://xXapp.example.com/cb',
    'https://evil.example/.app.example.com/cb',
    'https://a.app.example.com/%2e%2e/cb',
    'https://app.example.com:444/',
  ]
  for (const wanted of evil) {
    const reply = await returnFromProvider(
      app,
      await startAuthorization(app, `&redirect_to=${encodeURIComponent(wanted)}`),
    )
    expect([wanted, new URL(reply.headers.get('location') ?? '').origin]).toEqual([wanted, 'https://app.example.com'])
  }
})

test('a token endpoint may return the scope as an array, and null as the refresh token', async () => {
  const fetchProvider = (async (input: string | URL) =>
    String(input) === 'https://id.twitch.tv/oauth2/token'
      ? Response.json({ access_token: 'a', refresh_token: null, scope: ['user:read:email'], token_type: 'bearer' })
      : Response.json({
          data: [{ id: '1', login: 'ada', display_name: 'Ada', email: 'ada@example.com' }],
        })) as typeof fetch
  const settings = { AUTH_EXTERNAL_TWITCH_CLIENT_ID: 'c', AUTH_EXTERNAL_TWITCH_SECRET: 's' }
  await using app = await startApp({ settings, fetchProvider })
  const authorization = await app.ask('GET', '/auth/v1/authorize?provider=twitch')
  const state = new URL(authorization.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const cookie = (authorization.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  expect(fragmentOf(await returnFromProvider(app, { state, cookie })).access_token).toBeDefined()
})

test('redirects to a provider, and callbacks without a state, do not count against the refresh limit', async () => {
  await using app = await startApp({
    settings: { ...GITHUB, AUTH_RATE_LIMITS: 'on' },
    fetchProvider: fakeGitHub().fetch,
  })
  const ada = await app.signUp()
  for (let count = 0; count < 31; count++) {
    await app.ask('GET', '/auth/v1/authorize?provider=github')
    await app.ask('GET', '/auth/v1/callback?state=x')
  }
  for (const path of ['authorize?provider=github', 'callback?state=x'])
    expect([path, (await app.ask('GET', `/auth/v1/${path}`)).status]).toEqual([path, 429])
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
})
