/** Sign-in with custom providers: authorization and callback. */
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { generateKeyPair } from 'jose'
import { claimsOf, type Json, startApp, type TestApp } from '../../support/app'
import {
  ADDRESS,
  custom,
  type FakeOpenId,
  fakeOpenId,
  ISSUER,
  NOW,
  OAUTH2,
  OIDC,
  sign,
} from '../../support/custom-provider'
import { fragmentOf, queryOf, returnFromProvider, type StartedAuthorization } from '../../support/providers'

async function start(provider: Json = OIDC, settings: Record<string, string> = {}) {
  const fake = fakeOpenId()
  const app = await startApp({ now: NOW, settings, fetchProvider: fake.fetchProvider })
  const admin = custom(app)
  const made = await admin.create(provider)
  if (made.status !== 201) throw new Error(made.text)
  fake.requests.length = 0
  return { app, fake, ...admin, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

async function leave(app: TestApp, name = 'custom:acme', query = ''): Promise<StartedAuthorization> {
  const reply = await app.ask('GET', `/auth/v1/authorize?provider=${name}${query}`)
  if (reply.status !== 302) throw new Error(`leaving answered ${reply.status} ${reply.text}`)
  const location = new URL(reply.headers.get('location') ?? '')
  const cookie = (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return { state: location.searchParams.get('state') ?? '', cookie, location }
}

const signIn = async (app: TestApp, name?: string, back = '&code=code') =>
  returnFromProvider(app, await leave(app, name), back)

/** The user who is signed in. */
async function userOf(app: TestApp, name?: string): Promise<Json> {
  const reply = await signIn(app, name)
  const { access_token: token, ...rest } = fragmentOf(reply)
  if (token === undefined) throw new Error(JSON.stringify(rest))
  return (await app.ask('GET', '/auth/v1/user', { token })).body
}

test('sign-in with an OpenID provider uses discovery and PKCE, and returns the provider’s tokens', async () => {
  await using started = await start({ ...OIDC, authorization_params: { prompt: 'login', hd: 'example.com' } })
  const { app, fake } = started
  const authorization = await leave(
    app,
    'custom:ACME',
    '&scopes=offline_access&prompt=none&login_hint=ada&code_challenge_method=',
  )
  expect(authorization.location.href).toStartWith(`${ISSUER}/authorize?`)
  const { state, code_challenge: challenge, ...asked } = Object.fromEntries(authorization.location.searchParams)
  expect(asked).toEqual({
    client_id: 'acme-client',
    response_type: 'code',
    redirect_uri: 'http://localhost:7020/auth/v1/callback',
    scope: 'openid email profile offline_access',
    prompt: 'login',
    hd: 'example.com',
    login_hint: 'ada',
    code_challenge_method: 'S256',
  })
  const reply = await returnFromProvider(app, authorization)
  const fragment = fragmentOf(reply)
  expect(fragment).toMatchObject({ provider_token: 'acme-token', provider_refresh_token: 'acme-refresh' })
  expect(claimsOf(fragment.access_token)).toMatchObject({
    email: 'ada@example.com',
    app_metadata: { provider: 'custom:acme', providers: ['custom:acme'] },
    amr: [{ method: 'oauth' }],
  })
  const [request] = fake.asked('/token')
  const { code_verifier: verifier, ...body } = Object.fromEntries(request?.body ?? [])
  expect(body).toEqual({
    grant_type: 'authorization_code',
    code: 'code',
    redirect_uri: 'http://localhost:7020/auth/v1/callback',
  })
  expect(
    createHash('sha256')
      .update(verifier ?? '')
      .digest('base64url'),
  ).toBe(challenge as string)
  expect(request?.headers.get('authorization')).toBe(`Basic ${btoa('acme-client:acme-secret')}`)
  expect(
    fake.requests.every(({ called, serverName }) => called.host === ADDRESS && serverName === 'id.example.com'),
  ).toBe(true)
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token: fragment.access_token })
  expect(user.identities).toMatchObject([
    {
      provider: 'custom:acme',
      id: 'acme-1',
      email: 'ada@example.com',
      identity_data: {
        email: 'ada@example.com',
        email_verified: true,
        full_name: 'Ada Lovelace',
        iss: ISSUER,
        name: 'Ada Lovelace',
        phone_verified: false,
        provider_id: 'acme-1',
        sub: 'acme-1',
      },
    },
  ])
  expect(user.email_confirmed_at).toBeString()
  expect(state).toBe(authorization.state)
})

test('sign-in with an OAuth 2.0 provider uses userinfo, and no PKCE if disabled', async () => {
  const mapping = { sub: 'id', name: 'display', email: 'mail', user_name: 'login', locale: ['de'], zoneinfo: 'nowhere' }
  await using started = await start({
    ...OAUTH2,
    pkce_enabled: false,
    attribute_mapping: mapping,
    custom_claims_allowlist: ['groups', 'org', 'constructor'],
  })
  const { app, fake } = started
  fake.claims = undefined
  const answer = { id: 4711, display: 'Ada', mail: 'Ada@Example.com', email_verified: true, login: 'ada' }
  fake.userinfo = { ...answer, groups: ['admins'], role: 'service_role', nonce: 'n' }
  const authorization = await leave(app, 'custom:plain')
  expect(authorization.location.href).toStartWith('https://plain.example.com/authorize?')
  expect([
    authorization.location.searchParams.get('scope'),
    authorization.location.searchParams.get('code_challenge'),
  ]).toEqual(['read', null])
  const fragment = fragmentOf(await returnFromProvider(app, authorization))
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token: fragment.access_token })
  expect(user.user_metadata).toEqual({
    sub: '4711',
    provider_id: '4711',
    name: 'Ada',
    full_name: 'Ada',
    user_name: 'ada',
    locale: ['de'],
    email: 'Ada@Example.com',
    email_verified: true,
    phone_verified: false,
    custom_claims: { groups: ['admins'] },
  })
  expect([user.email, user.role]).toEqual(['ada@example.com', 'authenticated'])
  expect(fake.asked('/token')[0]?.body.has('code_verifier')).toBe(false)
  expect(fake.asked('/userinfo')[0]?.headers.get('authorization')).toBe('Bearer acme-token')
})

