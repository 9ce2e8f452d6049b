/** The account page below a path of a proxy, in a browser. */
import { expect } from 'bun:test'
import { startBinary } from '../support/binary'
import { browserTest, openBrowser } from '../support/browser'

const BELOW = '/tools'
const ada = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

browserTest('it signs in below a path of a proxy, and goes on to an application', async () => {
  const { promise: started, resolve } = Promise.withResolvers<string>()
  await using proxy = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      if (pathname === '/callback') return new Response('<title>Application</title>', { headers: HTML })
      if (!pathname.startsWith(`${BELOW}/`)) return new Response(null, { status: 404 })
      const target = `${await started}${pathname.slice(BELOW.length)}${search}`
      return fetch(new Request(target, request), { redirect: 'manual' })
    },
  })
  const origin = `http://localhost:${proxy.port}`
  const logo = new URL('../../src/pages/favicon.svg.txt', import.meta.url).pathname
  await using server = await startBinary({
    env: { AUTH_SITE_URL: origin, AUTH_API_EXTERNAL_URL: `${origin}${BELOW}/auth/v1`, AUTH_BRAND_LOGO: logo },
  })
  resolve(server.url)
  await server.ask('POST', '/auth/v1/signup', { body: ada })
  await using browser = await openBrowser()
  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  const outside: string[] = []
  page.on('response', (response) => {
    if (response.status() === 404) outside.push(response.url())
  })
  for (const address of ['account', 'account/']) {
    await page.goto(`${origin}${BELOW}/${address}?lang=de`)
    await page.getByRole('heading', { level: 1, name: 'Anmelden' }).waitFor()
  }
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
  const query = new URLSearchParams({
    provider: 'account',
    redirect_to: `${origin}/callback`,
    code_challenge: challenge,
    code_challenge_method: 's256',
  })
  await page.goto(`${origin}${BELOW}/auth/v1/authorize?${query}`)
  await page.getByLabel('Email address').fill(ada.email)
  await page.getByLabel('Password', { exact: true }).fill(ada.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${origin}/callback?code=*`)
  await page.goto(`${origin}${BELOW}/account`)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  expect(outside).toEqual([])
})

const HTML = { 'content-type': 'text/html' }
