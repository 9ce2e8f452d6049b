#!/usr/bin/env bun
/**
 * Several executables on one Postgres under load, while they and Postgres are killed at random moments. Afterwards, all
 * that was acknowledged must be there, nothing may have been used twice, and no session may have ended.
 *
 *   bun test/binary/kills.ts --nodes 200 --postgres 20
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Json } from '../support/app'
import { BINARY } from '../support/binary'
import { runOn } from '../support/postgres'
import { startPostgresServer } from '../support/postgres-server'
import { removeFolder } from '../support/remove-folder'
import { serviceRoleToken } from '../support/service-role'
import { type SmtpSink, startSmtp } from '../support/smtp'

export interface KillOptions {
  /** Executables that run at once. */
  size: number
  /** How often one of them is killed. */
  nodeKills: number
  /** How often Postgres is stopped without a checkpoint, and started again. */
  postgresKills: number
  clients: number
  /** How long mails are waited for that a killed node was sending: another one sends them when its lease has ended. */
  mailWaitMs: number
  /** Called after each kill. */
  onProgress?(text: string): void
}

export interface KillReport {
  signUps: number
  refreshes: number
  /** Links that several requests used at once. */
  links: number
  mails: number
  /** Requests that were answered 503, or not at all, and so were repeated. */
  repeated: number
  /** Mails that arrived more than once. */
  duplicateMails: number
  /** Events of accounts that arrived, and those that arrived more than once. */
  events: number
  duplicateEvents: number
  /** The longest time from a kill of Postgres to the next answer, in milliseconds. */
  longestRecoveryMs: number
  /** What must not happen, in words. */
  violations: string[]
}

const SECRET = 'a secret of forty characters for signing'
const PASSWORD = 'correct-horse-battery-9'

interface Node {
  url: string
  kill(): Promise<void>
}

/** What a client has been told, so that it can be checked. */
interface Told {
  users: Set<string>
  /** By session: its newest refresh token, how many refreshes were acknowledged, and how many have an unknown outcome. */
  sessions: Map<string, { token: string; refreshes: number; unknown: number }>
  /** Addresses to which a mail was promised. */
  mails: Set<string>
}

type Ask = (method: string, path: string, body?: object, token?: string) => Promise<Json | undefined>

export async function killRepeatedly(options: KillOptions): Promise<KillReport> {
  const { size, nodeKills, postgresKills, clients, mailWaitMs, onProgress = () => {} } = options
  await using postgres = await startPostgresServer({ isDurable: true })
  const database = `${postgres.url}/postgres`
  await using smtp = await startSmtp()
  using receiver = startReceiver()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-kills-'))
  const start = (index: number) => startNode(join(folder, String(index)), database, { smtp, receiver })
  // The first one creates the schema while the others start.
  const nodes = await Promise.all(Array.from({ length: size }, (_, index) => start(index)))

  const report: KillReport = {
    signUps: 0,
    refreshes: 0,
    links: 0,
    mails: 0,
    repeated: 0,
    duplicateMails: 0,
    events: 0,
    duplicateEvents: 0,
    longestRecoveryMs: 0,
    violations: [],
  }
  const told: Told = { users: new Set(), sessions: new Map(), mails: new Set() }
  const admin = await serviceRoleToken(SECRET)
  let answers = 0
  let isEnding = false
  /** One request to any node. @returns undefined if the outcome is unknown */
  const ask: Ask = async (method, path, body, token) => {
    const { url } = nodes[Math.floor(Math.random() * size)] as Node
    const response = await request(url + path, method, body, token)
    if (response && response.status !== 503) {
      answers += 1
      return response
    }
    report.repeated += 1
    await Bun.sleep(50)
    return undefined
  }
  const working = Array.from({ length: clients }, async (_, index) => {
    const client = { ask, admin, told, report, isAdmin: index % 4 === 0 }
    while (!isEnding) await useOnce(client)
  })

  const kills = shuffled([...Array<string>(nodeKills).fill('node'), ...Array<string>(postgresKills).fill('postgres')])
  for (const [number, kill] of kills.entries()) {
    const enough = answers + 10 + Math.floor(Math.random() * 100)
    while (answers < enough) await Bun.sleep(1)
    if (kill === 'node') {
      const index = Math.floor(Math.random() * size)
      await nodes[index]?.kill()
      nodes[index] = await start(index)
    } else {
      await postgres.stop('immediate')
      const since = performance.now()
      const before = answers
      await postgres.start()
      const started = performance.now() - since
      while (answers === before) await Bun.sleep(1)
      report.longestRecoveryMs = Math.max(report.longestRecoveryMs, performance.now() - since - started)
    }
    onProgress(`${number + 1}/${kills.length} ${kill}: ${JSON.stringify({ ...report, answers })}`)
  }
  isEnding = true
  await Promise.all(working)

  await checkTold(database, { ask, told, report })
  await checkMails(smtp, { told, report, database, mailWaitMs })
  await checkEvents(receiver, { told, report, database, mailWaitMs })
  await Promise.all(nodes.map((node) => node.kill()))
  removeFolder(folder)
  return report
}

