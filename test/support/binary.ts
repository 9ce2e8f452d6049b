/** The compiled executable, started as its user would: in a folder of its own, on a free port. */
import { existsSync, mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from './app'
import { removeFolder } from './remove-folder'

export const BINARY = join(import.meta.dir, '../../dist/latchkey')

export interface Binary extends AsyncDisposable {
  /** For example `http://127.0.0.1:41234`. */
  url: string
  pid: number
  folder: string
  /** Path of its database, unless a setting moves it. */
  database: string
  /** The API keys, as `latchkey keys --json` prints them. */
  keys: Record<'publishable_key' | 'secret_key' | 'anon_key' | 'service_role_key', string>
  /** Lines of its log so far, parsed. */
  log: Json[]
  ask(
    method: string,
    path: string,
    options?: { body?: unknown; token?: string; headers?: Record<string, string> },
  ): Promise<Json>
  /** Waits until everything logged so far has arrived: until a marked request has its line. */
  settled(): Promise<void>
  /** Waits for a line of the log. */
  logged(msg: string): Promise<Json>
  /** The text of its metrics, which `AUTH_METRICS_PORT=0` turns on. */
  metrics(): Promise<string>
  /** @returns the exit status */
  stop(signal?: NodeJS.Signals): Promise<number>
}

export interface BinaryOptions {
  env?: Record<string, string>
  args?: string[]
  /** Folder of an earlier one, to restart in; it is kept. */
  folder?: string
  /** Another copy of the executable. */
  binary?: string
}

const BASE_ENV = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TZ: 'UTC' }

export interface RunOptions {
  env?: Record<string, string>
  cwd?: string
  /** Standard input; by default, it is empty. */
  stdin?: string
}

/** Runs a command to its end. */
export async function run(args: string[], { env = {}, cwd, stdin }: RunOptions = {}) {
  requireBinary()
  const child = Bun.spawn([BINARY, ...args], {
    cwd: cwd ?? tmpdir(),
    env: { ...BASE_ENV, ...env },
    stdin: stdin === undefined ? 'ignore' : new Blob([stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { stdout, stderr, status }
}

/** Rate limits are off unless a test asks for them. */
export async function startBinary({
  env = {},
  args = [],
  folder: given,
  binary = BINARY,
}: BinaryOptions = {}): Promise<Binary> {
  requireBinary()
  const folder = given ?? mkdtempSync(join(tmpdir(), 'latchkey-binary-'))
  const child = Bun.spawn([binary, 'serve', '--port', '0', ...args], {
    cwd: folder,
    env: { ...BASE_ENV, AUTH_RATE_LIMITS: 'off', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const log: Json[] = []
  const { promise: listening, resolve } = Promise.withResolvers<string>()
  void (async () => {
    let held = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (held + chunk).split('\n')
      held = lines.pop() ?? ''
      for (const line of lines) {
        const entry = JSON.parse(line)
        log.push(entry)
        // every address of this machine; tests use loopback only
        if (entry.msg === 'listening') resolve(entry.url.replace('//0.0.0.0:', '//127.0.0.1:'))
      }
    }
  })()
  const failed = child.exited.then(async (status) => {
    throw new Error(`the executable ended with status ${status}: ${await new Response(child.stderr).text()}`)
  })
  const url = await Promise.race([listening, failed])
  failed.catch(() => {})
  const { stdout } = await run(['keys', '--json'], { env, cwd: folder })
  const logged = async (msg: string): Promise<Json> => {
    for (;;) {
      const found = log.find((line) => line.msg === msg)
      if (found) return found
      await Bun.sleep(5)
    }
  }
  return {
    url,
    pid: child.pid,
    folder,
    database: join(folder, 'latchkey-data/latchkey.db'),
    keys: JSON.parse(stdout),
    log,
    async settled() {
      const id = crypto.randomUUID()
      await fetch(`${url}/auth/v1/settings`, { headers: { 'x-request-id': id } })
      while (!log.some((line) => line.id === id)) await Bun.sleep(1)
    },
    logged,
    async metrics() {
      const { url: metricsUrl } = await logged('metrics')
      return (await fetch(`${metricsUrl}/metrics`)).text()
    },
    async ask(method, path, { body, token, headers = {} } = {}) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          'x-supabase-api-version': '2024-01-01',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.startsWith('application/json')
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return child.exited
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
      if (given === undefined) removeFolder(folder)
    },
  }
}

/** Sends raw text on a connection of its own. @returns the status of the response, 0 if there was none */
export function rawRequest(url: string, text: string): Promise<number> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    const finish = (status: number) => {
      resolve(status)
      socket.destroy()
    }
    socket.on('error', () => finish(0))
    socket.on('close', () => finish(0))
    socket.on('data', (data) => finish(Number(data.toString().slice(9, 12))))
    socket.write(text)
  })
}

/** A POST that is not subject to the limit of `fetch` on parallel requests. */
export function rawPost(url: string, path: string, body: unknown): Promise<number> {
  const payload = JSON.stringify(body)
  return rawRequest(
    url,
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`,
  )
}

function requireBinary(): void {
  if (!existsSync(BINARY)) throw new Error('dist/latchkey is missing; run `npm run build` first')
}
