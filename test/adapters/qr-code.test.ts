import { expect, test } from 'bun:test'
import { qrCode } from '../../src/adapters/qr-code'
import { hasBrowser, openBrowser } from '../support/browser'

const URI = 'otpauth://totp/localhost:ada@example.com?issuer=localhost&secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The data URL as supabase-js builds it: a prefix before the unescaped SVG. */
const dataUrl = (svg: string) => `data:image/svg+xml;utf-8,${svg}`

test.each([URI, URI.repeat(8), URI.repeat(20)])('a QR code has three pixels per module and a quiet zone', (text) => {
  const svg = qrCode(text)
  const [, width, height] = /^<svg [^>]*width="(\d+)" height="(\d+)" viewBox="0 0 \1 \2"/.exec(svg) ?? []
  expect(width).toBe(height)
  // Versions 1 to 40 have 21 to 177 modules, four more each.
  expect(((Number(width) / 3 - 8 - 17) / 4) % 1).toBe(0)
  expect(svg).toContain(`<rect fill="white" width="${width}" height="${width}"/>`)
})

test('the SVG contains nothing that ends a data URL or needs escaping in one', () => {
  expect(qrCode(`${URI}#%25&<>"`)).not.toMatch(/[#%]/)
})

test.skipIf(!hasBrowser)(
  'the SVG states its own size',
  async () => {
    await using browser = await openBrowser()
    const page = await browser.newPage()
    await page.setContent(`<img>`)
    const size = await page.evaluate(
      `(async () => {
        const image = document.querySelector('img')
        image.src = ${JSON.stringify(dataUrl(qrCode(URI)))}
        await image.decode()
        return [image.naturalWidth, image.naturalHeight, image.width]
      })()`,
    )
    const [, width] = /width="(\d+)"/.exec(qrCode(URI)) ?? []
    expect(size).toEqual([Number(width), Number(width), Number(width)])
  },
  60_000,
)
