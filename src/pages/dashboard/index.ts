/**
 * The dashboard for administrators: a page and its scripts, all embedded. It has no data and no rights of its own: it
 * signs in like any application and calls the admin API (docs/dashboard.md).
 */
import shared from '../app.css' with { type: 'text' }
import { withRoot } from '../links'
import { switchablePalette } from '../look'
import { type Asset, assetResponse, htmlAsset, scriptAsset, scriptAssets, sharedScripts, styleAsset } from '../static'
import activity from './client/activity.js' with { type: 'text' }
import api from './client/api.js' with { type: 'text' }
import app from './client/app.js' with { type: 'text' }
import audit from './client/audit.js' with { type: 'text' }
import charts from './client/charts.js' with { type: 'text' }
import events from './client/events.js' with { type: 'text' }
import health from './client/health.js' with { type: 'text' }
import keys from './client/keys.js' with { type: 'text' }
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

/** For the preview of a mail: styles in markup, and an origin of its own. */
const MAIL_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"

const scripts = {
  activity,
  api,
  app,
  audit,
  charts,
  events,
  health,
  keys,
  limits,
  messages,
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

const assets: Record<string, Asset> = {
  [PATH]: htmlAsset(withRoot(page, PATH)),
  [`${PATH}/`]: htmlAsset(withRoot(page, `${PATH}/`)),
  [`${PATH}/style.css`]: styleAsset(`${switchablePalette()}${shared}\n${style}`),
  ...scriptAssets(PATH, { ...scripts, ...sharedScripts }),
  [`${PATH}/mail`]: htmlAsset(withRoot(mail, `${PATH}/mail`), {
    'content-security-policy': MAIL_POLICY,
    'x-frame-options': 'SAMEORIGIN',
  }),
  // The frame has another origin because of its sandbox.
  [`${PATH}/mail-frame.js`]: scriptAsset(mailFrame, { 'cross-origin-resource-policy': 'cross-origin' }),
}

export const dashboardPaths = Object.keys(assets)

/** The page or one of its assets. */
export const dashboard = (path: string): Response => assetResponse(assets[path] as Asset)
