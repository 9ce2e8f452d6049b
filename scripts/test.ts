/**
 * Everything that must be green, each part once: format, lint, types, unused code, generated documents, the tests
 * in-process, and those against the executable, which is built in between, and of the examples. With `--static` it stops before the tests.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { OFFLINE_VARIABLE, SLOW_VARIABLE } from '../test/support/examples'
import { createTemplate, ENGINE_VARIABLE, SERVER_VARIABLE } from '../test/support/postgres'
import { postgresPrograms, startPostgresServer } from '../test/support/postgres-server'

const root = join(import.meta.dir, '..')
const AGAINST_THE_EXECUTABLE = ['binary', 'clients']
const IN_PROCESS = readdirSync(join(root, 'test')).filter(
  (folder) => !['support', 'examples', ...AGAINST_THE_EXECUTABLE].includes(folder),
)

/**
 * Files run in as many processes as there are cores, in each one after the other. With a neighbour on the same core, a
 * test may take several times as long as alone. One that fails is run a second time, so that browsers, clocks and other
 * processes do not decide about a change; its first failure is printed, and its name again at the end.
 */
const OPTIONS = ['--no-isolate', '--timeout', '60000', '--retry', '1']

let passed = 0
let failed = 0
let skipped = 0
const repeated: string[] = []

/** Prints a part's result and how long it took. */
function report(name: string, isOk: boolean, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${isOk ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)`)
}

/** A program that passes or fails as a whole. */
function check(name: string, command: string[]): void {
  const startedAt = performance.now()
  const { status } = spawnSync(command[0] as string, command.slice(1), { cwd: root, stdio: 'inherit' })
  report(name, status === 0, startedAt)
  if (status === 0) passed += 1
  else failed += 1
}

/** Bun's test runner, which prints its counts on stderr. @param paths below `test/` */
function tests(name: string, paths: string[], env: Record<string, string>, processes = availableParallelism()): void {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      'test',
      `--parallel=${processes}`,
      ...OPTIONS,
      ...paths.map((path) => `./test/${path}${path.endsWith('.ts') ? '' : '/'}`),
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, ...env },
      maxBuffer: 256 * 1024 * 1024,
    },
  )
  const text = stderr.toString()
  process.stdout.write(text.replace(/^\(pass\).*\n/gm, ''))
  const count = (word: string) => Number(new RegExp(`^ (\\d+) ${word}$`, 'm').exec(text)?.[1] ?? 0)
  report(name, status === 0, startedAt)
  passed += count('pass')
  failed += Math.max(count('fail'), status === 0 ? 0 : 1)
  skipped += count('skip')
  for (const [, test = ''] of text.matchAll(/^\(pass\) (.*) \(attempt \d+\)/gm)) repeated.push(`${name}: ${test}`)
}

/** Those that say most about the store: all of `surfaces` would take eight minutes. */
const ON_POSTGRES = [
  ...['cross-surface', 'nul-characters'].map((name) => `surfaces/${name}.test.ts`),
  ...[
    'admin-limits',
    'admin-lookups',
    'admin-search',
    'admin-server',
    'admin-setup',
    'admin-user-access',
    'admin-users',
    'email-change',
    'factors',
    'oauth',
    'otp',
    'passkeys',
    'pkce',
    'recovery-codes',
    'sessions',
    'signup',
    'token-password',
    'token-refresh',
    'verify',
  ].map((name) => `surfaces/gotrue/${name}.test.ts`),
]

/** What the tests of the examples may install. @returns the environment that tells them */
function registry(): Record<string, string> {
  if (process.env[SLOW_VARIABLE] === undefined)
    console.log(`${SLOW_VARIABLE} is not set: examples that take over a minute to install are skipped`)
  const ping = spawnSync('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000'])
  if (ping.status === 0) return {}
  console.log('the npm registry does not answer: examples that are not installed yet are skipped')
  return { [OFFLINE_VARIABLE]: '1' }
}

/** Starts the Postgres that the tests share. @returns the environment in which they find it */
async function sharedPostgres(): Promise<{ env: Record<string, string> } & AsyncDisposable> {
  if (postgresPrograms === undefined) {
    console.log('no Postgres is installed (Debian: apt-get install postgresql): the tests on it are skipped')
    return { env: {}, async [Symbol.asyncDispose]() {} }
  }
  const server = await startPostgresServer()
  await createTemplate(server.url)
  return { env: { [SERVER_VARIABLE]: server.url }, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const tool = (name: string) => join(root, 'node_modules/.bin', name)

check('format and lint', [tool('biome'), 'ci', '--error-on-warnings', '.'])
check('promises', [tool('oxlint'), '--type-aware', '--deny-warnings', 'src', 'scripts', 'migrations', 'test', 'bench'])
check('types', [tool('tsc'), '-p', '.'])
check('unused code', [tool('knip')])
check('openapi:check', [process.execPath, 'scripts/openapi.ts', 'check'])
check('openapi:coverage', [process.execPath, 'scripts/openapi.ts', 'coverage'])
check('spelling', [process.execPath, 'node_modules/cspell/bin.mjs', '--no-progress', '--no-summary'])
check('generated documents', [process.execPath, 'scripts/docs.ts', 'check'])
if (!process.argv.includes('--static')) {
  await using postgres = await sharedPostgres()
  tests('tests in-process', IN_PROCESS, postgres.env)
  // The tests of the store run on each engine by themselves.
  if (postgresPrograms !== undefined)
    tests('surfaces on Postgres', ON_POSTGRES, { ...postgres.env, [ENGINE_VARIABLE]: 'postgres' })
  check('build', [process.execPath, 'scripts/build.ts'])
  tests('tests against the executable', AGAINST_THE_EXECUTABLE, postgres.env)
  // One after the other: installs and builds of frameworks take all cores.
  tests('examples', ['examples'], registry(), 1)
}
for (const test of repeated) console.log(`passed at the second attempt only: ${test}`)
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
