/** Compiles the executable: everything embedded, nothing read from the folder it is started in. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const root = resolve(import.meta.dir, '..')

/** All headers of a request together; Bun answers 431 to more. */
export const MAX_HEADER_BYTES = 131_072

/**
 * @param outfile path of the executable
 * @param target a platform of Bun, such as `bun-linux-arm64-musl`; undefined for this one
 * @param publicKey minisign's, of the releases that `latchkey update` accepts
 */
export function build(outfile: string, target?: string, publicKey = process.env.LATCHKEY_UPDATE_PUBLIC_KEY): void {
  const { commit, seconds } = commitAndTime()
  const args = [
    'build',
    '--compile',
    // no --minify: Elysia reads the text of handlers to see what they use
    ...['--bytecode', '--format=esm', '--sourcemap'],
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
    ...['--define', `LATCHKEY_COMMIT=${JSON.stringify(commit)}`],
    ...['--define', `LATCHKEY_BUILT_AT=${seconds * 1000}`],
    ...['--define', 'process.env.NODE_ENV="production"'],
    ...(target ? ['--define', `LATCHKEY_TARGET=${JSON.stringify(target.replace('bun-', ''))}`] : []),
    ...(publicKey ? ['--define', `LATCHKEY_UPDATE_PUBLIC_KEY=${JSON.stringify(publicKey)}`] : []),
    // Bun.serve has no option for it; `npm run dev` names the same limit
    `--compile-exec-argv=--max-http-header-size=${MAX_HEADER_BYTES}`,
    ...(target ? [`--target=${target}`] : []),
    'src/main.ts',
    '--outfile',
    outfile,
  ]
  mkdirSync(dirname(resolve(root, outfile)), { recursive: true })
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root })
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`)
}

/** Short hash of the commit, and its time in Unix seconds; 0 if unknown. */
export function commitAndTime(): { commit: string; seconds: number } {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root }).stdout?.toString().trim()
  return {
    commit: git('describe', '--always', '--dirty', '--exclude', '*') || 'unknown',
    seconds: Number(git('log', '-1', '--format=%ct')) || 0,
  }
}

if (import.meta.main) {
  build('dist/latchkey')
  // Bun's console.error is red on a terminal, and this is no error
  process.stderr.write('latchkey: built dist/latchkey\n')
}
