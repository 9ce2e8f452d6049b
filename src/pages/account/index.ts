/**
 * The page where users sign in and manage their account: a page and its scripts, all embedded. It has no rights of its
 * own: it signs in like any application and calls the public API (docs/account.md).
 */
import shared from '../app.css' with { type: 'text' }
import { escapePageHtml } from '../escape'
import { LANGUAGES, type Language, languageOf } from '../languages'
import { rootFrom } from '../links'
import palette from '../palette.css' with { type: 'text' }
import { type Asset, assetResponse, htmlAsset, scriptAssets, sharedScripts, styleAsset } from '../static'
import accountScript from './client/account.js' with { type: 'text' }
import api from './client/api.js' with { type: 'text' }
import app from './client/app.js' with { type: 'text' }
import application from './client/application.js' with { type: 'text' }
import arrival from './client/arrival.js' with { type: 'text' }
import authenticator from './client/authenticator.js' with { type: 'text' }
import contacts from './client/contacts.js' with { type: 'text' }
import data from './client/data.js' with { type: 'text' }
import entry from './client/entry.js' with { type: 'text' }
import errors from './client/errors.js' with { type: 'text' }
import factor from './client/factor.js' with { type: 'text' }
import factorDialogs from './client/factor-dialogs.js' with { type: 'text' }
import factors from './client/factors.js' with { type: 'text' }
import flows from './client/flows.js' with { type: 'text' }
import handOver from './client/hand-over.js' with { type: 'text' }
import i18n from './client/i18n.js' with { type: 'text' }
import identities from './client/identities.js' with { type: 'text' }
import messages from './client/messages.js' with { type: 'text' }
import methods from './client/methods.js' with { type: 'text' }
import myAccount from './client/my-account.js' with { type: 'text' }
import notifications from './client/notifications.js' with { type: 'text' }
import overview from './client/overview.js' with { type: 'text' }
import parts from './client/parts.js' with { type: 'text' }
import passkeys from './client/passkeys.js' with { type: 'text' }
import password from './client/password.js' with { type: 'text' }
import passwordRule from './client/password-rule.js' with { type: 'text' }
import phoneNumber from './client/phone-number.js' with { type: 'text' }
import providerButtons from './client/provider-buttons.js' with { type: 'text' }
import providers from './client/providers.js' with { type: 'text' }
import recoveryCodes from './client/recovery-codes.js' with { type: 'text' }
import route from './client/route.js' with { type: 'text' }
import sessions from './client/sessions.js' with { type: 'text' }
import settings from './client/settings.js' with { type: 'text' }
import signIn from './client/sign-in.js' with { type: 'text' }
import steps from './client/steps.js' with { type: 'text' }
import ui from './client/ui.js' with { type: 'text' }
import page from './index.html' with { type: 'text' }
import { accountTexts } from './locales'
import type { PageTexts } from './locales/texts'
import style from './style.css' with { type: 'text' }
import viewStyle from './views.css' with { type: 'text' }

const PATH = '/account'

/** Loaded with the page. */
const scripts = {
  api,
  app,
  application,
  arrival,
  entry,
  errors,
  factor,
  flows,
  'hand-over': handOver,
  i18n,
  messages,
  methods,
  'password-rule': passwordRule,
  'provider-buttons': providerButtons,
  providers,
  route,
  settings,
  'sign-in': signIn,
  steps,
  ui,
}

/** Loaded when their view is opened. */
const views = {
  account: accountScript,
  authenticator,
  contacts,
  data,
  'factor-dialogs': factorDialogs,
  factors,
  identities,
  'my-account': myAccount,
  notifications,
  overview,
  parts,
  passkeys,
  password,
  'phone-number': phoneNumber,
  'recovery-codes': recoveryCodes,
  sessions,
}

const preloads = Object.keys({ ...scripts, ...sharedScripts })
  .map((name) => `<link rel="modulepreload" href="{root}account/${name}.js" />`)
  .join('\n    ')

/** `{ signIn: { title } }` → `{ 'signIn.title' }` */
const flat = (parts: Partial<PageTexts>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([part, texts]) =>
      Object.entries(texts as Record<string, string>).map(([name, text]) => [`${part}.${name}`, text]),
    ),
  )

/** Texts of the way in, and of the views behind it. */
function textsOf(language: Language): [path: string, asset: Asset][] {
  const { common, errors, signIn, rule, ...rest } = accountTexts[language]
  const json = (parts: Partial<PageTexts>) => ({ type: 'application/json', body: JSON.stringify(flat(parts)) })
  return [
    [`${PATH}/texts/${language}.json`, json({ common, errors, signIn, rule })],
    [`${PATH}/texts/${language}-views.json`, json(rest)],
  ]
}

const assets: Record<string, Asset> = {
  [`${PATH}/style.css`]: styleAsset(`${palette}\n${shared}\n${style}`),
  [`${PATH}/views.css`]: styleAsset(viewStyle),
  ...scriptAssets(PATH, { ...scripts, ...views, ...sharedScripts }),
  ...Object.fromEntries(LANGUAGES.flatMap(textsOf)),
}

export const accountAssetPaths = Object.keys(assets)

export const accountAsset = (path: string): Response => assetResponse(assets[path] as Asset)

export const accountPagePaths = [PATH, `${PATH}/`]

/**
 * @param path one of `accountPagePaths`
 * @param languages BCP 47 tags in order of preference, with the one in the address first
 */
export function accountPage(path: string, languages: readonly string[]): Response {
  const language = languageOf(languages)
  const texts = accountTexts[language]
  const values: Record<string, string> = {
    language,
    root: rootFrom(path),
    title: escapePageHtml(texts.signIn.title),
    noscript: escapePageHtml(texts.common.noscript),
  }
  const body = String(page)
    .replace('{preloads}', preloads)
    .replace('<html lang="en" data-languages="">', `<html lang="${language}" data-languages="${LANGUAGES.join(' ')}">`)
    .replace(/\{(\w+)\}/g, (_, name) => values[name] as string)
  return assetResponse(htmlAsset(body, { 'content-language': language, vary: 'Accept-Language' }))
}
