import { expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BINARY, rawPost, rawRequest, run, startBinary } from '../support/binary'
import { execute } from '../support/database'
import { freePort } from '../support/free-port'
import { removeFolder } from '../support/remove-folder'

const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-serve-'))
const account = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

test.skipIf(process.platform !== 'linux')('on a terminal it prints a banner with what is needed to begin', async () => {
  const cwd = folder()
  const terminal = Bun.spawn(['script', '-qec', `${BINARY} serve --port 0`, '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH ?? '' },
    stdout: 'pipe',
  })
  let text = ''
  for await (const chunk of terminal.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (/createClient\([^)]+\)/.test(text)) break
  }
  terminal.kill('SIGTERM')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  const plain = text.replace(/\u001b\[\d+m/g, '')
  const { publishable_key, secret_key } = JSON.parse((await run(['keys', '--json'], { cwd })).stdout)
  for (const line of [
    /URL +http:\/\/localhost:\d+/,
    /Dashboard +http:\/\/localhost:\d+\/dashboard/,
    /Swagger UI +http:\/\/localhost:\d+\/swagger/,
    /Secret key +run .*latchkey keys/,
    `createClient('http://localhost:`,
    `'${publishable_key}')`,
  ])
    expect(plain).toMatch(line)
  expect(plain).not.toContain(secret_key)
  expect(text).toContain('\u001b[')
})

test('without settings it serves, logs its URL, and logs no secret', async () => {
  await using server = await startBinary()
  expect((await server.ask('GET', '/auth/v1/health')).body).toMatchObject({ name: 'GoTrue', status: 'ok' })
  expect((await server.ask('GET', '/ready')).body).toEqual({
    status: 'ok',
    checks: { database: 'ok', disk: 'ok', clock: 'ok', mail: 'ok' },
    mail_queue: { length: 0, oldest_seconds: 0 },
  })
  const [start] = server.log
  expect(start).toMatchObject({
    level: 'info',
    msg: 'listening',
    url: server.url,
    api: `${server.url.replace('127.0.0.1', 'localhost')}/auth/v1`,
    publishable_key: server.keys.publishable_key,
    autoconfirm: true,
  })
  expect(start.data).toBe(join(server.folder, 'latchkey-data'))
  for (const secret of [server.keys.secret_key, server.keys.service_role_key])
    expect(JSON.stringify(server.log)).not.toContain(secret)
  const page = await fetch(server.url, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  expect(await page.text()).toContain(`<code>${start.secret_key}</code> prints the secret key`)
})

test('a second start on the same data folder is refused with one line', async () => {
  await using server = await startBinary()
  for (const args of [['serve', '--port', '0'], ['migrate']]) {
    const { status, stderr } = await run(args, { cwd: server.folder })
    expect([status, stderr]).toEqual([
      1,
      `latchkey: another process is using ${join(server.folder, 'latchkey-data')}; stop it first, or set AUTH_DATA_DIR to another folder\n`,
    ])
  }
  expect((await server.ask('GET', '/ready')).status).toBe(200)
})

test('a port in use is reported in one line', async () => {
  await using server = await startBinary()
  const { status, stderr } = await run(['serve', '--port', new URL(server.url).port], { cwd: folder() })
  expect([status, stderr.split('\n').length]).toEqual([1, 2])
  expect(stderr).toContain('is in use; stop the other process, or choose another port with --port')
})

test('while it waits for a database that does not answer, requests get 503', async () => {
  const secrets = { AUTH_JWT_SECRET: 's'.repeat(40), AUTH_ENCRYPTION_KEY: 'ab'.repeat(32) }
  const [port, unused] = [freePort(), freePort()]
  const server = Bun.spawn([BINARY, 'serve', '--port', String(port)], {
    cwd: tmpdir(),
    env: { AUTH_DATABASE_URL: `postgres://ada:hidden@127.0.0.1:${unused}/app`, ...secrets },
    stdout: 'pipe',
  })
  const log = await server.stdout.pipeThrough(new TextDecoderStream()).getReader().read()
  expect(log.value).toContain('"msg":"the database cannot be reached (')
  expect(log.value).not.toContain('hidden')
  const response = await fetch(`http://127.0.0.1:${port}/health`)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  server.kill()
  await server.exited
})

test('accounts and sessions outlive a restart', async () => {
  await using before = await startBinary()
  const { body } = await before.ask('POST', '/auth/v1/signup', { body: account })
  expect(await before.stop()).toBe(0)
  await using after = await startBinary({ folder: before.folder })
  expect((await after.ask('GET', '/auth/v1/user', { token: body.access_token })).body.id).toBe(body.user.id)
  expect(
    (
      await after.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
        body: { refresh_token: body.refresh_token },
      })
    ).status,
  ).toBe(200)
  expect((await after.ask('GET', '/auth/v1/admin/users', { token: before.keys.secret_key })).status).toBe(200)
})

