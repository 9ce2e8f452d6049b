import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { authSchema } from '../../../migrations/postgres'
import { type AuthSchema, examineAuth } from '../../../src/store/postgres/auth-schema'
import { migratePostgres } from '../../../src/store/postgres/migrate'
import { type EmptyDatabase, emptyDatabase } from '../../support/empty-postgres'
import { hasPostgres } from '../../support/postgres'

const options = { now: 1, version: '1.0.0' }
const role = `latchkey_test_${process.pid}`

/** A database with the schema of supabase/auth. */
async function supabase() {
  const database = await emptyDatabase()
  await database.sql.unsafe('CREATE SCHEMA auth')
  await database.sql.unsafe(authSchema)
  return database
}

let shared: EmptyDatabase
beforeAll(async () => {
  if (hasPostgres) shared = await supabase()
})
afterAll(() => shared?.[Symbol.asyncDispose]())

/** What is found after a change, which is rolled back. */
async function examineAfter(change: string): Promise<AuthSchema | string> {
  await shared.sql.unsafe('BEGIN')
  try {
    await shared.sql.unsafe(change)
    return await examineAuth(shared.sql)
  } catch (error) {
    return (error as Error).message
  } finally {
    await shared.sql.unsafe('ROLLBACK')
  }
}

const NEWER = `INSERT INTO auth.schema_migrations VALUES ('20991231000000')`

test.skipIf(!hasPostgres).each([
  [
    'an older one',
    `DELETE FROM auth.schema_migrations WHERE version > '20251'`,
    'its last migration is 20250925093508, and 20260625000000 is needed. Start supabase/auth 2.192 or newer once',
  ],
  ['one without migrations', 'DELETE FROM auth.schema_migrations', 'its last migration is unknown'],
  ['one with another table of migrations', 'DROP TABLE auth.schema_migrations', 'is not that of supabase/auth'],
  [
    "another program's",
    'DROP SCHEMA auth CASCADE; CREATE SCHEMA auth; CREATE TABLE auth.users (id int)',
    'is not that of supabase/auth',
  ],
  [
    'one that lacks a column',
    'ALTER TABLE auth.sessions DROP COLUMN refresh_token_counter',
    'auth.sessions.refresh_token_counter is missing',
  ],
  [
    'one with another type',
    'ALTER TABLE auth.identities ALTER provider_id TYPE varchar(64), ALTER created_at TYPE timestamp',
    'auth.identities.created_at is of type timestamp, not timestamptz',
  ],
  [
    'one with a column that has to be filled in',
    'ALTER TABLE auth.users ADD COLUMN tenant uuid NOT NULL',
    'auth.users.tenant is unknown and has to be filled in',
  ],
  [
    'a newer one without a table',
    `${NEWER}; DROP TABLE auth.mfa_amr_claims`,
    'auth.mfa_amr_claims.session_id is missing',
  ],
])('the schema auth is refused: %s', async (_what, change, message) => {
  expect(await examineAfter(change)).toContain(message)
})

test.skipIf(!hasPostgres).each([
  ['further columns', 'ALTER TABLE auth.users ADD COLUMN tenant uuid, ADD COLUMN plan text NOT NULL DEFAULT 1'],
  ['wider columns', 'ALTER TABLE auth.identities ALTER provider TYPE varchar(64)'],
  ['further tables', 'CREATE TABLE auth.scim_users (id uuid NOT NULL)'],
])('the schema auth is accepted with %s', async (_what, change) => {
  expect(await examineAfter(change)).toEqual({ state: 'present', warnings: [] })
})

test.skipIf(!hasPostgres)('a newer schema is accepted with a warning', async () => {
  expect(await examineAfter(NEWER)).toEqual({
    state: 'present',
    warnings: [
      'the schema auth is newer than this executable knows: its last migration is 20991231000000, not 20260625000000. Every column in use is there; look for a newer latchkey',
    ],
  })
})

test.skipIf(!hasPostgres)('an empty schema auth counts as none', async () => {
  await using database = await emptyDatabase()
  const { sql } = database
  await sql.unsafe('CREATE SCHEMA auth')
  await sql.unsafe(`CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'`)
  expect((await migratePostgres(sql, options)).applied[0]).toBe('auth')
  await sql.unsafe(
    `SELECT set_config('request.jwt.claims', '{"sub":"00000000-0000-4000-8000-000000000001","role":"anon"}', false)`,
  )
  expect([...(await sql.unsafe('SELECT auth.uid() AS uid, auth.role() AS role, auth.email() AS email'))]).toMatchObject(
    [{ uid: '00000000-0000-4000-8000-000000000001', role: 'anon', email: null }],
  )
})

