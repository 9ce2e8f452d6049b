/** Prevents a second server on the same data folder or database file, whatever its path. */
import { Database } from 'bun:sqlite'
import { existsSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { codeOf } from './errors'
import { openingProblem } from './opening-problem'

/** Commands such as `latchkey role grant` open the database for a moment. */
const COMMANDS_MS = 5000

/**
 * Locks the folder and the database until this process ends.
 * @throws if another process holds one of them, or if they cannot be locked
 */
export function lockData(folder: string, database: string): void {
  lock(join(folder, 'latchkey.lock'), folder)
  lock(`${canonical(database)}.lock`, database)
  requireOneName(database)
}

/** The path without symbolic links, also for a file that does not exist yet. */
function canonical(path: string): string {
  const folder = realFolder(dirname(resolve(path)))
  const inFolder = join(folder, basename(path))
  return lstatSync(inFolder, { throwIfNoEntry: false })?.isSymbolicLink()
    ? canonical(resolve(folder, readlinkSync(inFolder)))
    : inFolder
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

/** @param path path of the lock file @param name of the locked thing, for the error message */
function lock(path: string, name: string): void {
  const held = openLock(path)
  try {
    held.run('PRAGMA busy_timeout = 0')
    held.run('BEGIN EXCLUSIVE')
  } catch (error) {
    held.close()
    throw codeOf(error).startsWith('SQLITE_BUSY') ? inUse(name) : cannotLock(path, error)
  }
  keep(held)
}

const inUse = (name: string) =>
  new Error(`another process is using ${name}; stop it first, or set AUTH_DATA_DIR to another folder`)

const cannotLock = (path: string, error: unknown) =>
  new Error(`${path} cannot be written: ${openingProblem(path, error)}`)

function openLock(path: string): Database {
  try {
    return new Database(path, { create: true })
  } catch (error) {
    throw cannotLock(path, error)
  }
}

/** Whether a server or another command that excludes servers runs on the folder. Creates no file. */
export function isLocked(folder: string): boolean {
  const path = join(folder, 'latchkey.lock')
  if (!existsSync(path)) return false
  const look = new Database(path, { readonly: true })
  try {
    look.run('PRAGMA busy_timeout = 0')
    look.query('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    return codeOf(error).startsWith('SQLITE_BUSY')
  } finally {
    look.close()
  }
}

/** Reachable from the global object, because garbage collection would close it and release the lock. */
function keep(held: Database): void {
  Object.assign(globalThis, { [Symbol(`lock of ${held.filename}`)]: held })
}

/**
 * A file with several hard links has another lock and another write-ahead log under each name. It is refused while any
 * process has it open.
 */
function requireOneName(database: string): void {
  const file = statSync(database, { throwIfNoEntry: false })
  if (!file?.isFile() || file.nlink < 2) return
  const db = new Database(database, { readwrite: true })
  try {
    db.run(`PRAGMA busy_timeout = ${COMMANDS_MS}`)
    db.run('PRAGMA locking_mode = EXCLUSIVE')
    db.run('BEGIN EXCLUSIVE')
    db.run('COMMIT')
  } catch (error) {
    if (codeOf(error).startsWith('SQLITE_BUSY'))
      throw new Error(
        `another process is using ${database}, or the same file under another name (it has several hard links); stop it first`,
      )
    throw new Error(`${database} cannot be opened as a database: ${openingProblem(database, error)}`)
  } finally {
    db.close()
  }
}
