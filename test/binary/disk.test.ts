/** Failures of the disk or the database: the executable keeps answering, reports the cause, and recovers by itself. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BINARY, type Binary, run, startBinary } from '../support/binary'
import { openConnection, readRows } from '../support/database'
import { inReadOnlyRoot, mayMount, smallDisk, withoutPrivileges } from '../support/disk'
import { removeFolder } from '../support/remove-folder'

/** Starting the executable several times can be slow on a busy machine. */
setDefaultTimeout(60_000)

const PASSWORD = 'correct-horse-battery-9'

const signUp = (server: Binary, email = `${crypto.randomUUID()}@example.com`) =>
  server.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD } })

const signIn = (server: Binary, email: string) =>
  server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password: PASSWORD } })

/** The body of /ready, once it has this status: results are cached for a second. */
async function ready(server: Binary, status: number) {
  for (;;) {
    const answer = await server.ask('GET', '/ready')
    if (answer.status === status) return answer.body
  }
}

const isAlive = async (server: Binary) => (await server.ask('GET', '/auth/v1/health')).status === 200

const logged = (server: Binary, kind: string) => server.log.filter((line) => line.kind === kind)

test.skipIf(!mayMount)('a full disk causes 503 until there is space again', async () => {
  using disk = smallDisk(8)
  await using server = await startBinary({ env: { AUTH_DATA_DIR: join(disk.path, 'data') } })
  const { access_token: token } = (await signUp(server)).body
  disk.fill()
  let refused = await signUp(server)
  while (refused.status === 200) refused = await signUp(server)
  expect(refused).toMatchObject({
    status: 503,
    body: { code: 'unexpected_failure', message: 'The server is temporarily unavailable: the disk is full' },
  })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await ready(server, 503)).toMatchObject({
    checks: { database: 'failed', disk: 'low' },
    reasons: { database: 'the disk is full' },
  })
  expect((await server.ask('GET', '/healthz')).status).toBe(503)
  expect((await server.ask('GET', '/auth/v1/user', { token })).status).toBe(200)
  expect(await isAlive(server)).toBe(true)
  disk.free()
  expect((await signUp(server)).status).toBe(200)
  await ready(server, 200)
  await server.settled()
  expect(logged(server, 'disk_full')).toHaveLength(1)
  expect(server.log.some(({ msg }) => msg === 'the database has recovered')).toBe(true)
})

test.skipIf(!mayMount)('it works with only its data folder writable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-readonly-'))
  await using server = await startBinary({ folder, binary: inReadOnlyRoot(BINARY, folder) })
  const signedUp = await signUp(server)
  expect(signedUp.status).toBe(200)
  const admin = server.keys.secret_key
  const invited = await server.ask('POST', '/auth/v1/invite', { body: { email: 'ada@example.com' }, token: admin })
  expect(invited.status).toBe(200)
  const path = `/auth/v1/admin/users/${signedUp.body.user.id}`
  expect((await server.ask('DELETE', path, { token: admin })).status).toBe(200)
  await server.stop()
  removeFolder(folder)
})

/** Fills a page of the database with zeros. */
async function damage(path: string, index: string): Promise<void> {
  const [schema] = await readRows<{ rootpage: number }>(
    path,
    'SELECT rootpage FROM sqlite_schema WHERE name = ?',
    index,
  )
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4096), 0, 4096, ((schema?.rootpage ?? 0) - 1) * 4096)
  closeSync(file)
}

test('a damaged page causes errors and a failing probe, and does not end the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-damage-'))
  const path = join(folder, 'latchkey-data/latchkey.db')
  const before = await startBinary({ folder })
  await signUp(before, 'ada@example.com')
  await before.stop()
  await damage(path, 'users_email')
  {
    await using server = await startBinary({ folder })
    expect((await signIn(server, 'ada@example.com')).status).toBe(500)
    expect((await signUp(server, 'bob@example.com')).status).toBe(500)
    expect(await ready(server, 503)).toMatchObject({ reasons: { database: 'the database file is damaged' } })
    expect((await signIn(server, 'ada@example.com')).status).toBe(500)
    expect(await isAlive(server)).toBe(true)
    await server.settled()
    expect(logged(server, 'damaged')).toHaveLength(1)
    await server.stop()
  }
  const checked = await run(['check'], { cwd: folder })
  expect(checked.status).toBe(1)
  expect(checked.stdout).toContain(`error: ${path}: it is damaged`)
  const migrated = await run(['migrate'], { cwd: folder })
  expect(migrated.status).toBe(1)
  expect(migrated.stderr).toContain('is damaged')
  removeFolder(folder)
})

test('a database file truncated while in use causes errors and a failing probe', async () => {
  await using server = await startBinary()
  await signUp(server, 'ada@example.com')
  for (const bytes of [8192, 0]) {
    truncateSync(server.database, bytes)
    truncateSync(`${server.database}-wal`, 0)
    await signIn(server, 'ada@example.com')
    await signUp(server)
    expect(await ready(server, 503)).toMatchObject({ checks: { database: 'failed' } })
    expect(await isAlive(server)).toBe(true)
  }
})

