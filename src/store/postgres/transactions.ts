/**
 * Transactions, each on a connection of its own. If another one interferes, it is rolled back and run again
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-SERIALIZABLE).
 */
import type { ReservedSQL } from 'bun'
import { Unavailable } from '../../lib/unavailable'
import { Conflict, type EngineOptions, type IsolationLevel, MAX_RERUNS, type StoreEvent, type Tx } from '../engine'
import type { Connection } from './connect'
import { isRolledBack, isSerializationFailure, isTransactionAborted, isUniqueViolation } from './errors'
import type { Pool } from './pool'
import { queriesOn } from './queries'

/** The longest wait before a second run; each further one may wait as much longer. */
const RERUN_DELAY_MS = 5
/**
 * Further reruns wait for each other. In small tables, unrelated transactions conflict because their rows share a page of
 * an index, and many at once would keep each other from ending.
 */
const RERUNS_AT_ONCE = 2

export interface TransactionOptions extends Pick<EngineOptions, 'tokensOf' | 'onEvent' | 'runsWritesTwice'> {
  pool: Pool
}

type Level = IsolationLevel | 'read committed'

/**
 * Runs an operation as one transaction, and emits its events once that is committed.
 * @throws what the operation throws, {Conflict} after too many reruns, {Unavailable} if the answer to the commit is lost
 */
export type RunTransaction = <T>(operation: (tx: Tx) => Promise<T>, level: Level) => Promise<T>

type Attempt<T> = { value: T; events: StoreEvent[] } | { error: unknown }

export function transactionsOn({
  pool,
  tokensOf,
  onEvent,
  runsWritesTwice = false,
}: TransactionOptions): RunTransaction {
  const inTurn = oneAfterTheOther()

  async function transaction<T>(operation: (tx: Tx) => Promise<T>, level: Level): Promise<T> {
    let uniqueViolations = 0
    for (let reruns = 0; ; reruns++) {
      const run = () => attempt(operation, level, runsWritesTwice && reruns === 0)
      const ran = reruns < RERUNS_AT_ONCE ? await run() : await inTurn(run)
      if ('value' in ran) {
        for (const event of ran.events) announce(event)
        return ran.value
      }
      // A rival's row may have caused the first one; the next run sees that row.
      const isFirstViolation = isUniqueViolation(ran.error) && uniqueViolations++ === 0
      const mayRerun = ran.error instanceof Conflict || isSerializationFailure(ran.error) || isFirstViolation
      if (!mayRerun || reruns >= MAX_RERUNS) throw ran.error
      await Bun.sleep(Math.random() * RERUN_DELAY_MS * (reruns + 1))
    }
  }

  async function attempt<T>(
    operation: (tx: Tx) => Promise<T>,
    level: Level,
    mustRollBack: boolean,
  ): Promise<Attempt<T>> {
    const connection = await pool.reserve()
    let firstFailure: unknown
    try {
      const events: StoreEvent[] = []
      const queries = queriesOn(noting(connection, (error) => (firstFailure ??= error)))
      // Sent with the first query, which fails if it does.
      const begun = connection.unsafe(`BEGIN ISOLATION LEVEL ${level}`).execute()
      begun.catch(() => {})
      const value = await operation({
        ...queries,
        tokens: tokensOf(queries),
        emit: (event) => void events.push(event),
      })
      await begun
      if (mustRollBack) throw new Conflict()
      await commit(connection)
      return { value, events }
    } catch (error) {
      await rollBack(connection)
      return { error: isTransactionAborted(error) ? firstFailure : error }
    } finally {
      await pool.release(connection)
    }
  }

  /** Listeners report their own failures. */
  function announce(event: StoreEvent): void {
    try {
      onEvent(event)
    } catch {}
  }

  return transaction
}

/** @returns a function that begins each work when the one before has ended */
function oneAfterTheOther() {
  let turn: Promise<unknown> = Promise.resolve()
  return <T>(run: () => Promise<T>): Promise<T> => {
    const own = turn.then(run)
    turn = own.catch(() => {})
    return own
  }
}

/** @throws {Unavailable} if the answer is lost; run again, the operation might take effect twice */
async function commit(connection: ReservedSQL): Promise<void> {
  const { command } = await connection.unsafe('COMMIT').catch((error: unknown) => {
    throw isRolledBack(error) ? error : new Unavailable('outcome_unknown', error)
  })
  // An operation went on after a failed statement.
  if (command !== 'COMMIT') throw new Error(`the database answered a commit with ${command}`)
}

/** Reports each failure, in the order in which they come. */
const noting = (connection: Connection, onFailure: (error: unknown) => void): Connection => ({
  unsafe(text, values) {
    const query = connection.unsafe(text, values)
    query.catch(onFailure)
    return query
  },
})

/** A connection that is lost has rolled back by itself. */
async function rollBack(connection: ReservedSQL): Promise<void> {
  try {
    await connection.unsafe('ROLLBACK')
  } catch {}
}
