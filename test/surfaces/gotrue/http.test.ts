import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { ValidationError } from 'elysia'
import type { Log } from '../../../src/http/log'
import { type RequestContext, setRequestContext } from '../../../src/http/request-context'
import { logFault } from '../../../src/http/request-report'
import { gotrueEndpoints } from '../../../src/surfaces/gotrue'
import { PASSWORD, startApp } from '../../support/app'

const CORS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
]

test('the surface answers alike at /auth/v1 and at the root', async () => {
  await using app = await startApp()
  for (const prefix of ['', '/auth/v1']) {
    expect((await app.ask('GET', `${prefix}/health`)).body).toEqual({
      version: expect.any(String),
      name: 'GoTrue',
      description: 'GoTrue is a user registration and authentication API',
      status: 'ok',
    })
    expect((await app.ask('GET', `${prefix}/user`)).status).toBe(401)
  }
})

test('settings endpoint reports providers and autoconfirm', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_PHONE_ENABLED: 'true' } })
  const { body } = await app.ask('GET', '/auth/v1/settings')
  expect(body).toMatchObject({
    external: { email: true, phone: true, anonymous_users: false, github: false },
    mailer_autoconfirm: true,
    phone_autoconfirm: false,
    disable_signup: false,
    mfa_enabled: true,
  })
  expect(Object.keys(body.external)).toHaveLength(26)
})

