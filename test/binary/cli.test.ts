import { expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresMigrations } from '../../migrations/postgres'
import { BINARY, run, startBinary } from '../support/binary'
import { execute } from '../support/database'
import { emptyDatabase } from '../support/empty-postgres'
import { hasPostgres } from '../support/postgres'

const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
const VERSION = /^latchkey \d+\.\d+\.\d+ \(commit [\w-]+, Bun \d+\.\d+\.\d+, SQLite 3\.\d+\.\d+\)\n$/

test('--version and version print the versions of latchkey, Bun and SQLite, and the commit', async () => {
  for (const args of [['--version'], ['-V'], ['-v'], ['version'], ['keys', '--version'], ['serve', '-v']]) {
    const { stdout, status } = await run(args)
    expect(stdout).toMatch(VERSION)
    expect(status).toBe(0)
  }
})

test.each([
  [['help', 'keys', 'rotate'], 'latchkey keys rotate'],
  [['keys', 'help', 'rotate'], 'latchkey keys rotate'],
  [['mail', 'help', 'list'], 'latchkey mail list'],
  [['help', 'check'], 'latchkey check'],
  [['help'], 'latchkey [options]'],
])('%j explains %s', async (args, usage) => {
  const { stdout, status } = await run(args)
  expect([stdout.split('\n')[0]?.startsWith(`Usage: ${usage}`), status]).toEqual([true, 0])
})

test.each([
  [['srve'], 'Did you mean serve?'],
  [['nonsense'], 'unknown command'],
  [['serve', '--prot', '80'], 'Did you mean --port?'],
  [['--prot', '80'], 'Did you mean --port?'],
  [['serve', 'extra'], 'too many arguments'],
  [['serve', '--port'], 'argument missing'],
  [['serve', 'AUTH_SITE_URL=https://a.example'], '--set AUTH_SITE_URL=https://a.example'],
  [['AUTH_SITE_URL=https://a.example'], '--set AUTH_SITE_URL=https://a.example'],
  [['serve', '--set', 'nonsense'], 'Use the form NAME=value, such as AUTH_SITE_URL='],
])('%j is an error with a hint', async (args, hint) => {
  const { stderr, status } = await run(args)
  expect(stderr).toContain(hint)
  expect(status).toBe(2)
})

test('check finds every problem at once, with the nearest name for an unknown one', async () => {
  const env = {
    AUTH_PORT: 'x',
    AUTH_SITE_ULR: 'https://a.example',
    GOTRUE_JWT_SECRTE: 'x',
    AUTH_JWT_SECRET: 'too short',
    AUTH_DATABASE_URL: 'postgres://ada:hunter2@db/auth?sslcert=x',
    GOTRUE_COOKIE_KEY: '25',
  }
  const { stdout, status } = await run(['check'], { env, cwd: folder() })
  expect(status).toBe(1)
  for (const line of [
    'error: AUTH_PORT (environment AUTH_PORT) must be an integer from 0 to 65535, not "x".',
    'error: AUTH_JWT_SECRET (environment AUTH_JWT_SECRET) must be at least 32 bytes long.',
    'error: AUTH_SITE_ULR is not a known setting; did you mean AUTH_SITE_URL?',
    'error: GOTRUE_JWT_SECRTE is not a known setting; did you mean GOTRUE_JWT_SECRET?',
    'error: AUTH_DATABASE_URL (environment AUTH_DATABASE_URL) must be without the parameter sslcert',
    '    GOTRUE_COOKIE_KEY: GoTrue no longer keeps sessions in cookies',
    'Not here, whatever the settings: the OAuth 2.1 server, SAML single sign-on, SCIM, third-party auth.',
  ])
    expect(stdout).toContain(line)
  expect(stdout).not.toContain('too short')
  expect(stdout).not.toContain('hunter2')
})

