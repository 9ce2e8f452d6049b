/** Pages with scripts: the libraries that they share, and how their files are served. */
import htm from '../../node_modules/htm/dist/htm.module.js' with { type: 'text' }
import preact from '../../node_modules/preact/dist/preact.mjs' with { type: 'text' }
import hooks from '../../node_modules/preact/hooks/dist/hooks.mjs' with { type: 'text' }
import captcha from './client/captcha.js' with { type: 'text' }
import device from './client/device.js' with { type: 'text' }
import http from './client/http.js' with { type: 'text' }
import lib from './client/lib.js' with { type: 'text' }
import load from './client/load.js' with { type: 'text' }
import relativeTime from './client/relative-time.js' with { type: 'text' }
import session from './client/session.js' with { type: 'text' }
import { pagePolicy } from './policy'

export interface Asset {
  type: string
  body: string
  headers?: Record<string, string>
}

/** The scripts that every such page has beside its own. */
export const sharedScripts = {
  captcha,
  device,
  hooks,
  htm,
  http,
  lib,
  load,
  preact,
  'relative-time': relativeTime,
  session,
}

const POLICY = pagePolicy("connect-src 'self'", "img-src 'self' data:", "frame-src 'self'")

export const htmlAsset = (body: unknown, headers = {}): Asset => ({
  type: 'text/html; charset=utf-8',
  body: String(body),
  headers,
})

export const scriptAsset = (body: unknown, headers = {}): Asset => ({
  type: 'text/javascript; charset=utf-8',
  body: toBrowser(body),
  headers,
})

export const styleAsset = (body: unknown): Asset => ({ type: 'text/css; charset=utf-8', body: String(body) })

/** Browsers do not know the package names that libraries import, and need no comments and indentation. */
const toBrowser = (script: unknown) =>
  withoutComments(String(script)).replaceAll('from"preact"', 'from"./preact.js"').replace(/^ +/gm, '')

/** Comments on lines of their own. The lines stay, so that errors name the same ones as in the source. */
const withoutComments = (script: string) =>
  script.replace(/^ *(?:\/\*\*[\s\S]*?\*\/|\/\/.*)$/gm, (comment) => comment.replace(/[^\n]+/g, ''))

/** @param scripts by name @returns the same by path */
export const scriptAssets = (folder: string, scripts: Record<string, unknown>): Record<string, Asset> =>
  Object.fromEntries(Object.entries(scripts).map(([name, body]) => [`${folder}/${name}.js`, scriptAsset(body)]))

export function assetResponse({ type, body, headers }: Asset): Response {
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
