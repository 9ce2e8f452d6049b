/** Classifies SQLite errors: environmental, a damaged file, or a bug. */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type FailureKind, Unavailable } from '../../lib/unavailable'

/** Primary result codes (https://sqlite.org/rescode.html) of environmental errors. */
const KINDS: Record<string, FailureKind> = {
  SQLITE_BUSY: 'locked',
  SQLITE_LOCKED: 'locked',
  SQLITE_PROTOCOL: 'locked',
  SQLITE_FULL: 'disk_full',
  SQLITE_READONLY: 'read_only',
  SQLITE_PERM: 'read_only',
  SQLITE_CANTOPEN: 'file_unreachable',
  SQLITE_IOERR: 'disk_failing',
  SQLITE_INTERRUPT: 'disk_failing',
  SQLITE_NOMEM: 'out_of_memory',
}

/** With less free space, an I/O error is treated as a full disk. */
const NO_SPACE_BYTES = 64 * 1024

/** SQLite's extended result code. The query builder wraps some errors. */
export function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause instanceof Error ? codeOf(cause) : ''
}

const primary = (code: string) => /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? ''

/** Whether the file content is damaged. A missing table means that the file was emptied. */
export const isDamage = (error: unknown): boolean =>
  /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error)) || (error instanceof Error && /^no such table: /.test(error.message))

/** @param path of the database @returns undefined if the error is not environmental */
export function unavailableFor(error: unknown, path: string): Unavailable | undefined {
  if (error instanceof Unavailable) return error
  const code = codeOf(error)
  const kind = code === 'SQLITE_READONLY_DBMOVED' ? 'file_moved' : KINDS[primary(code)]
  if (!kind) return undefined
  const isFull = (kind === 'disk_failing' || kind === 'file_unreachable') && freeBytes(path) < NO_SPACE_BYTES
  return new Unavailable(isFull ? 'disk_full' : kind, error)
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  } catch {
    return Infinity
  }
}
