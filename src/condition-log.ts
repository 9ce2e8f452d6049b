/** Tells the operator what is wrong with the database: once, then now and again, and that it works again. */
import type { Log } from './http/log'
import { type Trouble, Unavailable } from './lib/unavailable'
import type { Condition } from './store'

/** The same trouble is told of again after this time, if it lasts. */
const AGAIN_MS = 60_000

const ADVICE: Record<Trouble | 'damaged', string> = {
  disk_full: 'free some space on its disk; a restart is not needed',
  read_only: 'make the file and its folder writable for this user; a restart is not needed',
  locked: 'end what holds the lock, such as a backup tool or a database shell; a restart is not needed',
  file_moved:
    'nothing is written until the same file, its -wal and its -shm are back in their place; to use another file instead, restart the server',
  file_unreachable: 'see that the file and its folder are there and may be read and written; a restart is not needed',
  disk_failing: 'look at the disk and at the log of the system; a restart is not needed',
  out_of_memory: 'give the process more memory',
  damaged:
    'stop the server, then restore the last backup, or save what can be read with the .recover command of sqlite3',
}

/** @param monotonic milliseconds of a clock that is never set back */
export function conditionLog({ log, database, monotonic }: { log: Log; database: string; monotonic(): number }) {
  const toldAt = new Map<Condition['trouble'], number>()
  const counts = new Map<Condition['trouble'], number>()
  return (condition: Condition | undefined): void => {
    if (!condition) {
      if (toldAt.size > 0) log.info('the database works again', { database })
      toldAt.clear()
      counts.clear()
      return
    }
    const { trouble, reason, error } = condition
    const count = (counts.get(trouble) ?? 0) + 1
    counts.set(trouble, count)
    const last = toldAt.get(trouble)
    if (last !== undefined && monotonic() - last < AGAIN_MS) return
    toldAt.set(trouble, monotonic())
    counts.set(trouble, 0)
    const unsaid = last === undefined ? undefined : count
    log.error(reason, { trouble, database, error, advice: ADVICE[trouble], failures: unsaid })
  }
}

/** For work in the background: what the condition log tells of is not told twice. */
export function unlessUnavailable(report: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Unavailable)) report(error)
  }
}
