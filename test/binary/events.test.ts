/** The executable and the operator's server that receives events: crashes, shutdown, and the commands beside it. */
import { test as bunTest, describe, expect } from 'bun:test'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import type { Json } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { execute, readRows } from '../support/database'
import { emptyDatabase } from '../support/empty-postgres'
import { hasPostgres } from '../support/postgres'

const test = (name: string, story: () => Promise<void>) => bunTest(name, story, 60_000)

const PASSWORD = 'correct-horse-battery-9'
const SECRET = Buffer.from('the secret that signs events').toString('base64')
const OLD_SECRET = Buffer.from('the secret that is replaced').toString('base64')

interface Received {
  id: string
  event: Json
}

/** A server on loopback that verifies what it receives as the package's users do. */
async function startReceiver(status: () => number | Promise<number> = () => 204) {
  const received: Received[] = []
  const problems: unknown[] = []
  const waiting: { count: number; resolve(): void }[] = []
  const receiver = {
    received,
    problems,
    status,
    url: '',
    types: () => received.map(({ event }) => event.type),
    arrived: (count: number) =>
      new Promise<void>((resolve) => {
        if (received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const headers = request.headers as Record<string, string>
    try {
      for (const secret of [SECRET, OLD_SECRET]) new Webhook(secret).verify(body, headers)
    } catch (error) {
      problems.push(error)
    }
    received.push({ id: headers['webhook-id'] ?? '', event: JSON.parse(body) })
    const answered = receiver.status()
    for (const each of waiting) if (received.length >= each.count) each.resolve()
    response.statusCode = await answered
    response.end()
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`
  return receiver
}

const settings = (url: string) => ({
  AUTH_EVENTS_URL: url,
  AUTH_EVENTS_SECRETS: `v1,whsec_${SECRET}|v1,whsec_${OLD_SECRET}`,
})

const never = () => new Promise<number>(() => {})

const signUp = (server: Binary, email = 'ada@example.com') =>
  server.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD } })

const CREATION = ['user.created', 'user.confirmed', 'user.signed_in']

/** Where a server keeps its data, on either engine. */
interface Place extends AsyncDisposable {
  env: Record<string, string>
  database(server: Binary): string
  table: string
}

const onSqlite = async (): Promise<Place> => ({
  env: {},
  database: (server) => server.database,
  table: 'events',
  async [Symbol.asyncDispose]() {},
})

async function onPostgres(): Promise<Place> {
  const { url, [Symbol.asyncDispose]: dispose } = await emptyDatabase()
  const env = { AUTH_JWT_SECRET: 'j'.repeat(40), AUTH_ENCRYPTION_KEY: '0'.repeat(64), AUTH_DATABASE_URL: url }
  return { env, database: () => url, table: 'latchkey.events', [Symbol.asyncDispose]: dispose }
}

const engines: [name: string, isThere: boolean, place: () => Promise<Place>][] = [
  ['on SQLite', true, onSqlite],
  ['on Postgres', hasPostgres, onPostgres],
]

describe.each(engines)('%s', (_, isThere, placeOf) => {
  if (!isThere) return

  test('an event of an answered request arrives, although the server is killed before it was sent', async () => {
    await using at = await placeOf()
    await using receiver = await startReceiver(never)
    const env = { ...at.env, ...settings(receiver.url) }
    await using killed = await startBinary({ env })
    expect((await signUp(killed)).status).toBe(200)
    await receiver.arrived(1)
    await killed.stop('SIGKILL')
    // On Postgres, another server waits for the end of the lease.
    await execute(at.database(killed), `UPDATE ${at.table} SET next_attempt_at = 1 WHERE next_attempt_at IS NOT NULL`)
    receiver.status = () => 204
    await using restarted = await startBinary({ env, folder: killed.folder })
    await receiver.arrived(4)
    expect(receiver.types()).toEqual(['user.created', ...CREATION])
    expect(receiver.received[1]?.id).toBe(receiver.received[0]?.id ?? '')
    expect(receiver.problems).toEqual([])
    expect(await restarted.stop()).toBe(0)
    const states = await readRows(at.database(killed), `SELECT state FROM ${at.table}`)
    expect(states).toEqual(Array(3).fill({ state: 'delivered' }))
  })

  test('the commands list and replay events beside a running server', async () => {
    await using at = await placeOf()
    await using receiver = await startReceiver()
    const env = { ...at.env, ...settings(receiver.url) }
    await using server = await startBinary({ env })
    const command = async (...args: string[]) => {
      const { stdout, stderr, status } = await run(['events', ...args], { env, cwd: server.folder })
      return { out: stdout + stderr, status }
    }
    const list = async (...args: string[]): Promise<Json[]> =>
      JSON.parse((await command('list', '--json', ...args)).out)
    expect(await command('list')).toEqual({ out: 'No events.\n', status: 0 })
    const { id: ada } = (await signUp(server)).body.user
    await signUp(server, 'bob@example.com')
    await receiver.arrived(6)
    const idOf = (user: string, type: string) =>
      receiver.received.find(({ event }) => event.data.user.email === user && event.type === type)?.id ?? ''
    const created = idOf('ada@example.com', 'user.created')
    while ((await list('--state', 'delivered')).length < 6) await Bun.sleep(20)

    expect((await list()).map(({ type }) => type)).toEqual([...CREATION, ...CREATION].reverse())
    expect((await list('--user', 'ADA@example.com', '--limit', '2')).map(({ type }) => type)).toEqual([
      'user.signed_in',
      'user.confirmed',
    ])
    expect(await list('--type', 'user.created', '--user', ada)).toEqual([
      {
        id: created,
        type: 'user.created',
        destination: 'webhook',
        user_id: ada,
        state: 'delivered',
        attempts: 1,
        error: null,
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
        delivered_at: expect.stringMatching(/^\d{4}-.*Z$/),
        next_attempt_at: null,
      },
    ])
    expect((await command('list', '--type', 'user.created', '--user', ada)).out).toMatch(
      new RegExp(`^ID .*\\n${created}  user\\.created  webhook  ${ada}  delivered  1 +\\S+Z  -  +-\\n$`),
    )
    for (const [args, problem, status] of [
      [['list', '--user', 'eve@example.com'], 'no user found for eve@example.com', 3],
      [['list', '--limit', '0'], 'It has to be a number', 2],
      [['list', '--state', 'lost'], 'pending, delivered, failed', 2],
      [['replay'], 'name the events to send again', 2],
      [['replay', created, '--failed'], 'name the events to send again', 2],
      [['replay', '--since', 'yesterday'], '--since must be a time', 2],
      [['replay', created, 'unknown'], 'there is no event unknown', 3],
    ] as const)
      expect(await command(...args)).toEqual({ out: expect.stringContaining(problem), status })
    expect(receiver.received.length).toBe(6)

    expect((await command('replay', created)).out).toBe('One event is queued again.\n')
    // A server that shares its database is told; another one looks at it when something happens, or after half a minute.
    await server.ask('POST', '/auth/v1/token?grant_type=password', {
      body: { email: 'bob@example.com', password: PASSWORD },
    })
    await receiver.arrived(8)
    expect(
      receiver.received
        .slice(6)
        .map(({ event }) => event.type)
        .sort(),
    ).toEqual(['user.created', 'user.signed_in'])
    const again = receiver.received.slice(6).find(({ event }) => event.type === 'user.created')
    expect(again).toEqual(receiver.received.find(({ id }) => id === created) as Received)

    const failed = idOf('bob@example.com', 'user.confirmed')
    await execute(
      at.database(server),
      `UPDATE ${at.table} SET state = 'failed', error = 'status 500' WHERE id = '${failed}'`,
    )
    expect((await list('--state', 'failed')).map(({ id }) => id)).toEqual([failed])
    expect((await command('replay', '--failed')).out).toBe('One event is queued again.\n')
    expect(await list('--state', 'failed')).toEqual([])
    await server.ask('POST', '/auth/v1/token?grant_type=password', {
      body: { email: 'ada@example.com', password: PASSWORD },
    })
    await receiver.arrived(10)
    while ((await list('--state', 'pending')).length > 0) await Bun.sleep(20)
    expect((await command('replay', '--since', '2100-01-01')).out).toBe('0 events are queued again.\n')
    expect((await command('replay', '--since', '2020-01-01')).out).toBe('8 events are queued again.\n')
    expect(receiver.problems).toEqual([])
  })

  test('a role that is granted on the command line is an event', async () => {
    await using at = await placeOf()
    await using receiver = await startReceiver()
    const env = { ...at.env, ...settings(receiver.url), AUTH_EVENTS_TYPES: 'role.*' }
    await using server = await startBinary({ env })
    await signUp(server)
    expect((await run(['role', 'grant', 'ada@example.com', 'admin'], { env, cwd: server.folder })).status).toBe(0)
    expect(await server.stop()).toBe(0)
    await using _ = await startBinary({ env, folder: server.folder })
    await receiver.arrived(1)
    expect(receiver.received[0]?.event).toMatchObject({ type: 'role.granted', data: { role: 'admin' } })
  })
})

test('a shutdown waits for the answer to an event that is being sent', async () => {
  const { promise: answer, resolve: accept } = Promise.withResolvers<number>()
  await using receiver = await startReceiver(() => answer)
  const env = { ...settings(receiver.url), AUTH_EVENTS_TYPES: 'user.created' }
  await using server = await startBinary({ env })
  await signUp(server)
  await receiver.arrived(1)
  const stopped = server.stop()
  await server.logged('stopping')
  accept(200)
  expect(await stopped).toBe(0)
  expect(await readRows(server.database, 'SELECT state, attempts FROM events')).toEqual([
    { state: 'delivered', attempts: 1 },
  ])
})

test('the metrics show what waits, and a receiver that does not answer slows no request', async () => {
  await using receiver = await startReceiver(never)
  await using server = await startBinary({ env: { ...settings(receiver.url), AUTH_METRICS_PORT: '0' } })
  const metric = async (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await server.metrics())?.[1])
  for (let index = 0; index < 20; index++) {
    const startedAt = performance.now()
    expect((await signUp(server, `user-${index}@example.com`)).status).toBe(200)
    // A request that waited for the receiver would take ten seconds.
    expect(performance.now() - startedAt).toBeLessThan(8000)
  }
  expect(await metric('latchkey_events_queue_length')).toBe(60)
  expect(await metric('latchkey_events_queue_oldest_seconds')).toBeGreaterThan(0)
  expect(await metric('latchkey_events_failed')).toBe(0)
})
