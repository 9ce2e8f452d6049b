/**
 * Concurrent writes share one commit, and so one wait for the disk: `BEGIN IMMEDIATE`, a savepoint for each, `COMMIT`.
 * An operation that throws is rolled back alone; a commit that fails fails its whole batch.
 */
import { yieldToEventLoop } from '../../lib/event-loop'
import { Unavailable } from '../../lib/unavailable'
import { Conflict, type EngineOptions, MAX_RERUNS, type StoreEvent, type Tx } from '../engine'
import { ignoreErrors } from './connections'
import type { Health } from './health'
import { LOCK_WAIT_MS, retryDelay } from './lock-wait'
import { perConnection, type ReopeningConnections } from './reopening-connections'

/** Larger batches would block the event loop too long. */
const MAX_BATCH = 256

interface Job {
  operation(tx: Tx): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
  /** Deadline of the wait for a lock. */
  deadline: number
}

export interface WriteQueue {
  /**
   * Resolves once the operation is on disk.
   * @param lockWaitMs how long it waits for a lock of another process
   * @throws what the operation throws, {Unavailable} if the database fails
   */
  write<T>(operation: (tx: Tx) => Promise<T>, lockWaitMs?: number): Promise<T>
  /** Settles when nothing is queued any more. */
  finished(): Promise<void>
}

export interface WriteQueueOptions extends Pick<EngineOptions, 'tokensOf' | 'journal' | 'onEvent' | 'runsWritesTwice'> {
  connections: ReopeningConnections
  health: Health
}

export function writeQueue({
  connections,
  health,
  tokensOf,
  journal,
  onEvent,
  runsWritesTwice = false,
}: WriteQueueOptions): WriteQueue {
  /** Events of the running operation. */
  let pendingEvents: StoreEvent[] = []
  let committedEvents: StoreEvent[] = []
  const writing = perConnection(connections, ({ writing: queries }): Tx => {
    return { ...queries, tokens: tokensOf(queries), emit: (event) => pendingEvents.push(event) }
  })

  let waiting: Job[] = []
  let draining: Promise<void> | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // Writes that arrive in the same turn of the event loop join the batch.
      await yieldToEventLoop()
      const refused = begin()
      if (!refused) await commit(waiting.splice(0, MAX_BATCH))
      else if (connections.isLocked(refused.error)) {
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

  return { write, finished: async () => draining }
}
