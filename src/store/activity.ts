/** Refused requests, and how often things happen. Both are written in batches, in the background. */
import { and, desc, eq, gte, lt, lte, sql } from 'drizzle-orm'
import { guarded, read } from './engine'
import { columnsOf, integer, statement, text } from './query'
import { type CountStep, type EventCount, eventCounts, type RefusedRequest, refusals } from './schema'

const insertRefusal = statement(columnsOf(refusals, 'seq'), (db, p) => db.insert(refusals).values(p))

const latestRefusal = statement({}, (db) =>
  db.select({ seq: refusals.seq }).from(refusals).where(gte(refusals.seq, 0)).orderBy(desc(refusals.seq)).limit(1),
)

const removeOldest = statement({ last: refusals.seq }, (db, { last }) =>
  db.delete(refusals).where(and(gte(refusals.seq, 0), lte(refusals.seq, last))),
)

const addCount = statement(columnsOf(eventCounts), (db, p) =>
  db
    .insert(eventCounts)
    .values(p)
    .onConflictDoUpdate({
      target: [eventCounts.step, eventCounts.at, eventCounts.kind, eventCounts.label],
      set: { count: sql`${eventCounts.count} + excluded.count` },
    }),
)

export interface ActivityBatch {
  refusals: readonly Omit<RefusedRequest, 'seq'>[]
  counts: readonly EventCount[]
  /** How many refusals are kept. */
  maxRefusals: number
}

export const recordActivity = guarded(async (tx, { refusals: refused, counts, maxRefusals }: ActivityBatch) => {
  for (const each of refused) await tx.run(insertRefusal, each)
  const latest = refused.length > 0 ? await tx.one(latestRefusal) : undefined
  if (latest && latest.seq > maxRefusals) await tx.run(removeOldest, { last: latest.seq - maxRefusals })
  // In the same order on every node, so that none of them waits for another one that waits for it.
  const sorted = [...counts].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  for (const each of sorted) await tx.run(addCount, each)
})

const keyOf = ({ step, at, kind, label }: EventCount) => [step, at, kind, label].join(' ')

const countsBetween = statement(
  { step: eventCounts.step, since: eventCounts.at, until: eventCounts.at },
  (db, { step, since, until }) =>
    db
      .select()
      .from(eventCounts)
      .where(and(eq(eventCounts.step, step), gte(eventCounts.at, since), lt(eventCounts.at, until)))
      .orderBy(eventCounts.at, eventCounts.kind, eventCounts.label),
)

export interface CountQuery {
  step: CountStep
  /** Unix milliseconds; the end is not included. */
  since: number
  until: number
}

/** Oldest first. */
export const listCounts = read((tx, query: CountQuery): Promise<EventCount[]> => tx.all(countsBetween, query))

const slice = { before: refusals.seq, limit: integer, since: refusals.createdAt, until: refusals.createdAt }
const filters = { reason: text, userId: text, ip: text }

/** The conditions that no index is for; an empty text matches everything. */
const listedBy = (index: 'seq' | 'reason' | 'userId' | 'ipAddress') =>
  statement({ ...slice, ...filters }, (db, p) =>
    db
      .select()
      .from(refusals)
      .where(
        and(
          index === 'reason'
            ? sql`${refusals.reason} = ${p.reason}`
            : sql`(${p.reason} = '' OR ${refusals.reason} = ${p.reason})`,
          index === 'userId'
            ? sql`${refusals.userId} IS NOT NULL AND ${refusals.userId} = ${p.userId}`
            : sql`(${p.userId} = '' OR ${refusals.userId} = ${p.userId})`,
          index === 'ipAddress'
            ? sql`${refusals.ipAddress} <> '' AND ${refusals.ipAddress} = ${p.ip}`
            : sql`(${p.ip} = '' OR ${refusals.ipAddress} = ${p.ip})`,
          lt(refusals.seq, p.before),
          gte(refusals.createdAt, p.since),
          lt(refusals.createdAt, p.until),
        ),
      )
      .orderBy(desc(refusals.seq))
      .limit(p.limit),
  )

const bySeq = listedBy('seq')
const byReason = listedBy('reason')
const byUser = listedBy('userId')
const byAddress = listedBy('ipAddress')

export interface RefusalQuery {
  reason: string | undefined
  userId: string | undefined
  ip: string | undefined
  /** Unix milliseconds; the end is not included. */
  since: number | undefined
  until: number | undefined
  /** Only those with a lower number. */
  before: number | undefined
  limit: number
}

/** Newest first. */
export const listRefusals = read(async (tx, query: RefusalQuery): Promise<RefusedRequest[]> => {
  const { reason = '', userId = '', ip = '', since = 0, limit } = query
  const { until = Number.MAX_SAFE_INTEGER, before = Number.MAX_SAFE_INTEGER } = query
  const values = { reason, userId, ip, since, until, before, limit }
  if (userId !== '') return tx.all(byUser, values)
  if (ip !== '') return tx.all(byAddress, values)
  return tx.all(reason === '' ? bySeq : byReason, values)
})

const ofRequest = statement({ requestId: refusals.requestId, limit: integer }, (db, { requestId, limit }) =>
  db.select().from(refusals).where(eq(refusals.requestId, requestId)).orderBy(desc(refusals.seq)).limit(limit),
)

/** Those under one request id, newest first. */
export const findRefusals = read(
  (tx, query: { requestId: string; limit: number }): Promise<RefusedRequest[]> => tx.all(ofRequest, query),
)
