import { expect, test } from 'bun:test'
import { DAY } from '../../../src/lib/milliseconds'
import { claimsOf, PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { authenticator } from '../../support/authenticator'
import { readRows } from '../../support/database'
import { enrolled, pass } from '../../support/factors'
import { login } from '../../support/native'
import { codeAt } from '../../support/totp'

const ON = { AUTH_MAILER_NOTIFICATIONS_NEW_DEVICE_ENABLED: 'true' }
const EMAIL = 'ada@example.com'

/** The mails, once all background work of earlier requests is done. */
async function notices(app: TestApp) {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  const all = await app.core.forTask().listMessages({ to: EMAIL, limit: 50 })
  return all.filter(({ kind }) => kind === 'new_device_notification')
}

const signIn = (app: TestApp, ip: string) => passwordGrant(app, { email: EMAIL, password: PASSWORD }, { ip })

test('the owner is notified once of a sign-in from an unknown network', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  expect(await notices(app)).toEqual([])
  await signIn(app, '203.0.113.99')
  expect(await notices(app)).toEqual([])
  await signIn(app, '198.51.100.7')
  const [mail, ...others] = await notices(app)
  expect([mail?.subject, mail?.text, others]).toEqual([
    'New sign-in to your account',
    expect.stringContaining('198.51.100.7) at 2026-01-01 00:00 UTC'),
    [],
  ])
  await signIn(app, '198.51.100.8')
  expect(await notices(app)).toHaveLength(1)
  await signIn(app, '2001:db8:1:2::1')
  await signIn(app, '2001:db8:1:2::2')
  expect(await notices(app)).toHaveLength(2)
})

test('every kind of sign-in counts, but not a wrong password', async () => {
  await using app = await startApp({ settings: ON })
  const ada = await app.signUp(EMAIL)
  await passwordGrant(app, { email: EMAIL, password: 'wrong-password-1' }, { ip: '192.0.2.1' })
  expect(await notices(app)).toEqual([])
  await app.ask('POST', '/auth/v1/otp', { body: { email: EMAIL } })
  const [mail] = await app.core.forTask().listMessages({ to: EMAIL, limit: 1 })
  const code = { type: 'email', email: EMAIL, token: mail?.code }
  expect((await app.ask('POST', '/auth/v1/verify', { body: code, ip: '192.0.2.1' })).status).toBe(200)
  expect(await notices(app)).toHaveLength(1)
  const device = authenticator()
  const { body } = await app.ask('POST', '/auth/v1/passkeys/registration/options', { token: ada.accessToken })
  const made = { challenge_id: body.challenge_id, credential: device.create(body.options) }
  await app.ask('POST', '/auth/v1/passkeys/registration/verify', { token: ada.accessToken, body: made })
  const { body: asked } = await app.ask('POST', '/auth/v1/passkeys/authentication/options')
  const shown = { challenge_id: asked.challenge_id, credential: device.get(asked.options) }
  const signedIn = await app.ask('POST', '/auth/v1/passkeys/authentication/verify', { body: shown, ip: '192.0.2.200' })
  expect(signedIn.status).toBe(200)
  expect(await notices(app)).toHaveLength(1)
  const { body: next } = await app.ask('POST', '/auth/v1/passkeys/authentication/options')
  const again = { challenge_id: next.challenge_id, credential: device.get(next.options) }
  await app.ask('POST', '/auth/v1/passkeys/authentication/verify', { body: again, ip: '100.64.0.1' })
  expect(await notices(app)).toHaveLength(2)
})

test('a network unused for a month is unknown again, while another one is known', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  await signIn(app, '198.51.100.7')
  app.clock.advance(20 * DAY)
  await signIn(app, '203.0.113.7')
  app.clock.advance(11 * DAY)
  await app.core.forTask().sweep()
  // the mailbox has dropped the first one, too
  expect(await notices(app)).toHaveLength(0)
  await signIn(app, '198.51.100.7')
  expect(await notices(app)).toHaveLength(1)
})

