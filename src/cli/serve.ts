import type { Command } from 'commander'
import { ensureSecrets, lockData, openDataFolder, type Secrets } from '../adapters/data-folder'
import { systemClock, systemRandom } from '../adapters/system'
import { type App, createApp } from '../app'
import type { Settings } from '../config'
import type { Configuration } from '../config/load'
import { createLog, type Log } from '../http/log'
import type { Metrics } from '../http/metrics'
import { targetOf } from '../http/target'
import { databasePath } from '../keys'
import { isMailboxOn } from '../policy'
import { banner, keysCommand, warnings } from './banner'
import { fail, orFail, requireSettings } from './settings'

/** Our own reader refuses sooner, in words; this is where Bun cuts a connection off (settled 22). */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
const DRAIN_MS = 10_000
const IDLE_SECONDS = 30
const SWEEP_EVERY_MS = 10 * 60_000
const FIRST_SWEEP_MS = 60_000
const REFRESH_TEMPLATES_MS = 30_000
const REFRESH_KEYS_MS = 1000

/** `latchkey serve`: answers requests until a signal ends it. */
export async function serve(command: Command): Promise<void> {
  const configuration = requireSettings(command)
  const { server } = configuration.settings
  const log = logOf(configuration.settings)
  const { folder, secrets } = await orFail(() => prepare(configuration.settings))
  // The port is taken before the database is opened: its number may decide what the server calls itself.
  const { promise: starting, resolve: started } = Promise.withResolvers<App>()
  let app: App | undefined
  const listener = listen(server.host, server.port, async (request, peers) =>
    (app ?? (await starting)).fetch(request, peers),
  )
  const actual = server.port === 0 ? requireSettings(command, { '--port': String(listener.port) }) : configuration
  const { settings } = actual
  app = await orFail(() => createApp({ settings, secrets, folder, log }))
  started(app)
  report(actual, log)
  const { metrics } = app
  const metricsListener =
    metrics && listen(server.metricsHost, server.metricsPort ?? 0, (request) => answerMetrics(request, metrics, app))
  const sweeper = settings.sessions.sweep ? startSweeping(app, log) : undefined
  if (process.stdout.isTTY) process.stdout.write(banner(settings, app.keys, folder))
  else logStart(log, settings, app, folder)
  if (metricsListener) log.info('metrics', { url: urlOf(server.metricsHost, metricsListener) })
  const refreshers = [startRefreshing(app, log), startFollowingKeys(app, log)]
  stopOnSignal(log, [listener, ...(metricsListener ? [metricsListener] : [])], {
    begin: app.endStreams,
    async end() {
      clearInterval(sweeper)
      for (const refresher of refreshers) clearInterval(refresher)
      await app.close()
    },
  })
}

/** What must be in hand before anything listens: the folder, its lock and its secrets. */
function prepare(settings: Settings): { folder: string; secrets: Secrets } {
  const folder = openDataFolder(settings.server.dataDir)
  const database = databasePath(settings, folder)
  lockData(folder, database)
  const { secrets } = ensureSecrets(folder, { database, random: systemRandom.bytes, now: systemClock.now() })
  return { folder, secrets }
}

function logOf({ server: { logLevel, logFormat } }: Settings): Log {
  const format = logFormat === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : logFormat
  return createLog({ level: logLevel, format, write: (text) => process.stdout.write(text), now: systemClock.now })
}

type Listener = ReturnType<typeof Bun.serve>

function listen(
  host: string,
  port: number,
  fetch: (request: Request, server: Listener) => Response | Promise<Response>,
): Listener {
  try {
    return Bun.serve({
      hostname: host,
      port,
      reusePort: false,
      // Bun's own page for a thrown error shows where and how
      development: false,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      idleTimeout: IDLE_SECONDS,
      fetch,
      error: () => new Response('Internal Server Error', { status: 500 }),
    })
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'EADDRINUSE')
      return fail(`port ${port} on ${host} is taken; stop what listens there, or choose another with --port`)
    return fail(`cannot listen on ${host}:${port}: ${message}`)
  }
}

async function answerMetrics(request: Request, metrics: Metrics, { core }: App): Promise<Response> {
  if (targetOf(request).path !== '/metrics') return new Response('404 page not found\n', { status: 404 })
  const { length, oldestMs } = await core.mailQueue()
  const gauges = [
    { name: 'latchkey_mail_queue_length', help: 'Mails that wait to be sent.', value: length },
    {
      name: 'latchkey_mail_queue_oldest_seconds',
      help: 'How long the oldest of them has waited.',
      value: oldestMs / 1000,
    },
  ]
  return new Response(metrics.print(gauges), {
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  })
}

/** Such as `http://127.0.0.1:7020`, or `http://[::1]:7020`. */
function urlOf(host: string, { port }: Pick<Listener, 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function report({ problems, settings }: Configuration, log: Log): void {
  for (const { severity, message } of problems) log[severity === 'note' ? 'debug' : 'warn'](message)
  for (const message of warnings(settings)) log.warn(message)
}

function logStart(log: Log, settings: Settings, { keys }: App, folder: string): void {
  const { server, mail } = settings
  const url = urlOf(server.host, server)
  log.info('listening', {
    url,
    api: server.apiExternalUrl,
    swagger: `${url}/swagger`,
    data: folder,
    publishable_key: keys.publishable,
    secret_key: keysCommand(server.dataDir),
    autoconfirm: mail.mailerAutoconfirm,
    ...(isMailboxOn(settings) && { mailbox: `${url}/mailbox` }),
  })
}

function startSweeping({ core }: App, log: Log): Timer {
  const sweep = () => {
    void core.sweep().then(
      (removed) => log.debug('swept', removed),
      (error: unknown) => log.error('sweep failed', { error: String(error) }),
    )
  }
  setTimeout(sweep, FIRST_SWEEP_MS).unref()
  const timer = setInterval(sweep, SWEEP_EVERY_MS)
  timer.unref()
  return timer
}

/** Templates are read again where they changed; a broken one leaves the last good one in its place. */
function startRefreshing({ templates }: App, log: Log): Timer {
  const timer = setInterval(() => {
    void templates.refresh().then((broken) => {
      for (const message of broken) log.error(message)
    })
  }, REFRESH_TEMPLATES_MS)
  timer.unref()
  return timer
}

/** `latchkey keys rotate` and its like change them in another process. */
function startFollowingKeys({ refreshKeys }: App, log: Log): Timer {
  const timer = setInterval(() => {
    void refreshKeys().catch((error: unknown) => log.error('signing keys cannot be read', { error: String(error) }))
  }, REFRESH_KEYS_MS)
  timer.unref()
  return timer
}

interface Stopping {
  /** Before requests are waited for. */
  begin(): void
  /** After the last of them. */
  end(): Promise<void>
}

/** The first signal lets running requests finish, ten seconds at most; a second one ends the process at once. */
function stopOnSignal(log: Log, listeners: Listener[], { begin, end }: Stopping): void {
  let isStopping = false
  const stop = async (signal: string) => {
    if (isStopping) process.exit(1)
    isStopping = true
    log.info('stopping', { signal })
    begin()
    const isDrained = await Promise.race([
      Promise.all(listeners.map((listener) => listener.stop())).then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), DRAIN_MS)),
    ])
    if (!isDrained) {
      log.warn('some clients did not finish in 10 s; their connections are closed')
      void Promise.all(listeners.map((listener) => listener.stop(true)))
    }
    await end()
    log.info('stopped')
    log.flush()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))
  process.on('unhandledRejection', (error) =>
    log.error('fault', { error: String(error), stack: error instanceof Error ? error.stack : undefined }),
  )
}
