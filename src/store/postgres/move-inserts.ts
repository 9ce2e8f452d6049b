/** Inserts rows of SQLite in batches, each column as one array. */
import type { ReservedSQL } from 'bun'
import { type Column, sql } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import type { MovedTable, Row } from '../move/tables'
import { encoder } from './codec'
import { isInBase, kindOf, type SharedTable, sharedTables, storedAs } from './shared-tables'

export type Insert = (rows: Row[]) => Promise<void>

/** The statements that insert rows of a table: into the table itself, or into GoTrue's and our own columns of it. */
export async function insertsOf(connection: ReservedSQL, { name, columns }: MovedTable): Promise<Insert[]> {
  const shared = sharedTables[name]
  if (!shared || shared.hasTriggers)
    return [await insertInto(connection, `latchkey."${name}"`, columns.map(unchanged), rowsThere(name))]
  const { base, extra, constants } = shared
  const stored = columns.filter((column) => isInBase(shared, column.name)).map((column) => inBase(shared, column))
  const inserts = [await insertInto(connection, `auth."${base}"`, stored, '', constants)]
  if (!extra) return inserts
  const own = columns.filter((column) => extra.columns.includes(column.name)).map(unchanged)
  const key = columns.find((column) => column.name === 'id')
  if (!key) throw new Error(`${name} has no id`)
  const withKey = [{ column: key, name: extra.key, expression: (value: string) => value }, ...own]
  // A row of nothing but nulls need not be there.
  const hasValue = `WHERE num_nonnulls(${own.map((_, index) => `u.c${index + 1}`).join(', ')}) > 0`
  return [...inserts, await insertInto(connection, `latchkey."${extra.table}"`, withKey, hasValue)]
}

/** Every database has the same roles from the start. */
const rowsThere = (table: string) =>
  table === 'roles' ? 'ON CONFLICT (name) DO UPDATE SET description = excluded.description' : ''

/** A column of ours, its name in the table, and how its value is written. */
interface Stored {
  column: Column
  name: string
  expression(value: string): string
  /** What is added to it, as SQL. */
  added?: string | undefined
}

const unchanged = (column: Column): Stored => ({ column, name: column.name, expression: (value) => value })

const dialect = new SQLiteSyncDialect()

const inBase = ({ kinds, names = {}, added = {} }: SharedTable, column: Column): Stored => ({
  column,
  name: names[column.name] ?? column.name,
  added: added[column.name],
  expression: (value) => dialect.sqlToQuery(storedAs(kinds[column.name], sql.raw(value))).sql,
})

async function insertInto(
  connection: ReservedSQL,
  relation: string,
  stored: Stored[],
  tail: string,
  constants: Record<string, string> = {},
): Promise<Insert> {
  const types = await typesOf(connection, relation)
  const names = [...stored.map(({ name }) => name), ...Object.keys(constants)].map((name) => `"${name}"`)
  const selected = stored.map(
    ({ name, expression, added }, index) =>
      `(${expression(`u.c${index}`)})::${types.get(name)}${added === undefined ? '' : ` + ${added}`}`,
  )
  const arrays = stored.map((_, index) => `$${index + 1}::text[]`)
  const text = `INSERT INTO ${relation} (${names.join(', ')})
    SELECT ${[...selected, ...Object.values(constants)].join(', ')}
    FROM unnest(${arrays.join(', ')}) AS u (${stored.map((_, index) => `c${index}`).join(', ')}) ${tail}`
  const columns = stored.map(({ column }) => ({ name: column.name, encode: encoderOf(column) }))
  const mayOmit = tail !== ''
  return async (rows) => {
    const values = columns.map(({ name, encode }) => arrayOf(rows, name, encode))
    const { count } = await connection.unsafe(text, values)
    // A trigger may leave out a row without an error.
    if (count < rows.length && !mayOmit) throw new Error(`${relation} did not take ${rows.length - count} rows`)
  }
}

/** Without lengths, because a cast would cut what is too long. */
async function typesOf(connection: ReservedSQL, relation: string): Promise<Map<string, string>> {
  const rows = await connection.unsafe<{ name: string; type: string }[]>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type
    FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [relation],
  )
  return new Map(rows.map(({ name, type }) => [name, type]))
}

/** Of a column as SQLite stores it. A UUID that is none fails, in place of becoming the nil UUID. */
function encoderOf(column: Column): (value: unknown) => string | null {
  const kind = kindOf(column)
  return kind === 'instant' || kind === 'plain_instant' || kind === 'inet' ? encoder(column) : String
}

/** One column of the rows, as Postgres writes arrays (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO). */
function arrayOf(rows: Row[], name: string, encode: (value: unknown) => string | null): string {
  const elements = rows.map((row) => {
    const value = row[name] ?? null
    const encoded = value === null ? null : encode(value)
    return encoded === null ? 'NULL' : `"${encoded.replace(/[\\"]/g, '\\$&')}"`
  })
  return `{${elements.join(',')}}`
}
