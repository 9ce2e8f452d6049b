/** Failures of SQLite: each one is reported with its cause, and the next operation works. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { Unavailable } from '../../../src/lib/unavailable'
import type { DatabaseProblem, Engine, Tx } from '../../../src/store/engine'
import { statement } from '../../../src/store/query'
import { meta } from '../../../src/store/schema'
import { openDatabase } from '../../../src/store/sqlite/connections'
import { sqliteEngine } from '../../../src/store/sqlite/engine'
import { damageOf } from '../../../src/store/sqlite/integrity'
import { openMigrated } from '../../../src/store/sqlite/open'
import { databaseTokens } from '../../../src/store/verification/database'
import { removeFolder } from '../../support/remove-folder'

let folder: string
let path: string
let writer: Database
let engine: Engine
let conditions: (DatabaseProblem | undefined)[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-trouble-'))
  path = join(folder, 'test.db')
  writer = openMigrated(path, 1).database
  conditions = []
  engine = sqliteEngine(writer, {
    tokensOf: databaseTokens,
    onEvent() {},
    onDatabaseProblem: (condition) => conditions.push(condition),
  })
})
afterEach(async () => {
  await engine.close()
  removeFolder(folder)
})

const insert = statement({ key: meta.key, value: meta.value }, (db, { key, value }) =>
  db.insert(meta).values({ key, value }),
)
const select = statement({ key: meta.key }, (db, { key }) => db.select().from(meta).where(eq(meta.key, key)))

const put =
  (key: string, value = '0') =>
  (tx: Tx) =>
    tx.run(insert, { key, value })
const get = (key: string) => engine.read((tx) => tx.one(select, { key }))
const probe = async (tx: Tx) => {
  await tx.run(insert, { key: crypto.randomUUID(), value: '' })
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

/** Overwrites the root of the table that the tests use, behind SQLite's back. */
function damage(): void {
  writer.run('PRAGMA wal_checkpoint(TRUNCATE)')
  const { rootpage } = writer.query("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'").get() as {
    rootpage: number
  }
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4096), 0, 4096, (rootpage - 1) * 4096)
  closeSync(file)
}

test('an error that ends the whole transaction is reported as itself', async () => {
  const ended = await failure(
    engine.write(async (tx) => {
      await tx.run(insert, { key: 'a', value: '0' })
      writer.run('ROLLBACK')
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    }),
  )
  expect(ended).toBeInstanceOf(Unavailable)
  expect(ended).toMatchObject({ kind: 'disk_full', cause: { message: 'database or disk is full' } })
  expect(await engine.write(put('b'))).toBe(1)
  expect([await get('a'), (await get('b'))?.value]).toEqual([undefined, '0'])
  expect(conditions.map((condition) => condition?.kind)).toEqual(['disk_full', undefined])
})

test.each([
  ['SQLITE_IOERR_WRITE', 'disk_failing'],
  ['SQLITE_READONLY', 'read_only'],
  ['SQLITE_READONLY_DBMOVED', 'file_moved'],
  ['SQLITE_CANTOPEN', 'file_unreachable'],
  ['SQLITE_BUSY_SNAPSHOT', 'locked'],
  ['SQLITE_NOMEM', 'out_of_memory'],
  ['SQLITE_INTERRUPT', 'disk_failing'],
] as const)('%s is an environmental error, and the next write works', async (code, kind) => {
  const thrown = Object.assign(new Error('as SQLite has it'), { code })
  const refused = await failure(engine.write(() => Promise.reject(thrown)))
  expect(refused).toMatchObject({ kind, cause: thrown })
  expect(await engine.write(put('after'))).toBe(1)
  expect((await get('after'))?.value).toBe('0')
  // A small write that works does not prove that there is space.
  const isPartial = kind === 'disk_failing' || kind === 'out_of_memory'
  expect((await engine.examine(probe))?.kind).toBe(isPartial ? kind : undefined)
})

test('errors that are not environmental are thrown unchanged', async () => {
  await engine.write(put('a'))
  expect(await failure(engine.write(put('a')))).toMatchObject({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' })
  expect(await failure(engine.read(() => Promise.reject(new Error('mine'))))).toEqual(new Error('mine'))
  expect(conditions).toEqual([])
})

test('while another process holds the lock, reads work, and a write waits without blocking the process', async () => {
  await engine.write(put('a'))
  const other = openDatabase(path)
  other.run('BEGIN IMMEDIATE')
  let isDone = false
  const waiting = engine.write(put('b')).then(() => (isDone = true))
  for (let turn = 0; turn < 100; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    expect((await get('a'))?.value).toBe('0')
  }
  expect(isDone).toBe(false)
  expect((await engine.examine(probe))?.reason).toBe('another process holds the lock of the database')
  other.run('COMMIT')
  await waiting
  expect((await get('b'))?.value).toBe('0')
  expect(await engine.examine(probe)).toBeUndefined()
  other.close()
})

test('closing releases the file at once', async () => {
  await engine.write(put('a'))
  await get('a')
  await engine.close()
  const other = new Database(path)
  other.run('PRAGMA locking_mode = EXCLUSIVE')
  other.run('BEGIN EXCLUSIVE')
  expect(() => openDatabase(path, { busyMs: 0 })).toThrow('locked')
  other.close()
})

test('damage fails the reading query, and is reported until an integrity check passes', async () => {
  await engine.write(put('a'))
  damage()
  expect(await failure(get('a'))).toBeInstanceOf(Error)
  expect(await failure(engine.write(put('b')))).toBeInstanceOf(Error)
  await new Promise((resolve) => setImmediate(resolve))
  expect(await engine.examine(probe)).toMatchObject({ kind: 'damaged', reason: 'the database file is damaged' })
  expect(damageOf(path)).toBeDefined()
})

test('an intact file has no damage', () => {
  expect(damageOf(path)).toBeUndefined()
})

test('nothing is written while the file is moved away, and everything once it is back', async () => {
  await engine.write(put('a'))
  renameSync(path, join(folder, 'aside'))
  expect(await failure(engine.write(put('b')))).toMatchObject({ kind: 'file_moved' })
  expect((await engine.examine(probe))?.kind).toBe('file_moved')
  renameSync(join(folder, 'aside'), path)
  expect(await engine.write(put('b'))).toBe(1)
  expect(await engine.examine(probe)).toBeUndefined()
})

test('the contents of a deleted write-ahead log are restored to the database', async () => {
  await engine.write(put('a'))
  rmSync(`${path}-wal`)
  expect(await engine.write(put('b'))).toBe(1)
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
  const copy = new Database(path, { readonly: true })
  expect(copy.query("SELECT key FROM meta WHERE key IN ('a', 'b') ORDER BY key").all()).toEqual([
    { key: 'a' },
    { key: 'b' },
  ])
  copy.close()
})

test('nothing is stored outside the database folder, and nothing waits for a lock', () => {
  const pragma = (name: string) => Object.values(writer.query(`PRAGMA ${name}`).get() as object)[0]
  expect([pragma('temp_store'), pragma('busy_timeout'), pragma('journal_size_limit')]).toEqual([2, 0, 16 * 1024 * 1024])
})

test('a database that is up to date can be opened while another process holds the lock', () => {
  const other = openDatabase(path)
  other.run('BEGIN IMMEDIATE')
  const { database, applied } = openMigrated(path, 2)
  expect(applied).toEqual([])
  database.close()
  other.close()
})
