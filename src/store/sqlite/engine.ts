/**
 * The engine on SQLite: one connection that writes, one that reads. Nothing waits inside SQLite: a lock of another
 * process is tried again later, and requests are served in the meantime.
 */
import type { Database } from 'bun:sqlite'
import { every } from '../../lib/timers'
import type { Engine, EngineOptions, Tx } from '../engine'
import { examinationOf } from './examination'
import { healthOf } from './health'
import { LOCK_WAIT_MS, retryDelay } from './lock-wait'
import { perConnection, reopeningConnections } from './reopening-connections'
import { sizeOf, spaceOf } from './space'
import { writeQueue } from './write-queue'

/** How often the files are checked, also without requests. */
const MAINTENANCE_MS = 1000

/** @param writer a migrated database, owned by the engine from then on */
export function sqliteEngine(writer: Database, options: EngineOptions): Engine {
  const { tokensOf, onDatabaseProblem = () => {} } = options
  const health = healthOf(writer.filename, onDatabaseProblem)
  const connections = reopeningConnections(writer, health)
  const { write, finished } = writeQueue({ ...options, connections, health })
  const reading = perConnection(connections, ({ reading: queries }): Tx => {
    return { ...queries, tokens: tokensOf(queries), emit() {} }
  })

  async function read<T>(operation: (tx: Tx) => Promise<T>, lockWaitMs = LOCK_WAIT_MS): Promise<T> {
    const since = performance.now()
    for (;;) {
      try {
        return await operation(reading())
      } catch (error) {
        if (!connections.isLocked(error) || performance.now() - since > lockWaitMs) throw health.recordFailure(error)
      }
      await retryDelay()
    }
  }

  const maintenanceTimer = every(MAINTENANCE_MS, () => {
    try {
      connections.maintain()
      connections.truncateLog()
    } catch (error) {
      if (!connections.isLocked(error)) health.recordFailure(error)
    }
  })

  return {
    read,
    write,
    guarded: write,
    examine: examinationOf({ connections, health, read, write }),
    connections: () => undefined,
    space: () => spaceOf(writer.filename, connections.logBytes()),
    size: () => sizeOf(writer.filename),
    async close() {
      clearInterval(maintenanceTimer)
      await finished()
      connections.close()
    },
  }
}
