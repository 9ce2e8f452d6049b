/** The data folder, and the secrets that are created in it at first start. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { PUBLISHABLE_PREFIX, SECRET_PREFIX } from '../core/tokens/api-keys'

const FILE = 'secrets.json'

/** Secrets not given by a setting. All except `createdAt` are random. */
export interface Secrets {
  /** When they were generated, ISO 8601. */
  createdAt: string
  jwtSecret: string
  /** base64 of 32 bytes. */
  encryptionKey: string
  tokenPepper: string
  publishableKey: string
  secretKey: string
}

/** Creates the folder, closed to other users, if it is missing. @returns its absolute path */
export function openDataFolder(path: string): string {
  const folder = resolve(path)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`the data folder ${folder} cannot be created: ${(error as Error).message}`)
  }
  return folder
}

/** @throws if this user may not open files in the folder, which would look as if they were missing */
export function requireAccess(folder: string): void {
  try {
    accessSync(folder, constants.X_OK)
  } catch (error) {
    if ((error as { code?: string }).code === 'EACCES')
      throw new Error(`this user may not read ${folder}; run the command as the user that the server runs as`)
  }
}

/**
 * The secrets of the folder. Generated and written to disk if there are none.
 * @param database path of the database; an existing database without its secrets is not given new ones
 * @returns the secrets, and whether they were generated in this call
 * @throws if the file cannot be read or is not the one that was written
 */
export function ensureSecrets(
  folder: string,
  { database, random, now }: { database: string; random(bytes: number): Buffer; now: number },
): { secrets: Secrets; isNew: boolean } {
  const present = storedSecrets(folder, database)
  if (present) return { secrets: present, isNew: false }
  const path = join(folder, FILE)
  const made = generateSecrets({ random, now })
  const isNew = createDurably(path, secretsText(made), random(6).toString('hex'))
  return { secrets: readSecrets(path) ?? made, isNew }
}

export function generateSecrets({ random, now }: { random(bytes: number): Buffer; now: number }): Secrets {
  return {
    createdAt: new Date(now).toISOString(),
    jwtSecret: random(48).toString('base64url'),
    encryptionKey: random(32).toString('base64'),
    tokenPepper: random(48).toString('base64url'),
    publishableKey: PUBLISHABLE_PREFIX + random(24).toString('base64url'),
    secretKey: SECRET_PREFIX + random(32).toString('base64url'),
  }
}

/**
 * Puts the secrets of a server into a folder that it moves to.
 * @throws if the folder has those of another server
 */
export function putSecrets(folder: string, secrets: Secrets, suffix: string): void {
  requireNoOtherSecrets(folder, secrets)
  createDurably(join(folder, FILE), secretsText(secrets), suffix)
}

/** @throws if the folder has secrets, and not these */
export function requireNoOtherSecrets(folder: string, secrets: Secrets): void {
  const path = join(folder, FILE)
  const present = readSecrets(path)
  if (present && secretsText(present) !== secretsText(secrets))
    throw new Error(`${path} has the secrets of another server; choose a folder without one`)
}

/** The content of secrets.json. */
export const secretsText = ({ createdAt, jwtSecret, encryptionKey, tokenPepper, publishableKey, secretKey }: Secrets) =>
  `${JSON.stringify({ createdAt, jwtSecret, encryptionKey, tokenPepper, publishableKey, secretKey }, null, 2)}\n`

/**
 * The secrets of the folder; undefined before the first start.
 * @throws if the file cannot be read, is not the one that was written, or is missing although there is a database
 */
export function storedSecrets(folder: string, database: string): Secrets | undefined {
  const path = join(folder, FILE)
  const present = readSecrets(path)
  if (!present && existsSync(database))
    throw new Error(
      `${path} is missing, and the database ${database} cannot be read without it; restore it from a backup`,
    )
  return present
}

function readSecrets(path: string): Secrets | undefined {
  if (!existsSync(path)) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`)
  }
  return parseSecrets(text, path)
}

/** @param path for the error @throws if it is not the content of a secrets.json that was generated */
export function parseSecrets(text: string, path: string): Secrets {
  let found: Partial<Secrets> | null
  try {
    found = JSON.parse(text)
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`)
  }
  const isText = (value: unknown, length: number) => typeof value === 'string' && value.length >= length
  const isWhole =
    !Number.isNaN(Date.parse(String(found?.createdAt))) &&
    isText(found?.jwtSecret, 32) &&
    isText(found?.tokenPepper, 32) &&
    isText(found?.publishableKey, PUBLISHABLE_PREFIX.length + 22) &&
    isText(found?.secretKey, SECRET_PREFIX.length + 22) &&
    Buffer.from(String(found?.encryptionKey), 'base64').length === 32
  if (!isWhole) throw new Error(`${path} is not the file that was generated at first start; restore it from a backup`)
  return found as Secrets
}

/** Writes a new file completely and durably, or not at all. @returns false if another process created it first */
function createDurably(path: string, content: string, suffix: string): boolean {
  const aside = `${path}.${suffix}`
  try {
    const file = openSync(aside, 'wx', 0o600)
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    linkSync(aside, path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new Error(`${path} cannot be written: ${code === 'ENOSPC' ? 'the disk is full' : message}`)
  } finally {
    rmSync(aside, { force: true })
  }
  syncFolderOf(path)
  return true
}

/** Makes the name of a new file durable. */
export function syncFolderOf(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(join(path, '..'), 'r')
  fsyncSync(folder)
  closeSync(folder)
}
