/** Statements: what their types refuse, and how they are built. */
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq, sql } from 'drizzle-orm'
import type { Queries } from '../../src/store/engine'
import { columnsOf, integer, statement, statements, text } from '../../src/store/query'
import { customOAuthProviders, meta, sessions, users } from '../../src/store/schema'
import { openMigrated } from '../../src/store/sqlite/open'
import { prepare } from '../../src/store/sqlite/prepared'
import { removeFolder } from '../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-query-'))
const { database } = openMigrated(join(folder, 'test.db'), 1)
const builtBefore = statements.length
afterAll(() => {
  statements.length = builtBefore
  database.close()
  removeFolder(folder)
})

const byId = statement({ id: users.id, isSsoUser: users.isSsoUser }, (db, p) =>
  db
    .select({ email: users.email, count: sql<number>`count(*)` })
    .from(users)
    .where(and(eq(users.id, p.id), eq(users.isSsoUser, p.isSsoUser))),
)
const all = statement({}, (db) => db.select().from(sessions))
const insertMeta = statement(columnsOf(meta), (db, p) => db.insert(meta).values(p))
const saveProvider = statement(
  { id: customOAuthProviders.id, ...columnsOf(customOAuthProviders, 'id', 'createdAt') },
  (db, { id, ...set }) => db.update(customOAuthProviders).set(set).where(eq(customOAuthProviders.id, id)),
)

test('wrong, missing and needless parameters do not compile', () => {
  const check = async (tx: Queries) => {
    const row = await tx.one(byId, { id: 'x', isSsoUser: false })
    const email: string | null | undefined = row?.email
    const count: number | undefined = row?.count
    await tx.run(insertMeta, { key: 'a', value: 'b' })
    for (const { aal } of await tx.all(all)) expect([aal, email, count]).toBeDefined()
    // @ts-expect-error a parameter is missing
    await tx.one(byId, { id: 'x' })
    // @ts-expect-error all of them are
    await tx.one(byId)
    // @ts-expect-error the column holds text
    await tx.one(byId, { id: 1, isSsoUser: false })
    // @ts-expect-error the column cannot be null
    await tx.run(insertMeta, { key: 'a', value: null })
    // @ts-expect-error there is no such parameter
    await tx.run(insertMeta, { key: 'a', value: 'b', other: 1 })
    // @ts-expect-error the statement has no parameters
    await tx.all(all, { id: 'x' })
    // @ts-expect-error the row has no such property
    expect(row?.phone).toBeUndefined()
  }
  expect(check).toBeFunction()
  // @ts-expect-error there is no such column
  expect(() => statement({ id: users.nothing }, (db) => db.select().from(users))).not.toThrow()
})

test('values are written as their columns store them, and null stays null', () => {
  const { bindings } = saveProvider.query()
  const encoded = (name: string, value: unknown) => {
    const binding = bindings.find((each) => 'name' in each && each.name === name)
    return binding && 'name' in binding && binding.encode ? binding.encode(value) : value
  }
  expect(encoded('enabled', true)).toBe(1)
  expect(encoded('scopes', ['a', 'b'])).toBe('["a","b"]')
  expect(encoded('name', 'x')).toBe('x')
  expect(bindings.some((each) => 'name' in each && each.name === 'createdAt')).toBe(false)
  const echo = statement({ document: customOAuthProviders.discoveryDocument }, (db, p) =>
    db.select({ is: sql<number>`${p.document} IS NULL` }).from(sql`(SELECT 1)`),
  )
  expect(prepare(database, echo.query()).one({ document: null })).toEqual({ is: 1 })
})

test('a value of undefined is an error and not a null', () => {
  const prepared = prepare(database, insertMeta.query())
  expect(() => prepared.run({ key: 'a', value: undefined })).toThrow('no value for its parameter value')
  expect(() => prepared.run({ key: 'a' })).toThrow('no value for its parameter value')
})

test('a parameter can occur twice, and its text is never part of the statement', () => {
  const twice = statement({ given: text, limit: integer }, (db, { given, limit }) =>
    db
      .select({ both: sql<string>`${given} || ${given}` })
      .from(sql`(SELECT 1)`)
      .limit(limit),
  )
  expect(twice.query().text).not.toContain('given')
  expect(prepare(database, twice.query()).all({ given: "'; --", limit: 1 })).toEqual([{ both: "'; --'; --" }])
})
