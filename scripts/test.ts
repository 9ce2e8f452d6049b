/**
 * Everything that must be green: format, lint, types, unused code, the OpenAPI gates, the tests in-process, and those
 * against the executable, which is built in between. With `--static` it stops before the tests.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const AGAINST_THE_EXECUTABLE = ['binary', 'clients']
const IN_PROCESS = readdirSync(join(root, 'test')).filter(
  (folder) => folder !== 'support' && !AGAINST_THE_EXECUTABLE.includes(folder),
)

let passed = 0
let failed = 0

/** A program that is right or wrong as a whole. */
function check(name: string, command: string[]): void {
  const { status } = spawnSync(command[0] as string, command.slice(1), { cwd: root, stdio: 'inherit' })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}`)
  if (status === 0) passed += 1
  else failed += 1
}

/** Bun's test runner, which tells its counts on stderr. */
function tests(folders: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, ['test', ...folders.map((folder) => `./test/${folder}/`)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
  })
  const text = stderr.toString()
  process.stdout.write(text.replace(/^\(pass\).*\n/gm, ''))
  const count = (word: string) => Number(new RegExp(`^ (\\d+) ${word}$`, 'm').exec(text)?.[1] ?? 0)
  passed += count('pass')
  failed += Math.max(count('fail'), status === 0 ? 0 : 1)
}

const tool = (name: string) => join(root, 'node_modules/.bin', name)

check('format and lint', [tool('biome'), 'ci', '--error-on-warnings', '.'])
check('promises', [tool('oxlint'), '--type-aware', '--deny-warnings', 'src', 'scripts', 'migrations', 'test', 'bench'])
check('types', [tool('tsc'), '-p', '.'])
check('unused code', [tool('knip')])
check('openapi:check', [process.execPath, 'scripts/openapi.ts', 'check'])
check('openapi:coverage', [process.execPath, 'scripts/openapi.ts', 'coverage'])
if (!process.argv.includes('--static')) {
  tests(IN_PROCESS)
  check('build', [process.execPath, 'scripts/build.ts'])
  tests(AGAINST_THE_EXECUTABLE)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
