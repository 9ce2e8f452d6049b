import type { Command } from 'commander'
import { ensureSecrets, lockDataFolder, openDataFolder } from '../adapters/data-folder'
import { systemClock, systemRandom } from '../adapters/system'
import { type App, createApp } from '../app'
import type { Settings } from '../config'
import type { Configuration } from '../config/load'
import { createLog, type Log } from '../http/log'
import type { Metrics } from '../http/metrics'
import { banner, ownCommand, warnings } from './banner'
import { fail, orFail, requireSettings } from './settings'

/** Our own reader refuses sooner, in words; this is where Bun cuts a connection off (settled 22). */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
const DRAIN_MS = 10_000
const IDLE_SECONDS = 30
const SWEEP_EVERY_MS = 10 * 60_000
const FIRST_SWEEP_MS = 60_000

/** `latchkey serve`: answers requests until a signal ends it. */
export async function serve(command: Command): Promise<void> {
  const configuration = requireSettings(command)
  const { settings } = configuration
  const { folder, secrets } = await orFail(() => {
    const opened = openDataFolder(settings.server.dataDir)
    lockDataFolder(opened)
    return { folder: opened, secrets: ensureSecrets(opened, systemRandom.bytes, systemClock.now()) }
  })
  const log = logOf(settings)
  // The port is taken before the database is opened: its number may decide what the server calls itself.
  const { promise: starting, resolve: started } = Promise.withResolvers<App>()
  let app: App | undefined
  const listener = listen(settings, async (request, server) => (app ?? (await starting)).fetch(request, server))
  const actual =
    settings.server.port === 0 ? requireSettings(command, { '--port': String(listener.port) }) : configuration
  app = await orFail(() => createApp({ settings: actual.settings, secrets, folder, log }))
  started(app)
  report(actual, log)
  const metricsListener = app.metrics && listenForMetrics(actual.settings, app.metrics)
  const sweeper = actual.settings.sessions.sweep ? startSweeping(app, log) : undefined
  process.stdout.isTTY
    ? process.stdout.write(banner(actual.settings, app.keys, folder))
    : logStart(log, actual.settings, app, folder)
  stopOnSignal(log, async () => {
    clearInterval(sweeper)
    await Promise.all([listener.stop(), metricsListener?.stop()])
    await app.close()
  })
}

function logOf({ server: { logLevel, logFormat } }: Settings): Log {
  const format = logFormat === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : logFormat
  return createLog({ level: logLevel, format, write: (text) => process.stdout.write(text), now: systemClock.now })
}

type Listener = ReturnType<typeof Bun.serve>

function listen({ server }: Settings, fetch: (request: Request, server: Listener) => Promise<Response>): Listener {
  try {
    return Bun.serve({
      hostname: server.host,
      port: server.port,
      reusePort: false,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      idleTimeout: IDLE_SECONDS,
      fetch,
    })
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'EADDRINUSE')
      return fail(
        `port ${server.port} on ${server.host} is taken; stop what listens there, or choose another with --port`,
      )
    return fail(`cannot listen on ${server.host}:${server.port}: ${message}`)
  }
}

function listenForMetrics({ server }: Settings, metrics: Metrics): Listener {
  return Bun.serve({
    hostname: server.metricsHost,
    port: server.metricsPort ?? 0,
    reusePort: false,
    fetch: (request) =>
      new URL(request.url).pathname === '/metrics'
        ? new Response(metrics.print(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
        : new Response('404 page not found\n', { status: 404 }),
  })
}

function report({ problems, settings }: Configuration, log: Log): void {
  for (const { severity, message } of problems) log[severity === 'note' ? 'debug' : 'warn'](message)
  for (const message of warnings(settings)) log.warn(message)
}

function logStart(log: Log, { server, accounts }: Settings, { keys }: App, folder: string): void {
  log.info('listening', {
    url: `http://${server.host}:${server.port}`,
    api: server.apiExternalUrl,
    swagger: `http://${server.host}:${server.port}/swagger`,
    data: folder,
    publishable_key: keys.publishable,
    secret_key: `${ownCommand()} keys`,
    autoconfirm: accounts.mailerAutoconfirm,
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

/** The first signal lets running requests finish; a second one, or ten seconds, ends the process at once. */
function stopOnSignal(log: Log, stop: () => Promise<void>): void {
  let isStopping = false
  const onSignal = async (signal: string) => {
    if (isStopping) process.exit(1)
    isStopping = true
    log.info('stopping', { signal })
    const timer = setTimeout(() => {
      log.warn('requests still run after 10 s; stopping all the same')
      log.flush()
      process.exit(1)
    }, DRAIN_MS)
    await stop()
    clearTimeout(timer)
    log.info('stopped')
    log.flush()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void onSignal(signal))
  process.on('unhandledRejection', (error) =>
    log.error('fault', { error: String(error), stack: error instanceof Error ? error.stack : undefined }),
  )
}
