/** Attacks on mailed links (docs/threat-model.md#t37, #t39, #t40), against the executable. */
import { expect, test } from 'bun:test'
import { type Binary, rawPost, rawRequest, startBinary } from '../support/binary'
import { lastMessageOfKind, openLink } from '../support/binary-mailbox'
import { countRows } from '../support/database'

const TIMES = 100
const password = 'correct-horse-battery-9'
const env = { AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_SMTP_MAX_FREQUENCY: '0s' }

let serial = 0
const address = () => `user-${++serial}@example.com`
const isIn = ({ hash }: URL) => new URLSearchParams(hash.slice(1)).has('access_token')

/** A confirmed user, and a mail to sign in with. */
async function mailed(server: Binary, body: object = {}) {
  const email = address()
  const token = server.keys.secret_key
  const made = await server.ask('POST', '/auth/v1/admin/users', { body: { email, email_confirm: true }, token })
  const { status } = await server.ask('POST', '/auth/v1/otp', { body: { email, ...body } })
  expect([made.status, status]).toEqual([200, 200])
  return lastMessageOfKind(server, email, 'magic_link')
}

/** How many sessions the database holds once the server has stopped. */
async function sessionsIn(server: Binary): Promise<number> {
  await server.stop()
  return await countRows(server.database, 'sessions')
}

const times = <T>(act: () => Promise<T>) => Promise.all(Array.from({ length: TIMES }, act))

test(`a link opened ${TIMES} times at once creates one session`, async () => {
  await using server = await startBinary({ env })
  const { link } = await mailed(server)
  const targets = await times(() => openLink(link))
  expect(targets.filter(isIn)).toHaveLength(1)
  expect(targets.filter(({ hash }) => hash.includes('error_code=otp_expired'))).toHaveLength(TIMES - 1)
  expect(await sessionsIn(server)).toBe(1)
})

test.each(['token_hash', 'code'] as const)(
  `a %s submitted ${TIMES} times at once creates one session`,
  async (what) => {
    await using server = await startBinary({ env })
    const { token, code, to: email } = await mailed(server)
    const body = what === 'code' ? { type: 'email', email, token: code } : { type: 'email', token_hash: token }
    const statuses = await times(() => rawPost(server.url, '/auth/v1/verify', body))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 403)).toHaveLength(TIMES - 1)
    expect(await sessionsIn(server)).toBe(1)
  },
)

test(`a link and its code, submitted together ${TIMES / 2} times at once, create one session`, async () => {
  await using server = await startBinary({ env })
  const { token, code, to: email } = await mailed(server)
  let turn = 0
  const statuses = await times(() =>
    rawPost(
      server.url,
      '/auth/v1/verify',
      turn++ % 2 === 0 ? { type: 'email', email, token: code } : { type: 'email', token_hash: token },
    ),
  )
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(await sessionsIn(server)).toBe(1)
})

test(`a PKCE link opened ${TIMES} times at once issues one code, which creates one session`, async () => {
  await using server = await startBinary({ env })
  const verifier = 'v'.repeat(56)
  const { link } = await mailed(server, { code_challenge: verifier, code_challenge_method: 'plain' })
  const codes = (await times(() => openLink(link))).flatMap(({ searchParams }) => searchParams.get('code') ?? [])
  expect(codes).toHaveLength(1)
  const body = { auth_code: codes[0], code_verifier: verifier }
  const statuses = await times(() => rawPost(server.url, '/auth/v1/token?grant_type=pkce', body))
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 404)).toHaveLength(TIMES - 1)
  expect(await sessionsIn(server)).toBe(1)
})

test(`a recovery submitted ${TIMES} times at once with as many passwords sets one of them`, async () => {
  await using server = await startBinary({ env: { ...env, AUTH_API_MAX_REQUEST_DURATION: '1m' } })
  const { token, to: email } = await mailed(server)
  let serialOfPassword = 0
  const tried: { status: number; secret: string }[] = await times(async () => {
    const secret = `${password}-${++serialOfPassword}`
    const body = { type: 'recovery', token, password: secret }
    return { status: await rawPost(server.url, '/auth/v1/verify', body), secret }
  })
  const [winner, ...others] = tried.filter(({ status }) => status === 200)
  expect(others).toEqual([])
  const signIn = (secret = '') =>
    server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password: secret } })
  expect((await signIn(winner?.secret)).status).toBe(200)
  expect((await signIn(tried.find(({ status }) => status !== 200)?.secret)).status).toBe(400)
}, 60_000)

