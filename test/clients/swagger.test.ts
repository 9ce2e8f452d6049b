/** Swagger UI of the compiled executable in a real browser. */
import { expect } from 'bun:test'
import { violations } from '../support/accessibility'
import { startBinary } from '../support/binary'
import { browserTest, openBrowser } from '../support/browser'
import { startPathProxy } from '../support/path-proxy'

/** A path with its parameters. */
const filled = (path: string) => path.replace(/\{(role|identifier)\}/, 'x').replace(/\{\w+\}/g, ID)

const ID = '0b0f9c0e-0000-4000-8000-000000000000'

browserTest(
  'it renders under its content security policy, and an operation can be tried with the authorized key',
  async () => {
    await using server = await startBinary()
    await using browser = await openBrowser()
    const page = await browser.newPage()
    page.setDefaultTimeout(60_000)
    const complaints: string[] = []
    const foreign: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on(
      'request',
      (request) =>
        new URL(request.url()).origin !== server.url &&
        !request.url().startsWith('data:') &&
        foreign.push(request.url()),
    )
    await page.goto(`${server.url}/swagger`)
    await page.locator('[data-tag=Administration] .expand-operation').click()
    await page.waitForSelector('#operations-Administration-postAdminUsers')

    await page.click('button.authorize')
    const scheme = page.locator('.auth-container', { hasText: 'secretKey' })
    await scheme.locator('input').fill(server.keys.secret_key)
    await scheme.locator('button.authorize').click()
    await page.click('.btn-done')

    const operation = page.locator('#operations-Administration-postAdminUsers')
    await operation.locator('.opblock-summary-control').click()
    expect(await operation.locator('textarea.body-param__text').inputValue()).toContain('grace@example.com')
    await operation.locator('button.execute').click()
    const answer = operation.locator('.live-responses-table .response')
    await answer.filter({ hasText: 'grace@example.com' }).waitFor()
    expect(await answer.locator('.response-col_status').textContent()).toStartWith('200')
    expect([complaints, foreign]).toEqual([[], []])
  },
)

browserTest('every operation calls the method and the path that it shows', async () => {
  await using server = await startBinary()
  await using browser = await openBrowser()
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  page.setDefaultTimeout(60_000)
  await page.addInitScript(INTERCEPT)
  await page.goto(`${server.url}/swagger`)
  await page.waitForSelector('.opblock-tag-section')
  expect(await page.locator('.opblock').count()).toBe(0)
  const { paths } = (await server.ask('GET', '/openapi.json')).body
  const operations = Object.entries(paths as Record<string, object>).flatMap(([path, item]) =>
    Object.keys(item).map((method) => [method, path] as const),
  )
  const expected = operations.map(([method, path]) => `${method.toUpperCase()} ${filled(path)}`)
  expect(operations.length).toBeGreaterThan(90)
  expect(await page.evaluate(`${EXECUTE_ALL}(${JSON.stringify(operations)})`)).toEqual(expected)

  for (const [tag, path] of [
    ['Federation', '/auth/v1/login'],
    ['Services', '/api/auth/login'],
  ]) {
    await page.locator(`.opblock-tag[data-tag="${tag}"] .expand-operation`).click()
    const block = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) })
    await block.locator('.opblock-summary-control').click()
    await block.locator('button.execute').click()
    await block.locator('.live-responses-table').waitFor()
    expect((await page.evaluate('window.calls')) as string[]).toEqual([...expected, `POST ${path}`])
    await page.evaluate('window.calls.pop()')
  }
})

/** Calls each operation with Swagger UI's client, like its button; rendering them all would take minutes. */
const EXECUTE_ALL = `(async (operations) => {
  const { fn, specSelectors } = ui.getSystem()
  const spec = specSelectors.specJson().toJS()
  for (const [method, pathName] of operations) {
    const { operationId, parameters: declared = [] } = spec.paths[pathName][method]
    const named = declared.filter(({ name, required }) => name && required)
    const parameters = Object.fromEntries(
      named.map((each) => [each.in + '.' + each.name, each.schema.format === 'uuid' ? '${ID}' : 'x']),
    )
    await fn.execute({ spec, operationId, pathName, method, parameters })
  }
  return window.calls
})`

