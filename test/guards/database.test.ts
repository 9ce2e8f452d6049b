/** The migrated database, the schema in the code, and the queries against it. */
import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getTableColumns, is } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { migrations } from '../../migrations'
import { authSchema, postgresMigrations, views } from '../../migrations/postgres'
import '../../src/store'
import { statement, statements } from '../../src/store/query'
import * as schema from '../../src/store/schema'
import { openMigrated } from '../../src/store/sqlite/open'
import { prepare } from '../../src/store/sqlite/prepared'
import { removeFolder } from '../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-guard-'))
const { database } = openMigrated(join(folder, 'test.db'), 1)
const tables = Object.values(schema as Record<string, unknown>).filter((each): each is SQLiteTable =>
  is(each, SQLiteTable),
)

test.each([
  ['migrations', migrations],
  ['migrations/postgres', postgresMigrations],
])('the list of %s equals the folder, in order', (folder, list) => {
  const names = readdirSync(join(import.meta.dir, '../..', folder))
    .filter((name) => /^\d.*\.sql$/.test(name))
    .sort()
  expect(list.map(({ name }) => `${name}.sql`)).toEqual(names)
  for (const { name, sql } of list) {
    expect(name).toMatch(/^\d{4}-/)
    expect(sql).toBe(readFileSync(join(import.meta.dir, '../..', folder, `${name}.sql`), 'utf8'))
    expect(sql).toStartWith('-- ')
  }
})

test('the rest of the SQL for Postgres is that of the folder', () => {
  const directory = join(import.meta.dir, '../../migrations/postgres')
  const others = readdirSync(directory).filter((name) => /^\D.*\.sql$/.test(name))
  expect(others.map((name) => readFileSync(join(directory, name), 'utf8')).sort()).toEqual([authSchema, views].sort())
})

test.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
  'the columns of %s equal those of the database',
  (name, table) => {
    interface Column {
      name: string
      type: string
      notnull: number
      pk: number
    }
    const columns = database
      .query(`SELECT name, type, "notnull", pk FROM pragma_table_xinfo('${name}')`)
      .all() as Column[]
    for (const column of Object.values(getTableColumns(table))) {
      const found = columns.find((each) => each.name === column.name)
      expect([column.name, found?.type, Boolean(found?.notnull) || found?.pk !== 0]).toEqual([
        column.name,
        column.getSQLType().toUpperCase(),
        column.notNull,
      ])
    }
  },
)

test.each(statements.map((statement) => [statement.query().text] as const))('%s uses an index', (text) => {
  const values = Array(text.split('?').length - 1).fill(1)
  const plan = database.query(`EXPLAIN QUERY PLAN ${text}`).all(...values) as { detail: string }[]
  for (const { detail } of plan) expect(detail).not.toMatch(/^SCAN(?!.* VIRTUAL TABLE INDEX )|TEMP B-TREE/)
})

test.each(statements.map((statement) => [statement.query().text, statement] as const))(
  "%s answers with the names of its rows' properties",
  (text, statement) => {
    const { columnNames } = database.prepare(text)
    for (const name of columnNames) expect(name).toMatch(/^([a-z]+\.)?[a-zA-Z]+\d?$/)
    for (const { property } of statement.query().decoders) expect(columnNames).toContain(property)
  },
)

test('all statements of the store are looked at', () => {
  expect(statements.length).toBeGreaterThan(200)
})

/** A value of each kind of column, none of which is the same before and after decoding where the two differ. */
const SAMPLES: Record<string, unknown> = {
  SQLiteText: 'tëxt',
  SQLiteInteger: 7,
  SQLiteBoolean: 1,
  SQLiteTextJson: '{"email":"A@b.c","deep":[{"n":1e-7,"big":9007199254740991,"s":"\\u2028\\u0000"}],"__proto__":1}',
}

test.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
  'rows of %s are read as drizzle would',
  async (name, table) => {
    const db = drizzle({ client: database })
    const columns = Object.values(getTableColumns(table)).filter(({ generated }) => !generated)
    const insert = (values: unknown[]) =>
      database
        .query(`INSERT INTO ${name} (${columns.map((each) => `"${each.name}"`)}) VALUES (${columns.map(() => '?')})`)
        .run(...(values as SQLQueryBindings[]))
    database.run('PRAGMA foreign_keys = OFF')
    database.run('PRAGMA ignore_check_constraints = ON')
    database.run('BEGIN')
    insert(columns.map(({ columnType }) => SAMPLES[columnType]))
    if (columns.some(({ primary, notNull, isUnique }) => !notNull && !primary && !isUnique))
      insert(
        columns.map(({ columnType, notNull, primary }) => {
          if (!notNull && !primary) return null
          const value = SAMPLES[columnType]
          return columnType === 'SQLiteTextJson' ? value : typeof value === 'number' ? 0 : 'another'
        }),
      )
    const all = statement({}, (builder) => builder.select().from(table))
    const rows = prepare(database, all.query()).all(undefined)
    expect(rows.length).toBeGreaterThan(0)
    expect(rows).toEqual(db.select().from(table).all())
    expect(rows.map((row) => Object.keys(row))).toEqual(db.select().from(table).all().map(Object.keys))
    database.run('ROLLBACK')
    statements.pop()
  },
)

test('closing a database gathers no statistics, which would fix the plans of small tables', () => {
  const path = join(folder, 'test.db')
  database.close()
  const again = new Database(path)
  expect(again.query("SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'").all()).toEqual([])
  again.close()
  removeFolder(folder)
})
