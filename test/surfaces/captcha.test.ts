/** Captchas on every endpoint that requires one (docs/captcha.md). */
import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import { type Json, PASSWORD, type Reply, type RequestOptions, startApp, type TestApp } from '../support/app'
import { type FakeVerifier, SECRET, startVerifier } from '../support/captcha'
import { countRows } from '../support/database'

const SETTINGS = {
  AUTH_SECURITY_CAPTCHA_ENABLED: 'true',
  AUTH_SECURITY_CAPTCHA_SECRET: `  ${SECRET} `,
  AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
  AUTH_EXTERNAL_WEB3_SOLANA_ENABLED: 'true',
  AUTH_MAILER_AUTOCONFIRM: 'true',
}
const ADA = 'ada@example.com'
const NEW = 'new@example.com'

const gotrue = (token: string | undefined) => ({ gotrue_meta_security: { captcha_token: token } })
const snake = (token: string | undefined) => ({ captcha_token: token })
const camel = (token: string | undefined) => ({ captchaToken: token })

/** Path, the field of the token, body, and the status and error of a request whose captcha is good. */
const ENDPOINTS: [path: string, field: (token: string | undefined) => object, body: object, passed: Json][] = [
  ['/auth/v1/signup', gotrue, { email: NEW, password: PASSWORD }, [200]],
  ['/signup', gotrue, { email: 'newer@example.com', password: PASSWORD }, [200]],
  ['/auth/v1/signup', gotrue, {}, [200]],
  ['/auth/v1/recover', gotrue, { email: ADA }, [200]],
  ['/auth/v1/resend', gotrue, { type: 'signup', email: ADA }, [200]],
  ['/auth/v1/magiclink', gotrue, { email: 'magic@example.com' }, [200]],
  ['/auth/v1/otp', gotrue, { email: 'otp@example.com' }, [200]],
  ['/auth/v1/token?grant_type=password', gotrue, { email: ADA, password: PASSWORD }, [200]],
  ['/token?grant_type=password', gotrue, { email: ADA, password: PASSWORD }, [200]],
  ['/auth/v1/token?grant_type=web3', gotrue, { chain: 'solana' }, [400, 'validation_failed']],
  ['/auth/v1/token?grant_type=nonsense', gotrue, {}, [400, 'invalid_credentials']],
  ['/auth/v1/token', gotrue, {}, [400, 'invalid_credentials']],
  ['/auth/v1/passkeys/authentication/options', gotrue, {}, [200]],
  ['/api/auth/register', snake, { email: 'service@example.com', password: PASSWORD }, [201]],
  ['/api/auth/login', snake, { email: ADA, password: PASSWORD }, [200]],
  ['/api/auth/token', camel, { grantType: 'password', email: ADA, password: PASSWORD }, [200]],
  ['/api/auth/password/reset/request', snake, { email: ADA }, [200]],
  ['/api/auth/magic-link/send', snake, { email: ADA }, [200]],
  ['/auth/v1/login', snake, { id: ADA, password: PASSWORD }, [200]],
]

/** Status, code and message, whatever the surface. */
function errorOf({ status, body }: Reply): Json {
  return [status, body.reason ?? body.code ?? body.error, body.message]
}

const isOwnSurface = (path: string) => path.startsWith('/api/') || path === '/auth/v1/login'

const refusedWith = (path: string, codes: string) => [
  400,
  'captcha_failed',
  isOwnSurface(path) ? `The captcha was not accepted: ${codes}` : `captcha protection: request disallowed (${codes})`,
]

const missing = (path: string) => [
  400,
  'captcha_failed',
  isOwnSurface(path)
    ? 'The token of a solved captcha is required'
    : 'captcha protection: request disallowed (no captcha_token found)',
]

const down = (path: string) =>
  isOwnSurface(path)
    ? [503, 'unavailable', expect.stringContaining('The captcha cannot be verified at the moment')]
    : [500, 'unexpected_failure', 'captcha verification process failed']

type Endpoint = readonly [path: string, field: (token: string | undefined) => object, body: object, ...unknown[]]

/** Comparisons of passwords, and rows of what a request may leave. */
const costs = async ({ hasher, database }: TestApp) => [
  hasher.verified.length,
  ...(await Promise.all(
    ['users', 'messages', 'audit_log_entries', 'webauthn_challenges'].map((table) => countRows(database, table)),
  )),
]

