/** The error page, shown to a person where a program gets an error as JSON. */
import type { Reason } from '../../core/kernel/refusal'
import { page } from '../document'
import { escapePageHtml } from '../escape'
import type { Language } from '../languages'
import { accountLink, backLink, type PageReader } from '../next-steps'
import { errorPageTexts } from './locales'
import { pageKindOf } from './page-kinds'
import type { ErrorPageKind, ErrorPageTexts } from './texts'

export interface ErrorPageOptions extends PageReader {
  status: number
  /** Reason of the refusal; if undefined, the page depends on the status alone. */
  reason: Reason | undefined
  /** Error code of the JSON answer. */
  code: string | undefined
  /** Message of the JSON answer, for the developer. */
  message: string | undefined
  requestId: string
  retryAfterSeconds: number | undefined
  /** URL of the page about the error code, for a developer. */
  helpUrl: string | undefined
  /** Headers of the JSON response that the page keeps. */
  headers: Record<string, string>
}

/** The problems that a new sign-in solves. */
const SIGN_IN_AGAIN: readonly ErrorPageKind[] = ['deadLink', 'interruptedSignIn', 'signedOut']

export function errorPage(options: ErrorPageOptions): Response {
  const { status, reason, site, path, languages, headers } = options
  return page({ brand: site.brand, path, languages, status, headers }, (language) => {
    const texts = errorPageTexts[language]
    const kind = pageKindOf(status, reason)
    const [title, advice] = texts.kinds[kind]
    const content = `<p>${escapePageHtml(advice)}${waiting(texts, language, options.retryAfterSeconds)}</p>
      ${backLink(language, site.siteUrl)}
      ${SIGN_IN_AGAIN.includes(kind) ? accountLink(language, site, 'signIn') : ''}
      ${details(texts, options)}`
    return { title, content }
  })
}

function waiting({ retry }: ErrorPageTexts, language: Language, seconds: number | undefined): string {
  if (seconds === undefined) return ''
  const format = new Intl.RelativeTimeFormat(language)
  const [count, unit] =
    seconds < 60
      ? [seconds, 'second' as const]
      : seconds < 3600
        ? [Math.ceil(seconds / 60), 'minute' as const]
        : [Math.ceil(seconds / 3600), 'hour' as const]
  return ` ${escapePageHtml(retry.replace('{when}', format.format(count, unit)))}`
}

/** Reasons and codes are shown in English, as in the documentation and in the log. */
function details(texts: ErrorPageTexts, { code, message, requestId, helpUrl }: ErrorPageOptions): string {
  const text = escapePageHtml(code ?? '')
  const named = helpUrl === undefined ? text : `<a href="${escapePageHtml(helpUrl)}">${text}</a>`
  const rows = [
    [texts.code, [named, escapePageHtml(message ?? '')].filter((part) => part).join(': ')],
    [texts.request, escapePageHtml(requestId)],
  ].filter(([, value]) => value)
  const list = rows.map(([name = '', value = '']) => `<div><dt>${escapePageHtml(name)}</dt><dd>${value}</dd></div>`)
  return `<dl class="details" lang="en" dir="ltr">${list.join('')}</dl>`
}
