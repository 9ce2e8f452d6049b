/** Browsers get HTML pages where programs get JSON, on every surface. */
import { expect, test } from 'bun:test'
import { errorPage } from '../../src/pages/error'
import { errorPageTexts } from '../../src/pages/error/locales'
import { LANGUAGES } from '../../src/pages/languages'
import { type RequestOptions, startApp, type TestApp } from '../support/app'

/** The Accept header of Chromium when it follows a link. */
const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}
const FORM = { ...NAVIGATION, 'content-type': 'application/x-www-form-urlencoded' }

const navigate = (app: TestApp, path: string, headers: Record<string, string> = {}) =>
  app.ask('GET', path, { headers: { ...NAVIGATION, ...headers } })

const headingOf = (html: string) => /<h1>(.*)<\/h1>/.exec(html)?.[1]

const NOT_ME = '/auth/v1/sessions/not-me?session=0b0f9c0e-0000-4000-8000-000000000000&token=dead'

const CASES: [method: string, path: string, status: number, heading: string][] = [
  ['POST', NOT_ME, 403, 'This link no longer works'],
  ['GET', NOT_ME, 403, 'This link no longer works'],
  ['GET', '/auth/v1/sessions/not-me', 400, 'This link is incomplete'],
  ['GET', '/auth/v1/sessions/not-me?session=1', 400, 'This link is incomplete'],
  ['GET', '/auth/v1/verify', 400, 'This link is incomplete'],
  ['GET', '/auth/v1/verify?type=signup', 400, 'This link is incomplete'],
  ['GET', '/verify?token=abc', 400, 'This link is incomplete'],
  ['POST', '/auth/v1/verify/confirm', 400, 'This link is incomplete'],
  ['GET', '/auth/v1/authorize', 400, 'This sign-in method is not available'],
  ['GET', '/auth/v1/authorize?provider=github', 400, 'This sign-in method is not available'],
  ['GET', '/auth/v1/authorize?provider=custom:none', 400, 'This sign-in method is not available'],
  ['GET', '/auth/v1/authorize?provider=<script>alert(1)</script>', 400, 'This sign-in method is not available'],
  ['GET', '/auth/v1/sso', 404, 'This sign-in method is not available'],
  ['GET', '/auth/v1/user', 401, 'You are not signed in'],
  ['GET', '/auth/v1/reauthenticate', 401, 'You are not signed in'],
  ['GET', '/auth/v1/user/identities/authorize?provider=github', 401, 'You are not signed in'],
  ['GET', '/auth/v1/admin/users', 401, 'You are not signed in'],
  ['GET', '/auth/v1/invite', 405, 'For applications only'],
  ['GET', '/auth/v1/me', 401, 'You are not signed in'],
  ['GET', '/auth/v1', 404, 'Page not found'],
  ['GET', '/auth/v1/', 404, 'Page not found'],
  ['GET', '/auth/v1/nope', 404, 'Page not found'],
  ['GET', '/nope', 404, 'Page not found'],
  ['GET', '/%', 404, 'Page not found'],
  ['GET', '/auth/v1/token', 405, 'For applications only'],
  ['GET', '/auth/v1/login', 405, 'For applications only'],
  ['GET', '/api/auth/me', 401, 'You are not signed in'],
  ['GET', '/api/auth/nope', 404, 'Page not found'],
  ['GET', '/api/auth/magic-link/verify?token=abc', 405, 'For applications only'],
  ['GET', '/api/auth/password/reset/complete', 405, 'For applications only'],
  ['GET', '/mailbox/api/messages/none', 404, 'Page not found'],
]

test.each(CASES)('%s %s is answered %i, with an HTML page for browsers', async (method, path, status, heading) => {
  await using app = await startApp()
  const asked: RequestOptions = { headers: method === 'POST' ? FORM : NAVIGATION }
  const page = await app.ask(method, path, asked)
  expect([page.status, headingOf(page.text)]).toEqual([status, heading])
  expect(page.text).toContain('href="http://localhost:3000"')
  expect(page.text).toContain(page.headers.get('x-request-id') ?? '-')
  expect(page.text).not.toMatch(/<script|onerror=/)

  const programs: Record<string, string>[] = [
    {},
    { accept: '*/*' },
    { accept: 'application/json' },
    { accept: 'application/json, text/html;q=0.9' },
    { ...NAVIGATION, 'sec-fetch-mode': 'cors' },
  ]
  for (const headers of programs) {
    const answer = await app.ask(method, path, { headers })
    expect([answer.status, answer.headers.get('content-type') ?? '']).toEqual([
      status,
      expect.not.stringContaining('html'),
    ])
  }
})

