/** The layout of pages for end users: one heading, a few sentences, no scripts. */

import styles from './document.css' with { type: 'text' }
import { type Language, languageOf } from './languages'
import palette from './palette.css' with { type: 'text' }

export interface PageContent {
  title: string
  /** HTML below the heading; request data in it must be escaped. */
  content: string
}

export interface PageOptions {
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
  status?: number
  headers?: Record<string, string>
  /** Another server that a form may post to, as a source of a Content Security Policy. */
  formTarget?: string
}

const css = `${palette}\n${styles}`
const styleHash = new Bun.CryptoHasher('sha256').update(css).digest('base64')

/** @param fill renders the page in the first preferred language that is available, English otherwise */
export function page(
  { languages, status = 200, headers = {}, formTarget = '' }: PageOptions,
  fill: (language: Language) => PageContent,
): Response {
  const language = languageOf(languages)
  const { title, content } = fill(language)
  const html = `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapePageHtml(title)}</title>
    <style>${css}</style>
  </head>
  <body>
    <main>
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
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'${formTarget && ` ${formTarget}`}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    },
  })
}

const ESCAPED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapePageHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPED[character] as string)
}