test('check --print shows each value and where it came from, secrets masked', async () => {
  const cwd = folder()
  mkdirSync(join(cwd, 'supabase'))
  writeFileSync(
    join(cwd, 'supabase/config.toml'),
    '[auth]\nsite_url = "env(MY_SITE)"\njwt_expiry = 1800\nenable_signup = false\n[auth.email]\nenable_confirmations = false\n',
  )
  writeFileSync(join(cwd, '.env'), 'AUTH_JWT_AUD=from-file\nPORT=1\nMY_SITE=https://my.example\nGOTRUE_JWT_EXP=60\n')
  writeFileSync(join(cwd, 'secret'), 'a-secret-in-a-file-of-at-least-32-bytes\n')
  const env = { GOTRUE_JWT_EXP: '900', AUTH_JWT_SECRET_FILE: join(cwd, 'secret') }
  const { stdout, status } = await run(['check', '--print', '--port', '7777', '--set', 'AUTH_JWT_ISSUER=me'], {
    env,
    cwd,
  })
  expect(status).toBe(0)
  const line = (name: string) =>
    stdout
      .split('\n')
      .find((each) => each.startsWith(`${name} `))
      ?.replace(/\s{2,}/g, ' | ')
  expect(line('AUTH_PORT')).toBe('AUTH_PORT | 7777 | flag --port')
  expect(line('AUTH_JWT_EXP')).toBe('AUTH_JWT_EXP | 900 | environment GOTRUE_JWT_EXP')
  expect(line('AUTH_JWT_AUD')).toBe('AUTH_JWT_AUD | from-file | .env AUTH_JWT_AUD')
  expect(line('AUTH_SITE_URL')).toBe('AUTH_SITE_URL | https://my.example | supabase/config.toml [auth] site_url')
  expect(line('AUTH_DISABLE_SIGNUP')).toBe('AUTH_DISABLE_SIGNUP | true | supabase/config.toml [auth] enable_signup')
  expect(line('AUTH_JWT_ISSUER')).toBe('AUTH_JWT_ISSUER | me | flag --set AUTH_JWT_ISSUER')
  expect(line('AUTH_JWT_SECRET')).toBe('AUTH_JWT_SECRET | ******** | environment AUTH_JWT_SECRET_FILE')
  expect(stdout).not.toContain('a-secret-in-a-file')
})

test('invalid settings prevent the start with status 1 and all reasons', async () => {
  const { stderr, status } = await run(['serve', '--port', 'x', '--set', 'AUTH_SITE_URL=nope'], { cwd: folder() })
  expect(status).toBe(1)
  expect(stderr.split('\n').filter(Boolean)).toEqual([
    'latchkey: AUTH_PORT (flag --port) must be an integer from 0 to 65535, not "x".',
    'latchkey: AUTH_SITE_URL (flag --set AUTH_SITE_URL) must be an absolute URL, such as https://app.example.com, not "nope".',
  ])
})

test.each([
  [['--config', 'missing.toml'], 'missing.toml cannot be read'],
  [['--env-file', 'missing.env'], 'missing.env cannot be read'],
  [['--data-dir', '/dev/null/x'], 'cannot be created'],
  [['--config', '/tmp'], '/tmp cannot be read'],
  [['--env-file', '/tmp'], '/tmp cannot be read'],
])('%j prevents the start with one line', async (args, message) => {
  const { stderr, status } = await run(['serve', '--port', '0', ...args], { cwd: folder() })
  expect([status, stderr.trim().split('\n').length]).toEqual([1, 1])
  expect(stderr).toContain(message)
})

test('keys are generated once, readable only by their owner, and printed', async () => {
  const cwd = folder()
  const first = await run(['keys', '--init', '--json'], { cwd })
  const again = await run(['keys', '--json'], { cwd })
  expect(first.stdout).toBe(again.stdout)
  expect(JSON.parse(first.stdout)).toEqual({
    url: 'http://localhost:7020',
    publishable_key: expect.stringMatching(/^sb_publishable_/),
    secret_key: expect.stringMatching(/^sb_secret_/),
    anon_key: expect.stringMatching(/^ey/),
    service_role_key: expect.stringMatching(/^ey/),
  })
  expect(statSync(join(cwd, 'latchkey-data')).mode & 0o777).toBe(0o700)
  expect(statSync(join(cwd, 'latchkey-data/secrets.json')).mode & 0o777).toBe(0o600)
})

