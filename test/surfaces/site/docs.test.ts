/** The documentation at /docs. */
import { expect, test } from 'bun:test'
import { allFiles, markdownFiles } from '../../../src/pages/docs/content'
import { fileUrl, pageUrl } from '../../../src/pages/docs/paths'
import { linkFrom } from '../../../src/pages/links'
import { startApp, type TestApp } from '../../support/app'

const get = (app: TestApp, path: string, headers: Record<string, string> = {}) => app.ask('GET', path, { headers })

test('every page has navigation, its source, and neither inline scripts nor styles', async () => {
  await using app = await startApp()
  for (const file of markdownFiles()) {
    const url = pageUrl(file)
    const { status, headers, text } = await get(app, url)
    expect([url, status]).toEqual([url, 200])
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self'; /),
      etag: expect.stringMatching(/^W\/"\w+"$/),
    })
    expect(text.match(/<h1\b/g)).toHaveLength(1)
    expect(text).not.toMatch(/<script>|<style|\son\w+="|\sstyle="|<!--|="javascript:/)
    expect(text).toContain(`<link rel="alternate" type="text/markdown" href="${linkFrom(url, fileUrl(file))}">`)
    if (file !== 'docs/README.md') expect(text).toContain(`<a href="${linkFrom(url, '/docs/settings')}"`)
    const source = await get(app, fileUrl(file))
    expect([source.status, source.headers.get('content-type')]).toEqual([200, 'text/markdown; charset=utf-8'])
  }
})

test('every other file is served as it is', async () => {
  await using app = await startApp()
  const others = allFiles().filter((path) => !path.endsWith('.md'))
  expect(others).toContain('docs/monitoring/alerts.yml')
  for (const file of others) {
    const { status, text } = await get(app, fileUrl(file))
    expect([file, status]).toEqual([file, 200])
    if (!/\.(?:png|webp|jpe?g|gif)$/.test(file)) expect(text).toBe(await Bun.file(file).text())
  }
})

test('the current page is marked, and links to the page before it and the one after it', async () => {
  await using app = await startApp()
  const { text } = await get(app, '/docs/hooks')
  expect(text.match(/<a href="([^"]*)" aria-current="page">/)?.[1]).toBe('../docs/hooks')
  for (const rel of ['prev', 'next']) {
    const [, url] = new RegExp(`<a rel="${rel}" href="([^"]*)">`).exec(text) ?? []
    expect(url).toMatch(/^\.\.\/docs\/[\w-]+$/)
    expect((await get(app, String(url).replace('..', ''))).text).toContain(
      `rel="${rel === 'prev' ? 'next' : 'prev'}" href="../docs/hooks"`,
    )
  }
})

test('for the page of an error code, the list of all of them is marked', async () => {
  await using app = await startApp()
  const { text } = await get(app, '/docs/errors/insufficient_aal')
  expect(text).toContain('<a href="../../docs/errors" aria-current="true">')
  expect(text).not.toContain('aria-current="page"')
})

test.each([
  ['/docs/', '../docs'],
  ['/docs/hooks/', '../../docs/hooks'],
  ['/docs/README/', '../../docs'],
  ['/docs/README', '../docs'],
  ['/docs/index', '../docs'],
])('%s redirects to %s', async (path, target) => {
  await using app = await startApp()
  for (const method of ['GET', 'HEAD']) {
    const { status, headers } = await app.ask(method, path)
    expect([status, headers.get('location')]).toEqual([308, target])
  }
})

const UNKNOWN = [
  'nope',
  'nope/',
  '/evil.example/',
  'hooks.html',
  '__proto__',
  'constructor',
  'files/src',
  'files/package.json',
]

test.each([...UNKNOWN, 'hooks.md/', 'files/docs/hooks.md', 'site/nope.js', '%2e%2e/package.json', '%00', 'HOOKS'])(
  'the page for /docs/%s says where to go, with status 404',
  async (path) => {
    await using app = await startApp()
    const { status, headers, text } = await get(app, `/docs/${path}`, { accept: 'text/html' })
    expect(status).toBe(404)
    if (path.startsWith('%2e')) return
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(text).toContain(`<a href="${linkFrom(`/docs/${path}`, '/docs')}">the list of all pages</a>`)
  },
)

