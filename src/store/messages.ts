/** Mail and SMS: the outgoing queue, and the mailbox. */
import { and, desc, eq, gt, lt, sql } from 'drizzle-orm'
import type { AuditEntry } from './audit-entry'
import { appendAudit } from './audit-log'
import { dueMessages, overdueMessages } from './due-work'
import { guarded, read, runGuarded, write } from './engine'
import { columnsOf, integer, statement, text } from './query'
import { type Message, type MessageState, messages } from './schema'

const redateMessage = statement(
  { id: messages.id, createdAt: messages.createdAt, expiresAt: messages.expiresAt },
  (db, { id, createdAt, expiresAt }) => db.update(messages).set({ createdAt, expiresAt }).where(eq(messages.id, id)),
)

/** Each claim and each result changes the number of attempts or the time of the next one. */
const saveMessage = statement(
  {
    id: messages.id,
    attemptsBefore: messages.attempts,
    nextAttemptBefore: messages.nextAttemptAt,
    ...columnsOf(messages, 'seq', 'id', 'channel', 'template', 'recipient', 'expiresAt', 'createdAt', 'userId'),
  },
  (db, { id, attemptsBefore, nextAttemptBefore, ...set }) =>
    db
      .update(messages)
      .set(set)
      .where(
        and(eq(messages.id, id), eq(messages.attempts, attemptsBefore), eq(messages.nextAttemptAt, nextAttemptBefore)),
      ),
)

/** The values that the WHERE of `saveMessage` compares with. */
const asRead = ({ attempts, nextAttemptAt }: Message) => ({
  attemptsBefore: attempts,
  nextAttemptBefore: nextAttemptAt,
})

const messageById = statement({ id: messages.id }, (db, { id }) =>
  db.select().from(messages).where(eq(messages.id, id)),
)

const latestMessages = statement({ limit: integer }, (db, { limit }) =>
  db
    .select()
    .from(messages)
    .where(and(gt(messages.seq, 0), sql`${messages.content} IS NOT NULL`))
    .orderBy(desc(messages.seq))
    .limit(limit),
)

const recent = statement({ limit: integer }, (db, { limit }) =>
  db.select().from(messages).where(gt(messages.seq, 0)).orderBy(desc(messages.seq)).limit(limit),
)

const messagesTo = statement({ recipient: messages.recipient, limit: integer }, (db, { recipient, limit }) =>
  db.select().from(messages).where(eq(messages.recipient, recipient)).orderBy(desc(messages.seq)).limit(limit),
)

/** Empty texts match every message. */
const listedBy = (index: 'seq' | 'recipient' | 'state') =>
  statement({ before: integer, state: text, recipient: text, limit: integer }, (db, p) =>
    db
      .select()
      .from(messages)
      .where(
        and(
          index === 'recipient'
            ? sql`${messages.recipient} = ${p.recipient}`
            : sql`(${p.recipient} = '' OR ${messages.recipient} = ${p.recipient})`,
          index === 'state'
            ? sql`${messages.state} = ${p.state}`
            : sql`(${p.state} = '' OR ${messages.state} = ${p.state})`,
          lt(messages.seq, p.before),
        ),
      )
      .orderBy(desc(messages.seq))
      .limit(p.limit),
  )
const bySeq = listedBy('seq')
const byRecipient = listedBy('recipient')
const byState = listedBy('state')

const ofUser = statement({ userId: text, limit: integer }, (db, { userId, limit }) =>
  db.select().from(messages).where(sql`${messages.userId} = ${userId}`).orderBy(desc(messages.seq)).limit(limit),
)

const ofStateAt = statement({ state: messages.state, offset: integer }, (db, { state, offset }) =>
  db
    .select({ seq: messages.seq })
    .from(messages)
    .where(eq(messages.state, state))
    .orderBy(desc(messages.seq))
    .limit(1)
    .offset(offset),
)
const countOfState = statement({ state: messages.state }, (db, { state }) =>
  db
    .select({ rows: sql<number>`count(*)`.mapWith(Number) })
    .from(messages)
    .where(eq(messages.state, state)),
)

