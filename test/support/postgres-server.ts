/** A Postgres server of its own for tests, with what the machine has installed. */
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from './free-port'
import { removeFolder } from './remove-folder'

export interface PostgresServer extends AsyncDisposable {
  /** Of the superuser, without a database: `postgres://postgres@127.0.0.1:5432`. */
  url: string
  /** Folder of the socket, for clients on this machine. */
  socketFolder: string
  /** Starts it again after `stop`, on the same port and data. */
  start(): Promise<void>
  /** @param mode `fast` closes the data files properly, `immediate` is as if the machine had crashed */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
}

/** The folder of the newest `initdb` and `postgres` on this machine; undefined if there is none. */
export const postgresPrograms = findPrograms()

function findPrograms(): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter)
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return [...onPath, ...versions.map((version) => join(debian, version, 'bin'))].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

/** For speed; a crash of the machine is not what most tests are about. */
const WITHOUT_DISK = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/**
 * Runs until it is disposed of, and no longer than this process.
 * @param isDurable whether commits reach the disk
 */
export async function startPostgresServer({ isDurable = false } = {}): Promise<PostgresServer> {
  if (postgresPrograms === undefined) throw new Error('no Postgres is installed')
  const folder = mkdtempSync(join(isDurable ? tmpdir() : fastFolder(), 'latchkey-postgres-'))
  const data = join(folder, 'data')
  const user = unprivilegedUser()
  if (user) chownSync(folder, user.uid, user.gid)
  const initdb = [join(postgresPrograms, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8']
  const made = Bun.spawnSync([...initdb, '--locale=C.UTF-8', '--no-sync'], { cwd: folder, ...user })
  if (!made.success) throw new Error(`initdb: ${made.stderr}`)

  const port = freePort()
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    'max_connections=300',
    'log_min_messages=log',
    ...(isDurable ? [] : WITHOUT_DISK),
  ]
  const command = [join(postgresPrograms, 'postgres'), '-D', data, ...settings.flatMap((each) => ['-c', each])]
  // The shell ends the server when this process ends, in whatever way: then its input is closed. A signal to all
  // processes of a terminal or of `timeout` must not end it before.
  const script = [
    "trap '' HUP INT TERM",
    '"$@" & server=$!',
    'read -r signal || { signal=QUIT; over=1; }',
    'kill -$signal $server; wait $server',
    '[ ! "$over" ] || rm -rf "$PWD"',
  ].join('\n')
  let running: Bun.Subprocess<'pipe', 'ignore', Bun.BunFile> | undefined

  async function start(): Promise<void> {
    const log = join(folder, `log-${Date.now()}`)
    const isReady = () => existsSync(log) && readFileSync(log, 'utf8').includes('ready to accept connections')
    running = Bun.spawn(['sh', '-c', script, 'sh', ...command], {
      cwd: folder,
      ...user,
      stdin: 'pipe',
      stdout: 'ignore',
      stderr: Bun.file(log),
    })
    while (!isReady()) {
      if (running.exitCode !== null) throw new Error(`Postgres does not start: ${readFileSync(log, 'utf8')}`)
      await Bun.sleep(10)
    }
  }
  async function stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await running?.stdin.write(mode === 'fast' ? 'INT\n' : 'QUIT\n')
    await running?.stdin.flush()
    await running?.exited
    running = undefined
  }
  await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}`,
    socketFolder: folder,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop('immediate')
      removeFolder(folder)
    },
  }
}

/** In memory where there is room: making a database there takes a tenth of the time. */
function fastFolder(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 2 ** 31 ? memory : tmpdir()
}

/** Postgres refuses to be run by root. @returns undefined for other users, who run it themselves */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!found) throw new Error('Postgres refuses to run as root, and there is no user postgres or nobody')
  return { uid: Number(found[2]), gid: Number(found[3]) }
}
