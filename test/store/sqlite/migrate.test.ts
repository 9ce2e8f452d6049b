import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Migration } from '../../../migrations'
import { openDatabase } from '../../../src/store/sqlite/connections'
import { historyOf, migrate } from '../../../src/store/sqlite/migrate'
import { snapshot } from '../../../src/store/sqlite/snapshot'
import { removeFolder } from '../../support/remove-folder'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-migrate-'))
})
afterEach(() => removeFolder(folder))

const one: Migration = {
  name: '0001-one',
  sql: 'CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE);',
}
const two: Migration = {
  name: '0002-two',
  sql: 'CREATE TABLE parent2 (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO parent2 (id) SELECT id FROM parent; DROP TABLE parent; ALTER TABLE parent2 RENAME TO parent;',
}
const broken: Migration = {
  name: '0002-broken',
  sql: 'CREATE TABLE half (id INTEGER); INSERT INTO nowhere VALUES (1);',
}
const orphaning: Migration = { name: '0002-orphaning', sql: 'DELETE FROM parent;' }

function run(list: Migration[]) {
  const db = openDatabase(join(folder, 'test.db'))
  const snapshots: number[] = []
  try {
    return { applied: migrate(db, list, { now: 1, snapshot: (version) => snapshots.push(version) }), snapshots }
  } finally {
    db.close()
  }
}

test('a new database gets every migration once, and no snapshot', () => {
  expect(run([one, two])).toEqual({ applied: ['0001-one', '0002-two'], snapshots: [] })
  expect(run([one, two])).toEqual({ applied: [], snapshots: [] })
})

test('rebuilding a table keeps the rows that refer to it', () => {
  run([one])
  const db = openDatabase(join(folder, 'test.db'))
  db.run('INSERT INTO parent VALUES (1); ')
  db.run('INSERT INTO child VALUES (1)')
  db.close()
  expect(run([one, two])).toEqual({ applied: ['0002-two'], snapshots: [1] })
  const after = openDatabase(join(folder, 'test.db'))
  expect(after.query('SELECT count(*) AS n FROM child').get()).toEqual({ n: 1 })
  expect(after.query('PRAGMA foreign_keys').get()).toEqual({ foreign_keys: 1 })
  after.close()
})

test('a failed migration rolls back all migrations of the run', () => {
  run([one])
  const db = openDatabase(join(folder, 'test.db'))
  db.run('INSERT INTO parent VALUES (1)')
  db.run('INSERT INTO child VALUES (1)')
  db.close()
  expect(() => run([one, two, { ...broken, name: '0003-broken' }])).toThrow('no such table')
  expect(() => run([one, orphaning])).toThrow('dangling references')
  const after = openDatabase(join(folder, 'test.db'))
  expect(historyOf(join(folder, 'test.db'))).toEqual({
    exists: true,
    migrations: ['0001-one'],
    lastOpenedBy: undefined,
    encryptionKeyId: undefined,
  })
  expect(after.query("SELECT name FROM sqlite_master WHERE name IN ('half', 'parent2')").all()).toEqual([])
  expect(after.query('SELECT count(*) AS n FROM parent').get()).toEqual({ n: 1 })
  after.close()
})

test('a database that is newer than the executable is refused and unchanged', () => {
  run([one, two])
  expect(() => run([one])).toThrow('the database is newer than this executable')
  expect(run([one, two]).applied).toEqual([])
})

test('a migration that was edited after it ran is noticed', () => {
  run([one])
  expect(() => run([{ ...one, sql: `${one.sql} ` }])).toThrow('belongs to another build')
  expect(() => run([{ ...one, name: '0001-other' }])).toThrow('belongs to another build')
})

test('of several processes that start at once one migrates', async () => {
  const script = join(import.meta.dir, '../../support/migrate-once.ts')
  const starters = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, script, join(folder, 'test.db')], { stdout: 'pipe', stderr: 'inherit' }),
  )
  const applied = await Promise.all(starters.map(async (starter) => Number(await new Response(starter.stdout).text())))
  expect(applied.filter((count) => count > 0)).toHaveLength(1)
  expect(await Promise.all(starters.map(({ exited }) => exited))).toEqual([0, 0, 0, 0])
})

test('snapshots are complete databases, and the three newest are kept', () => {
  run([one])
  for (const version of [1, 2, 3, 4, 4]) snapshot(join(folder, 'test.db'), version)
  const names = readdirSync(join(folder, 'snapshots')).sort()
  expect(names).toEqual([2, 3, 4].map((version) => `schema-000${version}.db`))
  const copy = new Database(join(folder, 'snapshots', names[0] as string), { readonly: true })
  expect(copy.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  copy.close()
})
