/**
 * The project's own benchmark: rate, latency and server CPU per request under 16 keep-alive clients, start time and
 * memory, at as many accounts as asked for. It starts the executable itself, with durable commits.
 *
 * CPU is also given as a multiple of a bare Bun server (`bare.ts`) under the same clients. The bare server is measured
 * right before each row, so the multiples hold on a machine whose speed drifts.
 *
 *   npm run bench                         at one account
 *   npm run bench -- --accounts 1000000   at a million accounts
 *   npm run bench -- --seconds 5 --markdown
 *   npm run bench -- --postgres postgres://postgres@127.0.0.1/bench    SQLite beside an empty database on this machine
 */
import { Database } from 'bun:sqlite'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { passwordHasher } from '../src/adapters/password-hasher'
import { cpuSeconds, type Measured, measure, median, PASSWORD, scenarios, startBare } from './measure'
import { benchPostgres } from './postgres'

const { values: options } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '16' },
    markdown: { type: 'boolean', default: false },
    postgres: { type: 'string' },
  },
})
const accounts = Number(options.accounts)
const seconds = Number(options.seconds)
const clients = Number(options.clients)

const BINARY = join(import.meta.dir, '../dist/latchkey')
const PORT = 17_020
const START_ROUNDS = 10

/**
 * CPU of Supabase Auth 2.196 with Postgres (fsync on, both counted), as multiples of the bare server of the same run. A
 * sign-in is mostly its password hash, bcrypt at cost 10, so no multiple of a bare server says anything about it.
 */
const SUPABASE_MULTIPLES: Record<string, number> = { settings: 9.4, 'GET /user': 134, refresh: 226 }

/** Requests whose cost is a password hash: they are given as multiples of that. */
const HASHES = new Set(['sign-in', 'sign-up'])

