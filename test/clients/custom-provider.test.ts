/** The published supabase-js and a certified OpenID provider, both unmodified, with the executable between them. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { type Binary, startBinary } from '../support/binary'
import { type OidcProvider, startOidcProvider, visitAs } from '../support/oidc-provider'

const SITE = 'http://app.localhost:3000/home'
let provider: OidcProvider
let server: Binary

beforeAll(async () => {
  provider = await startOidcProvider()
  server = await startBinary({
    env: { AUTH_SITE_URL: SITE, AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS: provider.host, AUTH_CUSTOM_OAUTH_MAX_PROVIDERS: '3' },
  })
  provider.register([
    {
      client_id: 'latchkey-web',
      client_secret: 'a secret: 100%+',
      scope: 'openid email profile',
      redirect_uris: [await callback()],
    },
    {
      client_id: 'latchkey-app',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['acme-app://callback'],
      application_type: 'native',
      scope: 'openid email profile',
    },
  ])
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

/** The callback URL that the server gives to providers. */
async function callback(): Promise<string> {
  const { customProviders } = admin()
  const { error } = await customProviders.createProvider({
    provider_type: 'oauth2',
    identifier: 'custom:probe',
    name: 'Probe',
    client_id: 'a',
    client_secret: 'b',
    authorization_url: 'https://probe.example.com/',
    token_url: 'https://probe.example.com/',
    userinfo_url: 'https://probe.example.com/',
  })
  if (error) throw error
  const reply = await fetch(`${server.url}/auth/v1/authorize?provider=custom:probe`, { redirect: 'manual' })
  expect((await customProviders.deleteProvider('custom:probe')).error).toBeNull()
  return new URL(reply.headers.get('location') ?? '').searchParams.get('redirect_uri') ?? ''
}

const admin = () =>
  createClient(server.url, server.keys.secret_key, { auth: { autoRefreshToken: false, persistSession: false } }).auth
    .admin

function client(flowType: 'pkce' | 'implicit' = 'pkce') {
  const held = new Map<string, string>()
  const storage = {
    getItem: (name: string) => held.get(name) ?? null,
    setItem: (name: string, value: string) => void held.set(name, value),
    removeItem: (name: string) => void held.delete(name),
  }
  return createClient(server.url, server.keys.publishable_key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, flowType, storage },
  })
}

const acme = () => ({
  provider_type: 'oidc' as const,
  identifier: 'custom:acme',
  name: 'Acme',
  issuer: provider.issuer,
  client_id: 'latchkey-web',
  client_secret: 'a secret: 100%+',
  scopes: ['email', 'profile'],
  acceptable_client_ids: ['latchkey-app'],
  custom_claims_allowlist: ['groups'],
  attribute_mapping: { nickname: 'name' },
})

test('admin.customProviders creates, lists, reads, updates and deletes providers, and errors have codes', async () => {
  const { customProviders } = admin()
  const made = await customProviders.createProvider(acme())
  expect(made.error).toBeNull()
  expect(made.data).toMatchObject({
    identifier: 'custom:acme',
    scopes: ['openid', 'email', 'profile'],
    pkce_enabled: true,
    enabled: true,
    discovery_document: { issuer: provider.issuer, jwks_uri: `${provider.issuer}/jwks` },
  })
  expect(JSON.stringify(made.data)).not.toContain('100%')
  expect((await customProviders.listProviders({ type: 'oidc' })).data.providers).toEqual([made.data as never])
  expect((await customProviders.listProviders({ type: 'oauth2' })).data.providers).toEqual([])
  expect((await customProviders.getProvider('custom:acme')).data).toEqual(made.data)
  const changed = await customProviders.updateProvider('custom:acme', { name: 'Acme Inc' })
  expect(changed.data).toMatchObject({ name: 'Acme Inc', issuer: provider.issuer })
  expect((await customProviders.createProvider(acme())).error?.code).toBe('conflict')
  expect((await customProviders.createProvider({ ...acme(), issuer: 'http://10.0.0.1' })).error).toMatchObject({
    status: 400,
    code: 'validation_failed',
    message: 'URL must use HTTPS',
  })
  expect(await customProviders.deleteProvider('custom:acme')).toEqual({ data: null, error: null })
  expect((await customProviders.getProvider('custom:acme')).error?.code).toBe('custom_provider_not_found')
  const { auth } = client()
  expect((await auth.admin.customProviders.listProviders()).error).toMatchObject({ status: 403, code: 'not_admin' })
})