/** Runs with a connection of a role without rights. */
async function asRole<T>({ sql, url }: { sql: SQL; url: string }, run: (own: SQL) => Promise<T>): Promise<T> {
  await sql.unsafe(`CREATE ROLE ${role} LOGIN`)
  const own = new SQL(url.replace('//postgres@', `//${role}@`), { max: 1 })
  try {
    return await run(own)
  } finally {
    await own.close()
    await sql.unsafe(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
  }
}

/** The statement at the end of an error. */
const grantIn = (error: string) => /GRANT .*$/.exec(error)?.[0] ?? ''
const errorOf = (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    ({ message }: Error) => message,
  )

test.skipIf(!hasPostgres)('a role that may not create schemas is told the right, which suffices', async () => {
  await using database = await emptyDatabase()
  await asRole(database, async (own) => {
    const error = await errorOf(migratePostgres(own, options))
    expect(error).toMatch(
      /^the role latchkey_test_\d+ may not create schemas in the database \S+\. GRANT CREATE ON DATABASE /,
    )
    await database.sql.unsafe(grantIn(error))
    expect((await migratePostgres(own, options)).applied).toContain('auth')
  })
})

test.skipIf(!hasPostgres)(
  'a role that does not own the tables is told the owner, whose membership suffices',
  async () => {
    await using database = await supabase()
    await asRole(database, async (own) => {
      const error = await errorOf(migratePostgres(own, options))
      expect(error).toContain('auth.audit_log_entries belongs to postgres, not to the role latchkey_test_')
      await database.sql.unsafe(grantIn(error))
      expect((await migratePostgres(own, options)).applied).toContain('views')
    })
  },
)

test.skipIf(!hasPostgres)(
  'of a schema auth that exists the role needs the right to create tables, and its functions',
  async () => {
    await using database = await emptyDatabase()
    const { sql } = database
    await sql.unsafe('CREATE SCHEMA auth')
    await sql.unsafe('CREATE SCHEMA latchkey')
    await sql.unsafe(`CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'`)
    await asRole(database, async (own) => {
      const first = await errorOf(migratePostgres(own, options))
      expect(first).toContain(
        'may not create tables in the schema auth. GRANT USAGE, CREATE ON SCHEMA auth TO latchkey_test_',
      )
      await sql.unsafe(grantIn(first))
      const second = await errorOf(migratePostgres(own, options))
      expect(second).toContain('auth.uid() belongs to postgres')
      await sql.unsafe(`ALTER FUNCTION auth.uid() OWNER TO ${role}`)
      const third = await errorOf(migratePostgres(own, options))
      expect(third).toContain('the schema latchkey belongs to postgres')
      await sql.unsafe(`ALTER SCHEMA latchkey OWNER TO ${role}`)
      expect((await migratePostgres(own, options)).applied).toContain('auth')
    })
  },
)

test.skipIf(!hasPostgres)('a role that does not own the schema latchkey is told the owner', async () => {
  await using database = await emptyDatabase()
  await migratePostgres(database.sql, options)
  await asRole(database, async (own) => {
    expect(await errorOf(migratePostgres(own, options))).toContain('belongs to postgres')
  })
})

test.skipIf(!hasPostgres)('a running supabase/auth is a warning', async () => {
  await using database = await supabase()
  const { sql, url } = database
  await sql.unsafe(`DO $$ BEGIN CREATE ROLE supabase_auth_admin LOGIN; EXCEPTION WHEN duplicate_object THEN END $$`)
  const connect = (name: string) =>
    new SQL(url.replace('//postgres@', '//supabase_auth_admin@'), { max: 1, connection: { application_name: name } })
  await using own = connect('latchkey')
  await own.unsafe('SELECT 1')
  expect((await migratePostgres(sql, options)).warnings).toEqual([])
  await using gotrue = connect('')
  await gotrue.unsafe('SELECT 1')
  expect((await migratePostgres(sql, options)).warnings[0]).toStartWith('another program is connected')
})
