/** The commands for accounts, roles and sessions, beside a running server, on both engines. */
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { emptyDatabase } from '../support/empty-postgres'
import { hasPostgres } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const PASSWORD = 'correct-horse-battery-9'
/** Several executables on a busy machine. */
/** Some run dozens of commands. */
const SLOW_MS = 120_000

interface Place extends AsyncDisposable {
  folder: string
  env: Record<string, string>
}

async function onPostgres(): Promise<Place> {
  const database = await emptyDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  return {
    folder,
    env: {
      AUTH_DATABASE_URL: database.url,
      AUTH_JWT_SECRET: 'j'.repeat(40),
      AUTH_ENCRYPTION_KEY: '0'.repeat(64),
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]()
      removeFolder(folder)
    },
  }
}

async function onSqlite(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  return {
    folder,
    env: {},
    async [Symbol.asyncDispose]() {
      removeFolder(folder)
    },
  }
}

/** A server, and commands in its folder. What they print is checked for the password at the end. */
async function serverWithCommands(place: Place) {
  const { folder, env } = place
  const server = await startBinary({ folder, env })
  const outputs: string[] = []
  const command = async (args: string[], stdin?: string) => {
    const done = await run(args, { cwd: folder, env, ...(stdin !== undefined && { stdin }) })
    outputs.push(args.join(' '), done.stdout, done.stderr)
    return done
  }
  return {
    server,
    command,
    /** @returns what it prints as JSON */
    async json(args: string[], stdin?: string): Promise<Json> {
      const { stdout, stderr, status } = await command([...args, '--json'], stdin)
      expect([args, status, stderr]).toEqual([args, 0, expect.any(String)])
      return JSON.parse(stdout)
    },
    async [Symbol.asyncDispose]() {
      await server.settled()
      await server[Symbol.asyncDispose]()
      expect(outputs.join('\n')).not.toContain(PASSWORD)
      expect(JSON.stringify(server.log)).not.toContain(PASSWORD)
    },
  }
}

const signIn = (server: Binary, email: string, password = PASSWORD) =>
  server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password } })

const userOf = async (server: Binary, token: string) => (await server.ask('GET', '/auth/v1/user', { token })).status

const engines = [['SQLite', onSqlite], ...(hasPostgres ? [['Postgres', onPostgres] as const] : [])] as const

