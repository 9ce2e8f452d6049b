/** The commands that tell what runs, and how it is used: status, completion, help and exit statuses. */
import { describe, expect, test } from 'bun:test'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT_STATUSES } from '../../src/cli/exit-status'
import { parseDotenv } from '../../src/lib/dotenv'
import type { Json } from '../support/app'
import { BINARY, run, startBinary } from '../support/binary'
import { withoutPrivileges } from '../support/disk'

const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-tools-'))

test('status says whether the server of this data runs, and exits accordingly', async () => {
  await using server = await startBinary()
  const { port } = new URL(server.url)
  const at = (args: string[], cwd = server.folder) => run(['status', ...args], { cwd })
  const running = await at(['--port', port])
  expect([running.status, running.stdout]).toEqual([0, expect.stringMatching(/^status +running, version \d/)])
  expect(running.stdout).not.toContain('sb_secret_')

  const json = await at(['--port', port, '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...server.keys,
    running: true,
    version: expect.any(String),
    url: `http://localhost:${port}`,
    api_url: `http://localhost:${port}/auth/v1`,
    mailbox_url: `http://localhost:${port}/mailbox`,
    dashboard_url: `http://localhost:${port}/dashboard`,
    database: server.database,
  })
  expect(JSON.parse((await at(['--port', port, '-o', 'json'])).stdout)).toEqual(JSON.parse(json.stdout))

  const off = await at(['--port', port, '--json', '--set', 'AUTH_DASHBOARD=off'])
  expect(JSON.parse(off.stdout).dashboard_url).toBeNull()

  const elsewhere = await at(['--port', '1'])
  expect([elsewhere.status, elsewhere.stderr]).toEqual([5, expect.stringContaining('name its port with --port')])
  const other = folder()
  await run(['keys', '--init'], { cwd: other })
  const foreign = await at(['--port', port], other)
  expect([foreign.status, foreign.stderr]).toEqual([5, expect.stringContaining('uses other data')])

  await server.stop()
  const stopped = await at(['--port', port, '--json'])
  expect([stopped.status, JSON.parse(stopped.stdout).running, stopped.stderr]).toEqual([
    5,
    false,
    `latchkey: no server answers at http://127.0.0.1:${port}\n`,
  ])
})

test('status, healthcheck, limits and doctor tell a Latchkey with other data from the server of this data', async () => {
  await using server = await startBinary()
  await using other = await startBinary()
  const { port } = new URL(other.url)
  const foreign = `another Latchkey answers at http://127.0.0.1:${port}: it uses other data than ${join(server.folder, 'latchkey-data')}`
  const at = (...args: string[]) => run([...args, '--port', port], { cwd: server.folder })
  for (const [args, status] of [
    [['status'], 5],
    [['limits', 'list'], 5],
    [['healthcheck'], 1],
  ] as const)
    expect([args, await at(...args)]).toMatchObject([args, { status, stderr: `latchkey: ${foreign}\n` }])
  const { findings } = JSON.parse((await at('doctor', '--json')).stdout)
  const advice = expect.not.stringContaining('start it')
  expect(findings).toContainEqual(expect.objectContaining({ check: 'server', state: 'warn', message: foreign, advice }))

  const id = async (url: string) => (await fetch(url)).headers.get('x-server-id')
  expect(await id(`${other.url}/health`)).toMatch(/^[\w-]{16}$/)
  expect(await id(`${other.url}/health`)).not.toBe(await id(`${server.url}/health`))
  expect(await id(`${server.url}/ready`)).toBe(await id(`${server.url}/auth/v1/health`))
})

test('healthcheck without the data of the server asks it all the same, and status takes a server without an id', async () => {
  await using server = await startBinary()
  const { port } = new URL(server.url)
  expect(await run(['healthcheck', '--port', port], { cwd: folder() })).toMatchObject({ status: 0 })
  using older = Bun.serve({ port: 0, fetch: () => Response.json({ version: '0.1.0' }) })
  expect(await run(['status', '--port', String(older.port)], { cwd: server.folder })).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('running, version 0.1.0'),
  })
})