const lastOfKind = statement(
  { recipient: messages.recipient, template: messages.template },
  (db, { recipient, template }) =>
    db
      .select()
      .from(messages)
      .where(and(eq(messages.recipient, recipient), eq(messages.template, template)))
      .orderBy(desc(messages.seq))
      .limit(1),
)

/** If no other process has a claim, any remaining claim is stale. */
const returnAll = statement({ now: messages.nextAttemptAt }, (db, { now }) =>
  db.update(messages).set({ nextAttemptAt: now }).where(gt(messages.nextAttemptAt, now)),
)

const clearKept = statement({}, (db) => db.delete(messages).where(and(gt(messages.seq, 0), eq(messages.state, 'kept'))))

const deleteKept = statement({ id: messages.id }, (db, { id }) =>
  db.delete(messages).where(and(eq(messages.id, id), eq(messages.state, 'kept'))),
)

const clearContent = statement({ id: messages.id }, (db, { id }) =>
  db
    .update(messages)
    .set({ content: null })
    .where(and(eq(messages.id, id), sql`${messages.nextAttemptAt} IS NULL`)),
)

const clearContents = statement({}, (db) =>
  db
    .update(messages)
    .set({ content: null })
    .where(and(gt(messages.seq, 0), sql`${messages.nextAttemptAt} IS NULL`)),
)

const queueFigures = statement({}, (db) =>
  db
    .select({
      length: sql<number>`count(*)`.mapWith(Number),
      oldestAt: sql<number | null>`min(${messages.createdAt})`.mapWith(Number),
    })
    .from(messages)
    .where(gt(messages.nextAttemptAt, 0)),
)

const nextAttempt = statement({}, (db) =>
  db
    .select({ at: sql<number | null>`min(${messages.nextAttemptAt})`.mapWith(Number) })
    .from(messages)
    .where(gt(messages.nextAttemptAt, 0)),
)

/**
 * Claims due messages for `leaseMs`; after that they are available again, because the claiming process may have ended.
 */
export const claimMessages = guarded(async (tx, { now, leaseMs, longestWaitMs, limit }: Claim): Promise<Message[]> => {
  const found = await tx.all(dueMessages, { now, limit })
  // A longer delay comes from a wrong clock (src/lib/time.ts).
  if (found.length === 0) found.push(...(await tx.all(overdueMessages, { latest: now + longestWaitMs, limit })))
  const claimed: Message[] = []
  for (const message of found) {
    const due = { ...message, ...datesOf(message, now), attempts: message.attempts + 1 }
    // Another process may have claimed it first.
    if ((await tx.run(saveMessage, { ...asRead(message), ...due, nextAttemptAt: now + leaseMs })) === 0) continue
    if (due.createdAt !== message.createdAt) await tx.run(redateMessage, due)
    claimed.push(due)
  }
  return claimed
})

interface Claim {
  now: number
  leaseMs: number
  /** Maximum delay of a message. */
  longestWaitMs: number
  limit: number
}

/** A message with a creation time in the future is treated as created now, and keeps its lifetime. */
function datesOf({ createdAt, expiresAt }: Message, now: number): Pick<Message, 'createdAt' | 'expiresAt'> {
  return createdAt <= now ? { createdAt, expiresAt } : { createdAt: now, expiresAt: now + expiresAt - createdAt }
}

/**
 * Records the result of a delivery attempt. The result of an attempt that exceeded its lease is ignored, unless it is
 * the first to report the message as sent.
 * @param attempts the number of the attempt
 */
export const settleMessage = write(
  async (
    tx,
    {
      id,
      attempts,
      ...result
    }: Pick<Message, 'id' | 'attempts' | 'state' | 'error' | 'nextAttemptAt' | 'sentAt' | 'content'>,
  ): Promise<void> => {
    const message = await tx.one(messageById, { id })
    if (!message || message.nextAttemptAt === null) return
    if (message.attempts === attempts || result.state === 'sent')
      await runGuarded(tx, saveMessage, { ...asRead(message), ...message, ...result })
  },
)

/** Makes all waiting messages due; for a start, when no other process can be sending. */
export const releaseClaimedMessages = write(async (tx, now: number) => tx.run(returnAll, { now }))