test('keys gotrue prints lines of an env file', async () => {
  const cwd = folder()
  expect(await run(['keys', 'gotrue'], { cwd })).toMatchObject({ status: 1, stdout: '' })
  await run(['keys', '--init'], { cwd })
  const { status, stdout } = await run(['keys', 'gotrue'], { cwd })
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(
      /^(GOTRUE_SECURITY_DB_ENCRYPTION_\w+=\S+\n){4}GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION=2\n$/,
    ),
  ])
})

test('concurrent commands generate the same keys', async () => {
  const cwd = folder()
  const outputs = await Promise.all(Array.from({ length: 6 }, () => run(['keys', '--init', '--json'], { cwd })))
  expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1)
  expect(outputs.filter(({ stderr }) => stderr.includes('generated new keys in'))).toHaveLength(1)
  expect(readdirSync(join(cwd, 'latchkey-data'))).toEqual(['secrets.json'])
})

test.each(['{}', 'null', '', '{"jwtSecret":"x"}'])('secrets.json holding %p is refused by name', async (content) => {
  const cwd = folder()
  mkdirSync(join(cwd, 'latchkey-data'))
  writeFileSync(join(cwd, 'latchkey-data/secrets.json'), content)
  const { status, stderr } = await run(['keys'], { cwd })
  expect([status, stderr.split('\n').length]).toEqual([1, 2])
  expect(stderr).toContain('latchkey-data/secrets.json')
  const checked = await run(['check'], { cwd })
  expect([checked.status, checked.stdout]).toEqual([1, expect.stringContaining('latchkey-data/secrets.json')])
})

test('check says that a database lacks its secrets', async () => {
  const cwd = folder()
  await run(['keys', '--init'], { cwd })
  await run(['migrate'], { cwd })
  expect((await run(['check'], { cwd })).status).toBe(0)
  rmSync(join(cwd, 'latchkey-data/secrets.json'))
  const { status, stdout } = await run(['check'], { cwd })
  expect([status, stdout]).toEqual([1, expect.stringMatching(/^error: .*secrets\.json is missing/)])
})

test('migrate says what it did, and --status what there is', async () => {
  const cwd = folder()
  expect((await run(['migrate', '--status'], { cwd })).stdout).toContain('pending  0001-accounts')
  expect(readdirSync(cwd)).toEqual([])
  expect((await run(['migrate'], { cwd })).stdout).toContain('applied 0001-accounts')
  expect((await run(['migrate'], { cwd })).stdout).toBe('the database is up to date\n')
  expect((await run(['migrate', '--status'], { cwd })).stdout).toContain('applied  0001-accounts')
})

test.skipIf(!hasPostgres)(
  'migrate creates the schemas on Postgres, and prints their SQL in a dry run',
  async () => {
    await using database = await emptyDatabase()
    const cwd = folder()
    const env = {
      AUTH_DATABASE_URL: database.url,
      AUTH_JWT_SECRET: 'a secret of at least thirty-two characters',
      AUTH_ENCRYPTION_KEY: '00'.repeat(32),
    }
    const migrate = (...flags: string[]) => run(['migrate', ...flags], { cwd, env })
    const names = postgresMigrations.map(({ name }) => name)
    const { stdout: script } = await migrate('--dry-run')
    expect(script).toStartWith('BEGIN;\n\nCREATE SCHEMA auth;')
    expect((await migrate()).stdout).toBe(`applied auth, ${names.join(', ')}, views\n`)
    expect((await migrate('--status')).stdout).toBe(names.map((name) => `applied  ${name}\n`).join(''))
    await database.sql.unsafe('DROP TABLE auth.mfa_amr_claims CASCADE')
    const checked = await run(['check'], { cwd, env })
    expect([checked.status, checked.stdout]).toEqual([
      1,
      expect.stringContaining('auth.mfa_amr_claims.session_id is missing'),
    ])
    expect(readdirSync(cwd)).toEqual([])
  },
  60_000,
)

