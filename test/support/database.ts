/**
 * The database file of a server, as its operator sees it: for facts that no endpoint shows, and for states that no
 * endpoint produces.
 */
import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateDatabase } from '../../src/store/database'
import { runOn } from './postgres'
import { removeFolder } from './remove-folder'

/** What a test binds to a `?` of its SQL. */
type Value = string | number | null

const isPostgres = (target: string) => target.startsWith('postgres:')

/**
 * The rows of a query. On Postgres, tables are those of schema `latchkey`, and values are converted to what SQLite has:
 * Unix milliseconds for instants, 0 and 1 for booleans.
 * @param target path or URL of the database
 */
export async function readRows<Row = Record<string, unknown>>(
  target: string,
  sql: string,
  ...values: Value[]
): Promise<Row[]> {
  if (isPostgres(target)) {
    const rows = await runOn(target, numbered(sql), ...values)
    return rows.map(
      (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asSqlite(value)])) as Row,
    )
  }
  using database = new Database(target, { readonly: true })
  waitForLocks(database)
  return database.query<Row, SQLQueryBindings[]>(sql).all(...values)
}

/** @param from the table, and a WHERE clause if not all of its rows count */
export async function countRows(target: string, from: string, ...values: Value[]): Promise<number> {
  const [row] = await readRows<{ count: number }>(target, `SELECT count(*) AS count FROM ${from}`, ...values)
  return row?.count ?? Number.NaN
}

/** The tables of a database, without the search index; on Postgres, the views of GoTrue's tables are among them. */
export async function tablesOf(target: string): Promise<string[]> {
  const sql = isPostgres(target)
    ? "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'latchkey' ORDER BY 1"
    : "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'user_search%'"
  return (await readRows<{ name: string }>(target, sql)).map(({ name }) => name)
}

/** Everything that a database holds: its file and write-ahead log, on Postgres the rows of all tables as JSON. */
export async function storedBytes(target: string): Promise<Buffer> {
  if (!isPostgres(target))
    return Buffer.concat([target, `${target}-wal`].filter(existsSync).map((file) => readFileSync(file)))
  const tables = await runOn<{ name: string }>(
    target,
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('auth', 'latchkey')",
  )
  const rows = await Promise.all(tables.map(({ name }) => runOn(target, `SELECT * FROM ${name}`)))
  return Buffer.from(JSON.stringify(rows))
}

/**
 * Runs one statement, or several without values. An app in this process sees the result once this resolves.
 * @param sql one text where both engines take the same; on Postgres, views of GoTrue's tables cannot be written
 */
export async function execute(
  target: string,
  sql: string | { sqlite: string; postgres: string },
  ...values: Value[]
): Promise<void> {
  const texts = typeof sql === 'string' ? { sqlite: sql, postgres: sql } : sql
  if (isPostgres(target)) await runOn(target, numbered(texts.postgres), ...values)
  else {
    using database = new Database(target, { create: false, readwrite: true })
    waitForLocks(database)
    database.run(texts.sqlite, values)
  }
  // The app answers all reads of one turn of the event loop from one snapshot.
  await new Promise(setImmediate)
}

/** The same SQL with `$1` for the first `?`. */
function numbered(sql: string): string {
  let number = 0
  return sql.replace(/\?/g, () => `$${++number}`)
}

function asSqlite(value: unknown): unknown {
  if (value instanceof Date) return value.getTime()
  return typeof value === 'boolean' ? Number(value) : value
}

/** Remembers all rows, for `restoreRows`. On Postgres the database must be the test's own. */
export async function captureRows(target: string): Promise<void> {
  if (isPostgres(target)) await runOn(target, 'CALL testing.capture()')
  else await execute(target, 'VACUUM INTO ?', `${target}-captured`)
}

/** Brings all rows back to what they were at `captureRows`. The search index follows the accounts by its triggers. */
export async function restoreRows(target: string): Promise<void> {
  if (isPostgres(target)) {
    await runOn(target, 'CALL testing.reset()')
    return
  }
  const columns = await readRows<{ table: string; names: string }>(
    target,
    `SELECT name AS "table", (SELECT group_concat('"' || c.name || '"') FROM pragma_table_xinfo(t.name) c WHERE hidden = 0) AS names
     FROM sqlite_schema t WHERE type = 'table' AND name NOT LIKE 'user_search%'`,
  )
  const steps = columns.flatMap(({ table, names }) => [
    `DELETE FROM "${table}"`,
    `INSERT INTO "${table}" (${names}) SELECT ${names} FROM captured."${table}"`,
  ])
  await execute(
    target,
    `PRAGMA foreign_keys = OFF; ATTACH '${target}-captured' AS captured; BEGIN; ${steps.join(';')}; COMMIT`,
  )
}

/** A connection that stays open, for transactions and locks in addition to the server's own. */
export function openConnection(path: string): Database {
  const database = new Database(path, { create: false, readwrite: true })
  waitForLocks(database)
  return database
}

/** A server may be writing, or a process that was killed may have left a log to recover. */
function waitForLocks(database: Database): void {
  database.run('PRAGMA busy_timeout = 30000')
}

let migrated: Buffer | undefined

/** Puts an empty database in place, with all migrations applied: a copy, since applying them takes a while. */
export async function putMigratedDatabase(path: string): Promise<void> {
  if (!migrated) {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-migrated-'))
    const original = join(folder, 'latchkey.db')
    await migrateDatabase(original, { now: 0 })
    migrated = readFileSync(original)
    removeFolder(folder)
  }
  writeFileSync(path, migrated)
}
