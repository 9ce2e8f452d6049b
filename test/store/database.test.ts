/** A database as the command line sees it, on both engines. */
import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { damageOf, historyOf, migrateDatabase, migrationsFor, pendingScript } from '../../src/store/database'
import { type EmptyDatabase, emptyDatabase } from '../support/empty-postgres'
import { hasPostgres } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const options = { now: 1, version: '1.0.0' }

async function emptyFile(): Promise<Pick<EmptyDatabase, 'url' | typeof Symbol.asyncDispose>> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-database-'))
  return {
    url: join(folder, 'test.db'),
    [Symbol.asyncDispose]: async () => removeFolder(folder),
  }
}

test.each([['SQLite', emptyFile], ...(hasPostgres ? [['Postgres', emptyDatabase] as const] : [])] as const)(
  'on %s, a database is read, printed and migrated',
  async (_engine, empty) => {
    await using database = await empty()
    const { url } = database
    expect(await historyOf(url)).toEqual({
      exists: false,
      migrations: [],
      lastOpenedBy: undefined,
      encryptionKeyId: undefined,
    })
    expect(await damageOf(url)).toBeUndefined()
    expect(await pendingScript(url, options)).toContain('CREATE TABLE')
    expect(await historyOf(url)).toMatchObject({ exists: false })

    const { applied, warnings } = await migrateDatabase(url, options)
    expect(applied).toEqual(expect.arrayContaining(migrationsFor(url)))
    expect(warnings).toEqual([])
    expect(await historyOf(url)).toEqual({
      exists: true,
      migrations: migrationsFor(url),
      lastOpenedBy: undefined,
      encryptionKeyId: undefined,
    })
    expect(await damageOf(url)).toBeUndefined()
    expect(await pendingScript(url, options)).toBe('')
  },
)

test.skipIf(!hasPostgres)('a schema auth that does not fit is damage', async () => {
  await using database = await emptyDatabase()
  const { sql, url } = database
  await migrateDatabase(url, options)
  await sql.unsafe('ALTER TABLE auth.users DROP COLUMN banned_until CASCADE')
  expect(await damageOf(url)).toMatch(/^postgres:.*: .* auth\.users\.banned_until is missing/)
  expect(await historyOf(url)).toMatchObject({ exists: true })
})

test('a server that cannot be reached is damage, and an error that names the database without its password', async () => {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = server
  server.stop(true)
  const url = `postgres://ada:secret@127.0.0.1:${port}/app`
  const message = `the database postgres://ada@127.0.0.1:${port}/app cannot be reached`
  expect(await damageOf(url)).toStartWith(message)
  expect(await historyOf(url).catch((error: Error) => error.message)).toStartWith(message)
})