test('status -o env prints lines for .env files and shells, with the names that Supabase uses', async () => {
  const cwd = folder()
  const keys = JSON.parse((await run(['keys', '--init', '--json'], { cwd })).stdout)
  const { stdout, status } = await run(['status', '-o', 'env'], { cwd })
  expect(status).toBe(5)
  const values = parseDotenv(stdout)
  expect(values).toMatchObject({
    API_URL: keys.url,
    SUPABASE_URL: keys.url,
    SUPABASE_ANON_KEY: keys.anon_key,
    SUPABASE_SERVICE_ROLE_KEY: keys.service_role_key,
    SUPABASE_PUBLISHABLE_KEY: keys.publishable_key,
    SUPABASE_SECRET_KEY: keys.secret_key,
    NEXT_PUBLIC_SUPABASE_URL: keys.url,
    NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY: keys.publishable_key,
    VITE_SUPABASE_URL: keys.url,
    VITE_SUPABASE_PUBLISHABLE_KEY: keys.publishable_key,
    PUBLIC_SUPABASE_URL: keys.url,
    PUBLIC_SUPABASE_PUBLISHABLE_KEY: keys.publishable_key,
    EXPO_PUBLIC_SUPABASE_URL: keys.url,
    EXPO_PUBLIC_SUPABASE_PUBLISHABLE_KEY: keys.publishable_key,
  })
  // What a bundler puts into a page is public.
  for (const [name, value] of Object.entries(values))
    if (/^(NEXT_PUBLIC|VITE|PUBLIC|EXPO_PUBLIC)_/.test(name))
      expect([keys.secret_key, keys.service_role_key]).not.toContain(value)
  const shell = Bun.spawnSync(['bash', '-c', `${stdout}\necho "$SUPABASE_SECRET_KEY"`])
  expect(shell.stdout.toString().trim()).toBe(keys.secret_key)
})

test('status without data and healthcheck without a server fail', async () => {
  const cwd = folder()
  expect(await run(['status'], { cwd })).toMatchObject({ status: 1, stderr: expect.stringContaining('--data-dir') })
  expect(await run(['healthcheck', '--port', '1', '--json'], { cwd })).toMatchObject({ status: 1, stdout: '' })
})

const isInstalled = (name: string) => Bun.which(name) !== null

