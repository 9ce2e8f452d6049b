/** The pages between a mailed link and its effect: link scanners consume nothing, a person presses a button once. */
import { deviceOf } from '../../lib/device'
import { page as document, type PageContent } from '../document'
import { escapePageHtml } from '../escape'
import type { Language } from '../languages'
import { buttonLink, furtherBackLink, type PageReader } from '../next-steps'
import { type PageTexts, pageTexts, type Step } from './texts'

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

export function confirmLinkPage({ action, kind, redirectOrigin, ...reader }: ConfirmLinkOptions): Response {
  const step = Object.hasOwn(steps, kind) ? (steps[kind] as Step) : 'signIn'
  return page(reader, sourceOf(redirectOrigin), (texts) => ({
    title: texts[step],
    content: `<p>${escapePageHtml(texts.press)}</p>
      ${confirmationForm(texts, step, action, texts.unasked)}`,
  }))
}

/** A session that its user may not recognize. */
export interface ShownSession {
  /** The address or number of the account; undefined if it has none. */
  account: string | undefined
  /** Unix milliseconds. */
  signedInAt: number
  /** IP address and user agent. */
  ip: string | null
  userAgent: string | null
}

export interface EndSessionOptions extends PageReader {
  /** Relative URL of the form action. */
  action: string
  session: ShownSession
}

/** Asks whether to end a session that its user does not recognize. */
export function endSessionPage({ action, session, ...reader }: EndSessionOptions): Response {
  return page(reader, '', (texts, language) => ({
    title: texts.isItYou,
    content: `${factsOf(session, texts, language)}
      ${confirmationForm(texts, 'end', action, texts.wasYou)}`,
  }))
}

/** Confirms that it has ended, and leads to a new password. */
export function sessionEndedPage(reader: PageReader): Response {
  const { siteUrl, accountUrl } = reader.site
  return page(reader, '', (texts, language) => ({
    title: texts.ended,
    content: `<p>${escapePageHtml(texts.advice)}</p>
      ${buttonLink(accountUrl === undefined ? siteUrl : `${accountUrl}#/password`, texts.setPassword)}
      ${accountUrl === undefined ? '' : furtherBackLink(language, siteUrl)}`,
  }))
}

function factsOf(session: ShownSession, texts: PageTexts, language: Language): string {
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  const facts = [
    [texts.ofAccount, session.account],
    [texts.time, `${when.format(session.signedInAt)} UTC`],
    [texts.address, session.ip],
    [texts.device, session.userAgent && deviceOf(session.userAgent)],
  ] as const
  const rows = facts.map(
    ([name, value]) => `<div><dt>${escapePageHtml(name)}</dt><dd>${escapePageHtml(value || texts.unknown)}</dd></div>`,
  )
  return `<dl>${rows.join('')}</dl>`
}

const confirmationForm = (texts: PageTexts, step: Step, action: string, otherwise: string) =>
  `<form method="post" action="${escapePageHtml(action)}"><button>${escapePageHtml(texts[step])}</button></form>
      <small>${escapePageHtml(otherwise)}</small>`

/** @param formTarget another allowed form target, as a CSP source */
function page(
  { site: { brand }, path, languages }: PageReader,
  formTarget: string,
  fill: (texts: PageTexts, language: Language) => PageContent,
): Response {
  return document({ brand, path, languages, formTarget }, (language) => fill(pageTexts[language], language))
}

/** As a CSP source (CSP Level 3 §2.3.1), which supports no IPv6 addresses: these use the scheme alone, like apps. */
function sourceOf(target: string): string {
  const url = URL.parse(target)
  if (url === null) return ''
  return /^https?:\/\/[\w.-]+(:\d+)?$/.test(url.origin) ? url.origin : url.protocol
}
