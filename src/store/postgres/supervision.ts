/**
 * Runs operations while the database may fail. What lost its connection before it could change anything is run again.
 * After some failures in a row, or if the database stays silent, operations fail at once, until a probe finds that it
 * answers again.
 */
import { Unavailable } from '../../lib/unavailable'
import { isConnectionLost, isPlanOutdated, unavailableFor } from './errors'
import type { Health } from './health'
import { outageOf } from './outage'
import { type Pool, TRANSACTION_MS } from './pool'

/** How often work is run whose connection was lost; further connections of the pool may be lost, too. */
const MAX_RUNS = 4
const RERUN_DELAY_MS = 10

/** Minimum time between two replacements of the connections. */
const REPLACE_MS = 1000

/** How often running operations are checked. */
const CHECK_EVERY_MS = 500
/** An operation that takes longer may wait for a server that is gone: a probe finds out. */
const SUSPICIOUS_MS = 1000

/** `read` and `write` may be run again; `once` may not, because it commits by itself. */
export type Work = 'read' | 'write' | 'once'

export interface Supervision {
  /** @throws {Unavailable} if the database fails, {RejectedByDatabase} if it refuses the change */
  run<T>(kind: Work, work: () => Promise<T>): Promise<T>
  /** Waits for running operations, refuses new ones. */
  close(): Promise<void>
}

export interface SupervisionOptions {
  pool: Pool
  health: Health
  /** Whether a new connection is made and answers, soon. @throws otherwise */
  probe(): Promise<void>
}

interface Running {
  kind: Work
  since: number
}

export function supervise({ pool, health, probe }: SupervisionOptions): Supervision {
  const running = new Set<Running>()
  const outage = outageOf({ health, probe, onBegin: () => pool.replace() })
  let isClosed = false
  let onIdle = () => {}
  let checking: Timer | undefined
  let isProbing = false

  async function run<T>(kind: Work, work: () => Promise<T>): Promise<T> {
    for (let runs = 1; ; runs++) {
      if (isClosed) throw new Error('the database is closed')
      const reason = outage.reason()
      if (reason) throw reason
      const entry = { kind, since: performance.now() }
      running.add(entry)
      checking ??= setTimeout(check, CHECK_EVERY_MS)
      try {
        const value = await work()
        outage.recordSuccess()
        health.recordSuccess(kind === 'read' ? 'read' : 'write')
        return value
      } catch (error) {
        if (isPlanOutdated(error)) replaceAtIntervals(TRANSACTION_MS / 1000)
        if (!mayRunAgain(error, entry, runs)) throw failureOf(error, entry)
      } finally {
        running.delete(entry)
        if (running.size === 0) onIdle()
      }
      await Bun.sleep(Math.random() * RERUN_DELAY_MS * runs)
    }
  }

  const isOverdue = ({ since }: Running) => performance.now() - since >= TRANSACTION_MS

  const mayRunAgain = (error: unknown, entry: Running, runs: number) =>
    (isPlanOutdated(error) || (entry.kind !== 'once' && isConnectionLost(error))) &&
    !isOverdue(entry) &&
    !outage.reason() &&
    runs < MAX_RUNS &&
    !isClosed

  function failureOf(error: unknown, entry: Running): unknown {
    const reason = outage.reason()
    if (isConnectionLost(error) && reason) return reason
    // Its connection was broken off here.
    if (isConnectionLost(error) && isOverdue(entry)) return health.recordFailure(new Unavailable('too_slow', error))
    const failure = health.recordFailure(error)
    if (!(failure instanceof Unavailable)) return failure
    if (failure.kind === 'read_only') replaceAtIntervals()
    if (['unreachable', 'login_refused'].includes(failure.kind)) outage.recordFailure(failure)
    return failure
  }

  let replacedAt = -REPLACE_MS
  /**
   * After a failover, connections may still lead to the server that was the primary; after a change of views, all have
   * outdated plans.
   */
  function replaceAtIntervals(patienceSeconds?: number): void {
    if (performance.now() - replacedAt < REPLACE_MS) return
    replacedAt = performance.now()
    pool.replace(patienceSeconds)
  }

  /** Finds operations that wait for an answer which may never come. */
  function check(): void {
    checking = running.size > 0 ? setTimeout(check, CHECK_EVERY_MS) : undefined
    const now = performance.now()
    const [oldest] = running
    if (!oldest || now - oldest.since < SUSPICIOUS_MS || isProbing || outage.reason()) return
    isProbing = true
    void probe()
      .then(breakOffOverdue, (error: unknown) => {
        if (isClosed) return
        const unavailable = unavailableFor(error)
        if (unavailable?.kind !== 'unreachable') breakOffOverdue()
        else outage.begin(health.recordFailure(unavailable) as Unavailable)
      })
      .finally(() => (isProbing = false))
  }

  /** The database answers others: the connections of these operations are dead, or they hold up others. */
  function breakOffOverdue(): void {
    pool.endOverdue()
    const isReadOverdue = [...running].some((entry) => entry.kind !== 'write' && isOverdue(entry))
    if (isReadOverdue) replaceAtIntervals()
  }

  return {
    run,
    async close() {
      isClosed = true
      outage.close()
      if (running.size > 0) await new Promise<void>((resolve) => (onIdle = resolve))
      clearTimeout(checking)
      await pool.close()
    },
  }
}
