/** A database file as an end of a move. The caller holds its lock. */
import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { existsSync, rmSync } from 'node:fs'
import { BATCH, hasAccounts, type Source, type Target } from '../move/ports'
import { type LastNumbers, META, type MovedTable, NUMBERED, type Row, refusalOf } from '../move/tables'
import { ignoreErrors, OPENING_MS } from './connections'
import { openMigrated } from './open'

/** @throws if the file cannot be opened */
export function sqliteSource(path: string): Source {
  const database = new Database(path, { readonly: true })
  database.run(`PRAGMA busy_timeout = ${OPENING_MS}`)
  database.run('BEGIN')
  return {
    count: async ({ name }) =>
      (database.query(`SELECT count(*) AS rows FROM "${name}"`).get() as { rows: number }).rows,
    read: (table) => batchesOf(database, table),
    lastNumbers: async () => ({
      users: lastUid(database),
      messages: highest(database, 'messages'),
      events: highest(database, 'events'),
      refusals: highest(database, 'refusals'),
    }),
    meta: async () => new Map((database.query(`SELECT key, value FROM ${META}`).values() as [string, string][]) ?? []),
    async [Symbol.asyncDispose]() {
      ignoreErrors(() => database.run('ROLLBACK'))
      database.close()
    },
  }
}

async function* batchesOf(database: Database, { name, columns }: MovedTable): AsyncGenerator<Row[]> {
  const statement = database.prepare<Row, []>(`SELECT ${list(namesOf(columns))} FROM "${name}"`)
  try {
    let batch: Row[] = []
    for (const row of statement.iterate()) {
      batch.push(row)
      if (batch.length < BATCH) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  } finally {
    statement.finalize()
  }
}

/** AUTOINCREMENT keeps the last number of a table also when its row is gone (https://sqlite.org/autoinc.html). */
function lastUid(database: Database): number {
  const row = database.query("SELECT seq FROM sqlite_sequence WHERE name = 'users'").get() as { seq: number } | null
  return row?.seq ?? 0
}

const highest = (database: Database, table: keyof LastNumbers): number =>
  (database.query(`SELECT coalesce(max(${NUMBERED[table]}), 0) AS last FROM ${table}`).get() as { last: number }).last

/** The keys of most tables are random, so that each row goes to another page. */
const CACHE_KIB = 262_144

/** Changes nothing. @throws {MoveRefused} if there is a database that has accounts */
export function requireEmptyFile(path: string): void {
  if (!existsSync(path)) return
  using database = new Database(path, { readonly: true })
  if (hasUsers(database)) throw hasAccounts(path)
}

const hasUsers = (database: Database) => database.query('SELECT 1 FROM users LIMIT 1').get() !== null

/**
 * Creates the file if it is missing, and removes it if nothing is moved into it.
 * @throws if the database has accounts
 */
export function sqliteTarget(path: string, now: number): Target {
  const isNew = !existsSync(path)
  const { database } = openMigrated(path, now)
  let isFinished = false
  const close = () => {
    if (!isFinished) ignoreErrors(() => database.run('ROLLBACK'))
    database.close()
    if (isNew && !isFinished) for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
  try {
    database.run(`PRAGMA cache_size = -${CACHE_KIB}`)
    database.run('BEGIN IMMEDIATE')
    if (hasUsers(database)) throw hasAccounts(path)
  } catch (error) {
    close()
    throw error
  }
  return {
    async numberAfter({ users }) {
      // Of `messages` and `events`, SQLite gives the number after the highest one.
      database.run(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'users', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'users')",
      )
      database.run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'users'", [users])
    },
    async write(table, rows) {
      const insert = insertOf(database, table)
      for (const row of rows) insert(row)
    },
    async finish(meta) {
      database.run(COUNT_FACTORS)
      for (const [key, value] of meta)
        database.run(
          `INSERT INTO ${META} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
          [key, value],
        )
      database.run('COMMIT')
      isFinished = true
    },
    async [Symbol.asyncDispose]() {
      close()
    },
  }
}

/** Postgres counts them when it is asked. */
const COUNT_FACTORS = `UPDATE users SET factor_count = (SELECT count(*) FROM mfa_factors WHERE user_id = users.id)
  WHERE id IN (SELECT user_id FROM mfa_factors)`

/** The roles that every database has are there already. */
function insertOf(database: Database, table: MovedTable): (row: Row) => void {
  const { name, columns } = table
  const names = namesOf(columns)
  const insert = database.query<unknown, SQLQueryBindings[]>(
    `INSERT ${name === 'roles' ? 'OR REPLACE ' : ''}INTO "${name}" (${list(names)}) VALUES (${names.map(() => '?').join(', ')})`,
  )
  return (row) => {
    try {
      insert.run(...names.map((column) => row[column] ?? null))
    } catch (error) {
      throw refusalOf(error, table, row)
    }
  }
}

const namesOf = (columns: MovedTable['columns']) => columns.map(({ name }) => name)
const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ')
