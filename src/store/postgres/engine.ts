/**
 * The engine on Postgres, for one or several nodes. A read takes any connection of the pool. A write is a SERIALIZABLE
 * transaction on a connection of its own.
 */
import type { Engine, EngineOptions, IsolationLevel, Tx } from '../engine'
import type { SingleStatement } from './budgets'
import type { Health } from './health'
import type { Pool } from './pool'
import { batchedQueriesOn } from './queries'
import { supervise } from './supervision'
import { transactionsOn } from './transactions'
import { examinationOf } from './vitals'

export interface PostgresEngineOptions extends EngineOptions {
  isolation?: IsolationLevel
  /** Owned by the engine from then on. */
  pool: Pool
  health: Health
  /** Whether a new connection is made and answers, soon. @throws otherwise */
  probe(): Promise<void>
  /** The clock of this machine; replaced in tests. */
  clock?: () => number
}

/** An engine that also runs statements which are not part of an operation. */
export interface PostgresEngine extends Engine {
  single: SingleStatement
  /** The same for one that has no effect the second time, so that it may be run again if its connection is lost. */
  repeatable: SingleStatement
}

export function postgresEngine(options: PostgresEngineOptions): PostgresEngine {
  const { pool, health, probe, tokensOf, clock = Date.now, isolation = 'serializable' } = options
  const supervision = supervise({ pool, health, probe })
  const transaction = transactionsOn(options)
  const onPool = batchedQueriesOn(pool)
  const reading: Tx = { ...onPool, tokens: tokensOf(onPool), emit() {} }
  const write = <T>(operation: (tx: Tx) => Promise<T>) =>
    supervision.run('write', () => transaction(operation, isolation))
  const guarded = <T>(operation: (tx: Tx) => Promise<T>) =>
    supervision.run('write', () => transaction(operation, 'read committed'))

  return {
    read: (operation) => supervision.run('read', () => operation(reading)),
    write,
    guarded,
    single: (text, values) => supervision.run('once', () => pool.unsafe(text, values)),
    repeatable: (text, values) => supervision.run('write', () => pool.unsafe(text, values)),
    examine: examinationOf({ pool, health, supervision, write: guarded, clock }),
    space: async () => undefined,
    async size() {
      const text = 'SELECT pg_database_size(current_database()) AS size'
      const [row] = await supervision.run('read', () => pool.unsafe(text, []))
      return row && Number(row.size)
    },
    connections: pool.connections,
    close: supervision.close,
  }
}
