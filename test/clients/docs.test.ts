/** The documentation of the compiled executable in a real browser, and every link in it. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { markdownFiles } from '../../src/pages/docs/content'
import { pageUrl } from '../../src/pages/docs/paths'
import { violations } from '../support/accessibility'
import { type Binary, startBinary } from '../support/binary'
import { browserTest, copied, focused, hasBrowser, openBrowser, START_MS } from '../support/browser'

let server: Binary
let browser: Browser | undefined

beforeAll(async () => {
  server = await startBinary()
  if (hasBrowser) browser = await openBrowser()
}, START_MS)

afterAll(async () => {
  await browser?.close()
  await server[Symbol.asyncDispose]()
})

interface Visit extends AsyncDisposable {
  page: Page
  /** Errors of the console and of scripts, violations of the content security policy, and requests elsewhere. */
  problems: string[]
  open(path: string): Promise<void>
}

async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await (browser as Browser).newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const origin = `http://localhost:${new URL(server.url).port}`
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('request', (request) => new URL(request.url()).origin !== origin && problems.push(request.url()))
  return {
    page,
    problems,
    open: async (path) => void (await page.goto(origin + path)),
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** Index, a guide with code, long tables, an error code, a file outside docs/, and an address without a page. */
const KINDS = [
  '/docs',
  '/docs/production',
  '/docs/settings',
  '/docs/errors/insufficient_aal',
  '/docs/files/SECURITY',
  '/docs/nope',
]

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 390])
    browserTest(`pages are accessible, and as wide as the screen: ${colorScheme}, ${width} px`, async () => {
      await using site = await visit({ colorScheme, viewport: { width, height: 844 } })
      const { page, problems } = site
      for (const path of KINDS) {
        await site.open(path)
        const actual = await page.evaluate('document.documentElement.scrollWidth')
        expect([path, await violations(page), actual]).toEqual([path, [], width])
      }
      await page.getByRole('searchbox').fill('secret')
      await page.locator('.results li').first().waitFor()
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('Escape')
      if (width === 390) {
        await page.getByRole('button', { name: 'Pages' }).click()
        expect(await violations(page)).toEqual([])
      }
      expect(problems).toEqual([])
    })

browserTest('the search finds settings, parts of names, error codes and words, by keyboard alone', async () => {
  await using site = await visit()
  const { page, problems } = site
  const results = page.locator('.results li a')
  const first = async (text: string) => {
    await page.keyboard.press('/')
    await page.keyboard.type(text)
    await results.first().waitFor()
    return (await results.first().textContent()) as string
  }
  await site.open('/docs')
  expect(await first('AUTH_SITE_URL')).toStartWith('Settings › AUTH_SITE_URL')
  expect(await page.getByRole('status').textContent()).toMatch(/result/)
  expect(await results.first().locator('mark').first().textContent()).toBe('AUTH_SITE_URL')
  await page.keyboard.press('Escape')
  expect([await page.locator('.results').isVisible(), await page.getByRole('searchbox').inputValue()]).toEqual([
    false,
    '',
  ])

  await page.keyboard.type('trusted_prox')
  await results.filter({ hasText: 'AUTH_TRUSTED_PROXIES' }).first().waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/docs/settings#auth_trusted_proxies')

  for (const [text, expected] of [
    ['insufficient_aal', /insufficient_aal/i],
    ['reverse proxy', /reverse proxy/i],
    ['postgers', /postgres/i],
  ] as const) {
    await site.open('/docs')
    expect(await first(text)).toMatch(expected)
  }
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/docs\/\w/)

  await page.getByRole('searchbox').fill('xyzzyx')
  await page.getByRole('status').filter({ hasText: 'No results' }).waitFor()
  await page.getByRole('searchbox').fill('  /* " <img src=x onerror=alert(1)>')
  await page
    .getByRole('status')
    .filter({ hasText: /result/ })
    .waitFor()
  expect(problems).toEqual([])
})

browserTest('code is copied as it is, with a button that the keyboard reaches', async () => {
  await using site = await visit()
  const { page, problems } = site
  await site.open('/docs/production')
  const block = page.locator('.code').first()
  const button = block.getByRole('button', { name: 'Copy this code' })
  await button.focus()
  await copied(block, () => page.keyboard.press('Enter'))
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await block.locator('code').textContent())
  expect(problems).toEqual([])
})

browserTest('without scripts, pages and navigation work, and there is no search that does nothing', async () => {
  await using site = await visit({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
  const { page } = site
  await site.open('/docs/hooks')
  expect(await page.getByRole('searchbox').isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Pages' }).click()
  await page.getByRole('navigation', { name: 'Documentation' }).getByRole('link', { name: 'Settings' }).click()
  await page.waitForURL('**/docs/settings')
  const next = page.getByRole('link', { name: 'Next' })
  const target = new URL((await next.getAttribute('href')) as string, page.url())
  await next.click()
  await page.waitForURL(target.href)
})

browserTest('the keyboard passes the navigation with one link', async () => {
  await using site = await visit()
  const { page } = site
  await site.open('/docs/hooks')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await focused(page.locator('#content'))
})

test('every internal link of every page leads to a page of this server, with its anchor', async () => {
  const pages = new Map<string, { status: number; ids: Set<string>; links: string[] }>()
  const load = async (path: string) => {
    const { status, body } = await server.ask('GET', path, { headers: { accept: 'text/html' } })
    const found = (pattern: RegExp) => [...String(body).matchAll(pattern)].map(([, value]) => value as string)
    const unescaped = (text: string) => text.replaceAll('&amp;', '&')
    return { status, ids: new Set(found(/\sid="([^"]+)"/g)), links: found(/\s(?:href|src)="([^"]+)"/g).map(unescaped) }
  }
  const cached = async (path: string) => {
    const page = pages.get(path) ?? (await load(path))
    pages.set(path, page)
    return page
  }
  const dead: string[] = []
  const urls = markdownFiles().map(pageUrl)
  for (const url of urls)
    for (const link of new Set((await cached(url)).links)) {
      const { pathname, hash, protocol, host } = new URL(link, `http://latchkey.test${url}`)
      if (protocol === 'mailto:' || host !== 'latchkey.test') continue
      const { status, ids } = await cached(pathname)
      if (status !== 200 || (hash !== '' && !ids.has(decodeURIComponent(hash.slice(1))))) dead.push(`${url}: ${link}`)
    }
  expect(urls.length).toBeGreaterThan(25)
  expect(dead).toEqual([])
}, 60_000)