describe.each(engines)('on %s', (_, place) => {
  test(
    'a user is created, changed, banned, signed out and deleted, and the running server follows at once',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const ada = 'ada@example.com'

      const created = await json(
        ['user', 'create', ada, '--admin', '--username', 'ada', '--password-stdin'],
        `${PASSWORD}\n`,
      )
      expect(created).toMatchObject({ email: ada, username: 'ada', roles: ['user', 'admin'] })
      expect(created.email_confirmed_at).toBeString()
      const first = (await signIn(server, ada)).body.access_token
      expect((await server.ask('GET', '/auth/v1/admin/users', { token: first })).status).toBe(200)

      for (const name of [created.id, ada, 'ADA', String(created.uid)])
        expect((await json(['user', 'show', name])).id).toBe(created.id)
      expect((await json(['user', 'list', '--filter', 'ADA@'])).total).toBe(1)
      await json(['user', 'create', 'zoe@example.com', '--unconfirmed'])
      const listed = async (...args: string[]) => {
        const { users, total } = await json(['user', 'list', ...args])
        return [users.map(({ email }: Json) => email), total]
      }
      expect(await listed('--role', 'admin')).toEqual([[ada], 1])
      expect(await listed('--role', 'admin', '--filter', 'zoe')).toEqual([[], 0])
      expect(await listed('--unconfirmed')).toEqual([['zoe@example.com'], 1])
      expect(await listed('--banned')).toEqual([[], 0])
      expect(await listed('--provider', 'email')).toEqual([['zoe@example.com', ada], 2])
      expect(await listed('--provider', 'email', '--limit', '1')).toEqual([['zoe@example.com'], null])
      expect((await command(['user', 'list', '--role', 'admin', '--page', '2'])).status).toBe(2)
      await json(['user', 'delete', 'zoe@example.com', '--yes'])

      expect(await userOf(server, first)).toBe(200)
      expect(await json(['user', 'sign-out', ada])).toMatchObject({ id: created.id, ended: 1 })
      expect(await userOf(server, first)).toBe(403)

      const second = (await signIn(server, ada)).body.access_token
      await json(['user', 'set-password', ada, '--password-stdin'], 'another-horse-battery-9')
      expect(await userOf(server, second)).toBe(403)
      expect((await signIn(server, ada)).body.code).toBe('invalid_credentials')
      const third = (await signIn(server, ada, 'another-horse-battery-9')).body.access_token

      const { banned_until: until } = await json(['user', 'ban', ada, '--for', '24h'])
      expect(Math.round((Date.parse(until) - Date.now()) / 3_600_000)).toBe(24)
      expect(await userOf(server, third)).toBe(403)
      expect((await signIn(server, ada, 'another-horse-battery-9')).body.code).toBe('user_banned')
      expect((await json(['user', 'unban', ada])).banned_until).toBeNull()
      expect((await signIn(server, ada, 'another-horse-battery-9')).status).toBe(200)

      expect((await json(['role', 'revoke', ada, 'admin'])).roles).toEqual(['user'])
      expect((await command(['role', 'list', ada])).stdout).toBe('user\n')

      expect(await json(['user', 'delete', ada, '--yes'])).toMatchObject({ id: created.id, deleted: true })
      expect((await command(['user', 'show', ada])).status).toBe(3)

      const { body: audit } = await server.ask('GET', '/auth/v1/admin/audit', { token: server.keys.secret_key })
      const own = audit.filter(({ payload }: Json) => payload.actor_username === 'command_line')
      expect(own.map(({ payload }: Json) => payload.action).sort()).toEqual(
        [
          'user_signedup',
          'user_signedup',
          'user_deleted',
          'role_granted',
          'logout',
          'user_modified',
          'user_modified',
          'user_modified',
          'role_revoked',
          'user_deleted',
        ].sort(),
      )
    },
    SLOW_MS,
  )

  test(
    'sessions are listed, and a revoked one is refused at once while others live on',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const emails = ['ada@example.com', 'grace@example.com']
      for (const email of emails) await json(['user', 'create', email, '--password-stdin'], PASSWORD)
      const tokens = []
      for (const email of [...emails, 'ada@example.com']) tokens.push((await signIn(server, email)).body.access_token)
      const [first, other, second] = tokens as [string, string, string]

      const sessions = await json(['session', 'list'])
      expect(sessions.map((each: Json) => each.email)).toEqual([
        'ada@example.com',
        'grace@example.com',
        'ada@example.com',
      ])
      expect((await json(['session', 'list', '--limit', '1'])).map((each: Json) => each.id)).toEqual([sessions[0].id])
      const ofAda = await json(['session', 'list', '--user', 'ada@example.com'])
      expect(ofAda.map((each: Json) => [each.id, each.active])).toEqual([
        [sessions[0].id, true],
        [sessions[2].id, true],
      ])

      expect(await json(['session', 'revoke', sessions[0].id])).toEqual({ ended: 1 })
      expect([await userOf(server, second), await userOf(server, first), await userOf(server, other)]).toEqual([
        403, 200, 200,
      ])
      const again = await command(['session', 'revoke', sessions[0].id])
      expect([again.status, again.stderr]).toEqual([3, expect.stringContaining('latchkey: ')])
      expect(await json(['session', 'revoke', '--user', 'ada@example.com'])).toEqual({ ended: 1 })
      expect([await userOf(server, first), await userOf(server, other)]).toEqual([403, 200])
    },
    SLOW_MS,
  )

  test(
    'an unconfirmed user cannot sign in until it is confirmed, and a soft deletion keeps the row',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const created = await json(['user', 'create', 'bob@example.com', '--unconfirmed', '--password-stdin'], PASSWORD)
      expect(created.email_confirmed_at).toBeUndefined()
      expect((await signIn(server, 'bob@example.com')).body.code).toBe('email_not_confirmed')
      expect(await json(['user', 'confirm', 'bob@example.com'])).toMatchObject({ confirmed: true })
      expect((await signIn(server, 'bob@example.com')).status).toBe(200)
      expect(await json(['user', 'delete', created.id, '--soft', '--yes'])).toMatchObject({ soft: true })
      expect((await command(['user', 'show', created.id])).status).toBe(3)
      const kept = await server.ask('GET', `/auth/v1/admin/users/${created.id}`, { token: server.keys.secret_key })
      expect(kept.body.deleted_at).toBeString()
      expect(kept.body.email).not.toContain('bob')
    },
    SLOW_MS,
  )
})