/** Intercepts the page's requests. */
const INTERCEPT = `
  window.calls = []
  window.fetch = ((original) => (request, options) => {
    const { method, url } = request instanceof Request ? request : new Request(request, options)
    const { pathname } = new URL(url)
    if (pathname === '/openapi.json') return original(request, options)
    window.calls.push(method + ' ' + pathname)
    return Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }))
  })(window.fetch)`

browserTest(
  'it follows the system’s color scheme, asks for two keys, stores them, and filters operations',
  async () => {
    await using server = await startBinary()
    await using browser = await openBrowser()
    const page = await browser.newPage({ colorScheme: 'dark' })
    page.setDefaultTimeout(60_000)
    await page.goto(`${server.url}/swagger`)
    await page.waitForSelector('.opblock-tag-section')
    await page.locator('html.dark-mode').waitFor()
    await page.emulateMedia({ colorScheme: 'light' })
    await page.locator('html:not(.dark-mode)').waitFor({ state: 'attached' })

    const tags = await page.locator('.opblock-tag').evaluateAll((all) => all.map((tag) => tag.dataset.tag))
    expect(tags.slice(0, 3)).toEqual(['Sign-up and sign-in', 'Links and codes', 'Own account'])
    await page.click('button.authorize')
    expect(await page.locator('.auth-container h4 code').allTextContents()).toEqual(['userToken', 'secretKey'])
    await page.locator('.auth-container input').last().fill('sb_secret_kept')
    await page.locator('.auth-container button.authorize').last().click()
    await page.click('.btn-done')
    await page.reload()
    await page.click('button.authorize')
    await page
      .locator('.auth-container', { hasText: 'sb_secret' })
      .or(page.locator('.auth-container button', { hasText: 'Logout' }))
      .first()
      .waitFor()
    await page.click('.btn-done')

    await page.fill('.operation-filter-input', 'Pass')
    await page.locator('.opblock-tag-section').filter({ hasText: 'Sessions' }).waitFor({ state: 'detached' })
    expect(await page.locator('.opblock-tag[data-tag=Passkeys]').count()).toBe(1)
  },
)

/** What axe-core finds in the structure that Swagger UI renders, which no style of ours can change. */
const OF_SWAGGER_UI = /^(heading-order|region):/

browserTest('it works below a path of a proxy, and its examples sign up and sign in at once', async () => {
  await using server = await startBinary()
  await using proxy = startPathProxy()
  proxy.forwardTo(server.url)
  await using browser = await openBrowser()
  for (const [path, operation] of [
    ['swagger', 'postSignup'],
    ['swagger/', 'postToken'],
  ]) {
    const page = await browser.newPage({ viewport: { width: 390, height: 900 } })
    page.setDefaultTimeout(60_000)
    await page.goto(`${proxy.url}/${path}`)
    await page.locator('[data-tag="Sign-up and sign-in"] .expand-operation').click()
    const block = page.locator(`[id$=-${operation}]`)
    await block.locator('.opblock-summary-control').click()
    await block.locator('button.execute').click()
    const status = block.locator('.live-responses-table .response-col_status').last()
    expect(await status.textContent()).toStartWith('200')
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0)
  }
})

browserTest(
  'axe-core finds nothing in light and dark colors but the headings and landmarks of Swagger UI',
  async () => {
    await using server = await startBinary()
    await using browser = await openBrowser()
    for (const colorScheme of ['light', 'dark'] as const) {
      // axe-core is injected, which the policy of the page forbids.
      const page = await browser.newPage({ colorScheme, bypassCSP: true })
      page.setDefaultTimeout(60_000)
      await page.goto(`${server.url}/swagger`)
      await page.waitForSelector('.opblock-tag-section')
      expect((await violations(page)).filter((violation) => !OF_SWAGGER_UI.test(violation))).toEqual([])
    }
  },
)
