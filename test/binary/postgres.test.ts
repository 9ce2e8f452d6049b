/** The executable on Postgres: several servers on one database, without a disk, and the commands beside them. */
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, startBinary } from '../support/binary'
import { emptyDatabase } from '../support/empty-postgres'
import { hasPostgres } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const SECRETS = { AUTH_JWT_SECRET: 'j'.repeat(40), AUTH_ENCRYPTION_KEY: '0'.repeat(64) }
const PASSWORD = 'correct-horse-battery-9'
const ADA = { email: 'ada@example.com', password: PASSWORD }
/** Several executables on a busy machine. */
const SLOW_MS = 60_000

/** An empty folder to start in, and settings for an empty database. */
async function place() {
  const database = await emptyDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
  const url = database.url.replace('postgres@', 'postgres:hunter2@')
  return {
    ...database,
    folder,
    env: { ...SECRETS, AUTH_DATABASE_URL: url },
    shown: database.url.replace('postgresql:', 'postgres:'),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]()
      removeFolder(folder)
    },
  }
}

describe.skipIf(!hasPostgres)('on Postgres', () => {
  test(
    'servers that start at once on an empty database share accounts and keys, and write nothing to disk',
    async () => {
      await using at = await place()
      const { folder, env } = at
      const servers = await Promise.all([1, 2, 3].map(() => startBinary({ env, folder })))
      const [first, second, third] = servers as [(typeof servers)[0], (typeof servers)[0], (typeof servers)[0]]
      expect(new Set(servers.map(({ keys }) => JSON.stringify(keys))).size).toBe(1)

      expect((await first.ask('POST', '/auth/v1/signup', { body: ADA })).status).toBe(200)
      const grant = await second.ask('POST', '/auth/v1/token?grant_type=password', { body: ADA })
      expect(grant.status).toBe(200)
      expect((await third.ask('GET', '/auth/v1/user', { token: grant.body.access_token })).body.email).toBe(ADA.email)
      const admin = await third.ask('GET', '/auth/v1/admin/users', { token: first.keys.secret_key })
      expect(admin.body.users).toHaveLength(1)

      const listening = first.log.find(({ msg }) => msg === 'listening')
      expect([listening.database, listening.data]).toEqual([at.shown, undefined])
      expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0, 0])
      expect(JSON.stringify(servers.map(({ log }) => log))).not.toContain('hunter2')
      expect(readdirSync(folder)).toEqual([])
    },
    SLOW_MS,
  )

  test(
    'every command works, before the first start and beside a server',
    async () => {
      await using at = await place()
      const { folder, env } = at
      const outputs: string[] = []
      const command = async (...args: string[]) => {
        const { stdout, stderr, status } = await run(args, { env, cwd: folder })
        outputs.push(stdout, stderr)
        return { out: stdout + stderr, status }
      }
      const notStarted = `no database found at ${at.shown}: no server has been started with it yet.`
      expect(await command('check')).toEqual({ out: 'The settings are valid.\n', status: 0 })
      for (const args of [['keys'], ['keys', 'list'], ['keys', 'gotrue'], ['mail', 'list'], ['role', 'list', 'ada']])
        expect(await command(...args)).toEqual({ out: expect.stringContaining(notStarted), status: 1 })
      expect((await command('migrate', '--status')).out).toContain('pending  0001-latchkey')
      expect((await command('migrate', '--dry-run')).out).toContain('CREATE SCHEMA latchkey')
      expect((await command('migrate')).out).toContain('applied auth, 0001-')
      expect((await command('migrate')).out).toBe('the database is up to date\n')
      expect((await command('migrate', '--dry-run')).out).toBe('-- the database is up to date\n')
      expect((await command('migrate', '--status')).out).toStartWith('applied  0001-latchkey\n')
      expect(await command('check', '--print')).toEqual({ out: expect.stringContaining(at.shown), status: 0 })

      const keys = JSON.parse((await command('keys', '--json')).out)
      const server = await startBinary({ env, folder })
      expect(server.keys).toEqual(keys)
      await server.ask('POST', '/auth/v1/signup', { body: ADA })
      expect((await command('role', 'grant', ADA.email, 'admin')).out).toContain('admin')
      expect((await command('role', 'list', ADA.email)).out).toContain('admin')
      expect((await command('keys', 'rotate', '--now')).out).toContain('is published')
      expect((await command('keys', 'list')).out).toContain('in_use')
      expect((await command('keys', 'gotrue')).out).toContain('GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY=')
      expect((await command('mail', 'list')).status).toBe(0)
      expect((await command('healthcheck', '--port', new URL(server.url).port)).out).toBe('ready\n')
      await server.stop()
      expect(outputs.join('')).not.toContain('hunter2')
      expect(readdirSync(folder)).toEqual([])
    },
    SLOW_MS,
  )

  test(
    'what prevents a start is said in one line, without the password',
    async () => {
      await using at = await place()
      const { folder, env } = at
      const failing = async (more: Record<string, string>, args = ['serve', '--port', '0']) => {
        const { stdout, stderr, status } = await run(args, { env: { ...env, ...more }, cwd: folder })
        expect([status, (stdout + stderr).includes('hunter2')]).toEqual([1, false])
        return stdout + stderr
      }
      await run(['keys', '--init'], { env, cwd: folder })
      const otherKey = { AUTH_ENCRYPTION_KEY: '1'.repeat(64) }
      const advice = 'set AUTH_ENCRYPTION_KEY to the key that its other servers have'
      expect(await failing(otherKey)).toBe(
        `latchkey: the database was written with another encryption key; ${advice}\n`,
      )
      expect(await failing(otherKey, ['check'])).toContain(`error: the database was written with another`)
      expect(await failing({ AUTH_JWT_SECRET: '' })).toContain('openssl rand -base64 48')
      const url = (from: string | RegExp, to: string) => ({
        AUTH_DATABASE_URL: env.AUTH_DATABASE_URL.replace(from, to),
      })
      expect(await failing(url(/:\d+\//, ':1/'), ['check'])).toContain('Start it, or correct AUTH_DATABASE_URL.')
      expect(await failing(url(/[^/]+$/, 'missing'))).toContain('Create it, or correct AUTH_DATABASE_URL.')
      expect(await failing(url('postgres:hunter2', 'nobody:hunter2'))).toContain('Correct the user and the password')
      expect(await failing(url(/$/, '?sslmode=require'))).toContain(
        'Correct sslmode and sslrootcert in AUTH_DATABASE_URL.',
      )
    },
    SLOW_MS,
  )

  test(
    'a function of the database decides about passwords',
    async () => {
      await using at = await place()
      await at.sql.unsafe(`CREATE FUNCTION public.refuse_wrong(event jsonb) RETURNS jsonb LANGUAGE sql AS $$
        SELECT CASE WHEN (event->>'valid')::boolean THEN '{"decision":"continue"}'::jsonb
          ELSE '{"error":{"http_code":403,"message":"Not here"}}' END $$`)
      const hook = 'AUTH_HOOK_PASSWORD_VERIFICATION_ATTEMPT'
      const uri = 'pg-functions://postgres/public/refuse_wrong'
      const env = { ...at.env, [`${hook}_ENABLED`]: 'true', [`${hook}_URI`]: uri }
      await using server = await startBinary({ env, folder: at.folder })
      await server.ask('POST', '/auth/v1/signup', { body: ADA })
      const signIn = (password: string) =>
        server.ask('POST', '/auth/v1/token?grant_type=password', { body: { ...ADA, password } })
      expect((await signIn(PASSWORD)).status).toBe(200)
      expect(await signIn('wrong')).toMatchObject({ status: 403, body: { message: 'Not here' } })
      const tested = await run(['hook', 'test', 'password_verification_attempt', '--user', ADA.email, '--json'], {
        cwd: at.folder,
        env,
      })
      expect([tested.status, JSON.parse(tested.stdout)]).toMatchObject([
        0,
        { uri, received: { decision: 'continue' }, outcome: 'agreed', sent: { valid: true } },
      ])
      await at.sql.unsafe('DROP FUNCTION public.refuse_wrong')
      expect(await signIn(PASSWORD)).toMatchObject({
        status: 500,
        body: { message: `Error running hook URI: ${uri}` },
      })
    },
    SLOW_MS,
  )
})
