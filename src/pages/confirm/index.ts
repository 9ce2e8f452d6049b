/** Pages between a mailed link and what it does: a scanner that follows links spends nothing, a person presses once. */
import palette from '../palette.css' with { type: 'text' }
import styles from './style.css' with { type: 'text' }
import { languageOf, type Step, type Wording, wordings } from './wording'

interface Reader {
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
}

export interface ConfirmLinkOptions extends Reader {
  /** Relative URL that the button posts to. */
  action: string
  /** Type of the verification, as `/verify` names it. */
  kind: string
  /**
   * Where the answer to the POST will redirect: an origin, or the scheme of an app such as `myapp:`. Chromium holds the
   * redirects that follow a form to its `form-action` too.
   */
  redirectOrigin: string
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
  const step = Object.hasOwn(steps, kind) ? (steps[kind] as Step) : 'signIn'
  return page(languages, sourceOf(redirectOrigin), (words) => ({
    title: words[step],
    content: asking(words, step, action, words.unasked),
  }))
}

/** Asks whether a session is to end that its user says is not theirs. @param action relative URL that the button posts to */
export function endSessionPage({ action, languages }: Reader & { action: string }): Response {
  return page(languages, '', (words) => ({ title: words.end, content: asking(words, 'end', action, words.wasYou) }))
}

/** Says that it has ended. @param siteUrl where a new password is set */
export function sessionEndedPage({ siteUrl, languages }: Reader & { siteUrl: string }): Response {
  return page(languages, '', ({ ended, advice }) => ({
    title: ended,
    content: `<p>${escapeHtml(advice)}</p>
      <p><a href="${escapeHtml(siteUrl)}">${escapeHtml(siteUrl)}</a></p>`,
  }))
}

const asking = (words: Wording, step: Step, action: string, otherwise: string) => `<p>${escapeHtml(words.press)}</p>
      <form method="post" action="${escapeHtml(action)}"><button>${escapeHtml(words[step])}</button></form>
      <small>${escapeHtml(otherwise)}</small>`

/** @param formTarget where else a form may lead than to this server, as a source of a policy */
function page(
  languages: readonly string[],
  formTarget: string,
  fill: (words: Wording) => { title: string; content: string },
): Response {
  const language = languageOf(languages)
  const { title, content } = fill(wordings[language])
  const html = `<!doctype html>
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
      ${content}
    </main>
  </body>
</html>
`
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'${formTarget && ` ${formTarget}`}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    },
  })
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
