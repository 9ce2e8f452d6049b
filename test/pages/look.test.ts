/** The pages for users in a real browser: accessible in light and dark, on a phone, and with the keyboard alone. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { builtInSource } from '../../src/adapters/mail/templates/built-in'
import { accentOf } from '../../src/lib/brand'
import { confirmLinkPage, endSessionPage, sessionEndedPage } from '../../src/pages/confirm'
import { errorPage } from '../../src/pages/error'
import { favicon } from '../../src/pages/favicon'
import { plainHomePage } from '../../src/pages/home'
import { LANGUAGES } from '../../src/pages/languages'
import { logoResponse } from '../../src/pages/look'
import type { PageReader, PageSite } from '../../src/pages/next-steps'
import { hasBrowser, openBrowser } from '../support/browser'

const LONG = 'a-very-long-name-without-any-space'.repeat(3)
const SVG = { type: 'image/svg+xml', bytes: new TextEncoder().encode(String(favicon)) }

const site = (accent?: string): PageSite => ({
  brand: {
    name: accent === undefined ? 'Acme' : `Acme ${LONG}`,
    logoUrl: accent === undefined ? undefined : 'https://auth.example.com/account/logo',
    accent: accent === undefined ? undefined : accentOf(accent),
  },
  siteUrl: 'https://app.example.com',
  accountUrl: 'https://auth.example.com/account',
})

const session = {
  account: `${LONG}@example.com`,
  signedInAt: Date.UTC(2026, 11, 1, 4, 5),
  ip: '2001:db8:1234:5678:9abc:def0:1234:5678',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
}
const problem = {
  status: 403,
  reason: 'token_expired' as const,
  code: 'otp_expired',
  message: 'Email link is invalid or has expired',
  requestId: '3f0f9c0e-0000-4000-8000-000000000000',
  retryAfterSeconds: 300,
  helpUrl: 'https://auth.example.com/docs/errors/otp_expired',
  headers: {},
}

const PAGES: Record<string, (reader: PageReader) => Response> = {
  confirm: (reader) =>
    confirmLinkPage({ ...reader, action: 'x', kind: 'signup', redirectOrigin: 'https://app.example.com' }),
  'not me': (reader) => endSessionPage({ ...reader, action: 'x', session }),
  ended: sessionEndedPage,
  error: (reader) => errorPage({ ...problem, ...reader }),
  start: plainHomePage,
}

let browser: Browser
let server: ReturnType<typeof Bun.serve>
beforeAll(async () => {
  if (!hasBrowser) return
  browser = await openBrowser()
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url)
      if (/logo|favicon/.test(pathname)) return logoResponse(SVG)
      const show = PAGES[decodeURIComponent(pathname.slice(1))]
      if (!show) return new Response('', { status: 404 })
      return show({
        site: site(searchParams.get('accent') ?? undefined),
        path: pathname,
        languages: [searchParams.get('lang') ?? 'en'],
      })
    },
  })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

async function open(name: string, query: object, options: object = {}): Promise<Page> {
  const page = await browser.newPage(options)
  await page.goto(`${server.url}${encodeURIComponent(name)}?${new URLSearchParams({ ...query })}`)
  return page
}

/** @param rules of axe-core; by default, all */
async function violations(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(axe.source)
  const options = JSON.stringify(rules === undefined ? {} : { runOnly: rules })
  const { violations: found } = (await page.evaluate(`axe.run(document, ${options})`)) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

const NAMES = Object.keys(PAGES)
const SCHEMES = ['light', 'dark'] as const

test.skipIf(!hasBrowser).each(NAMES.flatMap((name) => SCHEMES.map((scheme) => [name, scheme] as const)))(
  'the page "%s" is accessible in %s, with the built-in and with another color, and fits a phone',
  async (name, colorScheme) => {
    for (const query of [{}, { accent: '#ffcc00', lang: 'de' }, { accent: '#111111', lang: 'ja' }]) {
      const page = await open(name, query, { colorScheme, viewport: { width: 390, height: 800 } })
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
      expect(await page.evaluate('[...document.images].every(({ naturalWidth }) => naturalWidth > 0)')).toBe(true)
      await page.close()
    }
  },
  60_000,
)

test.skipIf(!hasBrowser).each(NAMES)(
  'every link and button of the page "%s" is reached with the keyboard, and shows it',
  async (name) => {
    const page = await open(name, {})
    const count = (await page.evaluate('document.querySelectorAll("a, button").length')) as number
    expect(count).toBeGreaterThan(0)
    const reached = new Set<unknown>()
    for (let press = 0; press < count; press++) {
      await page.keyboard.press('Tab')
      const [text, style] = (await page.evaluate(
        '[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]',
      )) as [string, string]
      expect(style).toBe('solid')
      reached.add(text)
    }
    expect(reached.size).toBe(count)
    await page.close()
  },
  60_000,
)

test.skipIf(!hasBrowser).each(SCHEMES)(
  'every text in mails can be read in %s, with the built-in and with another color',
  async (colorScheme) => {
    const page = await browser.newPage({ colorScheme })
    for (const accent of [undefined, '#ffcc00', '#111111'])
      for (const template of ['confirmation', 'new_device_notification'] as const) {
        await page.setContent(builtInSource(template, 'en', site(accent).brand).html)
        expect([template, await violations(page, ['color-contrast', 'link-name', 'image-alt'])]).toEqual([template, []])
      }
    await page.close()
  },
  60_000,
)

test('every page is complete in every language', async () => {
  for (const show of Object.values(PAGES)) {
    const texts = await Promise.all(
      LANGUAGES.map((language) => show({ site: site(), path: '/', languages: [language] }).text()),
    )
    for (const text of texts) expect(text).not.toMatch(/undefined|\{\w+\}|<(h1|p|dt|dd|button|small|a)[^>]*>\s*<\/\1>/)
    expect(new Set(texts.map((text) => /<h1>(.*)<\/h1>/.exec(text)?.[1])).size).toBe(LANGUAGES.length)
  }
})
