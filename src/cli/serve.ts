import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ensureSecrets, openDataFolder, type Secrets } from '../adapters/data-folder'
import { type LogOutput, logOutput, standardOutput } from '../adapters/log-output'
import { systemClock, systemRandom } from '../adapters/system'
import { type App, createApp } from '../compose/app'
import { databaseTarget, shownDatabase } from '../compose/keys'
import type { Settings } from '../config'
import type { Configuration } from '../config/load'
import { isOnPostgres } from '../config/postgres-checks'
import { SWEEP_INTERVAL_MS } from '../core/operations/sweep'
import { createLog, type Log, logLine } from '../http/log'
import { targetOf } from '../http/target'
import { MINUTE } from '../lib/milliseconds'
import { every, within } from '../lib/timers'
import { lockData } from '../store/database'
import { addressesOf, urlOf } from './addresses'
import { startBackup } from './backup-process'
import { banner } from './banner'
import { serveDashboard, setupLink } from './dashboard'
import { requireNotNewer } from './data'
import { exitOnError } from './exit-status'
import { commandWith } from './invocation'
import { listen } from './listener'
import { type MetricsPage, metricsPage } from './metrics-page'
import { lowLimitWarning, openFileLimit, watchOpenFiles } from './open-files'
import { requireSettings } from './settings'
import { logUncaughtErrors, stopOnSignal } from './shutdown'
import { usesColor } from './terminal'
import { warnings } from './warnings'

const FIRST_SWEEP_MS = MINUTE
const REFRESH_TEMPLATES_MS = 30_000
/** How soon changes of another process are noticed; if processes share the database, they tell each other. */
const REFRESH_KEYS_MS = 1000
const REFRESH_SHARED_KEYS_MS = 10_000

/** `latchkey serve`: handles requests until a signal stops it. */
export async function serve(command: Command): Promise<void> {
  const configuration = requireSettings(command)
  const { server } = configuration.settings
  const { log, output } = logOf(configuration.settings)
  const { folder, secrets } = await exitOnError(() => prepare(configuration.settings))
  // The port is bound before the database is opened: its number may be part of the server's own URL.
  const { promise: starting, resolve: started } = Promise.withResolvers<App>()
  let app: App | undefined
  const { idleTimeoutMs } = server
  const onError = (error: unknown) => log.error('unhandled error', { error: String(error) })
  const listener = listen({
    host: server.host,
    port: server.port,
    idleTimeoutMs,
    onError,
    answer: (request, peers) =>
      app ? app.fetch(request, peers) : answerSoon(starting.then((ready) => ready.fetch(request, peers))),
  })
  const actual = server.port === 0 ? requireSettings(command, { '--port': String(listener.port) }) : configuration
  const { settings, loaded, configToml } = actual
  app = await exitOnError(() =>
    createApp({
      settings,
      loaded,
      secrets,
      folder,
      log,
      keysCommand: commandWith('keys', settings.server.dataDir),
      startBackup: () => startBackup(settings),
    }),
  )
  logUncaughtErrors(log)
  started(app)
  report(actual, log)
  const page = app.metrics && metricsPage(app, app.metrics)
  const metricsListener =
    page &&
    listen({
      host: server.metricsHost,
      port: server.metricsPort ?? 0,
      idleTimeoutMs,
      onError,
      answer: (request) => answerMetrics(request, page),
    })
  const dashboard = serveDashboard(settings, app, { idleTimeoutMs, onError })
  const sweeper = settings.sessions.sweep ? startSweeping(app, log) : undefined
  if (process.stdout.isTTY)
    process.stdout.write(
      banner(settings, app.keys, {
        folder,
        configToml,
        dashboard: dashboard.url,
        setup: await setupLink(app, log, dashboard.url),
        isColored: usesColor(process.stdout),
      }),
    )
  else logStart(log, actual, app, { folder, dashboard: dashboard.url })
  if (metricsListener) log.info('metrics', { url: urlOf(server.metricsHost, metricsListener.port) })
  const refreshers = [startRefreshing(app, log), startFollowingKeys(app), watchOpenFiles(log)]
  const listeners = [listener, metricsListener, dashboard.listener].filter((each) => each !== undefined)
  stopOnSignal(log, listeners, {
    begin: app.beginStopping,
    async end() {
      clearInterval(sweeper)
      page?.stop()
      for (const refresher of refreshers) clearInterval(refresher)
      await app.close()
    },
    flush: output.end,
  })
}

