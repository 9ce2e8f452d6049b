/** Every page below a path of a reverse proxy that strips it: no link leaves the path, and all links lead somewhere. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { markdownFiles } from '../../../src/pages/docs/content'
import { pageUrl } from '../../../src/pages/docs/paths'
import { linkFrom, rootFrom } from '../../../src/pages/links'
import { startApp } from '../../support/app'
import { linkedPaths } from '../../support/links'

const LOGO = join(import.meta.dir, '../../../src/pages/favicon.svg.txt')
const BROWSER = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }
const DEVELOPER = { ...BROWSER, host: 'localhost:7020' }

test.each([
  ['/', './'],
  ['/account', './'],
  ['/account/', '../'],
  ['/docs/quickstarts/html', '../../'],
  ['//', '../'],
  ['', './'],
  ['*', './'],
])('the root of this server as seen from %p is %p', (path, root) => {
  expect(rootFrom(path)).toBe(root)
})

test('a link from a page that is deeper than any page there is stays short', () => {
  const path = `/${'a/'.repeat(10_000)}`
  expect(linkFrom(path, '/docs')).toBe('/docs')
})

const PAGES = [
  '/',
  '/account',
  '/account/',
  '/dashboard',
  '/dashboard/',
  '/dashboard/mail',
  '/mailbox',
  '/mailbox/',
  '/swagger',
  '/swagger/',
  '/docs/nope',
  '/docs/a/b/nope/',
  '/nothing-here',
  '/nothing/at/all/',
  '/auth/v1/callback/nope',
  '/auth/v1/verify',
  '/auth/v1/sessions/not-me',
]

test('no link of a page leaves the path of the proxy, and none is broken', async () => {
  await using app = await startApp({ settings: { AUTH_BRAND_LOGO: LOGO } })
  const known = new Map<string, number>()
  const statusOf = async (path: string) => {
    if (!known.has(path)) known.set(path, (await app.ask('GET', path, { headers: DEVELOPER })).status)
    return known.get(path)
  }
  for (const path of [...PAGES, ...markdownFiles().map(pageUrl)]) {
    const { headers, text } = await app.ask('GET', path, { headers: DEVELOPER })
    expect([path, headers.get('content-type')]).toEqual([path, 'text/html; charset=utf-8'])
    const linked = linkedPaths(path, text)
    expect([path, linked.length > 0]).toEqual([path, true])
    for (const target of linked) expect([path, target, await statusOf(target)]).toEqual([path, target, 200])
  }
})

test('the start page for users and the pages of mailed links stay below the path as well', async () => {
  await using app = await startApp({
    settings: {
      AUTH_BRAND_LOGO: LOGO,
      AUTH_MAILER_LINK_CONFIRMATION: 'true',
      AUTH_API_EXTERNAL_URL: 'https://example.com/id/auth/v1',
    },
  })
  const paths = ['/', '/auth/v1/verify', '/auth/v1/verify/', '/verify']
  for (const path of paths) {
    const query = path === '/' ? '' : '?type=signup&token=dead'
    const { status, text } = await app.ask('GET', `${path}${query}`, { headers: { ...BROWSER, host: 'example.com' } })
    expect([path, status]).toEqual([path, 200])
    const expected = path === '/' ? ['/account/logo'] : ['/account/logo', `${path.replace(/\/$/, '')}/confirm`]
    expect([path, linkedPaths(path, text)]).toEqual([path, expected])
  }
})

test('a redirect of the documentation stays below the path', async () => {
  await using app = await startApp()
  for (const [path, target] of [
    ['/docs/', '/id/docs'],
    ['/docs/quickstarts/html/', '/id/docs/quickstarts/html'],
    ['/docs/errors/README', '/id/docs/errors'],
  ] as const) {
    const { status, headers } = await app.ask('GET', path)
    const { pathname } = new URL(headers.get('location') ?? '', `http://proxy.test/id${path}`)
    expect([path, status, pathname]).toEqual([path, 308, target])
  }
})

test('links in mails, the callback of providers and the issuer have the path of the public URL', async () => {
  await using app = await startApp({
    settings: {
      AUTH_API_EXTERNAL_URL: 'https://example.com/id/auth/v1',
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_EXTERNAL_GITHUB_ENABLED: 'true',
      AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'client',
      AUTH_EXTERNAL_GITHUB_SECRET: 'secret',
    },
  })
  await app.ask('POST', '/auth/v1/otp', { body: { email: 'ada@example.com' } })
  const [mail] = await app.core.forTask().listMessages({ to: 'ada@example.com', limit: 1 })
  expect(mail?.links[0]).toStartWith('https://example.com/id/auth/v1/verify?token=')
  const { headers } = await app.ask('GET', '/auth/v1/authorize?provider=github')
  const { searchParams } = new URL(headers.get('location') ?? '')
  expect(searchParams.get('redirect_uri')).toBe('https://example.com/id/auth/v1/callback')
  const { body: metadata } = await app.ask('GET', '/auth/v1/.well-known/openid-configuration')
  expect(metadata.jwks_uri).toBe('https://example.com/id/auth/v1/.well-known/jwks.json')
})
