/**
 * The engine on Postgres, for one or several nodes. A read takes any connection of the pool. A write is a SERIALIZABLE
 * transaction on a connection of its own; if another one interferes, it is rolled back and run again
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-SERIALIZABLE).
 */
import type { ReservedSQL, SQL } from 'bun'
import {
  Conflict,
  type Engine,
  type EngineOptions,
  type IsolationLevel,
  MAX_RERUNS,
  type StoreEvent,
  type Tx,
} from '../engine'
import { isSerializationFailure, isUniqueViolation } from './errors'
import { queriesOn } from './queries'

/** The longest wait before a second run; each further one may wait as much longer. */
const RERUN_DELAY_MS = 5

/** @param pool owned by the engine from then on */
export function postgresEngine(
  pool: SQL,
  {
    tokensOf,
    onEvent,
    runsWritesTwice = false,
    isolation = 'serializable',
  }: EngineOptions & { isolation?: IsolationLevel },
): Engine {
  const onPool = queriesOn(pool)
  const reading: Tx = { ...onPool, tokens: tokensOf(onPool), emit() {} }

  async function write<T>(operation: (tx: Tx) => Promise<T>): Promise<T> {
    let uniqueViolations = 0
    for (let reruns = 0; ; reruns++) {
      const ran = await attempt(operation, runsWritesTwice && reruns === 0)
      if ('value' in ran) {
        for (const event of ran.events) announce(event)
        return ran.value
      }
      if (isUniqueViolation(ran.error)) uniqueViolations += 1
      // A rival's row may have caused the first one; the next run sees that row.
      const mayRerun = ran.error instanceof Conflict || isSerializationFailure(ran.error) || uniqueViolations === 1
      if (!mayRerun || reruns >= MAX_RERUNS) throw ran.error
      await Bun.sleep(Math.random() * RERUN_DELAY_MS * (reruns + 1))
    }
  }

  type Attempt<T> = { value: T; events: StoreEvent[] } | { error: unknown }

  async function attempt<T>(operation: (tx: Tx) => Promise<T>, isRolledBack: boolean): Promise<Attempt<T>> {
    const connection = await pool.reserve()
    try {
      const events: StoreEvent[] = []
      const queries = queriesOn(connection)
      // Sent with the first query, which fails if it does.
      const begun = connection.unsafe(`BEGIN ISOLATION LEVEL ${isolation}`).execute()
      begun.catch(() => {})
      const value = await operation({
        ...queries,
        tokens: tokensOf(queries),
        emit: (event) => void events.push(event),
      })
      await begun
      if (isRolledBack) throw new Conflict()
      await connection.unsafe('COMMIT')
      return { value, events }
    } catch (error) {
      await rollBack(connection)
      return { error }
    } finally {
      await connection.release()
    }
  }

  /** Listeners report their own failures. */
  function announce(event: StoreEvent): void {
    try {
      onEvent(event)
    } catch {}
  }

  return {
    read: (operation) => operation(reading),
    write,
    async examine(probe) {
      await write(probe)
      return undefined
    },
    space: async () => ({ freeBytes: undefined, logBytes: 0 }),
    close: () => pool.close(),
  }
}

/** A connection that is lost has rolled back by itself. */
async function rollBack(connection: ReservedSQL): Promise<void> {
  try {
    await connection.unsafe('ROLLBACK')
  } catch {}
}
