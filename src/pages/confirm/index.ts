/** The pages between a mailed link and its effect: link scanners consume nothing, a person presses a button once. */
import { page as document, escapePageHtml, type PageContent } from '../document'
import { type PageTexts, pageTexts, type Step } from './texts'

interface PageReader {
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
}

export interface ConfirmLinkOptions extends PageReader {
  /** Relative URL of the form action. */
  action: string
  /** The `type` of `/verify`. */
  kind: string
  /**
   * Where the response to the POST redirects: an origin, or the scheme of an app such as `myapp:`. Chromium applies
   * `form-action` to redirects as well.
   */
  redirectOrigin: string
}

/** `email` and future types sign in. */
const steps: Record<string, Step> = {
  signup: 'confirm',
  invite: 'accept',
  recovery: 'reset',
  email_change: 'change',
}

export function confirmLinkPage({ action, kind, redirectOrigin, languages }: ConfirmLinkOptions): Response {
  const step = Object.hasOwn(steps, kind) ? (steps[kind] as Step) : 'signIn'
  return page(languages, sourceOf(redirectOrigin), (texts) => ({
    title: texts[step],
    content: confirmationForm(texts, step, action, texts.unasked),
  }))
}

/** Asks whether to end a session that its user does not recognize. @param action relative URL of the form action */
export function endSessionPage({ action, languages }: PageReader & { action: string }): Response {
  return page(languages, '', (texts) => ({
    title: texts.end,
    content: confirmationForm(texts, 'end', action, texts.wasYou),
  }))
}

/** Confirms that it has ended. @param siteUrl where to set a new password */
export function sessionEndedPage({ siteUrl, languages }: PageReader & { siteUrl: string }): Response {
  return page(languages, '', ({ ended, advice }) => ({
    title: ended,
    content: `<p>${escapePageHtml(advice)}</p>
      <p><a href="${escapePageHtml(siteUrl)}">${escapePageHtml(siteUrl)}</a></p>`,
  }))
}

const confirmationForm = (
  texts: PageTexts,
  step: Step,
  action: string,
  otherwise: string,
) => `<p>${escapePageHtml(texts.press)}</p>
      <form method="post" action="${escapePageHtml(action)}"><button>${escapePageHtml(texts[step])}</button></form>
      <small>${escapePageHtml(otherwise)}</small>`

/** @param formTarget another allowed form target, as a CSP source */
function page(languages: readonly string[], formTarget: string, fill: (texts: PageTexts) => PageContent): Response {
  return document({ languages, formTarget }, (language) => fill(pageTexts[language]))
}

/** As a CSP source (CSP Level 3 §2.3.1), which supports no IPv6 addresses: these use the scheme alone, like apps. */
function sourceOf(target: string): string {
  const url = URL.parse(target)
  if (url === null) return ''
  return /^https?:\/\/[\w.-]+(:\d+)?$/.test(url.origin) ? url.origin : url.protocol
}
