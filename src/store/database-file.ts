/** Whether the files that SQLite has open are still those at their paths. It would not notice by itself. */
import { realpathSync, statSync } from 'node:fs'

/** `log_gone`: the database is there, but its write-ahead log or the index of that is not the one in use. */
export type Place = 'same' | 'moved' | 'log_gone'

export interface DatabaseFile {
  look(): Place
  /** Size of the write-ahead log on disk. */
  logBytes(): number
}

/** @param path of a database that was opened and read just now */
export function databaseFile(path: string): DatabaseFile {
  const real = realpathSync(path)
  const log = `${real}-wal`
  const watched = [path, log, `${real}-shm`].map((each) => ({ each, opened: identityOf(each) }))
  // A file system without a write-ahead log has neither of the other two.
  const isSame = ({ each, opened }: (typeof watched)[number]) => opened === undefined || identityOf(each) === opened
  return {
    look() {
      const [main, ...besides] = watched.map(isSame)
      if (!main) return 'moved'
      return besides.every(Boolean) ? 'same' : 'log_gone'
    },
    logBytes: () => Number(statSync(log, { throwIfNoEntry: false })?.size ?? 0),
  }
}

/** Device and inode: what tells two files apart, whatever they are called. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
