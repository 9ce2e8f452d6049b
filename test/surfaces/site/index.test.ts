/** Pages of this server in a browser, and the same paths for programs and probes. */
import { expect, test } from 'bun:test'
import { startApp, type TestApp } from '../../support/app'
import { linkedPaths } from '../../support/links'

const NAVIGATION = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }
const LOCAL = { ...NAVIGATION, host: 'localhost:7020' }
const MAIL_SERVER = { AUTH_SMTP_HOST: 'smtp.example.com', AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com' }

const home = (app: TestApp, headers: Record<string, string> = LOCAL, ip = '127.0.0.1') =>
  app.ask('GET', '/', { headers, ip })

test('the start page of a development server has the URL, the publishable key, snippets and links', async () => {
  await using app = await startApp()
  const { status, headers, text } = await home(app)
  expect(status).toBe(200)
  expect(text).toContain('>http://localhost:7020</code>')
  expect(text).toContain(`>${app.keys.publishable}</code>`)
  for (const secret of [app.keys.secret, app.keys.serviceRole, app.keys.anon]) expect(text).not.toContain(secret)
  for (const name of ['JavaScript', 'HTML', 'React', 'Next.js', 'Vue', 'SvelteKit', 'Expo', 'Python', 'curl'])
    expect(text).toContain(`>${name}</label>`)
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    ),
    'referrer-policy': 'no-referrer',
    vary: expect.stringContaining('Accept'),
  })
  expect(text).not.toMatch(/<script>|onload=|style="/)
  const linked = linkedPaths('/', text)
  expect(linked).toEqual(expect.arrayContaining(['/mailbox', '/swagger', '/openapi.json', '/ready', '/health']))
  for (const url of linked)
    expect([url, (await app.ask('GET', url, { headers: { host: 'localhost:7020' } })).status]).toEqual([url, 200])
})

test('the start page leads to the quick starts if the documentation is served', async () => {
  await using app = await startApp()
  expect((await home(app)).text).toContain('<a href="./docs/quickstarts/nextjs">')
  await using without = await startApp({ settings: { AUTH_DOCS: 'false' } })
  expect((await home(without)).text).not.toContain('/docs')
})

test('for other visitors it says in two lines that it is for applications, in their language', async () => {
  const plain = async (app: TestApp, headers?: Record<string, string>, ip?: string) => {
    const { status, text } = await home(app, headers, ip)
    expect(status).toBe(200)
    expect(text).toContain('href="http://localhost:3000"')
    expect(text).not.toMatch(/sb_|mailbox|swagger|Latchkey/i)
    return /<h1>(.*)<\/h1>/.exec(text)?.[1]
  }
  await using sending = await startApp({ settings: MAIL_SERVER })
  expect(await plain(sending)).toBe('For applications only')
  expect(await plain(sending, { ...LOCAL, 'accept-language': 'de' })).toBe('Hier gibt es nichts zu sehen')
  await using open = await startApp()
  expect(await plain(open, { ...NAVIGATION, host: 'evil.example' })).toBe('For applications only')
  await using pub = await startApp({ settings: { AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' } })
  expect(await plain(pub, { ...NAVIGATION, host: 'auth.example.com' }, '203.0.113.7')).toBe('For applications only')
  expect(await plain(pub, LOCAL, '203.0.113.7')).toBe('For applications only')
})

test('settings are escaped on the start page', async () => {
  await using app = await startApp({
    settings: { AUTH_API_EXTERNAL_URL: `http://localhost:7020/"><script>alert(1)</script>` },
  })
  expect((await home(app)).text).not.toContain('<script>alert')
})

test('requests for JSON get 404 at the root', async () => {
  await using app = await startApp()
  for (const method of ['GET', 'HEAD', 'POST'])
    for (const accept of ['', '*/*', 'application/json']) {
      const { status, text } = await app.ask(method, '/', { headers: { accept } })
      expect([method, status, text]).toEqual([
        method,
        404,
        method === 'HEAD' ? expect.any(String) : '404 page not found\n',
      ])
    }
})

const PAGES = ['/ready', '/healthz', '/swagger', '/swagger/', '/openapi.json', '/mailbox', '/mailbox/', '/favicon.ico']

test.each(PAGES)('HEAD %s is answered like GET, without a body', async (path) => {
  await using app = await startApp()
  const asked = { headers: { host: 'localhost:7020' } }
  const [get, head] = [await app.ask('GET', path, asked), await app.ask('HEAD', path, asked)]
  expect([head.status, head.headers.get('content-type')]).toEqual([200, get.headers.get('content-type')])
  const length = new TextEncoder().encode(get.text).byteLength
  // /ready reports how long it took
  if (!path.startsWith('/ready')) expect(head.headers.get('content-length')).toBe(String(length))
  expect([get.text === '', head.text]).toEqual([false, ''])
  expect(app.log().filter(({ method, route }) => method === 'HEAD' && route === path)).toHaveLength(1)
})

test('HEAD reports a failing server, too, and is unknown to the Supabase surface', async () => {
  await using app = await startApp()
  for (const path of ['/health', '/auth/v1/health', '/auth/v1/settings'])
    expect([path, (await app.ask('HEAD', path)).status]).toEqual([path, 405])
  expect((await app.ask('HEAD', '/mailbox/api/events', { headers: { host: 'localhost:7020' } })).status).toBe(405)
  await app.store.close()
  expect((await app.ask('HEAD', '/ready')).status).toBe(503)
})

test('Swagger UI and the document can be switched off', async () => {
  await using app = await startApp({ settings: { AUTH_SWAGGER: 'off' } })
  for (const path of ['/swagger', '/swagger/', '/swagger/init.js', '/openapi.json'])
    for (const method of ['GET', 'HEAD']) expect([path, (await app.ask(method, path)).status]).toEqual([path, 404])
  expect((await home(app)).text).not.toMatch(/swagger|openapi/)
})

test('a message deleted in the mailbox is removed from the database, and others stay', async () => {
  await using app = await startApp({ settings: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
  const asked = { headers: { host: 'localhost:7020' } }
  for (const email of ['ada@example.com', 'grace@example.com'])
    await app.ask('POST', '/auth/v1/otp', { body: { email } })
  const list = async () => (await app.ask('GET', '/mailbox/api/messages', asked)).body as { id: string; to: string }[]
  const [newest] = await list()
  const remove = async () => (await app.ask('DELETE', `/mailbox/api/messages/${newest?.id}`, asked)).status
  expect([await remove(), await remove()]).toEqual([204, 404])
  expect((await list()).map(({ to }) => to)).toEqual(['ada@example.com'])
})
