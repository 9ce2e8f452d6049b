// The one entry behind every npm script. It needs Node and npm alone: it fetches the pinned Bun from npm into `.bun/`,
// installs what bun.lock names, and hands the verb to Bun.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.replace('bun@', '')
const [verb, ...rest] = process.argv.slice(2)

const bun = findBun() ?? installBun()
installPackages()

const executable = join(root, 'dist', process.platform === 'win32' ? 'latchkey.exe' : 'latchkey')
const verbs = {
  start: async () => (await build()) || run(executable, ['serve', ...rest]),
  dev: () => run(bun, ['--max-http-header-size=131072', '--watch', 'src/main.ts', 'serve', ...rest]),
  build,
  release: () => run(bun, ['scripts/release.ts', ...rest]),
  test: () => run(bun, ['scripts/test.ts', ...rest]),
  check: () => run(bun, ['scripts/test.ts', '--static']),
  fix: () => run(bun, ['x', 'biome', 'check', '--write', '.']),
  docs: () => run(bun, ['scripts/docs.ts']),
  'openapi:check': () => run(bun, ['scripts/openapi.ts', 'check']),
  'openapi:coverage': () => run(bun, ['scripts/openapi.ts', 'coverage']),
  bench: async () => (await build()) || run(bun, ['bench/main.ts', ...rest]),
}
process.exit(await verbs[verb]())

function build() {
  return run(bun, ['scripts/build.ts'])
}

/**
 * Runs a program on this terminal and resolves to its exit status. Ctrl-C reaches it through the terminal's process
 * group, so SIGINT is only ignored here; SIGTERM is passed on. npm does not pass it on but just ends, so a change of
 * the parent process is treated as one.
 */
function run(program, args) {
  const path = `${dirname(bun)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } })
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

/** The pinned Bun of `.bun/`, if it is there and runs. Its package for this platform carries the binary itself. */
function findBun() {
  const scope = join(root, '.bun', version, 'node_modules', '@oven')
  if (!existsSync(scope)) return undefined
  const file = process.platform === 'win32' ? 'bun.exe' : 'bun'
  return readdirSync(scope)
    .map((name) => join(scope, name, 'bin', file))
    .find((path) => existsSync(path) && spawnSync(path, ['--version']).stdout?.toString().trim() === version)
}

function installBun() {
  const prefix = join(root, '.bun', version)
  mkdirSync(prefix, { recursive: true })
  console.error(`latchkey: installing Bun ${version} from npm`)
  const npm = spawnSync(
    'npm',
    [
      'install',
      '--prefix',
      prefix,
      '--no-save',
      '--no-package-lock',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `bun@${version}`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' },
  )
  const found = findBun()
  if (npm.status !== 0 || !found) {
    console.error(`latchkey: could not install Bun ${version} from npm; is the registry reachable?`)
    process.exit(1)
  }
  return found
}

/** `bun install` once for each state of the lock file. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'bun.lock')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('latchkey: installing packages')
  const { status } = spawnSync(bun, ['install', '--frozen-lockfile', '--silent'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(stamp, lock)
}
