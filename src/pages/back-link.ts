/** The link from a page of this server back to the application. */
import { escapeHtml } from './document'
import type { Language } from './languages'
import { problemTexts } from './problem/locales'

export function backLink(language: Language, siteUrl: string): string {
  const text = problemTexts[language].back.replace('{site}', () => nameOf(siteUrl))
  return `<p><a class="button" href="${escapeHtml(siteUrl)}">${escapeHtml(text)}</a></p>`
}

/** The host of a website, or the whole address for an app's own scheme. */
function nameOf(siteUrl: string): string {
  const { host, protocol } = new URL(siteUrl)
  return host !== '' && /^https?:$/.test(protocol) ? host : siteUrl
}
