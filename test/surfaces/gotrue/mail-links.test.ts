import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { MINUTE } from '../../../src/lib/milliseconds'
import { PASSWORD, startApp, type TestApp } from '../../support/app'
import { confirmedUser, lastMessageTo, mailboxOf, open, verify, WITH_CONFIRMATION } from '../../support/mail'

const ADA = 'ada@example.com'
const API = 'https://auth.example.com/auth/v1'
const SITE = 'https://app.example.com'

const start = (settings = {}) =>
  startApp({ settings: { ...WITH_CONFIRMATION, AUTH_API_EXTERNAL_URL: API, AUTH_SITE_URL: SITE, ...settings } })
const post = (app: TestApp, path: string, body: object, headers: Record<string, string> = {}) =>
  app.ask('POST', `/auth/v1${path}`, { body, headers })

/** The only link of the last mail, unchanged. */
async function linkTo(app: TestApp, to = ADA): Promise<string> {
  const [message] = await app.core.forTask().listMessages({ to, limit: 1 })
  return message?.links[0] ?? ''
}

// The format of links (docs/wire-contract.md#links).

test('a link has the token, the type and the target, in this order, minimally escaped', async () => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://other.example.com/**,myapp://**' })
  await confirmedUser(app, ADA)
  for (const [target, written] of [
    ['', SITE],
    [`${SITE}/welcome`, `${SITE}/welcome`],
    [`${SITE}/welcome?a=1&b=2#c`, encodeURIComponent(`${SITE}/welcome?a=1&b=2#c`)],
    ['https://other.example.com/x', 'https://other.example.com/x'],
    ['myapp://signed-in', 'myapp://signed-in'],
    ['https://evil.example/', SITE],
  ] as const) {
    await post(app, `/otp?redirect_to=${encodeURIComponent(target)}`, { email: ADA })
    const { token } = await lastMessageTo(app, ADA)
    expect(await linkTo(app)).toBe(`${API}/verify?token=${token}&type=magiclink&redirect_to=${written}`)
    expect(token).toMatch(/^[\w-]{43}$/)
    app.clock.advance(MINUTE)
  }
})

test('the target comes from a header, then the query, then the referrer', async () => {
  await using app = await start({ AUTH_URI_ALLOW_LIST: 'https://*.example.com/**' })
  await confirmedUser(app, ADA)
  const [a, b, c] = ['https://a.example.com/', 'https://b.example.com/', 'https://c.example.com/']
  for (const [header, query, referer, target] of [
    [a, b, c, a],
    ['https://evil.example/', b, c, b],
    ['', '', c, c],
    ['', '', 'https://evil.example/', SITE],
  ] as const) {
    await post(app, `/otp?redirect_to=${query}`, { email: ADA }, { redirect_to: header, referer })
    expect(new URL(await linkTo(app)).searchParams.get('redirect_to')).toBe(target)
    app.clock.advance(MINUTE)
  }
})

test('the path of links can be set, and magic links use that of recovery', async () => {
  await using app = await start({
    AUTH_MAILER_URLPATHS_RECOVERY: '/recover-here',
    AUTH_MAILER_URLPATHS_CONFIRMATION: 'https://app.example.com/confirm',
  })
  await post(app, '/otp', { email: ADA })
  expect(await linkTo(app)).toStartWith('https://app.example.com/confirm?token=')
  await verify(app, { type: 'email', email: ADA, token: (await lastMessageTo(app, ADA)).code })
  for (const path of ['/otp', '/recover']) {
    app.clock.advance(MINUTE)
    await post(app, path, { email: ADA })
    expect(await linkTo(app)).toStartWith('https://auth.example.com/recover-here?token=')
  }
})

// threat T40: host headers of a request do not get into a mail.

const HEADERS: Record<string, string>[] = [
  { host: 'evil.example' },
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-for': '203.0.113.9' },
  { 'x-forwarded-proto': 'http', 'x-forwarded-port': '8080', 'x-forwarded-prefix': '/evil' },
  { forwarded: 'for=203.0.113.9;host=evil.example;proto=http' },
  { 'x-original-host': 'evil.example', 'x-host': 'evil.example', 'x-http-host-override': 'evil.example' },
  { 'x-original-url': 'https://evil.example/', 'x-rewrite-url': '/evil' },
  { origin: 'https://evil.example', referer: 'https://evil.example/' },
]

