/** An OpenID provider as an administrator configures it, in the test's process. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Json, Reply, RequestOptions, TestApp, TestOptions } from './app'

export const ISSUER = 'https://id.example.com'
export const NOW = '2026-01-01T00:00:00Z'
/** DNS results for the provider's host. */
export const ADDRESS = '93.184.215.14'

const { privateKey, publicKey } = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256' }

export interface Request {
  /** The requested URL, with an address as its host. */
  called: URL
  /** The intended URL, with the host's name. */
  url: string
  body: URLSearchParams
  headers: Headers
  serverName: string | undefined
}

export interface FakeOpenId extends Required<Pick<TestOptions, 'fetchProvider'>> {
  /** The issuer's metadata. */
  metadata: Json
  /** Additional claims of the next ID token; undefined for no ID token. */
  claims: Json
  userinfo: Json
  /** Responses in place of the usual ones, by path. */
  answers: Record<string, (request: Request) => Response | Promise<Response>>
  requests: Request[]
  /** The requests to a path. */
  asked(path: string): Request[]
}

export function sign(claims: Json = {}, key = privateKey): Promise<string> {
  const now = Date.parse(NOW) / 1000
  const payload = { iss: ISSUER, aud: 'acme-client', sub: 'acme-1', iat: now, exp: now + 3600, ...claims }
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(key)
}

export function fakeOpenId(): FakeOpenId {
  const provider: FakeOpenId = {
    metadata: {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      userinfo_endpoint: `${ISSUER}/userinfo`,
      jwks_uri: `${ISSUER}/keys`,
      scopes_supported: ['openid', 'email'],
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      secret_of_nobody: 'not shown',
    },
    claims: { email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' },
    userinfo: { sub: 'acme-1' },
    answers: {},
    requests: [],
    asked: (path) => provider.requests.filter(({ url }) => new URL(url).pathname === path),
    fetchProvider: (async (input: string | URL, init: RequestInit & { tls?: { serverName?: string } } = {}) => {
      const called = new URL(input)
      const headers = new Headers(init.headers)
      const meant = new URL(called)
      meant.host = headers.get('host') ?? called.host
      const body = new URLSearchParams(String(init.body ?? ''))
      const request = { called, url: meant.href, body, headers, serverName: init.tls?.serverName }
      provider.requests.push(request)
      const answer = provider.answers[meant.pathname]
      return answer ? answer(request) : usual(provider, meant.pathname)
    }) as typeof fetch,
  }
  return provider
}

async function usual({ metadata, claims, userinfo }: FakeOpenId, path: string): Promise<Response> {
  if (path === '/.well-known/openid-configuration') return Response.json(metadata)
  if (path === '/keys') return Response.json({ keys: [jwk] })
  if (path === '/userinfo') return Response.json(userinfo)
  if (path !== '/token') return new Response('not found', { status: 404 })
  const idToken = claims && { id_token: await sign(claims) }
  return Response.json({ access_token: 'acme-token', refresh_token: 'acme-refresh', token_type: 'Bearer', ...idToken })
}

export const OIDC = {
  provider_type: 'oidc',
  identifier: 'custom:acme',
  name: 'Acme',
  issuer: ISSUER,
  client_id: 'acme-client',
  client_secret: 'acme-secret',
  scopes: ['email', 'profile'],
}

export const OAUTH2 = {
  provider_type: 'oauth2',
  identifier: 'custom:plain',
  name: 'Plain',
  client_id: 'plain-client',
  client_secret: 'plain-secret',
  scopes: ['read'],
  authorization_url: 'https://plain.example.com/authorize',
  token_url: 'https://plain.example.com/token',
  userinfo_url: 'https://plain.example.com/userinfo',
}

const PATH = '/auth/v1/admin/custom-providers'

/** The endpoints of an administrator. */
export const custom = (app: TestApp, asked: RequestOptions = { token: app.admin }) => ({
  list: (query = ''): Promise<Reply> => app.ask('GET', PATH + query, asked),
  create: (body: Json): Promise<Reply> => app.ask('POST', PATH, { ...asked, body }),
  get: (identifier: string): Promise<Reply> => app.ask('GET', `${PATH}/${identifier}`, asked),
  update: (identifier: string, body: Json): Promise<Reply> =>
    app.ask('PUT', `${PATH}/${identifier}`, { ...asked, body }),
  remove: (identifier: string): Promise<Reply> => app.ask('DELETE', `${PATH}/${identifier}`, asked),
})