test('an account without known networks left is notified, too', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  app.clock.advance(40 * DAY)
  await app.core.forTask().sweep()
  await signIn(app, '198.51.100.7')
  expect(await notices(app)).toHaveLength(1)
})

test('the first session of an account causes no notice, whatever the method', async () => {
  await using app = await startApp({ settings: { ...ON, AUTH_MAILER_AUTOCONFIRM: 'false' } })
  await app.ask('POST', '/auth/v1/signup', { body: { email: EMAIL, password: PASSWORD } })
  const [mail] = await app.core.forTask().listMessages({ to: EMAIL, limit: 1 })
  const code = { type: 'signup', email: EMAIL, token: mail?.code }
  expect((await app.ask('POST', '/auth/v1/verify', { body: code, ip: '192.0.2.1' })).status).toBe(200)
  expect(await notices(app)).toEqual([])
  await signIn(app, '198.51.100.7')
  expect(await notices(app)).toHaveLength(1)
})

test('notices must be enabled', async () => {
  await using app = await startApp()
  await app.signUp(EMAIL)
  await signIn(app, '198.51.100.7')
  expect(await notices(app)).toEqual([])
})

test('a failing notice does not delay the sign-in', async () => {
  const hook = {
    AUTH_HOOK_SEND_EMAIL_ENABLED: 'true',
    AUTH_HOOK_SEND_EMAIL_URI: 'https://hooks.example.com/mail',
    AUTH_HOOK_SEND_EMAIL_SECRETS: 'v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=',
    AUTH_MAILER_AUTOCONFIRM: 'true',
  }
  const called: string[] = []
  await using app = await startApp({
    settings: { ...ON, ...hook },
    post: async ({ body }) => {
      called.push(JSON.parse(body).email_data.email_action_type)
      return { outcome: 'timed_out' }
    },
  })
  await app.signUp(EMAIL)
  expect((await signIn(app, '198.51.100.7')).status).toBe(200)
  while (called.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(called).toEqual(['new_device_notification'])
})

test('a notice is committed together with the sign-in, so that no crash loses it', async () => {
  await using app = await startApp({ settings: { ...ON, AUTH_SMTP_HOST: '127.0.0.1', AUTH_SMTP_PORT: '9' } })
  const created = { email: EMAIL, password: PASSWORD, email_confirm: true }
  await app.ask('POST', '/auth/v1/admin/users', { body: created, headers: { apikey: app.admin } })
  await app.signIn(EMAIL)
  expect((await signIn(app, '198.51.100.7')).status).toBe(200)
  // No turn of the event loop lies between the response and this query.
  const queued = await readRows(
    app.database,
    "SELECT count(*) AS n FROM messages WHERE template = 'new_device_notification'",
  )
  expect(queued).toEqual([{ n: 1 }])
})

/** A sign-in from an unknown network, and the link of the notice, as path and query. */
async function signInElsewhere(app: TestApp, userAgent?: string) {
  const headers: Record<string, string> = userAgent === undefined ? {} : { 'user-agent': userAgent }
  const credentials = { email: EMAIL, password: PASSWORD }
  const { body } = await passwordGrant(app, credentials, { ip: '198.51.100.7', headers })
  const link = new URL((await notices(app))[0]?.links[0] ?? '')
  return { token: body.access_token as string, path: link.pathname + link.search, link }
}

const isAlive = async (app: TestApp, token: string) => (await app.ask('GET', '/auth/v1/user', { token })).status === 200

test('the mail links to a page whose button ends that session, and no other', async () => {
  await using app = await startApp({ settings: ON })
  const ada = await app.signUp(EMAIL)
  const { token, path, link } = await signInElsewhere(app)
  const { session, token: own } = Object.fromEntries(link.searchParams)
  expect(`${link.origin}${link.pathname}`).toBe('http://localhost:7020/auth/v1/sessions/not-me')
  for (const headers of [{}, { 'user-agent': 'Slackbot' }, { 'accept-language': 'de' }] as Record<string, string>[]) {
    const { status, text } = await app.ask('GET', path, { headers })
    expect([status, text]).toEqual([
      200,
      expect.stringMatching(/<button>(End this session|Diese Sitzung beenden)<\/button>/),
    ])
    expect(text).toContain(`action="not-me?session=${session}&amp;token=${own}"`)
  }
  expect(await isAlive(app, token)).toBe(true)
  for (let press = 0; press < 2; press++) {
    const { status, text, headers } = await app.ask('POST', path)
    expect([status, text]).toEqual([200, expect.stringContaining('href="http://localhost:3000"')])
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  }
  expect([await isAlive(app, token), await isAlive(app, ada.accessToken)]).toEqual([false, true])
})

test('the page shows whose session it is, and when, where and with what it began', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  const { path } = await signInElsewhere(app, `<img src=x onerror="alert('1')">`)
  const { text } = await app.ask('GET', path, { headers: { 'accept-language': 'de' } })
  expect(text).toContain('<h1>Waren Sie das?</h1>')
  const facts = [...text.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, name, value]) => [name, value])
  expect(facts).toEqual([
    ['Konto', EMAIL],
    ['Angemeldet', '1. Januar 2026 um 00:00 UTC'],
    ['IP-Adresse', '198.51.100.7'],
    ['Gerät', '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;'],
  ])
})

