/** Settings and invitations in sign-ins with a provider, and what is stored of them. */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { claimsOf, startApp } from '../../support/app'
import { countRows, readRows } from '../../support/database'
import { lastMessageTo, open, WITH_CONFIRMATION } from '../../support/mail'
import {
  fakeGitHub,
  fragmentOf,
  GITHUB,
  queryOf,
  returnFromProvider,
  signInAtGitHub,
  startAuthorization,
} from '../../support/providers'

const EMAIL = 'octocat@example.com'

async function start(settings: Record<string, string> = {}, github = fakeGitHub()) {
  const app = await startApp({ settings: { ...GITHUB, ...settings }, fetchProvider: github.fetch })
  return { app, github, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

test('an unverified address is confirmed by mail, and its link signs in', async () => {
  await using started = await start(WITH_CONFIRMATION, fakeGitHub(EMAIL, false))
  const { app } = started
  const refused = queryOf(await signInAtGitHub(app))
  expect(refused).toEqual({
    error: 'access_denied',
    error_code: 'provider_email_needs_verification',
    error_description: 'Unverified email with github. A confirmation email has been sent to your github email',
  })
  await open(app, (await lastMessageTo(app, EMAIL)).link)
  const { access_token: token } = fragmentOf(await signInAtGitHub(app))
  const { body } = await app.ask('GET', '/auth/v1/user', { token })
  expect([body.email, body.identities.length > 0]).toEqual([EMAIL, true])
})

test('if allowed, an unverified address signs in', async () => {
  const settings = { ...WITH_CONFIRMATION, AUTH_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS: 'true' }
  await using started = await start(settings, fakeGitHub(EMAIL, false))
  const { access_token: token } = fragmentOf(await signInAtGitHub(started.app))
  const { body } = await started.app.ask('GET', '/auth/v1/user', { token })
  expect([body.email, body.email_confirmed_at]).toEqual([EMAIL, undefined])
})

test('an account without an address signs in only if none is required', async () => {
  for (const [isOptional, code] of [
    ['false', 'unexpected_failure'],
    ['true', undefined],
  ] as const) {
    await using started = await start({ ...WITH_CONFIRMATION, AUTH_EXTERNAL_GITHUB_EMAIL_OPTIONAL: isOptional })
    started.github.account.emails = []
    expect([isOptional, queryOf(await signInAtGitHub(started.app)).error_code]).toEqual([isOptional, code])
  }
})

test('providers with their own linking domain do not link to accounts by address', async () => {
  await using started = await start({ AUTH_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS: 'github:work' })
  const { app } = started
  const ada = await app.signUp(EMAIL)
  const claims = claimsOf(fragmentOf(await signInAtGitHub(app)).access_token)
  expect([claims.sub === ada.id, claims.email]).toEqual([false, EMAIL])
})

test('a forced redirect target overrides that of the client', async () => {
  await using started = await start({ AUTH_EXTERNAL_REDIRECTURL: 'https://forced.example/in' })
  const reply = await returnFromProvider(
    started.app,
    await startAuthorization(started.app, '&redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fx'),
  )
  expect(reply.headers.get('location')).toStartWith('https://forced.example/in#access_token=')
})

test('an invitation is accepted with an account that has the invited address, once', async () => {
  await using started = await start(WITH_CONFIRMATION, fakeGitHub(EMAIL, false))
  const { app, github } = started
  await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: EMAIL } })
  const token = new URL((await lastMessageTo(app, EMAIL)).link, 'http://localhost').searchParams.get('token')
  const unknown = await app.ask('GET', '/auth/v1/authorize?provider=github&invite_token=abc')
  expect([unknown.status, unknown.body.code]).toEqual([404, 'user_not_found'])
  const [first, second, third] = [
    await startAuthorization(app, `&invite_token=${token}`),
    await startAuthorization(app, `&invite_token=${token}`),
    await startAuthorization(app, `&invite_token=${token}`),
  ]
  const { emails } = github.account
  github.account.emails = [{ email: 'other@example.com', verified: true, primary: true }]
  expect(queryOf(await returnFromProvider(app, first)).error_description).toBe(
    'Invited email does not match emails from external provider',
  )
  github.account.emails = emails
  const claims = claimsOf(fragmentOf(await returnFromProvider(app, second)).access_token)
  expect([claims.email, claims.app_metadata.providers.includes('github')]).toEqual([EMAIL, true])
  expect(queryOf(await returnFromProvider(app, third)).error_code).toBe('invite_not_found')
})

test('the database contains no plaintext state, cookie, verifier or provider token', async () => {
  await using started = await start()
  const { app } = started
  const challenge = createHash('sha256').update('x'.repeat(50)).digest('base64url')
  const implicit = await startAuthorization(app)
  await returnFromProvider(
    app,
    await startAuthorization(app, `&code_challenge=${challenge}&code_challenge_method=s256`),
  )
  const rows = await Promise.all(
    ['oauth_states', 'flow_state'].map(async (table) =>
      JSON.stringify(await readRows(app.database, `SELECT * FROM ${table}`)),
    ),
  )
  for (const secret of [implicit.state, implicit.cookie.split('=')[1] ?? '', 'gho_token', 'github-secret'])
    expect([secret, rows.some((row) => row.includes(secret))]).toEqual([secret, false])
})

test('unused states are removed', async () => {
  await using started = await start()
  const { app } = started
  await startAuthorization(app)
  app.clock.advance(2 * 86_400_000)
  expect((await app.core.forTask().sweep()).oauthStates).toBe(1)
})

