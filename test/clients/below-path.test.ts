/** Every page of the executable below a path of a reverse proxy, in a real browser. */
import { afterAll, beforeAll, expect } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import type { Json } from '../support/app'
import { type Binary, startBinary } from '../support/binary'
import { browserTest, copied, hasBrowser, openBrowser, START_MS } from '../support/browser'
import { type PathProxy, startPathProxy } from '../support/path-proxy'

const ADMIN = { email: 'admin@example.com', password: 'correct-horse-battery-9' }
/** The application, which the browser reaches without the proxy. */
const APPLICATION = 'http://app.test'

let proxy: PathProxy
let server: Binary
let browser: Browser

beforeAll(async () => {
  if (!hasBrowser) return
  proxy = startPathProxy()
  server = await startBinary({
    env: {
      AUTH_API_EXTERNAL_URL: `${proxy.url}/auth/v1`,
      AUTH_SITE_URL: APPLICATION,
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_MAILER_LINK_CONFIRMATION: 'true',
      AUTH_BRAND_LOGO: new URL('../../src/pages/favicon.svg.txt', import.meta.url).pathname,
    },
  })
  proxy.forwardTo(server.url)
  browser = await openBrowser()
  const admin = await makeUser(ADMIN.email)
  await asServer('PUT', `/admin/users/${admin.id}/roles/admin`)
}, START_MS)

afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
  await proxy?.[Symbol.asyncDispose]()
})

async function asServer(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await server.ask(method, `/auth/v1${path}`, { headers: { apikey: server.keys.secret_key }, body })
  if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}`)
  return answer.body
}

const makeUser = (email: string) =>
  asServer('POST', '/admin/users', { email, password: ADMIN.password, email_confirm: true })

interface Visit extends AsyncDisposable {
  page: Page
  /** Errors of the console and of scripts, violations of the policy, and requests that leave the path of the proxy. */
  problems: string[]
}

async function visit(): Promise<Visit> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    locale: 'en-US',
  })
  context.setDefaultTimeout(30_000)
  const problems: string[] = []
  const isOwn = (url: string) =>
    url === proxy.url || url.startsWith(`${proxy.url}/`) || url.startsWith(`${APPLICATION}/`) || url.startsWith('data:')
  context.on('request', (request) => !isOwn(request.url()) && problems.push(`left the path: ${request.url()}`))
  context.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  context.on('weberror', (error) => problems.push(error.error().message))
  await context.route(`${APPLICATION}/**`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<title>Application</title><link rel="icon" href="data:,">' }),
  )
  return {
    page: await context.newPage(),
    problems,
    [Symbol.asyncDispose]: () => context.close(),
  }
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()

/** Waits until all pictures are loaded, and fails if one is broken. */
async function expectPictures(page: Page): Promise<void> {
  const broken = await page.evaluate(`Promise.all([...document.images].map((image) =>
    image.decode().then(() => '', () => image.src))).then((urls) => urls.filter(Boolean))`)
  expect(broken).toEqual([])
}

/** The links of a page that do not leave the origin. */
const linksOf = async (page: Page): Promise<string[]> =>
  ((await page.evaluate('[...document.links].map(({ href }) => href)')) as string[]).filter((href) =>
    href.startsWith(proxy.origin),
  )

browserTest('the start page: its links, the copy button, and the address without a slash at the end', async () => {
  await using site = await visit()
  const { page, problems } = site
  await page.goto(proxy.url)
  expect(page.url()).toBe(`${proxy.url}/`)
  await heading(page, /^Latchkey/)
  await expectPictures(page)
  await copied(page, () => page.getByRole('button', { name: 'Copy URL', exact: true }).click())
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(proxy.url)
  const links = await linksOf(page)
  for (const name of ['dashboard', 'account', 'docs', 'mailbox', 'swagger', 'openapi.json', 'ready', 'health'])
    expect(links).toContain(`${proxy.url}/${name}`)
  for (const link of links) expect([link, (await fetch(link)).status]).toEqual([link, 200])
  await page.getByRole('link', { name: 'Documentation' }).click()
  await page.waitForURL(`${proxy.url}/docs`)
  expect(problems).toEqual([])
})

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Email address or username').fill(ADMIN.email)
  await page.getByLabel('Password').fill(ADMIN.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await heading(page, 'Users')
}

