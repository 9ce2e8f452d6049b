/** The account page below a path of a proxy, in a browser. */
import { expect } from 'bun:test'
import { startBinary } from '../support/binary'
import { browserTest, openBrowser } from '../support/browser'
import { startPathProxy } from '../support/path-proxy'

const ada = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

browserTest('it signs in below a path of a proxy, and goes on to an application', async () => {
  await using proxy = startPathProxy()
  const application = 'http://app.test'
  const logo = new URL('../../src/pages/favicon.svg.txt', import.meta.url).pathname
  await using server = await startBinary({
    env: { AUTH_SITE_URL: application, AUTH_API_EXTERNAL_URL: `${proxy.url}/auth/v1`, AUTH_BRAND_LOGO: logo },
  })
  proxy.forwardTo(server.url)
  await server.ask('POST', '/auth/v1/signup', { body: ada })
  await using browser = await openBrowser()
  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  await page.route(`${application}/**`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<title>Application</title>' }),
  )
  const outside: string[] = []
  page.on('response', (response) => {
    if (response.status() === 404) outside.push(response.url())
  })
  for (const address of ['account', 'account/']) {
    await page.goto(`${proxy.url}/${address}?lang=de`)
    await page.getByRole('heading', { level: 1, name: 'Anmelden' }).waitFor()
  }
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
  const query = new URLSearchParams({
    provider: 'account',
    redirect_to: `${application}/callback`,
    code_challenge: challenge,
    code_challenge_method: 's256',
  })
  await page.goto(`${proxy.url}/auth/v1/authorize?${query}`)
  await page.getByLabel('Email address').fill(ada.email)
  await page.getByLabel('Password', { exact: true }).fill(ada.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${application}/callback?code=*`)
  await page.goto(`${proxy.url}/account`)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  expect(outside).toEqual([])
})

browserTest('servers below two paths of one host share no session', async () => {
  await using proxy = startPathProxy()
  await using server = await startBinary({ env: { AUTH_API_EXTERNAL_URL: `${proxy.url}/auth/v1` } })
  proxy.forwardTo(server.url)
  await server.ask('POST', '/auth/v1/signup', { body: ada })
  await using browser = await openBrowser()
  const context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  const elsewhere = `${proxy.origin}/other`
  await context.route(`${elsewhere}/**`, async (route) =>
    route.fulfill({ response: await route.fetch({ url: route.request().url().replace(elsewhere, proxy.url) }) }),
  )
  const signIn = async (url: string) => {
    const page = await context.newPage()
    await page.goto(`${url}/account`)
    await page.getByLabel('Email address').fill(ada.email)
    await page.getByLabel('Password', { exact: true }).fill(ada.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    return page
  }
  const first = await signIn(proxy.url)
  // Neither does another tab get it, nor this one at the other path.
  await signIn(elsewhere)
  await first.goto(`${elsewhere}/account`)
  await first.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  expect(
    await first.evaluate('Object.keys(sessionStorage).filter((key) => !/language|step|flows/.test(key)).sort()'),
  ).toEqual(['latchkey-account/id', 'latchkey-account/other'])
})