const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36'
const LOOKS: [string, string, Record<string, string>][] = [
  ['a HEAD request', 'HEAD', {}],
  ['an OPTIONS request', 'OPTIONS', {}],
  ['a preflight', 'OPTIONS', { origin: 'https://evil.example', 'access-control-request-method': 'GET' }],
  ['a prefetch of Chromium', 'GET', { 'user-agent': BROWSER, 'sec-purpose': 'prefetch' }],
  ['a prerendering', 'GET', { 'user-agent': BROWSER, 'sec-purpose': 'prefetch;prerender' }],
  ['a prefetch of older browsers', 'GET', { 'user-agent': BROWSER, purpose: 'prefetch' }],
  ['a prefetch of Firefox', 'GET', { 'user-agent': BROWSER, 'x-moz': 'prefetch' }],
  ['a preview of Safari', 'GET', { 'user-agent': BROWSER, 'x-purpose': 'preview' }],
  ['Outlook', 'GET', { 'user-agent': 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)' }],
  ['Slack', 'GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
  ['Barracuda', 'GET', { 'user-agent': 'Mozilla/5.0 (compatible; Barracuda Sentinel (EE))' }],
  ['Teams', 'GET', { 'user-agent': `${BROWSER} SkypeUriPreview Preview/0.5` }],
  ['WhatsApp', 'GET', { 'user-agent': 'WhatsApp/2.23.20.0' }],
  ['Facebook', 'GET', { 'user-agent': 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)' }],
  ['Google', 'GET', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }],
]

test('HEAD, OPTIONS, prefetches and mail scanners do not consume a link', async () => {
  await using server = await startBinary({ env })
  const { link } = await mailed(server)
  const path = link.slice(new URL(link).origin.length)
  for (const [who, method, headers] of LOOKS) {
    const { status, headers: answered } = await server.ask(method, path, { headers })
    expect([who, answered.get('location'), status < 500]).toEqual([who, null, true])
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    expect([
      who,
      await rawRequest(server.url, `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines.join('')}\r\n`),
    ]).toEqual([who, status])
  }
  const opening = await server.ask('GET', path, { headers: { 'user-agent': BROWSER } })
  expect([opening.status, isIn(new URL(opening.headers.get('location') ?? ''))]).toEqual([303, true])
})

test('a link that a scanner opened still works for its recipient', async () => {
  await using server = await startBinary({ env })
  const { link } = await mailed(server)
  const page = await server.ask('GET', link.slice(new URL(link).origin.length), {
    headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' },
  })
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(page.body) ?? []
  const pressed = await fetch(new URL(action.replaceAll('&amp;', '&'), link), { method: 'POST', redirect: 'manual' })
  expect([pressed.status, isIn(new URL(pressed.headers.get('location') ?? ''))]).toEqual([303, true])
})

const FORGED = 'evil.example'
const FORGERIES: [string, string, string[]][] = [
  ['Host', '', [`Host: ${FORGED}`]],
  ['Host with a port', '', [`Host: ${FORGED}:443`]],
  ['two Host headers', '', ['Host: localhost', `Host: ${FORGED}`]],
  ['X-Forwarded-Host', '', ['Host: localhost', `X-Forwarded-Host: ${FORGED}`]],
  ['X-Forwarded-Proto', '', ['Host: localhost', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 8443']],
  ['X-Forwarded-Prefix', '', ['Host: localhost', `X-Forwarded-Prefix: //${FORGED}`, `X-Original-URL: //${FORGED}/`]],
  ['Forwarded', '', ['Host: localhost', `Forwarded: for=192.0.2.1;host=${FORGED};proto=https`]],
  [
    'all of them',
    '',
    [`Host: ${FORGED}`, `X-Forwarded-Host: ${FORGED}`, `X-Host: ${FORGED}`, `X-Forwarded-Server: ${FORGED}`],
  ],
  ['the requesting page', '', ['Host: localhost', `Origin: https://${FORGED}`, `Referer: https://${FORGED}/page`]],
  ['an absolute form', `http://${FORGED}`, [`Host: ${FORGED}`]],
  ['an absolute form beside another host', `http://${FORGED}`, ['Host: localhost']],
  ['an absolute form with https', `https://${FORGED}`, ['Host: localhost']],
  ['an absolute form with a user', `http://localhost@${FORGED}`, ['Host: localhost']],
]

/** @param prefix of the path, as in an absolute-form target (RFC 9112 §3.2.2) */
function forged(server: Binary, path: string, body: object, prefix: string, lines: string[]): Promise<number> {
  const payload = JSON.stringify(body)
  const head = [`POST ${prefix}${path} HTTP/1.1`, ...lines, `Content-Length: ${Buffer.byteLength(payload)}`]
  return rawRequest(server.url, `${head.join('\r\n')}\r\n\r\n${payload}`)
}

test.each([
  ['by default', {}],
  [
    'as configured',
    { AUTH_API_EXTERNAL_URL: 'https://id.example.com/auth/v1', AUTH_SITE_URL: 'https://app.example.com' },
  ],
])(
  'mailed links keep the origin %s, whatever host headers a request has',
  async (_name, configured: Record<string, string>) => {
    await using server = await startBinary({ env: { ...env, ...configured } })
    const { port } = new URL(server.url)
    const base = configured.AUTH_API_EXTERNAL_URL ?? `http://localhost:${port}/auth/v1`
    const site = configured.AUTH_SITE_URL ?? 'http://localhost:3000'
    const email = address()
    await server.ask('POST', '/auth/v1/admin/users', {
      body: { email, password, email_confirm: true },
      token: server.keys.secret_key,
    })
    const requests: [string, (to: string) => object, string, boolean][] = [
      ['/auth/v1/signup', (to) => ({ email: to, password }), 'confirmation', true],
      ['/auth/v1/otp', (to) => ({ email: to }), 'confirmation', true],
      ['/auth/v1/otp', (to) => ({ email: to }), 'magic_link', false],
      ['/auth/v1/recover', (to) => ({ email: to }), 'recovery', false],
      ['/recover', (to) => ({ email: to }), 'recovery', false],
      ['/api/auth/password/reset/request', (to) => ({ email: to }), 'recovery', false],
    ]
    for (const [what, prefix, lines] of FORGERIES)
      for (const [path, body, kind, isNew] of requests) {
        const to = isNew ? address() : email
        const status = await forged(server, path, body(to), prefix, lines)
        // A malformed request is refused, and no mail is sent.
        if (what === 'two Host headers' && status === 400) continue
        expect([what, path, status]).toEqual([what, path, 200])
        const mail = await lastMessageOfKind(server, to, kind)
        const { origin, searchParams } = new URL(mail.link)
        const expected = path.startsWith('/api/') ? site : base
        expect([what, path, mail.link.startsWith(`${expected}/`), origin]).toEqual([
          what,
          path,
          true,
          new URL(expected).origin,
        ])
        if (expected === base) expect([what, searchParams.get('redirect_to')]).toEqual([what, site])
        expect(JSON.stringify(mail)).not.toContain(FORGED)
      }
  },
)

test('a link opened under a forged host redirects to the site', async () => {
  await using server = await startBinary({ env: { ...env, AUTH_SITE_URL: 'https://app.example.com' } })
  const { link } = await mailed(server)
  const headers = { host: FORGED, 'x-forwarded-host': FORGED, referer: `https://${FORGED}/` }
  const { status, headers: answered } = await server.ask('GET', link.slice(new URL(link).origin.length), { headers })
  const target = new URL(answered.get('location') ?? '')
  expect([status, target.origin, isIn(target)]).toEqual([303, 'https://app.example.com', true])
})