test('an OAuth 2.0 provider that expects the secret in the body gets it there', async () => {
  await using started = await start(OAUTH2)
  const { app, fake } = started
  fake.claims = undefined
  fake.userinfo = { sub: 'x', email: 'ada@example.com', email_verified: true }
  fake.answers['/token'] = ({ body, headers }) =>
    headers.has('authorization') || body.get('client_secret') !== 'plain-secret'
      ? Response.json({ error: 'invalid_client' }, { status: 401 })
      : Response.json({ access_token: 'late', token_type: 'bearer' })
  expect(fragmentOf(await signIn(app, 'custom:plain')).provider_token).toBe('late')
  expect(fake.asked('/token')).toHaveLength(2)
})

test('an OpenID provider gets its secret by the method in its metadata, and by no other', async () => {
  await using started = await start()
  const { app, fake, update } = started
  fake.metadata.token_endpoint_auth_methods_supported = ['client_secret_post', 'private_key_jwt']
  await update('custom:acme', { issuer: ISSUER })
  await signIn(app)
  const [request] = fake.asked('/token')
  expect([request?.headers.get('authorization'), request?.body.get('client_secret')]).toEqual([null, 'acme-secret'])
  fake.answers['/token'] = () => Response.json({ error: 'invalid_client' }, { status: 401 })
  expect(queryOf(await signIn(app)).error_description).toBe('Unable to exchange external code: code')
  expect(fake.asked('/token')).toHaveLength(2)
})

test('claims missing in the ID token come from userinfo, if it is of the same account', async () => {
  await using started = await start({ ...OIDC, custom_claims_allowlist: ['groups'] })
  const { app, fake } = started
  fake.claims = { name: 'Ada' }
  fake.userinfo = { sub: 'acme-1', email: 'ada@example.com', email_verified: true, groups: ['a'], name: 'Other' }
  const user = await userOf(app)
  expect(user.user_metadata).toMatchObject({ name: 'Ada', email: 'ada@example.com', custom_claims: { groups: ['a'] } })
  fake.userinfo = { sub: 'acme-2', email: 'eve@example.com', email_verified: true }
  expect(queryOf(await signIn(app)).error_description).toBe('Error getting user profile from external provider')
  // and if the ID token has all claims, userinfo is not requested
  fake.claims = { email: 'ada@example.com', email_verified: true, groups: [] }
  const before = fake.asked('/userinfo').length
  expect((await userOf(app)).id).toBe(user.id)
  expect(fake.asked('/userinfo')).toHaveLength(before)
})

