/** The database as the migrations make it, the schema the code knows, and the queries between them. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getTableColumns, is } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { migrations } from '../../migrations'
import { statements } from '../../src/store/engine'
import * as schema from '../../src/store/schema'
import { openMigrated } from '../../src/store/sqlite/open'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-guard-'))
const { database } = openMigrated(join(folder, 'test.db'), 1)
const db = drizzle({ client: database })
const tables = Object.values(schema as Record<string, unknown>).filter((each): each is SQLiteTable =>
  is(each, SQLiteTable),
)

test('the list of migrations is the folder, in its order', () => {
  const directory = join(import.meta.dir, '../../migrations')
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  expect(migrations.map(({ name }) => `${name}.sql`)).toEqual(names)
  for (const { name, sql } of migrations) {
    expect(name).toMatch(/^\d{4}-/)
    expect(sql).toBe(readFileSync(join(directory, `${name}.sql`), 'utf8'))
    expect(sql).toStartWith('-- ')
  }
})

test.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
  'the columns of %s are those of the database',
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

test.each(statements.map((statement) => [statement.build(db).getQuery().sql] as const))('%s uses an index', (sql) => {
  const values = Array(sql.split('?').length - 1).fill(1)
  const plan = database.query(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]
  for (const { detail } of plan) {
    // a slice by row id is as long as its LIMIT; SQLite calls going through that subquery a scan
    const isSlice = sql.includes('max(rowid)') && /^SCAN (CONSTANT ROW|\(subquery-\d+\))$/.test(detail)
    if (!isSlice) expect(detail).not.toMatch(/^SCAN|TEMP B-TREE/)
  }
})

test('closing a database gathers no statistics, which would freeze the plans of a small table', () => {
  const path = join(folder, 'test.db')
  database.close()
  const again = new Database(path)
  expect(again.query("SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'").all()).toEqual([])
  again.close()
  rmSync(folder, { recursive: true })
})
