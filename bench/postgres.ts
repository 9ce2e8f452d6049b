/**
 * SQLite and Postgres beside each other: one server on a file, one on a Postgres database on the same machine, and two
 * on that database.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { cpuSeconds, type Load, type Measured, measure, scenarios, startBare } from './measure'

const BINARY = join(import.meta.dir, '../dist/latchkey')
const FIRST_PORT = 17_030

export interface PostgresBench {
  /** An empty database of a Postgres on this machine. */
  url: string
  /** Where the server on SQLite keeps its data. */
  folder: string
  seconds: number
  clients: number
}

interface Server {
  pid: number
  port: number
}

export async function benchPostgres(options: PostgresBench): Promise<void> {
  await using running = new AsyncDisposableStack()
  await compare(running, options)
}

/** @param running stops what is started here, also after a failure */
async function compare(running: AsyncDisposableStack, { url, folder, seconds, clients }: PostgresBench): Promise<void> {
  const file = await start(running, FIRST_PORT, folder, {})
  const onPostgres = {
    AUTH_DATABASE_URL: url,
    AUTH_JWT_SECRET: 'a-secret-of-the-benchmark-with-32-bytes',
    AUTH_ENCRYPTION_KEY: '11'.repeat(32),
  }
  const nodes = [
    await start(running, FIRST_PORT + 1, folder, onPostgres),
    await start(running, FIRST_PORT + 2, folder, onPostgres),
  ] as const
  const bare = await startBare()
  running.defer(() => bare.stop())
  const load = (servers: readonly Server[], used: () => number): Load => ({
    ports: servers.map(({ port }) => port),
    seconds,
    clients,
    cpuSeconds: used,
  })
  const row = (cells: (string | number)[]) => console.log(cells.map((cell) => String(cell).padStart(15)).join(''))
  row(['request', 'database', 'per second', 'p50 ms', 'p99 ms', 'Latchkey µs', 'Postgres µs'])
  const print = (name: string, database: string, { perSecond, p50Ms, p99Ms, cpuUs }: Measured, databaseUs: number) =>
    row([
      name,
      database,
      Math.round(perSecond),
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      Math.round(cpuUs),
      databaseUs === 0 ? '' : Math.round(databaseUs),
    ])
  for (const [name, prepare] of Object.entries(scenarios)) {
    print(
      'bare server',
      '',
      await measure(
        load([bare], () => cpuSeconds(bare.pid)),
        async (wire) => () => wire.send('GET', '/'),
      ),
      0,
    )
    for (const [database, servers] of [
      ['SQLite', [file]],
      ['Postgres', [nodes[0]]],
      ['two servers', nodes],
    ] as const) {
      const before = { seconds: postgresSeconds(), at: performance.now() }
      const measured = await measure(
        load(servers, () => servers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)),
        prepare,
      )
      const requests = (measured.perSecond * (performance.now() - before.at)) / 1000
      const databaseUs = database === 'SQLite' ? 0 : ((postgresSeconds() - before.seconds) * 1e6) / requests
      print(name, database, measured, databaseUs)
    }
  }
  console.log(`\n${clients} clients, ${cpus().length} cores for the clients, the servers and Postgres`)
}

async function start(running: AsyncDisposableStack, port: number, cwd: string, env: Record<string, string>) {
  const server = Bun.spawn(
    [BINARY, 'serve', '--port', String(port), '--set', 'AUTH_RATE_LIMITS=off', '--set', 'AUTH_SMTP_MAX_FREQUENCY=0s'],
    { cwd, env, stdout: 'ignore', stderr: 'inherit' },
  )
  running.defer(async () => {
    server.kill()
    await server.exited
  })
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/auth/v1/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await answers())) {
    if (server.exitCode !== null) throw new Error(`the server on port ${port} has ended`)
    await Bun.sleep(1)
  }
  return { pid: server.pid, port }
}

/** User and system time of all processes of Postgres on this machine so far, in seconds. */
const postgresSeconds = (): number =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isPostgres(name))
    .reduce((sum, pid) => sum + secondsOf(pid), 0)

function isPostgres(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
  } catch {
    return false
  }
}

/** A process may have ended since it was listed. */
function secondsOf(pid: string): number {
  try {
    return cpuSeconds(Number(pid))
  } catch {
    return 0
  }
}
