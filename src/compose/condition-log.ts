/** Logs database problems: once, then at intervals, and once more when the database works again. */
import type { Log } from '../http/log'
import { type Trouble, Unavailable } from '../lib/unavailable'
import type { Condition } from '../store'

/** A lasting problem is logged again after this time. */
const AGAIN_MS = 60_000
/** An intermittent problem is logged at most this often in that time. */
const MAX_TELLINGS = 5

const ADVICE: Record<Trouble | 'damaged', string> = {
  disk_full: 'free some space on its disk; a restart is not needed',
  read_only: 'make the file and its folder writable for this user; a restart is not needed',
  locked: 'end what holds the lock, such as a backup tool or a database shell; a restart is not needed',
  file_moved:
    'nothing is written until the same file, its -wal and its -shm are back in place; to use another file instead, restart the server',
  file_unreachable: 'check that the file and its folder exist and can be read and written; a restart is not needed',
  disk_failing: 'check the disk and the system log; a restart is not needed',
  out_of_memory: 'give the process more memory',
  damaged:
    'stop the server, then restore the last backup, or recover what is readable with the .recover command of sqlite3',
}

/** @param monotonic milliseconds of a monotonic clock */
export function conditionLog({ log, database, monotonic }: { log: Log; database: string; monotonic(): number }) {
  /** Since the last time that everything worked: when each problem was logged, and how often it occurred since. */
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

/** For background work: problems that the condition log reports are not logged twice. */
export function unlessUnavailable(report: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Unavailable)) report(error)
  }
}
