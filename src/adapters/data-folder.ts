/** The data folder: who may use it, and the secrets that are made at first start and kept in it. */
import { Database } from 'bun:sqlite'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PUBLISHABLE_PREFIX, SECRET_PREFIX } from '../core/tokens/api-keys'

const FILE = 'secrets.json'

/** Secrets that no setting gave. All but `createdAt` are random. */
export interface Secrets {
  /** When they were made, ISO 8601. */
  createdAt: string
  jwtSecret: string
  /** base64 of 32 bytes. */
  encryptionKey: string
  tokenPepper: string
  publishableKey: string
  secretKey: string
}

/** Makes the folder, closed to other users, where it is missing. @returns its absolute path */
export function openDataFolder(path: string): string {
  const folder = resolve(path)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`the data folder ${folder} cannot be made: ${(error as Error).message}`)
  }
  return folder
}

/**
 * Keeps others from the folder until this process ends, however it ends.
 * @throws where another process holds it
 */
export function lockDataFolder(folder: string): void {
  const lock = new Database(join(folder, 'latchkey.lock'), { create: true })
  lock.run('PRAGMA busy_timeout = 0')
  try {
    lock.run('BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new Error(`another process is using ${folder}; stop it first, or set AUTH_DATA_DIR to another folder`)
  }
  // Reachable from the global object, or the garbage collector would close it and give the lock away.
  Object.assign(globalThis, { [Symbol('data folder lock')]: lock })
}

/** The secrets of the folder, if it has any. @throws where they cannot be read */
function readSecrets(folder: string): Secrets | undefined {
  const path = join(folder, FILE)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Secrets
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`)
  }
}

/** The secrets of the folder, made and on disk where it had none. */
export function ensureSecrets(folder: string, random: (bytes: number) => Buffer, nowMs: number): Secrets {
  const present = readSecrets(folder)
  if (present) return present
  const made: Secrets = {
    createdAt: new Date(nowMs).toISOString(),
    jwtSecret: random(48).toString('base64url'),
    encryptionKey: random(32).toString('base64'),
    tokenPepper: random(48).toString('base64url'),
    publishableKey: PUBLISHABLE_PREFIX + random(24).toString('base64url'),
    secretKey: SECRET_PREFIX + random(32).toString('base64url'),
  }
  writeDurably(folder, FILE, `${JSON.stringify(made, null, 2)}\n`)
  return made
}

/** Written aside, on disk, then put in place: a crash leaves the old file or the new one. */
function writeDurably(folder: string, name: string, content: string): void {
  const path = join(folder, name)
  const aside = openSync(`${path}.new`, 'w', 0o600)
  writeSync(aside, content)
  fsyncSync(aside)
  closeSync(aside)
  renameSync(`${path}.new`, path)
  if (process.platform === 'win32') return
  const directory = openSync(folder, 'r')
  fsyncSync(directory)
  closeSync(directory)
}
