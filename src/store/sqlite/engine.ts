/**
 * The engine on SQLite. Concurrent writes share one commit, and so one wait for the disk: `BEGIN IMMEDIATE`, a
 * savepoint for each, `COMMIT`. An operation that throws is rolled back alone; a commit that fails fails its whole
 * batch. Nothing waits inside SQLite: a lock of another process is retried later, and requests are served in the
 * meantime.
 */
import type { Database } from 'bun:sqlite'
import { yieldToEventLoop } from '../../lib/event-loop'
import { Unavailable } from '../../lib/unavailable'
import {
  Conflict,
  type DatabaseProblem,
  type Engine,
  type EngineOptions,
  MAX_RERUNS,
  type StoreEvent,
  type Tx,
} from '../engine'
import { ignoreErrors } from './connections'
import { healthOf } from './health'
import { quickCheckByTable, readRoots } from './integrity'
import { reopeningConnections } from './reopening-connections'
import { sizeOf, spaceOf } from './space'

/** Larger batches would block the event loop too long. */
const MAX_BATCH = 256

/** How long an operation waits for another process's lock. */
const LOCK_WAIT_MS = 5000
/** How long the readiness probe waits for a lock; its callers have short timeouts. */
const PROBE_LOCK_WAIT_MS = 500
const RETRY_MS = 20

/** How often the files are checked, also without requests. */
const MAINTENANCE_MS = 1000
/** How often a damaged database is read in full, to find out whether it was repaired. */
const RECHECK_MS = 30_000

interface Job {
  operation(tx: Tx): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
  /** Deadline of the wait for a lock. */
  deadline: number
}

