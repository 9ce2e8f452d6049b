/** Statements name the schema of each table, so that they do not depend on the connection's search_path. */
import { describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { postgres } from '../../../src/store/postgres/dialect'
import { qualified } from '../../../src/store/postgres/qualified'
import { columnsOf, statement, statements } from '../../../src/store/query'
import { auditLogEntries, identities, roles, users } from '../../../src/store/schema'
import '../../../src/store'
import { hasPostgres, postgresDatabase, runOn } from '../../support/postgres'

test('tables of ours get their schema, and nothing else does', () => {
  expect(qualified('select "id" from "users" where "users"."id" = $1')).toBe(
    'select "id" from "latchkey"."users" where "users"."id" = $1',
  )
  expect(qualified('INSERT INTO sessions SELECT * FROM (SELECT 1) JOIN identities ON true')).toBe(
    'INSERT INTO "latchkey"."sessions" SELECT * FROM (SELECT 1) JOIN "latchkey"."identities" ON true',
  )
  for (const other of [
    'update "auth"."users" as "users" set "id" = $1',
    'select 1 from auth.users',
    'select 1 from "base"',
    'select $1 IS DISTINCT FROM "users"."id"',
    'insert into "auth"."users" values (1) on conflict do update set "id" = 1',
  ])
    expect(qualified(other)).toBe(other)
})

test('a write of a shared table that would return columns is refused when it is built', () => {
  const count = statements.length
  const writes = [
    statement({ name: roles.name }, (db, { name }) => db.delete(roles).where(eq(roles.name, name)).returning()),
    statement({ id: auditLogEntries.id }, (db, { id }) =>
      db.delete(auditLogEntries).where(eq(auditLogEntries.id, id)).returning(),
    ),
    statement({ id: users.id, role: users.role }, (db, { id, role }) =>
      db.update(users).set({ role }).where(eq(users.id, id)).returning(),
    ),
    statement(columnsOf(identities), (db, row) => db.insert(identities).values(row).returning()),
  ]
  statements.length = count
  const [own, ...shared] = writes
  expect(own?.query(postgres).text).toContain('returning')
  for (const write of shared) expect(() => write.query(postgres)).toThrow('cannot return columns')
})

describe.skipIf(!hasPostgres)('on Postgres', () => {
  test('every statement can be prepared without a search_path', async () => {
    await using database = await postgresDatabase()
    const failures: string[] = []
    for (const [index, statement] of statements.entries()) {
      const { text } = statement.query(postgres)
      await runOn(database.url, `SET search_path = ''; PREPARE s${index} AS ${text}`).catch((error: Error) =>
        failures.push(`${error.message}: ${text}`),
      )
    }
    await runOn(database.url, 'RESET search_path; DEALLOCATE ALL')
    expect(failures).toEqual([])
  }, 60_000)
})
