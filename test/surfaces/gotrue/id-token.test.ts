/** Sign-in with an ID token of the application (GoTrue's id_token grant, OpenID Connect Core 1.0 §3.1.3.7). */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { claimsOf, startApp } from '../../support/app'
import { startHookServer } from '../../support/hook-server'

const ISSUER = 'https://accounts.google.com'
const SETTINGS = {
  AUTH_EXTERNAL_GOOGLE_CLIENT_ID: 'web-client,ios-client',
  AUTH_EXTERNAL_GOOGLE_SECRET: 'secret',
  AUTH_EXTERNAL_APPLE_CLIENT_ID: 'com.example.app',
  AUTH_EXTERNAL_APPLE_SECRET: 'secret',
  AUTH_EXTERNAL_AZURE_CLIENT_ID: 'azure-client',
  AUTH_EXTERNAL_AZURE_SECRET: 'secret',
}
const NOW = Date.parse('2026-01-01T00:00:00Z') / 1000
const keys = await generateKeyPair('RS256', { extractable: true })
const otherKeys = await generateKeyPair('RS256', { extractable: true })
const published = { ...(await exportJWK(keys.publicKey)), kid: 'key-1', alg: 'RS256' }

interface Issuer {
  /** The published keys. */
  keySet: () => Response | Promise<Response>
  fetched: string[]
}