test('the discovery document describes the issuer', async () => {
  await using app = await startApp({ settings: { AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' } })
  const { body } = await app.ask('GET', '/auth/v1/.well-known/openid-configuration')
  expect(body).toMatchObject({
    issuer: 'https://auth.example.com/auth/v1',
    jwks_uri: 'https://auth.example.com/auth/v1/.well-known/jwks.json',
  })
  expect((await app.ask('GET', '/auth/v1/.well-known/jwks.json')).body).toEqual({ keys: [] })
})

test('errors have the format of the requested API version', async () => {
  await using app = await startApp()
  const ask = async (version: string) => {
    const { body, headers } = await app.ask('GET', '/auth/v1/user', { headers: { 'x-supabase-api-version': version } })
    return { body, echoed: headers.get('x-supabase-api-version'), code: headers.get('x-sb-error-code') }
  }
  const message = 'This endpoint requires a valid Bearer token'
  const current = { body: { code: 'no_authorization', message }, echoed: '2024-01-01', code: 'no_authorization' }
  const legacy = {
    body: { code: 401, error_code: 'no_authorization', msg: message },
    echoed: null,
    code: 'no_authorization',
  }
  for (const version of ['2024-01-01', '2024-01-02', '2099-01-01']) expect(await ask(version)).toEqual(current)
  for (const version of ['', '2023-12-31', 'latest', '20240101', '2024-13-01', '2024-02-30', '2024-01-01T00:00:00Z'])
    expect(await ask(version)).toEqual(legacy)
  expect((await app.ask('GET', '/auth/v1/health')).headers.get('x-supabase-api-version')).toBeNull()
})

test.each([
  ['GET', '/nope', 404],
  ['GET', '/HEALTH', 404],
  ['GET', '/health/', 404],
  ['POST', '/token/?grant_type=password', 404],
  ['GET', '//health', 404],
  ['GET', '/%68ealth', 404],
  ['POST', '/health', 405],
  ['GET', '/signup', 405],
  ['GET', '/logout', 405],
  ['HEAD', '/health', 405],
  ['OPTIONS', '/health', 405],
  ['HEAD', '/nope', 404],
])('%s %s is %d', async (method, path, status) => {
  await using app = await startApp()
  for (const prefix of ['', '/auth/v1']) {
    const reply = await app.ask(method, prefix + path)
    expect(reply.status).toBe(status)
    expect(reply.text).toBe(status === 405 ? '' : '404 page not found\n')
    if (status === 405) expect([reply.text, reply.headers.get('allow')]).toEqual(['', expect.any(String)])
  }
})

test('GoTrue’s route groups tolerate a trailing slash', async () => {
  await using app = await startApp()
  expect((await app.ask('POST', '/auth/v1/signup/', { body: {} })).body.code).toBe('anonymous_provider_disabled')
  for (const path of ['/user/', '/admin/users/', `/admin/users/${crypto.randomUUID()}/`])
    expect((await app.ask('GET', `/auth/v1${path}`)).status).toBe(401)
})

test('below protected paths, unauthenticated requests do not learn which routes exist', async () => {
  await using app = await startApp()
  for (const [method, path] of [
    ['GET', '/admin/nope'],
    ['PATCH', '/user'],
    ['POST', '/user'],
    ['GET', '/sessions/x/y'],
    ['POST', '/reauthenticate'],
  ] as const)
    expect((await app.ask(method, `/auth/v1${path}`)).status).toBe(401)
  expect((await app.ask('GET', '/auth/v1/admin/nope', { token: app.admin })).status).toBe(404)
  const { status, headers } = await app.ask('PATCH', '/auth/v1/admin/users', { token: app.admin })
  expect([status, headers.get('allow')]).toEqual([405, 'GET, POST'])
})

test.each([
  ['POST', '/sso', 'saml_provider_disabled'],
  ['GET', '/oauth/authorize', 'feature_disabled'],
  ['GET', '/.well-known/oauth-authorization-server', 'feature_disabled'],
  ['GET', '/scim/v2/Schemas', 'feature_disabled'],
])('%s %s reports that the feature is disabled', async (method, path, code) => {
  await using app = await startApp()
  const { status, body } = await app.ask(method, `/auth/v1${path}`)
  expect([status, body.code]).toEqual([404, code])
})

test('a preflight allows what supabase-js sends, from any origin', async () => {
  await using app = await startApp({ settings: { AUTH_CORS_ALLOWED_HEADERS: 'X-My-Own' } })
  const ask = async (method: string, asked: string) => {
    const { status, headers } = await app.ask('OPTIONS', '/auth/v1/token', {
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': method,
        'access-control-request-headers': asked,
      },
    })
    expect(headers.get('vary')).toBe('Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
    return [status, ...CORS.map((name) => headers.get(name))]
  }
  const supabase = 'apikey,authorization,content-type,x-client-info,x-supabase-api-version'
  expect(await ask('POST', supabase)).toEqual([204, '*', 'true', 'POST', supabase])
  expect(await ask('DELETE', 'X-My-Own')).toEqual([204, '*', 'true', 'DELETE', 'X-My-Own'])
  expect(await ask('POST', 'x-somebody-elses')).toEqual([204, null, null, null, null])
  expect(await ask('TRACE', '')).toEqual([204, null, null, null, null])
})

test('responses to other origins have CORS headers, also errors', async () => {
  await using app = await startApp()
  for (const path of ['/health', '/user', '/nope']) {
    const { headers } = await app.ask('GET', `/auth/v1${path}`, { headers: { origin: 'null' } })
    expect([
      headers.get('access-control-allow-origin'),
      headers.get('access-control-expose-headers'),
      headers.get('vary'),
    ]).toEqual(['*', 'X-Total-Count, Link, X-Supabase-Api-Version', 'Origin'])
    expect((await app.ask('GET', `/auth/v1${path}`)).headers.get('access-control-allow-origin')).toBeNull()
  }
})

test('a request id is returned, unless it does not fit a log line', async () => {
  await using app = await startApp()
  const id = async (given: string) =>
    (await app.ask('GET', '/auth/v1/health', { headers: { 'x-request-id': given } })).headers.get('x-request-id')
  expect(await id('abc-123')).toBe('abc-123')
  for (const bad of ['', 'a b', '"quoted"', 'x'.repeat(129)]) expect(await id(bad)).toMatch(/^[0-9a-f-]{36}$/)
})

test('the log has a line for each request, without secrets or addresses', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com', PASSWORD)
  await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })
  await app.ask('GET', `/auth/v1/nope?token=${ada.accessToken}`)
  await app.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: 'ada@example.com', password: 'wrong-password' },
  })
  const lines = app.log().filter(({ msg }) => msg === 'request')
  expect(lines.map(({ method, route, status, code }) => [method, route, status, code])).toEqual([
    ['POST', '/auth/v1/signup', 200, undefined],
    ['GET', '/auth/v1/user', 200, undefined],
    ['GET', undefined, 404, undefined],
    ['POST', '/auth/v1/token', 400, 'invalid_credentials'],
  ])
  for (const secret of [
    'ada@example.com',
    PASSWORD,
    'wrong-password',
    ada.accessToken,
    ada.refreshToken,
    '203.0.113.7',
  ])
    expect(JSON.stringify(app.log())).not.toContain(secret)
})

