import { expect, test } from 'bun:test'
import { confirmLinkPage } from '../../src/pages/confirm'
import type { PageSite } from '../../src/pages/next-steps'
import { hasBrowser, openBrowser } from '../support/browser'

const site: PageSite = {
  brand: { name: 'Acme', logoUrl: undefined, accent: undefined },
  siteUrl: 'https://app.example.com',
  accountUrl: undefined,
}

const options = {
  site,
  path: '/auth/v1/verify',
  action: '/auth/v1/verify',
  kind: 'signup',
  redirectOrigin: 'https://app.example.com',
  languages: ['en'],
}

const headingOf = async (changes: Partial<typeof options>) =>
  /<h1>(.*)<\/h1>/.exec(await confirmLinkPage({ ...options, ...changes }).text())?.[1]

const policyOf = (redirectOrigin: string) =>
  confirmLinkPage({ ...options, redirectOrigin }).headers.get('content-security-policy') ?? ''

test('the page says what the link does, for every type of link', async () => {
  const kinds = ['signup', 'invite', 'magiclink', 'recovery', 'email_change', 'email', 'constructor']
  expect(await Promise.all(kinds.map((kind) => headingOf({ kind })))).toEqual([
    'Confirm your address',
    'Accept the invitation',
    'Sign in',
    'Reset your password',
    'Confirm the change',
    'Sign in',
    'Sign in',
  ])
})

test('the page uses the first supported language, or English', async () => {
  const preferences = [['de-AT'], ['xx', 'FR'], ['ja'], ['zh_Hant', 'en'], ['toString'], []]
  expect(await Promise.all(preferences.map((languages) => headingOf({ languages, kind: 'magiclink' })))).toEqual([
    'Anmelden',
    'Se connecter',
    'ログインする',
    '登录',
    'Sign in',
    'Sign in',
  ])
  const german = confirmLinkPage({ ...options, languages: ['de'] })
  expect(german.headers.get('content-language')).toBe('de')
  expect(await german.text()).toContain('<html lang="de">')
})

test('every language has all texts, and different ones for each step', async () => {
  for (const language of ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'ja', 'zh']) {
    const kinds = ['signup', 'invite', 'magiclink', 'recovery', 'email_change']
    const headings = await Promise.all(kinds.map((kind) => headingOf({ kind, languages: [language] })))
    expect([language, new Set(headings).size]).toEqual([language, 5])
    if (language !== 'en') expect(headings).not.toContain(await headingOf({ kind: 'signup' }))
  }
})

test('the URL is escaped in its attribute', async () => {
  const page = await confirmLinkPage({ ...options, action: `/verify?a=1&b="><script>alert('1')</script>` }).text()
  expect(page).toContain('action="/verify?a=1&amp;b=&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"')
  expect(page).not.toContain('<script')
})

test('the page is neither cached nor indexed, and its policy allows nothing but its own style', async () => {
  const page = confirmLinkPage(options)
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex',
  })
  const style = /<style>(.*)<\/style>/s.exec(await page.text())?.[1] ?? ''
  const hash = new Bun.CryptoHasher('sha256').update(style).digest('base64')
  expect(page.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; form-action 'self' https://app.example.com; base-uri 'none'; frame-ancestors 'none'`,
  )
})

test('form-action allows the redirect’s origin or the app’s scheme, and nothing else', () => {
  const targets: Record<string, string> = {
    'http://localhost:3000': "form-action 'self' http://localhost:3000;",
    'https://app.example.com/welcome?a=b': "form-action 'self' https://app.example.com;",
    'myapp:': "form-action 'self' myapp:;",
    'com.example.app://callback': "form-action 'self' com.example.app:;",
    'http://[::1]:3000': "form-action 'self' http:;",
    "https://a;script-src'unsafe-inline'": "form-action 'self' https:;",
    "x; script-src 'unsafe-inline'": "form-action 'self';",
    '': "form-action 'self';",
  }
  for (const [target, expected] of Object.entries(targets)) {
    const policy = policyOf(target)
    expect([target, policy.includes(expected)]).toEqual([target, true])
    expect([target, policy.split(';').length]).toEqual([target, 6])
  }
})

test.skipIf(!hasBrowser)(
  'the button posts, and the browser follows the redirect to an application on another origin',
  async () => {
    const headers: Headers[] = []
    await using application = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('Welcome') })
    const redirectOrigin = application.url.origin
    await using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        if (request.method === 'GET') {
          const action = '/auth/v1/verify?token=a%26b&type=signup'
          return confirmLinkPage({ ...options, action, redirectOrigin, languages: ['pl'] })
        }
        headers.push(request.headers)
        return Response.redirect(`${redirectOrigin}/welcome${new URL(request.url).search}`, 303)
      },
    })
    await using browser = await openBrowser()
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await page.goto(`${server.url}verify`)
    expect(await page.evaluate('getComputedStyle(document.querySelector("button")).cursor')).toBe('pointer')
    await page.getByRole('button', { name: 'Potwierdź swój adres' }).click()
    await page.waitForURL(`${redirectOrigin}/welcome?token=a%26b&type=signup`)
    expect(headers.map((each) => each.get('sec-fetch-site'))).toEqual(['same-origin'])
    expect(complaints).toEqual([])
  },
  60_000,
)
