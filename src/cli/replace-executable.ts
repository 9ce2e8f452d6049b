/** Replaces an executable by another version, and goes back if that one does not work. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { MINUTE } from '../lib/milliseconds'
import { fail } from './exit-status'

interface Replacement {
  /** Path of the executable. */
  executable: string
  /** Its new content. */
  content: Uint8Array
  /** Version that the new one must report. */
  version: string
  /** Arguments for `latchkey check`: the settings of the server. */
  settings: readonly string[]
}

const TEST_TIMEOUT_MS = MINUTE

/**
 * The new one is tested beside the old one and again in its place. Whenever it fails, the old one is in place.
 *
 * @returns path of the old one, which is kept
 */
export function replaceExecutable({ executable, content, version, settings }: Replacement): string {
  const next = `${executable}.new`
  const previous = `${executable}.previous`
  create(next)
  try {
    write(next, content, statSync(executable).mode)
    const before = selfTest(next, version, settings)
    if (before !== undefined) fail(`the new version does not work here, and nothing was replaced: ${before}`)
    keep(executable, previous)
    renameSync(next, executable)
  } finally {
    rmSync(next, { force: true })
  }
  const after = selfTest(executable, version, settings)
  if (after === undefined) return previous
  goBack(executable, previous)
  return fail(`the new version does not work in its place, so the old one is back: ${after}`)
}

/** Puts the kept executable back. */
function goBack(executable: string, previous: string): void {
  if (process.platform === 'win32') renameSync(executable, `${executable}.failed`)
  renameSync(previous, executable)
}

/** Only one update at a time has this file. */
function create(path: string): void {
  try {
    writeFileSync(path, '', { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const advice = existsSync(path)
      ? 'another update is running; if none is, delete this file'
      : 'run this as the owner of the executable'
    fail(`${path} cannot be created: ${(error as Error).message}; ${advice}`)
  }
}

/** It cannot be run before it is complete. */
function write(path: string, content: Uint8Array, mode: number): void {
  try {
    writeFileSync(path, content, { flush: true })
    chmodSync(path, mode)
  } catch (error) {
    fail(`${path} cannot be written: ${(error as Error).message}`)
  }
}

/** Windows renames a running program, and replaces none; elsewhere its path never misses a file. */
function keep(executable: string, previous: string): void {
  rmSync(previous, { force: true })
  if (process.platform === 'win32') renameSync(executable, previous)
  else linkSync(executable, previous)
}

/** `latchkey version` and `latchkey check`. @returns what is wrong; undefined if it works */
function selfTest(path: string, version: string, settings: readonly string[]): string | undefined {
  const shown = run(path, ['version', '--json'])
  if (shown.problem !== undefined) return `${basename(path)} version: ${shown.problem}`
  if (versionIn(shown.output) !== version) return `${basename(path)} does not report version ${version}`
  const checked = run(path, ['check', ...settings])
  return checked.problem === undefined ? undefined : `${basename(path)} check: ${checked.problem}`
}

function versionIn(output: string): unknown {
  try {
    return JSON.parse(output).version
  } catch {
    return undefined
  }
}

function run(path: string, args: readonly string[]): { output: string; problem?: string } {
  try {
    const { exitCode, signalCode, stdout, stderr } = Bun.spawnSync([path, ...args], {
      stdin: 'ignore',
      timeout: TEST_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    const output = stdout.toString()
    if (exitCode === 0) return { output }
    const ending = signalCode ? `it was ended by ${signalCode}` : `exit status ${exitCode}`
    return { output, problem: [ending, output.trim(), stderr.toString().trim()].filter(Boolean).join('\n') }
  } catch (error) {
    return { output: '', problem: (error as Error).message }
  }
}

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Why another program has to replace the executable; undefined if none does. @param dpkgList files of the package */
export function otherInstaller(executable: string, dpkgList = '/var/lib/dpkg/info/latchkey.list'): string | undefined {
  if (/[\\/]node_modules[\\/]/.test(executable)) return 'npm installed this executable; update it with npm'
  if (existsSync(dpkgList) && readFileSync(dpkgList, 'utf8').split('\n').includes(executable))
    return 'a Debian package installed this executable; install the new .deb'
  return undefined
}