test.each(HEADERS.map((headers): [Record<string, string>] => [headers]))(
  '%j does not change the links of mails',
  async (headers) => {
    await using app = await start({
      AUTH_TRUSTED_PROXIES: '203.0.113.0/24',
      AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'true',
    })
    await confirmedUser(app, ADA)
    const { accessToken: token } = await app.signIn(ADA)
    await post(app, '/signup', { email: 'new@example.com', password: PASSWORD }, headers)
    await post(app, '/otp', { email: ADA }, headers)
    app.clock.advance(MINUTE)
    await post(app, '/recover', { email: ADA }, headers)
    await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: 'guest@example.com' }, headers })
    await app.ask('PUT', '/auth/v1/user', { token, body: { email: 'change@example.com' }, headers })
    await post(app, '/signup', { email: ADA, password: PASSWORD }, headers)
    const messages = await app.core.forTask().listMessages({ limit: 100 })
    const kinds = ['account_exists', 'confirmation', 'email_change', 'invite', 'magic_link', 'recovery']
    expect([...new Set(messages.map(({ kind }) => kind))].toSorted()).toEqual(kinds)
    for (const { links, html, text, subject } of messages) {
      for (const link of links)
        expect([new URL(link).origin, new URL(link).pathname]).toEqual([new URL(API).origin, '/auth/v1/verify'])
      expect(`${html}${text}${subject}`).not.toContain('evil')
    }
    const body = { type: 'magiclink', email: ADA }
    const { body: made } = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body, headers })
    expect(made.action_link).toStartWith(`${API}/verify?token=`)
  },
)

