/** Logs, connections and uncaught errors neither end the server nor keep it from stopping. */
import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BINARY, startBinary } from '../support/binary'
import { freePort } from '../support/free-port'
import { removeFolder } from '../support/remove-folder'

const isLinux = process.platform === 'linux'
const account = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

async function open(url: string, text = ''): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.on('error', () => {})
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve))
  return socket
}

/** The executable below a shell, which can redirect its output. @param line in which `$SERVE` stands for the command */
async function startInShell(line: string, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-process-'))
  const port = freePort()
  const child = Bun.spawn(['sh', '-c', line], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', AUTH_RATE_LIMITS: 'off', AUTH_PORT: String(port), SERVE: BINARY, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const url = `http://127.0.0.1:${port}`
  const isUp = async () => {
    try {
      return (await fetch(`${url}/health`)).ok
    } catch {
      return false
    }
  }
  while (!(await isUp())) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
    await Bun.sleep(10)
  }
  return {
    url,
    folder,
    child,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
      removeFolder(folder)
    },
  }
}

/** The shell writes it while the server starts. */
async function pidIn(folder: string): Promise<number> {
  const file = join(folder, 'pid')
  for (;;) {
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
    if (pid > 0) return pid
    await Bun.sleep(5)
  }
}

async function stillServes(url: string): Promise<void> {
  for (let n = 0; n < 200; n++) expect((await fetch(`${url}/health`)).status).toBe(200)
  const response = await fetch(`${url}/auth/v1/signup`, { method: 'POST', body: JSON.stringify(account) })
  expect(response.status).toBe(200)
}

test('SIGTERM closes idle connections at once, also after half a request header', async () => {
  await using server = await startBinary()
  const sockets = await Promise.all([
    open(server.url),
    open(server.url, 'GET / HT'),
    open(server.url, 'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Le'),
    open(server.url, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ])
  await server.settled()
  expect(await server.stop()).toBe(0)
  expect(server.log.filter(({ level }) => level === 'warn')).toEqual([])
  expect(server.log.at(-1).msg).toBe('stopped')
  for (const socket of sockets) socket.destroy()
})

test('SIGTERM waits only briefly for an unfinished body, and answers its request', async () => {
  await using server = await startBinary()
  const head = 'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\n'
  const sockets = await Promise.all([
    open(server.url, `${head}Content-Length: 100\r\n\r\n{`),
    open(server.url, `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`),
  ])
  const answers = sockets.map((socket) => new Promise((resolve) => socket.once('data', (data) => resolve(`${data}`))))
  await server.settled()
  expect(await server.stop()).toBe(0)
  for (const answer of answers) expect(await answer).toStartWith('HTTP/1.1 504')
  expect(server.log.filter(({ level }) => level === 'warn')).toEqual([])
  for (const socket of sockets) socket.destroy()
})

test('SIGTERM ends the event stream of the mailbox and a response that is still being read', async () => {
  await using server = await startBinary()
  const events = await fetch(`${server.url}/mailbox/api/events`)
  expect(events.headers.get('content-type')).toBe('text/event-stream')
  const document = await fetch(`${server.url}/openapi.json`)
  const stopped = server.stop()
  expect(((await document.json()) as { openapi: string }).openapi).toStartWith('3.')
  await events.text()
  expect(await stopped).toBe(0)
  expect(server.log.filter(({ level }) => level === 'warn')).toEqual([])
})

test.skipIf(process.platform === 'win32')('signals that make other servers reload do not end it', async () => {
  await using server = await startBinary()
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    process.kill(server.pid, signal)
    while (!server.log.some((line) => line.signal === signal)) await server.settled()
  }
  expect((await server.ask('GET', '/ready')).status).toBe(200)
  expect(await server.stop()).toBe(0)
})

