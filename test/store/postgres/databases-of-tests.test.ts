/** The databases that tests get (test/support/postgres.ts). */
import { beforeAll, describe, expect, test } from 'bun:test'
import { hasPostgres, newPostgresDatabase, postgresDatabase, postgresServer, runOn } from '../../support/postgres'

const insert = `INSERT INTO latchkey.messages (id, channel, template, recipient, state, expires_at, created_at)
  VALUES ('1', 'email', '', '', 'sent', 0, 0)`

describe.skipIf(!hasPostgres)('a database of a test', () => {
  beforeAll(async () => {
    await postgresServer()
  }, 60_000)

  test('has the schema, no rows of an earlier test, and sequences that start again', async () => {
    for (let round = 0; round < 2; round++) {
      await using database = await postgresDatabase()
      const versions = await runOn(database.url, 'SELECT FROM auth.schema_migrations')
      expect(versions.length).toBe(70)
      await runOn(database.url, insert)
      expect(await runOn(database.url, 'SELECT seq FROM latchkey.messages')).toEqual([{ seq: 1 }])
    }
  })

  test('belongs to it alone', async () => {
    await using one = await postgresDatabase()
    await using other = await newPostgresDatabase()
    await runOn(one.url, insert)
    expect(await runOn(other.url, 'SELECT FROM latchkey.messages')).toEqual([])
  })
})