describe.each(engines)('on %s', (_, place) => {
  test(
    'an invitation is in the mailbox of the running server, and its code signs in',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const invited = await json(['user', 'create', 'grace@example.com', '--invite'])
      expect([invited.email_confirmed_at, invited.invited_at]).toEqual([undefined, expect.any(String)])
      const [message] = await json(['mail', 'list'])
      expect(message).toMatchObject({ template: 'invite', recipient: 'grace@example.com' })
      const { code } = await lastMessageOfKind(server, 'grace@example.com', 'invite')
      const verified = await server.ask('POST', '/auth/v1/verify', {
        body: { type: 'invite', email: 'grace@example.com', token: code },
      })
      expect([verified.status, verified.body.user?.id]).toEqual([200, invited.id])
      expect((await command(['user', 'create', 'grace@example.com', '--invite'])).status).toBe(4)
      expect((await command(['user', 'create', 'x@example.com', '--invite', '--admin'])).status).toBe(2)
      const inMemory = ['--set', 'AUTH_VERIFICATION_BACKEND=memory']
      // On Postgres, the setting itself is refused.
      const refusal = at.env.AUTH_DATABASE_URL === undefined ? 4 : 1
      expect((await command(['user', 'create', 'x@example.com', '--invite', ...inMemory])).status).toBe(refusal)
    },
    SLOW_MS,
  )

  test(
    'status and doctor find the running server',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const port = ['--port', new URL(all.server.url).port]
      expect(await all.json(['status', ...port])).toMatchObject({
        running: true,
        ...all.server.keys,
        url: expect.any(String),
      })
      const { ok, findings } = await all.json(['doctor', ...port])
      expect([ok, findings.filter(({ state }: Json) => state !== 'ok')]).toEqual([true, []])
      expect((await all.command(['status', '--port', '1'])).status).toBe(5)
    },
    SLOW_MS,
  )

  test(
    'the audit log is filtered by account, action and time',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const ada = await json(['user', 'create', 'ada@example.com', '--password-stdin'], PASSWORD)
      await json(['user', 'create', 'grace@example.com', '--password-stdin'], PASSWORD)
      await signIn(server, 'ada@example.com')
      await json(['user', 'ban', 'ada@example.com', '--for', '1h'])
      const actions = async (...args: string[]) => {
        const { entries, total } = await json(['audit', 'list', ...args])
        expect(entries.length).toBeLessThanOrEqual(total)
        return entries.map(({ payload }: Json) => payload.action)
      }
      expect(await actions()).toEqual(['user_modified', 'login', 'user_signedup', 'user_signedup'])
      expect(await actions('--user', 'ada@example.com')).toEqual(['user_modified', 'login', 'user_signedup'])
      expect(await actions('--action', 'login')).toEqual(['login'])
      expect(await actions('--user', 'grace@example.com', '--action', 'login')).toEqual([])
      expect(await actions('--since', '1h', '--limit', '1')).toEqual(['user_modified'])
      expect(await actions('--limit', '1', '--page', '2')).toEqual(['login'])
      expect(await actions('--until', '1h')).toEqual([])
      expect(await actions('--since', '2126-01-01')).toEqual([])
      await json(['user', 'delete', 'ada@example.com', '--yes'])
      expect(await actions('--user', ada.id)).toEqual(['user_deleted', 'user_modified', 'login', 'user_signedup'])
      const { stdout } = await command(['audit', 'list', '--action', 'user_deleted'])
      expect(stdout).toMatch(/^TIME +ACTION +ACTOR +ACCOUNT/)
      expect(stdout).toContain(`command_line  ${ada.id}`)
      for (const wrong of [
        ['--since', 'yesterday'],
        ['--until', '-1h'],
        ['--limit', 'x'],
      ])
        expect((await command(['audit', 'list', ...wrong])).status).toBe(2)
      expect((await command(['audit', 'list', '--user', 'eve@example.com'])).status).toBe(3)
    },
    SLOW_MS,
  )

  test(
    'why says why a request was refused, by its id',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const { id } = await json(['user', 'create', 'ada@example.com', '--password-stdin'], PASSWORD)
      const refused = await server.ask('POST', '/auth/v1/token?grant_type=password', {
        body: { email: 'ada@example.com', password: 'wrong-horse-battery-9' },
      })
      const request = refused.headers.get('x-request-id')
      // It is written down in the background, or once an administrator looks.
      await server.ask('GET', '/auth/v1/admin/refusals', { token: server.keys.secret_key })
      const { items, audit } = await json(['why', request])
      expect(items).toMatchObject([
        { request_id: request, status: 400, code: 'invalid_credentials', user_id: id, route: '/auth/v1/token' },
      ])
      expect(audit.map(({ payload }: Json) => payload.action)).toContain('user_signedup')
      const { stdout } = await command(['why', request])
      expect(stdout).toContain('400 invalid_credentials')
      expect(stdout).toContain('Audit log of the account')
      const unknown = await command(['why', 'never-heard-of'])
      expect([unknown.status, unknown.stdout, unknown.stderr]).toEqual([
        3,
        '',
        expect.stringContaining('no refused request'),
      ])
    },
    SLOW_MS,
  )
})

