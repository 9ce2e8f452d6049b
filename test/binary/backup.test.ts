/** Backups by the executable: beside a server under load, and what is refused. */
import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BINARY, type Binary, run, startBinary } from '../support/binary'
import { emptyDatabase } from '../support/empty-postgres'
import { hasPostgres } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const root = mkdtempSync(join(tmpdir(), 'latchkey-backup-'))
afterAll(() => removeFolder(root))

const PASSWORD = 'correct-horse-battery-9'
const PASSPHRASE = 'seven words that no dictionary has together'
const passphraseFile = join(root, 'passphrase.txt')
writeFileSync(passphraseFile, `${PASSPHRASE}\n`)

const signUp = (server: Binary, email: string) =>
  server.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD } })
const signIn = (server: Binary, email: string) =>
  server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password: PASSWORD } })

/** Signs up accounts until it is told to stop. */
function signUps(server: Binary, name: string) {
  const acknowledged: string[] = []
  let isStopped = false
  const done = (async () => {
    for (let count = 0; !isStopped; count++) {
      const email = `${name}-${count}@example.com`
      if ((await signUp(server, email)).status === 200) acknowledged.push(email)
    }
  })()
  return {
    acknowledged,
    stop() {
      isStopped = true
      return done
    },
  }
}

test('every sign-up that was acknowledged before a backup under load signs in where it is restored', async () => {
  const path = join(root, 'load.backup')
  const before: string[] = []
  {
    await using server = await startBinary()
    const load = ['one', 'two', 'three'].map((name) => signUps(server, name))
    while (load.some(({ acknowledged }) => acknowledged.length < 5)) await signUp(server, 'pacer@example.com')
    before.push(...load.flatMap(({ acknowledged }) => acknowledged))
    const made = await run(['backup', path, '--json', '--passphrase-file', passphraseFile], { cwd: server.folder })
    expect([made.stderr, made.status]).toEqual(['', 0])
    expect(JSON.parse(made.stdout)).toMatchObject({ path, encrypted: true, bytes: statSync(path).size })
    await Promise.all(load.map(({ stop }) => stop()))
    const during = load.flatMap(({ acknowledged }) => acknowledged).length
    expect(during).toBeGreaterThan(before.length)
  }
  const folder = mkdtempSync(join(root, 'other-'))
  const restored = await run(['restore', path, '--passphrase-file', passphraseFile], { cwd: folder })
  expect([restored.stderr, restored.status]).toEqual(['', 0])
  await using server = await startBinary({ folder })
  for (const email of before) expect([email, (await signIn(server, email)).status]).toEqual([email, 200])
}, 120_000)

test('sessions and keys go on after a restore', async () => {
  const path = join(root, 'sessions.backup')
  await using server = await startBinary()
  const { body } = await signUp(server, 'ada@example.com')
  const made = await run(['backup', path], { cwd: server.folder })
  expect(made.stderr).toContain('the file contains the secrets of this server')
  expect(made.status).toBe(0)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await server.stop()

  const folder = mkdtempSync(join(root, 'other-'))
  expect((await run(['restore', path], { cwd: folder })).status).toBe(0)
  await using other = await startBinary({ folder })
  expect(other.keys).toEqual(server.keys)
  expect((await other.ask('GET', '/auth/v1/user', { token: body.access_token })).status).toBe(200)
  const refreshed = await other.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
    body: { refresh_token: body.refresh_token },
  })
  expect(refreshed.status).toBe(200)
}, 60_000)

test('a restore refuses the folder of a running server, and then that of a stopped one', async () => {
  await using server = await startBinary()
  await signUp(server, 'ada@example.com')
  const path = join(root, 'live.backup')
  await run(['backup', path], { cwd: server.folder })
  const live = await run(['restore', path], { cwd: server.folder })
  expect([live.stderr, live.status]).toEqual([expect.stringContaining('another process is using'), 1])
  expect((await signIn(server, 'ada@example.com')).status).toBe(200)
  await server.stop()
  const stopped = await run(['restore', path], { cwd: server.folder })
  expect([stopped.stderr, stopped.status]).toEqual([expect.stringContaining('is not empty (it has latchkey.db)'), 1])
}, 60_000)

