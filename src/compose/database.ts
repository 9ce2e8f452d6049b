/** Opens the database of the server. */
import type { Settings } from '../config'
import type { Clock } from '../core/kernel/ports'
import type { Log } from '../http/log'
import { isPostgresUrl } from '../lib/postgres-url'
import { type EventsOf, openStore, type Store } from '../store'
import type { StoreEvent } from '../store/engine'
import { VERSION_KEY } from '../store/meta-keys'
import { version } from '../version'
import { databaseProblemLog } from './database-problem-log'
import { databaseTarget, shownDatabase } from './keys'

export interface DatabaseOptions {
  settings: Settings
  /** The data folder. */
  folder: string
  log: Log
  clock: Clock
  onEvent(event: StoreEvent): void
  /** The events that are queued with each change of an account. */
  eventsOf: EventsOf | undefined
}

export function openDatabase({ settings, folder, log, clock, onEvent, eventsOf }: DatabaseOptions): Promise<Store> {
  const target = databaseTarget(settings, folder)
  const database = shownDatabase(target)
  const isPostgres = isPostgresUrl(target)
  return openStore(target, clock.now(), {
    isServed: true,
    version,
    onWarning: (message) => log.warn(message, { database }),
    maxConnections: settings.database.maxConnections,
    isolation: settings.database.isolation,
    onDatabaseProblem: databaseProblemLog({ log, database, isPostgres, monotonic: clock.monotonic }),
    verification: settings.mail.verificationBackend,
    onEvent,
    eventsOf,
  })
}

/** An older executable that opens this database can then name the version it needs. */
export async function recordVersion(store: Store): Promise<void> {
  if ((await store.getMeta(VERSION_KEY)) !== version) await store.putMeta({ key: VERSION_KEY, value: version })
}