test('health checks and pages are logged at level debug, unless they fail', async () => {
  await using app = await startApp()
  for (const path of [
    '/health',
    '/auth/v1/health',
    '/ready',
    '/healthz',
    '/favicon.ico',
    '/swagger',
    '/auth/v1/settings',
    '/',
  ])
    await app.ask('GET', path)
  await app.ask('POST', '/health')
  const lines = app.log().filter(({ msg }) => msg === 'request')
  expect(lines.filter(({ level }) => level === 'debug').map(({ route }) => route)).toEqual([
    '/health',
    '/auth/v1/health',
    '/ready',
    '/healthz',
    '/favicon.ico',
    '/swagger',
  ])
  expect(lines.filter(({ level }) => level === 'info').map(({ route, status }) => [route, status])).toEqual([
    ['/auth/v1/settings', 200],
    [undefined, 404],
    [undefined, 405],
  ])
})

test('a fault is a bare 500 with the request id, and its cause is logged under that id', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.store.close()
  const ask = (version: string) =>
    app.ask('GET', '/auth/v1/user', {
      token: ada.accessToken,
      headers: { 'x-supabase-api-version': version, 'x-request-id': 'fault-1' },
    })
  const message = 'Unexpected failure, please check server logs for more information'
  expect(await ask('2024-01-01')).toMatchObject({ status: 500, body: { code: 'unexpected_failure', message } })
  expect((await ask('')).body).toEqual({
    code: 500,
    error_code: 'unexpected_failure',
    msg: message,
    error_id: 'fault-1',
  })
  expect(app.log().find(({ msg }) => msg === 'unhandled error')).toMatchObject({
    level: 'error',
    id: 'fault-1',
    route: '/auth/v1/user',
    stack: expect.any(String),
  })
})

test('a fault in a response is logged without the response', () => {
  const lines: unknown[] = []
  const log = { error: (...line: unknown[]) => lines.push(line) } as unknown as Log
  const request = new Request('http://localhost/')
  setRequestContext(request, { id: 'x' } as RequestContext)
  const answer = { access_token: 'secret-token', expires_in: 1.5 }
  const schema = Type.Object({ access_token: Type.String(), expires_in: Type.Integer() })
  logFault(log, request, new ValidationError('response', schema, answer))
  expect(lines).toEqual([
    ['unhandled error', expect.objectContaining({ error: 'response does not match the schema at /expires_in' })],
  ])
  expect(JSON.stringify(lines)).not.toContain('secret-token')
})

const endpoints = gotrueEndpoints({
  serverId: '',
  version: 'x',
  administration: { commit: '', startedAt: 0, settings: [] },
})

test('every endpoint requires the declared credentials: none, an API key and a forged token are refused', async () => {
  await using app = await startApp()
  const eve = await app.signUp()
  for (const { method, path, access } of endpoints.filter((each) => each.access !== 'anyone')) {
    const url = `/auth/v1${path.replace(/:\w+/g, crypto.randomUUID())}`
    expect([path, (await app.ask(method, url)).status]).toEqual([path, 401])
    expect([path, (await app.ask(method, url, { token: app.keys.publishable })).status]).toEqual([path, 403])
    if (access === 'admin')
      expect([path, (await app.ask(method, url, { token: eve.accessToken })).body.code]).toEqual([path, 'not_admin'])
  }
})

const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const account = `"email":"x@example.com","password":"${PASSWORD}"`