browserTest('the dashboard: sign-in, a user, a view by its address, and the preview of a mail', async () => {
  const { id } = await makeUser('ada@example.com')
  for (const address of ['dashboard', 'dashboard/']) {
    await using site = await visit()
    const { page, problems } = site
    await page.goto(`${proxy.url}/${address}`)
    await signIn(page)
    await page.getByRole('link', { name: 'ada@example.com' }).click()
    await heading(page, 'ada@example.com')
    expect(page.url()).toBe(`${proxy.url}/${address}#/users/${id}`)
    await expectPictures(page)
    await page.goto('about:blank')
    await page.goto(`${proxy.url}/${address}#/templates?name=invite`)
    await heading(page, 'Mail templates')
    await page.frameLocator('iframe.preview').getByRole('link').first().waitFor()
    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByRole('row').nth(1).waitFor()
    await page.getByRole('link', { name: 'Documentation' }).click()
    await page.waitForURL(`${proxy.url}/docs`)
    expect(problems).toEqual([])
  }
})

browserTest('the mailbox: a mail arrives live, and its link leads through the page with the button', async () => {
  for (const address of ['mailbox', 'mailbox/']) {
    await using site = await visit()
    const { page, problems } = site
    await page.goto(`${proxy.url}/${address}`)
    await page.getByText('live', { exact: true }).waitFor()
    const email = `live-${address.length}@example.com`
    await fetch(`${proxy.url}/auth/v1/otp`, { method: 'POST', body: JSON.stringify({ email }) })
    await page.getByRole('option').filter({ hasText: email }).click()
    await page.frameLocator('#part-html iframe').getByRole('link').first().waitFor()
    const opening = page.waitForEvent('popup')
    await page.getByRole('link', { name: 'Open link' }).click()
    const opened = await opening
    await opened.getByRole('button').waitFor()
    expect(opened.url()).toStartWith(`${proxy.url}/auth/v1/verify?token=`)
    await expectPictures(opened)
    await opened.getByRole('button').click()
    await opened.waitForURL(`${APPLICATION}/**`)
    expect(new URL(opened.url()).hash).toContain('access_token=')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('option').filter({ hasText: email }).waitFor({ state: 'detached' })
    expect(problems).toEqual([])
  }
})

browserTest('the documentation: a page by its address, the search, and the page after it', async () => {
  await using site = await visit()
  const { page, problems } = site
  await page.goto(`${proxy.url}/docs/quickstarts/html/`)
  expect(page.url()).toBe(`${proxy.url}/docs/quickstarts/html`)
  await heading(page, /HTML/)
  await copied(page, () => page.getByRole('button', { name: 'Copy this code' }).first().click())
  for (const link of await linksOf(page)) expect(link).toStartWith(`${proxy.url}/`)
  await page.keyboard.press('/')
  await page.keyboard.type('AUTH_SITE_URL')
  await page.locator('.results a').first().waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(`${proxy.url}/docs/settings#auth_site_url`)
  await page.locator('a[rel=next]').click()
  await page.waitForURL((url) => url.href !== `${proxy.url}/docs/settings#auth_site_url`)
  await page.goto(`${proxy.url}/docs/dashboard`)
  await page.locator('article img').first().scrollIntoViewIfNeeded()
  await expectPictures(page)
  expect(problems).toEqual([])
})

browserTest('the account page and Swagger UI, with and without a slash at the end', async () => {
  await using site = await visit()
  const { page, problems } = site
  for (const slash of ['', '/']) {
    await page.goto(`${proxy.url}/account${slash}`)
    await heading(page, 'Sign in')
    await expectPictures(page)
    await page.goto(`${proxy.url}/swagger${slash}`)
    await page.locator('.opblock-tag-section').first().waitFor()
  }
  expect(problems).toEqual([])
})

browserTest('an error page has its logo and its way back, at any depth', async () => {
  for (const path of ['nothing-here', 'nothing/at/all/', 'docs/no/such/page', 'auth/v1/verify?type=signup']) {
    await using site = await visit()
    const { page, problems } = site
    const response = await page.goto(`${proxy.url}/${path}`)
    expect(response?.status()).toBeGreaterThanOrEqual(400)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expectPictures(page)
    // The browser reports the status of the page itself.
    expect(problems.filter((problem) => !problem.startsWith('Failed to load resource'))).toEqual([])
  }
})

browserTest('the session cookie signs in below the path', async () => {
  await using site = await visit()
  const { page, problems } = site
  await page.goto(`${proxy.url}/mailbox`)
  const email = await page.evaluate(`(async () => {
    const headers = { 'content-type': 'application/json' }
    const body = ${JSON.stringify(JSON.stringify(ADMIN))}
    await fetch('${proxy.url}/api/auth/login', { method: 'POST', headers, body })
    const response = await fetch('${proxy.url}/api/auth/me')
    return (await response.json()).email
  })()`)
  expect(email).toBe(ADMIN.email)
  expect(problems).toEqual([])
})
