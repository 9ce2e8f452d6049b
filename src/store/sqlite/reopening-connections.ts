/** The current connections, reopened if the files under them changed or after an error that may persist in them. */
import type { Database } from 'bun:sqlite'
import { Unavailable } from '../../lib/unavailable'
import { type Connections, connect, LOG_LIMIT_BYTES, openDatabase } from './connections'
import { unavailableFor } from './errors'
import { type FileIdentity, fileIdentity } from './file-identity'
import type { Health } from './health'

/** Minimum time between two attempts to reopen the file. */
const REOPEN_MS = 1000

/** SQLite's default: pages in the log after which a commit checkpoints. */
const CHECKPOINT_PAGES = 1000

/** Minimum time between attempts to empty the log while a reader blocks it. */
const MAX_CUT_WAIT_MS = 10_000

export interface ReopeningConnections {
  /** @throws {Unavailable} while there are none */
  use(): Connections
  /** Checks the files. @throws {Unavailable} if the open files must not be written */
  maintain(): void
  /** Empties a log that a reader kept from being reused, or whose space is needed. */
  truncateLog(): void
  logBytes(): number
  /** Whether an error says that another process has locked the database. */
  isLocked(error: unknown): boolean
  close(): void
}

/** @param writer a migrated database, closed with the others */
export function reopeningConnections(writer: Database, health: Health): ReopeningConnections {
  const path = writer.filename
  let connections: Connections | undefined = connect(writer)
  let file = identityOf(connections)
  let reopenedAt = -REOPEN_MS
  let isClosed = false
  let cutAt = 0
  let cutWaitMs = 1000

  const use = () => {
    if (connections) return connections
    throw isClosed ? new Error('the database is closed') : new Unavailable('file_unreachable')
  }

  /** @throws if the file cannot be opened; the existing connections remain in use */
  function reopen(): void {
    reopenedAt = performance.now()
    const fresh = connect(openDatabase(path, { create: false, busyMs: 0 }))
    connections?.close()
    connections = fresh
    file = identityOf(fresh)
  }

  /** SQLite looks the companion files up by name again only when there is no connection left. */
  function reopenFromNone(): void {
    connections?.close()
    connections = undefined
    reopen()
  }

  function identityOf({ reader }: Connections): FileIdentity {
    // The first read creates the log.
    reader.query('PRAGMA schema_version').get()
    return fileIdentity(path)
  }

  /** The log in use was unlinked and would be lost with this process: its content is moved into the database. */
  function checkpointUnlinkedLog(): void {
    const { view, writer: connection } = use()
    view.close()
    const { busy } = connection.query('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
    if (busy !== 0) throw new Unavailable('file_moved')
  }

  return {
    use,
    maintain() {
      if (isClosed) return
      const place = file.look()
      if (place === 'unreachable') throw new Unavailable('file_unreachable')
      const isTimeToReopen = performance.now() - reopenedAt >= REOPEN_MS
      if (place === 'moved' || (place === 'log_gone' && !isTimeToReopen)) throw new Unavailable('file_moved')
      if (place === 'log_gone') {
        health.recordFailure(new Unavailable('file_moved'))
        if (connections) checkpointUnlinkedLog()
        reopenFromNone()
      } else if (isTimeToReopen && (health.takeReopenRequest() || !connections)) reopen()
    },
    truncateLog() {
      if (!connections || performance.now() < cutAt) return
      const isLong = file.logBytes() > LOG_LIMIT_BYTES || health.lacksSpace()
      const { view, writer: connection } = connections
      // A retry at each commit would read the whole log each time.
      connection.run(`PRAGMA wal_autocheckpoint = ${isLong ? 0 : CHECKPOINT_PAGES}`)
      if (!isLong) return
      view.close()
      const { busy } = connection.query('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
      cutWaitMs = busy === 0 ? 1000 : Math.min(MAX_CUT_WAIT_MS, cutWaitMs * 2)
      cutAt = performance.now() + cutWaitMs
    },
    logBytes: () => file.logBytes(),
    isLocked: (error) => unavailableFor(error, path)?.kind === 'locked',
    close() {
      isClosed = true
      connections?.close()
      connections = undefined
    },
  }
}

/** Makes something of the current connections, again only when these are new ones. */
export function perConnection<T>({ use }: ReopeningConnections, make: (current: Connections) => T): () => T {
  let made: { of: Connections; value: T } | undefined
  return () => {
    const current = use()
    if (made?.of !== current) made = { of: current, value: make(current) }
    return made.value
  }
}
