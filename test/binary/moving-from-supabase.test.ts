/** The commands and the SQL with which docs/moving-from-supabase.md copies a project, as they are written there. */
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { SQL } from 'bun'
import { PASSWORD } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { documentBlocks } from '../support/documents'
import { gotrueRefreshToken, gotrueSession, gotrueUser } from '../support/gotrue-rows'
import { postgresPrograms, startPostgresServer } from '../support/postgres-server'
import { removeFolder } from '../support/remove-folder'

const AUTH_SCHEMA = readFileSync(join(import.meta.dir, '../../migrations/postgres/auth.sql'), 'utf8')

/** What the first page of Supabase's documentation about user management adds to a project. */
const PROFILES = `
  CREATE TABLE public.profiles (id uuid PRIMARY KEY, email text);
  CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN INSERT INTO public.profiles VALUES (new.id, new.email); RETURN new; END $$;`
const TRIGGER = `CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
  FOR EACH ROW EXECUTE FUNCTION public.handle_new_user()`

/** As GoTrue makes it. */
const encrypted_password = Bun.password.hashSync(PASSWORD, { algorithm: 'bcrypt', cost: 10 })

const SECRETS = { AUTH_JWT_SECRET: 'j'.repeat(40), AUTH_ENCRYPTION_KEY: '0'.repeat(64) }

/** The block of the page that has this text. */
function shown(text: string): string {
  const found = documentBlocks().find(
    (block) => block.file === 'docs/moving-from-supabase.md' && block.text.includes(text),
  )
  return found?.text ?? `no block with ${text}`
}

/** A project on supabase.com, without Supabase, and a folder. */
async function project() {
  const server = await startPostgresServer()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-moving-'))
  await using all = new SQL(`${server.url}/postgres`, { max: 1 })
  await all.unsafe('CREATE DATABASE project')
  const url = `${server.url}/project`
  const sql = new SQL(url, { max: 1 })
  await sql.unsafe(`CREATE SCHEMA auth; SET search_path = auth; ${AUTH_SCHEMA}; ${PROFILES} ${TRIGGER}`)
  const { hostname, port, username } = new URL(server.url)
  return {
    url,
    sql,
    folder,
    app: `${server.url}/app`,
    shell(commands: string) {
      const PATH = `${postgresPrograms}${delimiter}${process.env.PATH}`
      const env = { ...process.env, PATH, PGHOST: hostname, PGPORT: port, PGUSER: username, SUPABASE_DB_URL: url }
      const { exitCode, stderr } = Bun.spawnSync(['sh', '-eu', '-c', commands], { cwd: folder, env })
      expect([exitCode, stderr.toString()]).toEqual([0, ''])
    },
    async [Symbol.asyncDispose]() {
      await sql.close()
      await server[Symbol.asyncDispose]()
      removeFolder(folder)
    },
  }
}

const signIn = (server: Binary, email: string) =>
  server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password: PASSWORD } })

describe.skipIf(postgresPrograms === undefined)('a project on supabase.com', () => {
  test('its dump can be restored, although a trigger calls a function of the project, which is added later', async () => {
    await using at = await project()
    const userId = await gotrueUser(at.sql, { email: 'ada@example.com', encrypted_password })
    const sessionId = await gotrueSession(at.sql, userId)
    await gotrueRefreshToken(at.sql, { userId, sessionId, token: 'abcdefghijkl' })
    at.shell(shown('pg_dump'))
    const env = { ...SECRETS, AUTH_DATABASE_URL: at.app, AUTH_MAILER_AUTOCONFIRM: 'true' }
    await using server = await startBinary({ folder: at.folder, env })
    expect(await signIn(server, 'ada@example.com')).toMatchObject({ status: 200, body: { user: { id: userId } } })
    const refreshed = await server.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
      body: { refresh_token: 'abcdefghijkl' },
    })
    expect(refreshed.status).toBe(200)

    await using app = new SQL(at.app, { max: 1 })
    await app.unsafe(PROFILES)
    at.shell(shown('triggers.list'))
    await server.ask('POST', '/auth/v1/signup', { body: { email: 'grace@example.com', password: PASSWORD } })
    expect([...(await app.unsafe('SELECT email FROM public.profiles'))]).toEqual([{ email: 'grace@example.com' }])
  }, 60_000)

  test('its list of accounts keeps ids and passwords', async () => {
    await using at = await project()
    const ada = await gotrueUser(at.sql, { email: 'ada@example.com', encrypted_password })
    const google = { provider: 'google', providers: ['google'] }
    await gotrueUser(at.sql, { email: 'eve@example.com', encrypted_password: '', raw_app_meta_data: google })
    await gotrueUser(at.sql, { email: 'grace@example.com', encrypted_password, email_confirmed_at: null })
    await gotrueUser(at.sql, { email: null, encrypted_password: null, is_anonymous: true })
    const [row] = await at.sql.unsafe(shown('json_agg'))
    writeFileSync(join(at.folder, 'users.json'), JSON.stringify(row.json_agg))
    await using server = await startBinary({ folder: at.folder, env: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
    for (const args of [
      ['seed', 'users.json', '--dry-run'],
      ['seed', 'users.json'],
    ]) {
      const { status, stderr } = await run(args, { cwd: at.folder })
      expect([args, status, stderr]).toEqual([args, 0, expect.anything()])
    }
    expect(await signIn(server, 'ada@example.com')).toMatchObject({ status: 200, body: { user: { id: ada } } })
    expect((await signIn(server, 'grace@example.com')).body.code).toBe('email_not_confirmed')
    const { stdout } = await run(['user', 'list', '--json'], { cwd: at.folder })
    expect(JSON.parse(stdout).total).toBe(3)
  }, 60_000)
})
