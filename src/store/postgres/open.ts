/** Opens a database of Postgres, creating and migrating its schemas if needed. */
import type { Engine, EngineOptions, IsolationLevel } from '../engine'
import { connect } from './connect'
import { postgresEngine } from './engine'
import { migratePostgres } from './migrate'

export interface PostgresOptions extends EngineOptions {
  /** Unix milliseconds. */
  now: number
  /** Of this executable; undefined if it does not matter. */
  version?: string
  /** Called with each problem that does not prevent opening. */
  onWarning?(message: string): void
  maxConnections?: number
  isolation?: IsolationLevel
}

/** Parameters of each session (https://www.postgresql.org/docs/current/runtime-config-client.html). */
const SESSION = {
  search_path: 'latchkey, auth',
  TimeZone: 'UTC',
  statement_timeout: '5s',
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '10s',
}

export async function openPostgres(
  url: string,
  { maxConnections = 10, now, version, onWarning, ...options }: PostgresOptions,
): Promise<Engine> {
  const pool = connect(url, { maxConnections, session: SESSION })
  try {
    const { warnings } = await migratePostgres(pool, { now, version })
    for (const warning of warnings) onWarning?.(warning)
  } catch (error) {
    await pool.close()
    throw error
  }
  return postgresEngine(pool, options)
}
