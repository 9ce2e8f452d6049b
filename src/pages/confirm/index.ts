/** Pages between a mailed link and what it does: a scanner that follows links spends nothing, a person presses once. */
import { page as document, escapeHtml, type PageContent } from '../document'
import { type Step, type Wording, wordings } from './wording'

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
function page(languages: readonly string[], formTarget: string, fill: (words: Wording) => PageContent): Response {
  return document({ languages, formTarget }, (language) => fill(wordings[language]))
}

/** As a source of a policy (CSP Level 3 §2.3.1), which knows no IPv6 addresses: there the scheme must do, as for apps. */
function sourceOf(target: string): string {
  const url = URL.parse(target)
  if (url === null) return ''
  return /^https?:\/\/[\w.-]+(:\d+)?$/.test(url.origin) ? url.origin : url.protocol
}