interface Row extends Measured {
  name: string
  /** CPU of a request to the bare server, measured together with this row. */
  bareUs: number
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
async function main(): Promise<void> {
  await seed()
  const startMs = await measureStart()
  const server = await start()
  const idleMiB = memory(server.pid).now
  const bare = await startBare()
  const rows: Row[] = []
  for (const [name, prepare] of Object.entries(scenarios)) {
    const { cpuUs: bareUs } = await measure(load(bare), async (wire) => () => wire.send('GET', '/'))
    rows.push({ name, ...(await measure(load({ pid: server.pid, port: PORT }), prepare)), bareUs })
  }
  bare.stop()
  const { peak } = memory(server.pid)
  server.kill()
  await server.exited
  const hashUs = await measureHash()
  print(rows, { startMs, idleMiB, peakMiB: peak, hashUs })
}

const load = ({ pid, port }: { pid: number; port: number }) => ({
  ports: [port],
  seconds,
  clients,
  cpuSeconds: () => cpuSeconds(pid),
})

function spawn() {
  return Bun.spawn(
    [BINARY, 'serve', '--port', String(PORT), '--set', 'AUTH_RATE_LIMITS=off', '--set', 'AUTH_SMTP_MAX_FREQUENCY=0s'],
    {
      cwd: folder,
      env: {},
      stdout: 'ignore',
      stderr: 'inherit',
    },
  )
}

async function start() {
  const server = spawn()
  while (!(await answers())) await Bun.sleep(1)
  return server
}

const answers = () =>
  fetch(`http://127.0.0.1:${PORT}/auth/v1/health`).then(
    ({ ok }) => ok,
    () => false,
  )

/** Milliseconds from starting the process to its first answer, median of ten on a database that is there. */
async function measureStart(): Promise<number> {
  const times: number[] = []
  for (let round = 0; round <= START_ROUNDS; round++) {
    const since = performance.now()
    const server = await start()
    times.push(performance.now() - since)
    server.kill()
    await server.exited
  }
  return median(times.slice(1))
}

/** Fills the database directly, without the executable, with accounts that each have an identity and a session. */
async function seed(): Promise<void> {
  const server = await start()
  server.kill()
  await server.exited
  if (accounts <= 1) return
  const db = new Database(join(folder, 'latchkey-data/latchkey.db'))
  db.run('PRAGMA synchronous = OFF')
  const uuid =
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
  const hash = await passwordHasher({}).hash(PASSWORD)
  const now = Date.now()
  for (let done = 0; done < accounts; done += 50_000) {
    const many = Math.min(50_000, accounts - done)
    db.run('BEGIN')
    db.query(`WITH RECURSIVE n(i) AS (SELECT ${done} UNION ALL SELECT i + 1 FROM n WHERE i < ${done + many - 1})
      INSERT INTO users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
      SELECT ${uuid}, 'authenticated', 'authenticated', 'seed-' || i || '@example.com', ?, ?, '{"provider":"email","providers":["email"]}', '{"email_verified":true}', ?, ? FROM n`).run(
      hash,
      now,
      now,
      now,
    )
    db.query(`INSERT INTO identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
      SELECT ${uuid}, id, 'email', id, json_object('email', email, 'sub', id), created_at, updated_at FROM users WHERE email LIKE 'seed-%' AND uid > (SELECT max(uid) FROM users) - ${many}`).run()
    db.query(`INSERT INTO sessions (id, user_id, aal, refresh_token_hmac_key, refresh_token_counter, created_at, updated_at)
      SELECT ${uuid}, id, 'aal1', 'x', 0, created_at, updated_at FROM users WHERE uid > (SELECT max(uid) FROM users) - ${many}`).run()
    db.run('COMMIT')
  }
  db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

/** CPU of the bare password hash in microseconds, to hold sign-in against. */
async function measureHash(): Promise<number> {
  const hasher = passwordHasher({})
  const hash = await hasher.hash(PASSWORD)
  const before = process.cpuUsage()
  for (let round = 0; round < 40; round++) await hasher.verify(PASSWORD, hash)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 40
}

/** Resident memory in MiB. */
function memory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
  return { now: mib('VmRSS'), peak: mib('VmHWM') }
}

function print(
  rows: Row[],
  { startMs, idleMiB, peakMiB, hashUs }: { startMs: number; idleMiB: number; peakMiB: number; hashUs: number },
): void {
  const cells = rows.map(({ name, perSecond, p50Ms, p99Ms, cpuUs, bareUs }) => [
    name,
    Math.round(perSecond),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    Math.round(cpuUs),
    HASHES.has(name) ? `${(cpuUs / hashUs).toFixed(2)} × hash` : `${(cpuUs / bareUs).toFixed(1)} ×`,
    SUPABASE_MULTIPLES[name] === undefined ? '' : `${SUPABASE_MULTIPLES[name]} ×`,
  ])
  const head = ['request', 'per second', 'p50 ms', 'p99 ms', 'CPU µs', 'of bare', 'Supabase Auth']
  const lines = [head, ...(options.markdown ? [head.map(() => '---')] : []), ...cells]
  for (const line of lines)
    console.log(options.markdown ? `| ${line.join(' | ')} |` : line.map((cell) => String(cell).padStart(15)).join(''))
  console.log(
    `\n${accounts.toLocaleString('en')} account${accounts === 1 ? '' : 's'}, ${clients} clients, ${cpus().length} cores; start to first answer ${startMs.toFixed(0)} ms; memory ${idleMiB.toFixed(0)} MiB idle, ${peakMiB.toFixed(0)} MiB at most; a password hash ${Math.round(hashUs).toLocaleString('en')} µs of CPU; bare server ${median(rows.map(({ bareUs }) => bareUs)).toFixed(1)} µs of CPU a request`,
  )
}

if (!existsSync('/proc/self/stat')) throw new Error('The benchmark reads CPU and memory from /proc, so it needs Linux.')
try {
  await (options.postgres === undefined ? main() : benchPostgres({ url: options.postgres, folder, seconds, clients }))
} finally {
  rmSync(folder, { recursive: true })
}
