/**
 * The SQL of Postgres for the statements of the store. Reads go to the tables and views of schema `latchkey`; a write of
 * a shared table goes to GoTrue's table and to our own columns of it (shared-tables.ts), in one statement.
 */
import { Column, getTableColumns, getTableName, is, type Param, SQL, sql } from 'drizzle-orm'
import { SQLiteSyncDialect, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import { builderOf, type Dialect } from '../query'
import { decoder, encoder, entryType, missing } from './codec'
import { replacement } from './pairs'
import { qualified } from './qualified'
import { castOf, expressionOf, isInBase, type SharedTable, sharedTables, storedAs } from './shared-tables'

type Built<Name extends 'buildInsertQuery' | 'buildUpdateQuery' | 'buildDeleteQuery'> = Parameters<
  SQLiteSyncDialect[Name]
>[0]
type Returning = Built<'buildInsertQuery'>['returning']
/** A column and what is written into it. */
type Written = [column: Column, value: SQL]

class PostgresDialect extends SQLiteSyncDialect {
  override escapeParam = (index: number) => `$${index + 1}`

  override sqlToQuery(...given: Parameters<SQLiteSyncDialect['sqlToQuery']>) {
    const query = super.sqlToQuery(...given)
    return { ...query, sql: qualified(query.sql) }
  }

  override buildInsertQuery({ table, values, onConflict, returning }: Built<'buildInsertQuery'>): SQL {
    const written = writtenColumns(table, (values as Record<string, SQL>[])[0])
    const conflict = onConflict?.length ? unqualified(sql.join(onConflict)) : undefined
    const shared = sharedTables[getTableName(table)]
    if (!shared) return sql`insert into ${table} ${row(written, {})}${conflict}${returned(returning)}`
    requireNoReturning(returning, table)
    // The triggers insert nothing if there is a conflict.
    if (shared.hasTriggers) return sql`insert into ${table} ${row(written, {})}`
    const { base, extra } = split(shared, written)
    const insert = sql`insert into ${baseTable(shared)} ${row(base, shared)}${conflict}`
    return extra.length === 0 ? insert : withExtra(shared, sql`${insert} returning "id"`, extra)
  }

  override buildUpdateQuery({ table, set, where, returning }: Built<'buildUpdateQuery'>): SQL {
    const written = writtenColumns(table, set as Record<string, SQL>)
    const shared = sharedTables[getTableName(table)]
    if (!shared || shared.hasTriggers)
      return sql`update ${table} set ${assignments(written, {})}${filter(where)}${returned(returning)}`
    requireNoReturning(returning, table)
    const { base, extra } = split(shared, written)
    const update = sql`update ${baseTable(shared)} as ${table} set ${assignments(base, shared)}${baseFilter(shared, table, where)}`
    if (extra.length > 0) {
      const rows =
        base.length > 0 ? sql`${update} returning ${table}."id"` : sql`select "id" from ${table}${filter(where)}`
      return withExtra(shared, rows, extra)
    }
    // Nothing that is stored changes.
    return base.length > 0 ? update : sql`select 1 where false`
  }

  override buildDeleteQuery({ table, where, returning }: Built<'buildDeleteQuery'>): SQL {
    const shared = sharedTables[getTableName(table)]
    if (!shared || shared.hasTriggers) return sql`delete from ${table}${filter(where)}${returned(returning)}`
    requireNoReturning(returning, table)
    return sql`delete from ${baseTable(shared)} as ${table}${baseFilter(shared, table, where)}`
  }
}

/** Columns that the base table would return are not ours. @throws if a statement asks for some */
function requireNoReturning(returning: Returning, table: SQLiteTable): void {
  if (returning?.length)
    throw new Error(`a write of ${getTableName(table)} cannot return columns on Postgres; read them`)
}

/** The columns of a statement that have a value, in the order of the table. */
const writtenColumns = (table: SQLiteTable, values: Record<string, SQL | Param> = {}): Written[] =>
  Object.entries(getTableColumns(table)).flatMap(([property, column]) => {
    const value = values[property]
    return value === undefined ? [] : [[column, sql`${value}`] satisfies Written]
  })

function split({ extra, computed = {} }: SharedTable, written: readonly Written[]) {
  const stored = written.filter(([{ name }]) => !(name in computed))
  const isExtra = ([{ name }]: Written) => extra?.columns.includes(name) ?? false
  return { base: stored.filter((each) => !isExtra(each)), extra: stored.filter(isExtra) }
}

/** Column names and values of an INSERT. */
function row(written: readonly Written[], shared: Partial<SharedTable>): SQL {
  const { names = {}, constants = {}, kinds = {}, added = {} } = shared
  const plus = (name: string) => (name in added ? sql` + ${sql.raw(added[name] ?? '')}` : sql``)
  const columns = [...written.map(([{ name }]) => names[name] ?? name), ...Object.keys(constants)]
  const values = [
    ...written.map(([{ name }, value]) => sql`${storedAs(kinds[name], value)}${plus(name)}`),
    ...Object.values(constants).map((text) => sql.raw(text)),
  ]
  return sql`(${list(columns.map((name) => sql.identifier(name)))}) values (${list(values)})`
}

const assignments = (written: readonly Written[], { names = {}, kinds = {} }: Partial<SharedTable>): SQL =>
  list(
    written.map(([{ name }, value]) => sql`${sql.identifier(names[name] ?? name)} = ${storedAs(kinds[name], value)}`),
  )

/** Writes our own columns of the rows whose ids the first statement returns. */
function withExtra({ extra }: SharedTable, rows: SQL, written: readonly Written[]): SQL {
  if (!extra) throw new Error('the table has no columns of our own')
  const names = written.map(([{ name }]) => sql.identifier(name))
  const excluded = names.map((name) => sql`${name} = excluded.${name}`)
  const key = sql.identifier(extra.key)
  return sql`with base as (${rows}) insert into "latchkey".${sql.identifier(extra.table)} (${list([key, ...names])}) select "id", ${list(
    written.map(([, value]) => value),
  )} from base on conflict (${key}) do update set ${list(excluded)}`
}

const baseTable = ({ base }: SharedTable) => sql`"auth".${sql.identifier(base)}`

const filter = (where: SQL | undefined) => where && sql` where ${where}`

/** The rows of the base table that fulfil a condition on our columns. */
function baseFilter(shared: SharedTable, table: SQLiteTable, where: SQL | undefined): SQL | undefined {
  if (!where) return undefined
  const own = columnsIn(where).filter((column) => column.table === table)
  return own.every(({ name }) => isInBase(shared, name))
    ? filter(onBase(where, shared, table))
    : sql` where ${table}."id" in (select "id" from ${table}${filter(where)})`
}

const columnsIn = (part: unknown): Column[] =>
  is(part, Column) ? [part] : is(part, SQL) ? part.queryChunks.flatMap(columnsIn) : []

/** The same condition with the columns of the table as the base table stores them. */
const onBase = (part: SQL, shared: SharedTable, table: SQLiteTable): SQL =>
  new SQL(
    part.queryChunks.map((chunk) => {
      if (is(chunk, Column) && chunk.table === table)
        return sql.raw(expressionOf(shared, chunk.name, `"${getTableName(table)}"`))
      return is(chunk, SQL) ? onBase(chunk, shared, table) : chunk
    }),
  )

/** A conflict clause whose target has column names without their table. */
const unqualified = (part: SQL): SQL =>
  new SQL(
    part.queryChunks.map((chunk) => {
      if (Array.isArray(chunk)) return chunk.map((each) => (is(each, Column) ? sql.identifier(each.name) : each))
      return is(chunk, SQL) ? unqualified(chunk) : chunk
    }),
  )

const returned = (fields: Returning) =>
  fields &&
  sql` returning ${list(
    fields.map(({ field }) =>
      is(field, SQL.Aliased) ? sql`${field.sql} as ${sql.identifier(field.fieldAlias)}` : sql`${field}`,
    ),
  )}`

const list = (parts: readonly unknown[]) => sql.join(parts as SQL[], sql`, `)

export const postgres: Dialect = {
  db: builderOf(new PostgresDialect()),
  parameter: (param, type) => {
    const cast = castOf(type)
    return cast ? sql`${param}::${sql.raw(cast)}` : sql`${param}`
  },
  encoder,
  entryType,
  decoder,
  missing,
  replace: replacement,
  queries: [],
}
