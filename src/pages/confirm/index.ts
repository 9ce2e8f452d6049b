/** The page between a mailed link and what it does: a scanner that follows links spends nothing, a person presses once. */
import palette from '../palette.css' with { type: 'text' }
import styles from './style.css' with { type: 'text' }
import { languageOf, type Step, wordings } from './wording'

export interface ConfirmLinkOptions {
  /** Relative URL that the button posts to. */
  action: string
  /** Type of the verification, as `/verify` names it. */
  kind: string
  /**
   * Where the answer to the POST will redirect: an origin, or the scheme of an app such as `myapp:`. Chromium holds the
   * redirects that follow a form to its `form-action` too.
   */
  redirectOrigin: string
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
}

const css = `${palette}\n${styles}`
const styleHash = new Bun.CryptoHasher('sha256').update(css).digest('base64')

/** `email` and types to come sign in, as each of them does besides. */
const steps: Record<string, Step> = {
  signup: 'confirm',
  invite: 'accept',
  recovery: 'reset',
  email_change: 'change',
}

export function confirmLinkPage({ action, kind, redirectOrigin, languages }: ConfirmLinkOptions): Response {
  const language = languageOf(languages)
  const words = wordings[language]
  const title = words[Object.hasOwn(steps, kind) ? (steps[kind] as Step) : 'signIn']
  const page = `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)}</title>
    <style>${css}</style>
  </head>
  <body>
    <main>
      <h1>${escapeHtml(title)}</h1>
      <p>${escapeHtml(words.press)}</p>
      <form method="post" action="${escapeHtml(action)}"><button>${escapeHtml(title)}</button></form>
      <small>${escapeHtml(words.unasked)}</small>
    </main>
  </body>
</html>
`
  return new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'cache-control': 'no-store',
      'content-security-policy': policy(redirectOrigin),
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    },
  })
}

function policy(redirectOrigin: string): string {
  const target = sourceOf(redirectOrigin)
  return `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'${target && ` ${target}`}; base-uri 'none'; frame-ancestors 'none'`
}

/** As a source of a policy (CSP Level 3 §2.3.1), which knows no IPv6 addresses: there the scheme must do, as for apps. */
function sourceOf(target: string): string {
  const url = URL.parse(target)
  if (url === null) return ''
  return /^https?:\/\/[\w.-]+(:\d+)?$/.test(url.origin) ? url.origin : url.protocol
}

const ESCAPED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPED[character] as string)
}