const verify = (app: TestApp, [path, field, body]: Endpoint, token?: string, asked?: RequestOptions) =>
  app.ask('POST', path, { ...asked, body: { ...body, ...field(token) } })

describe.each([
  ['hcaptcha', 'POST /siteverify'],
  ['turnstile', 'POST /turnstile/v0/siteverify'],
])('%s', (provider, site) => {
  let fake: FakeVerifier
  let app: TestApp
  let impatient: TestApp
  let unreachable: TestApp

  const start = (origin: string, settings: Record<string, string> = {}) =>
    startApp({
      settings: { ...SETTINGS, AUTH_SECURITY_CAPTCHA_PROVIDER: provider, ...settings },
      captchaOrigin: origin,
    })

  beforeAll(async () => {
    fake = startVerifier()
    app = await start(fake.origin)
    impatient = await start(fake.origin, { AUTH_SECURITY_CAPTCHA_TIMEOUT: '20ms' })
    unreachable = await start('http://127.0.0.1:1')
    await app.ask('POST', '/auth/v1/admin/users', {
      body: { email: ADA, password: PASSWORD, email_confirm: true },
      token: app.admin,
    })
    fake.asked.length = 0
  })
  afterAll(async () => {
    for (const each of [app, impatient, unreachable, fake]) await each[Symbol.asyncDispose]()
  })

  test.each(ENDPOINTS)('%s refuses without a good captcha, at no cost', async (...endpoint) => {
    const [path] = endpoint
    const hash = spyOn(app.hasher, 'hash')
    const before = await costs(app)
    const asked = fake.asked.length
    expect(errorOf(await verify(app, endpoint))).toEqual(missing(path))
    expect(errorOf(await verify(app, endpoint, ' \n'))).toEqual(missing(path))
    expect(fake.asked.length).toBe(asked)
    expect(errorOf(await verify(app, endpoint, 'bad'))).toEqual(refusedWith(path, 'invalid-input-response'))
    expect(errorOf(await verify(app, endpoint, 'refused twice'))).toEqual(
      refusedWith(path, 'timeout-or-duplicate, bad-request'),
    )
    expect(errorOf(await verify(app, endpoint, 'not JSON'))).toEqual(down(path))
    expect(errorOf(await verify(impatient, endpoint, 'slow'))).toEqual(down(path))
    expect(errorOf(await verify(unreachable, endpoint, 'good'))).toEqual(down(path))
    expect(hash).not.toHaveBeenCalled()
    hash.mockRestore()
    expect(await costs(app)).toEqual(before)
  })

  test.each(ENDPOINTS)('%s works with a good captcha, which is verified once', async (...endpoint) => {
    const asked = fake.asked.length
    const reply = await verify(app, endpoint, ' good\n')
    const [status, error] = endpoint[3]
    expect(reply.status).toBe(status)
    if (error !== undefined) expect([reply.body.code, reply.body.error]).toContain(error)
    const form = { secret: SECRET, response: 'good', remoteip: '203.0.113.7' }
    expect(fake.asked.slice(asked)).toEqual([{ path: site, form }])
  })

  test.each(ENDPOINTS)('%s asks administrators for none', async (...endpoint) => {
    const asked = fake.asked.length
    for (const options of [{ token: app.admin }, { headers: { apikey: app.admin } }, { token: app.keys.serviceRole }]) {
      const { status, text } = await verify(app, endpoint, undefined, options)
      expect([status, text]).not.toEqual([status, expect.stringContaining('captcha')])
    }
    expect(fake.asked.length).toBe(asked)
    for (const options of [
      { token: app.keys.anon },
      { token: app.keys.publishable, headers: { apikey: app.keys.publishable } },
      { token: 'eyJhbGciOiJub25lIn0.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.' },
      // a JWT in the apikey header identifies nobody
      { headers: { apikey: app.keys.serviceRole } },
    ])
      expect(errorOf(await verify(app, endpoint, undefined, options))).toEqual(missing(endpoint[0]))
  })

  test('neither the token nor the secret is logged, and a failure is', async () => {
    for (const token of ['a-token-that-is-refused', 'not JSON', 'wrong secret'])
      await verify(app, ENDPOINTS[0] as Endpoint, token)
    const log = JSON.stringify(app.log())
    expect(log).not.toContain('a-token-that-is-refused')
    expect(log).not.toContain(SECRET)
    expect(log).toContain('a captcha could not be verified')
    expect(app.log()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'the captcha provider does not accept AUTH_SECURITY_CAPTCHA_SECRET',
        codes: 'invalid-input-secret',
      }),
    )
  })
})