describe('completion', () => {
  const complete = async (line: string): Promise<string[]> => {
    const words = line.split(' ')
    const script = `${(await run(['completion', 'bash'])).stdout}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
      COMP_CWORD=${words.length - 1}
      _latchkey
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = Bun.spawnSync(['bash', '-euc', script])
    expect(stderr.toString()).toBe('')
    return stdout.toString().split('\n').filter(Boolean)
  }

  test.skipIf(!isInstalled('bash')).each([
    ['latchkey us', ['user']],
    ['latchkey user set', ['set-password']],
    ['latchkey role ', ['list', 'grant', 'revoke', '--help']],
    ['latchkey user ban --f', ['--for']],
    ['latchkey user ban eve@example.com --f', ['--for']],
    ['latchkey status --output ', ['text', 'env', 'json']],
    ['latchkey serve --data-dir ', []],
    ['latchkey nonsense us', ['user']],
    ['latchkey user list nonsense', []],
  ])('of bash completes %j', async (line, expected) => expect(await complete(line)).toEqual(expected))

  test.skipIf(!isInstalled('zsh'))('of zsh is valid, and registers the command', async () => {
    const file = join(folder(), '_latchkey')
    writeFileSync(file, (await run(['completion', 'zsh'])).stdout)
    const { stdout, stderr } = Bun.spawnSync(
      ['zsh', '-fc', `autoload -Uz compinit && compinit -D -u && source ${file} && echo $_comps[latchkey]`],
      { env: { ...process.env, TERM: 'dumb' } },
    )
    expect([stdout.toString(), stderr.toString()]).toEqual(['_latchkey\n', ''])
  })

  test.skipIf(!isInstalled('fish'))('of fish completes commands and options', async () => {
    const file = join(folder(), 'latchkey.fish')
    writeFileSync(file, (await run(['completion', 'fish'])).stdout)
    const of = (line: string) =>
      Bun.spawnSync(['fish', '-Nc', `source ${file}; complete -C '${line}'`])
        .stdout.toString()
        .split('\n')
        .map((each) => each.split('\t')[0])
        .filter(Boolean)
    expect(of('latchkey us')).toEqual(['user'])
    expect(of('latchkey user set')).toEqual(['set-password'])
    expect(of('latchkey user ban x --fo')).toEqual(['--for'])
  })

  test('of an unknown shell is an error that names the known ones', async () => {
    const { status, stderr } = await run(['completion', 'tcsh'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish')])
  })
})

test('every command has a help with an example, and the page of the documentation has it', async () => {
  const page = readFileSync(join(import.meta.dir, '../../docs/command-line.md'), 'utf8')
  const sections = [...page.matchAll(/^##+ ([a-z][a-z -]*)$/gm)].map(([, name = '']) => name)
  expect(sections).toContain('user set-password')
  for (const name of sections) {
    const { stdout, status } = await run([...name.split(' '), '--help'])
    expect([name, status, stdout]).toEqual([name, 0, expect.stringMatching(/\nExample:\n {2}\$ \S/)])
  }
  // It starts the executable once for each command.
}, 180_000)

test('the exit statuses are in the help', async () => {
  const { stdout } = await run(['--help'])
  for (const { status, meaning } of EXIT_STATUSES) expect(stdout).toContain(`  ${status}  ${meaning}`)
})

test.skipIf(process.platform === 'win32')('commands say when this user may not read the data folder', async () => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-closed-'))
  writeFileSync(join(data, 'secrets.json'), '{}')
  chmodSync(data, 0)
  const restricted = withoutPrivileges(BINARY)
  for (const args of [
    ['user', 'list'],
    ['audit', 'verify'],
    ['why', 'x'],
    ['keys'],
    ['keys', '--init'],
    ['status'],
    ['limits', 'list'],
    ['backup', join(tmpdir(), `${randomUUID()}.backup`)],
    ['doctor'],
  ]) {
    const child = Bun.spawn([restricted, ...args, '--data-dir', data], {
      stdout: 'pipe',
      stderr: 'pipe',
      cwd: tmpdir(),
    })
    const printed = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text())
    expect([args, await child.exited]).toEqual([args, 1])
    expect(printed).toContain(`this user may not read ${data}`)
    expect(printed).not.toMatch(/no server data found|there is no database|start the server once|\n {6}at /)
  }
  chmodSync(data, 0o700)
})

test('doctor finds nothing wrong with a fresh server, and names what is wrong with a broken one', async () => {
  await using server = await startBinary()
  const { port } = new URL(server.url)
  const doctor = (...args: string[]) => run(['doctor', '--port', port, ...args], { cwd: server.folder })
  const healthy = await doctor('--json')
  const { ok, findings } = JSON.parse(healthy.stdout)
  expect([healthy.status, ok, findings.filter(({ state }: Json) => state !== 'ok')]).toEqual([0, true, []])
  const checks = new Set(findings.map(({ check }: Json) => check))
  for (const check of ['version', 'settings', 'permissions', 'database', 'disk', 'clock', 'server', 'proxy', 'mail'])
    expect(checks).toContain(check)

  chmodSync(join(server.folder, 'latchkey-data/secrets.json'), 0o644)
  const broken = await doctor(
    '--json',
    '--set',
    'AUTH_API_EXTERNAL_URL=https://auth.latchkey.invalid',
    '--set',
    'AUTH_SMTP_HOST=127.0.0.1',
    '--set',
    'AUTH_SMTP_PORT=1',
    '--set',
    'AUTH_SMTP_ADMIN_EMAIL=noreply@latchkey.invalid',
    '--set',
    'AUTH_SMTP_PSAS=x',
  )
  const states = Object.fromEntries(JSON.parse(broken.stdout).findings.map((each: Json) => [each.check, each.state]))
  expect([broken.status, states]).toMatchObject([
    1,
    { proxy: 'fail', 'public url': 'warn', 'mail server': 'fail', 'mail sender': 'warn', database: 'ok' },
  ])
  const text = await doctor()
  expect([text.status, text.stdout]).toEqual([
    1,
    expect.stringMatching(/fail {2}permissions .*\n +→ chmod 600 \S+secrets.json/),
  ])
})

test('doctor does not wait long for a mail server that does not answer', async () => {
  let [openedAt, closedAt] = [0, 0]
  const silent = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open() {
        openedAt = performance.now()
      },
      close() {
        closedAt = performance.now()
      },
      data() {},
    },
  })
  const args = ['--set', 'AUTH_SMTP_HOST=127.0.0.1', '--set', `AUTH_SMTP_PORT=${silent.port}`]
  const { stdout } = await run(['doctor', '--port', '1', ...args], { cwd: folder() })
  expect(stdout).toMatch(/fail {2}mail server +127\.0\.0\.1:\d+: /)
  // 3 s; the server itself waits for 10 s. How long the command takes to start is not counted.
  while (closedAt === 0) await Bun.sleep(5)
  expect(closedAt - openedAt).toBeLessThan(8000)
  silent.stop(true)
}, 60_000)

test('doctor in an empty folder says how to start', async () => {
  const { status, stdout } = await run(['doctor', '--port', '1'], { cwd: folder() })
  expect([status, stdout]).toEqual([1, expect.stringMatching(/fail {2}database .*\n +→ start the server once: /)])
})

test('redirect test says whether a target is allowed, and its line allows it', async () => {
  const cwd = folder()
  const settings = [
    '--set',
    'AUTH_SITE_URL=https://app.example.com',
    '--set',
    'AUTH_URI_ALLOW_LIST=https://a.example/**',
  ]
  const ask = async (url: string, more: string[] = []) => {
    const { stdout, status } = await run(['redirect', 'test', url, '--json', ...settings, ...more], { cwd })
    return { ...JSON.parse(stdout), status }
  }
  expect(await ask('https://app.example.com/welcome')).toMatchObject({ allowed: true, status: 0, add: null })
  expect(await ask('https://a.example/x')).toMatchObject({ allowed: true, status: 0 })
  const refused = await ask('https://b.example/welcome?x=1')
  expect(refused).toEqual({
    url: 'https://b.example/welcome?x=1',
    allowed: false,
    reason: 'no entry of AUTH_URI_ALLOW_LIST matches it',
    add: 'AUTH_URI_ALLOW_LIST=https://a.example/**,https://b.example/**',
    status: 4,
  })
  expect(await ask('https://b.example/welcome?x=1', ['--set', refused.add])).toMatchObject({ allowed: true })
  expect(await ask('com.example.app://callback')).toMatchObject({
    allowed: false,
    add: 'AUTH_URI_ALLOW_LIST=https://a.example/**,com.example.app://callback',
  })
  expect(await ask('javascript:alert(1)')).toMatchObject({ allowed: false, add: null, status: 4 })
})

describe('init', () => {
  const FULL = [
    'init',
    '--yes',
    '--domain',
    'auth.example.com',
    '--site-url',
    'https://app.example.com',
    '--proxy',
    '10.0.0.0/8',
    '--smtp-host',
    'smtp.example.com',
    '--smtp-port',
    '465',
    '--smtp-user',
    'ada',
    '--smtp-password-stdin',
    '--sender',
    'noreply@example.com',
  ]
  const PASSWORD = `pass "word' # $HOME \\n=`

  test('writes a settings file from flags that check accepts, readable by its owner only', async () => {
    const cwd = folder()
    const { status, stdout, stderr } = await run(FULL, { cwd, stdin: `${PASSWORD}\n` })
    expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining('user create you@example.com --admin')])
    expect(stdout).not.toContain('pass "word')
    const file = join(cwd, '.env')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(parseDotenv(readFileSync(file, 'utf8'))).toEqual({
      AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1',
      AUTH_SITE_URL: 'https://app.example.com',
      AUTH_TRUSTED_PROXIES: '10.0.0.0/8',
      AUTH_HOST: '0.0.0.0',
      AUTH_SMTP_HOST: 'smtp.example.com',
      AUTH_SMTP_PORT: '465',
      AUTH_SMTP_USER: 'ada',
      AUTH_SMTP_PASS: PASSWORD,
      AUTH_SMTP_ADMIN_EMAIL: 'noreply@example.com',
    })
    const checked = await run(['check'], { cwd })
    expect([checked.status, checked.stdout]).toEqual([0, 'The settings are valid.\n'])
  })

  test('never overwrites a file unless told to, and names another one in its next steps', async () => {
    const cwd = folder()
    writeFileSync(join(cwd, '.env'), 'MINE=1\n')
    expect(await run(['init', '--yes'], { cwd })).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('--force'),
    })
    expect(await run(['init'], { cwd })).toMatchObject({ status: 4 })
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe('MINE=1\n')
    const other = await run(['init', '--yes', '--output', 'auth.env', '--domain', 'auth.example.com', '--json'], {
      cwd,
    })
    expect(JSON.parse(other.stdout)).toEqual({ file: join(cwd, 'auth.env'), settings: ['AUTH_API_EXTERNAL_URL'] })
    expect(readdirSync(cwd).sort()).toEqual(['.env', 'auth.env'])
  })

  test('with --force keeps what it does not ask for, and who may read the file', async () => {
    const cwd = folder()
    const file = join(cwd, '.env')
    const before = [
      'AUTH_DATA_DIR=/srv/data',
      'AUTH_SMTP_HOST=old.example.com',
      'AUTH_JWT_SECRET="a secret with # in it, of 32 bytes or more"',
      'MINE=1',
    ]
    writeFileSync(file, `${before.join('\n')}\n`)
    chmodSync(file, 0o640)
    const { status, stdout } = await run(['init', '--yes', '--force', '--domain', 'auth.example.com'], { cwd })
    expect([status, stdout]).toEqual([0, expect.stringContaining('kept')])
    expect(parseDotenv(readFileSync(file, 'utf8'))).toEqual({
      AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1',
      AUTH_DATA_DIR: '/srv/data',
      AUTH_JWT_SECRET: 'a secret with # in it, of 32 bytes or more',
      MINE: '1',
    })
    expect(statSync(file).mode & 0o777).toBe(0o640)
    chmodSync(file, 0o644)
    expect((await run(['init', '--yes', '--force'], { cwd })).status).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })

  test('with --force replaces what it asks for under every name, such as those of GoTrue', async () => {
    const cwd = folder()
    const file = join(cwd, '.env')
    const asked = ['GOTRUE_SMTP_HOST', 'GOTRUE_SMTP_USER', 'GOTRUE_SMTP_PASS', 'AUTH_SMTP_PASS_FILE', 'SITE_URL']
    const others = ['GOTRUE_JWT_EXP=600', 'PORT=7021']
    writeFileSync(file, [...asked.map((name) => `${name}=old`), ...others].join('\n'))
    const flags = ['--domain', 'auth.example.com', '--smtp-host', 'smtp.example.com']
    expect((await run(['init', '--yes', '--force', ...flags], { cwd })).status).toBe(0)
    const written = parseDotenv(readFileSync(file, 'utf8'))
    expect(Object.keys(written).filter((name) => asked.includes(name))).toEqual([])
    expect(written).toMatchObject({ AUTH_SMTP_HOST: 'smtp.example.com', GOTRUE_JWT_EXP: '600', PORT: '7021' })
  })

  test.each([
    [['--domain', 'not a domain'], 'not a domain'],
    [['--domain', 'auth.example.com\nAUTH_HOOKS=off'], 'is not a domain'],
    [['--site-url', 'nonsense'], 'AUTH_SITE_URL'],
    [['--smtp-host', 'smtp.example.com', '--smtp-port', 'x'], 'AUTH_SMTP_PORT'],
    [['--proxy', 'everywhere'], 'AUTH_TRUSTED_PROXIES'],
  ])('with %j writes nothing', async (args, message) => {
    const cwd = folder()
    const { status, stderr } = await run(['init', '--yes', ...args], { cwd })
    expect([status, stderr]).toEqual([4, expect.stringContaining(message)])
    expect(readdirSync(cwd)).toEqual([])
  })
})

