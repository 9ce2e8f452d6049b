import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { breachedPasswords } from '../../../src/adapters/breached-passwords'
import type { BreachedPasswords } from '../../../src/core/kernel/ports'
import { passwordGrant, refresh, startApp } from '../../support/app'

const ON = { AUTH_PASSWORD_HIBP_ENABLED: 'true' }
const BREACHED = 'correct-horse-battery-9'
const FINE = 'nobody-has-had-this-one-4711'

const hashOf = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase()

/** A service that knows one password, and pads its responses. */
function knowing(password: string, count = 3) {
  const asked: string[] = []
  const service: BreachedPasswords = async (prefix) => {
    asked.push(prefix)
    const rest = hashOf(password).slice(5)
    const own = hashOf(password).startsWith(prefix) ? [`${rest}:${count}`] : []
    return { outcome: 'answered', lines: [`${'0'.repeat(35)}:0`, ...own, `${'F'.repeat(35)}:12`] }
  }
  return { service, asked }
}

const down: BreachedPasswords = async () => ({ outcome: 'failed', error: 'status 503' })

test('a breached password is refused wherever one is set, and only five digits of its hash are sent', async () => {
  const { service, asked } = knowing(BREACHED)
  await using app = await startApp({ settings: ON, breached: service })
  const refused = await app.ask('POST', '/auth/v1/signup', { body: { email: 'a@example.com', password: BREACHED } })
  expect([refused.status, refused.body]).toEqual([
    422,
    {
      code: 'weak_password',
      message: 'Password is known to be weak and easy to guess, please choose a different one.',
      weak_password: { reasons: ['pwned'] },
    },
  ])
  const ada = await app.signUp('ada@example.com', FINE)
  const change = { token: ada.accessToken, body: { password: BREACHED } }
  expect((await app.ask('PUT', '/auth/v1/user', change)).body.code).toBe('weak_password')
  const byAdmin = { token: app.admin, body: { password: BREACHED } }
  expect((await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, byAdmin)).body.code).toBe('weak_password')
  const link = { token: app.admin, body: { type: 'signup', email: 'b@example.com', password: BREACHED } }
  expect((await app.ask('POST', '/auth/v1/admin/generate_link', link)).body.code).toBe('weak_password')
  expect(new Set(asked)).toEqual(new Set([hashOf(BREACHED).slice(0, 5), hashOf(FINE).slice(0, 5)]))
})

test('all reasons are listed', async () => {
  const { service } = knowing('abc')
  const settings = { ...ON, AUTH_PASSWORD_MIN_LENGTH: '8', AUTH_PASSWORD_REQUIRED_CHARACTERS: '0123456789' }
  await using app = await startApp({ settings, breached: service })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: { email: 'a@example.com', password: 'abc' } })
  expect(body.weak_password.reasons).toEqual(['length', 'characters', 'pwned'])
})

test('a reset by mail refuses a breached password, and its token waits for another', async () => {
  const { service } = knowing(BREACHED)
  await using app = await startApp({ settings: ON, breached: service })
  await app.signUp('ada@example.com', FINE)
  await app.ask('POST', '/api/auth/password/reset/request', { body: { email: 'ada@example.com' } })
  const [mail] = await app.core.forTask().listMessages({ to: 'ada@example.com', limit: 1 })
  const token = new URL(mail?.links[0] ?? '').searchParams.get('token')
  const complete = (new_password: string) =>
    app.ask('POST', '/api/auth/password/reset/complete', { body: { token, new_password } })
  expect((await complete(BREACHED)).status).toBe(422)
  expect((await complete(`${FINE}!`)).status).toBe(200)
})