interface Client {
  ask: Ask
  /** A service role token. */
  admin: string
  told: Told
  report: KillReport
  isAdmin: boolean
}

/** Signs up and refreshes some times; some clients use links and request mails. */
async function useOnce(client: Client): Promise<void> {
  const email = `${crypto.randomUUID()}@example.com`
  const session = client.isAdmin ? await useLink(client, email) : await signUp(client)
  if (!session) return
  const { told, report } = client
  told.users.add(session.user.id)
  told.sessions.set(session.user.id, { token: session.refresh_token, refreshes: 0, unknown: 0 })
  for (let times = 0; times < 6; times++) await refresh(client, session.user.id)
  report.signUps += 1
}

async function signUp({ ask, report }: Client): Promise<Json | undefined> {
  const response = await ask('POST', '/auth/v1/signup', {})
  if (response && response.status !== 200) report.violations.push(`sign-up: ${JSON.stringify(response)}`)
  return response?.body
}

/** As a client library does: with the same token until there is an answer. */
async function refresh({ ask, told, report }: Client, user: string): Promise<void> {
  const session = told.sessions.get(user)
  if (!session) return
  for (;;) {
    const response = await ask('POST', '/auth/v1/token?grant_type=refresh_token', { refresh_token: session.token })
    if (!response) session.unknown += 1
    else if (response.status === 200) {
      session.token = response.body.refresh_token
      session.refreshes += 1
      report.refreshes += 1
      return
    } else {
      report.violations.push(`a session has ended: ${JSON.stringify(response)}`)
      return
    }
  }
}

/** A new user is sent a mail, and a link for it is used by three requests at once. @returns the session, if any */
async function useLink({ ask, admin, told, report }: Client, email: string): Promise<Json | undefined> {
  const made = await ask('POST', '/auth/v1/admin/users', { email, password: PASSWORD, email_confirm: true }, admin)
  if (!made) return undefined
  if (made.status !== 200) report.violations.push(`admin: ${JSON.stringify(made)}`)
  told.users.add(made.body.id)
  const requested = await ask('POST', '/auth/v1/recover', { email })
  if (requested?.status === 200) told.mails.add(email)
  const link = await ask('POST', '/auth/v1/admin/generate_link', { type: 'magiclink', email }, admin)
  if (!link) return undefined
  const uses = Array.from({ length: 3 }, () =>
    ask('POST', '/auth/v1/verify', { type: 'magiclink', token_hash: link.body.hashed_token }),
  )
  const passed = (await Promise.all(uses)).filter((use) => use?.status === 200)
  report.links += 1
  if (passed.length > 1) report.violations.push(`a link was used ${passed.length} times`)
  return passed[0]?.body
}

/** Everything that was acknowledged is there, and no refresh counted twice. */
async function checkTold(
  database: string,
  { ask, told, report }: Pick<Client, 'ask' | 'told' | 'report'>,
): Promise<void> {
  const rows = await runOn<{ id: string; counter: string | null }>(
    database,
    `SELECT u.id::text AS id, s.refresh_token_counter::text AS counter
    FROM auth.users u LEFT JOIN auth.sessions s ON s.user_id = u.id`,
  )
  const counters = new Map(rows.map(({ id, counter }) => [id, Number(counter)]))
  for (const id of told.users) if (!counters.has(id)) report.violations.push(`the user ${id} is lost`)
  for (const [user, { refreshes, unknown }] of told.sessions) {
    const counter = counters.get(user) ?? -1
    if (counter < refreshes) report.violations.push(`${refreshes} refreshes were acknowledged, ${counter} are stored`)
    if (counter > refreshes + unknown)
      report.violations.push(`${counter} refreshes are stored, ${refreshes} acknowledged, ${unknown} unknown`)
  }
  await Promise.all([...told.sessions.keys()].map((user) => refresh({ ask, told, report } as Client, user)))
}

/** Every promised mail has arrived, or is still queued if the wait was not long enough. */
async function checkMails(smtp: SmtpSink, options: MailCheck): Promise<void> {
  const { told, report, database, mailWaitMs } = options
  const deadline = performance.now() + mailWaitMs
  const arrived = () => new Set(smtp.messages.flatMap(({ to }) => to))
  const missing = () => [...told.mails].filter((address) => !arrived().has(address))
  while (missing().length > 0 && performance.now() < deadline) await Bun.sleep(200)
  const rows = await runOn<{ recipient: string }>(
    database,
    `SELECT recipient FROM latchkey.messages WHERE state = 'queued'`,
  )
  const queued = new Set(mailWaitMs > 0 ? [] : rows.map(({ recipient }) => recipient))
  for (const address of missing())
    if (!queued.has(address)) report.violations.push(`the mail to ${address} has not arrived`)
  report.mails = arrived().size
  report.duplicateMails = smtp.messages.length - report.mails
}

