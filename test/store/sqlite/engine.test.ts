import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { openStore } from '../../../src/store'
import { Conflict, type Engine, MAX_RERUNS, runGuarded, type Tx } from '../../../src/store/engine'
import { statement, statements } from '../../../src/store/query'
import { meta, userRoles } from '../../../src/store/schema'
import { openDatabase } from '../../../src/store/sqlite/connections'
import { sqliteEngine } from '../../../src/store/sqlite/engine'
import { openMigrated } from '../../../src/store/sqlite/open'
import { databaseTokens } from '../../../src/store/verification/database'
import { removeFolder } from '../../support/remove-folder'

const OPTIONS = { tokensOf: databaseTokens, onEvent() {} }

let folder: string
let engine: Engine

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-engine-'))
  engine = sqliteEngine(openMigrated(join(folder, 'test.db'), 1).database, OPTIONS)
})
afterEach(async () => {
  await engine.close()
  removeFolder(folder)
})

const ofStore = statements.length
const insert = statement({ key: meta.key, value: meta.value }, (db, { key, value }) =>
  db.insert(meta).values({ key, value }),
)
const update = statement({ key: meta.key }, (db, { key }) =>
  db.update(meta).set({ value: sql`value + 1` }).where(eq(meta.key, key)),
)
const select = statement({ key: meta.key }, (db, { key }) => db.select().from(meta).where(eq(meta.key, key)))
const insertRole = statement({}, (db) => db.insert(userRoles).values({ userId: 'nobody', role: 'admin', grantedAt: 1 }))
// Guards look at the statements of the store alone.
statements.length = ofStore

const put =
  (key: string, value = '0') =>
  (tx: Tx) =>
    tx.run(insert, { key, value })
const get = (key: string) => engine.read((tx) => tx.one(select, { key }))

test('a write resolves once it can be read', async () => {
  expect(await engine.write(put('a'))).toBe(1)
  expect(await get('a')).toEqual({ key: 'a', value: '0' })
  expect(await get('b')).toBeUndefined()
})

test('1,000 concurrent increments add up to 1,000', async () => {
  await engine.write(put('counter'))
  await Promise.all(Array.from({ length: 1000 }, () => engine.write((tx) => tx.run(update, { key: 'counter' }))))
  expect((await get('counter'))?.value).toBe('1000')
})

