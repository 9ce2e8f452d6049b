import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { requireAccess } from '../adapters/data-folder'
import { mailDns } from '../adapters/mail-dns'
import { systemClock } from '../adapters/system'
import { commandCore } from '../compose/command-core'
import { databaseTarget } from '../compose/keys'
import { smtpMailerOf } from '../compose/mail'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { isWrong } from '../config/sources'
import { isLoopbackHost } from '../lib/ip'
import { within } from '../lib/timers'
import { commit, version } from '../version'
import { isLocalNetworkUrl } from './addresses'
import { openServerData } from './data'
import {
  clockFinding,
  type Finding,
  failed,
  mailDnsFindings,
  ok,
  permissionFinding,
  proxyFinding,
  warn,
} from './doctor-findings'
import { EXIT } from './exit-status'
import { commandWith } from './invocation'
import { print } from './output'
import { otherServerProblem, runningServer } from './running-server'
import { readSettings } from './settings'
import { printable, usesColor } from './terminal'
import { warnings } from './warnings'

const TIMEOUT_MS = 3000

/**
 * `latchkey doctor`: looks for what makes a server fail in operation. Read-only apart from the write test of the
 * database; every look at the network ends within three seconds. Exit status 1 if a check fails.
 */
export async function doctor(command: Command): Promise<void> {
  const { settings, problems } = readSettings(command)
  const groups = await Promise.all([
    [ok('version', `latchkey ${version} (commit ${commit})`)],
    settingsFindings(settings, problems),
    dataFindings(settings),
    databaseFindings(settings),
    serverFindings(settings),
    publicUrlFindings(settings),
    mailFindings(settings),
  ])
  const findings = groups.flat()
  const count = (state: Finding['state']) => findings.filter((each) => each.state === state).length
  const value = { ok: count('fail') === 0, findings }
  print(command, value, () =>
    [...findings.map(lineOf), '', `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`].join('\n'),
  )
  // Connections that were given up would keep the process alive.
  process.stdout.write('', () => process.exit(value.ok ? EXIT.ok : EXIT.failure))
}

const COLORS = { ok: 32, warn: 33, fail: 31 }

function lineOf({ check, state, message, advice }: Finding): string {
  const padded = state.padEnd(4)
  const shown = usesColor(process.stdout) ? `\u001b[${COLORS[state]}m${padded}\u001b[39m` : padded
  return `${shown}  ${check.padEnd(11)}  ${printable(message)}${advice === undefined ? '' : `\n${' '.repeat(19)}→ ${printable(advice)}`}`
}

function settingsFindings(settings: Settings, problems: ReturnType<typeof readSettings>['problems']): Finding[] {
  const found = [
    ...problems
      .filter(({ severity }) => severity !== 'note')
      .map((problem) =>
        isWrong(problem)
          ? failed('settings', problem.message, 'correct it; latchkey check lists all problems')
          : warn('settings', problem.message, 'latchkey check --print shows where each setting comes from'),
      ),
    ...warnings(settings).map((message) => warn('settings', message, 'change the setting, unless this is intended')),
  ]
  return found.length > 0 ? found : [ok('settings', 'all are valid')]
}

/** Permissions of the data folder and of the secrets in it. On Postgres, there is no folder. */
function dataFindings(settings: Settings): Finding[] {
  const folder = resolve(settings.server.dataDir)
  if (isOnPostgres(settings) || process.platform === 'win32') return []
  try {
    requireAccess(folder)
  } catch (error) {
    return [failed('permissions', (error as Error).message, `run it as the owner of ${folder}`)]
  }
  return (
    [
      [folder, 'folder'],
      [join(folder, 'secrets.json'), 'file'],
      [join(folder, 'latchkey.db'), 'file'],
    ] as const
  ).flatMap(([path, kind]) => {
    const found = statSync(path, { throwIfNoEntry: false })
    return found ? [permissionFinding(path, found.mode, kind)] : []
  })
}

async function databaseFindings(settings: Settings): Promise<Finding[]> {
  const advice: Record<string, string> = {
    disk: 'free space on the disk of the database, or move the data folder',
    mail: 'look at latchkey mail list, and test the mail server with latchkey mail test <address>',
    clock: 'set the clock of this machine, and keep it set with NTP (timedatectl set-ntp true)',
  }
  try {
    await using data = await openServerData(settings)
    await using core = await commandCore({ settings, ...data, report: () => {} })
    const task = core.forTask()
    const { findings } = await task.checkReadiness(() => {})
    const found = Object.entries(findings).map(([name, { state, reason = state, isFatal }]) => {
      if (state === 'ok') return ok(name, 'ok')
      const what = advice[name] ?? 'correct what the message names'
      return isFatal ? failed(name, reason, what) : warn(name, reason, what)
    })
    const space = await task.diskSpace()
    const free = space?.freeBytes
    return found.map((each) =>
      each.check === 'disk' && each.state === 'ok' && free !== undefined
        ? ok('disk', `${(free / 2 ** 30).toFixed(1)} GiB are free`)
        : each,
    )
  } catch (error) {
    const what = isNew(settings)
      ? `start the server once: ${commandWith('serve', settings.server.dataDir)}`
      : 'correct what the message names'
    return [failed('database', (error as Error).message, what)]
  }
}