interface MailCheck extends Pick<Client, 'told' | 'report'>, Pick<KillOptions, 'mailWaitMs'> {
  database: string
}

/** The operator's server, which receives events. */
interface Receiver extends Disposable {
  url: string
  /** The ids of the events of each account, in the order in which they arrived first. */
  arrived: Map<string, string[]>
  /** How many requests came. */
  requests: number
}

function startReceiver(): Receiver {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { data } = (await request.json()) as Json
      const id = request.headers.get('webhook-id') ?? ''
      const ids = receiver.arrived.get(data.user.id) ?? []
      if (!ids.includes(id)) receiver.arrived.set(data.user.id, [...ids, id])
      receiver.requests += 1
      return new Response(null, { status: 204 })
    },
  })
  const receiver: Receiver = {
    url: `http://127.0.0.1:${server.port}/events`,
    arrived: new Map(),
    requests: 0,
    [Symbol.dispose]: () => void server.stop(true),
  }
  return receiver
}

/** Every account has its events, and they have arrived in their order, as far as they were not to be waited for. */
async function checkEvents(receiver: Receiver, { told, report, database, mailWaitMs }: MailCheck): Promise<void> {
  const rows = () =>
    runOn<{ id: string; user: string; type: string; state: string }>(
      database,
      'SELECT id, user_id AS user, type, state FROM latchkey.events ORDER BY seq',
    )
  const deadline = performance.now() + mailWaitMs
  let stored = await rows()
  while (stored.some(({ state }) => state === 'pending') && performance.now() < deadline) {
    await Bun.sleep(200)
    stored = await rows()
  }
  for (const user of told.users) {
    const own = stored.filter((event) => event.user === user)
    if (own[0]?.type !== 'user.created') report.violations.push(`the event of the creation of ${user} is lost`)
    const arrived = receiver.arrived.get(user) ?? []
    if (own.some(({ id }, index) => index < arrived.length && id !== arrived[index]))
      report.violations.push(`the events of ${user} have arrived in another order`)
    const missing = own.slice(arrived.length).filter(({ state }) => mailWaitMs > 0 || state !== 'pending')
    if (missing.length > 0) report.violations.push(`${missing.length} events of ${user} have not arrived`)
  }
  report.events = [...receiver.arrived.values()].flat().length
  report.duplicateEvents = receiver.requests - report.events
}

async function startNode(
  folder: string,
  database: string,
  { smtp: { host, port }, receiver }: { smtp: SmtpSink; receiver: Receiver },
): Promise<Node> {
  const child = Bun.spawn([BINARY, 'serve', '--port', '0', '--data-dir', folder], {
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH ?? '',
      TZ: 'UTC',
      AUTH_DATABASE_URL: database,
      AUTH_JWT_SECRET: SECRET,
      AUTH_ENCRYPTION_KEY: 'ab'.repeat(32),
      AUTH_RATE_LIMITS: 'off',
      AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_SMTP_HOST: host,
      AUTH_SMTP_PORT: String(port),
      AUTH_SMTP_ADMIN_EMAIL: 'auth@id.example.com',
      AUTH_SMTP_MAX_CONNECTIONS: '1',
      AUTH_EVENTS_URL: receiver.url,
      AUTH_EVENTS_SECRETS: `v1,whsec_${Buffer.from(SECRET).toString('base64')}`,
      AUTH_LOG_LEVEL: 'info',
    },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>()
  void child.exited.then((status) => reject(new Error(`the executable ended with status ${status}`)))
  void (async () => {
    let held = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (held + chunk).split('\n')
      held = lines.pop() ?? ''
      for (const line of lines) {
        const { msg, url } = JSON.parse(line)
        if (msg === 'listening') resolve(url)
      }
    }
  })()
  const url = await listening
  return {
    url,
    async kill() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

/** @returns undefined if there is no answer */
async function request(url: string, method: string, body?: object, token?: string): Promise<Json | undefined> {
  try {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  } catch {
    return undefined
  }
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '200' },
      postgres: { type: 'string', default: '20' },
      clients: { type: 'string', default: '12' },
    },
  })
  const report = await killRepeatedly({
    size: 3,
    nodeKills: Number(values.nodes),
    postgresKills: Number(values.postgres),
    clients: Number(values.clients),
    mailWaitMs: 120_000,
    onProgress: console.log,
  })
  console.log(report)
  process.exit(report.violations.length > 0 ? 1 : 0)
}