test('threat T46: an unverified address links to no account, whichever claim it comes from', async () => {
  const victim = 'victim@example.com'
  const cases: [string, Json, Json][] = [
    ['unverified', { email: victim }, {}],
    ['said to be unverified', { email: victim, email_verified: false }, {}],
    ['nearly true', { email: victim, email_verified: 1 }, {}],
    ['another is verified', { email: 'eve@example.com', email_verified: true, upn: victim }, { email: 'upn' }],
    ['mapped trust', { email: victim, trusted: true }, { phone: 'trusted' }],
  ]
  for (const [name, claims, mapping] of cases) {
    await using started = await start({ ...OIDC, attribute_mapping: mapping })
    const owner = await started.app.signUp(victim)
    started.fake.claims = claims
    await signIn(started.app)
    const { body } = await started.app.ask('GET', `/auth/v1/admin/users/${owner.id}`, { token: started.app.admin })
    expect([name, body.identities.map(({ provider }: Json) => provider)]).toEqual([name, ['email']])
  }
})

test('a verified address links to the account that has it, also if mapped from another claim', async () => {
  await using started = await start({ ...OIDC, attribute_mapping: { email: 'mail' } })
  const ada = await started.app.signUp('ada@example.com')
  started.fake.claims = { mail: 'ada@example.com', email_verified: true }
  const user = await userOf(started.app)
  expect([user.id, user.app_metadata.providers]).toEqual([ada.id, ['email', 'custom:acme']])
})

test('without an address sign-in fails, unless the provider allows that', async () => {
  await using started = await start()
  const { app, fake, update } = started
  fake.claims = {}
  expect(queryOf(await signIn(app)).error_description).toBe('Error getting user email from external provider')
  await update('custom:acme', { email_optional: true })
  const user = await userOf(app)
  expect([user.email, user.identities[0].id]).toEqual(['', 'acme-1'])
})

test('the same subject at two providers is two accounts', async () => {
  await using started = await start({ ...OIDC, email_optional: true })
  await started.create({ ...OIDC, identifier: 'custom:other', email_optional: true })
  started.fake.claims = {}
  expect((await userOf(started.app)).id).not.toBe((await userOf(started.app, 'custom:other')).id)
})

test('a provider that is unknown or disabled is refused before the redirect, and in the callback', async () => {
  await using started = await start()
  const { app, update, remove } = started
  const refused = async (name: string) => (await app.ask('GET', `/auth/v1/authorize?provider=${name}`)).body
  expect(await refused('custom:nope')).toEqual({
    code: 'validation_failed',
    message: 'Unsupported provider: custom provider custom:nope not found',
  })
  const authorization = await leave(app)
  const another = await leave(app)
  await update('custom:acme', { enabled: false })
  expect((await refused('custom:acme')).message).toBe('Unsupported provider: custom provider custom:acme is disabled')
  expect(queryOf(await returnFromProvider(app, authorization)).error_description).toEndWith(
    'custom provider custom:acme is disabled',
  )
  await remove('custom:acme')
  expect(queryOf(await returnFromProvider(app, another)).error_description).toEndWith(
    'custom provider custom:acme not found',
  )
  expect(started.fake.asked('/token')).toEqual([])
  await using off = await startApp({ settings: { AUTH_CUSTOM_OAUTH_ENABLED: 'false' } })
  const { body } = await off.ask('GET', '/auth/v1/authorize?provider=custom:acme')
  expect(body.message).toBe('Unsupported provider: custom OAuth providers are disabled')
})

test('threat T47: ID tokens that are forged, or have another issuer or audience, are refused', async () => {
  const { privateKey: other } = await generateKeyPair('RS256')
  await using started = await start()
  const { app, fake } = started
  const tokens = {
    forged: await sign({}, other),
    'of another issuer': await sign({ iss: 'https://evil.example' }),
    'for somebody else': await sign({ aud: 'other-client' }),
    'for several, made for another': await sign({ aud: ['acme-client', 'other'], azp: 'other' }),
    expired: await sign({ exp: Date.parse(NOW) / 1000 - 1 }),
    'without a subject': await sign({ sub: '' }),
    'no token at all': 'x.y.z',
  }
  for (const [name, idToken] of Object.entries(tokens)) {
    fake.answers['/token'] = () => Response.json({ access_token: 'a', token_type: 'bearer', id_token: idToken })
    expect([name, queryOf(await signIn(app)).error_description]).toEqual([
      name,
      'Unable to exchange external code: code',
    ])
  }
  const { body: list } = await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })
  expect(list.users).toEqual([])
})