test('what cannot be restored is refused in one sentence, and creates no folder', async () => {
  const path = join(root, 'refusals.backup')
  {
    await using server = await startBinary()
    await run(['backup', path, '--passphrase-file', passphraseFile], { cwd: server.folder })
  }
  const bytes = readFileSync(path)
  const flipped = join(root, 'flipped.backup')
  writeFileSync(
    flipped,
    bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)),
  )
  const truncated = join(root, 'cut.backup')
  writeFileSync(truncated, bytes.subarray(0, 100_000))
  const wrong = join(root, 'wrong.txt')
  writeFileSync(wrong, 'another passphrase altogether\n')
  const folder = mkdtempSync(join(root, 'none-'))
  const cases = [
    [['restore', path, '--passphrase-file', wrong], 'the passphrase is wrong'],
    [['restore', path], 'is encrypted with a passphrase; give --passphrase-file <file>'],
    [['restore', flipped, '--passphrase-file', passphraseFile], 'its encrypted content was changed or is truncated'],
    [['restore', truncated, '--passphrase-file', passphraseFile], 'its encrypted content was changed or is truncated'],
    [['backup', 'verify', flipped, '--passphrase-file', passphraseFile], 'was changed or is truncated'],
    [['restore', join(root, 'nowhere')], 'there is no file'],
    [['restore', BINARY], 'it is not a backup'],
  ] as const
  for (const [args, sentence] of cases) {
    const { stderr, stdout, status } = await run([...args], { cwd: folder })
    expect([args, stderr, stdout, status]).toEqual([args, expect.stringContaining(sentence), '', 1])
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(readdirSync(folder)).toEqual([])
  }
}, 120_000)

test('a passphrase is in no argument, no output and no log', async () => {
  await using server = await startBinary({ env: { AUTH_BACKUP_PASSPHRASE: PASSPHRASE } })
  const path = join(root, 'quiet.backup')
  const child = Bun.spawn([BINARY, 'backup', path], {
    cwd: server.folder,
    env: { PATH: process.env.PATH ?? '', AUTH_BACKUP_PASSPHRASE: PASSPHRASE },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const args = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  expect(await child.exited).toBe(0)
  const printed = await run(['check', '--print'], { cwd: server.folder, env: { AUTH_BACKUP_PASSPHRASE: PASSPHRASE } })
  expect(printed.stdout).toContain('AUTH_BACKUP_PASSPHRASE')
  expect([args, stdout, stderr, printed.stdout, JSON.stringify(server.log)].join('\n')).not.toContain(PASSPHRASE)
  expect(readFileSync(path, 'latin1')).toStartWith('age-encryption.org/v1\n-> scrypt ')
}, 60_000)

test('a backup replaces no file, and names the folder that is missing', async () => {
  await using server = await startBinary()
  const path = join(root, 'present.backup')
  writeFileSync(path, 'mine')
  const cases = [
    [path, 'exists; a backup replaces no file'],
    [join(root, 'no-folder', 'a.backup'), 'there is no folder'],
  ] as const
  for (const [target, sentence] of cases) {
    const { stderr, status } = await run(['backup', target], { cwd: server.folder })
    expect([stderr, status]).toEqual([expect.stringContaining(sentence), 1])
  }
  expect(readFileSync(path, 'utf8')).toBe('mine')
  const empty = mkdtempSync(join(root, 'empty-'))
  mkdirSync(join(empty, 'latchkey-data'))
  const { stderr, status } = await run(['backup', join(root, 'x.backup')], { cwd: empty })
  expect([stderr, status]).toEqual([expect.stringContaining('there is no database at'), 1])
}, 60_000)

/** That process leaves the processor to others, so on a busy machine it takes many times as long as otherwise. */
const IN_BACKGROUND_MS = 300_000

test(
  'the server makes backups by itself, in a process of its own, with the flags that it was started with',
  async () => {
    const startedAt = Date.now()
    const sinceStartMs = () => Date.now() - startedAt
    const backups = join(root, 'scheduled')
    const folder = mkdtempSync(join(root, 'scheduled-server-'))
    const data = join(folder, 'elsewhere')
    await using server = await startBinary({
      folder,
      args: ['--data-dir', data, '--set', 'AUTH_METRICS_PORT=0'],
      env: { AUTH_BACKUP_FOLDER: backups, AUTH_BACKUP_PASSPHRASE: PASSPHRASE, AUTH_DATA_DIR: data },
    })
    const line = await server.logged('made and verified a backup')
    expect(readdirSync(backups)).toEqual([line.name])
    expect(statSync(join(backups, line.name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(backups, line.name), 'latin1')).toStartWith('age-encryption.org/v1\n')
    const metrics = await server.metrics()
    expect(metrics).toContain('latchkey_backup_last_failed 0')
    expect(Number(/^latchkey_backup_age_seconds (\S+)$/m.exec(metrics)?.[1])).toBeLessThan(sinceStartMs() / 1000 + 1)
    const env = { AUTH_BACKUP_FOLDER: backups, AUTH_BACKUP_PASSPHRASE: PASSPHRASE, AUTH_DATA_DIR: data }
    const health = await server.ask('GET', '/auth/v1/admin/health', { token: server.keys.secret_key })
    expect(Date.now() - Date.parse(health.body.backup.last_good_at)).toBeLessThan(sinceStartMs() + 1000)
    expect(health.body.backup.last_error).toBeNull()
    const listed = await run(['backup', 'list', '--json'], { cwd: folder, env })
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: line.name }])
    const verified = await run(['backup', 'verify', join(backups, line.name)], { cwd: folder, env })
    expect([verified.stderr, verified.status]).toEqual(['', 0])
    expect(readdirSync(data).filter((name) => name.startsWith('.backup-'))).toEqual([])
    expect(JSON.stringify(server.log)).not.toContain(PASSPHRASE)
  },
  IN_BACKGROUND_MS,
)

