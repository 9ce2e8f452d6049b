import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import type { Migration } from '../../../migrations'
import { authSchema, postgresMigrations } from '../../../migrations/postgres'
import { type MigrateOptions, migratePostgres, pendingScript } from '../../../src/store/postgres/migrate'
import { openPostgres } from '../../../src/store/postgres/open'
import { databaseTokens } from '../../../src/store/verification/database'
import { emptyDatabase } from '../../support/empty-postgres'
import { hasPostgres } from '../../support/postgres'

const options = { now: 1, version: '1.0.0' }
const names = postgresMigrations.map(({ name }) => name)
const extra: Migration = { name: '0900-extra', sql: 'CREATE TABLE latchkey.extra (id bigint);' }
const broken: Migration = { name: '0901-broken', sql: 'INSERT INTO latchkey.nowhere VALUES (1);' }
const withExtra = { ...options, migrations: [...postgresMigrations, extra] }
const view = (column: string) =>
  `DROP VIEW IF EXISTS latchkey.seen; CREATE VIEW latchkey.seen AS SELECT 1 AS ${column};`

const applied = async (sql: SQL, given: MigrateOptions = options) => (await migratePostgres(sql, given)).applied
const has = async (sql: SQL, relation: string) =>
  (await sql.unsafe(`SELECT to_regclass('${relation}') IS NOT NULL AS found`))[0].found

test.skipIf(!hasPostgres)('an empty database gets both schemas, once', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  expect(await migratePostgres(sql, options)).toEqual({ applied: ['auth', ...names, 'views'], warnings: [] })
  expect(await migratePostgres(sql, options)).toEqual({ applied: [], warnings: [] })
  expect(await has(sql, 'auth.latchkey_users_created')).toBe(true)
})

test.skipIf(!hasPostgres)('of several nodes that start at once one migrates', async () => {
  await using database = await emptyDatabase()
  const nodes = Array.from({ length: 6 }, () => new SQL(database.url, { max: 2 }))
  const all = await Promise.all(nodes.map((sql) => applied(sql)))
  expect(all.flat()).toEqual(['auth', ...names, 'views'])
  await Promise.all(nodes.map((sql) => sql.close()))
})

test.skipIf(!hasPostgres)('a dry run prints the SQL that is then run, and changes nothing', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  const script = await pendingScript(sql, options)
  expect(await has(sql, 'auth.users')).toBe(false)
  await sql.unsafe(script)
  expect(await pendingScript(sql, options)).toBe('')
  expect(await applied(sql)).toEqual([])
  expect(await pendingScript(sql, withExtra)).toStartWith(`BEGIN;\n\n${extra.sql}\n\nINSERT INTO`)
})

test.skipIf(!hasPostgres)('a failed migration leaves the database as it was', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  const migrations = [...postgresMigrations, extra, broken]
  await expect(migratePostgres(sql, { ...options, migrations })).rejects.toThrow('nowhere')
  expect(await has(sql, 'auth.users')).toBe(false)
  await applied(sql)
  await expect(migratePostgres(sql, { ...options, migrations })).rejects.toThrow('nowhere')
  expect(await has(sql, 'latchkey.extra')).toBe(false)
  expect(await applied(sql, withExtra)).toEqual([extra.name])
})

test.skipIf(!hasPostgres)('a newer database and an edited migration are refused', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await applied(sql, withExtra)
  await expect(migratePostgres(sql, options)).rejects.toThrow(
    'the database is newer than this executable: it has the unknown migration 0900-extra; start the newer executable',
  )
  const edited = [...postgresMigrations, { ...extra, sql: `${extra.sql} ` }]
  await expect(migratePostgres(sql, { ...options, migrations: edited })).rejects.toThrow('belongs to another build')
})

test.skipIf(!hasPostgres)('views follow the newest executable, also while an older one still runs', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await applied(sql, { ...options, views: view('a') })
  expect(await applied(sql, { now: 2, version: '1.1.0', views: view('b') })).toEqual(['views'])
  expect(await applied(sql, { ...options, views: view('a') })).toEqual([])
  expect(await sql.unsafe('SELECT b FROM latchkey.seen')).toHaveLength(1)
  expect(await applied(sql, { now: 2, version: '1.1.0', views: view('c') })).toEqual(['views'])
  expect(await applied(sql, { now: 2, version: '1.2.0', views: view('c') })).toEqual([])
})