test('a sign-in with an older breached password only reports it, and a refresh does not check', async () => {
  const { service, asked } = knowing(BREACHED)
  await using before = await startApp()
  const ada = await before.signUp('ada@example.com', BREACHED)
  expect(asked).toEqual([])
  await using app = await startApp({ settings: ON, breached: service, folder: before.folder })
  const { status, body } = await passwordGrant(app, { email: 'ada@example.com', password: BREACHED })
  expect([status, body.weak_password?.reasons]).toEqual([200, ['pwned']])
  const count = asked.length
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
  expect(asked).toHaveLength(count)
})

test('a count of zero is padding', async () => {
  const { service } = knowing(BREACHED, 0)
  await using app = await startApp({ settings: ON, breached: service })
  expect((await app.signUp('ada@example.com', BREACHED)).id).toBeString()
})

test('the service is called only if enabled', async () => {
  const { service, asked } = knowing(BREACHED)
  await using app = await startApp({ breached: service })
  await app.signUp('ada@example.com', BREACHED)
  expect(asked).toEqual([])
})

test('if the service does not answer, the password is accepted, unless the check fails closed', async () => {
  await using open = await startApp({ settings: ON, breached: down })
  expect((await open.signUp('ada@example.com', BREACHED)).id).toBeString()
  expect(open.log()).toContainEqual(expect.objectContaining({ msg: 'the breach check is unavailable' }))
  expect(JSON.stringify(open.log())).not.toContain(hashOf(BREACHED).slice(0, 5))
  await using closed = await startApp({ settings: { ...ON, AUTH_PASSWORD_HIBP_FAIL_CLOSED: 'true' }, breached: down })
  const refused = await closed.ask('POST', '/auth/v1/signup', { body: { email: 'a@example.com', password: FINE } })
  expect([refused.status, refused.body.message]).toEqual([
    500,
    'Unable to perform password strength check with HaveIBeenPwned.org.',
  ])
})

test('known and unknown addresses are treated alike', async () => {
  const { service, asked } = knowing(BREACHED)
  await using app = await startApp({
    settings: { ...ON, AUTH_MAILER_AUTOCONFIRM: 'false' },
    breached: service,
  })
  const signUp = (email: string, password: string) => app.ask('POST', '/auth/v1/signup', { body: { email, password } })
  await signUp('ada@example.com', FINE)
  asked.length = 0
  const answers = [await signUp('ada@example.com', BREACHED), await signUp('new@example.com', BREACHED)]
  expect(answers.map(({ status }) => status)).toEqual([422, 422])
  expect(asked).toHaveLength(2)
})

test('the service is called as documented, and an invalid response counts as none', async () => {
  const line = '0123456789ABCDEF'.repeat(3).slice(0, 35)
  const seen: { path: string; padding: string | null; agent: string | null }[] = []
  const service = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url)
      seen.push({
        path: pathname,
        padding: request.headers.get('add-padding'),
        agent: request.headers.get('user-agent'),
      })
      if (pathname.endsWith('AAAAA')) return new Response(`${line}:1\r\n${line.toLowerCase()}:22\r\n`)
      if (pathname.endsWith('EEEEE')) return new Response('<html>Please sign in to this network</html>')
      if (pathname.endsWith('00000')) return new Response('')
      if (pathname.endsWith('BBBBB')) return Response.redirect('http://127.0.0.1:1/elsewhere')
      return pathname.endsWith('CCCCC') ? new Response('A'.repeat(300_000)) : new Response('', { status: 503 })
    },
  })
  const ask = breachedPasswords({ url: `http://127.0.0.1:${service.port}`, userAgent: 'latchkey test' })
  expect(await ask('AAAAA')).toEqual({ outcome: 'answered', lines: [`${line}:1`, `${line}:22`] })
  for (const prefix of ['BBBBB', 'CCCCC', 'DDDDD', 'EEEEE', '00000']) expect((await ask(prefix)).outcome).toBe('failed')
  expect(seen[0]).toEqual({ path: '/range/AAAAA', padding: 'true', agent: 'latchkey test' })
  expect(seen).toHaveLength(6)
  await service.stop(true)
  expect((await ask('AAAAA')).outcome).toBe('failed')
})