describe.each(engines)('limits on %s', (_, place) => {
  test(
    'that refuse an account or an address are listed, and a reset lets it in at once',
    async () => {
      await using at = await place()
      at.env.AUTH_RATE_LIMITS = 'on'
      at.env.AUTH_RATE_LIMIT_PASSWORD_GUESSES = '2'
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const port = ['--port', new URL(server.url).port]
      const { id } = await json(['user', 'create', 'ada@example.com', '--password-stdin'], PASSWORD)
      expect(await json(['limits', 'list', ...port])).toEqual([])
      expect((await command(['limits', 'list', ...port])).stdout).toBe('No limit refuses requests now.\n')
      for (let time = 0; time < 3; time++) await signIn(server, 'ada@example.com', 'wrong-horse-battery-9')
      expect((await signIn(server, 'ada@example.com')).status).toBe(429)
      expect(await json(['limits', 'list', ...port])).toMatchObject([
        { setting: 'AUTH_RATE_LIMIT_PASSWORD_GUESSES', subject: id, subject_kind: 'account' },
      ])
      expect((await command(['limits', 'list', ...port])).stdout).toContain(id)
      const other = await command(['limits', 'reset', 'eve@example.com', ...port])
      expect([other.status, other.stderr]).toEqual([3, expect.stringContaining('no limit refuses')])
      expect((await json(['limits', 'reset', 'ada@example.com', ...port])).reset).toMatchObject([{ subject: id }])
      expect((await signIn(server, 'ada@example.com')).status).toBe(200)

      const recover = () => server.ask('POST', '/auth/v1/recover', { body: { email: 'zoe@example.com' } })
      const statuses = []
      for (let time = 0; time < 31; time++) statuses.push((await recover()).status)
      expect(statuses.at(-1)).toBe(429)
      expect((await json(['limits', 'reset', '127.0.0.1', ...port])).reset.length).toBeGreaterThan(0)
      expect((await recover()).status).toBe(200)

      const elsewhere = await command(['limits', 'list', '--port', '1'])
      expect([elsewhere.status, elsewhere.stdout]).toEqual([5, ''])
    },
    SLOW_MS,
  )
})

