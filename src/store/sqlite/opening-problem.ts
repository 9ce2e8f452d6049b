/**
 * Why a file cannot be opened as a database, as a message for the operator. SQLite uses the same message for most
 * causes.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, unavailableFor } from './errors'

/** @param path of a database, or of the lock file next to it */
export function openingProblem(path: string, error: unknown): string {
  const code = codeOf(error)
  if (code === '') return (error as Error).message
  if (code === 'SQLITE_NOTADB') return 'it is not a SQLite database, or its first page is damaged'
  if (code.startsWith('SQLITE_CORRUPT')) return 'it is damaged; restore a backup of it'
  if (unavailableFor(error, path)?.kind === 'disk_full') return 'the disk is full'
  if (code.startsWith('SQLITE_BUSY')) return 'another process holds its lock'
  return placeProblem(path) ?? (error as Error).message
}

function placeProblem(path: string): string | undefined {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return 'it is a folder, not a file'
    const folder = dirname(path)
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return `there is no folder ${folder}`
    accessSync(folder, constants.W_OK | constants.X_OK)
    if (statSync(path, { throwIfNoEntry: false })) accessSync(path, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EROFS') return 'its file system is read-only'
    if (code === 'EACCES' || code === 'EPERM')
      return 'this user may not write it; SQLite also has to create files beside it, in the same folder'
    return message
  }
}