// threat T40: over a connection, whose request line may have a URL with another host than the Host header.
test.each([
  'POST http://evil.example/auth/v1/recover HTTP/1.1\r\nHost: evil.example',
  'POST https://evil.example:8443/auth/v1/recover HTTP/1.1\r\nHost: localhost',
  'POST /auth/v1/recover HTTP/1.1\r\nHost: evil.example:1234',
  'POST /auth/v1/recover HTTP/1.1\r\nHost: localhost@evil.example',
])('%j mails the configured link, or nothing', async (head) => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request, self) => app.fetch(request, self) })
  const body = JSON.stringify({ email: ADA })
  const status = await new Promise<number>((resolve, reject) => {
    const socket = connect(server.port as number, '127.0.0.1')
    socket.on('error', reject)
    socket.on('data', (data) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1]))
      socket.destroy()
    })
    socket.on('close', () => resolve(0))
    socket.write(
      `${head}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  })
  expect(status).toBeLessThan(500)
  const mails = await mailboxOf(app, ADA)
  expect(mails).toHaveLength(status === 200 ? 1 : 0)
  for (const { html, text } of mails) expect(`${html}${text}`).not.toContain('evil')
  if (status === 200) expect(await linkTo(app)).toStartWith(`${API}/verify?token=`)
})

// threat T43: addresses that contain more than an address.

const HOSTILE = [
  'ada@example.com\r\nBcc: eve@example.com',
  'ada@example.com\nBcc: eve@example.com',
  'ada@example.com\n',
  'ada@example.com\r\n\r\nHello',
  'ada\r\n@example.com',
  'ada@example.com\u2028Bcc: eve@example.com',
  'ada@example.com\u0000',
  'ada\u0000@example.com',
  'ada@b@example.com',
  'ada@example.com@example.org',
  'ada@example.com,eve@example.com',
  'ada@example.com;eve@example.com',
  'ada@example.com eve@example.com',
  'Ada <ada@example.com>',
  '<ada@example.com>',
  'ada＠example.com',
  'аda@example.com', // a Cyrillic а
  'ada@exämple.com',
  'ada@example。com',
  '"ada"@example.com',
  '"ada@evil.example"@example.com',
  'ada(comment)@example.com',
  'ada@[127.0.0.1]',
  'ada@[IPv6:::1]',
  'ada@example.com%0d%0aBcc:eve@example.com',
  ' ada@example.com',
  'ada@example.com ',
  'ada@',
  '@example.com',
  'ada@.com',
  'ada@example..com',
  'ada@example.com.',
  'ada@-example.com',
  'ada@example-.com',
  `ada@${'x'.repeat(64)}.com`,
  `${'x'.repeat(308)}@example.com`,
  `${'x'.repeat(100_000)}@example.com`,
  'mailto:ada@example.com',
]

test.each(HOSTILE.map((email): [string] => [email]))('%j is refused as an address everywhere', async (email) => {
  await using app = await start()
  await confirmedUser(app, 'real@example.com')
  const { accessToken: token } = await app.signIn('real@example.com')
  const replies = [
    ...(await Promise.all(
      ['/signup', '/otp', '/magiclink', '/recover'].map((path) => post(app, path, { email, password: PASSWORD })),
    )),
    await post(app, '/resend', { type: 'signup', email }),
    await app.ask('PUT', '/auth/v1/user', { token, body: { email } }),
    await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email } }),
    await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body: { type: 'magiclink', email } }),
  ]
  for (const { status, body } of replies) {
    expect([status, body.code]).toEqual([400, 'validation_failed'])
    expect(body.message).toMatch(/^(Unable to validate email address: invalid format|An email address is too long)$/)
  }
  const { status, body } = await verify(app, { type: 'email', email, token: '123456' })
  expect([status, body.message]).toEqual([422, 'Invalid email format'])
  expect(await app.core.forTask().listMessages({ limit: 10 })).toEqual([])
})

test.each(["o'brien+tag@example.com", 'a.b-c_d@sub.example.co.uk', 'ada@xn--exmple-cua.com', 'a&b=c#d@example.com'])(
  '%s is accepted as an address, and its link works',
  async (email) => {
    await using app = await start()
    expect((await post(app, '/otp', { email })).status).toBe(200)
    expect((await open(app, (await lastMessageTo(app, email)).link)).fragment.access_token).toBeString()
  },
)

// threat T44: profile data of users stays text.

const TEMPLATE = '<p>Hello {{ .Data.name }}!</p><p><a href="{{ .ConfirmationURL }}">Confirm</a></p>'

/** The mail to a user with this name. */
async function letterOf(name: unknown, settings: Record<string, string> = {}) {
  await using app = await start({ AUTH_MAILER_TEMPLATES_CONFIRMATION: TEMPLATE, ...settings })
  await post(app, '/signup', { email: ADA, password: PASSWORD, data: { name } })
  return lastMessageTo(app, ADA)
}

test('a custom template can show the name of the user', async () => {
  const { html, link } = await letterOf('Ada Lovelace')
  expect(html).toContain('<p>Hello Ada Lovelace!</p>')
  expect(html.match(/<a /g)).toHaveLength(1)
  expect(html).toContain(link.split('&')[0] ?? '')
})

test.each([
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<a href="https://evil.example">click</a>',
  '</p><style>p{display:none}</style>',
  '<!--',
  '"><b>',
  "'><b>",
  '&lt;script&gt;',
])('the name %j is escaped', async (name) => {
  const { html, text } = await letterOf(name)
  expect(html).not.toMatch(/<(script|img|style|b)\b|<!--/i)
  expect(html.match(/<a /g)).toHaveLength(1)
  expect(text).not.toMatch(/https:\/\/evil\.example/)
})

test.each([
  'https://evil.example/win',
  'http://evil.example',
  'www.evil.example',
  'evil.example',
  'evil.example/login?next=1',
  'Ada. Your account is locked: https://evil.example/unlock',
  'HTTPS://EVIL.EXAMPLE',
  'evil。example',
  'hxxps://evil.example',
])('the name %j becomes no link in a mail program, in HTML or in text', async (name) => {
  const { html, text } = await letterOf(name)
  for (const shown of [html, text]) {
    expect(shown).not.toMatch(/evil[.。]example/i)
    expect(shown).toMatch(/evil[.。]\u200bexample/i)
  }
})

test.each(['{{ .Token }}', '{{ .ConfirmationURL }}', '{{ range . }}x{{ end }}', '{{ template "x" }}', '{{{{'])(
  'the name %j is not evaluated as a template',
  async (name) => {
    const { html, code } = await letterOf(name)
    expect(html).toContain('{{')
    expect(html.includes(code)).toBe(false)
    expect(html.match(/<a /g)).toHaveLength(1)
  },
)

test.each([
  ['an object', { a: '<script>' }],
  ['a list', ['<script>', 'https://evil.example']],
  ['a number', 7],
  ['nothing', null],
])('%s as a name does not break mails', async (_, name) => {
  const { html, link } = await letterOf(name)
  expect(html).not.toContain('<script')
  expect(html).not.toContain('evil.example')
  expect(link).not.toBe('')
})

// threat T43: header injection through profile data.
test.each(['Ada\r\nBcc: eve@example.com', 'Ada\nX-Evil: 1', 'Ada\u2028\u2029\u0085Bcc: x', '<b>Ada</b>'])(
  'the name %j in a subject stays on its line',
  async (name) => {
    const { subject } = await letterOf(name, { AUTH_MAILER_SUBJECTS_CONFIRMATION: 'Welcome {{ .Data.name }}' })
    expect(subject).toStartWith('Welcome ')
    expect(subject).not.toMatch(/[\r\n\u0085\u2028\u2029]/)
  },
)

test('a name stays inside an attribute, and cannot choose the target of a link', async () => {
  const settings = {
    AUTH_MAILER_TEMPLATES_CONFIRMATION: `<p title="{{ .Data.name }}">x</p><a href="{{ .Data.name }}">y</a>${TEMPLATE}`,
  }
  for (const name of ['" onmouseover="alert(1)', 'javascript:alert(1)', 'data:text/html,x']) {
    const { html } = await letterOf(name, settings)
    expect(html).not.toMatch(/"\s*onmouseover="|href="(javascript|data):/)
  }
})

test('built-in mails contain nothing that users choose', async () => {
  await using app = await start()
  const data = { name: 'MALLORY', full_name: 'MALLORY', email: 'MALLORY', user_name: 'MALLORY' }
  await post(app, '/signup', { email: ADA, password: PASSWORD, data })
  const { html, text, subject, code, link } = await lastMessageTo(app, ADA)
  expect(`${html}${text}${subject}`).not.toContain('MALLORY')
  // link and code are in both parts
  for (const part of [html, text])
    expect([part.includes(code), part.includes(link.split('&')[0] ?? '')]).toEqual([true, true])
})

test('links lead to the requested host if it is listed, and to no other', async () => {
  await using app = await start({ AUTH_MAILER_EXTERNAL_HOSTS: 'Auth.Example.org, auth.example.net:8443' })
  await confirmedUser(app, ADA)
  for (const [host, proto, origin] of [
    ['auth.example.org', 'https', 'https://auth.example.org'],
    ['AUTH.example.org, proxy.internal', 'https', 'https://auth.example.org'],
    ['auth.example.org', 'http', 'https://auth.example.org'],
    ['auth.example.net:8443', '', 'https://auth.example.net:8443'],
    ['auth.example.net', 'https', 'https://auth.example.com'],
    ['auth.example.org:1337', 'https', 'https://auth.example.com'],
    ['evil.example', 'https', 'https://auth.example.com'],
    ['auth.example.org@evil.example', 'https', 'https://auth.example.com'],
    ['', 'https', 'https://auth.example.com'],
  ] as const) {
    const headers = { 'x-forwarded-host': host, 'x-forwarded-proto': proto }
    await post(app, '/otp', { email: ADA }, headers)
    expect(await linkTo(app)).toStartWith(`${origin}/auth/v1/verify?token=`)
    const { body } = await app.ask('POST', '/auth/v1/admin/generate_link', {
      token: app.keys.secret,
      body: { type: 'recovery', email: ADA },
      headers,
    })
    expect(body.action_link).toStartWith(`${origin}/auth/v1/verify?token=`)
    app.clock.advance(MINUTE)
  }
})

test('without a list of hosts, no header changes a link, and an external path stays', async () => {
  const headers = { 'x-forwarded-host': 'auth.example.org', 'x-forwarded-proto': 'https' }
  await using plain = await start()
  await confirmedUser(plain, ADA)
  await post(plain, '/otp', { email: ADA }, headers)
  expect(await linkTo(plain)).toStartWith(`${API}/verify?`)
  await using elsewhere = await start({
    AUTH_MAILER_EXTERNAL_HOSTS: 'auth.example.org',
    AUTH_MAILER_URLPATHS_RECOVERY: 'https://links.example.com/verify',
  })
  await confirmedUser(elsewhere, ADA)
  await post(elsewhere, '/otp', { email: ADA }, headers)
  expect(await linkTo(elsewhere)).toStartWith('https://links.example.com/verify?')
})

test('without TLS of its own, the server takes http or https of a listed host from the proxy’s header', async () => {
  const settings = { AUTH_API_EXTERNAL_URL: 'http://localhost:7020/auth/v1', AUTH_MAILER_EXTERNAL_HOSTS: 'auth.test' }
  await using app = await start(settings)
  await confirmedUser(app, ADA)
  for (const [proto, origin] of [
    ['https', 'https://auth.test'],
    ['http', 'http://auth.test'],
    ['javascript', 'http://auth.test'],
  ] as const) {
    await post(app, '/otp', { email: ADA }, { 'x-forwarded-host': 'auth.test', 'x-forwarded-proto': proto })
    expect(await linkTo(app)).toStartWith(`${origin}/auth/v1/verify?`)
    app.clock.advance(MINUTE)
  }
})