test('a path with many slashes is answered at once', async () => {
  await using app = await startApp()
  const before = process.cpuUsage()
  const { status, text } = await get(app, `/docs${'/'.repeat(100_000)}x`)
  expect(status).toBe(404)
  expect(text.length).toBeLessThan(100_000)
  // Of this process, so that others on the machine do not count; a regular expression that backtracks takes minutes.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000)
})

test('a page is sent once: with its ETag the answer is 304, and gzip is used where it is accepted', async () => {
  await using app = await startApp()
  for (const path of ['/docs/settings', '/docs/site/app.js', '/docs/site/search.json', '/docs/hooks.md', '/llms.txt']) {
    const { headers, text } = await get(app, path)
    const etag = headers.get('etag') as string
    expect([path, headers.get('content-encoding'), headers.get('vary')]).toEqual([
      path,
      null,
      expect.stringContaining('Accept-Encoding'),
    ])
    for (const known of [etag, `"other", ${etag}`]) {
      const again = await get(app, path, { 'if-none-match': known })
      expect([path, again.status, again.text, again.headers.get('etag')]).toEqual([path, 304, '', etag])
    }
    expect((await get(app, path, { 'if-none-match': '"other"' })).status).toBe(200)
    const zipped = await app.fetch(
      new Request(`http://localhost:7020${path}`, { headers: { 'accept-encoding': 'br, gzip' } }),
      { requestIP: () => null },
    )
    expect([zipped.headers.get('content-encoding'), zipped.headers.get('etag')]).toEqual(['gzip', etag])
    expect(new TextDecoder().decode(Bun.gunzipSync(await zipped.arrayBuffer()))).toBe(text)
  }
})

test('HEAD is answered like GET, other methods are unknown', async () => {
  await using app = await startApp()
  for (const path of ['/docs', '/docs/hooks', '/docs/hooks.md', '/docs/site/style.css', '/llms.txt']) {
    const [get, head] = [await app.ask('GET', path), await app.ask('HEAD', path)]
    expect([path, head.status, head.text]).toEqual([path, 200, ''])
    for (const name of ['content-type', 'etag', 'cache-control'])
      expect(head.headers.get(name)).toBe(get.headers.get(name))
    expect((await app.ask('POST', path, { body: {} })).status).toBe(404)
  }
})

test('the search has every section, every setting and every row that begins with a name', async () => {
  await using app = await startApp()
  const { headers, text } = await get(app, '/docs/site/search.json')
  expect(headers.get('content-type')).toBe('application/json')
  const entries = JSON.parse(text) as { url: string; page: string; heading: string; text: string }[]
  expect(entries).toContainEqual({
    url: '/docs/settings#auth_site_url',
    page: 'Settings',
    heading: 'AUTH_SITE_URL',
    text: expect.stringContaining('URL of your application'),
  })
  expect(entries.map(({ url }) => url)).toEqual(expect.arrayContaining(['/docs', '/docs/hooks#send-email']))
  expect(new Set(entries.map(({ url }) => url)).size).toBe(entries.length)
})

test('llms.txt lists every page of the index as Markdown', async () => {
  await using app = await startApp()
  const { headers, text } = await get(app, '/llms.txt')
  expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const links = [...text.matchAll(/\]\(\.(\/docs\/[^)]+\.md)\)/g)].map(([, url]) => url as string)
  expect(links.length).toBeGreaterThan(25)
  for (const url of links) expect([url, (await get(app, url)).status]).toEqual([url, 200])
})

test('it can be switched off', async () => {
  await using app = await startApp({ settings: { AUTH_DOCS: 'off' } })
  for (const path of ['/docs', '/docs/', '/docs/hooks', '/docs/site/app.js', '/llms.txt'])
    for (const method of ['GET', 'HEAD']) expect([path, (await app.ask(method, path)).status]).toEqual([path, 404])
  const { text } = await get(app, '/', { accept: 'text/html', host: 'localhost:7020' })
  expect(text).not.toContain('href="./docs"')
})
