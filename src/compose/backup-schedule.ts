/** Makes backups while the server runs: in a process of their own, so that requests do not wait for them. */
import type { Destination } from '../adapters/backup/destinations'
import type { Settings } from '../config'
import type { Clock } from '../core/kernel/ports'
import type { BackupStatus } from '../core/kernel/server-state'
import type { Log } from '../http/log'
import { MINUTE } from '../lib/milliseconds'
import { every } from '../lib/timers'
import type { Store } from '../store'
import { destinationOf, encryptionOf } from './backup-settings'

/** How often it looks whether a backup is due. */
const LOOK_EVERY_MS = MINUTE
/** How long it waits after a failure, at most. */
const RETRY_MS = 15 * MINUTE

/** One run of `latchkey backup now`. @returns its name and size @throws with the message of the command */
export interface BackupProcess {
  done(): Promise<{ name: string; bytes: number }>
  /** Ends it, and removes what it leaves behind. */
  stop(): Promise<void>
}

export interface ScheduleOptions {
  settings: Settings
  log: Log
  clock: Clock
  store: Pick<Store, 'shared'>
  start(): BackupProcess
}

export interface BackupSchedule {
  status(): BackupStatus
  stop(): Promise<void>
}

/** @returns undefined if no place for backups is set @throws if a recipient is invalid */
export function backupSchedule(options: ScheduleOptions): BackupSchedule | undefined {
  const destination = destinationOf(options.settings)
  if (!destination) return undefined
  encryptionOf(options.settings)
  return schedule({ ...options, destination })
}

function schedule({ settings, log, clock, store, start, destination }: ScheduleOptions & { destination: Destination }) {
  const { everyMs } = settings.backup
  const retryMs = Math.min(everyMs, RETRY_MS)
  const status: BackupStatus = { lastGoodAt: undefined, lastError: undefined }
  let running: BackupProcess | undefined
  let isStopped = false
  let failedAt: number | undefined

  /** Servers on one database take turns. */
  const turns = store.shared
    ?.budgets(clock.now)
    .window({ name: 'backup', limit: 1, windowMs: retryMs - MINUTE / 2, maxKeys: 1 })

  async function look(): Promise<void> {
    if (failedAt !== undefined && clock.now() - failedAt < retryMs) return
    const [newest] = await destination.list()
    if (newest) status.lastGoodAt = Math.max(newest.createdAt, status.lastGoodAt ?? 0)
    const isDue = status.lastGoodAt === undefined || clock.now() - status.lastGoodAt >= everyMs
    if (!isDue || isStopped) return
    if (((await turns?.take('all'))?.waitMs ?? 0) > 0 || isStopped) return
    const startedAt = clock.now()
    running = start()
    const { name, bytes } = await running.done()
    Object.assign(status, { lastGoodAt: startedAt, lastError: undefined })
    failedAt = undefined
    log.info('made and verified a backup', { name, bytes, to: destination.shown, ms: clock.now() - startedAt })
  }

  let round: Promise<void> | undefined
  const lookOnce = () => {
    round ??= look()
      .catch((error: unknown) => {
        if (isStopped) return
        failedAt = clock.now()
        status.lastError = (error as Error).message
        log.error('the backup failed', { error: status.lastError })
      })
      .finally(() => {
        running = undefined
        round = undefined
      })
  }
  lookOnce()
  const timer = every(Math.min(LOOK_EVERY_MS, everyMs), lookOnce)
  return {
    status: () => status,
    async stop() {
      isStopped = true
      clearInterval(timer)
      await running?.stop()
      await round
    },
  }
}
