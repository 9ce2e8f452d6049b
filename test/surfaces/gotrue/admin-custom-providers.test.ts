/** Custom providers: listed, created, changed and deleted. */
import { expect, test } from 'bun:test'
import { startApp, type TestOptions } from '../../support/app'
import { ADDRESS, custom, fakeOpenId, ISSUER, NOW, OAUTH2, OIDC } from '../../support/custom-provider'
import { readRows } from '../../support/database'
import { currentEngine } from '../../support/engines'

async function start(settings: Record<string, string> = {}, options: TestOptions = {}) {
  const provider = fakeOpenId()
  const app = await startApp({ now: NOW, settings, fetchProvider: provider.fetchProvider, ...options })
  return { app, provider, ...custom(app), [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/)

test('an OpenID provider is discovered and stored with its metadata, and its secret is never shown', async () => {
  await using started = await start()
  const { app, provider, create, get, list } = started
  const made = await create(OIDC)
  expect([made.status, made.body]).toEqual([
    201,
    {
      id: uuid,
      provider_type: 'oidc',
      identifier: 'custom:acme',
      name: 'Acme',
      client_id: 'acme-client',
      acceptable_client_ids: [],
      scopes: ['openid', 'email', 'profile'],
      pkce_enabled: true,
      attribute_mapping: {},
      custom_claims_allowlist: [],
      authorization_params: {},
      enabled: true,
      email_optional: false,
      issuer: ISSUER,
      skip_nonce_check: false,
      discovery_document: {
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        userinfo_endpoint: `${ISSUER}/userinfo`,
        jwks_uri: `${ISSUER}/keys`,
        scopes_supported: ['openid', 'email'],
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
      },
      created_at: NOW,
      updated_at: NOW,
    },
  ])
  expect((await get('custom:acme')).body).toEqual(made.body)
  expect((await get('custom%3Aacme')).body).toEqual(made.body)
  expect((await list()).body).toEqual({ providers: [made.body] })
  expect(provider.requests.map(({ url }) => url)).toEqual([`${ISSUER}/.well-known/openid-configuration`])
  const [row] = await readRows<Record<string, string>>(
    app.database,
    'SELECT id, client_secret FROM custom_oauth_providers',
  )
  expect(row?.client_secret).not.toContain('acme-secret')
  const place = `custom_oauth_providers.client_secret:${row?.id}`
  expect(app.sealer.open(row?.client_secret ?? '', place).toString()).toBe('acme-secret')
})

test('an OAuth 2.0 provider is created without discovery, and lists can be filtered by type', async () => {
  await using started = await start()
  const { app, provider, create, list } = started
  const more = {
    acceptable_client_ids: ['other'],
    pkce_enabled: false,
    attribute_mapping: { sub: 'id', locale: 5 },
    custom_claims_allowlist: ['groups'],
    authorization_params: { prompt: 'login' },
    email_optional: true,
    enabled: false,
    jwks_uri: 'https://plain.example.com/keys',
    issuer: 'https://ignored.example.com',
  }
  const { status, body } = await create({ ...OAUTH2, ...more })
  const { client_secret: _, ...shown } = OAUTH2
  const { issuer: __, ...kept } = more
  expect([status, body]).toEqual([
    201,
    { ...shown, ...kept, id: uuid, skip_nonce_check: false, created_at: NOW, updated_at: NOW },
  ])
  expect(provider.requests).toEqual([])
  app.clock.advance(1000)
  await create(OIDC)
  const identifiers = async (query: string) =>
    (await list(query)).body.providers.map(({ identifier }: typeof OIDC) => identifier)
  expect(await identifiers('')).toEqual(['custom:acme', 'custom:plain'])
  expect(await identifiers('?type=oidc')).toEqual(['custom:acme'])
  expect(await identifiers('?type=oauth2')).toEqual(['custom:plain'])
  expect((await list('?type=saml')).body).toEqual({
    code: 'validation_failed',
    message: "type must be either 'oauth2' or 'oidc'",
  })
})

test('given fields are changed and others kept, and a new issuer is discovered', async () => {
  await using started = await start()
  const { app, provider, create, update } = started
  const { body: made } = await create(OIDC)
  app.clock.advance(5000)
  const changed = await update('custom:acme', { name: 'Acme Inc', scopes: ['email'], client_secret: 'new', name2: 1 })
  expect([changed.status, changed.body]).toEqual([
    200,
    { ...made, name: 'Acme Inc', scopes: ['openid', 'email'], updated_at: '2026-01-01T00:00:05Z' },
  ])
  expect(provider.requests).toHaveLength(1)
  const other = 'https://other.example.com/well-known'
  provider.answers['/well-known'] = () => Response.json({ ...provider.metadata, token_endpoint: `${ISSUER}/token2` })
  const moved = await update('custom:acme', { discovery_url: other, name: '', token_url: 'https://unused.example.com' })
  expect(moved.body).toMatchObject({ name: 'Acme Inc', issuer: ISSUER, discovery_url: other })
  expect(moved.body.discovery_document.token_endpoint).toBe(`${ISSUER}/token2`)
  expect(moved.body.token_url).toBeUndefined()
  expect(provider.requests.at(-1)?.url).toBe(other)
  const back = await update('custom:acme', { discovery_url: '' })
  expect([back.body.discovery_url, back.body.discovery_document.token_endpoint]).toEqual([undefined, `${ISSUER}/token`])
  // a refused change has no effect
  expect((await update('custom:acme', { name: 'No', issuer: 'https://else.example.com' })).status).toBe(400)
  expect((await started.get('custom:acme')).body).toEqual(back.body)
})

test('URLs of an OAuth 2.0 provider are changed one by one, and its jwks_uri can be removed', async () => {
  await using started = await start()
  await started.create({ ...OAUTH2, jwks_uri: 'https://plain.example.com/keys' })
  const url = 'https://plain.example.com/v2/token'
  const { body } = await started.update('custom:plain', { token_url: url, jwks_uri: '', issuer: ISSUER })
  expect([body.token_url, body.jwks_uri, body.issuer, body.userinfo_url]).toEqual([
    ...[url, undefined, undefined, OAUTH2.userinfo_url],
  ])
  const { body: refused } = await started.update('custom:plain', { token_url: 'https://10.0.0.1/token' })
  expect(refused.message).toBe('URL cannot point to localhost, loopback or private network addresses')
})

test('a deleted provider is gone for every other request, too', async () => {
  await using started = await start()
  const { create, get, update, remove } = started
  await create(OAUTH2)
  const removed = await remove('custom:plain')
  expect([removed.status, removed.text]).toEqual([204, ''])
  for (const reply of [await get('custom:plain'), await update('custom:plain', {}), await remove('custom:plain')])
    expect([reply.status, reply.body]).toEqual([
      404,
      { code: 'custom_provider_not_found', message: 'Custom OAuth provider not found' },
    ])
  for (const reply of [await get('github'), await update('github', {}), await remove('github')])
    expect([reply.status, reply.body]).toEqual([
      400,
      {
        code: 'validation_failed',
        message: "identifier must start with 'custom:' prefix, e.g. 'custom:github'",
      },
    ])
})

const REFUSALS: [string, object, string][] = [
  ['no type', { provider_type: undefined }, "provider_type must be either 'oauth2' or 'oidc'"],
  ['another type', { provider_type: 'saml' }, "provider_type must be either 'oauth2' or 'oidc'"],
  ['no identifier', { identifier: '' }, 'identifier is required'],
  ['no prefix', { identifier: 'acme' }, "identifier must start with 'custom:' prefix, e.g. 'custom:acme'"],
  ['no name', { name: '' }, 'name is required'],
  ['no client', { client_id: null }, 'client_id is required'],
  ['no secret', { client_secret: undefined }, 'client_secret is required'],
  ['no issuer', { issuer: undefined }, 'issuer is required for OIDC providers'],
  ['a reserved parameter', { authorization_params: { State: 'x' } }, 'Cannot override reserved OAuth parameter: State'],
  ['a fixed nonce', { authorization_params: { nonce: 'x' } }, 'Cannot override reserved OAuth parameter: nonce'],
  ['a number', { authorization_params: { max_age: 5 } }, 'Authorization parameter "max_age" must be a string'],
  ['a role', { attribute_mapping: { role: 'groups' } }, 'Cannot map to protected system field: role'],
  ['trust', { attribute_mapping: { email_verified: true } }, 'Cannot map to protected system field: email_verified'],
  ['one subject', { attribute_mapping: { sub: 1 } }, 'attribute_mapping must name a claim for: sub'],
  [
    'an empty claim',
    { custom_claims_allowlist: ['a', ' '] },
    'custom_claims_allowlist entries must be non-empty strings',
  ],
  ['http', { issuer: 'http://id.example.com' }, 'URL must use HTTPS'],
  ['no URL', { issuer: 'id.example.com' }, 'Invalid URL format'],
  ['a password', { issuer: 'https://a:b@id.example.com' }, 'Invalid URL format'],
  ['a long name', { name: 'x'.repeat(101) }, 'name is too long or cannot be stored'],
  ['a long client id', { client_id: 'x'.repeat(513) }, 'client_id is too long or cannot be stored'],
  ['many scopes', { scopes: Array(101).fill('a') }, 'scopes is too long or cannot be stored'],
  [
    'a large mapping',
    { attribute_mapping: { name: ['x'.repeat(20_000)] } },
    'attribute_mapping is too long or cannot be stored',
  ],
  ['NUL', { name: 'a\0b' }, 'name is too long or cannot be stored'],
]

test('missing, forbidden and oversized values are refused, and nothing is requested or stored', async () => {
  await using started = await start()
  for (const [name, change, message] of REFUSALS) {
    const { status, body } = await started.create({ ...OIDC, ...change })
    expect([name, status, body]).toEqual([name, 400, { code: 'validation_failed', message }])
  }
  expect([started.provider.requests, (await started.list()).body.providers]).toEqual([[], []])
})

test('an identifier has 2 to 50 lower-case characters', async () => {
  await using started = await start()
  for (const identifier of ['custom:', 'custom:A', 'custom:a_b', 'custom:a-', `custom:${'a'.repeat(44)}`, 'custom:ä'])
    expect([identifier, (await started.create({ ...OAUTH2, identifier })).body.code]).toEqual([
      ...[identifier, 'validation_failed'],
    ])
  const longest = `custom:${'a'.repeat(43)}`
  for (const identifier of ['custom:a', longest, 'custom:a:b-c'])
    expect((await started.create({ ...OAUTH2, identifier })).status).toBe(201)
})

test('OAuth 2.0 providers need their three URLs, in the order of the flow', async () => {
  await using started = await start()
  for (const field of ['authorization_url', 'token_url', 'userinfo_url'])
    expect((await started.create({ ...OAUTH2, [field]: '' })).body.message).toBe(
      `${field} is required for OAuth2 providers`,
    )
})

test('threat T51: no URL may point to loopback or the local network, in any notation', async () => {
  await using started = await start()
  const nearby = [
    ...['localhost', 'localhost.', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.1', '2130706433', '0x7f.1', '0.0.0.0'],
    ...['10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255'],
    ...[
      '[::1]',
      '[::]',
      '[fe80::1]',
      '[fd00::1]',
      '[::ffff:169.254.169.254]',
      '[64:ff9b::a9fe:a9fe]',
      '[2002:7f00:1::]',
    ],
    ...['intranet', 'db.internal', 'nas.local', 'router.lan'],
  ]
  for (const host of nearby) {
    const url = `https://${host}/x`
    for (const reply of [
      await started.create({ ...OIDC, issuer: url }),
      await started.create({ ...OIDC, discovery_url: url }),
      await started.create({ ...OAUTH2, token_url: url }),
      await started.create({ ...OAUTH2, userinfo_url: url }),
    ])
      expect([host, reply.body.message]).toEqual([
        ...[host, 'URL cannot point to localhost, loopback or private network addresses'],
      ])
  }
  for (const url of ['file:///etc/passwd', 'gopher://id.example.com', 'javascript:alert(1)'])
    expect((await started.create({ ...OAUTH2, authorization_url: url })).body.code).toBe('validation_failed')
  expect(started.provider.requests).toEqual([])
})

test('threat T51: a name that resolves to a private address is not called, and a public one only at the checked address', async () => {
  for (const addresses of [
    ['127.0.0.1'],
    ['169.254.169.254'],
    [ADDRESS, '10.0.0.7'],
    ['::ffff:127.0.0.1'],
    ['fd00::1'],
    [],
  ]) {
    await using started = await start({}, { lookup: async () => addresses })
    const { body } = await started.create(OIDC)
    expect([addresses, body.message]).toEqual([
      ...[
        addresses,
        `OIDC discovery from "${ISSUER}/.well-known/openid-configuration" failed: id.example.com is not public`,
      ],
    ])
    expect(started.provider.requests).toEqual([])
  }
  const lookups: string[] = []
  const lookup = async (host: string) => {
    lookups.push(host)
    // the second response would be an attacker's
    return lookups.length === 1 ? ['2606:2800:21f:cb07:6820:80da:af6b:8b2c'] : ['127.0.0.1']
  }
  await using started = await start({}, { lookup })
  expect((await started.create(OIDC)).status).toBe(201)
  const [request] = started.provider.requests
  expect([request?.called.hostname, request?.serverName]).toEqual([
    ...['[2606:2800:21f:cb07:6820:80da:af6b:8b2c]', 'id.example.com'],
  ])
  expect(lookups).toEqual(['id.example.com'])
})

test('if an address is unreachable the next one is tried, but not after a response', async () => {
  const tried: string[] = []
  const provider = fakeOpenId()
  const fetchProvider = (async (input: URL, init: RequestInit) => {
    tried.push(input.hostname)
    if (tried.length === 1) throw Object.assign(new Error('refused'), { code: 'ConnectionRefused' })
    if (tried.length === 2) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    return provider.fetchProvider(input, init)
  }) as typeof fetch
  await using started = await start({}, { fetchProvider, lookup: async () => ['1.1.1.1', '1.0.0.1', '8.8.8.8'] })
  expect((await started.create(OIDC)).body.message).toEndWith('failed: reset')
  expect(tried).toEqual(['1.1.1.1', '1.0.0.1'])
})

// GoTrue's table accepts https alone.
test.skipIf(currentEngine() === 'postgres')(
  'hosts that the operator lists need be neither public nor https; others must be both',
  async () => {
    await using started = await start({ AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS: 'Keycloak.lan, 10.0.0.5:8080' })
    const { provider, create } = started
    const at = (issuer: string) => {
      const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'].map((name) => [name, `${issuer}/x`])
      provider.metadata = { issuer, ...Object.fromEntries(endpoints) }
      provider.answers['/realms/a/.well-known/openid-configuration'] = () => Response.json(provider.metadata)
      return create({ ...OIDC, issuer, identifier: `custom:${provider.requests.length}` })
    }
    expect((await at('http://10.0.0.5:8080')).status).toBe(201)
    expect((await at('https://keycloak.lan/realms/a')).status).toBe(201)
    expect((await at('http://keycloak.lan')).status).toBe(201)
    expect(provider.requests.map(({ called }) => called.host)).toEqual([
      '10.0.0.5:8080',
      'keycloak.lan',
      'keycloak.lan',
    ])
    expect((await at('http://10.0.0.5')).body.message).toBe('URL must use HTTPS')
    expect((await at('https://keycloak.lan:8443')).body.code).toBe('validation_failed')
  },
)

test('an issuer with an invalid response is reported to the administrator, and not stored', async () => {
  await using started = await start({ AUTH_INTERNAL_HTTP_TIMEOUT: '1s' })
  const { provider, create } = started
  const well = '/.well-known/openid-configuration'
  const answers: [string, (typeof provider.answers)[string], string][] = [
    ['404', () => new Response('', { status: 404 }), 'failed: it responded with 404'],
    ['a redirect', () => Response.redirect('http://169.254.169.254/', 302), 'failed: it responded with 302'],
    ['another issuer', () => Response.json({ ...provider.metadata, issuer: 'https://evil.example' }), 'failed: '],
    ['HTML', () => new Response('<p>', { headers: { 'content-type': 'text/html' } }), 'failed: '],
    ['an array', () => Response.json([]), 'failed: '],
    ['no end', () => new Response(new ReadableStream({ pull: (s) => s.enqueue(new Uint8Array(65_536)) })), 'failed: '],
    [
      'a token endpoint inside',
      () => Response.json({ ...provider.metadata, token_endpoint: 'https://10.0.0.1/' }),
      'failed: its token_endpoint is not public',
    ],
    [
      'keys without https',
      () => Response.json({ ...provider.metadata, jwks_uri: 'http://id.example.com/' }),
      'failed: its jwks_uri is insecure',
    ],
    [
      'little',
      () => Response.json({ issuer: ISSUER, jwks_uri: 5 }),
      'missing required fields: authorization_endpoint, token_endpoint, jwks_uri',
    ],
  ]
  for (const [name, answer, message] of answers) {
    provider.answers[well] = answer
    const { status, body } = await create(OIDC)
    expect([name, status, body.code]).toEqual([name, 400, 'validation_failed'])
    expect(body.message).toContain(message)
  }
  expect((await started.list()).body.providers).toEqual([])
})

test('identifiers are unique, and the number of providers is limited, also for simultaneous requests', async () => {
  await using started = await start({ AUTH_CUSTOM_OAUTH_MAX_PROVIDERS: '2' })
  const { create } = started
  const both = await Promise.all([create(OIDC), create(OIDC), create(OIDC)])
  expect(both.map(({ status }) => status).sort()).toEqual([201, 400, 400])
  expect(both.find(({ status }) => status === 400)?.body).toEqual({
    code: 'conflict',
    message: 'A custom OAuth provider with this identifier already exists',
  })
  const more = await Promise.all(['a', 'b', 'c'].map((id) => create({ ...OAUTH2, identifier: `custom:${id}` })))
  expect(more.map(({ status }) => status).sort()).toEqual([201, 400, 400])
  expect(more.find(({ status }) => status === 400)?.body).toEqual({
    code: 'over_custom_provider_quota',
    message: 'Maximum number of custom OAuth/OIDC providers reached',
  })
})

test('threat T53: only administrators see or change them', async () => {
  await using started = await start()
  const { app } = started
  await started.create(OIDC)
  const user = await app.signUp()
  const asks: [object, number][] = [
    [{}, 401],
    [{ token: app.keys.publishable }, 403],
    [{ token: user.accessToken }, 403],
    [{ headers: { apikey: app.keys.anon } }, 401],
  ]
  for (const [asked, status] of asks) {
    const { list, create, get, update, remove } = custom(app, asked)
    const replies = [await list(), await create(OAUTH2), await get('custom:acme'), await update('custom:acme', {})]
    for (const reply of [...replies, await remove('custom:acme')]) expect(reply.status).toBe(status)
  }
  expect((await started.list()).body.providers).toHaveLength(1)
})

test('if disabled there are none, and only administrators learn that', async () => {
  await using started = await start({ AUTH_CUSTOM_OAUTH_ENABLED: 'false' })
  const { app, list, create, get, update, remove } = started
  for (const reply of [
    await list(),
    await create(OIDC),
    await get('custom:a'),
    await update('x', {}),
    await remove('x'),
  ])
    expect([reply.status, reply.body]).toEqual([
      404,
      { code: 'feature_disabled', message: 'Custom OAuth providers are disabled' },
    ])
  expect((await custom(app, {}).list()).status).toBe(401)
})

test('the audit log contains who created, changed and deleted them, without their secrets', async () => {
  await using started = await start()
  await started.create(OIDC)
  await started.update('custom:acme', { client_secret: 'another-secret' })
  await started.remove('custom:acme')
  const { body, text } = await started.app.ask('GET', '/auth/v1/admin/audit', { token: started.app.admin })
  expect(body.map(({ payload }: { payload: { action: string } }) => payload.action)).toEqual([
    ...['custom_provider_deleted', 'custom_provider_updated', 'custom_provider_created'],
  ])
  expect(body[0].payload).toMatchObject({ actor_username: 'service_role', traits: { identifier: 'custom:acme' } })
  expect(text).not.toMatch(/[^_]secret/)
  expect(JSON.stringify(started.app.log())).not.toContain('-secret')
})

test('malformed bodies are refused', async () => {
  await using started = await start()
  for (const body of [
    { ...OIDC, scopes: 'email' },
    { ...OIDC, pkce_enabled: 'yes' },
    { ...OIDC, attribute_mapping: [] },
  ])
    expect((await started.create(body)).body.code).toBe('bad_json')
  expect((await started.create({ ...OIDC, attribute_mapping: JSON.parse('{"__proto__":{"name":"x"}}') })).status).toBe(
    201,
  )
})
