/** The link from a page of this server back to the application. */
import { escapePageHtml } from './document'
import { errorPageTexts } from './error/locales'
import type { Language } from './languages'

export function backLink(language: Language, siteUrl: string): string {
  const text = errorPageTexts[language].back.replace('{site}', () => nameOf(siteUrl))
  return `<p><a class="button" href="${escapePageHtml(siteUrl)}">${escapePageHtml(text)}</a></p>`
}

/** The host of a website, or the whole address for an app's own scheme. */
function nameOf(siteUrl: string): string {
  const { host, protocol } = new URL(siteUrl)
  return host !== '' && /^https?:$/.test(protocol) ? host : siteUrl
}
