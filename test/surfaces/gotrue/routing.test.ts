/** Paths and methods, as in GoTrue's router. */
import { expect, test } from 'bun:test'
import { startApp } from '../../support/app'

test('a trailing slash is tolerated where GoTrue mounts a router, and nowhere else', async () => {
  await using app = await startApp()
  const asked = async (method: string, path: string) =>
    (await app.ask(method, path, { body: method === 'GET' ? undefined : {}, token: app.admin })).status
  for (const prefix of ['', '/auth/v1']) {
    for (const path of [
      '/otp',
      '/magiclink',
      '/recover',
      '/resend',
      '/token',
      '/invite',
      '/admin/generate_link',
      '/logout',
    ])
      expect([path, await asked('POST', `${prefix}${path}/`)]).toEqual([path, 404])
    for (const path of ['/health', '/settings', '/authorize']) expect(await asked('GET', `${prefix}${path}/`)).toBe(404)
    for (const path of ['/admin/users', '/admin/audit', '/admin/sso/providers'])
      expect([path, await asked('GET', `${prefix}${path}/`)]).toEqual([path, 200])
    expect(await asked('POST', `${prefix}/signup/`)).toBe(422)
    expect(await asked('GET', `${prefix}/verify/`)).toBe(400)
  }
  const { accessToken: token } = await app.signUp()
  const id = crypto.randomUUID()
  for (const path of [`/factors/${id}/challenge`, `/factors/${id}/verify`, '/passkeys/registration/options'])
    expect((await app.ask('POST', `/auth/v1${path}/`, { token, body: {} })).text).toBe('404 page not found\n')
  expect((await app.ask('DELETE', `/auth/v1/factors/${id}/`, { token })).body.code).toBe('mfa_factor_not_found')
})

test('a method that GoTrue does not know is refused before anything else', async () => {
  await using app = await startApp()
  for (const path of ['/health', '/auth/v1/health', '/user', '/admin/users', '/nowhere', '/']) {
    for (const method of ['PROPFIND', 'LINK', 'PURGE']) {
      const { status, text, headers } = await app.ask(method, path)
      expect([method, path, status, text, headers.get('allow')]).toEqual([method, path, 405, '', null])
    }
  }
})

test('a method that GoTrue knows is refused after authentication', async () => {
  await using app = await startApp()
  expect((await app.ask('PATCH', '/auth/v1/user')).status).toBe(401)
  const { status, headers } = await app.ask('PATCH', '/auth/v1/health')
  expect([status, headers.get('allow')]).toEqual([405, 'GET'])
})

test('a leaf route checks the method before the caller, and nothing is below it', async () => {
  await using app = await startApp()
  for (const path of ['/invite', '/logout']) {
    const { status, headers } = await app.ask('GET', `/auth/v1${path}`)
    expect([path, status, headers.get('allow')]).toEqual([path, 405, 'POST'])
    for (const below of ['/', '/x'])
      expect((await app.ask('POST', `/auth/v1${path}${below}`)).text).toBe('404 page not found\n')
  }
  expect((await app.ask('GET', '/auth/v1/scim')).text).toBe('404 page not found\n')
})

test('OPTIONS without a requested method is not a preflight', async () => {
  await using app = await startApp()
  const ask = (path: string, headers = {}) =>
    app.ask('OPTIONS', path, { headers: { origin: 'https://app.example.com', ...headers } })
  const plain = await ask('/auth/v1/health')
  expect([plain.status, plain.headers.get('allow')]).toEqual([405, 'GET'])
  expect(plain.headers.get('access-control-allow-origin')).toBe('*')
  expect(plain.headers.get('vary')).toBe('Origin')
  expect((await ask('/auth/v1/nowhere')).status).toBe(404)
  expect((await ask('/auth/v1/user')).status).toBe(401)
  const preflight = await ask('/auth/v1/user', { 'access-control-request-method': 'PUT' })
  expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([204, 'PUT'])
})

test('responses to methods that CORS does not allow have no CORS headers', async () => {
  await using app = await startApp()
  for (const method of ['HEAD', 'PROPFIND']) {
    const { headers } = await app.ask(method, '/auth/v1/health', { headers: { origin: 'https://app.example.com' } })
    expect([method, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([method, null, 'Origin'])
  }
})

test('SAML endpoints respond as if SAML is disabled', async () => {
  await using app = await startApp()
  const ask = (method: string, path: string, body?: object) =>
    app.ask(method, `/auth/v1/admin/sso/providers${path}`, { body, token: app.admin })
  expect((await ask('GET', '')).body).toEqual({ items: [] })
  for (const id of [crypto.randomUUID(), 'nope', 'resource_x'])
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await ask(method, `/${id}`)).body).toMatchObject({ code: 'sso_provider_not_found' })
  const messages = {
    "Only 'saml' supported for SSO provider type": { type: 'oidc' },
    'Either metadata_xml or metadata_url must be set': { type: 'saml' },
    'Only one of metadata_xml or metadata_url needs to be set': { type: 'saml', metadata_url: 'x', metadata_xml: 'y' },
    'metadata_url is not a valid URL': { type: 'saml', metadata_url: 'x' },
    'metadata_url is not a HTTPS URL': { type: 'saml', metadata_url: 'http://idp.example.com/' },
  }
  for (const [message, body] of Object.entries(messages)) {
    const { status, body: answer } = await ask('POST', '', body)
    expect([status, answer.message]).toEqual([400, message])
  }
  expect((await ask('POST', '', { type: 'saml', metadata_url: 'https://idp.example.com/' })).body.code).toBe(
    'saml_provider_disabled',
  )
  expect((await app.ask('GET', '/auth/v1/admin/sso/providers/x')).status).toBe(401)
})
