/**
 * The queue of events for the operator's server. An event can be claimed once no earlier one of the same account and
 * destination is pending, so that each account's events arrive in order, and do not wait for those of others.
 */
import { and, asc, desc, eq, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import { dueEvents, firstDueAt, overdueEvents, waitsForEarlier } from './due-work'
import { guarded, read, runGuarded, type Tx } from './engine'
import { columnsOf, integer, statement, text } from './query'
import { type Event, type EventState, events } from './schema'

export type NewEvent = Pick<Event, 'id' | 'destination' | 'userId' | 'type' | 'payload' | 'createdAt' | 'expiresAt'>

const insertEvent = statement(columnsOf(events, 'seq'), (db, p) => db.insert(events).values(p))

/** Each claim and each result changes the number of attempts or the time of the next one. */
const saveEvent = statement(
  {
    id: events.id,
    attemptsBefore: events.attempts,
    nextAttemptBefore: events.nextAttemptAt,
    state: events.state,
    attempts: events.attempts,
    error: events.error,
    nextAttemptAt: events.nextAttemptAt,
    deliveredAt: events.deliveredAt,
  },
  (db, { id, attemptsBefore, nextAttemptBefore, ...set }) =>
    db
      .update(events)
      .set(set)
      .where(and(eq(events.id, id), eq(events.attempts, attemptsBefore), eq(events.nextAttemptAt, nextAttemptBefore))),
)

const asRead = ({ attempts, nextAttemptAt }: Event) => ({
  attemptsBefore: attempts,
  nextAttemptBefore: nextAttemptAt,
})

const eventById = statement({ id: events.id }, (db, { id }) => db.select().from(events).where(eq(events.id, id)))

/**
 * What waits for an event that fails is due when that one is, so that claims do not come across it again and again. In its
 * first attempt, most events are delivered.
 */
const postponeWaiting = statement({ now: events.nextAttemptAt }, (db, { now }) =>
  db
    .update(events)
    .set({ nextAttemptAt: firstDueAt(db) })
    .where(and(lte(events.nextAttemptAt, now), waitsForEarlier(db, { failing: true, dueAfter: now }))),
)

/** Once that one is delivered or given up, it is due. */
const releaseWaiting = statement(
  { userId: events.userId, destination: events.destination, now: events.nextAttemptAt },
  (db, { userId, destination, now }) =>
    db
      .update(events)
      .set({ nextAttemptAt: now })
      .where(and(eq(events.userId, userId), eq(events.destination, destination), gt(events.nextAttemptAt, now))),
)

const releaseAll = statement({ now: events.nextAttemptAt }, (db, { now }) =>
  db.update(events).set({ nextAttemptAt: now }).where(gt(events.nextAttemptAt, now)),
)

const queueFigures = statement({}, (db) =>
  db
    .select({
      length: sql<number>`count(*)`.mapWith(Number),
      oldestAt: sql<number | null>`min(${events.createdAt})`.mapWith(Number),
    })
    .from(events)
    .where(gt(events.nextAttemptAt, 0)),
)

const failedCount = statement({}, (db) =>
  db
    .select({ failed: sql<number>`count(*)`.mapWith(Number) })
    .from(events)
    .where(and(gt(events.seq, 0), sql`state = 'failed'`)),
)

const nextClaimable = statement({}, (db) =>
  db
    .select({ at: events.nextAttemptAt })
    .from(events)
    .where(and(gt(events.nextAttemptAt, 0), sql`NOT ${waitsForEarlier(db)}`))
    .orderBy(asc(events.nextAttemptAt))
    .limit(1),
)

/**
 * Queues events, in their order. It reads nothing: on Postgres, isolated transactions that read and add rows of one index
 * page make each other fail.
 */
export async function queueEvents(tx: Tx, queued: readonly NewEvent[]): Promise<void> {
  for (const event of queued)
    await tx.run(insertEvent, {
      ...event,
      state: 'pending',
      attempts: 0,
      error: null,
      nextAttemptAt: event.createdAt,
      deliveredAt: null,
    })
  if (queued.length > 0) tx.emit({ kind: 'queued_event' })
}

/** Claims due events for `leaseMs`; after that they are available again, because the claiming process may have ended. */
export const claimEvents = guarded(
  async (
    tx,
    {
      now,
      leaseMs,
      longestWaitMs,
      limit,
    }: { now: number; leaseMs: number /** Maximum delay of an event. */; longestWaitMs: number; limit: number },
  ): Promise<Event[]> => {
    const found = await tx.all(dueEvents, { now, limit })
    // A longer delay comes from a wrong clock (src/lib/time.ts).
    if (found.length === 0) found.push(...(await tx.all(overdueEvents, { latest: now + longestWaitMs, limit })))
    const claimed: Event[] = []
    for (const event of found) {
      const due = { ...event, attempts: event.attempts + 1 }
      // Another process may have claimed it first.
      if ((await tx.run(saveEvent, { ...asRead(event), ...due, nextAttemptAt: now + leaseMs })) > 0) claimed.push(due)
    }
    return claimed
  },
)

export type EventResult = Pick<Event, 'id' | 'attempts' | 'state' | 'error' | 'nextAttemptAt' | 'deliveredAt'> & {
  now: number
}

/**
 * Records the result of an attempt. That of an attempt that exceeded its lease is ignored, unless it is the first to
 * deliver the event.
 * @param attempts the number of the attempt
 */
export const settleEvent = guarded(async (tx, { now, ...result }: EventResult): Promise<void> => {
  const event = await tx.one(eventById, { id: result.id })
  if (!event || event.nextAttemptAt === null) return
  if (event.attempts !== result.attempts && result.state !== 'delivered') return
  await runGuarded(tx, saveEvent, { ...asRead(event), ...event, ...result })
  const { userId, destination } = event
  if (result.nextAttemptAt === null) await tx.run(releaseWaiting, { userId, destination, now })
})

/**
 * Postpones events that wait for one that fails. If that one is delivered at the same moment, they may wait for the end
 * of its lease.
 */
export const postponeWaitingEvents = guarded(async (tx, now: number) => tx.run(postponeWaiting, { now }))

/** Makes all pending events due; for a start, when no other process can be sending. */
export const releaseClaimedEvents = guarded(async (tx, now: number) => tx.run(releaseAll, { now }))

export interface EventQueue {
  length: number
  /** Unix milliseconds; null if none is pending. */
  oldestAt: number | null
  /** Given up, and still listed. */
  failed: number
}

export const eventQueue = read(async (tx): Promise<EventQueue> => {
  const { length = 0, oldestAt = null } = (await tx.one(queueFigures)) ?? {}
  return { length, oldestAt, failed: (await tx.one(failedCount))?.failed ?? 0 }
})

/** When the next event can be claimed; undefined if there is none. */
export const nextEventAt = read(
  async (tx): Promise<number | undefined> => (await tx.one(nextClaimable))?.at ?? undefined,
)

/** Empty texts and 0 match every event. */
const listed = statement(
  { before: integer, since: integer, state: text, type: text, userId: text, limit: integer },
  (db, p) =>
    db
      .select()
      .from(events)
      .where(
        and(
          lt(events.seq, p.before),
          sql`${events.createdAt} >= ${p.since}`,
          sql`(${p.state} = '' OR ${events.state} = ${p.state})`,
          sql`(${p.type} = '' OR ${events.type} = ${p.type})`,
          sql`(${p.userId} = '' OR ${events.userId} = ${p.userId})`,
        ),
      )
      .orderBy(desc(events.seq))
      .limit(p.limit),
)

export interface EventFilter {
  state?: EventState | undefined
  type?: string | undefined
  userId?: string | undefined
  /** Unix milliseconds. */
  since?: number | undefined
  /** Only events with a lower number. */
  before?: number | undefined
  limit: number
}

/** Newest first. */
export const listEvents = read(
  async (tx, { state = undefined, type = '', userId = '', since = 0, before, limit }: EventFilter): Promise<Event[]> =>
    tx.all(listed, { state: state ?? '', type, userId, since, before: before ?? Number.MAX_SAFE_INTEGER, limit }),
)

export const findEvent = read(async (tx, id: string) => tx.one(eventById, { id }))

/** An event that is pending is being sent, or will be. */
const requeue = statement(
  { id: events.id, now: events.nextAttemptAt, expiresAt: events.expiresAt },
  (db, { id, now, expiresAt }) =>
    db
      .update(events)
      .set({ state: 'pending', attempts: 0, error: null, nextAttemptAt: now, expiresAt, deliveredAt: null })
      .where(and(eq(events.id, id), isNull(events.nextAttemptAt))),
)

/** Sends events again, with the same ids. @returns how many; those that are pending anyway do not count */
export const replayEvents = guarded(
  async (tx, { ids, now, expiresAt }: { ids: readonly string[]; now: number; expiresAt: number }): Promise<number> => {
    let replayed = 0
    for (const id of ids) replayed += await tx.run(requeue, { id, now, expiresAt })
    if (replayed > 0) tx.emit({ kind: 'queued_event' })
    return replayed
  },
)
