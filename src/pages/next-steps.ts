/** Where the pages for users lead: back to the application, or to the account page. */
import type { Policy } from '../core/kernel/policy'
import type { Brand } from '../lib/brand'
import { pageTexts } from './confirm/texts'
import { errorPageTexts } from './error/locales'
import { escapePageHtml } from './escape'
import type { Language } from './languages'

/** What every page for users shows. */
export interface PageSite {
  brand: Brand
  /** URL of the application. */
  siteUrl: string
  /** URL of the account page; undefined if it is off. */
  accountUrl: string | undefined
}

/** For whom a page is made, and where. */
export interface PageReader {
  site: PageSite
  /** Of the request. */
  path: string
  /** BCP 47 tags in order of preference. */
  languages: readonly string[]
}

export const pageSiteOf = ({ brand, redirects, accountPage }: Policy): PageSite => ({
  brand,
  siteUrl: redirects.siteUrl,
  accountUrl: accountPage.url,
})

export const buttonLink = (url: string, text: string): string =>
  `<p><a class="button" href="${escapePageHtml(url)}">${escapePageHtml(text)}</a></p>`

const plainLink = (url: string, text: string): string =>
  `<p><a href="${escapePageHtml(url)}">${escapePageHtml(text)}</a></p>`

const backText = (language: Language, siteUrl: string) =>
  errorPageTexts[language].back.replace('{site}', () => nameOf(siteUrl))

/** The main link of a page. */
export const backLink = (language: Language, siteUrl: string): string =>
  buttonLink(siteUrl, backText(language, siteUrl))

/** A second link, below another one. */
export const furtherBackLink = (language: Language, siteUrl: string): string =>
  plainLink(siteUrl, backText(language, siteUrl))

/** A second link to the account page; empty if that is off. */
export const accountLink = (
  language: Language,
  { accountUrl }: PageSite,
  text: 'signIn' | 'account' = 'account',
): string => (accountUrl === undefined ? '' : plainLink(accountUrl, pageTexts[language][text]))

/** The host of a website, or the whole address for an app's own scheme. */
function nameOf(siteUrl: string): string {
  const { host, protocol } = new URL(siteUrl)
  return host !== '' && /^https?:$/.test(protocol) ? host : siteUrl
}