test('the cookie of a public server is Secure and is sent with cross-site form posts', async () => {
  await using started = await start({ AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' })
  const reply = await started.app.ask('GET', '/auth/v1/authorize?provider=github')
  expect(reply.headers.get('set-cookie')).toMatch(
    /^latchkey_oauth=[\w-]{32}; Path=\/; Max-Age=300; HttpOnly; SameSite=None; Secure$/,
  )
})

test('X gets the PKCE verifier', async () => {
  const bodies: string[] = []
  const fetchProvider = (async (url: string, init: RequestInit = {}) => {
    bodies.push(String(init.body ?? ''))
    if (url.endsWith('/token'))
      return Response.json({ access_token: 'x', token_type: 'bearer', refresh_token: 'again' })
    return Response.json({ data: { id: '1', name: 'Ada', username: 'ada', confirmed_email: EMAIL } })
  }) as unknown as typeof fetch
  const settings = { AUTH_EXTERNAL_X_CLIENT_ID: 'x-client', AUTH_EXTERNAL_X_SECRET: 'secret' }
  await using app = await startApp({ settings, fetchProvider })
  const reply = await app.ask('GET', '/auth/v1/authorize?provider=x')
  const { searchParams } = new URL(reply.headers.get('location') ?? '')
  const back = {
    state: searchParams.get('state') ?? '',
    cookie: (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '',
  }
  expect(fragmentOf(await returnFromProvider(app, back))).toMatchObject({
    provider_token: 'x',
    provider_refresh_token: 'again',
  })
  const verifier = new URLSearchParams(bodies[0]).get('code_verifier') ?? ''
  expect(createHash('sha256').update(verifier).digest('base64url')).toBe(searchParams.get('code_challenge') ?? '')
})

test('Apple responds with a form post, which contains the name', async () => {
  const keys = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'a', alg: 'ES256' }
  const issuer = 'https://appleid.apple.com'
  const idToken = await new SignJWT({ sub: '001.a', email: EMAIL })
    .setProtectedHeader({ alg: 'ES256', kid: 'a' })
    .setIssuer(issuer)
    .setAudience('com.example.app')
    .setIssuedAt(Date.parse('2026-01-01T00:00:00Z') / 1000)
    .setExpirationTime(Date.parse('2026-01-01T00:05:00Z') / 1000)
    .sign(keys.privateKey)
  const fetchProvider = (async (url: string | URL) => {
    if (String(url).endsWith('/keys')) return Response.json({ keys: [jwk] })
    if (String(url).endsWith('/token'))
      return Response.json({ access_token: 'a', token_type: 'Bearer', id_token: idToken })
    return Response.json({ issuer, jwks_uri: `${issuer}/keys` })
  }) as unknown as typeof fetch
  const settings = { AUTH_EXTERNAL_APPLE_CLIENT_ID: 'com.example.app', AUTH_EXTERNAL_APPLE_SECRET: 'signed' }
  await using app = await startApp({ settings, fetchProvider })
  const authorization = await app.ask('GET', '/auth/v1/authorize?provider=apple&prompt=login')
  const { searchParams } = new URL(authorization.headers.get('location') ?? '')
  expect([searchParams.get('response_mode'), searchParams.get('prompt')]).toEqual(['form_post', null])
  const user = '{"name":{"firstName":"Ada","lastName":"Lovelace"}}'
  const raw = new URLSearchParams({ state: searchParams.get('state') ?? '', code: 'c', user }).toString()
  const cookie = (authorization.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const reply = await app.ask('POST', '/auth/v1/callback', {
    raw,
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(claimsOf(fragmentOf(reply).access_token)).toMatchObject({
    email: EMAIL,
    user_metadata: { full_name: 'Ada Lovelace' },
  })
})

test('the Send Email hook gets a working link, and if it fails, nothing is stored', async () => {
  const hook = {
    AUTH_HOOK_SEND_EMAIL_ENABLED: 'true',
    AUTH_HOOK_SEND_EMAIL_URI: 'https://hooks.example.com/mail',
    AUTH_HOOK_SEND_EMAIL_SECRETS: 'v1,whsec_Zmlyc3Qtc2VjcmV0LWZpcnN0LXNlY3JldA==',
    AUTH_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS: 'true',
    AUTH_MAILER_AUTOCONFIRM: 'false',
  }
  const statuses = [400, 200, 400, 200]
  const users: number[] = []
  const hashes: string[] = []
  const { fetch } = fakeGitHub(EMAIL, false)
  await using app = await startApp({
    settings: { ...GITHUB, ...hook },
    fetchProvider: fetch,
    async post({ body }) {
      users.push(await count('users'))
      hashes.push(JSON.parse(body).email_data.token_hash)
      const status = statuses.shift() ?? 200
      const answer = { contentType: 'application/json', retryAfter: '', body: '{}', isTooLarge: false }
      return { outcome: 'answered', status, ...answer }
    },
  })
  const count = (table: string) => countRows(app.database, table)
  expect(queryOf(await signInAtGitHub(app)).error_description).toBe('Invalid payload sent to hook')
  expect([users, await count('users'), await count('verification_tokens'), await count('sessions')]).toEqual([
    [1],
    0,
    0,
    0,
  ])
  expect(fragmentOf(await signInAtGitHub(app)).access_token).toBeString()
  app.clock.advance(60_000)
  expect(queryOf(await signInAtGitHub(app)).error_description).toBe('Invalid payload sent to hook')
  expect([await count('verification_tokens'), await count('sessions')]).toEqual([1, 1])
  expect(fragmentOf(await signInAtGitHub(app)).access_token).toBeString()
  const body = { type: 'signup', token_hash: hashes[3] }
  expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(200)
})
