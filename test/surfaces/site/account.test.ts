/** The account page as an HTTP client sees it: a static page in ten languages with strict headers. */
import { expect, test } from 'bun:test'
import { accountAssetPaths, accountPagePaths } from '../../../src/pages/account'
import { LANGUAGES } from '../../../src/pages/languages'
import { startApp } from '../../support/app'

const PATHS = [...accountPagePaths, ...accountAssetPaths]

test.each(PATHS)('%s has a strict policy, and HEAD is answered like GET', async (path) => {
  await using app = await startApp()
  const [get, head] = [await app.ask('GET', path), await app.ask('HEAD', path)]
  expect([get.status, head.status, head.text]).toEqual([200, 200, ''])
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
  const { headers } = get
  const policy = headers.get('content-security-policy') ?? ''
  for (const directive of ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])
    expect(policy).toContain(directive)
  expect(policy).toContain("script-src 'self'; style-src 'self';")
  expect(policy).not.toMatch(/unsafe|https?:|\*/)
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-cache',
  })
  expect(headers.get('set-cookie')).toBeNull()
})

test('the page has no inline script, style or event handler, and nothing of the address but the language', async () => {
  await using app = await startApp()
  const plain = (await app.ask('GET', '/account')).text
  expect(plain).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|sb_|https?:|\{/)
  const attack = encodeURIComponent('"><script>alert(1)</script>')
  const { text } = await app.ask('GET', `/account?lang=${attack}&redirect_to=${attack}&login_hint=${attack}`)
  expect(text).toBe(plain)
})

test('no script sets markup or evaluates text', async () => {
  await using app = await startApp()
  const own = PATHS.filter((path) => path.endsWith('.js') && !/(preact|hooks|htm)\.js$/.test(path))
  expect(own.length).toBeGreaterThan(10)
  for (const path of own) {
    const { text } = await app.ask('GET', path)
    expect([
      path,
      text.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerously|\beval\(|new Function/g),
    ]).toEqual([path, null])
  }
})

test.each([...LANGUAGES])('a browser that prefers %s gets the page in it, and only its texts', async (language) => {
  await using app = await startApp()
  const page = await app.ask('GET', '/account', { headers: { 'accept-language': `${language}-XX,en;q=0.5` } })
  expect(page.text).toContain(`<html lang="${language}" `)
  expect(page.headers.get('content-language')).toBe(language)
  expect(page.headers.get('vary')).toContain('Accept-Language')
  const loaded = [...page.text.matchAll(/texts\/(\w+)\.json/g)].map(([, each]) => each)
  expect(loaded).toEqual([language])
})

const MAX_BYTES = 110_000

test('the way in, with everything that it loads, is about 100 KB', async () => {
  await using app = await startApp()
  const { text } = await app.ask('GET', '/account')
  const loaded = new Set([...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => `/${path}`))
  expect(loaded.size).toBeGreaterThan(20)
  let total = text.length
  for (const path of loaded) total += (await app.ask('GET', path)).text.length
  expect(total).toBeGreaterThan(60_000)
  expect(total).toBeLessThan(MAX_BYTES)
})

test('the language in the address has precedence, and an unknown one is ignored', async () => {
  await using app = await startApp()
  const languageOf = async (path: string) =>
    /<html lang="(\w+)"/.exec((await app.ask('GET', path, { headers: { 'accept-language': 'fr' } })).text)?.[1]
  expect(await languageOf('/account?lang=ja')).toBe('ja')
  expect(await languageOf('/account?lang=xx')).toBe('fr')
  expect(await languageOf('/account')).toBe('fr')
})

test('nothing is served where it is switched off', async () => {
  await using app = await startApp({ settings: { AUTH_ACCOUNT_PAGE: 'off' } })
  for (const path of [...PATHS, '/account/theme.css'])
    expect([path, (await app.ask('GET', path)).status]).toEqual([path, 404])
  const home = await app.ask('GET', '/', { headers: { accept: 'text/html', host: 'localhost:7020' } })
  expect(home.text).not.toContain('href="./account"')
})

test('the start page links to it', async () => {
  await using app = await startApp()
  const { text } = await app.ask('GET', '/', { headers: { accept: 'text/html', host: 'localhost:7020' } })
  expect(text).toContain('href="./account"')
})
