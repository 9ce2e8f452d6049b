/**
 * Queued work that can be claimed: what is due, and what is due later than it can be, which comes from a wrong clock
 * (src/lib/time.ts).
 */
import { and, exists, gt, lte, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { type Builder, integer, statement } from './query'
import { events, matrixRegistrations, messages } from './schema'

export const dueMessages = statement({ now: messages.nextAttemptAt, limit: integer }, (db, { now, limit }) =>
  db.select().from(messages).where(lte(messages.nextAttemptAt, now)).limit(limit),
)

export const overdueMessages = statement({ latest: messages.nextAttemptAt, limit: integer }, (db, { latest, limit }) =>
  db.select().from(messages).where(gt(messages.nextAttemptAt, latest)).limit(limit),
)

export const dueRegistrations = statement(
  { now: matrixRegistrations.nextAttemptAt, limit: integer },
  (db, { now, limit }) =>
    db.select().from(matrixRegistrations).where(lte(matrixRegistrations.nextAttemptAt, now)).limit(limit),
)
export const overdueRegistrations = statement(
  { latest: matrixRegistrations.nextAttemptAt, limit: integer },
  (db, { latest, limit }) =>
    db.select().from(matrixRegistrations).where(gt(matrixRegistrations.nextAttemptAt, latest)).limit(limit),
)

const earlier = alias(events, 'earlier')

const isEarlierPending = () =>
  and(
    sql`${earlier.userId} = ${events.userId}`,
    sql`${earlier.destination} = ${events.destination}`,
    sql`${earlier.seq} < ${events.seq}`,
    sql`${earlier.nextAttemptAt} IS NOT NULL`,
  )

/** Whether an earlier event of the same account and destination is pending. @param is further conditions on that event */
export const waitsForEarlier = (db: Builder, is?: { failing: true; dueAfter: SQL }): SQL =>
  exists(
    db
      .select({ one: sql`1` })
      .from(earlier)
      .where(and(isEarlierPending(), is && sql`${earlier.attempts} > 1 AND ${earlier.nextAttemptAt} > ${is.dueAfter}`)),
  )

/** When the earlier pending event is due. */
export const firstDueAt = (db: Builder): SQL =>
  sql`(${db
    .select({ at: sql`max(${earlier.nextAttemptAt})` })
    .from(earlier)
    .where(isEarlierPending())})`

export const dueEvents = statement({ now: events.nextAttemptAt, limit: integer }, (db, { now, limit }) =>
  db
    .select()
    .from(events)
    .where(and(lte(events.nextAttemptAt, now), sql`NOT ${waitsForEarlier(db)}`))
    .limit(limit),
)

export const overdueEvents = statement({ latest: events.nextAttemptAt, limit: integer }, (db, { latest, limit }) =>
  db
    .select()
    .from(events)
    .where(and(gt(events.nextAttemptAt, latest), sql`NOT ${waitsForEarlier(db)}`))
    .limit(limit),
)