test('the device is named by its browser and system', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  const { path } = await signInElsewhere(app, 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0')
  expect((await app.ask('GET', path)).text).toContain('<dd>Firefox, Linux</dd>')
})

test('once the session has ended, the page says what to do next', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  const { path } = await signInElsewhere(app)
  const ended = await app.ask('POST', path)
  const again = await app.ask('GET', path)
  for (const { status, text } of [ended, again]) {
    expect([status, text]).toEqual([200, expect.stringContaining('<h1>The session has ended</h1>')])
    expect(text).toContain('<a class="button" href="http://localhost:7020/account#/password">Set a new password</a>')
    expect(text).not.toMatch(/<form|198\.51|ada@/)
  }
})

test('without the account page, the password is changed in the application', async () => {
  await using app = await startApp({ settings: { ...ON, AUTH_ACCOUNT_PAGE: 'off' } })
  await app.signUp(EMAIL)
  const { path } = await signInElsewhere(app)
  const { text } = await app.ask('POST', path)
  expect(text).toContain('<a class="button" href="http://localhost:3000">Set a new password</a>')
  expect(text).not.toContain('/account#')
})

test('other tokens do not end a session', async () => {
  await using app = await startApp({ settings: ON })
  await app.signUp(EMAIL)
  const { token, link } = await signInElsewhere(app)
  const { body } = await signIn(app, '100.64.0.1')
  const own = link.searchParams.get('token') ?? ''
  const { session_id: other } = claimsOf(body.access_token)
  const session = link.searchParams.get('session') ?? ''
  const wrong = [
    '',
    `?session=${session}`,
    `?token=${own}`,
    `?session=${other}&token=${own}`,
    `?session=${session}&token=${own.slice(0, -1)}`,
    `?session=${session}&token=${own}x`,
    `?session=x&token=y`,
  ]
  for (const query of wrong) {
    const { status, body: answer } = await app.ask('POST', `/auth/v1/sessions/not-me${query}`)
    expect([query, status, answer.code]).toEqual([query, 403, 'otp_expired'])
    const page = await app.ask('GET', `/auth/v1/sessions/not-me${query}`)
    expect([400, 403]).toContain(page.status)
    expect(page.text).not.toContain(EMAIL)
  }
  expect([await isAlive(app, token), await isAlive(app, body.access_token)]).toEqual([true, true])
})

test('a one-step sign-in with a second factor is notified, too', async () => {
  await using app = await startApp({ settings: ON })
  const ada = await app.signUp(EMAIL)
  const factor = await enrolled(app, ada.accessToken)
  expect((await pass(app, ada.accessToken, factor)).status).toBe(200)
  app.clock.advance(30_000)
  for (const expected of [1, 1]) {
    const code = codeAt(factor.secret, app.clock.now())
    expect((await login(app, EMAIL, { code }, { ip: '198.51.100.7' })).status).toBe(200)
    expect(await notices(app)).toHaveLength(expected)
    app.clock.advance(30_000)
  }
})
