/** A whole server in the test's process: fresh database, settable clock, no port. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSecrets, type Secrets } from '../../src/adapters/data-folder'
import type { Lookup } from '../../src/adapters/public-fetch'
import { systemRandom } from '../../src/adapters/system'
import { type App, createApp } from '../../src/compose/app'
import { sealerOf } from '../../src/compose/keys'
import { load } from '../../src/config/load'
import type { BreachedPasswords, HttpPost, Peers, Provisioner, Sealer } from '../../src/core/kernel/ports'
import { createLog } from '../../src/http/log'
import { currentEngine, databaseOfFolder } from './engines'
import { type CountingHasher, fakeHasher, type TestClock, testClock } from './fakes'
import { removeFolder } from './remove-folder'

// biome-ignore lint/suspicious/noExplicitAny: tests assert what bodies hold
export type Json = any

export interface Reply {
  status: number
  headers: Headers
  body: Json
  text: string
}

export interface RequestOptions {
  body?: unknown
  /** Sent unchanged, in place of `body`. */
  raw?: string | Uint8Array | ReadableStream
  token?: string
  headers?: Record<string, string>
  /** Address of the peer. */
  ip?: string
  /** Aborted when the client disconnects. */
  signal?: AbortSignal
}

export interface SignedIn {
  email: string
  password: string
  id: string
  accessToken: string
  refreshToken: string
  sessionId: string
}

export interface TestApp extends App, AsyncDisposable {
  clock: TestClock
  hasher: CountingHasher
  /** Lines of the log so far, parsed. */
  log(): Json[]
  /** Its data folder. */
  folder: string
  /** Path of the database, or its URL. */
  database: string
  secrets: Secrets
  /** Opens sealed values of the database. */
  sealer: Sealer
  ask(method: string, path: string, asked?: RequestOptions): Promise<Reply>
  /** The secret key, for the admin API. */
  admin: string
  signUp(email?: string, password?: string): Promise<SignedIn>
  signIn(email: string, password?: string): Promise<SignedIn>
}

export interface TestOptions {
  /** Settings by name; rate limits are off unless a test asks for them. */
  settings?: Record<string, string>
  /** ISO 8601. */
  now?: string
  /** Data folder of an earlier app, to restart in. */
  folder?: string
  /** Replaces requests to hooks and SMS providers. */
  post?: HttpPost
  /** Replaces the breached password service. */
  breached?: BreachedPasswords
  /** Replaces requests to OAuth providers. */
  fetchProvider?: typeof fetch
  /** Replaces DNS; by default, every name has one public address. */
  lookup?: Lookup
  /** Replaces requests to other auth servers. */
  peers?: Peers
  /** Replaces requests to a Matrix homeserver. */
  provisioner?: Provisioner
  /** Origin of a server that verifies captchas. */
  captchaOrigin?: string
}

export const PASSWORD = 'correct-horse-battery-9'
export const API_VERSION = { 'x-supabase-api-version': '2024-01-01' }

export async function startApp({
  settings = {},
  now = '2026-01-01T00:00:00Z',
  folder: given,
  post,
  breached,
  fetchProvider,
  lookup = async () => ['93.184.215.14'],
  peers,
  provisioner,
  captchaOrigin,
}: TestOptions = {}): Promise<TestApp> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const clock = testClock(now)
  const hasher = fakeHasher()
  const lines: Json[] = []
  const log = createLog({
    level: 'debug',
    format: 'json',
    write: (text) =>
      lines.push(
        ...text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    now: clock.now,
  })
  // Before the database: a folder that has one gets no new secrets.
  const { secrets } = ensureSecrets(folder, {
    database: join(folder, 'latchkey.db'),
    random: systemRandom.bytes,
    now: clock.now(),
  })
  const stored = await databaseOfFolder(folder, given === undefined)
  const database = stored.target
  const configuration = load({
    set: {
      AUTH_RATE_LIMITS: 'off',
      ...(currentEngine() === 'postgres' && { AUTH_DATABASE_URL: database, AUTH_DB_MAX_CONNECTIONS: '4' }),
      ...settings,
    },
  })
  // On Postgres as well, the secrets are those of the folder.
  const isProblem = ({ severity, message }: (typeof configuration.problems)[number]) =>
    (severity === 'error' || severity === 'unknown') && !/^AUTH_(JWT_SECRET|ENCRYPTION_KEY) must be set/.test(message)
  const errors = configuration.problems.filter(isProblem)
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  const app = await createApp({
    settings: configuration.settings,
    loaded: configuration.loaded,
    secrets,
    folder,
    clock,
    hasher,
    ...(post && { post }),
    ...(breached && { breached }),
    ...(fetchProvider && { fetchProvider }),
    lookup,
    ...(peers && { peers }),
    ...(provisioner && { provisioner }),
    ...(captchaOrigin && { captchaOrigin }),
    validatesResponses: true,
    log,
  })
  let serial = 0

  const ask: TestApp['ask'] = async (
    method,
    path,
    { body, raw, token, headers = {}, ip = '203.0.113.7', signal } = {},
  ) => {
    const request = new Request(`http://localhost:7020${path}`, {
      method,
      ...(signal && { signal }),
      headers: { ...API_VERSION, ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(raw !== undefined && { body: raw as string }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const response = await app.fetch(request, { requestIP: () => ({ address: ip }) })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    }
  }

  const signedIn = ({ status, body }: Reply, email: string, password: string): SignedIn => {
    if (status !== 200) throw new Error(`signing in answered ${status} ${JSON.stringify(body)}`)
    const { session_id: sessionId } = claimsOf(body.access_token)
    return {
      email,
      password,
      id: body.user.id,
      accessToken: body.access_token,
      refreshToken: body.refresh_token,
      sessionId,
    }
  }

  return {
    ...app,
    clock,
    hasher,
    ask,
    log() {
      log.flush()
      return lines
    },
    secrets,
    sealer: sealerOf(configuration.settings, secrets, app.store),
    folder,
    database,
    admin: app.keys.secret,
    async signUp(email = `user-${++serial}@example.com`, password = PASSWORD) {
      return signedIn(await ask('POST', '/auth/v1/signup', { body: { email, password } }), email, password)
    },
    async signIn(email, password = PASSWORD) {
      return signedIn(
        await ask('POST', '/auth/v1/token?grant_type=password', { body: { email, password } }),
        email,
        password,
      )
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      if (given !== undefined) return
      await stored[Symbol.asyncDispose]()
      removeFolder(folder)
    },
  }
}

/** Claims of a JWT, unverified. */
export function claimsOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

export const refresh = (app: TestApp, refreshToken: string, asked: RequestOptions = {}) =>
  app.ask('POST', '/auth/v1/token?grant_type=refresh_token', { ...asked, body: { refresh_token: refreshToken } })

export const passwordGrant = (app: TestApp, body: object, asked: RequestOptions = {}) =>
  app.ask('POST', '/auth/v1/token?grant_type=password', { ...asked, body })
