/** The look of the pages for users: the color and the logo from the settings (docs/account.md#look). */
import { type Accent, type Brand, LOGO_PATH } from '../lib/brand'
import { escapePageHtml } from './escape'
import { linkFrom } from './links'

/** Replaces the accent of `palette.css`. */
export const themeCss = (accent: Accent | undefined): string =>
  accent === undefined
    ? ''
    : `:root { --accent: ${accent.light}; }
@media (prefers-color-scheme: dark) { :root { --accent: ${accent.dark}; --on-accent: #06201d; } }
`

/**
 * The logo and the name above the content of a page; without a logo, the icon of this server.
 * @param path of the request for the page
 */
export function brandLine({ name, logoUrl }: Brand, path: string): string {
  const source = linkFrom(path, logoUrl === undefined ? '/favicon.svg' : LOGO_PATH)
  return `<p class="brand"><img src="${escapePageHtml(source)}" alt="">${escapePageHtml(name)}</p>`
}

/** An SVG could have scripts and load other files; this policy forbids both. */
const LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

/** The logo, also for mails. */
export function logoResponse({ type, bytes }: { type: string; bytes: Uint8Array<ArrayBuffer> }): Response {
  return new Response(bytes, {
    headers: {
      'content-type': type,
      'cache-control': 'public, max-age=3600',
      'content-security-policy': LOGO_POLICY,
      'cross-origin-resource-policy': 'cross-origin',
      'x-robots-tag': 'noindex',
    },
  })
}
