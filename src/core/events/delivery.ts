/**
 * Sends queued events (docs/events.md). An event stays in the queue until it is accepted: if the receiver is down, it is
 * delayed, or at worst sent twice with the same id, but not lost.
 */
import { backOffMs } from '../../lib/back-off'
import { HOUR, MINUTE, SECOND } from '../../lib/milliseconds'
import { dueInMs } from '../../lib/time'
import { webhookSignatures } from '../../lib/webhook-signature'
import type { Event } from '../../store'
import { callHook } from '../hooks/call-hook'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { EVENT_LIFETIME_MS } from './account-events'

/** How long a process owns a claimed event; longer than any attempt. */
const LEASE_MS = MINUTE
const BATCH = 8

/** How long the receiver may take to answer. */
const TIMEOUT_MS = 10 * SECOND
/** Nothing in an answer is used. */
const MAX_ANSWER_BYTES = 64 * 1024
/** Characters of an error that are stored. */
const MAX_ERROR = 300

/** Maximum delay of the next attempt; a later time comes from a wrong clock and is ignored (src/lib/time.ts). */
const MAX_DELAY_MS = HOUR

/** Sends a few of the events that are due. @returns how many were claimed; 0 if nothing is due */
export async function deliverEvents(context: Context): Promise<number> {
  const claimed = await context.store.claimEvents({
    now: context.now,
    leaseMs: LEASE_MS,
    longestWaitMs: MAX_DELAY_MS,
    limit: BATCH,
  })
  if (claimed.length === 0) await context.store.postponeWaitingEvents(context.now)
  await Promise.all(claimed.map((event) => deliver(context, event)))
  return claimed.length
}

async function deliver(context: Context, event: Event): Promise<void> {
  const { clock, store, report } = context
  const begun = clock.monotonic()
  const error = await send(context, event).catch(String)
  const seconds = (clock.monotonic() - begun) / 1000
  const now = clock.now()
  const { id, attempts } = event
  const isDelivered = error === undefined
  const isFinal = isDelivered || now >= event.expiresAt
  await store.settleEvent({
    id,
    attempts,
    state: isDelivered ? 'delivered' : isFinal ? 'failed' : 'pending',
    error: error?.slice(0, MAX_ERROR) ?? null,
    nextAttemptAt: isFinal ? null : now + backOffMs(attempts, MAX_DELAY_MS),
    deliveredAt: isDelivered ? now : null,
    now,
  })
  context.observeEvent?.(isDelivered ? 'delivered' : isFinal ? 'given_up' : 'retried', seconds)
  if (isDelivered) return
  const outcome = isFinal ? 'event could not be delivered' : 'event will be retried'
  report(isFinal ? 'error' : 'warn', outcome, { event: id, type: event.type, user: event.userId, attempts, error })
}

/** @returns the error; undefined once the event is delivered */
const send = (context: Context, event: Event): Promise<string | undefined> =>
  event.destination === 'webhook' ? postEvent(context, event) : callQueuedHook(context, event)

async function callQueuedHook(context: Context, { id, payload }: Event): Promise<string | undefined> {
  if (!context.policy.hooks.afterUserCreated) return 'the hook is not enabled'
  try {
    await callHook(context, 'afterUserCreated', JSON.parse(payload), id)
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { detail } = error.detail
    return detail === undefined ? error.reason : `${error.reason}: ${detail}`
  }
}

async function postEvent({ policy, clock, post }: Context, { id, payload: body }: Event): Promise<string | undefined> {
  const { events } = policy
  if (!events) return 'AUTH_EVENTS_URL is not set'
  const timestamp = String(Math.floor(clock.now() / 1000))
  const answer = await post({
    url: events.url,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': webhookSignatures(events.secrets, { id, timestamp, body }).join(' '),
    },
    body,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
  })
  if (answer.outcome === 'timed_out') return `no answer within ${TIMEOUT_MS / SECOND} seconds`
  if (answer.outcome === 'unreachable') return answer.error
  return answer.status >= 200 && answer.status < 300 ? undefined : `status ${answer.status}`
}

/**
 * At start: releases the events claimed by a process that has ended. If other processes share the database, they may be
 * sending them, so the claims of one that has ended are left to expire.
 */
export async function releaseClaimedEvents({ store, now }: Context): Promise<void> {
  if (!store.shared) await store.releaseClaimedEvents(now)
}

/** Milliseconds until the next attempt is due; undefined if none is due. */
export async function nextEventInMs({ store, now }: Context): Promise<number | undefined> {
  const dueAt = await store.nextEventAt()
  return dueAt === undefined ? undefined : dueInMs(dueAt, MAX_DELAY_MS, now)
}

export interface EventQueueState {
  length: number
  /** Age of the oldest pending event; 0 if there is none. */
  oldestMs: number
  /** Events that were given up. */
  failed: number
}

export async function eventQueue({ store, now }: Context): Promise<EventQueueState> {
  const { length, oldestAt, failed } = await store.eventQueue()
  return { length, oldestMs: oldestAt === null ? 0 : Math.max(0, now - oldestAt), failed }
}

/** Sends events again, with the same ids. @returns how many; those that are pending anyway do not count */
export const replayEvents = ({ store, now }: Pick<Context, 'store' | 'now'>, ids: readonly string[]): Promise<number> =>
  store.replayEvents({ ids, now, expiresAt: now + EVENT_LIFETIME_MS })