/** @param writer a migrated database, owned by the engine from then on */
export function sqliteEngine(
  writer: Database,
  { tokensOf, journal, onEvent, onDatabaseProblem = () => {}, runsWritesTwice = false }: EngineOptions,
): Engine {
  const health = healthOf(writer.filename, onDatabaseProblem)
  const connections = reopeningConnections(writer, health)
  /** Events of the running operation. */
  let pendingEvents: StoreEvent[] = []
  let committedEvents: StoreEvent[] = []

  const reading = perConnection((): Tx => {
    const { reading: queries } = connections.use()
    return { ...queries, tokens: tokensOf(queries), emit() {} }
  })
  const writing = perConnection((): Tx => {
    const { writing: queries } = connections.use()
    return { ...queries, tokens: tokensOf(queries), emit: (event) => pendingEvents.push(event) }
  })
  /** Invoked again for new connections only. */
  function perConnection<T>(make: () => T): () => T {
    let made: { of: object; value: T } | undefined
    return () => {
      const of = connections.use()
      if (made?.of !== of) made = { of, value: make() }
      return made.value
    }
  }

  let waiting: Job[] = []
  let draining: Promise<void> | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // Writes that arrive in the same turn of the event loop join the batch.
      await yieldToEventLoop()
      const refused = begin()
      if (!refused) await commit(waiting.splice(0, MAX_BATCH))
      else if (isLock(refused.error)) {
        rejectExpired(refused.error)
        await retryDelay()
      } else rejectAll(waiting.splice(0), health.recordFailure(refused.error))
    }
    draining = undefined
  }

  /** @returns why no transaction could be started */
  function begin(): { error: unknown } | undefined {
    try {
      connections.maintain()
      connections.use().run('BEGIN IMMEDIATE')
      return undefined
    } catch (error) {
      ignoreErrors(rollBack)
      return { error }
    }
  }

  const isLock = (error: unknown) => connections.unavailable(error)?.kind === 'locked'

  /** Refuses operations that have waited too long for a lock. */
  function rejectExpired(error: unknown): void {
    const now = performance.now()
    const late = waiting.filter(({ deadline }) => deadline <= now)
    if (late.length === 0) return
    waiting = waiting.filter(({ deadline }) => deadline > now)
    rejectAll(late, health.recordFailure(error))
  }

  async function commit(batch: Job[]): Promise<void> {
    const answers: (() => void)[] = []
    let hasFailed = false
    try {
      for (const job of batch) {
        const answer = await attempt(job)
        hasFailed ||= answer.isRefused
        answers.push(answer.settle)
      }
      // New reads see this commit, and the write-ahead log can be truncated.
      connections.use().view.close()
      connections.use().run('COMMIT')
    } catch (error) {
      ignoreErrors(rollBack)
      journal?.undoTo(0)
      rejectAll(batch, health.recordFailure(error))
      return
    }
    journal?.keep()
    if (!hasFailed) health.recordCommit()
    for (const answer of answers) answer()
    emitCommitted()
  }

  function rejectAll(jobs: Job[], error: unknown): void {
    for (const job of jobs) job.reject(error)
  }

  /** Listeners cannot block the writes; they report their own failures. */
  function emitCommitted(): void {
    const events = committedEvents
    committedEvents = []
    for (const event of events) ignoreErrors(() => onEvent(event))
  }

  /** SQLite has often rolled back by itself; if even this fails, there is nothing left to undo. */
  function rollBack(): void {
    const { writer: connection } = connections.use()
    if (connection.inTransaction) connection.run('ROLLBACK')
  }

  /** Runs one operation inside the open transaction. @returns how to settle it once the commit is on disk */
  async function attempt(job: Job): Promise<{ settle(): void; isRefused: boolean }> {
    const { run } = connections.use()
    for (let reruns = 0; ; reruns++) {
      run('SAVEPOINT job')
      const mark = journal?.mark() ?? 0
      pendingEvents = []
      try {
        const value = await job.operation(writing())
        if (runsWritesTwice && reruns === 0) throw new Conflict()
        run('RELEASE job')
        const events = pendingEvents
        return {
          isRefused: false,
          settle() {
            job.resolve(value)
            committedEvents.push(...events)
          },
        }
      } catch (error) {
        journal?.undoTo(mark)
        undoJob(error)
        if (error instanceof Conflict && reruns < MAX_RERUNS) continue
        const refusal = health.recordFailure(error)
        return { isRefused: refusal instanceof Unavailable, settle: () => job.reject(refusal) }
      }
    }
  }

  /** @throws the error of the job if it aborted the whole transaction, so that the original error is reported */
  function undoJob(error: unknown): void {
    const { run } = connections.use()
    try {
      run('ROLLBACK TO job')
      run('RELEASE job')
    } catch {
      throw error
    }
  }

  const write = <T>(operation: (tx: Tx) => Promise<T>, lockWaitMs = LOCK_WAIT_MS) =>
    new Promise<T>((resolve, reject) => {
      const deadline = performance.now() + lockWaitMs
      waiting.push({ operation, resolve: resolve as (value: unknown) => void, reject, deadline })
      draining ??= drain()
    })

  async function read<T>(operation: (tx: Tx) => Promise<T>, lockWaitMs = LOCK_WAIT_MS): Promise<T> {
    const since = performance.now()
    for (;;) {
      try {
        return await operation(reading())
      } catch (error) {
        if (!isLock(error) || performance.now() - since > lockWaitMs) throw health.recordFailure(error)
      }
      await retryDelay()
    }
  }

  async function examine(probe: (tx: Tx) => Promise<void>): Promise<DatabaseProblem | undefined> {
    try {
      await write(probe, PROBE_LOCK_WAIT_MS)
      await read(async () => {
        const { view, reader } = connections.use()
        view.open()
        readRoots(reader)
      }, PROBE_LOCK_WAIT_MS)
    } catch (error) {
      if (!health.condition()) throw error
    }
    if (health.isDamaged()) await recheck()
    return health.condition()
  }

  let recheckedAt = performance.now()
  /** Damage is cleared only when the whole file was checked; on a damaged file, speed does not matter. */
  async function recheck(): Promise<void> {
    if (performance.now() - recheckedAt < RECHECK_MS) return
    recheckedAt = performance.now()
    try {
      for (const problems of quickCheckByTable(connections.use().reader)) {
        if (problems.length > 0) return
        await yieldToEventLoop()
      }
      health.markIntact()
    } catch (error) {
      health.recordFailure(error)
    }
  }

  const maintenanceTimer = setInterval(() => {
    try {
      connections.maintain()
      connections.truncateLog()
    } catch (error) {
      if (!isLock(error)) health.recordFailure(error)
    }
  }, MAINTENANCE_MS)
  maintenanceTimer.unref()

  return {
    read,
    write,
    guarded: write,
    examine,
    connections: () => undefined,
    space: () => spaceOf(writer.filename, connections.logBytes()),
    size: () => sizeOf(writer.filename),
    async close() {
      clearInterval(maintenanceTimer)
      await draining
      connections.close()
    },
  }
}

const retryDelay = () => new Promise((resolve) => setTimeout(resolve, RETRY_MS))