describe.each(engines)('seed on %s', (_, place) => {
  test(
    'creates the users of a file once, beside a running server',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { server, json, command } = all
      const file = join(at.folder, 'users.json')
      const write = (value: unknown) => writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
      const hash = await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 })
      const users = [
        {
          email: 'Ada@example.com',
          password: PASSWORD,
          email_confirm: true,
          username: 'ada',
          roles: ['admin'],
          user_metadata: { name: 'Ada' },
          app_metadata: { plan: 'pro' },
          phone: null,
        },
        { email: 'grace@example.com', password_hash: hash, email_confirm: true },
        { phone: '+4366012345', phone_confirm: true, password: PASSWORD },
      ]
      write(users)
      expect(await json(['seed', file, '--dry-run'])).toEqual({ valid: true, users: 3 })
      expect((await json(['user', 'list'])).total).toBe(0)
      expect(await json(['seed', file])).toMatchObject({ created: 3, present: 0, failed: 0 })
      expect((await signIn(server, 'ada@example.com')).body.user).toMatchObject({
        user_metadata: { name: 'Ada' },
        app_metadata: { plan: 'pro' },
      })
      expect((await signIn(server, 'grace@example.com')).status).toBe(200)
      expect((await json(['user', 'show', 'ada'])).roles).toEqual(['user', 'admin'])

      await json(['role', 'revoke', 'ada', 'admin'])
      write([{ ...users[0], password: 'another-horse-battery-9' }, ...users.slice(1), { email: 'new@example.com' }])
      const again = await json(['seed', file])
      expect(again).toMatchObject({ created: 1, present: 3, failed: 0 })
      expect(again.users.map(({ outcome }: Json) => outcome)).toEqual(['present', 'present', 'present', 'created'])
      expect((await signIn(server, 'ada@example.com')).status).toBe(200)
      expect((await json(['role', 'list', 'ada'])).roles).toEqual(['user', 'admin'])

      write(Array.from({ length: 20 }, (_, index) => ({ email: `twin${index}@example.com`, roles: ['admin'] })))
      const twins = await Promise.all([json(['seed', file]), json(['seed', file])])
      expect(twins.map(({ failed }) => failed)).toEqual([0, 0])
      expect(twins[0].created + twins[1].created).toBe(20)

      const many = Array.from({ length: 60 }, (_, index) => ({
        email: `user${index}@example.com`,
        password_hash: hash,
      }))
      write(many)
      const { stdout, stderr, status } = await command(['seed', file])
      expect([status, stdout, stderr]).toEqual([0, '60 created, 0 there already\n', ''])
    },
    SLOW_MS,
  )

  test(
    'creates nothing if one entry is wrong, and names all that are',
    async () => {
      await using at = await place()
      await using all = await serverWithCommands(at)
      const { json, command } = all
      await json(['user', 'create', 'taken@example.com', '--username', 'taken', '--password-stdin'], PASSWORD)
      const file = join(at.folder, 'users.json')
      const good = { email: 'good@example.com', password: PASSWORD }
      const wrong: [unknown, string][] = [
        ['[', 'cannot be read as JSON'],
        [{ users: [] }, 'has to contain an array'],
        [[good, 'x'], 'entry 2: it is not an object'],
        [[good, { email: 7 }], 'entry 2: email: expected string'],
        [[good, { email: 'a@example.com', passwrod: 'x' }], 'entry 2: unknown field passwrod'],
        [[good, { password: PASSWORD }], 'entry 2: Cannot create a user without either an email or phone'],
        [[good, { email: 'nonsense' }], 'entry 2 (nonsense): '],
        [[good, { email: 'a@example.com', password: 'short' }], 'entry 2 (a@example.com): Password should be'],
        [[good, { email: 'a@example.com', password_hash: 'plain' }], 'entry 2 (a@example.com): '],
        [
          [good, { email: 'a@example.com', password: PASSWORD, password_hash: '$2b$10$x' }],
          'entry 2 (a@example.com): ',
        ],
        [[good, { email: 'a@example.com', roles: ['amdin'] }], 'entry 2 (a@example.com): Role not found'],
        [[good, { email: 'a@example.com', ban_duration: '1d' }], 'entry 2 (a@example.com): invalid format for ban'],
        [[good, { email: 'a@example.com', id: 'x' }], 'entry 2 (a@example.com): ID must'],
        [[good, { email: 'a@example.com', username: 'taken' }], 'entry 2 (a@example.com): This username'],
        [
          [good, { email: 'a@example.com', user_metadata: { x: 'x'.repeat(20_000) } }],
          'entry 2 (a@example.com): Metadata',
        ],
        [[good, { email: 'GOOD@example.com' }], 'entry 2 (GOOD@example.com): an earlier entry has good@example.com'],
      ]
      for (const [content, message] of wrong) {
        writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
        const { status, stdout, stderr } = await command(['seed', file])
        expect([content, status, stdout, stderr]).toEqual([content, 4, '', expect.stringContaining(message)])
      }
      expect((await command(['seed', join(at.folder, 'missing.json')])).status).toBe(4)
      expect((await json(['user', 'list'])).total).toBe(1)
    },
    SLOW_MS,
  )
})

