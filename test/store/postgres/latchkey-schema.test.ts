/** The tables of the schema `latchkey` have the columns, keys and indexes that they have on SQLite. */
import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SQL } from 'bun'
import { migratePostgres } from '../../../src/store/postgres/migrate'
import { sharedTables } from '../../../src/store/postgres/shared-tables'
import { openMigrated } from '../../../src/store/sqlite/open'
import { emptyDatabase } from '../../support/empty-postgres'
import { hasPostgres } from '../../support/postgres'
import { removeFolder } from '../../support/remove-folder'

/** Tables that SQLite has and Postgres keeps in the schema `auth`. */
const SHARED = [...Object.keys(sharedTables), 'users', 'mfa_factors', 'webauthn_credentials', 'custom_oauth_providers']
SHARED.push('refresh_tokens')

/** Differences on purpose. */
const CASCADES: Record<string, string | undefined> = {
  // Recovery codes are the only factors with codes.
  'mfa_recovery_codes.factor_id': 'latchkey.recovery_factors',
  // A factor is in one of two tables.
  'mfa_challenges.factor_id': undefined,
}
const TARGETS: Record<string, string> = { users: 'auth.users', sessions: 'auth.sessions', roles: 'latchkey.roles' }

interface Column {
  table: string
  name: string
  type: string
  needed: boolean
  key: number
}

interface Index {
  table: string
  name: string
  unique: boolean
  columns: string
  condition: string
}

function sqliteTables() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-schema-'))
  const { database } = openMigrated(join(folder, 'test.db'), 1)
  const rows = <Row>(query: string) => database.query(query).all() as Row[]
  const own = `m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'user_search%' AND m.name NOT IN (${SHARED.map((name) => `'${name}'`)})`
  const columns = rows<Column & { needed: number; key: number }>(
    `SELECT m.name AS "table", c.name, c.type, c."notnull" AS needed, c.pk AS "key" FROM sqlite_master m, pragma_table_info(m.name) c WHERE ${own}`,
  )
  const indexes = rows<Index & { unique: number }>(
    `SELECT m.name AS "table", i.name, i."unique", (SELECT group_concat(name) FROM pragma_index_info(i.name)) AS columns,
      coalesce(lower(substr(s.sql, instr(s.sql, ' WHERE ') + 7 * (instr(s.sql, ' WHERE ') > 0))), '') AS condition
    FROM sqlite_master m, pragma_index_list(m.name) i LEFT JOIN sqlite_master s ON s.name = i.name AND i.partial
    WHERE ${own} AND i.origin <> 'pk'`,
  )
  const references = rows<{ table: string; name: string; target: string; action: string }>(
    `SELECT m.name AS "table", f."from" AS name, f."table" AS target, f.on_delete AS action FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE ${own}`,
  )
  database.close()
  removeFolder(folder)
  return { columns, indexes, references }
}

async function postgresTables(sql: SQL) {
  const columns = await sql.unsafe<Column[]>(
    `SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS needed,
      coalesce(array_position(i.indkey::int[], a.attnum::int) + 1, 0) AS key
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 LEFT JOIN pg_index i ON i.indrelid = c.oid AND indisprimary
    WHERE c.relnamespace = 'latchkey'::regnamespace AND c.relkind = 'r'`,
  )
  const indexes = await sql.unsafe<Index[]>(
    `SELECT t.relname AS table, c.relname AS name, i.indisunique AS unique,
      (SELECT string_agg(attname, ',' ORDER BY array_position(indkey::int[], attnum::int)) FROM pg_attribute WHERE attrelid = t.oid AND attnum = ANY (indkey)) AS columns,
      coalesce(lower(pg_get_expr(indpred, indrelid)), '') AS condition
    FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
    WHERE t.relnamespace = 'latchkey'::regnamespace AND NOT indisprimary`,
  )
  const references = await sql.unsafe<{ table: string; name: string; target: string; action: string }[]>(
    `SELECT conrelid::regclass::text AS table, attname AS name, confrelid::regclass::text AS target,
      CASE confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END AS action
    FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE connamespace = 'latchkey'::regnamespace AND contype = 'f'`,
  )
  return { columns: [...columns], indexes: [...indexes], references: [...references] }
}

/** `bigint` for instants, counts and sequences, `smallint` for flags, `uuid` for ids that refer to the schema `auth`. */
const MATCHING: Record<string, string[]> = { INTEGER: ['bigint', 'smallint'], TEXT: ['text', 'uuid'] }

const plain = (condition: string) => condition.replace(/[()]|::text/g, '')

test.skipIf(!hasPostgres)('the schema latchkey equals the tables of SQLite', async () => {
  await using database = await emptyDatabase()
  await migratePostgres(database.sql, { now: 1 })
  const expected = sqliteTables()
  const actual = await postgresTables(database.sql)
  const tables = [...new Set(expected.columns.map(({ table }) => table))]
  expect(tables.length).toBeGreaterThan(18)

  for (const table of tables) {
    const of = <Row extends { table: string; name: string }>(rows: Row[]) =>
      rows.filter((each) => each.table === table).sort((a, b) => a.name.localeCompare(b.name))
    const columns = of(actual.columns)
    expect(columns.map(({ name, needed, key }) => [table, name, needed, key])).toEqual(
      of(expected.columns).map(({ name, needed, key }) => [table, name, needed !== 0 || key > 0, key] as never),
    )
    for (const [index, { name, type }] of of(expected.columns).entries())
      expect([table, name, ...(MATCHING[type] ?? [])]).toContain(columns[index]?.type as string)
    const shapes = (rows: Index[]) =>
      rows.map(({ unique, columns: names, condition }) => `${Boolean(unique)} ${names} ${plain(condition)}`).sort()
    expect([table, ...shapes(of(actual.indexes))]).toEqual([table, ...shapes(of(expected.indexes))])
  }

  for (const { table, name, target, action } of expected.references) {
    const place = `${table}.${name}`
    const wanted = place in CASCADES ? CASCADES[place] : TARGETS[target]
    const found = actual.references.find((each) => each.table === `latchkey.${table}` && each.name === name)
    expect([place, found?.target, found?.action ?? action]).toEqual([place, wanted, action])
  }
})

test.skipIf(!hasPostgres)('everything of an account goes with it', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await migratePostgres(sql, { now: 1 })
  const { references } = await postgresTables(sql)
  const own = references.filter(({ target }) => target !== 'latchkey.roles')
  expect(own.length).toBeGreaterThan(12)
  for (const { table, name, action } of own) expect([table, name, action]).toEqual([table, name, 'CASCADE'])
})

test.skipIf(!hasPostgres)('other roles see nothing of the schema latchkey', async () => {
  await using database = await emptyDatabase()
  await migratePostgres(database.sql, { now: 1 })
  const [row] = await database.sql.unsafe(`SELECT has_schema_privilege('pg_monitor', 'latchkey', 'USAGE') AS allowed`)
  expect(row.allowed).toBe(false)
})