test.each([
  [['keys']],
  [['keys', 'list']],
  [['keys', 'rotate']],
  [['mail', 'list']],
  [['role', 'list', 'ada@example.com']],
  [['migrate', '--status']],
])('%j in a folder without a server creates nothing', async (args) => {
  const cwd = folder()
  const { status, stderr, stdout } = await run(args, { cwd })
  expect(readdirSync(cwd)).toEqual([])
  expect(stderr).toContain(join(cwd, 'latchkey-data'))
  expect(stdout).not.toContain('sb_secret_')
  if (args[0] !== 'migrate') expect([status, stderr]).toEqual([1, expect.stringContaining('--data-dir <folder>')])
  if (args[0] === 'keys') expect(stderr).toContain('keys --init')
})

test('every command reports a database of a newer executable, with both versions', async () => {
  const server = await startBinary()
  await server.stop()
  await execute(server.database, "INSERT INTO schema_migrations VALUES (9999, '9999-of-tomorrow', 'x', 0)")
  await execute(server.database, "UPDATE meta SET value = '99.1.0' WHERE key = 'latchkey_version'")
  for (const args of [
    ['serve', '--port', '0'],
    ['migrate'],
    ['migrate', '--status'],
    ['role', 'list', 'ada@example.com'],
    ['mail', 'list'],
    ['keys', 'list'],
  ]) {
    const { status, stderr } = await run(args, { cwd: server.folder })
    expect([args, status, stderr]).toEqual([
      args,
      1,
      expect.stringMatching(
        /^latchkey: \S+latchkey\.db: the database is newer than this executable \(latchkey \d+\.\d+\.\d+\): it has migration 9999-of-tomorrow, .* last served by latchkey 99\.1\.0\. Use the newer executable, [^\n]*\n$/,
      ),
    ])
  }
  expect((await run(['keys'], { cwd: server.folder })).status).toBe(0)
})

test.each([
  [['openapi']],
  [['keys']],
  [['check', '--print']],
  [['mail', 'list']],
  [['serve', '--help']],
  [['version']],
])('%j into a closed pipe ends silently', async (args) => {
  await using server = await startBinary()
  const child = Bun.spawn(['sh', '-c', `"$0" "$@" | true`, BINARY, ...args], {
    cwd: server.folder,
    stdout: 'ignore',
    stderr: 'pipe',
  })
  expect([await new Response(child.stderr).text(), await child.exited]).toEqual(['', 0])
})

test('openapi prints the document', async () => {
  expect(JSON.parse((await run(['openapi'])).stdout)).toMatchObject({
    openapi: '3.1.0',
    paths: { '/auth/v1/signup': {} },
  })
})

test('healthcheck succeeds only with a running server', async () => {
  await using server = await startBinary()
  const { port } = new URL(server.url)
  expect(await run(['healthcheck', '--port', port], { cwd: server.folder })).toMatchObject({
    status: 0,
    stdout: 'ready\n',
  })
  await server.stop()
  expect(await run(['healthcheck', '--port', port], { cwd: server.folder })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('no response from'),
  })
})

test('a folder called .env is ignored, and invalid TOML is reported with its line', async () => {
  const cwd = folder()
  mkdirSync(join(cwd, '.env'))
  mkdirSync(join(cwd, 'supabase'))
  expect((await run(['check'], { cwd })).status).toBe(0)
  writeFileSync(join(cwd, 'supabase/config.toml'), '[auth]\nsite_url = "http://localhost:3000"\njwt_expiry = \n')
  const { status, stdout } = await run(['check'], { cwd })
  expect([status, stdout]).toEqual([
    1,
    expect.stringMatching(/^error: supabase\/config\.toml is not valid TOML: .*\(line 3\)$/m),
  ])
  for (const text of ['auth = 5', 'auth = "on"', '[[auth]]\nsite_url = "https://app.example.com"']) {
    writeFileSync(join(cwd, 'supabase/config.toml'), text)
    const refused = await run(['check'], { cwd })
    expect([text, refused.status]).toEqual([text, 1])
    expect(refused.stdout).toContain('error: supabase/config.toml has an auth that is no table')
  }
})

