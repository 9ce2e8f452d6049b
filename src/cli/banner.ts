/** What the operator sees at start: where the server is, its keys, and what to paste to use it. */
import { join, relative } from 'node:path'
import type { Keys } from '../app'
import type { Settings } from '../config'
import { isLoopback } from '../lib/ip'
import { version } from '../version'

const bold = (text: string) => `\u001b[1m${text}\u001b[22m`
const green = (text: string) => `\u001b[32m${text}\u001b[39m`
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`

export function banner(settings: Settings, keys: Keys, folder: string): string {
  const { server, accounts, limits } = settings
  const url = clientUrl(settings)
  const rows: [string, string][] = [
    ['URL', url],
    ['Swagger UI', `${url}/swagger`],
    ['Data', folder],
    ['Publishable', keys.publishable],
    ['Secret key', `${dim('run')} ${ownCommand()} keys`],
  ]
  const notes = [
    ...(accounts.mailerAutoconfirm ? ['Sign-ups count as confirmed: this version sends no mail yet.'] : []),
    ...(limits.rateLimits === 'on' && isLocal(server.host)
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

/** How this executable is called from here. */
export function ownCommand(): string {
  if (!Bun.isStandaloneExecutable) return 'latchkey'
  const path = relative(process.cwd(), process.execPath)
  return path.startsWith('..') ? process.execPath : join('.', path)
}

/** What supabase-js needs, ready to paste. */
function snippet(url: string, keys: Keys): string[] {
  return [
    "import { createClient } from '@supabase/supabase-js'",
    `const supabase = createClient('${url}', '${keys.publishable}')`,
  ]
}

/** The URL that supabase-js is given: it puts `/auth/v1` behind it by itself. */
export function clientUrl({ server }: Settings): string {
  return (server.apiExternalUrl ?? '').replace(/\/auth\/v1$/, '')
}

/** What is fine on a developer's machine and dangerous elsewhere. */
export function warnings({ server, accounts, limits }: Settings): string[] {
  if (isLocal(server.host)) return []
  const found: string[] = []
  if (/^https?:\/\/(localhost|127\.|\[::1\])/.test(server.apiExternalUrl ?? ''))
    found.push(
      `AUTH_API_EXTERNAL_URL is ${server.apiExternalUrl}: links and tokens name a host that only this machine can reach`,
    )
  else if (server.apiExternalUrl?.startsWith('http:'))
    found.push('AUTH_API_EXTERNAL_URL is http: passwords and tokens travel in the clear')
  if (/^https?:\/\/(localhost|127\.|\[::1\])/.test(server.siteUrl)) found.push(`AUTH_SITE_URL is ${server.siteUrl}`)
  if (accounts.mailerAutoconfirm) found.push('sign-ups count as confirmed without a mail (AUTH_MAILER_AUTOCONFIRM)')
  if (limits.rateLimits === 'off') found.push('AUTH_RATE_LIMITS is off: passwords can be guessed without end')
  return found.map((problem) => `DEVELOPMENT SETTINGS ON A PUBLIC ADDRESS (${server.host}): ${problem}`)
}

const isLocal = (host: string) => host === 'localhost' || isLoopback(host)
