/** The look of the pages for users: the color and the logo from the settings (docs/account.md#look). */
import { type Accent, type Brand, LOGO_PATH } from '../lib/brand'
import { escapePageHtml } from './escape'
import { linkFrom } from './links'
import palette from './palette.css' with { type: 'text' }

const colorsOf = (css: string) =>
  new Map([...css.matchAll(/--([\w-]+): (#\w+);/g)].map(([, name, color]) => [name, color]))

/** `palette.css` for a page on which the user chooses between light and dark: by `color-scheme`. */
export function switchablePalette(): string {
  const [light = '', dark = ''] = String(palette).split('@media')
  const darkColors = colorsOf(dark)
  const lines = [...colorsOf(light)].map(
    ([name, color]) => `  --${name}: light-dark(${color}, ${darkColors.get(name)});`,
  )
  return `:root {\n  color-scheme: light dark;\n${lines.join('\n')}\n}\n`
}

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