test('signInWithOAuth signs in by discovery with PKCE on both sides, and a second sign-in is the same user', async () => {
  await admin().customProviders.createProvider(acme())
  const { auth } = client()
  const signIn = async (login: string) => {
    const options = { redirectTo: SITE, skipBrowserRedirect: true }
    const { data } = await auth.signInWithOAuth({ provider: 'custom:acme', options })
    const back = await visitAs(login, data.url ?? '', SITE)
    return auth.exchangeCodeForSession(back.searchParams.get('code') ?? '')
  }
  const { data, error } = await signIn('ada')
  expect(error).toBeNull()
  expect(data.user).toMatchObject({
    email: 'ada@example.com',
    app_metadata: { provider: 'custom:acme', providers: ['custom:acme'] },
    user_metadata: {
      sub: 'ada',
      name: 'ada of Acme',
      nickname: 'ada of Acme',
      email_verified: true,
      iss: provider.issuer,
      custom_claims: { groups: ['staff'] },
    },
  })
  expect(data.session?.provider_token).toBeString()
  expect((await signIn('ada')).data.user?.id).toBe(data.user?.id as string)
  expect((await signIn('bob')).data.user?.email).toBe('bob@example.com')
})

test('the implicit flow ends in the fragment of the application, in the browser that started it', async () => {
  const { auth } = client('implicit')
  const options = { redirectTo: SITE, skipBrowserRedirect: true }
  const { data } = await auth.signInWithOAuth({ provider: 'custom:acme', options })
  const { hash } = await visitAs('ada', data.url ?? '', SITE)
  const { access_token = '', refresh_token = '' } = Object.fromEntries(new URLSearchParams(hash.slice(1)))
  const { data: session } = await auth.setSession({ access_token, refresh_token })
  expect(session.user?.email).toBe('ada@example.com')
})

test('signInWithIdToken signs in with a token that the application obtained, bound by its nonce', async () => {
  const nonce = randomBytes(16).toString('hex')
  const verifier = randomBytes(32).toString('base64url')
  const shared = { client_id: 'latchkey-app', redirect_uri: 'acme-app://callback' }
  const asked = new URLSearchParams({
    ...shared,
    response_type: 'code',
    scope: 'openid',
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    nonce: createHash('sha256').update(nonce).digest('hex'),
    claims: JSON.stringify({ id_token: { email: null, email_verified: null } }),
  })
  const back = await visitAs('ada', `${provider.issuer}/auth?${asked}`, shared.redirect_uri)
  const code = back.searchParams.get('code') ?? ''
  const body = new URLSearchParams({ ...shared, grant_type: 'authorization_code', code, code_verifier: verifier })
  const { id_token: token } = (await (await fetch(`${provider.issuer}/token`, { method: 'POST', body })).json()) as {
    id_token: string
  }
  const { auth } = client()
  expect((await auth.signInWithIdToken({ provider: 'custom:acme', token })).error?.status).toBe(400)
  expect((await auth.signInWithIdToken({ provider: 'custom:acme', token, nonce: 'other' })).error?.status).toBe(400)
  const { data, error } = await auth.signInWithIdToken({ provider: 'custom:acme', token, nonce })
  expect(error).toBeNull()
  expect([data.user?.email, data.user?.identities?.map(({ id }) => id)]).toEqual(['ada@example.com', ['ada']])
})

test('no secret of a provider is logged', async () => {
  await server.settled()
  expect(JSON.stringify(server.log)).not.toMatch(/100%|a%20secret|(?<!"reason":")id_token|code_verifier/)
})