test.skipIf(!hasPostgres)(
  'a database of Supabase gets the schema latchkey, and indexes while it is in use',
  async () => {
    await using database = await emptyDatabase()
    const { sql } = database
    await sql.unsafe('CREATE SCHEMA auth')
    await sql.unsafe(authSchema)
    await sql.unsafe(`INSERT INTO auth.users (id) VALUES ('00000000-0000-4000-8000-000000000001')`)
    const script = await pendingScript(sql, options)
    expect(script.slice(script.lastIndexOf('COMMIT;')).split('\n\n')).toEqual([
      'COMMIT;',
      "CREATE INDEX CONCURRENTLY latchkey_users_created ON auth.users (coalesce(created_at, 'epoch'::timestamptz), id);",
      'CREATE INDEX CONCURRENTLY latchkey_audit_created ON auth.audit_log_entries (created_at, id);',
      "CREATE INDEX CONCURRENTLY latchkey_audit_actor ON auth.audit_log_entries ((payload ->> 'actor_id'), created_at, id);",
      "CREATE INDEX CONCURRENTLY latchkey_audit_subject ON auth.audit_log_entries ((payload #>> '{traits,user_id}'), created_at, id) WHERE (payload #>> '{traits,user_id}') IS NOT NULL;",
      'CREATE INDEX CONCURRENTLY latchkey_sessions_factor ON auth.sessions (factor_id) WHERE factor_id IS NOT NULL;',
      "CREATE INDEX CONCURRENTLY latchkey_factors_credential ON auth.mfa_factors ((web_authn_credential ->> 'id')) WHERE web_authn_credential IS NOT NULL;",
    ])
    expect(await migratePostgres(sql, options)).toEqual({ applied: [...names, 'views'], warnings: [] })
    expect([...(await sql.unsafe('SELECT uid::int FROM latchkey.accounts'))]).toMatchObject([{ uid: 1 }])
    expect(await pendingScript(sql, options)).toBe('')
    expect([...(await sql.unsafe('SHOW statement_timeout'))]).toMatchObject([{ statement_timeout: '0' }])
  },
)

test.skipIf(!hasPostgres)('views that were dropped are made again', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await applied(sql)
  await sql.unsafe('DROP VIEW latchkey.sessions CASCADE')
  await sql.unsafe('ALTER TABLE auth.sessions ALTER COLUMN tag TYPE varchar(100)')
  expect(await applied(sql)).toEqual(['views'])
  expect(await sql.unsafe('SELECT * FROM latchkey.sessions')).toHaveLength(0)
  expect(await applied(sql)).toEqual([])
})

test.skipIf(!hasPostgres)('a running node goes on with the views of a newer one', async () => {
  await using database = await emptyDatabase()
  const { sql, url } = database
  await migratePostgres(sql, options)
  await sql.unsafe(`UPDATE latchkey.meta SET value = 'another 0.9.0' WHERE key = 'views'`)
  await using node = new SQL(url, { max: 1 })
  const find = () => node.unsafe('SELECT id, email FROM latchkey.users WHERE id = $1', [crypto.randomUUID()])
  expect(await find()).toHaveLength(0)
  expect(await applied(sql)).toEqual(['views'])
  expect(await find()).toHaveLength(0)
})

test.skipIf(!hasPostgres)('an index whose build was interrupted is built again', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await migratePostgres(sql, options)
  await sql.unsafe(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'auth.latchkey_users_created'::regclass`)
  expect(await pendingScript(sql, options)).toStartWith('DROP INDEX CONCURRENTLY auth.latchkey_users_created;')
  await migratePostgres(sql, options)
  expect(await pendingScript(sql, options)).toBe('')
})

const NO_INDEX = `
  CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
  CREATE EVENT TRIGGER no_index ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuse()`

test.skipIf(!hasPostgres)('an index that cannot be built is a warning', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await migratePostgres(sql, options)
  await sql.unsafe('DROP INDEX auth.latchkey_users_created')
  await sql.unsafe(NO_INDEX)
  expect((await migratePostgres(sql, options)).warnings).toEqual([
    'an index could not be built, and the next start tries again: not now',
  ])
})

test.skipIf(!hasPostgres)('a server does not wait for indexes, and warns of those that cannot be built', async () => {
  await using database = await emptyDatabase()
  const { sql, url } = database
  await migratePostgres(sql, options)
  await sql.unsafe('DROP INDEX auth.latchkey_users_created')
  const warned = Promise.withResolvers<string>()
  const open = () =>
    openPostgres(url, { ...options, isServed: true, tokensOf: databaseTokens, onEvent() {}, onWarning: warned.resolve })
  const lock = await sql.reserve()
  await lock.unsafe('BEGIN; LOCK auth.users IN ROW EXCLUSIVE MODE')
  const engine = await open()
  await lock.unsafe('ROLLBACK')
  await lock.release()
  while ((await pendingScript(sql, options)) !== '') await Bun.sleep(20)
  await engine.close()

  await sql.unsafe('DROP INDEX auth.latchkey_users_created')
  await sql.unsafe(NO_INDEX)
  const other = await open()
  expect(await warned.promise).toBe('an index could not be built, and the next start tries again: not now')
  await other.close()
})

test.skipIf(!hasPostgres)("another program's schema latchkey is refused", async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await sql.unsafe('CREATE SCHEMA latchkey')
  await sql.unsafe('CREATE TABLE latchkey.keys (id int)')
  await expect(migratePostgres(sql, options)).rejects.toThrow(
    'the schema latchkey of this database is not of this program',
  )
  await sql.unsafe('DROP TABLE latchkey.keys')
  expect(await applied(sql)).toContain('auth')
})
