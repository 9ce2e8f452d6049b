/** Tells the operator what is wrong with the database: once, then now and again, and that it works again. */
import type { Log } from '../http/log'
import { type Trouble, Unavailable } from '../lib/unavailable'
import type { Condition } from '../store'

/** The same trouble is told of again after this time, if it lasts. */
const AGAIN_MS = 60_000
/** Trouble that comes and goes is told of this often in that time. */
const MAX_TELLINGS = 5

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
  /** Since the last time that everything worked: when each was told of, and how often it was met since. */
  const lasting = new Map<Condition['trouble'], { toldAt: number; count: number }>()
  const tellings = new Map<Condition['trouble'], number[]>()

  const mayTell = (trouble: Condition['trouble'], now: number) => {
    const recent = (tellings.get(trouble) ?? []).filter((at) => now - at < AGAIN_MS)
    if (recent.length >= MAX_TELLINGS) return false
    tellings.set(trouble, [...recent, now])
    return true
  }

  return (condition: Condition | undefined): void => {
    if (!condition) {
      if (lasting.size > 0) log.info('the database works again', { database })
      lasting.clear()
      return
    }
    const { trouble, reason, error } = condition
    const now = monotonic()
    const last = lasting.get(trouble)
    if (last) last.count += 1
    if ((last && now - last.toldAt < AGAIN_MS) || !mayTell(trouble, now)) return
    lasting.set(trouble, { toldAt: now, count: 0 })
    log.error(reason, { trouble, database, error, advice: ADVICE[trouble], failures: last?.count })
  }
}

/** For work in the background: what the condition log tells of is not told twice. */
export function unlessUnavailable(report: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Unavailable)) report(error)
  }
}
