/** A database of Postgres as the command line sees it: on one connection, which is closed again. */
import type { SQL } from 'bun'
import { ENCRYPTION_KEY_ID_KEY, VERSION_KEY } from '../meta-keys'
import { type History, type Migrated, NO_HISTORY } from '../migration-history'
import { connect } from './connect'
import { appliedMigrations, type MigrateOptions, migratePostgres, pendingScript as scriptFor } from './migrate'
import { naming, reach } from './reach'

export const historyOf = (url: string): Promise<History> =>
  onDatabase(url, async (sql) => {
    const applied = await appliedMigrations(sql)
    if (applied.length === 0) return NO_HISTORY
    const rows = await sql.unsafe<{ key: string; value: string }[]>('SELECT key, value FROM latchkey.meta')
    const meta = new Map(rows.map(({ key, value }) => [key, value]))
    return {
      exists: true,
      migrations: applied.map(({ name }) => name),
      lastOpenedBy: meta.get(VERSION_KEY),
      encryptionKeyId: meta.get(ENCRYPTION_KEY_ID_KEY),
    }
  })

/** @returns why a server could not start on it, in one sentence that names it; undefined if it could */
export const problemOf = (url: string): Promise<string | undefined> =>
  onDatabase(url, (sql) => scriptFor(sql, { now: 0 })).then(
    () => undefined,
    (error: Error) => error.message,
  )

export const migrateDatabase = (url: string, options: MigrateOptions): Promise<Migrated> =>
  onDatabase(url, (sql) => migratePostgres(sql, options))

export const pendingScript = (url: string, options: MigrateOptions): Promise<string> =>
  onDatabase(url, (sql) => scriptFor(sql, options))

/** Drops the extension that a server has added to its schema, which could not be replaced otherwise, with its index. */
export const dropSearchExtension = (url: string): Promise<void> =>
  onDatabase(url, async (sql) => {
    const found = await sql.unsafe(
      "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm' AND extnamespace = to_regnamespace('latchkey')",
    )
    if (found.length > 0) await sql.unsafe('DROP EXTENSION pg_trgm CASCADE')
  })

async function onDatabase<Result>(url: string, work: (sql: SQL) => Promise<Result>): Promise<Result> {
  const sql = connect(url, { maxConnections: 1 })
  try {
    await reach(sql, url, { patienceMs: 0 })
    return await naming(url, work(sql))
  } finally {
    await sql.close()
  }
}
