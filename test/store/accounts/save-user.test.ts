/** Saving an account's row writes what changed and `updated_at`, and nothing else. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createUser } from '../../../src/store/accounts/new-accounts'
import { saveUser } from '../../../src/store/accounts/save-user'
import type { Engine, Tx } from '../../../src/store/engine'
import type { User } from '../../../src/store/schema'
import { userById } from '../../../src/store/statements'
import { newUser } from '../../support/accounts'
import { eachEngine, newDatabase, openEngine, type TestDatabase } from '../../support/engines'

let engine: Engine
const ADA = newUser({ email: 'ada@example.com', aud: 'a', rawAppMetaData: { a: 1 } })
const byId = { id: ADA.id }

/** Saves a change. @returns the columns that were written, and the row afterwards */
function save(change: Partial<User>): Promise<{ columns: string[]; row: User }> {
  return engine.write(async (tx) => {
    const texts: string[] = []
    const run: Tx['run'] = (given, ...values) => {
      texts.push(given.query().text)
      return tx.run(given, ...values)
    }
    const [before] = (await tx.all(userById, byId)) as [User]
    await saveUser({ ...tx, run }, before, { ...before, ...change })
    const [row] = (await tx.all(userById, byId)) as [User]
    const columns = texts.flatMap((text) => [...text.matchAll(/"(\w+)" = \?(?=,| where)/g)].map(([, name]) => name))
    return { columns: columns as string[], row }
  })
}

eachEngine(() => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await newDatabase()
    engine = await openEngine(database.target)
    await engine.write((tx) => createUser(tx, { user: ADA, identities: [], audit: [] }))
  })
  afterAll(async () => {
    await engine.close()
    await database[Symbol.asyncDispose]()
  })

  test('only changed columns are written', async () => {
    const { columns, row } = await save({ email: 'ada@example.org', isAnonymous: true, bannedUntil: 5, updatedAt: 2 })
    expect(columns).toEqual(['email', 'banned_until', 'is_anonymous', 'updated_at'])
    expect(row).toMatchObject({ email: 'ada@example.org', isAnonymous: true, bannedUntil: 5, updatedAt: 2, aud: 'a' })
    expect((await save({ email: null, bannedUntil: null })).row).toMatchObject({ email: null, bannedUntil: null })
  })

  test('nothing else is written if nothing changed, also of metadata that is another object', async () => {
    expect((await save({ rawAppMetaData: { a: 1 } })).columns).toEqual(['updated_at'])
    expect((await save({ rawAppMetaData: { a: 2 } })).columns).toEqual(['raw_app_meta_data', 'updated_at'])
    expect((await save({})).row.rawAppMetaData).toEqual({ a: 2 })
  })

  test('keys of metadata are read as they were written, so that nothing is written again', async () => {
    const data = { aaa: { bbb: 1, c: 2 }, b: [{ ddd: 1, e: 2 }], ä: null }
    expect((await save({ rawUserMetaData: data })).columns).toEqual(['raw_user_meta_data', 'updated_at'])
    const { columns, row } = await save({ rawUserMetaData: data })
    expect(columns).toEqual(['updated_at'])
    expect(JSON.stringify(row.rawUserMetaData)).toBe(JSON.stringify(data))
  })

  test('what identifies an account is never written', async () => {
    expect((await save({ uid: 9, id: 'another', createdAt: 9, factorCount: 9 })).columns).toEqual(['updated_at'])
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
})
