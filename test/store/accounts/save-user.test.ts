/** Saving an account's row writes what changed and nothing else. */
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { saveUser } from '../../../src/store/accounts/save-user'
import type { Tx } from '../../../src/store/engine'
import type { User } from '../../../src/store/schema'
import { sqliteEngine } from '../../../src/store/sqlite/engine'
import { openMigrated } from '../../../src/store/sqlite/open'
import { userById } from '../../../src/store/statements'
import { databaseTokens } from '../../../src/store/verification/database'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-save-user-'))
const { database } = openMigrated(join(folder, 'test.db'), 1)
const engine = sqliteEngine(database, { tokensOf: databaseTokens, onEvent() {} })
database.run(
  `INSERT INTO users (id, aud, role, email, raw_app_meta_data, raw_user_meta_data, admin_user_meta_data, created_at, updated_at)
   VALUES ('ada', 'a', 'r', 'ada@example.com', '{"a":1}', '{}', '{}', 1, 1)`,
)
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true })
})

/** Saves a change. @returns the columns that were written, and the row afterwards */
function save(change: Partial<User>): Promise<{ columns: string[]; row: User }> {
  return engine.write(async (tx) => {
    const texts: string[] = []
    const run: Tx['run'] = (given, ...values) => {
      texts.push(given.query().text)
      return tx.run(given, ...values)
    }
    const [before] = (await tx.all(userById, { id: 'ada' })) as [User]
    await saveUser({ ...tx, run }, before, { ...before, ...change })
    const [row] = (await tx.all(userById, { id: 'ada' })) as [User]
    const columns = texts.flatMap((text) => [...text.matchAll(/"(\w+)" = \?(?=,| where)/g)].map(([, name]) => name))
    return { columns: columns as string[], row }
  })
}

test('only changed columns are written', async () => {
  const { columns, row } = await save({ email: 'ada@example.org', isAnonymous: true, bannedUntil: 5, updatedAt: 2 })
  expect(columns).toEqual(['email', 'banned_until', 'is_anonymous', 'updated_at'])
  expect(row).toMatchObject({ email: 'ada@example.org', isAnonymous: true, bannedUntil: 5, updatedAt: 2, aud: 'a' })
  expect((await save({ email: null, bannedUntil: null })).row).toMatchObject({ email: null, bannedUntil: null })
})

test('nothing is written if nothing changed, also of metadata that is another object', async () => {
  expect((await save({ rawAppMetaData: { a: 1 } })).columns).toEqual([])
  expect((await save({ rawAppMetaData: { a: 2 } })).columns).toEqual(['raw_app_meta_data'])
  expect((await save({})).row.rawAppMetaData).toEqual({ a: 2 })
})

test('what identifies an account is never written', async () => {
  expect((await save({ uid: 9, id: 'ada', createdAt: 9, factorCount: 9 })).columns).toEqual([])
})

test('however many sets of columns change, statements stay few, and every change is saved', async () => {
  const names = [
    'emailChange',
    'phoneChange',
    'username',
    'matrixUserId',
    'phone',
    'role',
    'encryptedPassword',
  ] as const
  for (let bits = 1; bits < 2 ** names.length; bits++) {
    const change = Object.fromEntries(
      names.flatMap((name, at) => (bits & (1 << at) ? [[name, `${name} ${bits}`]] : [])),
    )
    expect((await save(change)).row).toMatchObject(change)
  }
  expect((await save({ role: 'all columns' })).row.role).toBe('all columns')
})