describe('the details', () => {
  let fake: FakeVerifier
  beforeAll(() => {
    fake = startVerifier()
  })
  afterAll(() => fake[Symbol.asyncDispose]())

  const start = (settings: Record<string, string> = {}) =>
    startApp({ settings: { ...SETTINGS, ...settings }, captchaOrigin: fake.origin })
  const bad = { gotrue_meta_security: { captcha_token: 'bad' } }
  const good = { gotrue_meta_security: { captcha_token: 'good' } }

  test('pkce, refresh_token and id_token need no captcha, and neither do codes, links and signed-in users', async () => {
    await using app = await start()
    const { body: session } = await app.ask('POST', '/auth/v1/signup', {
      body: { email: ADA, password: PASSWORD, ...good },
    })
    const asked = fake.asked.length
    const token = session.access_token
    for (const [method, path, body] of [
      ['POST', '/auth/v1/token?grant_type=refresh_token', { refresh_token: session.refresh_token }],
      ['POST', '/auth/v1/token?grant_type=pkce', { auth_code: 'x', code_verifier: 'y' }],
      ['POST', '/auth/v1/token?grant_type=id_token', { id_token: 'x', provider: 'google' }],
      ['POST', '/auth/v1/verify', { type: 'email', email: ADA, token: '123456' }],
      ['PUT', '/auth/v1/user', { data: { a: 1 } }],
      ['POST', '/auth/v1/factors', { factor_type: 'totp' }],
      ['POST', '/api/auth/refresh', { refresh_token: 'x' }],
      ['POST', '/api/auth/introspect', { token: 'x' }],
      ['POST', '/auth/v1/sso', { domain: 'example.com' }],
    ] as const) {
      const { text } = await app.ask(method, path, { body, token })
      expect([path, text]).toEqual([path, expect.not.stringContaining('captcha')])
    }
    expect(fake.asked.length).toBe(asked)
  })

  test('the token is read as GoTrue reads it', async () => {
    await using app = await start()
    const ask = (raw: string) => app.ask('POST', '/auth/v1/token', { raw })
    const malformed = [400, 'bad_json', expect.stringContaining('Could not parse request body as JSON')]
    for (const raw of ['', '{', '[]', '{"gotrue_meta_security":5}', '{"gotrue_meta_security":{"captcha_token":5}}'])
      expect([raw, ...errorOf(await ask(raw))]).toEqual([raw, ...malformed])
    for (const raw of [
      'null',
      '{}',
      '{"gotrue_meta_security":null}',
      '{"gotrue_meta_security":{"captcha_token":null}}',
    ])
      expect([raw, ...errorOf(await ask(raw))]).toEqual([raw, ...missing('/token')])
    const anyCase = await ask('{"GoTrue_Meta_Security":{"Captcha_Token":"good"}}')
    expect(errorOf(anyCase)).toEqual([400, 'invalid_credentials', 'unsupported_grant_type'])
    const long = await ask(JSON.stringify({ gotrue_meta_security: { captcha_token: 'x'.repeat(20_000) } }))
    expect(errorOf(long)).toEqual(refusedWith('/token', 'invalid-input-response'))
    expect(errorOf(await app.ask('POST', '/auth/v1/passkeys/authentication/options'))).toEqual(malformed)
  })

  test('a wrong type of the token is told as each surface tells it', async () => {
    await using app = await start()
    const service = await app.ask('POST', '/api/auth/login', { body: { captcha_token: 5 } })
    expect([service.status, service.body.detail]).toEqual([422, 'captcha_token'])
    const native = await app.ask('POST', '/api/auth/token', { body: { captchaToken: 5 } })
    expect([native.status, native.body.error]).toEqual([400, 'invalid_request'])
  })

  test('captchas come before the checks of an endpoint, but after whether passkeys are on', async () => {
    await using app = await start({ AUTH_EXTERNAL_EMAIL_ENABLED: 'false', AUTH_PASSKEY_ENABLED: 'false' })
    for (const path of ['/auth/v1/recover', '/auth/v1/otp', '/auth/v1/token?grant_type=nonsense'])
      expect(errorOf(await app.ask('POST', path, { body: bad }))[1]).toBe('captcha_failed')
    const { status } = await app.ask('POST', '/auth/v1/passkeys/authentication/options', { body: {} })
    expect(status).toBe(404)
  })

  test('threat T5: no spelling of a path, method or content type goes round the captcha', async () => {
    await using app = await start()
    const body = { email: ADA, password: PASSWORD }
    for (const path of [
      ...[
        '/auth/v1/signup/',
        '/auth/v1//signup',
        '/auth/v1/%73ignup',
        '/auth/v1/signup;x',
        '/auth/v1/SIGNUP',
        '//signup',
      ],
      ...['/auth/v1/./signup', '/auth/v1/x/../signup', '/auth/v1/signup?captcha_token=good', '/auth/v1/signup%00'],
      ...[
        '/auth/v1/token?grant_type=password&grant_type=pkce',
        '/auth/v1/token?grant_type=PKCE',
        '/auth/v1/token?x=pkce',
      ],
      ...[
        '/auth/v1/token?grant_type=pkce%20',
        '/auth/v1/token/?grant_type=pkce',
        '/api/auth/register/',
        '/api//auth/register',
      ],
    ]) {
      const { status, text } = await app.ask('POST', path, { body })
      expect([path, status === 404 || text.includes('captcha_failed')]).toEqual([path, true])
    }
    const form = 'grant_type=pkce&email=ada@example.com&password=correct-horse-battery-9'
    for (const type of [
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain',
      'application/json;x=y',
    ])
      for (const raw of [form, JSON.stringify({ grant_type: 'pkce', ...body })]) {
        const { status, body: answer } = await app.ask('POST', '/auth/v1/token', {
          raw,
          headers: { 'content-type': type },
        })
        expect([400, type, raw]).toEqual([status, type, raw])
        expect(['captcha_failed', 'bad_json']).toContain(answer.code)
      }
    const override = { 'x-http-method-override': 'GET', 'x-original-url': '/auth/v1/health' }
    expect((await app.ask('POST', '/auth/v1/signup', { body, headers: override })).body.code).toBe('captcha_failed')
    expect(await countRows(app.database, 'users')).toBe(0)
  })

  const LIMITED = { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_EMAIL_SENT: '1000' }

  test.each([
    ['/auth/v1/recover', 'gotrue_meta_security'],
    ['/auth/v1/resend', 'gotrue_meta_security'],
    ['/auth/v1/magiclink', 'gotrue_meta_security'],
    ['/auth/v1/otp', 'gotrue_meta_security'],
    ['/auth/v1/passkeys/authentication/options', 'gotrue_meta_security'],
    ['/api/auth/password/reset/request', 'captcha_token'],
    ['/api/auth/magic-link/send', 'captcha_token'],
  ])('%s counts a request once, before the captcha', async (path, field) => {
    await using app = await start(LIMITED)
    const ask = (token: string, serial: number, options: RequestOptions = {}) =>
      app.ask('POST', path, {
        body: {
          type: 'signup',
          email: `user-${serial}@example.com`,
          [field]: field === 'captcha_token' ? token : { captcha_token: token },
        },
        ...options,
      })
    for (let request = 0; request < 15; request++) expect((await ask('bad', request)).status).toBe(400)
    for (let request = 15; request < 30; request++) expect((await ask('good', request)).status).toBe(200)
    const asked = fake.asked.length
    expect((await ask('good', 30)).status).toBe(429)
    expect((await ask('bad', 30)).status).toBe(429)
    expect(fake.asked.length).toBe(asked)
    expect((await ask('good', 31, { token: app.admin })).status).toBe(429)
    expect((await ask('good', 31, { ip: '198.51.100.1' })).status).toBe(200)
  })

  test.each([
    ['/auth/v1/signup', { email: ADA, password: PASSWORD }],
    ['/auth/v1/token?grant_type=password', { email: ADA, password: 'wrong' }],
  ])('%s counts a request after the captcha', async (path, body) => {
    await using app = await start(LIMITED)
    for (let request = 0; request < 40; request++)
      expect((await app.ask('POST', path, { body: { ...body, ...bad } })).status).toBe(400)
    const { status, body: answer } = await app.ask('POST', path, { body: { ...body, ...good } })
    expect([status, answer.code]).not.toContain('captcha_failed')
    expect(status).not.toBe(429)
  })

  test('a refused captcha costs no guess at a password', async () => {
    await using app = await start({ AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_PASSWORD_GUESSES: '2' })
    await app.ask('POST', '/auth/v1/signup', { body: { email: ADA, password: PASSWORD, ...good } })
    const guess = (captcha: string, password: string) =>
      app.ask('POST', '/auth/v1/token?grant_type=password', {
        body: { email: ADA, password, gotrue_meta_security: { captcha_token: captcha } },
        ip: '198.51.100.9',
      })
    for (let request = 0; request < 5; request++) expect((await guess('bad', 'wrong')).status).toBe(400)
    expect((await guess('good', 'wrong')).body.code).toBe('invalid_credentials')
    expect((await guess('good', PASSWORD)).status).toBe(200)
  })

  test('a hanging provider holds 32 requests; the others are answered at once, and hooks are still called', async () => {
    await using slow = startVerifier()
    let hooked = 0
    await using hook = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch() {
        hooked++
        return Response.json({})
      },
    })
    await using app = await startApp({
      settings: {
        ...SETTINGS,
        AUTH_MAILER_AUTOCONFIRM: 'false',
        AUTH_SECURITY_CAPTCHA_TIMEOUT: '60s',
        AUTH_HOOK_SEND_EMAIL_ENABLED: 'true',
        AUTH_HOOK_SEND_EMAIL_URI: `http://127.0.0.1:${hook.port}/mail`,
        AUTH_HOOK_SEND_EMAIL_SECRETS: 'v1,whsec_Zmlyc3Qtc2VjcmV0LWZpcnN0LXNlY3JldA==',
      },
      captchaOrigin: slow.origin,
    })
    const hanging = Array.from({ length: 32 }, () => verify(app, ['/auth/v1/signup', gotrue, {}], 'slow'))
    while (slow.asked.length < 32) await Bun.sleep(1)
    // more than the number of connections that the runtime opens at a time
    const refused = Array.from({ length: 300 }, (_, index) => {
      const endpoint = ENDPOINTS[index % ENDPOINTS.length] as Endpoint
      return verify(app, endpoint, 'slow').then((reply) => expect(errorOf(reply)).toEqual(down(endpoint[0])))
    })
    await Promise.all(refused)
    const body = { email: NEW, password: PASSWORD }
    expect((await app.ask('POST', '/auth/v1/signup', { body, token: app.admin })).status).toBe(200)
    expect([hooked, slow.asked.length]).toEqual([1, 32])
    await slow[Symbol.asyncDispose]()
    for (const reply of await Promise.all(hanging)) expect(errorOf(reply)).toEqual(down('/auth/v1/signup'))
    expect(app.log()).toContainEqual(
      expect.objectContaining({
        msg: 'a captcha could not be verified',
        error: 'too many pending requests to the provider',
      }),
    )
  })

  test('while captchas are off nothing of them is looked at', async () => {
    await using app = await startApp({ captchaOrigin: fake.origin })
    const asked = fake.asked.length
    for (const value of [5, 'x', [], null, { captcha_token: 5 }]) {
      const body = { email: `user-${JSON.stringify(value).length}@example.com`, password: PASSWORD }
      const { status } = await app.ask('POST', '/auth/v1/signup', { body: { ...body, gotrue_meta_security: value } })
      expect([value, status]).toEqual([value, 200])
    }
    const login = { email: 'user-1@example.com', password: PASSWORD, captcha_token: 5 }
    expect((await app.ask('POST', '/api/auth/login', { body: login })).status).toBe(200)
    const raw = 'not JSON'
    expect((await app.ask('POST', '/auth/v1/passkeys/authentication/options', { raw })).status).toBe(200)
    expect((await app.ask('GET', '/auth/v1/captcha/challenge?action=sign_in')).text).toBe('404 page not found\n')
    expect((await app.ask('GET', '/auth/v1/captcha/pow.js')).text).toBe('404 page not found\n')
    expect(fake.asked.length).toBe(asked)
  })

  test('/settings says nothing of captchas', async () => {
    await using on = await start()
    await using off = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
    expect((await on.ask('GET', '/auth/v1/settings')).body).toEqual((await off.ask('GET', '/auth/v1/settings')).body)
  })
})
