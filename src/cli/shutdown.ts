/** The lifetime of the process: only a signal ends it. */
import type { Log } from '../http/log'
import { MINUTE } from '../lib/milliseconds'
import type { Listener } from './listener'

/** Less than the ten seconds after which Docker kills a container, so that the database is closed by then. */
const DRAIN_MS = 8000

/** Number of faults logged in full per interval. */
const MAX_FAULTS = 20
const SPAN_MS = MINUTE

export interface ShutdownSteps {
  /** Before waiting for running requests. */
  begin(): void
  /** After the last request. */
  end(): Promise<void>
  /** Runs after the last log line. */
  flush(): Promise<void>
}

/**
 * The first signal lets running requests finish, for at most eight seconds; a second one ends the process immediately.
 */
export function stopOnSignal(log: Log, listeners: Listener[], { begin, end, flush }: ShutdownSteps): void {
  let isStopping = false
  const stop = async (signal: string) => {
    if (isStopping) process.exit(1)
    isStopping = true
    log.info('stopping', { signal })
    begin()
    const drained = await Promise.all(listeners.map((listener) => listener.drain(DRAIN_MS)))
    if (drained.includes(false)) log.warn('some requests did not finish in 8 s; their connections are closed')
    await end()
    log.info('stopped')
    log.flush()
    await flush()
    process.exit(0)
  }
  const fail = async (error: unknown) => {
    log.error('stopping failed', { error: String(error) })
    await flush()
    process.exit(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal).catch(fail))
  // Closing a terminal ends the programs in it. Elsewhere, these signals tell a daemon to reload or to reopen its log.
  const isIgnored = (signal: string) => signal !== 'SIGHUP' || !process.stdout.isTTY
  for (const signal of process.platform === 'win32' ? [] : (['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const))
    process.on(signal, () => {
      if (isIgnored(signal)) log.info('signal ignored', { signal })
      else void stop(signal).catch(fail)
    })
}

/** Logs an uncaught error; the server keeps running. */
export function logUncaughtErrors(log: Log, monotonic: () => number = () => performance.now()): void {
  let since = Number.NEGATIVE_INFINITY
  let count = 0
  const report = (error: unknown) => {
    const now = monotonic()
    if (now - since >= SPAN_MS) {
      if (count > MAX_FAULTS) log.error('further unhandled errors', { count: count - MAX_FAULTS })
      since = now
      count = 0
    }
    count += 1
    if (count <= MAX_FAULTS)
      log.error('unhandled error', { error: String(error), stack: error instanceof Error ? error.stack : undefined })
  }
  process.on('uncaughtException', report)
  process.on('unhandledRejection', report)
}
