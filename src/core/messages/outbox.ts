/**
 * Sends queued mail. A message stays in the queue until the mail server has accepted it: if that server is down or
 * drops the connection, the mail is delayed, or at worst sent twice with the same Message-ID, but never lost.
 */
import { backOffMs } from '../../lib/back-off'
import { HOUR, SECOND } from '../../lib/milliseconds'
import { dueInMs } from '../../lib/time'
import type { Message } from '../../store'
import { callHook } from '../hooks/call-hook'
import { type Context, NO_CLIENT, withClient } from '../kernel/context'
import type { Delivery, Mailer } from '../kernel/ports'
import { type Reason, Refusal } from '../kernel/refusal'
import { contentOf, type MessageContent } from './messages'

/** How long a process owns a message it claimed. */
const LEASE_MS = 120 * SECOND
const BATCH = 2

/** Maximum delay of the next attempt; a later time comes from a wrong clock and is ignored (src/lib/time.ts). */
const MAX_DELAY_MS = 600 * SECOND

/** A message is retried this long even if the token in it expires earlier. */
export const MIN_RETRY_MS = HOUR

/**
 * Sends a few of the messages that are due, so that none waits long for another.
 * @returns how many were claimed; 0 if nothing is due
 */
export async function deliverMessages(context: Context, mailer: Mailer | undefined): Promise<number> {
  const claimed = await context.store.claimMessages({
    now: context.now,
    leaseMs: LEASE_MS,
    longestWaitMs: MAX_DELAY_MS,
    limit: BATCH,
  })
  await Promise.all(claimed.map((message) => deliver(context, mailer, message)))
  return claimed.length
}

/** @param error the last error of the mail server */
const expired = (error: string | null): Delivery => ({
  outcome: 'refused',
  error: ['its link or code expired before it could be sent', ...(error === null ? [] : [error])].join(
    '; last error: ',
  ),
})

async function deliver(context: Context, mailer: Mailer | undefined, message: Message): Promise<void> {
  const { clock, store, report, policy, activity } = context
  const isOver = context.now >= Math.max(message.expiresAt, message.createdAt + MIN_RETRY_MS)
  const delivery = isOver ? expired(message.error) : await attempt(context, mailer, message)
  const now = clock.now()
  const isSent = delivery.outcome === 'sent'
  const isFinal = delivery.outcome !== 'unavailable'
  const error = delivery.outcome === 'sent' ? null : delivery.error
  await store.settleMessage({
    id: message.id,
    attempts: message.attempts,
    state: isSent ? 'sent' : isFinal ? 'failed' : 'queued',
    error,
    nextAttemptAt: isFinal ? null : now + backOffMs(message.attempts, MAX_DELAY_MS),
    sentAt: isSent ? now : null,
    // A refused mail can be sent again by an administrator while its link works.
    content: (isSent || isOver) && !policy.mail.isMailboxOn ? null : message.content,
  })
  if (isFinal) activity.count('mail', isSent ? 'sent' : 'failed')
  const facts = {
    message: message.id,
    template: message.template,
    attempts: message.attempts,
    ...(policy.mail.logsRecipients && { to: message.recipient }),
  }
  if (isSent) report('info', 'mail sent', facts)
  else
    report(isFinal ? 'error' : 'warn', isFinal ? 'mail could not be sent' : 'mail will be retried', {
      ...facts,
      error: error ?? '',
    })
}

async function attempt(context: Context, mailer: Mailer | undefined, message: Message): Promise<Delivery> {
  try {
    const { subject, html, text, hook } = contentOf(context, message)
    if (hook) return await callQueuedHook(context, hook)
    if (!mailer) return { outcome: 'unavailable', error: 'no mail server is configured' }
    const { id, recipient: to, template } = message
    return await mailer.send({ id, to, template, subject, html: html ?? '', text })
  } catch (error) {
    return { outcome: 'unavailable', error: error instanceof Error ? error.message : String(error) }
  }
}

/** Permanent errors, which another attempt does not change. */
const FINAL: ReadonlySet<Reason> = new Set<Reason>(['hook_refused', 'hook_payload_refused'])

/** Calls the Send Email hook with its queued payload. */
async function callQueuedHook(
  context: Context,
  { payload, ip = '' }: NonNullable<MessageContent['hook']>,
): Promise<Delivery> {
  if (!context.policy.hooks.sendEmail) return { outcome: 'unavailable', error: 'no Send Email hook is configured' }
  try {
    await callHook(withClient(context, { ...NO_CLIENT, ip }), 'sendEmail', payload)
    return { outcome: 'sent' }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { outcome: FINAL.has(error.reason) ? 'refused' : 'unavailable', error: error.reason }
  }
}

/**
 * At start: releases the messages claimed by a process that has ended. If other processes share the database, they may
 * be sending them, so the claims of one that has ended are left to expire.
 */
export async function releaseClaimedMessages({ store, now }: Context): Promise<void> {
  if (!store.shared) await store.releaseClaimedMessages(now)
}

export interface MailQueue {
  length: number
  /** Age of the oldest waiting message; 0 if there is none. */
  oldestMs: number
  /** Until the next attempt is due; undefined if there is none. */
  nextInMs: number | undefined
}

export async function mailQueue({ store, now }: Context): Promise<MailQueue> {
  const { length, oldestAt, nextAttemptAt } = await store.messageQueue()
  return {
    length,
    oldestMs: oldestAt === null ? 0 : Math.max(0, now - oldestAt),
    nextInMs: nextAttemptAt === null ? undefined : dueInMs(nextAttemptAt, MAX_DELAY_MS, now),
  }
}
