/** The dashboard as an HTTP client sees it: a static page with strict headers, and without any rights. */
import { expect, test } from 'bun:test'
import { dashboardPaths } from '../../../src/pages/dashboard'
import { startApp, type TestApp } from '../../support/app'

const MAX_BYTES = 200_000
const PAGES = ['/dashboard', '/dashboard/']
const MAIL_FRAME = ['/dashboard/mail', '/dashboard/mail-frame.js']

const bytesOf = async (app: TestApp, path: string) => (await app.ask('GET', path)).text.length

test('the page and everything it loads is under 200 KB', async () => {
  await using app = await startApp()
  const sizes = await Promise.all(
    dashboardPaths.filter((path) => path !== '/dashboard/').map((path) => bytesOf(app, path)),
  )
  const total = sizes.reduce((sum, each) => sum + each, await bytesOf(app, '/favicon.svg'))
  expect(total).toBeGreaterThan(50_000)
  expect(total).toBeLessThan(MAX_BYTES)
})

test.each(dashboardPaths)('%s has a strict policy, and HEAD is answered like GET', async (path) => {
  await using app = await startApp()
  const [get, head] = [await app.ask('GET', path), await app.ask('HEAD', path)]
  expect([get.status, head.status, head.text]).toEqual([200, 200, ''])
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
  const { headers } = get
  const policy = headers.get('content-security-policy') ?? ''
  for (const directive of ["default-src 'none'", "base-uri 'none'", "form-action 'none'"])
    expect(policy).toContain(directive)
  expect(policy).toContain("script-src 'self';")
  expect(policy).not.toMatch(/unsafe-eval|script-src [^;]*unsafe|https?:|\*/)
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-cache',
  })
  expect(headers.get('set-cookie')).toBeNull()
  if (MAIL_FRAME.includes(path)) return
  expect(policy).toContain("style-src 'self';")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(headers.get('x-frame-options')).toBe('DENY')
})

test('the frame of mails has an origin of its own and loads nothing, and only the dashboard may show it', async () => {
  await using app = await startApp()
  const policy = (await app.ask('GET', '/dashboard/mail')).headers.get('content-security-policy')
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts",
  )
})

test('the page has no inline script, style or event handler, and nothing of this server but its name', async () => {
  await using app = await startApp()
  for (const path of PAGES) {
    const { text } = await app.ask('GET', path)
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|sb_|https?:/)
  }
})

test('no script sets markup or evaluates text, apart from the frame of mails', async () => {
  await using app = await startApp()
  const own = dashboardPaths.filter((path) => !/(preact|hooks|htm|mail-frame)\.js$/.test(path))
  expect(own.length).toBeGreaterThan(10)
  for (const path of own) {
    const { text } = await app.ask('GET', path)
    expect([
      path,
      text.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerously|\beval\(|new Function/g),
    ]).toEqual([path, null])
  }
})

test('nothing is served where it is switched off', async () => {
  await using app = await startApp({ settings: { AUTH_DASHBOARD: 'off' } })
  for (const path of dashboardPaths) expect([path, (await app.ask('GET', path)).status]).toEqual([path, 404])
  const home = await app.ask('GET', '/', { headers: { accept: 'text/html', host: 'localhost:7020' } })
  expect(home.text).not.toContain('/dashboard')
  expect(app.fetchWithDashboard).toBeUndefined()
})

test('with a port of its own it is not on the main one', async () => {
  await using app = await startApp({ settings: { AUTH_DASHBOARD_PORT: '0' } })
  expect((await app.ask('GET', '/dashboard')).status).toBe(404)
  const ask = (method: string, path: string) =>
    app.fetchWithDashboard?.(new Request(`http://localhost${path}`, { method }), {
      requestIP: () => ({ address: '127.0.0.1' }),
    })
  expect((await ask('GET', '/dashboard'))?.status).toBe(200)
  const head = await ask('HEAD', '/dashboard/app.js')
  expect([head?.status, await head?.text(), head?.headers.get('x-content-type-options')]).toEqual([200, '', 'nosniff'])
  expect((await ask('GET', '/auth/v1/health'))?.status).toBe(200)
  expect((await ask('GET', '/auth/v1/admin/users'))?.status).toBe(401)
  expect((await ask('POST', '/dashboard'))?.status).toBe(404)
})

test('the start page links to it', async () => {
  await using app = await startApp()
  const { text } = await app.ask('GET', '/', { headers: { accept: 'text/html', host: 'localhost:7020' } })
  expect(text).toContain('href="./dashboard"')
})

test('it has every color of the palette, in light and in dark', async () => {
  await using app = await startApp()
  const { text } = await app.ask('GET', '/dashboard/style.css')
  const palette = await Bun.file('src/pages/palette.css').text()
  const names = new Set([...palette.matchAll(/--[\w-]+(?=:)/g)].map(([name]) => name))
  expect(names.size).toBe(7)
  for (const name of names) expect(text).toMatch(new RegExp(`${name}: light-dark\\(#\\w{6}, #\\w{6}\\);`))
  expect(text).toContain('--ground: light-dark(#f6f7f9, #12161c);')
})
