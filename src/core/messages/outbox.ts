/**
 * Sends what waits in the queue. A message stays there until the mail server has it: a server that is down, or that ends
 * the connection in the middle, costs a delay and at worst a second copy with the same Message-ID, never a mail.
 */
import { dueInMs } from '../../lib/time'
import type { Message } from '../../store'
import type { Deps } from '../deps'
import { callHook } from '../hooks/hooks'
import type { Delivery, Mailer } from '../ports'
import { type Reason, Refusal } from '../refusal'
import { contentOf, type MessageContent } from './messages'

const SECOND = 1000
const HOUR = 3600 * SECOND

/** How long a process has to send what it took; after that another one may. */
const LEASE_MS = 120 * SECOND
const BATCH = 2

/** No message waits for longer than this for its next attempt; what a wrong clock wrote down does not count. */
const LONGEST_WAIT_MS = 600 * SECOND

/** Waits between attempts: 5 s, 10 s, 20 s … up to ten minutes. */
const backOffMs = (attempts: number) => Math.min(LONGEST_WAIT_MS, 5 * SECOND * 2 ** Math.min(attempts - 1, 10))

/** A message is tried this long even where what it carries is worth nothing before. */
const MIN_TRYING_MS = HOUR

/**
 * Sends the messages whose time has come, few at once, so that none waits long for another.
 * @returns how many were taken; 0 once nothing is due
 */
export async function deliverMessages(deps: Deps, mailer: Mailer | undefined): Promise<number> {
  const claimed = await deps.store.claimMessages({
    ...{ now: deps.clock.now(), leaseMs: LEASE_MS, longestWaitMs: LONGEST_WAIT_MS, limit: BATCH },
  })
  await Promise.all(claimed.map((message) => deliver(deps, mailer, message)))
  return claimed.length
}

/** @param error what the mail server said last */
const expired = (error: string | null): Delivery => ({
  outcome: 'refused',
  error: ['what it carries expired before it could be sent', ...(error === null ? [] : [error])].join('; last: '),
})

async function deliver(deps: Deps, mailer: Mailer | undefined, message: Message): Promise<void> {
  const { clock, store, report, policy } = deps
  const isOver = clock.now() >= Math.max(message.expiresAt, message.createdAt + MIN_TRYING_MS)
  const delivery = isOver ? expired(message.error) : await attempt(deps, mailer, message)
  const now = clock.now()
  const isSent = delivery.outcome === 'sent'
  const isFinal = delivery.outcome !== 'unavailable'
  const error = delivery.outcome === 'sent' ? null : delivery.error
  await store.settleMessage({
    id: message.id,
    attempts: message.attempts,
    state: isSent ? 'sent' : isFinal ? 'failed' : 'queued',
    error,
    nextAttemptAt: isFinal ? null : now + backOffMs(message.attempts),
    sentAt: isSent ? now : null,
    content: isFinal && !policy.mail.isMailboxOn ? null : message.content,
  })
  const facts = {
    ...{ message: message.id, template: message.template, attempts: message.attempts },
    ...(policy.mail.logsRecipients && { to: message.recipient }),
  }
  if (isSent) report('info', 'mail sent', facts)
  else
    report(isFinal ? 'error' : 'warn', isFinal ? 'mail not sent' : 'mail will be tried again', {
      ...facts,
      error: error ?? '',
    })
}

async function attempt(deps: Deps, mailer: Mailer | undefined, message: Message): Promise<Delivery> {
  try {
    const { subject, html, text, hook } = contentOf(deps, message)
    if (hook) return await tellHook(deps, hook)
    if (!mailer) return { outcome: 'unavailable', error: 'no mail server is set' }
    const { id, recipient: to, template } = message
    return await mailer.send({ id, to, template, subject, html: html ?? '', text })
  } catch (error) {
    return { outcome: 'unavailable', error: error instanceof Error ? error.message : String(error) }
  }
}

/** Reasons that another attempt does not change. */
const FINAL: ReadonlySet<Reason> = new Set<Reason>(['hook_refused', 'hook_payload_refused'])

/** Calls the Send Email hook with what was queued for it. */
async function tellHook(deps: Deps, { payload, ip }: NonNullable<MessageContent['hook']>): Promise<Delivery> {
  const { sendEmail } = deps.policy.hooks
  if (!sendEmail) return { outcome: 'unavailable', error: 'no Send Email hook is set' }
  try {
    const client = ip === undefined ? undefined : { ip, userAgent: undefined, languages: [] }
    await callHook(deps, sendEmail, { name: 'send-email', payload, client })
    return { outcome: 'sent' }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { outcome: FINAL.has(error.reason) ? 'refused' : 'unavailable', error: error.reason }
  }
}

/** For a start: what a process that is gone had taken is anybody's again. */
export async function returnMessages({ store, clock }: Deps): Promise<void> {
  await store.returnMessages(clock.now())
}

export interface MailQueue {
  length: number
  /** How long the oldest message has waited; 0 where none waits. */
  oldestMs: number
  /** Until the next attempt is due; undefined where none is. */
  nextInMs: number | undefined
}

export async function mailQueue({ store, clock }: Deps): Promise<MailQueue> {
  const { length, oldestAt, nextAttemptAt } = await store.messageQueue()
  const now = clock.now()
  return {
    length,
    oldestMs: oldestAt === null ? 0 : Math.max(0, now - oldestAt),
    nextInMs: nextAttemptAt === null ? undefined : dueInMs(nextAttemptAt, LONGEST_WAIT_MS, now),
  }
}