test('with --json every command prints one JSON value, and nothing else', async () => {
  await using server = await startBinary()
  const { folder: cwd } = server
  const { port } = new URL(server.url)
  const write = (name: string, value: unknown) => writeFileSync(join(cwd, name), JSON.stringify(value))
  write('users.json', [{ email: 'ada@example.com' }])
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  write('key.json', { ...jwk, alg: 'ES256', kid: 'mine' })
  for (const args of [
    ['version'],
    ['check'],
    ['status', '--port', port],
    ['healthcheck', '--port', port],
    ['doctor', '--port', port],
    ['redirect', 'test', 'http://localhost:3000/'],
    ['seed', 'users.json'],
    ['user', 'list'],
    ['user', 'show', 'ada@example.com'],
    ['session', 'list'],
    ['role', 'list', 'ada@example.com'],
    ['audit', 'list'],
    ['limits', 'list', '--port', port],
    ['events', 'list'],
    ['keys'],
    ['keys', 'list'],
    ['keys', 'rotate'],
    ['keys', 'import', 'key.json'],
    ['keys', 'revoke', 'mine'],
    ['mail', 'list'],
    ['mail', 'templates', 'mails'],
    ['migrate', '--status'],
    ['init', '--yes', '--output', 'other.env'],
  ]) {
    const { stdout, stderr, status } = await run([...args, '--json'], { cwd })
    expect([args, status, stderr]).toEqual([args, 0, ''])
    expect(() => JSON.parse(stdout)).not.toThrow()
    expect(stdout).toEndWith('\n')
  }
}, 180_000)
