/** Whether the files that SQLite has open are still those at their paths. SQLite would not notice. */
import { realpathSync, statSync } from 'node:fs'

/**
 * `log_gone`: the database file exists, but its write-ahead log or the index of the log is not the one in use.
 * `unreachable`: this user no longer has permission to search the folder.
 */
export type FileState = 'same' | 'moved' | 'log_gone' | 'unreachable'

export interface FileIdentity {
  look(): FileState
  /** Size of the write-ahead log on disk. */
  logBytes(): number
}

/** @param path of a database that was just opened and read */
export function fileIdentity(path: string): FileIdentity {
  const real = realpathSync(path)
  const log = `${real}-wal`
  const watched = [path, log, `${real}-shm`].map((each) => ({ each, opened: identityOf(each) }))
  // A file system without support for write-ahead logs has neither of the other two files.
  const isSame = ({ each, opened }: (typeof watched)[number]) => opened === undefined || identityOf(each) === opened
  return {
    look() {
      try {
        const [main, ...besides] = watched.map(isSame)
        if (!main) return 'moved'
        return besides.every(Boolean) ? 'same' : 'log_gone'
      } catch {
        return 'unreachable'
      }
    },
    logBytes() {
      try {
        return statSync(log, { throwIfNoEntry: false })?.size ?? 0
      } catch {
        return 0
      }
    },
  }
}

const ABSENT = new Set<string | undefined>(['ENOENT', 'ENOTDIR', 'ELOOP'])

/**
 * Device and inode identify a file, whatever its name. Undefined if no file has the name.
 * @throws if it cannot be determined, for example without permission to search the folder
 */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code)) return undefined
    throw error
  }
}