/** Whether there is no database file. One that this user may not look for may be there. */
function isNew(settings: Settings): boolean {
  if (isOnPostgres(settings)) return false
  try {
    return statSync(databaseTarget(settings, resolve(settings.server.dataDir)), { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

async function serverFindings(settings: Settings): Promise<Finding[]> {
  const running = await runningServer(settings)
  if (running.version === undefined)
    return [
      warn(
        'server',
        running.reason,
        running.isStopped
          ? `start it: ${commandWith('serve', settings.server.dataDir)}`
          : 'name the port of the server (--port) or its data (--data-dir); for a new server, set AUTH_PORT to a free port',
      ),
    ]
  if (running.version === version) return [ok('server', `runs, version ${version}`)]
  return [warn('server', `runs version ${running.version}, while this is ${version}`, 'restart it after an upgrade')]
}

/** Asks the server by its public URL: this shows whether the proxy works, and its clock. */
async function publicUrlFindings(settings: Settings): Promise<Finding[]> {
  const { host, apiExternalUrl, trustedProxies } = settings.server
  const isLocal = isLocalNetworkUrl(apiExternalUrl)
  const proxy = proxyFinding({
    apiExternalUrl,
    isLoopback: isLoopbackHost(host),
    isLocal,
    trustedProxies: trustedProxies.length,
  })
  if (isLocal) return [proxy]
  const url = `${apiExternalUrl.replace(/\/+$/, '')}/health`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    const body = (await answer.json().catch(() => undefined)) as { version?: unknown } | undefined
    const problem =
      answer.ok && typeof body?.version === 'string'
        ? otherServerProblem(settings, url, answer)
        : `${url} answers with status ${answer.status}, but not as this server does`
    const found =
      problem === undefined
        ? ok('public url', `${url} answers`)
        : failed('public url', problem, 'let the proxy pass this path to the server, or correct AUTH_API_EXTERNAL_URL')
    const date = Date.parse(answer.headers.get('date') ?? '')
    const clock = Number.isNaN(date) ? [] : [clockFinding(systemClock.now(), date, `the clock of ${new URL(url).host}`)]
    return [proxy, found, ...clock]
  } catch (error) {
    const advice = 'correct AUTH_API_EXTERNAL_URL, the DNS record of its host, or the proxy'
    return [proxy, warn('public url', `${url} cannot be reached from here: ${(error as Error).message}`, advice)]
  }
}

/** The mail server, and DNS of the sender's domain. */
async function mailFindings(settings: Settings): Promise<Finding[]> {
  const { smtpHost, smtpPort, smtpAdminEmail } = settings.mail
  if (settings.hooks.sendEmailEnabled) return [ok('mail', 'goes to the Send Email hook')]
  const mailer = smtpMailerOf(settings, TIMEOUT_MS)
  if (!mailer || smtpHost === undefined)
    return [
      isLocalNetworkUrl(settings.server.apiExternalUrl)
        ? ok('mail', 'no SMTP server is set: mail is shown at /mailbox')
        : failed('mail', 'no SMTP server is set: mail is not sent', 'set AUTH_SMTP_HOST, or run latchkey init'),
    ]
  const domain = smtpAdminEmail.split('@').at(-1) ?? ''
  const [delivery, dns] = await Promise.all([
    within(TIMEOUT_MS, mailer.verify(), () => ({ outcome: 'unavailable' as const, error: 'no answer in time' })),
    isPublicDomain(domain) ? mailDns(domain) : undefined,
  ])
  mailer.close()
  const server = `${smtpHost}:${smtpPort}`
  return [
    delivery.outcome === 'sent'
      ? ok('mail server', `${server} accepts the login`)
      : failed(
          'mail server',
          `${server}: ${delivery.error}`,
          'correct AUTH_SMTP_…; many networks block port 25, so use 587 or 465',
        ),
    ...(dns
      ? mailDnsFindings(domain, dns, smtpHost)
      : [
          warn(
            'mail sender',
            `${smtpAdminEmail} is not an address of the internet`,
            'set AUTH_SMTP_ADMIN_EMAIL to an address of your domain',
          ),
        ]),
  ]
}

/** Names reserved for local use (RFC 2606, RFC 6762). */
const isPublicDomain = (domain: string) =>
  domain.includes('.') && !/(^|\.)(localhost|local|test|invalid|example|internal)$/i.test(domain)
