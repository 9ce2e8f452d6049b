/**
 * The mailbox page: a client of `/mailbox/api` without privileged access. Messages are shown as text, or in a sandbox.
 */
import { withIcon } from '../favicon'
import { withRoot } from '../links'
import palette from '../palette.css' with { type: 'text' }
import { pagePolicy } from '../policy'
import app from './app.js.txt' with { type: 'text' }
import page from './index.html' with { type: 'text' }
import styles from './style.css' with { type: 'text' }

const POLICY = pagePolicy("connect-src 'self'", "frame-src 'self'", "img-src 'self' data:")

const html = withIcon(String(page))
const pageAt = (path: string) => ({ type: 'text/html; charset=utf-8', body: withRoot(html, path) })

const assets: Record<string, { type: string; body: string }> = {
  '/mailbox': pageAt('/mailbox'),
  '/mailbox/': pageAt('/mailbox/'),
  '/mailbox/app.js': { type: 'text/javascript; charset=utf-8', body: String(app) },
  '/mailbox/style.css': { type: 'text/css; charset=utf-8', body: `${palette}\n${styles}` },
}

export const mailboxPaths = Object.keys(assets)

/** The page or one of its assets. @returns undefined for any other path */
export function mailboxPage(path: string): Response | undefined {
  const asset = assets[path]
  if (!asset) return undefined
  return new Response(asset.body, {
    headers: {
      'content-type': asset.type,
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
    },
  })
}