test('no code from the working directory is run', async () => {
  const cwd = folder()
  const marker = join(cwd, 'ran')
  writeFileSync(
    join(cwd, 'evil.ts'),
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(marker)}, '')`,
  )
  writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./evil.ts"]\n[test]\npreload = ["./evil.ts"]\n')
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}')
  writeFileSync(join(cwd, 'tsconfig.json'), '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}')
  await using server = await startBinary({ folder: cwd })
  expect((await server.ask('GET', '/ready')).status).toBe(200)
  expect(existsSync(marker)).toBe(false)
  removeFolder(cwd)
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s lets a running request finish and ends with status 0', async (signal) => {
  await using server = await startBinary()
  const body = JSON.stringify(account)
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())))
  socket.write(`POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n{`)
  while ((await server.ask('GET', '/ready')).status !== 200);
  const stopped = server.stop(signal)
  await server.logged('stopping')
  socket.write(body.slice(1))
  expect(await answer).toStartWith('HTTP/1.1 200')
  expect(await stopped).toBe(0)
  expect(server.log.at(-1).msg).toBe('stopped')
})

test('a second signal ends it at once, even with an unfinished request', async () => {
  await using server = await startBinary()
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{')
  while ((await server.ask('GET', '/ready')).status !== 200);
  const first = server.stop()
  await server.logged('stopping')
  expect(await server.stop()).toBe(1)
  await first
  socket.destroy()
})

test('a client that never finishes its body gets 504, and others are served meanwhile', async () => {
  await using server = await startBinary({ env: { AUTH_API_MAX_REQUEST_DURATION: '1s' } })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())))
  socket.write('POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{')
  expect((await server.ask('GET', '/ready')).status).toBe(200)
  expect(await answer).toStartWith('HTTP/1.1 504')
  socket.destroy()
})

test('a body of 1 MiB + 1 byte, and one of 10 MiB, is a 413', async () => {
  await using server = await startBinary()
  const { status, body } = await server.ask('POST', '/auth/v1/signup', { body: 'x'.repeat(1_048_577) })
  expect([status, body.code]).toEqual([413, 'request_entity_too_large'])
  expect((await server.ask('POST', '/auth/v1/signup', { body: 'x'.repeat(10 * 1_048_576) })).status).toBe(413)
  expect((await server.ask('POST', '/auth/v1/signup', { body: account })).status).toBe(200)
})

test('development settings on a public address cause warnings', async () => {
  await using server = await startBinary({
    args: ['--host', '0.0.0.0'],
    env: { AUTH_SITE_URL: 'https://app.example.com' },
  })
  const warned = server.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)
  expect(warned).toEqual([
    expect.stringMatching(/^DEVELOPMENT SETTINGS ON A PUBLIC ADDRESS \(0\.0\.0\.0\): AUTH_API_EXTERNAL_URL is/),
    expect.stringContaining('anyone who can reach this server can read all its mail'),
    expect.stringContaining('sign-ups are confirmed without a mail'),
    expect.stringContaining('AUTH_RATE_LIMITS is off'),
  ])
})

test('metrics have a listener of their own, and contain no address or account', async () => {
  await using server = await startBinary({ env: { AUTH_METRICS_PORT: '0' } })
  await server.ask('POST', '/auth/v1/signup', { body: account })
  expect((await server.ask('GET', '/metrics')).status).toBe(404)
  const text = await server.metrics()
  expect(text).toContain(
    'latchkey_http_request_duration_seconds_count{method="POST",route="/auth/v1/signup",status="200"} 1',
  )
  expect(text).toContain('process_resident_memory_bytes')
  expect(text).not.toContain('example.com')
})

test('a changed or missing encryption key prevents the start, with instructions', async () => {
  await using server = await startBinary()
  await server.stop()
  const other = Buffer.alloc(32, 1).toString('base64')
  const wrong = await run(['serve', '--port', '0'], { cwd: server.folder, env: { AUTH_ENCRYPTION_KEY: other } })
  expect([wrong.status, wrong.stderr]).toEqual([
    1,
    expect.stringContaining('the database was written with another encryption key'),
  ])
  rmSync(join(server.folder, 'latchkey-data/secrets.json'))
  const lost = await run(['serve', '--port', '0'], { cwd: server.folder })
  expect([lost.status, lost.stderr]).toEqual([1, expect.stringContaining('secrets.json is missing, and the database')])
  expect(existsSync(join(server.folder, 'latchkey-data/secrets.json'))).toBe(false)
})

test('a database that is newer, or not SQLite, prevents the start and stays unchanged', async () => {
  await using server = await startBinary()
  await server.stop()
  const path = server.database
  await execute(path, "INSERT INTO schema_migrations VALUES (9999, '9999-future', 'x', 1)")
  const newer = await run(['serve', '--port', '0'], { cwd: server.folder })
  expect([newer.status, newer.stderr]).toEqual([
    1,
    expect.stringContaining('the database is newer than this executable'),
  ])
  writeFileSync(path, 'this is no database, it is a text of some length')
  const none = await run(['serve', '--port', '0'], { cwd: server.folder })
  expect([none.status, none.stderr.split('\n').length]).toEqual([1, 2])
  expect(readFileSync(path, 'utf8')).toStartWith('this is no database')
})

test('the executable serves without any other file', async () => {
  const cwd = folder()
  const copy = join(cwd, 'latchkey')
  await Bun.write(copy, Bun.file(BINARY))
  chmodSync(copy, 0o755)
  await using server = await startBinary({ folder: cwd, binary: copy })
  for (const path of ['/auth/v1/health', '/ready', '/swagger', '/swagger/swagger-ui-bundle.js', '/openapi.json'])
    expect([path, (await server.ask('GET', path)).status]).toEqual([path, 200])
  await server.stop()
  removeFolder(cwd)
})

test('stored files are readable only by their owner, whatever the folder allows', async () => {
  const cwd = folder()
  mkdirSync(join(cwd, 'latchkey-data'), { mode: 0o755 })
  await using server = await startBinary({ folder: cwd })
  await server.ask('POST', '/auth/v1/signup', { body: account })
  for (const name of readdirSync(join(cwd, 'latchkey-data')))
    expect([name, statSync(join(cwd, 'latchkey-data', name)).mode & 0o077]).toEqual([name, 0])
  await server.stop()
  removeFolder(cwd)
})

test('a metrics port in use is reported in one line', async () => {
  await using server = await startBinary()
  const { port } = new URL(server.url)
  const { status, stderr } = await run(['serve', '--port', '0'], { cwd: folder(), env: { AUTH_METRICS_PORT: port } })
  expect([status, stderr.split('\n').length]).toEqual([1, 2])
  expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`)
})