test(
  'a backup that cannot be stored is an error in the log and in the metrics',
  async () => {
    const file = join(root, 'a-file')
    writeFileSync(file, '')
    await using server = await startBinary({ env: { AUTH_BACKUP_FOLDER: join(file, 'x'), AUTH_METRICS_PORT: '0' } })
    expect(await server.logged('the backup failed')).toMatchObject({ level: 'error' })
    const metrics = await server.metrics()
    expect(metrics).toContain('latchkey_backup_last_failed 1')
    expect(metrics).not.toContain('latchkey_backup_age_seconds')
  },
  IN_BACKGROUND_MS,
)

test.skipIf(!hasPostgres || Bun.which('pg_dump') === null)(
  'on Postgres, a dump is restored into a database without accounts, and refused by one with accounts',
  async () => {
    await using from = await emptyDatabase()
    await using to = await emptyDatabase()
    const envOf = ({ url }: { url: string }) => ({
      AUTH_DATABASE_URL: url,
      AUTH_JWT_SECRET: 'j'.repeat(40),
      AUTH_ENCRYPTION_KEY: '0'.repeat(64),
    })
    const path = join(root, 'postgres.backup')
    const folder = mkdtempSync(join(root, 'postgres-'))
    let token: string
    {
      await using server = await startBinary({ folder, env: envOf(from) })
      token = (await signUp(server, 'ada@example.com')).body.refresh_token
      const made = await run(['backup', path, '--passphrase-file', passphraseFile], { cwd: folder, env: envOf(from) })
      expect([made.stderr, made.status]).toEqual([
        expect.stringContaining('not in the file, and needed to use it: AUTH_JWT_SECRET, AUTH_ENCRYPTION_KEY'),
        0,
      ])
      const keys = ['--passphrase-file', passphraseFile]
      const verified = await run(['backup', 'verify', path, ...keys], { cwd: folder, env: envOf(from) })
      expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('pg_restore can read it') })
      const live = await run(['restore', path, ...keys], { cwd: folder, env: envOf(from) })
      expect([live.stderr, live.status]).toEqual([expect.stringContaining('a latchkey server'), 1])
    }
    const keys = ['--passphrase-file', passphraseFile]
    const full = await run(['restore', path, ...keys], { cwd: folder, env: envOf(from) })
    expect([full.stderr, full.status]).toEqual([expect.stringContaining('already has accounts'), 1])
    const bytes = readFileSync(path)
    const flipped = join(root, 'flipped-postgres.backup')
    writeFileSync(
      flipped,
      bytes.map((byte, at) => (at === bytes.length - 2000 ? byte ^ 1 : byte)),
    )
    const refused = await run(['restore', flipped, ...keys], { cwd: folder, env: envOf(to) })
    expect([refused.stderr, refused.status]).toEqual([expect.stringContaining('was changed or is truncated'), 1])
    // A database that a server was started with, and that has an extension of the server.
    await using another = await emptyDatabase()
    await (await startBinary({ folder, env: envOf(another) }))[Symbol.asyncDispose]()
    expect(await run(['restore', path, ...keys], { cwd: folder, env: envOf(another) })).toMatchObject({ status: 0 })
    const restored = await run(['restore', path, ...keys], { cwd: folder, env: envOf(to) })
    expect([restored.status, restored.stderr]).toEqual([0, expect.stringContaining('AUTH_ENCRYPTION_KEY')])
    await using server = await startBinary({ folder, env: envOf(to) })
    expect((await signIn(server, 'ada@example.com')).status).toBe(200)
    const body = { refresh_token: token }
    expect((await server.ask('POST', '/auth/v1/token?grant_type=refresh_token', { body })).status).toBe(200)
  },
  120_000,
)

