/** What the operator sees at start: where the server is, its keys, and what to paste to use it. */
import { relative } from 'node:path'
import type { Settings } from '../config'
import { server } from '../config/server'
import type { Keys } from '../keys'
import { isLoopback, isNearby } from '../lib/ip'
import { isMailboxOn } from '../policy'
import { version } from '../version'

const bold = (text: string) => `\u001b[1m${text}\u001b[22m`
const green = (text: string) => `\u001b[32m${text}\u001b[39m`
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`

export function banner(settings: Settings, keys: Keys, folder: string): string {
  const { server: own, mail, limits } = settings
  const url = clientUrl(settings)
  const rows: [string, string][] = [
    ['URL', url],
    ['Swagger UI', `${url}/swagger`],
    ...(isMailboxOn(settings) ? [['Mailbox', `${url}/mailbox`] as [string, string]] : []),
    ['Data', folder],
    ['Publishable', keys.publishable],
    ['Secret key', `${dim('run')} ${keysCommand(own.dataDir)}`],
  ]
  const notes = [
    ...(mail.mailerAutoconfirm
      ? ['Sign-ups count as confirmed; to confirm them by mail, start with --set AUTH_MAILER_AUTOCONFIRM=false.']
      : []),
    ...(limits.rateLimits === 'on' && isLocal(own.host)
      ? ['Rate limits are on; for a test suite start with --set AUTH_RATE_LIMITS=off.']
      : []),
  ]
  return [
    '',
    `  ${bold(green('Latchkey'))} ${version}  ${dim('Supabase Auth in one file')}`,
    '',
    ...rows.map(([name, value]) => `  ${dim(name.padEnd(12))} ${value}`),
    '',
    ...notes.map((note) => `  ${dim(note)}`),
    '',
    ...snippet(url, keys).map((line) => `    ${line}`),
    '',
    '',
  ].join('\n')
}

/** The command that prints the keys of this server, to be run from here. */
export function keysCommand(dataDir: string): string {
  const folder = dataDir === server.dataDir.default ? '' : ` --data-dir ${dataDir}`
  return `${ownCommand()} keys${folder}`
}

function ownCommand(): string {
  if (!Bun.isStandaloneExecutable) return 'latchkey'
  const path = relative(process.cwd(), process.execPath)
  return path.startsWith('..') ? process.execPath : `./${path}`
}

/** What supabase-js needs, ready to paste. */
function snippet(url: string, keys: Keys): string[] {
  return [
    "import { createClient } from '@supabase/supabase-js'",
    `const supabase = createClient('${url}', '${keys.publishable}')`,
  ]
}

/** The URL that supabase-js is given: it puts `/auth/v1` behind it by itself. */
export function clientUrl({ server: { apiExternalUrl } }: Settings): string {
  return apiExternalUrl.replace(/\/auth\/v1$/, '')
}

/** What is fine on a developer's machine and dangerous elsewhere. */
export function warnings(settings: Settings): string[] {
  const { host, apiExternalUrl, siteUrl } = settings.server
  const { mail, limits } = settings
  const found: string[] = []
  const isPublic = !isNearbyUrl(apiExternalUrl)
  if (isPublic && mail.mailbox === 'on')
    found.push(`AUTH_MAILBOX is on: everybody who reaches ${apiExternalUrl} can read all its mail`)
  if (isPublic && mail.mailbox === 'auto' && isMailboxOn(settings))
    found.push('no SMTP server is set (AUTH_SMTP_HOST): mail is not sent, and can be read at /mailbox on this machine')
  if (isLocal(host)) return found
  if (isLocalUrl(apiExternalUrl))
    found.push(
      `AUTH_API_EXTERNAL_URL is ${apiExternalUrl}: links and tokens name a host that only this machine can reach`,
    )
  else if (apiExternalUrl.startsWith('http:'))
    found.push('AUTH_API_EXTERNAL_URL is http: passwords and tokens travel in the clear')
  if (isLocalUrl(siteUrl)) found.push(`AUTH_SITE_URL is ${siteUrl}`)
  if (isMailboxOn(settings) && !isPublic)
    found.push('everybody who reaches this server can read all its mail at /mailbox (AUTH_MAILBOX)')
  if (mail.mailerAutoconfirm) found.push('sign-ups count as confirmed without a mail (AUTH_MAILER_AUTOCONFIRM)')
  if (limits.rateLimits === 'off') found.push('AUTH_RATE_LIMITS is off: passwords can be guessed without end')
  return found.map((problem) => `DEVELOPMENT SETTINGS ON A PUBLIC ADDRESS (${host}): ${problem}`)
}

const isLocal = (host: string) => host === 'localhost' || isLoopback(host)
const isLocalUrl = (url: string) => isLocal(new URL(url).hostname.replace(/^\[|\]$/g, ''))
const isNearbyUrl = (url: string) => isNearby(new URL(url).hostname)
