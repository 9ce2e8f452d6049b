/**
 * The database file of a server, as its operator sees it: for facts that no endpoint shows, and for states that no
 * endpoint produces.
 */
import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateDatabase } from '../../src/store/database'

/** The rows of a query, on a connection that cannot write. */
export function readRows<Row = Record<string, unknown>>(
  path: string,
  sql: string,
  ...values: SQLQueryBindings[]
): Row[] {
  using database = new Database(path, { readonly: true })
  return database.query<Row, SQLQueryBindings[]>(sql).all(...values)
}

/** @param from the table, and a WHERE clause if not all of its rows count */
export function countRows(path: string, from: string, ...values: SQLQueryBindings[]): number {
  const [row] = readRows<{ count: number }>(path, `SELECT count(*) AS count FROM ${from}`, ...values)
  return row?.count ?? Number.NaN
}

/** Runs one statement, or several without values. An app in this process sees the result once this resolves. */
export async function execute(path: string, sql: string, ...values: SQLQueryBindings[]): Promise<void> {
  {
    using database = new Database(path, { create: false, readwrite: true })
    database.run(sql, values)
  }
  // The app answers all reads of one turn of the event loop from one snapshot.
  await new Promise(setImmediate)
}

/** A connection that stays open, for transactions and locks in addition to the server's own. */
export function openConnection(path: string): Database {
  return new Database(path, { create: false, readwrite: true })
}

let migrated: Buffer | undefined

/** Puts an empty database in place, with all migrations applied: a copy, since applying them takes a while. */
export async function putMigratedDatabase(path: string): Promise<void> {
  if (!migrated) {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-migrated-'))
    const original = join(folder, 'latchkey.db')
    await migrateDatabase(original, { now: 0 })
    migrated = readFileSync(original)
    rmSync(folder, { recursive: true })
  }
  writeFileSync(path, migrated)
}