describe('what is wrong is refused with its exit status, and changes nothing', () => {
  test(
    'beside a running server',
    async () => {
      await using at = await onSqlite()
      await using all = await serverWithCommands(at)
      const { json, command } = all
      await json(['user', 'create', 'ada@example.com', '--password-stdin'], PASSWORD)
      const refused: [string[], string | undefined, number, string][] = [
        [['user', 'create', 'ada@example.com'], undefined, 4, 'email_exists'],
        [['user', 'create', 'nonsense'], undefined, 4, 'validation_failed'],
        [['user', 'create', 'bob@example.com', '--username', 'u1'], undefined, 4, 'username'],
        [['user', 'create', 'bob@example.com', '--password-stdin'], 'short\n', 4, 'weak_password'],
        [['user', 'create', 'bob@example.com', '--password-stdin'], '', 2, 'standard input has no password'],
        [['user', 'create', 'bob@example.com', '--password-stdin'], 'one\ntwo\n', 2, 'more than one line'],
        [['user', 'create', 'bob@example.com', '--admin', '--unconfirmed'], undefined, 2, 'confirmed'],
        [['user', 'create', 'bob@example.com', '--password', 'x'], undefined, 2, 'unknown option'],
        [['user', 'create'], undefined, 2, 'missing required argument'],
        [['user', 'set-password', 'ada@example.com'], undefined, 2, '--password-stdin'],
        [['user', 'set-password', 'ada@example.com', '--password-stdin'], 'short', 4, 'weak_password'],
        [['user', 'ban', 'ada@example.com', '--for', '1d'], undefined, 2, '24h'],
        [['user', 'ban', 'ada@example.com', '--for', '-1h'], undefined, 2, '24h'],
        [['user', 'ban', 'ada@example.com', '--for', 'none'], undefined, 2, 'unban'],
        [['user', 'delete', 'ada@example.com'], undefined, 2, '--yes'],
        [['user', 'list', '--limit', '0'], undefined, 2, 'from 1'],
        [['user', 'list', '--limit', 'x'], undefined, 2, 'from 1'],
        [['session', 'revoke'], undefined, 2, '--user'],
        [['session', 'revoke', 'x', '--user', 'ada@example.com'], undefined, 2, '--user'],
        [['session', 'revoke', 'nonsense'], undefined, 3, 'latchkey: '],
        [['user'], undefined, 2, 'Usage: latchkey user'],
        ...['show', 'set-password', 'confirm', 'ban', 'unban', 'sign-out', 'delete'].map(
          (verb): [string[], undefined, number, string] => [
            ['user', verb, 'eve@example.com'],
            undefined,
            3,
            'no user found for eve@example.com',
          ],
        ),
        [['session', 'list', '--user', 'eve@example.com'], undefined, 3, 'no user found for eve@example.com'],
      ]
      for (const [args, stdin, status, message] of refused) {
        const done = await command(args, stdin)
        expect([args, done.status, done.stdout, done.stderr]).toEqual([
          args,
          status,
          '',
          expect.stringContaining(message),
        ])
      }
      expect((await json(['user', 'list'])).users).toHaveLength(1)
      expect((await json(['user', 'show', 'ada@example.com'])).banned_until).toBeUndefined()
    },
    SLOW_MS,
  )

  test('a folder without a server is named, and stays empty', async () => {
    await using at = await onSqlite()
    for (const args of [
      ['user', 'list'],
      ['user', 'create', 'ada@example.com'],
      ['session', 'list'],
    ]) {
      const { status, stderr } = await run(args, { cwd: at.folder })
      expect([status, stderr]).toEqual([1, expect.stringContaining('--data-dir <folder>')])
    }
  })
})

test('tables for people are aligned, and control characters of users do not reach the terminal', async () => {
  await using at = await onSqlite()
  await using all = await serverWithCommands(at)
  const { server, command, json } = all
  await json(['user', 'create', 'ada@example.com', '--password-stdin'], PASSWORD)
  await server.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email: 'ada@example.com', password: PASSWORD },
    headers: { 'user-agent': 'browser \u009b31m' },
  })
  const { stdout } = await command(['session', 'list'])
  expect(stdout).not.toMatch(/\u009b/)
  const [head = '', row = ''] = stdout.split('\n')
  expect(row.slice(head.indexOf('USER'))).toStartWith('ada@example.com')
  expect(row.slice(head.indexOf('CREATED'))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/)
})
