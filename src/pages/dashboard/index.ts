/**
 * The dashboard for administrators: a page and its scripts, all embedded. It has no data and no rights of its own: it
 * signs in like any application and calls the admin API (docs/dashboard.md).
 */
import htm from '../../../node_modules/htm/dist/htm.module.js' with { type: 'text' }
import preact from '../../../node_modules/preact/dist/preact.mjs' with { type: 'text' }
import hooks from '../../../node_modules/preact/hooks/dist/hooks.mjs' with { type: 'text' }
import activity from './client/activity.js' with { type: 'text' }
import api from './client/api.js' with { type: 'text' }
import app from './client/app.js' with { type: 'text' }
import audit from './client/audit.js' with { type: 'text' }
import captcha from './client/captcha.js' with { type: 'text' }
import charts from './client/charts.js' with { type: 'text' }
import events from './client/events.js' with { type: 'text' }
import health from './client/health.js' with { type: 'text' }
import keys from './client/keys.js' with { type: 'text' }
import lib from './client/lib.js' with { type: 'text' }
import limits from './client/limits.js' with { type: 'text' }
import mailFrame from './client/mail-frame.js' with { type: 'text' }
import messages from './client/messages.js' with { type: 'text' }
import providers from './client/providers.js' with { type: 'text' }
import route from './client/route.js' with { type: 'text' }
import settings from './client/settings.js' with { type: 'text' }
import signIn from './client/sign-in.js' with { type: 'text' }
import templates from './client/templates.js' with { type: 'text' }
import ui from './client/ui.js' with { type: 'text' }
import user from './client/user.js' with { type: 'text' }
import users from './client/users.js' with { type: 'text' }
import why from './client/why.js' with { type: 'text' }
import page from './index.html' with { type: 'text' }
import mail from './mail.html' with { type: 'text' }
import style from './style.css' with { type: 'text' }

const PATH = '/dashboard'

/** Nothing from elsewhere, no inline script or style, no frame, and no form that leaves the page. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** For the preview of a mail: styles in markup, and an origin of its own. */
const MAIL_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"

const scripts = {
  activity,
  api,
  app,
  audit,
  captcha,
  charts,
  events,
  health,
  htm,
  keys,
  lib,
  limits,
  messages,
  preact,
  providers,
  route,
  settings,
  'sign-in': signIn,
  templates,
  ui,
  user,
  users,
  why,
}

interface Asset {
  type: string
  body: string
  headers?: Record<string, string>
}

/** Browsers do not know the package names that libraries import. */
const toBrowser = (script: unknown) => String(script).replaceAll('from"preact"', 'from"./preact.js"')

const htmlPage = (body: unknown, headers = {}): Asset => ({
  type: 'text/html; charset=utf-8',
  body: String(body),
  headers,
})
const script = (body: unknown, headers = {}): Asset => ({
  type: 'text/javascript; charset=utf-8',
  body: toBrowser(body),
  headers,
})

const assets: Record<string, Asset> = {
  [PATH]: htmlPage(page),
  [`${PATH}/`]: htmlPage(page),
  [`${PATH}/style.css`]: { type: 'text/css; charset=utf-8', body: String(style) },
  ...Object.fromEntries(
    Object.entries({ ...scripts, hooks }).map(([name, body]) => [`${PATH}/${name}.js`, script(body)]),
  ),
  [`${PATH}/mail`]: htmlPage(mail, { 'content-security-policy': MAIL_POLICY, 'x-frame-options': 'SAMEORIGIN' }),
  // The frame has another origin because of its sandbox.
  [`${PATH}/mail-frame.js`]: script(mailFrame, { 'cross-origin-resource-policy': 'cross-origin' }),
}

export const dashboardPaths = Object.keys(assets)

/** The page or one of its assets. */
export function dashboard(path: string): Response {
  const { type, body, headers } = assets[path] as Asset
  return new Response(body, {
    headers: {
      'content-type': type,
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      'x-robots-tag': 'noindex',
      ...headers,
    },
  })
}