test('the config.toml of `supabase init` is read without problems', async () => {
  const cwd = folder()
  mkdirSync(join(cwd, 'supabase'))
  writeFileSync(join(cwd, 'supabase/config.toml'), readFileSync(join(import.meta.dir, '../support/supabase-init.toml')))
  const { status, stdout } = await run(['check'], { cwd })
  expect(stdout.split('\n').filter((line) => /^(error|warning)/.test(line))).toEqual([])
  expect(status).toBe(0)
  expect((await run(['check', '--print'], { cwd })).stdout).toMatch(
    /AUTH_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL\s+10s\s+supabase\/config\.toml/,
  )
})

test('mail list shows the recipient, subject and state of each message', async () => {
  await using server = await startBinary({ env: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
  const list = () => run(['mail', 'list'], { cwd: server.folder })
  expect((await list()).stdout).toBe('No messages yet.\n')
  await server.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: 'correct-horse-9' } })
  const { stdout, status } = await list()
  expect([status, stdout.trim().split('\n').length]).toEqual([0, 1])
  expect(stdout).toMatch(/^\S+ +email +confirmation +kept +attempts 0 +ada@example\.com +Confirm your \S.*\n$/)
})

test('control characters in subjects do not reach the terminal', async () => {
  const subject = '{{ .Data.name }} joins'
  const env = { AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_MAILER_SUBJECTS_CONFIRMATION: subject }
  await using server = await startBinary({ env })
  await server.ask('POST', '/auth/v1/signup', {
    body: { email: 'eve@example.com', password: 'correct-horse-9', data: { name: '\u001b[2JEve' } },
  })
  const { stdout } = await run(['mail', 'list'], { cwd: server.folder })
  expect(stdout).toContain('[2JEve joins')
  expect(stdout).not.toContain('\u001b')
})

test('a role of the configuration can be granted', async () => {
  await using server = await startBinary()
  await server.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: 'correct-horse-9' } })
  const env = { AUTH_JWT_ROLE_CLAIMS: '{"editor":{"user_role":"editor"}}' }
  const { status, stdout } = await run(['role', 'grant', 'ada@example.com', 'editor'], { cwd: server.folder, env })
  expect([status, stdout]).toEqual([0, 'user editor\n'])
  const { stderr } = await run(['role', 'grant', 'ada@example.com', 'edtior'], { cwd: server.folder, env })
  expect(stderr).toContain(': admin, editor, user. ')
})

test('granting an unknown role lists the known ones', async () => {
  await using server = await startBinary()
  await server.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: 'correct-horse-9' } })
  const { status, stderr } = await run(['role', 'grant', 'ada@example.com', 'amdin'], { cwd: server.folder })
  expect([status, stderr]).toEqual([
    3,
    expect.stringMatching(/^latchkey: unknown role amdin; the roles that can be granted or revoked are: .*admin.*\n$/),
  ])
  const unknown = await run(['role', 'list', 'eve@example.com'], { cwd: server.folder })
  expect([unknown.status, unknown.stderr]).toEqual([3, expect.stringContaining('no user found for eve@example.com')])
})

test('revoking a role that a user does not have says so', async () => {
  await using server = await startBinary()
  await server.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: 'correct-horse-9' } })
  const revoke = async (role: string) => {
    const { status, stderr } = await run(['role', 'revoke', 'ada@example.com', role], { cwd: server.folder })
    return [status, stderr]
  }
  expect(await revoke('admin')).toEqual([3, 'latchkey: ada@example.com does not have the role admin\n'])
  expect(await revoke('user')).toEqual([4, 'latchkey: every account has the role user, which cannot be revoked\n'])
  expect(await revoke('amdin')).toEqual([3, expect.stringContaining('unknown role amdin')])
})

test('check reports an invalid template with its line', async () => {
  const { stdout, status } = await run([
    'check',
    '--set',
    'AUTH_MAILER_TEMPLATES_INVITE=<p>Come in</p>\n<p>{{ .ConfirmationUrl }}</p>',
  ])
  expect(status).toBe(1)
  expect(stdout).toContain('AUTH_MAILER_TEMPLATES_INVITE')
  expect(stdout).toContain('line 2')
  expect(stdout).toContain('ConfirmationURL')
})
