/** What holds for every step of the way in: accessibility, phones, languages, hostile data, and its policy. */
import { expect } from 'bun:test'
import { violations } from '../support/accessibility'
import { DESKTOP_SIZE, entrySuite, PASSWORD, PHONE_SIZE, type Visit } from '../support/account-entry'
import { browserTest, drawn } from '../support/browser'

const HOSTILE = '<img src=x onerror="document.title=1">"\'--></script>'

const { addressFor, appOrigin, makeUser, messageOf, origin, protect, visit } = entrySuite({
  AUTH_EXTERNAL_PHONE_ENABLED: 'true',
  AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'client',
  AUTH_EXTERNAL_GITHUB_SECRET: 'secret',
  AUTH_BRAND_NAME: HOSTILE,
  AUTH_BRAND_COLOR: '#ffdd00',
})

const settled = async ({ page }: Visit) => {
  await page.locator('h1').waitFor()
  await drawn(page)
}

/** Opens every step in a row. @param look is called at each */
async function walk(site: Visit, language: string, look: (step: string) => Promise<void>): Promise<void> {
  const { page } = site
  const { email } = await makeUser({ user_metadata: { name: HOSTILE } })
  await protect(email)
  const at = async (step: string) => {
    await settled(site)
    await look(step)
  }
  const open = async (address: string) => {
    await page.goto('about:blank')
    await page.goto(address)
  }
  const start = `${addressFor()}&lang=${language}`
  await open(start)
  await at('sign in')
  await page.locator('form button.primary').click()
  await page.locator('[aria-invalid=true]').waitFor()
  await at('sign in with an error at a field')
  await page.locator('[name=identifier]').fill('nobody@example.com')
  await page.locator('[name=password]').fill('wrong')
  await page.keyboard.press('Enter')
  await page.locator('.notice.bad').waitFor()
  await at('sign in refused')
  await open(`${start}#/sign-up`)
  await at('sign up')
  await open(`${start}#/reset`)
  await at('reset')
  await page.locator('[name=identifier]').fill(email)
  await page.keyboard.press('Enter')
  await page.locator('[name=code]').waitFor()
  await at('code')
  await page.locator('[name=code]').fill((await messageOf(email, 'recovery')).code)
  await page.keyboard.press('Enter')
  await page.locator('details').waitFor()
  await page.locator('summary').click()
  await at('second factor')
  await open(`${addressFor('https://evil.example')}&lang=${language}`)
  await at('refused')
}

for (const [language, colorScheme, viewport] of [
  ['en', 'light', DESKTOP_SIZE],
  ['de', 'dark', PHONE_SIZE],
  ['en', 'dark', DESKTOP_SIZE],
  ['ja', 'light', PHONE_SIZE],
] as const)
  browserTest(
    `each step is accessible, and as wide as the screen: ${language}, ${colorScheme}, ${viewport.width} px`,
    async () => {
      await using site = await visit({ colorScheme, viewport })
      const { page, problems } = site
      await walk(site, language, async (step) => {
        expect(await page.locator('html').getAttribute('lang')).toBe(language)
        const width = await page.evaluate('document.documentElement.scrollWidth')
        expect([step, await violations(page), width]).toEqual([step, [], viewport.width])
        expect([step, await page.locator('img[onerror], main script').count()]).toEqual([step, 0])
      })
      expect(problems).toEqual([])
    },
  )

