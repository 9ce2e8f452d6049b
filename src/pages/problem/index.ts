/** The error page, shown to a person where a program gets an error as JSON. */

import type { Reason } from '../../core/kernel/refusal'
import { backLink } from '../back-link'
import { escapeHtml, page } from '../document'
import type { Language } from '../languages'
import { problemTexts } from './locales'
import { problemOf } from './problems'
import type { ProblemTexts } from './texts'

export interface ProblemPageOptions {
  status: number
  /** Reason of the refusal; if undefined, the page depends on the status alone. */
  reason: Reason | undefined
  /** Error code of the JSON answer. */
  code: string | undefined
  /** Message of the JSON answer, for the developer. */
  message: string | undefined
  requestId: string
  retryAfterSeconds: number | undefined
  /** URL of the application. */
  siteUrl: string
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
  /** Headers of the JSON response that the page keeps. */
  headers: Record<string, string>
}

export function problemPage(options: ProblemPageOptions): Response {
  const { status, reason, siteUrl, languages, headers } = options
  return page({ languages, status, headers }, (language) => {
    const texts = problemTexts[language]
    const [title, advice] = texts.problems[problemOf(status, reason)]
    const content = `<p>${escapeHtml(advice)}${waiting(texts, language, options.retryAfterSeconds)}</p>
      ${backLink(language, siteUrl)}
      ${details(texts, options)}`
    return { title, content }
  })
}

function waiting({ retry }: ProblemTexts, language: Language, seconds: number | undefined): string {
  if (seconds === undefined) return ''
  const format = new Intl.RelativeTimeFormat(language)
  const [count, unit] =
    seconds < 60
      ? [seconds, 'second' as const]
      : seconds < 3600
        ? [Math.ceil(seconds / 60), 'minute' as const]
        : [Math.ceil(seconds / 3600), 'hour' as const]
  return ` ${escapeHtml(retry.replace('{when}', format.format(count, unit)))}`
}

/** Reasons and codes are shown in English, as in the documentation and in the log. */
function details(texts: ProblemTexts, { code, message, requestId }: ProblemPageOptions): string {
  const rows = [
    [texts.code, [code, message].filter((part) => part).join(': ')],
    [texts.request, requestId],
  ].filter(([, value]) => value)
  const list = rows.map(([name = '', value = '']) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
  return `<dl lang="en" dir="ltr">${list.join('')}</dl>`
}
