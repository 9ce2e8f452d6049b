/** The projects of `examples/`: installed and started as their quick start says. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Binary, run as runLatchkey, startBinary } from './binary'
import { freePort } from './free-port'
import { removeFolder } from './remove-folder'

const root = join(import.meta.dir, '../..')

/** Copies with their packages, kept for the next run. */
const INSTALLED = join(root, '.examples')

/** What developers have who tried an example in its own folder. */
const LOCAL = /\/(node_modules|\.venv|\.expo|\.env(\.local)?)$/

const NPM_INSTALL = ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock']

/** Set by `npm test` if the package registry does not answer: only what is installed already can run then. */
export const OFFLINE_VARIABLE = 'EXAMPLES_OFFLINE'

/** Set by `.ci/run`: examples that take over a minute to install run as well. */
export const SLOW_VARIABLE = 'EXAMPLES_SLOW'

/** What supabase-js needs of Node 20, which has no WebSocket otherwise. */
export const WITH_WEBSOCKET: Record<string, string> = Bun.spawnSync(['node', '--version'])
  .stdout.toString()
  .startsWith('v20.')
  ? { NODE_OPTIONS: '--experimental-websocket' }
  : {}

export interface Install {
  /** The files that name the packages; the default is `package.json`. */
  manifests?: string[]
  /** The commands that install them; the default is `npm install`. */
  commands?: string[][]
  /** What they create, kept while the manifests stay the same; the default is `node_modules`. */
  creates?: string
  /** It takes over a minute. */
  isSlow?: boolean
}

export interface Example {
  /** The copy in which commands run. */
  folder: string
  /** Runs a command to its end. @throws with its output if it fails */
  run(command: string[], env?: Record<string, string>): Promise<string>
  /** Starts a server and waits until it answers at `http://localhost:<port>`. */
  serve(command: string[], port: number, env?: Record<string, string>): Promise<AsyncDisposable>
}

const stampOf = (name: string, manifests: string[], commands: string[][]) =>
  new Bun.CryptoHasher('sha256')
    .update(
      JSON.stringify([commands, manifests.map((file) => readFileSync(join(root, 'examples', name, file), 'utf8'))]),
    )
    .digest('hex')

/** Whether an example is to run: its packages are installed, or can be. */
export function canInstall(name: string, install: Install = {}): boolean {
  const { manifests = ['package.json'], commands = [NPM_INSTALL], isSlow = false } = install
  if (readStamp(name) === stampOf(name, manifests, commands)) return true
  return process.env[OFFLINE_VARIABLE] === undefined && (!isSlow || process.env[SLOW_VARIABLE] !== undefined)
}

function readStamp(name: string): string | undefined {
  const path = join(INSTALLED, name, '.installed')
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Copies an example next to its packages of an earlier run, and installs them if they are missing or others. */
export async function installExample(name: string, install: Install = {}): Promise<Example> {
  const { manifests = ['package.json'], commands = [NPM_INSTALL], creates = 'node_modules' } = install
  const folder = join(INSTALLED, name)
  const stamp = stampOf(name, manifests, commands)
  const isInstalled = readStamp(name) === stamp
  mkdirSync(folder, { recursive: true })
  for (const entry of readdirSync(folder))
    if (!isInstalled || ![creates, '.installed'].includes(entry)) removeFolder(join(folder, entry))
  cpSync(join(root, 'examples', name), folder, { recursive: true, filter: (path) => !LOCAL.test(path) })
  if (!isInstalled) {
    for (const command of commands) await runIn(folder, command)
    writeFileSync(join(folder, '.installed'), stamp)
  }
  return {
    folder,
    run: (command, env) => runIn(folder, command, env),
    serve: (command, port, env) => serveIn(folder, command, port, env),
  }
}

/** Nothing of the environment of the tests: `NODE_ENV`, for one, changes what npm installs. */
const environment = (env: Record<string, string> = {}) => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  NEXT_TELEMETRY_DISABLED: '1',
  ...env,
})

async function runIn(cwd: string, command: string[], env?: Record<string, string>): Promise<string> {
  const child = Bun.spawn(command, { cwd, env: environment(env), stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (status !== 0) throw new Error(`${command.join(' ')} ended with status ${status}:\n${stdout}\n${stderr}`)
  return stdout
}

async function serveIn(cwd: string, command: string[], port: number, env?: Record<string, string>) {
  const log = join(cwd, 'server.log')
  const output = Bun.file(log)
  const child = Bun.spawn(command, {
    cwd,
    // A process group of its own, since npm does not pass signals on to what it starts.
    detached: true,
    env: environment({ PORT: String(port), ...env }),
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })
  while (!(await isUp(port))) {
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended:\n${readFileSync(log, 'utf8')}`)
    await Bun.sleep(50)
  }
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
      await child.exited
    },
  }
}

const isUp = (port: number) =>
  fetch(`http://localhost:${port}/`, { redirect: 'manual' }).then(
    () => true,
    () => false,
  )

export interface ApplicationServer extends Binary {
  /** What `latchkey status -o env` prints, for the env file of an application. */
  envFile: string
  /** Starts it again with further settings, at the same URL and with the same accounts. */
  restart(env: Record<string, string>): Promise<void>
}

/** The executable for an application on this port, at a port of its own. */
export async function startForApplication(port: number, more: Record<string, string> = {}): Promise<ApplicationServer> {
  const args = ['--port', String(freePort())]
  const env = { AUTH_SITE_URL: `http://localhost:${port}`, AUTH_SMTP_MAX_FREQUENCY: '0', ...more }
  const server = await startBinary({ args, env })
  const { folder } = server
  const { status, stdout, stderr } = await runLatchkey(['status', '-o', 'env', ...args], { cwd: folder })
  if (status !== 0) throw new Error(stderr)
  let current = server
  return {
    ...server,
    url: server.url.replace('127.0.0.1', 'localhost'),
    envFile: stdout,
    async restart(further) {
      await current.stop()
      current = await startBinary({ args, env: { ...env, ...further }, folder })
    },
    async [Symbol.asyncDispose]() {
      await current.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}