/** How long a request waits for the start to end. */
const STARTING_MS = 2000

/** A migration may take long, and a database on another machine may start later. */
function answerSoon(answer: Promise<Response>): Promise<Response> {
  const starting = () => new Response('The server is starting.\n', { status: 503, headers: { 'retry-after': '1' } })
  return within(STARTING_MS, answer, starting)
}

/**
 * Prepares everything needed before listening: the folder, its lock and its secrets. On Postgres there is nothing to
 * prepare, so a server needs no disk.
 */
async function prepare(settings: Settings): Promise<{ folder: string; secrets: Secrets | undefined }> {
  if (isOnPostgres(settings)) return { folder: resolve(settings.server.dataDir), secrets: undefined }
  const folder = openDataFolder(settings.server.dataDir)
  const database = databaseTarget(settings, folder)
  await requireNotNewer(database)
  lockData(folder, database)
  const { secrets } = ensureSecrets(folder, { database, random: systemRandom.bytes, now: systemClock.now() })
  return { folder, secrets }
}

function logOf({ server: { logLevel: level, logFormat } }: Settings): { log: Log; output: LogOutput } {
  const text = usesColor(process.stdout) ? 'colored' : 'text'
  const isText = logFormat === 'text' || (logFormat === 'auto' && process.stdout.isTTY)
  const format = isText ? text : 'json'
  const { now } = systemClock
  const droppedLines = (lines: number) => logLine({ format, now: now() }, 'warn', 'log lines were dropped', { lines })
  const output = logOutput(standardOutput(), droppedLines)
  return { log: createLog({ level, format, write: output.write, now }), output }
}

async function answerMetrics(request: Request, page: MetricsPage): Promise<Response> {
  if (targetOf(request).path !== '/metrics') return new Response('404 page not found\n', { status: 404 })
  return page.print()
}

function report({ problems, settings, supabase }: Configuration, log: Log): void {
  for (const { severity, message } of problems) log[severity === 'note' ? 'debug' : 'warn'](message)
  const idle = supabase.differs.length + supabase.notHere.length
  if (idle > 0)
    log.info(
      `${idle} ${idle === 1 ? 'setting' : 'settings'} of Supabase without effect; for the reasons, run ${commandWith('check')}`,
    )
  for (const message of warnings(settings)) log.warn(message)
  const lowLimit = lowLimitWarning(openFileLimit())
  if (lowLimit !== undefined) log.warn(lowLimit)
}

function logStart(
  log: Log,
  { settings, configToml }: Configuration,
  { keys }: App,
  { folder, dashboard }: { folder: string; dashboard: string | undefined },
): void {
  const { server, mail } = settings
  const { network, local, mailbox } = addressesOf(settings)
  log.info('listening', {
    url: urlOf(server.host, server.port),
    ...(network.length > 0 && { network: network.join(' ') }),
    api: server.apiExternalUrl,
    ...(dashboard !== undefined && { dashboard }),
    ...(server.swagger && { swagger: `${local}/swagger` }),
    ...(isOnPostgres(settings) ? { database: shownDatabase(databaseTarget(settings, folder)) } : { data: folder }),
    ...(configToml !== undefined && { config: configToml }),
    publishable_key: keys.publishable,
    secret_key: commandWith('keys', server.dataDir),
    autoconfirm: mail.mailerAutoconfirm,
    ...(mailbox && { mailbox: mailbox.url, mailbox_answers: mailbox.reach }),
  })
}

function startSweeping({ core }: App, log: Log): Timer {
  const sweep = () => {
    void core
      .forTask()
      .sweepInTurn()
      .then(
        (removed) => removed && log.debug('deleted expired data', removed),
        (error: unknown) => log.error('could not delete expired data', { error: String(error) }),
      )
  }
  setTimeout(sweep, FIRST_SWEEP_MS).unref()
  return every(SWEEP_INTERVAL_MS, sweep)
}

/** Rereads changed templates; a broken one leaves the last good one in place. */
function startRefreshing({ templates }: App, log: Log): Timer {
  return every(REFRESH_TEMPLATES_MS, () => {
    void templates.refresh().then((broken) => {
      for (const message of broken) log.error(message)
    })
  })
}

/** `latchkey keys rotate` and similar commands change them in another process. */
function startFollowingKeys({ refreshKeys, store }: App): Timer {
  return every(store.shared ? REFRESH_SHARED_KEYS_MS : REFRESH_KEYS_MS, () => void refreshKeys())
}
