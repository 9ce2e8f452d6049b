/** Files of backups on disk. */
import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { yieldToEventLoop } from '../../lib/event-loop'
import { HOUR } from '../../lib/milliseconds'
import { syncFolderOf } from '../data-folder'

export interface Written {
  /** Bytes. */
  size: number
  sha256: string
}

/**
 * Writes a file completely and durably, readable by its owner only, or not at all. A file of that name is replaced.
 * @throws if it cannot be written
 */
export async function writeDurably(path: string, chunks: AsyncIterable<Uint8Array>): Promise<Written> {
  const unfinished = `${path}.unfinished`
  try {
    return await removing(unfinished, async () => {
      const written = await writeNew(unfinished, async (write) => {
        for await (const chunk of chunks) {
          write(chunk)
          // Signals are handled in between.
          await yieldToEventLoop()
        }
      })
      renameSync(unfinished, path)
      syncFolderOf(path)
      return written
    })
  } catch (error) {
    throw (error as { code?: string }).code === 'ENOSPC'
      ? new Error(`${path} cannot be written: the disk is full`)
      : error
  }
}

/** Creates a file and syncs it. After an error, the caller removes it. */
export async function writeNew(
  path: string,
  work: (write: (chunk: Uint8Array) => void) => Promise<unknown>,
): Promise<Written> {
  rmSync(path, { force: true })
  const file = openSync(path, 'wx', 0o600)
  const hash = createHash('sha256')
  let size = 0
  try {
    await work((chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
      hash.update(chunk)
      size += chunk.length
    })
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return { size, sha256: hash.digest('hex') }
}

/** Size and SHA-256 of what is read. */
export async function measure(chunks: AsyncIterable<Uint8Array>): Promise<Written> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest('hex') }
}

export const readFile = (path: string): ReadableStream<Uint8Array> => Bun.file(path).stream()

/**
 * Runs work in a new folder, closed to other users, which is removed afterwards, also if a signal ends this process.
 * @param parent an existing folder
 */
export async function withScratch<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(parent, `${scratchOf(process.pid)}${randomUUID()}`)
  return removing(folder, () => {
    mkdirSync(folder, { mode: 0o700 })
    return work(folder)
  })
}

/** Runs work, and removes what it leaves at a path, also if a signal ends this process. */
async function removing<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (temporary.size === 0) for (const signal of SIGNALS) process.on(signal, removeAndExit)
  temporary.add(path)
  try {
    return await work()
  } finally {
    rmSync(path, { recursive: true, force: true })
    temporary.delete(path)
    if (temporary.size === 0) for (const signal of SIGNALS) process.off(signal, removeAndExit)
  }
}

/** Files and folders of this process that are removed. */
const temporary = new Set<string>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** @param number of the signal, from which shells compute the exit status */
function removeAndExit(_: string, number: number): never {
  for (const path of temporary) rmSync(path, { recursive: true, force: true })
  process.exit(128 + number)
}

const SCRATCH = '.backup-'
const scratchOf = (pid: number) => `${SCRATCH}${pid}-`

/** No backup takes longer. */
const STALE_MS = 24 * HOUR

/** Removes what killed processes left behind. @param pid of one that has ended */
export function removeScratch(parent: string, now: number, pid?: number): void {
  if (!existsSync(parent)) return
  for (const name of readdirSync(parent).filter((each) => each.startsWith(SCRATCH))) {
    const path = join(parent, name)
    const isOf = pid !== undefined && name.startsWith(scratchOf(pid))
    if (isOf || now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > STALE_MS)
      rmSync(path, { recursive: true, force: true })
  }
}

/** What a data folder may contain before a restore: locks, and what a file system creates. */
const IGNORED = /^(.*\.lock(-journal)?|lost\+found|\.backup-.*)$/

/** @throws if the folder has anything in it, or the database exists */
export function requireEmptyFolder(folder: string, database: string): void {
  const found = readdirSync(folder).find((name) => !IGNORED.test(name))
  if (found !== undefined)
    throw new Error(
      `${folder} is not empty (it has ${found}); a backup is restored into a new data folder: --data-dir <folder>`,
    )
  if (existsSync(database)) throw new Error(`${database} exists; a backup is restored only where there is no database`)
}

/** Moves a new file to its name, durably. */
export function putInPlace(path: string, target: string): void {
  renameSync(path, target)
  syncFolderOf(target)
}