async function start(settings: Record<string, string> = {}, keySet?: Issuer['keySet']) {
  const issuer: Issuer = { keySet: keySet ?? (() => Response.json({ keys: [published] })), fetched: [] }
  const fetchProvider = (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(String(input))
    issuer.fetched.push(url.href)
    if (url.pathname.endsWith('/keys'))
      return Promise.race([
        issuer.keySet(),
        new Promise<never>((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
      ])
    const base = url.href.replace('/.well-known/openid-configuration', '')
    return Response.json({ issuer: base, jwks_uri: `${base}/keys`, authorization_endpoint: `${base}/auth` })
  }) as typeof fetch
  const app = await startApp({ settings: { ...SETTINGS, ...settings }, fetchProvider })
  const grant = (body: object, token?: string) =>
    app.ask('POST', '/auth/v1/token?grant_type=id_token', { body, ...(token !== undefined && { token }) })
  return { app, issuer, grant, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const claims = {
  iss: ISSUER,
  sub: '1234567890',
  aud: 'web-client',
  email: 'ada@example.com',
  email_verified: true,
  name: 'Ada',
}

function sign(
  changes: JWTPayload & Record<string, unknown> = {},
  key = keys.privateKey,
  kid = 'key-1',
): Promise<string> {
  const payload = { ...claims, iat: NOW, exp: NOW + 600, ...changes }
  return new SignJWT(JSON.parse(JSON.stringify(payload))).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
}

test('a valid token signs in, as the same user each time', async () => {
  await using started = await start()
  const { status, body } = await started.grant({ provider: 'google', id_token: await sign() })
  expect(status).toBe(200)
  expect(claimsOf(body.access_token).amr[0].method).toBe('oauth')
  expect(body.user).toMatchObject({ email: 'ada@example.com', app_metadata: { provider: 'google' } })
  expect(body.provider_token).toBeUndefined()
  const again = await started.grant({
    issuer: ISSUER,
    client_id: 'ios-client',
    id_token: await sign({ aud: 'ios-client' }),
  })
  expect(again.body.user.id).toBe(body.user.id)
  expect(started.issuer.fetched.length).toBe(2)
})

test('a Custom Access Token hook is called; after its refusal the same token signs in', async () => {
  await using hook = await startHookServer()
  await using started = await start(hook.settings('CUSTOM_ACCESS_TOKEN'))
  const body = { provider: 'google', id_token: await sign() }
  hook.next({ body: { error: { http_code: 403, message: 'Not now' } } })
  const refused = await started.grant(body)
  expect([refused.status, refused.body]).toEqual([403, { code: 'unknown', message: 'Not now' }])
  hook.always(({ payload }) => ({ body: { claims: { ...payload.claims, tier: 'gold' } } }))
  const { body: session } = await started.grant(body)
  expect(claimsOf(session.access_token)).toMatchObject({ tier: 'gold', email: 'ada@example.com' })
  expect(hook.calls.map(({ payload }) => payload.authentication_method)).toEqual(['oauth', 'oauth'])
})

const BAD: Record<string, { token: () => Promise<string> | string; says: string }> = {
  'of another issuer': { token: () => sign({ iss: 'https://evil.example' }), says: 'Bad ID token' },
  'for another audience': {
    token: () => sign({ aud: 'other' }),
    says: 'Unacceptable audience in id_token: [other]',
  },
  'for several, made for another': {
    token: () => sign({ aud: ['web-client', 'other'], azp: 'other' }),
    says: 'Unacceptable audience in id_token: [web-client other]',
  },
  'for several, made for nobody named': {
    token: () => sign({ aud: ['web-client', 'other'] }),
    says: 'Unacceptable audience in id_token: [web-client other]',
  },
  'without a subject': { token: () => sign({ sub: undefined }), says: 'Missing sub claim in id_token' },
  'with an empty subject': { token: () => sign({ sub: '' }), says: 'Missing sub claim in id_token' },
  'past its time': { token: () => sign({ exp: NOW - 1 }), says: 'Bad ID token' },
  'without an end': { token: () => sign({ exp: undefined }), says: 'Bad ID token' },
  'signed by another': { token: () => sign({}, otherKeys.privateKey), says: 'Bad ID token' },
  'signed by an unknown key': { token: () => sign({}, otherKeys.privateKey, 'key-2'), says: 'Bad ID token' },
  'signed with the public key as a secret': {
    token: () =>
      new SignJWT({ ...claims, iat: NOW, exp: NOW + 600 })
        .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
        .sign(new TextEncoder().encode(JSON.stringify(published))),
    says: 'Bad ID token',
  },
  'not signed': {
    token: async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await sign()).split('.')[1]}.`,
    says: 'Bad ID token',
  },
  'of too many bytes': { token: () => sign({ padding: 'x'.repeat(20_000) }), says: 'Bad ID token' },
  'no token': { token: () => 'abc', says: 'Bad ID token' },
  'with a nonce that nobody showed': {
    token: () => sign({ nonce: 'abc' }),
    says: 'Passed nonce and nonce in id_token should either both exist or not.',
  },
}

test.each(Object.entries(BAD))('threat T47: a token %s is refused', async (_, { token, says }) => {
  await using started = await start()
  const { status, body } = await started.grant({ provider: 'google', id_token: await token() })
  expect([status, body]).toEqual([400, { error: 'invalid request', error_description: says }])
  const { body: list } = await started.app.ask('GET', '/auth/v1/admin/users', { token: started.app.admin })
  expect(list.users).toEqual([])
})

test('threat T47: the nonce claim must be the hash of the submitted nonce', async () => {
  await using started = await start()
  const nonce = createHash('sha256').update('raw-nonce').digest('hex')
  const idToken = await sign({ nonce })
  expect((await started.grant({ provider: 'google', id_token: idToken, nonce })).body.error).toBe('invalid nonce')
  expect((await started.grant({ provider: 'google', id_token: idToken })).status).toBe(400)
  expect((await started.grant({ provider: 'google', id_token: await sign(), nonce: 'raw-nonce' })).status).toBe(400)
  expect((await started.grant({ provider: 'google', id_token: idToken, nonce: 'raw-nonce' })).status).toBe(200)
})

test('threat T47: a key set of 10,000 keys, an endless one and an invalid one are refused', async () => {
  const sets: Record<string, Issuer['keySet']> = {
    many: () => Response.json({ keys: Array(10_000).fill(published) }),
    more: () => Response.json({ keys: Array(101).fill({ kty: 'oct' }) }),
    endless: () => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536)) })),
    none: () => new Response('no', { status: 500 }),
    slow: () => new Promise<never>(() => {}),
  }
  for (const [name, keySet] of Object.entries(sets)) {
    await using started = await start({ AUTH_INTERNAL_HTTP_TIMEOUT: '1s' }, keySet)
    const { status, body } = await started.grant({ provider: 'google', id_token: await sign() })
    expect([name, status, body.error_description]).toEqual([name, 400, 'Bad ID token'])
  }
})

test('a new key of the provider is fetched, and tokens with unknown keys cause one request per minute at most', async () => {
  await using started = await start()
  await started.grant({ provider: 'google', id_token: await sign() })
  const renewed = { ...(await exportJWK(otherKeys.publicKey)), kid: 'key-2', alg: 'RS256' }
  started.issuer.keySet = () => Response.json({ keys: [renewed] })
  const idToken = await sign({}, otherKeys.privateKey, 'key-2')
  const before = started.issuer.fetched.length
  for (let tries = 0; tries < 5; tries++)
    expect((await started.grant({ provider: 'google', id_token: idToken })).status).toBe(400)
  expect(started.issuer.fetched.length).toBe(before)
  started.app.clock.advance(61_000)
  expect((await started.grant({ provider: 'google', id_token: idToken })).status).toBe(200)
})

test('at_hash binds the token to the access token', async () => {
  await using started = await start()
  const hash = createHash('sha256').update('ya29.token').digest().subarray(0, 16).toString('base64url')
  const idToken = await sign({ at_hash: hash })
  expect((await started.grant({ provider: 'google', id_token: idToken, access_token: 'ya29.other' })).status).toBe(400)
  expect((await started.grant({ provider: 'google', id_token: idToken, access_token: 'ya29.token' })).status).toBe(200)
})

test('Apple and Azure have several accepted issuers', async () => {
  await using started = await start()
  const apple = { aud: 'com.example.app', iss: 'https://account.apple.com', email_verified: undefined }
  const right = await started.grant({ provider: 'apple', id_token: await sign(apple) })
  expect([right.status, right.body.user.user_metadata.email_verified]).toEqual([200, true])
  const wrong = await started.grant({ provider: 'apple', id_token: await sign({ ...apple, iss: ISSUER }) })
  expect(wrong.body.message).toBe('Detected ID token issuer is not an Apple ID token issuer')
  const tenant = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'
  const azure = { aud: 'azure-client', sub: 'azure-1', email: 'eve@example.com', xms_edov: true }
  expect((await started.grant({ provider: 'azure', id_token: await sign({ ...azure, iss: tenant }) })).status).toBe(200)
  for (const iss of [`https://evil.example/${tenant}`, tenant.replace('microsoftonline', 'evil'), `${tenant}/../x`])
    expect((await started.grant({ provider: 'azure', id_token: await sign({ ...azure, iss }) })).body.message).toBe(
      'Detected ID token issuer is not an Azure ID token issuer',
    )
  expect(started.issuer.fetched.every((url) => !url.includes('evil'))).toBe(true)
})

test('a provider that is enabled with client ids alone accepts ID tokens, and refuses a sign-in in a browser', async () => {
  await using started = await start({
    AUTH_EXTERNAL_GOOGLE_ENABLED: 'true',
    AUTH_EXTERNAL_GOOGLE_SECRET: '',
    AUTH_EXTERNAL_APPLE_ENABLED: 'true',
    AUTH_EXTERNAL_APPLE_SECRET: '',
  })
  const google = await started.grant({ provider: 'google', id_token: await sign() })
  const iss = 'https://appleid.apple.com'
  const apple = await sign({ iss, aud: 'com.example.app', sub: 'apple-1', email: 'eve@example.com' })
  expect([google.status, (await started.grant({ provider: 'apple', id_token: apple })).status]).toEqual([200, 200])
  const foreign = await sign({ aud: 'another-client' })
  expect((await started.grant({ provider: 'google', id_token: foreign })).status).toBe(400)
  const byIssuer = { client_id: 'another-client', issuer: ISSUER, id_token: foreign }
  expect((await started.grant(byIssuer)).status).toBe(400)
  expect((await started.app.ask('GET', '/auth/v1/authorize?provider=google')).body.message).toContain('secret')
})

test('providers without ID tokens, disabled ones and unknown issuers are refused', async () => {
  await using started = await start({ GITHUB_CLIENT_ID: 'a', GITHUB_CLIENT_SECRET: 'b' })
  const idToken = await sign()
  const message = async (body: object) => (await started.grant({ id_token: idToken, ...body })).body.message
  expect(await message({ provider: 'github' })).toBe('Custom OIDC provider "github" not allowed')
  expect(await message({ provider: 'nobody' })).toBe('Custom OIDC provider "nobody" not allowed')
  expect(await message({ issuer: 'https://evil.example', client_id: 'x' })).toBe('Custom OIDC provider "" not allowed')
  expect(await message({ provider: 'kakao', issuer: 'https://kauth.kakao.com' })).toBe(
    'Provider (issuer "https://kauth.kakao.com") is not enabled',
  )
  expect(started.issuer.fetched).toEqual([])
})

test.each([
  ['google', 'abc', 'Provider (issuer "https://accounts.google.com") is not enabled'],
  ['facebook', 'abc', 'Provider (issuer "https://www.facebook.com") is not enabled'],
  ['keycloak', 'abc', 'Provider (issuer "") is not enabled'],
  ['apple', 'abc', 'Unable to detect issuer in ID token for Apple provider'],
  ['azure', 'abc', 'Unable to detect issuer in ID token for Azure provider'],
  ['apple', { iss: ISSUER }, 'Detected ID token issuer is not an Apple ID token issuer'],
  ['apple', { iss: 'https://account.apple.com' }, 'Provider (issuer "https://account.apple.com") is not enabled'],
])('%s, which is disabled, refuses the ID token %j with: %s', async (provider, shown, message) => {
  await using app = await startApp()
  const body = { provider, id_token: typeof shown === 'string' ? shown : await sign(shown) }
  const reply = await app.ask('POST', '/auth/v1/token?grant_type=id_token', { body })
  expect([reply.status, reply.body.message]).toEqual([400, message])
})

test('threat T47: a token that a disabled provider issued to any app is refused, also where its issuer is listed', async () => {
  for (const listed of [ISSUER, `https://evil.example,${ISSUER}`]) {
    await using started = await start({
      AUTH_EXTERNAL_GOOGLE_ENABLED: 'false',
      AUTH_EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS: listed,
    })
    const given = { issuer: ISSUER, client_id: 'app-of-eve', id_token: await sign({ aud: 'app-of-eve' }) }
    const { status, body } = await started.grant(given)
    expect([status, body.code, body.message]).toEqual([
      400,
      'provider_disabled',
      `Provider (issuer "${ISSUER}") is not enabled`,
    ])
    expect(started.issuer.fetched).toEqual([])
  }
})

test('a token of an enabled provider must be for its client ids, whatever client_id the request names', async () => {
  await using started = await start()
  const given = { issuer: ISSUER, client_id: 'app-of-eve', id_token: await sign({ aud: 'app-of-eve' }) }
  expect((await started.grant(given)).body.error_description).toBe('Unacceptable audience in id_token: [app-of-eve]')
})

test('link_identity links to the account of the bearer token, and requires one', async () => {
  await using started = await start()
  const ada = await started.app.signUp('someone@example.com')
  const body = { provider: 'google', id_token: await sign(), link_identity: true }
  expect((await started.grant(body)).body.error_description).toBe(
    'Linking requires a valid user access token in Authorization',
  )
  expect((await started.grant(body, started.app.keys.publishable)).status).toBe(403)
  const linked = await started.grant(body, ada.accessToken)
  expect([linked.status, linked.body.user.id]).toEqual([200, ada.id])
  expect((await started.grant(body, ada.accessToken)).body.code).toBe('identity_already_exists')
})