test('an operation that throws is rolled back alone, wherever the error comes from', async () => {
  const outcomes = await Promise.allSettled([
    engine.write(put('first')),
    engine.write(async (tx) => {
      await tx.run(insert, { key: 'half', value: '0' })
      throw new Error('changed its mind')
    }),
    engine.write(put('first')),
    engine.write(put('last')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(await Promise.all(['first', 'half', 'last'].map(async (key) => (await get(key)) !== undefined))).toEqual([
    true,
    false,
    true,
  ])
})

test('uncommitted changes cannot be read', async () => {
  let seen: unknown = 'not asked'
  await engine.write(async (tx) => {
    await tx.run(insert, { key: 'a', value: '0' })
    seen = await get('a')
    expect(await tx.one(select, { key: 'a' })).toEqual({ key: 'a', value: '0' })
  })
  expect(seen).toBeUndefined()
  expect(await get('a')).toBeDefined()
})

test('reads before and after a commit in one turn of the event loop each see the current state', async () => {
  const before = get('a')
  await engine.write(put('a'))
  expect([await before, (await get('a'))?.value]).toEqual([undefined, '0'])
})

test('foreign keys are enforced', async () => {
  await expect(engine.write((tx) => tx.run(insertRole))).rejects.toThrow('FOREIGN KEY')
})

test('closing lets waiting writes finish', async () => {
  const pending = engine.write(put('late'))
  const closing = engine.close()
  expect(await pending).toBe(1)
  await closing
  engine = sqliteEngine(openMigrated(join(folder, 'test.db'), 1).database, OPTIONS)
  expect((await get('late'))?.value).toBe('0')
})

test('a write error fails its whole batch, and the next batch works again', async () => {
  const path = join(folder, 'full.db')
  const { database } = openMigrated(path, 1)
  const small = sqliteEngine(database, OPTIONS)
  const { page_count: pages } = database.query('PRAGMA page_count').get() as { page_count: number }
  database.run(`PRAGMA max_page_count = ${pages + 2}`)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => small.write(put(`k${index}`, 'x'.repeat(4000)))),
  )
  expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
  database.run('PRAGMA max_page_count = 1000000')
  expect(await small.write(put('after'))).toBe(1)
  for (const [index, { status }] of outcomes.entries())
    expect((await small.read((tx) => tx.one(select, { key: `k${index}` }))) !== undefined).toBe(status === 'fulfilled')
  await small.close()
})

test('an operation that meets a conflict is rolled back and run again, and its events are announced once', async () => {
  const heard: string[] = []
  const path = join(folder, 'conflicts.db')
  const busy = sqliteEngine(openMigrated(path, 1).database, { ...OPTIONS, onEvent: ({ kind }) => heard.push(kind) })
  let runs = 0
  await busy.write(async (tx) => {
    runs += 1
    await tx.run(insert, { key: `run ${runs}`, value: '0' })
    tx.emit({ kind: 'matrix_account' })
    if (runs < 3) throw new Conflict()
  })
  const written = await Promise.all([1, 2, 3].map((n) => busy.read((tx) => tx.one(select, { key: `run ${n}` }))))
  expect(written.map((row) => row !== undefined)).toEqual([false, false, true])
  expect([runs, heard]).toEqual([3, ['matrix_account']])
  let attempts = 0
  const endless = busy.write(async () => {
    attempts += 1
    throw new Conflict()
  })
  await expect(endless).rejects.toThrow(Conflict)
  expect(attempts).toBe(MAX_RERUNS + 1)
  await busy.close()
})

test('a guarded write that changes nothing is a conflict', async () => {
  await engine.write(put('guarded'))
  expect(await engine.write((tx) => runGuarded(tx, update, { key: 'guarded' }))).toBeUndefined()
  await expect(engine.write((tx) => runGuarded(tx, update, { key: 'nothing' }))).rejects.toThrow(Conflict)
})

test('for tests, every write can be run twice, with the first run rolled back', async () => {
  const heard: string[] = []
  const twice = sqliteEngine(openMigrated(join(folder, 'twice.db'), 1).database, {
    ...OPTIONS,
    onEvent: ({ kind }) => heard.push(kind),
    runsWritesTwice: true,
  })
  let runs = 0
  const insertOnce = (tx: Tx) => {
    runs += 1
    tx.emit({ kind: 'matrix_account' })
    return tx.run(insert, { key: 'once', value: '0' })
  }
  expect(await twice.write(insertOnce)).toBe(1)
  expect([runs, heard]).toEqual([2, ['matrix_account']])
  await twice.close()
})

test('every connection syncs to disk and enforces foreign keys', () => {
  const db = openDatabase(join(folder, 'test.db'))
  const pragma = (name: string) => Object.values(db.query(`PRAGMA ${name}`).get() as object)[0]
  expect([pragma('synchronous'), pragma('journal_mode'), pragma('foreign_keys')]).toEqual([2, 'wal', 1])
  db.close()
})

test('a failing event listener does not affect writes', async () => {
  const heard: string[] = []
  const store = await openStore(join(folder, 'messages.db'), 1, {
    onEvent(event) {
      heard.push(event.kind === 'message' ? event.id : event.kind)
      throw new Error('the listener is broken')
    },
  })
  const message = (id: string) => ({
    id,
    channel: 'email' as const,
    template: 'recovery',
    recipient: 'ada@example.com',
    content: 'x',
    state: 'kept' as const,
    attempts: 0,
    error: null,
    nextAttemptAt: null,
    expiresAt: 2,
    createdAt: 1,
    sentAt: null,
    userId: null,
  })
  const issue = (id: string) => store.saveTokensAndMessages({ now: 1, messages: [message(id)], audit: [] })
  await Promise.all([issue('a'), issue('b')])
  await issue('c')
  expect((await store.listMessages({ to: undefined, limit: 9 })).map(({ id }) => id)).toEqual(['c', 'b', 'a'])
  expect(heard).toEqual(['a', 'b', 'c'])
  await store.close()
})