/** Bodies that are invalid for every endpoint. */
const unreadable: Record<string, string | Uint8Array> = {
  truncated: '{"email":',
  'a list': '[]',
  'a string': '"x"',
  'a number': '12',
  'a boolean': 'true',
  'two values': '{}{}',
  'a comment': '{/*x*/}',
  'single quotes': "{'a':1}",
  NaN: '{"data":{"x":NaN}}',
  'a byte order mark': new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
  'a raw NUL': new Uint8Array([0x7b, 0x22, 0x61, 0x00, 0x22, 0x3a, 0x31, 0x7d]),
  'one byte too many': `{"email":"${'a'.repeat(1_048_577)}"}`,
  '20,000 brackets': '['.repeat(20_000),
}

/** JSON objects with a member that is invalid for endpoints that declare it. */
const untakeable: Record<string, string> = {
  'a number beyond a double': `{${account},"data":{"x":1e400},"user_metadata":{"x":1e400},"app_metadata":{"x":1e400},"should_soft_delete":1e400}`,
  'wrong types':
    '{"email":1,"phone":[],"password":{},"data":1,"refresh_token":1,"user_metadata":"x","should_soft_delete":"no"}',
  'depth 10,000': `{${account},"data":${deep(10_000)},"user_metadata":${deep(10_000)},"should_soft_delete":${deep(10_000)}}`,
  'escaped NULs':
    '{"email":"a\\u0000@b.co","password":"a\\u0000b","data":{"a":"\\u0000"},"user_metadata":{"a":"\\u0000"},"should_soft_delete":"\\u0000"}',
}

test.each(Object.entries({ ...unreadable, ...untakeable }))(
  '%s is refused in the surface’s error format by every endpoint with a body',
  async (_, raw) => {
    await using app = await startApp()
    const ada = await app.signUp()
    for (const { method, path, access, body: declared } of endpoints) {
      // fields that an endpoint does not declare are ignored, and /recover declares none of these
      if (!declared || (path === '/recover' && String(raw).startsWith(`{${account},"data"`))) continue
      const url = `/auth/v1${path.replace(/:\w+/g, ada.id)}${path === '/token' ? '?grant_type=password' : ''}`
      const { status, body } = await app.ask(method, url, {
        token: access === 'admin' ? app.admin : ada.accessToken,
        raw,
      })
      expect([path, Math.floor(status / 100)]).toEqual([path, 4])
      expect(body).toMatchObject({ code: expect.any(String), message: expect.any(String) })
    }
  },
)

test('an empty body is refused, except by endpoints that need none', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect((await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, raw: '' })).body.code).toBe('bad_json')
  expect((await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken })).body.message).toBe(
    'Could not parse request body as JSON: unexpected end of JSON input',
  )
  expect((await app.ask('DELETE', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, raw: '' })).status).toBe(200)
})

test('lone surrogates become U+FFFD, the last duplicate key counts, and keys are case-insensitive', async () => {
  await using app = await startApp()
  const raw = `{"EMAIL":"x@example.com","email":"ada@example.com","Password":"${PASSWORD}","data":{"a":"\\ud800x","b":"\\ud83e\\udd8a"}}`
  const { body } = await app.ask('POST', '/auth/v1/signup', { raw, headers: { 'content-type': 'text/plain' } })
  expect(body.user).toMatchObject({ email: 'ada@example.com', user_metadata: { a: '\ufffdx', b: '🦊' } })
})

test('a chunked body has the same size limit', async () => {
  await using app = await startApp()
  const stream = new ReadableStream({
    start(controller) {
      for (let chunk = 0; chunk < 20; chunk++) controller.enqueue(new TextEncoder().encode('x'.repeat(65_536)))
      controller.close()
    },
  })
  const { status, body } = await app.ask('POST', '/auth/v1/signup', { raw: stream })
  expect([status, body.code]).toEqual([413, 'request_entity_too_large'])
})

test('invalid percent-encoding in a path is not found, on any route', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  const routes = app.routes.routes.filter(({ path, hooks }) => path.includes(':') && !hooks.detail?.hide)
  expect(routes.length).toBeGreaterThan(20)
  for (const { method, path } of routes)
    for (const bad of ['%', '%e0%a4%a']) {
      const { status } = await app.ask(method, path.replace(/:\w+/g, bad), { token: ada.accessToken })
      expect([method, path, status >= 400 && status < 500]).toEqual([method, path, true])
    }
})
