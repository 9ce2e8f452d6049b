/** The name, logo and color of the settings, on every page for users and in the mails. */
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { linkFrom } from '../../../src/pages/links'
import { startApp, type TestApp } from '../../support/app'
import { lastMessageTo } from '../../support/mail'
import { removeFolder } from '../../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-look-'))
afterAll(() => removeFolder(folder))

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

function logoFile(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
const LOOK = { AUTH_BRAND_NAME: `Acme & "Sons" {{ .Token }}<b>`, AUTH_BRAND_COLOR: '#b91c1c' }
const NAME_IN_HTML = 'Acme &amp; &quot;Sons&quot; {{ .Token }}&lt;b&gt;'

async function mailFor(app: TestApp): Promise<string> {
  await app.signUp('ada@example.com')
  await app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } })
  return (await lastMessageTo(app, 'ada@example.com')).html
}

test('an SVG is served with a policy that lets it run and load nothing', async () => {
  await using app = await startApp({ settings: { AUTH_BRAND_LOGO: logoFile('logo.txt', SVG) } })
  const { status, headers, text } = await app.ask('GET', '/account/logo')
  expect([status, text]).toEqual([200, SVG])
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'image/svg+xml',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
  })
  expect((await app.ask('GET', '/auth/v1/account/settings')).body.logo_url).toBe('http://localhost:7020/account/logo')
})

test('without a logo there is none, and a file that is none stops the start', async () => {
  await using app = await startApp()
  expect((await app.ask('GET', '/account/logo')).status).toBe(404)
  const settings = { AUTH_BRAND_LOGO: logoFile('logo.svg', 'not an image') }
  expect(startApp({ settings })).rejects.toThrow(
    'AUTH_BRAND_LOGO cannot be used: it is neither an SVG nor a PNG nor a WebP image',
  )
})

test('pages have the name, the logo and the color', async () => {
  await using app = await startApp({ settings: { ...LOOK, AUTH_BRAND_LOGO: logoFile('logo.png', PNG) } })
  for (const path of ['/', '/nothing-here', '/auth/v1/sessions/not-me']) {
    const { text } = await app.ask('GET', `${path}?session=x&token=y`, {
      headers: { ...NAVIGATION, host: 'evil.example' },
    })
    expect([path, text.includes(`<img src="${linkFrom(path, '/account/logo')}" alt="">${NAME_IN_HTML}</p>`)]).toEqual([
      path,
      true,
    ])
    expect([path, text.includes('--accent: #b91c1c')]).toEqual([path, true])
  }
  const theme = await app.ask('GET', '/account/theme.css')
  expect([theme.status, theme.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
  expect(theme.text).toContain('--accent: #b91c1c')
})

test('mails have the name, the color, and a logo that is not an SVG', async () => {
  await using app = await startApp({ settings: { ...LOOK, AUTH_BRAND_LOGO: logoFile('mail.png', PNG) } })
  const html = await mailFor(app)
  expect(html).toContain('<img src="http://localhost:7020/account/logo" alt="" height="32"')
  expect(html).toContain('Acme &#38; &#34;Sons&#34; &#123;&#123; .Token &#125;&#125;&#60;b&#62;</p>')
  expect(html).toContain('background-color:#b91c1c')
  await using plain = await startApp({ settings: { ...LOOK, AUTH_BRAND_LOGO: logoFile('mail.svg', SVG) } })
  expect(await mailFor(plain)).not.toContain('<img')
})

test.each([
  ['AUTH_BRAND_COLOR', 'teal', 'a color such as #0f766e'],
  ['AUTH_BRAND_COLOR', '#fff', 'a color such as #0f766e'],
  ['AUTH_BRAND_NAME', 'x'.repeat(61), 'a name of at most 60 characters on one line'],
  ['AUTH_BRAND_NAME', 'two\nlines', 'a name of at most 60 characters on one line'],
])('%s must not be %s', async (name, value, expected) => {
  expect(startApp({ settings: { [name]: value } })).rejects.toThrow(expected)
})