browserTest('names and parameters are text, wherever they are shown', async () => {
  const { email } = await makeUser({ email: `"<b>x</b>"@example.com`, email_confirm: true }).catch(() => makeUser())
  await using site = await visit()
  const { page, problems } = site
  const hostile = encodeURIComponent(HOSTILE)
  await page.goto(`${addressFor()}&login_hint=${hostile}&error=${hostile}&error_description=${hostile}&lang=${hostile}`)
  await settled(site)
  expect(await page.locator('[name=identifier]').inputValue()).toBe(HOSTILE)
  expect(await page.title()).toBe(`Sign in · ${HOSTILE}`)
  await page.goto(`${addressFor()}#access_token=${hostile}&type=${hostile}&error_description=${hostile}`)
  await page.goto(`${addressFor()}#/${hostile}`)
  await settled(site)
  await page.locator('[name=identifier]').fill(email)
  await page.locator('[name=password]').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${appOrigin()}/**`)
  expect(problems).toEqual([])
})

browserTest('what is on is offered in the order of the settings, and nothing else', async () => {
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  await settled(site)
  const buttons = await page.locator('main button').allTextContents()
  expect(buttons.map((text) => text.trim())).toEqual([
    'GContinue with GitHub',
    'GContinue with Google',
    '',
    'Sign in',
    'Send me a link or code',
    'Sign in with a passkey',
  ])
  const fields = await page.locator('main input').evaluateAll((inputs) => inputs.map((each) => each.autocomplete))
  expect(fields).toEqual(['username webauthn', 'current-password'])
})

browserTest('another site cannot frame the page', async () => {
  await using site = await visit()
  const { page } = site
  await page.route(`${appOrigin()}/frame`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<iframe src="${origin()}/account"></iframe>` }),
  )
  await page.goto(`${appOrigin()}/frame`)
  const frame = page.frames().find((each) => each !== page.mainFrame())
  await frame?.waitForURL(/^chrome-error:/)
  expect(frame?.url()).toStartWith('chrome-error:')
})

browserTest('nothing moves while the page is loading, and it is not drawn twice', async () => {
  await using site = await visit()
  const { page } = site
  await page.addInitScript(`
    globalThis.shifts = []
    new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
      .observe({ type: 'layout-shift', buffered: true })
  `)
  await page.goto(addressFor())
  await settled(site)
  expect(await page.evaluate('shifts')).toEqual([])
  const requests = (await page.evaluate('performance.getEntriesByType("resource").map(({ name }) => name)')) as string[]
  expect(requests.every((url) => url.startsWith(origin()))).toBe(true)
  expect(requests.filter((url) => url.includes('/texts/')).length).toBe(1)
  // The icon of the tab is shown on the page as well.
  expect(requests.filter((url, index) => requests.indexOf(url) !== index && !url.endsWith('favicon.svg'))).toEqual([])
})

browserTest('the page says how long to wait, and which request failed', async () => {
  await using site = await visit()
  const { page } = site
  await page.goto(`${origin()}/account`)
  const submit = async () => {
    await page.locator('[name=identifier]').fill('ada@example.com')
    await page.locator('[name=password]').fill('wrong')
    await page.keyboard.press('Enter')
  }
  const error = (status: number, headers: Record<string, string>, body: object) =>
    page.route('**/token?**', (route) =>
      route.fulfill({
        status,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    )
  await error(429, { 'retry-after': '90' }, { code: 'over_request_rate_limit', message: 'x' })
  await submit()
  await page.getByText('Too many attempts. You can try again in 2 minutes.').waitFor()
  await error(500, { 'x-request-id': 'the-request' }, { code: 'unexpected_failure', message: 'x' })
  await submit()
  await page.getByText('Something went wrong on the server.').waitFor()
  await page.getByText('Request ID: the-request').waitFor()
  await error(400, {}, { code: 'a_new_code', message: '<i>Only the server knows.</i>' })
  await submit()
  await page.getByText('The server refused: <i>Only the server knows.</i>').waitFor()
  await page.route('**/token?**', (route) => route.abort())
  await submit()
  await page.getByText('The server cannot be reached.').waitFor()
})

browserTest('a page that cannot load its settings says so', async () => {
  await using site = await visit()
  const { page } = site
  await page.route('**/account/settings', (route) => route.abort())
  await page.goto(`${origin()}/account`)
  await page.getByText('The server cannot be reached. Check your connection and try again.').waitFor()
  await page.route('**/account/texts/**', (route) => route.abort())
  await page.reload()
  await page.getByText('The server cannot be reached.', { exact: true }).waitFor()
})