test('error pages have the headers of pages, and vary by Accept', async () => {
  await using app = await startApp()
  const { headers } = await navigate(app, '/auth/v1/token')
  expect(Object.fromEntries(headers)).toMatchObject({
    allow: 'POST',
    'cache-control': 'no-store',
    'content-language': 'en',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-.*frame-ancestors 'none'$/,
    ),
    'content-type': 'text/html; charset=utf-8',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  expect(headers.get('content-security-policy')).not.toContain('script-src')
  for (const accept of [NAVIGATION.accept, '*/*'])
    expect((await app.ask('GET', '/nope', { headers: { accept } })).headers.get('vary')).toContain('Accept')
})

test('a request with a token, a key or JSON gets JSON, whatever it accepts', async () => {
  await using app = await startApp()
  const isJson = async (method: string, path: string, asked: RequestOptions) =>
    (await app.ask(method, path, asked)).headers.get('content-type')?.startsWith('application/json')
  expect(await isJson('GET', '/auth/v1/user', { token: 'dead', headers: NAVIGATION })).toBe(true)
  expect(await isJson('GET', '/auth/v1/user', { headers: { ...NAVIGATION, apikey: 'sb_publishable_x' } })).toBe(true)
  expect(
    await isJson('POST', '/auth/v1/token', {
      body: {},
      headers: { ...NAVIGATION, 'content-type': 'application/json' },
    }),
  ).toBe(true)
  const basic = { ...NAVIGATION, authorization: 'Basic YTpi' }
  expect((await app.ask('GET', '/auth/v1/user', { headers: basic })).text).toStartWith('<!doctype html>')
})

test('a rate limit page says when to retry, in the user’s language', async () => {
  await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
  let page = await navigate(app, '/auth/v1/verify/confirm')
  while (page.status !== 429) {
    await app.ask('POST', NOT_ME, { headers: FORM })
    page = await app.ask('POST', NOT_ME, { headers: { ...FORM, 'accept-language': 'de' } })
  }
  expect(headingOf(page.text)).toBe('Zu viele Versuche')
  expect(page.text).toMatch(/Sie können es in \d+ (Sekunden?|Minuten?) erneut versuchen\./)
  expect(page.headers.get('retry-after')).toMatch(/^\d+$/)
})

test('a fault page shows the request id, and nothing of the cause', async () => {
  await using app = await startApp()
  await app.store.close()
  const page = await navigate(app, '/auth/v1/verify?type=signup&token=abc')
  expect(page.status).toBeGreaterThanOrEqual(500)
  expect(page.text).toStartWith('<!doctype html>')
  expect(page.text).toContain(page.headers.get('x-request-id') ?? '-')
  expect(page.text).not.toMatch(/sqlite|closed|at .*:\d+:\d+/i)
})

test('the log names the reason of a refusal', async () => {
  await using app = await startApp()
  await navigate(app, '/auth/v1/verify?type=signup')
  expect(app.log().find(({ msg }) => msg === 'request')).toMatchObject({ status: 400, reason: 'verify_token_missing' })
})

test('errors that GoTrue answers with a redirect are redirected for browsers, too', async () => {
  await using app = await startApp()
  const paths = [
    '/auth/v1/verify?type=signup&token=dead',
    '/auth/v1/callback',
    '/auth/v1/callback?state=x&error=<script>alert(1)</script>&error_description="><img src=x onerror=alert(1)>',
  ]
  for (const path of paths) {
    const { status, headers } = await navigate(app, path)
    expect([path, status, headers.get('location')]).toEqual([
      path,
      303,
      expect.stringMatching(/^http:\/\/localhost:3000/),
    ])
    expect(headers.get('location')).not.toMatch(/[<>"]/)
  }
})

const problem = {
  status: 400,
  reason: undefined,
  code: undefined,
  message: undefined,
  requestId: 'r1',
  retryAfterSeconds: undefined,
  helpUrl: undefined,
  site: {
    brand: { name: 'Acme', logoUrl: undefined, accent: undefined },
    siteUrl: 'https://app.example.com',
    accountUrl: undefined,
  },
  path: '/auth/v1/verify',
  languages: [],
  headers: {},
}

test('values of a request are escaped', async () => {
  const attack = `"><img src=x onerror=alert(1)><script>alert('1')</script>`
  const page = errorPage({ ...problem, code: attack, message: `$& $1 ${attack}`, requestId: attack })
  const html = await page.text()
  expect(html).not.toMatch(/<img src=x|<script/)
  expect(html).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;')
  expect(html).toContain('$&amp; $1 ')
})

test('the link back shows the site’s host, or the scheme of an application', async () => {
  const linkOf = async (siteUrl: string) =>
    /<a [^>]*>([^<]*)</.exec(await errorPage({ ...problem, site: { ...problem.site, siteUrl } }).text())?.[1]
  expect(await linkOf('https://app.example.com/welcome?x=1')).toBe('Continue to app.example.com')
  expect(await linkOf('http://localhost:3000')).toBe('Continue to localhost:3000')
  expect(await linkOf('myapp://home')).toBe('Continue to myapp://home')
  expect(await linkOf('https://a.example/$&')).toBe('Continue to a.example')
})

test('every language has all texts', () => {
  const texts = (language: (typeof LANGUAGES)[number]) => [
    ...Object.values(errorPageTexts[language].kinds).flat(),
    errorPageTexts[language].back,
    errorPageTexts[language].retry,
    errorPageTexts[language].request,
  ]
  for (const language of LANGUAGES) {
    expect([language, new Set(texts(language)).size]).toEqual([language, 27])
    expect(errorPageTexts[language].back).toContain('{site}')
    expect(errorPageTexts[language].retry).toContain('{when}')
    if (language !== 'en') expect(texts(language).filter((text) => texts('en').includes(text))).toEqual([])
  }
})
