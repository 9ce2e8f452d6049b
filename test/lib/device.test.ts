import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { deviceOf } from '../../src/lib/device'

/** The script of the account page. */
const PAGE = Bun.pathToFileURL(join(import.meta.dir, '../../src/pages/client/device.js')).href
const { deviceOf: onPage } = (await import(PAGE)) as {
  deviceOf(userAgent: string): { browser?: string; system?: string; other?: string }
}

test.each([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox, Windows'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
    'Safari, macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
    'Safari, iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36',
    'Chrome, Android',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
    'Edge, Windows',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    'Chrome, Linux',
  ],
  ['curl/8.5.0', 'curl/8.5.0'],
  ['x'.repeat(500), `${'x'.repeat(60)}…`],
  ['', ''],
])('%s', async (userAgent, device) => {
  expect(deviceOf(userAgent)).toBe(device)
  const { browser, system, other = '' } = onPage(userAgent)
  expect(browser === undefined ? other : `${browser}, ${system}`).toBe(device)
})
