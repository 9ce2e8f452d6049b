/** The startup banner: the URL, the keys, and a snippet to paste. */
import type { Keys } from '../compose/keys'
import { databaseTarget, shownDatabase } from '../compose/keys'
import type { Settings } from '../config'
import { mailDelivery } from '../config/mail-delivery'
import { isOnPostgres } from '../config/postgres-checks'
import { isLoopbackHost } from '../lib/ip'
import { version } from '../version'
import { type Addresses, addressesOf, isLocalNetworkUrl, urlOf } from './addresses'
import { commandWith, startWith } from './invocation'

export interface BannerOptions {
  /** Absolute path of the data folder. */
  folder: string
  /** Undefined if it is off. */
  dashboard?: string | undefined
  /** The link to the first administrator, while there is none. */
  setup?: string | undefined
  /** Supabase's config.toml, if it was read. */
  configToml?: string | undefined
  isColored: boolean
}

export function banner(
  settings: Settings,
  keys: Keys,
  { folder, configToml, dashboard, setup, isColored }: BannerOptions,
): string {
  const style = (code: number, end: number) => (text: string) =>
    isColored ? `\u001b[${code}m${text}\u001b[${end}m` : text
  const [bold, green, dim] = [style(1, 22), style(32, 39), style(2, 22)] as const
  const addresses = addressesOf(settings)
  const rows: [string, string][] = [
    ...placesOf(settings, addresses, dashboard),
    ...(setup === undefined ? [] : [['First admin', setup] satisfies [string, string]]),
    ...dataOf(settings, folder),
    ...(configToml === undefined ? [] : [['Settings', configToml] satisfies [string, string]]),
    ['Publishable', keys.publishable],
    ['Secret key', `${dim('run')} ${commandWith('keys', settings.server.dataDir)}`],
  ]
  return [
    '',
    `  ${bold(green('Latchkey'))} ${version}  ${dim('Supabase Auth in one file')}`,
    '',
    ...rows.map(([name, value]) => `  ${dim(name.padEnd(12))} ${value}`),
    '',
    ...adviceFor(settings).map((note) => `  ${dim(note)}`),
    '',
    ...snippet(addresses.client, keys).map((line) => `    ${line}`),
    '',
    '',
  ].join('\n')
}

/** Where the data is. On Postgres, nothing is in the folder. */
function dataOf(settings: Settings, folder: string): [string, string][] {
  const database: [string, string] = ['Database', shownDatabase(databaseTarget(settings, folder))]
  if (isOnPostgres(settings)) return [database]
  return settings.database.url === undefined ? [['Data', folder]] : [['Data', folder], database]
}

/** Each URL of the server, and who may use it. */
function placesOf(
  { server, mail, hooks }: Settings,
  addresses: Addresses,
  dashboard: string | undefined,
): [string, string][] {
  const { client, local, isOne, network, mailbox } = addresses
  const rows: [string, string][] = [['URL', client]]
  if (!isOne) rows.push(['Listening', urlOf(server.host, server.port)])
  for (const url of network) rows.push(['Network', url])
  if (dashboard !== undefined) rows.push(['Dashboard', dashboard])
  if (server.swagger) rows.push(['Swagger UI', `${local}/swagger`])
  if (mailbox) rows.push(['Mailbox', mailbox.url + (mailbox.reach === 'anyone' ? '' : '  (on this machine only)')])
  if (hooks.sendEmailEnabled) rows.push(['Mail', 'goes to the Send Email hook'])
  else if (mail.smtpHost !== undefined) rows.push(['Mail', `goes to ${mail.smtpHost}:${mail.smtpPort}`])
  return rows
}

/** Settings that the operator may want to change. Problems are warnings in the log. */
function adviceFor(settings: Settings): string[] {
  const { server, mail, limits } = settings
  const isPublic = !isLoopbackHost(server.host) || !isLocalNetworkUrl(server.apiExternalUrl)
  const sendsMail = mailDelivery(settings) !== 'mailbox'
  const advice: string[] = []
  if (mail.mailerAutoconfirm && isPublic)
    advice.push(
      sendsMail
        ? 'Sign-ups are confirmed without a mail (AUTH_MAILER_AUTOCONFIRM).'
        : 'Sign-ups are confirmed automatically; to confirm them by mail, set AUTH_SMTP_HOST.',
    )
  if (mail.mailerAutoconfirm && !isPublic)
    advice.push(
      `Sign-ups are confirmed automatically. To require confirmation by mail: ${startWith('--set AUTH_MAILER_AUTOCONFIRM=false')}`,
    )
  if (limits.rateLimits === 'on' && !isPublic)
    advice.push(`Rate limits are on. To turn them off for a test suite: ${startWith('--set AUTH_RATE_LIMITS=off')}`)
  if (limits.rateLimits === 'on' && !isLocalNetworkUrl(server.apiExternalUrl) && server.trustedProxies.length === 0)
    advice.push('Behind a proxy, all clients share one rate limit until AUTH_TRUSTED_PROXIES lists the proxy.')
  return advice
}

/** A supabase-js snippet, ready to paste. */
function snippet(url: string, keys: Keys): string[] {
  return [
    "import { createClient } from '@supabase/supabase-js'",
    `const supabase = createClient('${url}', '${keys.publishable}')`,
  ]
}
