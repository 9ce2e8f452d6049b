/** Logs database problems: once, then at intervals, and once more when the database has recovered. */
import type { Log } from '../http/log'
import { MINUTE } from '../lib/milliseconds'
import { Unavailable } from '../lib/unavailable'
import type { DatabaseProblem } from '../store'

/** A lasting problem is logged again after this time. */
const REPEAT_MS = MINUTE
/** An intermittent problem is logged at most this often in that time. */
const MAX_REPEATS = 5

const ADVICE: Record<DatabaseProblem['kind'], string> = {
  disk_full: 'free some space on its disk; a restart is not needed',
  read_only: 'make the file and its folder writable for this user; a restart is not needed',
  locked: 'stop the process that holds the lock, such as a backup tool or a database shell; no restart is needed',
  file_moved:
    'nothing is written until the same file, its -wal and its -shm are back in place; to use another file instead, restart the server',
  file_unreachable: 'check that the file and its folder exist and can be read and written; a restart is not needed',
  disk_failing: 'check the disk and the system log; a restart is not needed',
  out_of_memory: 'give the process more memory',
  unreachable: 'check that Postgres runs and that this machine reaches it; a restart is not needed',
  login_refused: 'check the user and the password in AUTH_DATABASE_URL',
  no_connection: 'raise AUTH_DB_MAX_CONNECTIONS and, for all servers together, max_connections of Postgres',
  too_slow: 'check the load, the disk and the locks of Postgres; a restart is not needed',
  conflicts: 'nothing, if it is rare: the client may retry',
  outcome_unknown: 'nothing: the client finds out',
  clock_differs: 'synchronize both clocks by NTP; a restart is not needed',
  damaged:
    'stop the server, then restore the last backup, or recover what is readable with the .recover command of sqlite3',
}

/** Where Postgres differs. */
const ADVICE_ON_POSTGRES: Partial<typeof ADVICE> = {
  read_only: 'connect to the primary, or make the database writable; a restart is not needed',
  out_of_memory: 'give Postgres more memory or fewer connections',
  disk_failing: 'check the disk and the log of Postgres; a restart is not needed',
  damaged: 'restore what is missing from a backup; a restart is not needed',
}

export interface ProblemLogOptions {
  log: Log
  /** As it is shown. */
  database: string
  isPostgres: boolean
  /** Milliseconds of a monotonic clock. */
  monotonic(): number
}

export function databaseProblemLog({ log, database, isPostgres, monotonic }: ProblemLogOptions) {
  const advice = isPostgres ? { ...ADVICE, ...ADVICE_ON_POSTGRES } : ADVICE
  /** Since the last time that everything worked: when each problem was logged, and how often it occurred since. */
  const ongoing = new Map<DatabaseProblem['kind'], { loggedAt: number; count: number }>()
  const logTimes = new Map<DatabaseProblem['kind'], number[]>()

  const mayLog = (kind: DatabaseProblem['kind'], now: number) => {
    const recent = (logTimes.get(kind) ?? []).filter((at) => now - at < REPEAT_MS)
    if (recent.length >= MAX_REPEATS) return false
    logTimes.set(kind, [...recent, now])
    return true
  }

  return (condition: DatabaseProblem | undefined): void => {
    if (!condition) {
      if (ongoing.size > 0) log.info('the database has recovered', { database })
      ongoing.clear()
      return
    }
    const { kind, reason, error } = condition
    const now = monotonic()
    const last = ongoing.get(kind)
    if (last) last.count += 1
    if ((last && now - last.loggedAt < REPEAT_MS) || !mayLog(kind, now)) return
    ongoing.set(kind, { loggedAt: now, count: 0 })
    log.error(reason, { kind, database, error, advice: advice[kind], failures: last?.count })
  }
}

/** For background work: problems that the condition log reports are not logged twice. */
export function unlessUnavailable(report: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Unavailable)) report(error)
  }
}