test.skipIf(!hasPostgres)(
  'without pg_dump, one line says what to use',
  async () => {
    await using database = await emptyDatabase()
    const env = {
      AUTH_DATABASE_URL: database.url,
      AUTH_JWT_SECRET: 'j'.repeat(40),
      AUTH_ENCRYPTION_KEY: '0'.repeat(64),
    }
    const folder = mkdtempSync(join(root, 'no-tools-'))
    expect((await run(['migrate'], { cwd: folder, env })).status).toBe(0)
    const { stderr, status } = await run(['backup', join(folder, 'x.backup')], {
      cwd: folder,
      env: { ...env, PATH: folder },
    })
    expect([stderr, status]).toEqual([
      expect.stringMatching(/^latchkey: pg_dump is not installed here; install the client tools of PostgreSQL.*\n$/),
      1,
    ])
    expect(readdirSync(folder)).toEqual([])
  },
  60_000,
)

test.each([
  ['the database is copied', 'copy'],
  ['the file is written', 'file'],
])(
  'a signal that ends a backup while %s leaves nothing behind',
  async (_, moment) => {
    await using server = await startBinary()
    const folder = mkdtempSync(join(root, 'signal-'))
    const data = join(server.folder, 'latchkey-data')
    const copies = () => readdirSync(data).filter((name) => name.startsWith('.backup-'))
    const begun = moment === 'copy' ? copies : () => readdirSync(folder)
    const path = join(folder, 'x.backup')
    const endedBySignal = async () => {
      const child = Bun.spawn([BINARY, 'backup', path, '--passphrase-file', passphraseFile], {
        cwd: server.folder,
        env: { PATH: process.env.PATH ?? '' },
        stdout: 'ignore',
        stderr: 'ignore',
      })
      while (begun().length === 0 && child.exitCode === null) await Bun.sleep(1)
      child.kill('SIGTERM')
      const status = await child.exited
      // It may be complete before the signal arrives.
      expect([0, 143]).toContain(status)
      return status === 143
    }
    while (!(await endedBySignal())) rmSync(path)
    expect([copies(), readdirSync(folder)]).toEqual([[], []])
  },
  60_000,
)

test('check refuses a recipient with a wrong checksum, as serve does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-recipient-'))
  const env = { AUTH_BACKUP_FOLDER: folder, AUTH_BACKUP_RECIPIENT: `age1${'q'.repeat(58)}` }
  const [check, serve] = [
    await run(['check'], { env, cwd: folder }),
    await run(['serve', '--port', '0'], { env, cwd: folder }),
  ]
  removeFolder(folder)
  expect([check.status, serve.status]).toEqual([1, 1])
  for (const output of [check.stdout, serve.stderr]) expect(output).toContain('which is not a recipient of age')
})