/** Messages with content, newest first. @param to one recipient; undefined for all */
export const listMessages = read(
  async (tx, { to, limit }: { to: string | undefined; limit: number }): Promise<Message[]> => {
    if (to === undefined) return tx.all(latestMessages, { limit })
    return (await tx.all(messagesTo, { recipient: to, limit })).filter(({ content }) => content !== null)
  },
)

/** The latest messages, newest first, with or without content. */
export const recentMessages = read(async (tx, limit: number) => tx.all(recent, { limit }))

/** The last message of a kind to a recipient, with or without content. */
export const lastMessage = read(async (tx, which: { recipient: string; template: string }) => tx.one(lastOfKind, which))

export const findMessage = read(async (tx, id: string) => tx.one(messageById, { id }))

/** Deletes one message of the mailbox; a message that is still to be sent is kept. */
export const deleteMessage = write(async (tx, id: string): Promise<'deleted' | 'unknown' | 'queued'> => {
  const message = await tx.one(messageById, { id })
  if (!message || message.content === null) return 'unknown'
  if (message.nextAttemptAt !== null) return 'queued'
  await tx.run(deleteKept, { id })
  await tx.run(clearContent, { id })
  return 'deleted'
})

/** Empties the mailbox; queued messages are kept. */
export const clearMessages = write(async (tx): Promise<void> => {
  await tx.run(clearKept)
  await tx.run(clearContents)
})

/** Length of the queue, its oldest message, and the next due attempt. */
export const messageQueue = read(
  async (tx): Promise<{ length: number; oldestAt: number | null; nextAttemptAt: number | null }> => {
    const { length = 0, oldestAt = null } = (await tx.one(queueFigures)) ?? {}
    return { length, oldestAt, nextAttemptAt: (await tx.one(nextAttempt))?.at ?? null }
  },
)

export interface MessageQuery {
  state: MessageState | undefined
  /** Lower-case address, or number. */
  recipient: string | undefined
  /** Only messages with a lower number. */
  before: number | undefined
  limit: number
}

/** Every message, newest first, also those whose content was removed. */
export const listAllMessages = read(async (tx, query: MessageQuery): Promise<Message[]> => {
  const { state = '', recipient = '', before = Number.MAX_SAFE_INTEGER, limit } = query
  const values = { state, recipient, before, limit }
  if (recipient !== '') return tx.all(byRecipient, values)
  return tx.all(state === '' ? bySeq : byState, values)
})

/** The latest messages about an account, newest first, whatever address they went to. */
export const listMessagesOf = read(async (tx, of: { userId: string; limit: number }) => tx.all(ofUser, of))

const STATES = ['queued', 'sent', 'failed', 'kept'] as const satisfies MessageState[]

/** @param limit the highest number that is counted to */
export const countMessages = read(async (tx, limit: number): Promise<Record<MessageState, number>> => {
  const counts = { queued: 0, sent: 0, failed: 0, kept: 0 }
  for (const state of STATES) {
    const isMore = (await tx.one(ofStateAt, { state, offset: limit - 1 })) !== undefined
    counts[state] = isMore ? limit : ((await tx.one(countOfState, { state }))?.rows ?? 0)
  }
  return counts
})

/** The claim of another process, which is sending it, is left alone. */
const requeue = statement({ id: messages.id, now: messages.nextAttemptAt }, (db, { id, now }) =>
  db
    .update(messages)
    .set({ state: 'queued', nextAttemptAt: now })
    .where(
      and(eq(messages.id, id), sql`${messages.state} IN ('queued', 'failed')`, sql`${messages.content} IS NOT NULL`),
    ),
)

export interface MessageRetry {
  id: string
  now: number
  audit: AuditEntry[]
}

/** Makes a message that waits or has failed due now. */
export const retryMessage = write(
  async (tx, { id, now, audit }: MessageRetry): Promise<'due' | 'unknown' | 'sent' | 'expired'> => {
    const message = await tx.one(messageById, { id })
    if (!message) return 'unknown'
    const { channel, state, content, expiresAt, recipient } = message
    if (channel !== 'email' || state === 'sent' || state === 'kept') return 'sent'
    if (content === null || expiresAt <= now) return 'expired'
    await tx.run(requeue, { id, now })
    await appendAudit(tx, audit)
    tx.emit({ kind: 'message', id, recipient, state: 'queued' })
    return 'due'
  },
)