test('additional client ids are valid audiences, but not sent to the provider', async () => {
  await using started = await start({ ...OIDC, acceptable_client_ids: ['acme-ios'] })
  started.fake.claims = { ...started.fake.claims, aud: 'acme-ios' }
  expect((await leave(started.app)).location.searchParams.get('client_id')).toBe('acme-client')
  expect((await userOf(started.app)).email).toBe('ada@example.com')
})

test('threat T48: a response of another provider is refused if this one always sends iss', async () => {
  await using started = await start()
  const { app, fake, update } = started
  expect(fragmentOf(await signIn(app, 'custom:acme', '&code=code&iss=https%3A%2F%2Fevil.example')).error).toBe(
    'server_error',
  )
  fake.metadata.authorization_response_iss_parameter_supported = true
  await update('custom:acme', { issuer: ISSUER })
  expect(fragmentOf(await signIn(app)).error).toBe('server_error')
  expect(fake.asked('/token')).toEqual([])
  expect(
    fragmentOf(await signIn(app, 'custom:acme', `&code=code&iss=${encodeURIComponent(ISSUER)}`)).access_token,
  ).toBeString()
})

test('threat T51: endpoints that have moved to private addresses are not called', async () => {
  const fake: FakeOpenId = fakeOpenId()
  let addresses = [ADDRESS]
  await using app = await startApp({ now: NOW, fetchProvider: fake.fetchProvider, lookup: async () => addresses })
  await custom(app).create(OIDC)
  addresses = ['10.0.0.1']
  fake.requests.length = 0
  expect(queryOf(await signIn(app)).error_description).toBe('Unable to exchange external code: code')
  expect(fake.requests).toEqual([])
})

test('an issuer is discovered again after an hour, and its cached metadata is used while it does not answer', async () => {
  await using started = await start()
  const { app, fake, get } = started
  const well = '/.well-known/openid-configuration'
  app.clock.advance(3_599_000)
  fake.metadata.authorization_endpoint = `${ISSUER}/authorize2`
  expect((await leave(app)).location.pathname).toBe('/authorize')
  app.clock.advance(1000)
  expect((await leave(app)).location.pathname).toBe('/authorize2')
  const { body } = await get('custom:acme')
  expect([body.discovery_document.authorization_endpoint, body.updated_at]).toEqual([`${ISSUER}/authorize2`, NOW])
  fake.answers[well] = () => Response.json({ ...fake.metadata, token_endpoint: 'https://127.0.0.1/token' })
  app.clock.advance(3_600_000)
  await Promise.all([leave(app), leave(app), leave(app)])
  expect((await leave(app)).location.pathname).toBe('/authorize2')
  expect((await leave(app)).location.pathname).toBe('/authorize2')
  expect(fake.asked(well)).toHaveLength(2)
  expect((await get('custom:acme')).body.discovery_document.token_endpoint).toBe(`${ISSUER}/token`)
  expect(app.log()).toContainEqual(
    expect.objectContaining({ level: 'warn', provider: 'custom:acme', error: 'its token_endpoint is not public' }),
  )
})

test('the callback URL for custom providers can be set', async () => {
  await using started = await start(OIDC, { AUTH_CUSTOM_OAUTH_EXTERNAL_URL: 'https://login.example.com/auth/v1/' })
  expect((await leave(started.app)).location.searchParams.get('redirect_uri')).toBe(
    'https://login.example.com/auth/v1/callback',
  )
})

test('an account is linked to a custom provider, which can have its own linking domain', async () => {
  await using started = await start(OIDC, {
    AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'true',
    AUTH_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS: 'custom:acme=acme',
  })
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  const path = '/auth/v1/user/identities/authorize?provider=custom:acme&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token: ada.accessToken })
  const state = new URL(body.url).searchParams.get('state') ?? ''
  const { access_token: token } = fragmentOf(await returnFromProvider(app, { state, cookie: '' }))
  expect(claimsOf(token).sub).toBe(ada.id)
  started.fake.claims = { ...started.fake.claims, sub: 'acme-2', email: 'bob@example.com' }
  await app.signUp('bob@example.com')
  expect((await userOf(app)).app_metadata.providers).toEqual(['custom:acme'])
})
