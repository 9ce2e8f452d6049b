/** Finds out whether the database can be read and written, and whether a damaged one was repaired. */
import { yieldToEventLoop } from '../../lib/event-loop'
import type { DatabaseProblem, Tx } from '../engine'
import type { Health } from './health'
import { quickCheckByTable, readRoots } from './integrity'
import type { ReopeningConnections } from './reopening-connections'

/** How long the readiness probe waits for a lock; its callers have short timeouts. */
const PROBE_LOCK_WAIT_MS = 500
/** How often a damaged database is read in full, to find out whether it was repaired. */
const RECHECK_MS = 30_000

type Run = <T>(operation: (tx: Tx) => Promise<T>, lockWaitMs: number) => Promise<T>

export interface ExaminationOptions {
  connections: ReopeningConnections
  health: Health
  read: Run
  write: Run
}

/** @returns what `Engine.examine` does */
export function examinationOf({ connections, health, read, write }: ExaminationOptions) {
  let recheckedAt = performance.now()

  /** Damage is cleared only when the whole file was checked; on a damaged file, speed does not matter. */
  async function recheck(): Promise<void> {
    if (performance.now() - recheckedAt < RECHECK_MS) return
    recheckedAt = performance.now()
    try {
      for (const problems of quickCheckByTable(connections.use().reader)) {
        if (problems.length > 0) return
        await yieldToEventLoop()
      }
      health.markIntact()
    } catch (error) {
      health.recordFailure(error)
    }
  }

  return async function examine(probe: (tx: Tx) => Promise<void>): Promise<DatabaseProblem | undefined> {
    try {
      await write(probe, PROBE_LOCK_WAIT_MS)
      await read(async () => {
        const { view, reader } = connections.use()
        view.open()
        readRoots(reader)
      }, PROBE_LOCK_WAIT_MS)
    } catch (error) {
      if (!health.condition()) throw error
    }
    if (health.isDamaged()) await recheck()
    return health.condition()
  }
}
