/** The layout of pages for end users: the brand, one heading, a few sentences, no scripts. */
import type { Brand } from '../lib/brand'
import styles from './document.css' with { type: 'text' }
import { escapePageHtml } from './escape'
import { type Language, languageOf } from './languages'
import { brandLine, themeCss } from './look'
import palette from './palette.css' with { type: 'text' }

export interface PageContent {
  title: string
  /** HTML below the heading; request data in it must be escaped. */
  content: string
}

export interface PageOptions {
  brand: Brand
  /** Of the request. */
  path: string
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
  status?: number
  headers?: Record<string, string>
  /** Another server that a form may post to, as a source of a Content Security Policy. */
  formTarget?: string
}

interface Style {
  css: string
  /** Base64 of SHA-256, for the policy. */
  hash: string
}

const styleOfBrand = new WeakMap<Brand, Style>()

function styleOf(brand: Brand): Style {
  const known = styleOfBrand.get(brand)
  if (known) return known
  const css = `${palette}\n${themeCss(brand.accent)}${styles}`
  const style = { css, hash: new Bun.CryptoHasher('sha256').update(css).digest('base64') }
  styleOfBrand.set(brand, style)
  return style
}

/** @param fill renders the page in the first preferred language that is available, English otherwise */
export function page(
  { brand, path, languages, status = 200, headers = {}, formTarget = '' }: PageOptions,
  fill: (language: Language) => PageContent,
): Response {
  const language = languageOf(languages)
  const { title, content } = fill(language)
  const { css, hash } = styleOf(brand)
  const html = `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escapePageHtml(`${title} · ${brand.name}`)}</title>
    <style>${css}</style>
  </head>
  <body>
    <main>
      ${brandLine(brand, path)}
      <h1>${escapePageHtml(title)}</h1>
      ${content}
    </main>
  </body>
</html>
`
  return new Response(html, {
    status,
    headers: {
      ...headers,
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; form-action 'self'${formTarget && ` ${formTarget}`}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    },
  })
}