test('an unavailable database is 503 on every surface, in its own error format', async () => {
  await using server = await startBinary()
  const { access_token: token } = (await signUp(server)).body
  renameSync(server.database, join(server.folder, 'aside'))
  const message =
    'The server is temporarily unavailable: the database file was moved, deleted or replaced while the server runs'
  const user = { email: 'bob@example.com', username: 'bob', password: PASSWORD }
  const admin = server.keys.secret_key
  const gotrue = { code: 'unexpected_failure', message }
  const service = { error: 'unavailable', message }
  const federation = { error: 'server_error', reason: 'unavailable', message }
  const answers: [string, string, string | undefined, object | undefined, object][] = [
    ['POST', '/auth/v1/signup', undefined, user, gotrue],
    ['POST', '/signup', undefined, user, gotrue],
    ['POST', '/api/auth/register', undefined, user, service],
    ['POST', '/auth/v1/users', admin, user, federation],
    ['POST', '/api/auth/tokens', token, { name: 'ci' }, service],
    ['DELETE', '/mailbox/api/messages', undefined, undefined, { error: 'unavailable' }],
  ]
  for (const [method, path, bearer, body, said] of answers) {
    const answer = await server.ask(method, path, { ...(body && { body }), ...(bearer && { token: bearer }) })
    expect([path, answer.status, answer.headers.get('retry-after'), answer.body]).toEqual([
      path,
      503,
      '1',
      expect.objectContaining(said),
    ])
  }
  await server.settled()
  expect(server.log.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('a database that was moved away or replaced is not written, and is used again once it is back', async () => {
  await using server = await startBinary()
  const path = server.database
  const aside = join(server.folder, 'aside')
  const folder = join(server.folder, 'latchkey-data')
  await signUp(server, 'ada@example.com')
  const moves: [() => void, () => void][] = [
    [() => renameSync(path, aside), () => renameSync(aside, path)],
    [() => renameSync(folder, aside), () => renameSync(aside, folder)],
    [
      () => {
        renameSync(path, aside)
        writeFileSync(path, 'a backup')
      },
      () => renameSync(aside, path),
    ],
  ]
  for (const [away, back] of moves) {
    away()
    expect(await signUp(server)).toMatchObject({
      status: 503,
      body: { message: expect.stringContaining('moved, deleted or replaced') },
    })
    expect(await ready(server, 503)).toMatchObject({ checks: { database: 'failed' } })
    back()
    expect((await signUp(server)).status).toBe(200)
    await ready(server, 200)
  }
  await server.settled()
  expect(logged(server, 'file_moved')).toHaveLength(moves.length)
  expect(server.log.filter(({ msg }) => msg === 'unhandled error')).toEqual([])
})

test('a deleted write-ahead log loses no acknowledged write', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'))
  {
    await using server = await startBinary({ folder })
    await signUp(server, 'ada@example.com')
    rmSync(`${server.database}-wal`)
    expect((await signUp(server, 'bob@example.com')).status).toBe(200)
    rmSync(`${server.database}-shm`)
    while ((await signUp(server, 'eve@example.com')).status === 503);
    await ready(server, 200)
    await server.stop('SIGKILL')
  }
  {
    await using server = await startBinary({ folder })
    for (const name of ['ada', 'bob', 'eve']) expect((await signIn(server, `${name}@example.com`)).status).toBe(200)
  }
  removeFolder(folder)
})

test('a lock of another process blocks writes alone', async () => {
  await using server = await startBinary()
  await signUp(server, 'ada@example.com')
  const { access_token: token } = (await signIn(server, 'ada@example.com')).body
  const other = openConnection(server.database)
  other.run('BEGIN EXCLUSIVE')
  let isWaiting = true
  const waiting = signUp(server, 'bob@example.com').finally(() => (isWaiting = false))
  // Few enough to be answered before that sign-up gives up, after 5 s.
  for (let asked = 0; asked < 20; asked++) expect(await isAlive(server)).toBe(true)
  expect((await server.ask('GET', '/auth/v1/user', { token })).status).toBe(200)
  expect(await ready(server, 503)).toMatchObject({
    reasons: { database: 'another process holds the lock of the database' },
  })
  expect(isWaiting).toBe(true)
  other.run('COMMIT')
  expect((await waiting).status).toBe(200)
  await ready(server, 200)
  other.run('BEGIN IMMEDIATE')
  expect(await signUp(server)).toMatchObject({ status: 503, body: { code: 'unexpected_failure' } })
  const look = await run(['role', 'list', 'ada@example.com'], { cwd: server.folder })
  expect(look).toMatchObject({ status: 0, stderr: '' })
  const grant = await run(['role', 'grant', 'ada@example.com', 'admin'], { cwd: server.folder })
  expect(grant).toMatchObject({
    status: 1,
    stderr: 'latchkey: another process holds the lock of the database; nothing was changed; try again\n',
  })
  other.run('ROLLBACK')
  other.close()
  expect((await signUp(server)).status).toBe(200)
})

const MIB = 1024 * 1024

test('a write-ahead log pinned by a reader is truncated once the reader is gone', async () => {
  await using server = await startBinary({
    env: { AUTH_METRICS_PORT: '0', AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' },
  })
  const path = server.database
  const reader = openConnection(path)
  reader.run('BEGIN')
  reader.query('SELECT count(*) FROM users').get()
  const size = () => statSync(`${path}-wal`).size
  const write = () => server.ask('POST', '/auth/v1/signup', { body: {} })
  while (size() < 20 * MIB) await Promise.all(Array.from({ length: 32 }, write))
  const metric = async () => Number(/^latchkey_database_wal_bytes (\d+)$/m.exec(await server.metrics())?.[1])
  expect(await metric()).toBeGreaterThan(16 * MIB)
  reader.run('COMMIT')
  while (size() > 16 * MIB) expect(await isAlive(server)).toBe(true)
  expect(await metric()).toBeLessThan(16 * MIB)
  reader.close()
})

test('a database is served by one process, whatever path names it', async () => {
  await using server = await startBinary()
  const { folder } = server
  const data = join(folder, 'latchkey-data')
  symlinkSync(join(data, 'latchkey.db'), join(folder, 'link.db'))
  symlinkSync(data, join(folder, 'data-link'))
  linkSync(join(data, 'latchkey.db'), join(folder, 'hard.db'))
  const names = [
    join(data, 'latchkey.db'),
    `file://${data}/latchkey.db`,
    `sqlite://${data}/../latchkey-data/latchkey.db`,
    join(folder, 'link.db'),
    join(folder, 'data-link/latchkey.db'),
    join(folder, 'hard.db'),
  ]
  for (const name of names) {
    const second = await run(['serve', '--port', '0', '--data-dir', join(folder, 'other')], {
      env: { AUTH_DATABASE_URL: name },
      cwd: folder,
    })
    expect([name, second.status, second.stderr]).toEqual([name, 1, expect.stringContaining('another process is using')])
  }
  const linked = await run(['serve', '--port', '0', '--data-dir', join(folder, 'data-link')], { cwd: folder })
  expect(linked.stderr).toContain('another process is using')
})

test('a start that cannot open its database reports the cause', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
  const data = join(folder, 'data')
  const start = () => run(['serve', '--port', '0', '--data-dir', data], { cwd: folder })
  mkdirSync(join(data, 'latchkey.db'), { recursive: true })
  expect((await run(['keys', '--init'], { cwd: folder, env: { AUTH_DATA_DIR: join(folder, 'keys') } })).status).toBe(0)
  renameSync(join(folder, 'keys/secrets.json'), join(data, 'secrets.json'))
  expect((await start()).stderr).toContain('it is a folder, not a file')
  removeFolder(join(data, 'latchkey.db'))
  writeFileSync(join(data, 'latchkey.db'), 'this is no database, although it is long enough to be one'.repeat(100))
  expect((await start()).stderr).toContain('it is not a SQLite database')
  rmSync(join(data, 'latchkey.db'))
  mkdirSync(join(data, 'latchkey.lock'))
  expect((await start()).stderr).toContain('it is a folder, not a file')
  removeFolder(folder)
})

test.skipIf(!mayMount)('a start on a full or read-only disk reports that', async () => {
  using disk = smallDisk(8)
  const start = (name: string) => run(['serve', '--port', '0', '--data-dir', join(disk.path, name)], { cwd: disk.path })
  const first = await startBinary({ env: { AUTH_DATA_DIR: join(disk.path, 'data') } })
  await signUp(first)
  await first.stop()
  disk.fill()
  for (const name of ['data', 'new']) {
    const { status, stderr } = await start(name)
    expect([name, status, stderr]).toEqual([name, 1, expect.stringMatching(/the disk is full/)])
  }
  disk.free()
  expect(disk.remount('ro')).toBe(true)
  const { status, stderr } = await start('data')
  expect([status, stderr]).toEqual([1, expect.stringMatching(/its file system is read-only/)])
})

test.skipIf(process.platform === 'win32')(
  'a folder without search permission causes 503 with that reason, until it is permitted again',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-forbidden-'))
    await using server = await startBinary({ folder, binary: withoutPrivileges(BINARY) })
    const data = join(folder, 'latchkey-data')
    expect((await signUp(server)).status).toBe(200)
    chmodSync(data, 0o000)
    expect(await signUp(server)).toMatchObject({
      status: 503,
      body: { message: expect.stringContaining('the database file cannot be opened') },
    })
    expect(await ready(server, 503)).toMatchObject({ checks: { database: 'failed', disk: 'ok' } })
    chmodSync(data, 0o700)
    expect((await signUp(server)).status).toBe(200)
    await ready(server, 200)
    await server.settled()
    expect(server.log.filter(({ msg }) => msg === 'unhandled error')).toEqual([])
    await server.stop()
    removeFolder(folder)
  },
)