test.skipIf(!isLinux)('it survives a log that cannot be written', async () => {
  await using server = await startInShell('exec "$SERVE" serve >/dev/full 2>/dev/full')
  await stillServes(server.url)
  server.child.kill('SIGTERM')
  expect(await server.child.exited).toBe(0)
})

test.skipIf(!isLinux)('it survives a log whose reader is gone', async () => {
  await using server = await startInShell('{ "$SERVE" serve & echo $! > pid; wait $!; echo $? > status; } 2>&1 | true')
  await stillServes(server.url)
  process.kill(await pidIn(server.folder), 'SIGTERM')
  await server.child.exited
  expect(readFileSync(join(server.folder, 'status'), 'utf8').trim()).toBe('0')
})

test.skipIf(!isLinux)(
  'a log that is not read delays no request, and uses bounded memory',
  async () => {
    // The reader waits for the gate; Bun.spawn would read at once.
    const line =
      'mkfifo gate; { "$SERVE" serve & echo $! > pid; wait $!; echo $? > status; } | { cat gate >opened; cat; }'
    await using server = await startInShell(line)
    const id = 'x'.repeat(128)
    const ask = () => fetch(`${server.url}/auth/v1/settings`, { headers: { 'x-request-id': id } })
    for (let n = 0; n < 600; n++) await Promise.all(Array.from({ length: 16 }, ask))
    await stillServes(server.url)
    writeFileSync(join(server.folder, 'gate'), '')
    let log = ''
    const reading = (async () => {
      for await (const chunk of server.child.stdout.pipeThrough(new TextDecoderStream())) log += chunk
    })()
    while (!log.includes('log lines were dropped')) await ask()
    process.kill(await pidIn(server.folder), 'SIGTERM')
    await server.child.exited
    await reading
    const lines = log
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text))
    expect(lines.find(({ msg }) => msg === 'log lines were dropped').lines).toBeGreaterThan(0)
    expect(lines.at(-1).msg).toBe('stopped')
    expect(readFileSync(join(server.folder, 'status'), 'utf8').trim()).toBe('0')
  },
  60_000,
)

const DISK_BYTES = 65_536
const mount = (folder: string) => ['mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder]

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mount-'))
  try {
    const isMounted = Bun.spawnSync(mount(folder)).success
    if (isMounted) Bun.spawnSync(['umount', folder])
    return isMounted
  } finally {
    removeFolder(folder)
  }
}

const mayMount = isLinux && process.getuid?.() === 0 && canMount()

test.skipIf(!mayMount)(
  'log lines lost to a full disk are counted, and the number is logged once there is space',
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'latchkey-full-'))
    Bun.spawnSync(mount(disk))
    try {
      await using server = await startInShell('exec "$SERVE" serve >> "$DISK/log"', { DISK: disk })
      // Health checks are logged at level debug only.
      const settings = `${server.url}/auth/v1/settings`
      const file = join(disk, 'log')
      let text = ''
      while (!text.includes('log lines were dropped')) {
        expect((await fetch(settings)).status).toBe(200)
        text = readFileSync(file, 'utf8')
        // a full disk takes no notice, so none is lost here
        if (text.length >= DISK_BYTES && !text.includes('log lines were dropped')) writeFileSync(file, '')
      }
      const notice = text.split('\n').find((line) => line.includes('log lines were dropped'))
      expect(JSON.parse(notice ?? '').lines).toBeGreaterThan(0)
      server.child.kill('SIGTERM')
      expect(await server.child.exited).toBe(0)
    } finally {
      Bun.spawnSync(['umount', disk])
      removeFolder(disk)
    }
  },
  60_000,
)

