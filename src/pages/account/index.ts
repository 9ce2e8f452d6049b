/**
 * The page where users sign in and manage their account: a page and its scripts, all embedded. It has no rights of its
 * own: it signs in like any application and calls the public API (docs/account.md).
 */
import { escapePageHtml } from '../document'
import { LANGUAGES, languageOf } from '../languages'
import palette from '../palette.css' with { type: 'text' }
import { type Asset, assetResponse, htmlAsset, scriptAssets, sharedScripts, styleAsset } from '../static'
import accountScript from './client/account.js' with { type: 'text' }
import api from './client/api.js' with { type: 'text' }
import app from './client/app.js' with { type: 'text' }
import application from './client/application.js' with { type: 'text' }
import entry from './client/entry.js' with { type: 'text' }
import errors from './client/errors.js' with { type: 'text' }
import i18n from './client/i18n.js' with { type: 'text' }
import overview from './client/overview.js' with { type: 'text' }
import route from './client/route.js' with { type: 'text' }
import settings from './client/settings.js' with { type: 'text' }
import ui from './client/ui.js' with { type: 'text' }
import page from './index.html' with { type: 'text' }
import { accountTexts } from './locales'
import type { PageTexts } from './locales/texts'
import style from './style.css' with { type: 'text' }

const PATH = '/account'

/** Loaded with the page. */
const scripts = { account: accountScript, api, app, application, entry, errors, i18n, route, settings, ui }

/** Loaded when their view is opened. */
const views = { overview }

const preloads = Object.keys({ ...scripts, ...sharedScripts })
  .map((name) => `<link rel="modulepreload" href="${PATH}/${name}.js" />`)
  .join('\n    ')

/** `{ signIn: { title } }` → `{ 'signIn.title' }` */
const flat = (parts: PageTexts): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([part, texts]) =>
      Object.entries(texts as Record<string, string>).map(([name, text]) => [`${part}.${name}`, text]),
    ),
  )

const assets: Record<string, Asset> = {
  [`${PATH}/style.css`]: styleAsset(`${palette}\n${style}`),
  ...scriptAssets(PATH, { ...scripts, ...views, ...sharedScripts }),
  ...Object.fromEntries(
    LANGUAGES.map((language) => [
      `${PATH}/texts/${language}.json`,
      { type: 'application/json', body: JSON.stringify(flat(accountTexts[language])) },
    ]),
  ),
}

export const accountAssetPaths = Object.keys(assets)

export const accountAsset = (path: string): Response => assetResponse(assets[path] as Asset)

export const accountPagePaths = [PATH, `${PATH}/`]

/** @param languages BCP 47 tags in order of preference, with the one in the address first */
export function accountPage(languages: readonly string[]): Response {
  const language = languageOf(languages)
  const { common, signIn } = accountTexts[language]
  const values: Record<string, string> = {
    language,
    preloads,
    title: escapePageHtml(signIn.title),
    noscript: escapePageHtml(common.noscript),
  }
  const body = String(page)
    .replace('<html lang="en" data-languages="">', `<html lang="${language}" data-languages="${LANGUAGES.join(' ')}">`)
    .replace(/\{(\w+)\}/g, (_, name) => values[name] as string)
  return assetResponse(htmlAsset(body, { 'content-language': language, vary: 'Accept-Language' }))
}