test('during 500 simultaneous sign-ins other requests are answered, and memory stays bounded', async () => {
  await using server = await startBinary({ env: { AUTH_API_MAX_REQUEST_DURATION: '5m' } })
  await server.ask('POST', '/auth/v1/signup', { body: account })
  let answered = 0
  const flood = Array.from({ length: 500 }, async () => {
    const status = await rawPost(server.url, '/auth/v1/token?grant_type=password', account)
    answered += 1
    return status
  })
  for (let index = 0; index < 50; index++) expect((await server.ask('GET', '/auth/v1/health')).status).toBe(200)
  expect(answered).toBeLessThan(500)
  const statuses = await Promise.all(flood)
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(250)
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
  expect(peakMiB).toBeLessThan(256)
  // The hashes alone take a quarter of a minute on a core that has nothing else to do.
}, 180_000)

test('the Host header changes no path and causes no fault', async () => {
  await using server = await startBinary()
  const ask = (host: string, path: string) => rawRequest(server.url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  for (const host of ['a', 'api', 'x.y', 'auth.example.com', '[aaaaaaaaaaaa', 'aaaa:99999999', '1:2:3', '[::1]:80']) {
    expect([host, await ask(host, '/auth/v1/health')]).toEqual([host, 200])
    expect([host, await ask(host, '/auth/v1/authorize?provider=github')]).toEqual([host, 400])
    expect([host, await ask(host, '/auth/v1/callback?state=x')]).toEqual([host, 303])
    expect([host, await ask(host, '/auth/v1/verify?token=x&type=signup')]).toEqual([host, 303])
    expect([host, await ask(host, '/xy/auth/v1/health')]).toEqual([host, 404])
    expect([host, await ask(host, '/auth/v1/admin/users?page=1')]).toEqual([host, 401])
  }
  // Bun leaves such a host out of the URL (RFC 9112 §3.2).
  for (const host of ['">', '<script>']) {
    for (const path of ['/health', '/xy/auth/v1/health', '/authorize?provider=github', '/mailbox'])
      expect([host, path, await ask(host, path)]).toEqual([host, path, 400])
  }
  await server.settled()
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
})

test('a path with dot segments is not found, on any surface and in any spelling', async () => {
  await using server = await startBinary()
  const ask = (path: string) => rawRequest(server.url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const paths = ['/x/../health', '/./health', '/auth/v1/../v1/health', '/auth/v1/./health', '/a/b/c/../../../health']
  const more = [
    '/api/x/../auth/me',
    '/mailbox/../ready',
    '/x/%2e%2E/health',
    '/x/.%2e/swagger',
    '/%2e/ready',
    '/health/..',
  ]
  for (const path of [...paths, ...more]) expect([path, await ask(path)]).toEqual([path, 404])
  for (const path of ['/health', '/auth/v1/health', '/ready']) expect([path, await ask(path)]).toEqual([path, 200])
  expect(await ask('/auth/v1/admin/users/..a')).toBe(401)
})

test('a client that disconnects in the middle of its body causes no fault', async () => {
  await using server = await startBinary()
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {})
  await new Promise((resolve) =>
    socket.write('POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{', resolve),
  )
  await server.ask('GET', '/ready')
  socket.resetAndDestroy()
  await server.settled()
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
})

test('a chunked body is not buffered beyond the limit', async () => {
  await using server = await startBinary()
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  const head = 'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
  expect(await rawRequest(server.url, head + chunk.repeat(17))).toBe(413)
  expect((await server.ask('GET', '/ready')).status).toBe(200)
})

test('a request with an API key of another server logs a warning without the key', async () => {
  await using server = await startBinary()
  const apikey = 'sb_publishable_of_another_server_0123456'
  await server.ask('GET', '/auth/v1/settings', { headers: { apikey, 'x-request-id': 'with-a-wrong-key' } })
  await server.settled()
  expect(server.log.find(({ id }) => id === 'with-a-wrong-key')).toMatchObject({
    level: 'warn',
    api_key: 'not a key of this server',
  })
  expect(JSON.stringify(server.log)).not.toContain(apikey)
})
