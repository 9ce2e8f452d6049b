/** Opens a database of Postgres, creating and migrating its schemas if needed. */
import type { SQL } from 'bun'
import { authSchema, postgresMigrations, views } from '../../../migrations/postgres'
import type { Engine, EngineOptions, IsolationLevel } from '../engine'
import * as schema from '../schema'
import { connect } from './connect'
import { postgresEngine } from './engine'
import { viewDefinitions } from './shared-tables'

export interface PostgresOptions extends EngineOptions {
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

/** Held while the schemas are made, so that of many nodes only one makes them. */
const MIGRATION_LOCK = 7_020_001

export async function openPostgres(url: string, { maxConnections = 10, ...options }: PostgresOptions): Promise<Engine> {
  const pool = connect(url, { maxConnections, session: SESSION })
  try {
    await createSchemas(pool)
  } catch (error) {
    await pool.close()
    throw error
  }
  return postgresEngine(pool, options)
}

async function createSchemas(pool: SQL): Promise<void> {
  await pool.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`
    const [row] = await tx`SELECT to_regnamespace('latchkey') IS NOT NULL AS "isPresent"`
    if (row.isPresent) return
    await tx.unsafe(authSchema)
    await tx.unsafe('CREATE SCHEMA latchkey')
    for (const { sql } of postgresMigrations) await tx.unsafe(sql)
    await tx.unsafe(views)
    await tx.unsafe(viewDefinitions(Object.values(schema)))
  })
}