test('uncaught errors are logged, and do not end it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-fault-'))
  const preload = join(folder, 'faults.js')
  writeFileSync(
    preload,
    `const fail = (what) => { throw new Error('planted in ' + what) }
     process.on('SIGUSR2', () => {
       setTimeout(() => fail('a timer'))
       setImmediate(() => fail('an immediate'))
       queueMicrotask(() => fail('a microtask'))
       Promise.reject(new Error('planted in a promise'))
       new (require('node:events'))().emit('error', new Error('planted in an emitter'))
     })`,
  )
  await using server = await startBinary({ env: { BUN_OPTIONS: `--preload ${preload}` } })
  process.kill(server.pid, 'SIGUSR2')
  const planted = () =>
    server.log.filter(({ msg, error }) => msg === 'unhandled error' && String(error).includes('planted'))
  while (planted().length < 5) await server.settled()
  expect((await server.ask('POST', '/auth/v1/signup', { body: account })).status).toBe(200)
  expect(await server.stop()).toBe(0)
  removeFolder(folder)
})

test('headers of 64 KiB are accepted; beyond 128 KiB the response is 431', async () => {
  await using server = await startBinary()
  const headers = (length: number) => ({ 'x-padding': 'x'.repeat(length) })
  expect((await server.ask('GET', '/health', { headers: headers(65_536) })).status).toBe(200)
  expect((await server.ask('GET', '/health', { headers: headers(140_000) })).status).toBe(431)
  expect((await server.ask('GET', '/health')).status).toBe(200)
})

test('malformed and aborted requests cause no fault', async () => {
  await using server = await startBinary()
  const sockets: Socket[] = []
  for (const text of [
    'GET / HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: \u0000\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n',
    'GET http://elsewhere.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET /%ff%00/../x HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001',
    'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n',
    'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
    'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello',
    'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'POST /auth/v1/signup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"email":',
  ])
    sockets.push(await open(server.url, text))
  await server.settled()
  for (const socket of sockets) socket.destroy()
  await server.settled()
  expect((await server.ask('POST', '/auth/v1/signup', { body: account })).status).toBe(200)
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
  expect(await server.stop()).toBe(0)
})

test.skipIf(!isLinux)(
  'a low limit of open files is reported at start, and connections beyond it do not end the process',
  async () => {
    await using server = await startInShell('ulimit -n 64; exec "$SERVE" serve')
    const reader = server.child.stdout.pipeThrough(new TextDecoderStream()).getReader()
    let log = ''
    while (!log.includes('may open only 64 files')) log += (await reader.read()).value
    const sockets = Array.from({ length: 100 }, () => connect(Number(new URL(server.url).port), '127.0.0.1'))
    for (const socket of sockets) socket.on('error', () => {})
    while (!log.includes('out of file descriptors')) log += (await reader.read()).value
    for (const socket of sockets) socket.destroy()
    while (!log.includes('file descriptors are available again')) log += (await reader.read()).value
    await stillServes(server.url)
  },
  60_000,
)

test('a refresh whose response was lost can be repeated on every surface', async () => {
  await using server = await startBinary()
  const signedUp = await server.ask('POST', '/auth/v1/signup', { body: account })
  const pair = (await server.ask('POST', '/api/auth/token', { body: { grantType: 'password', ...account } })).body
  const session = (await server.ask('POST', '/api/auth/login', { body: account })).body
  for (const [path, key, token] of [
    ['/auth/v1/token?grant_type=refresh_token', 'refresh_token', signedUp.body.refresh_token],
    ['/api/auth/refresh', 'refreshToken', pair.refreshToken],
    ['/api/auth/refresh', 'refresh_token', session.refresh_token],
  ] as const) {
    const body = JSON.stringify({ [key]: token })
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    // Bun closes a connection if a second request arrives before the response to the first.
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => {})
    socket.write(`${head}${body}GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await closed
    await server.settled()
    expect(answer).toBe('')
    const retried = await server.ask('POST', path, { body: { [key]: token } })
    expect([path, key, retried.status]).toEqual([path, key, 200])
    const next = await server.ask('POST', path, { body: { [key]: retried.body[key] } })
    expect([path, key, next.status]).toEqual([path, key, 200])
  }
})
