/** What administrators look up: refused requests, activity, messages and events (docs/admin-api.md). */
import { DAY, HOUR, MINUTE } from '../../lib/milliseconds'
import { isUuid } from '../../lib/uuid'
import type {
  AuditRow,
  CountStep,
  Event,
  EventCount,
  EventFilter,
  Message,
  MessageQuery,
  MessageRetry,
  RefusalQuery,
  RefusedRequest,
} from '../../store'
import { replayEvents } from '../events/delivery'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

/** Newest first. What this process has not written yet is written first. */
export async function listRefusals(context: Context, query: RefusalQuery): Promise<RefusedRequest[]> {
  await context.activity.flush()
  return context.store.listRefusals(query)
}

/** Entries of the audit log that are shown with a refusal were made within this time of it. */
const AROUND_MS = 10 * MINUTE
const MAX_AROUND = 200
/** How many refusals under one request id are shown: clients may repeat one. */
const MAX_OF_REQUEST = 50

export interface ExplainedRefusal {
  refusals: RefusedRequest[]
  /** Newest first: of the same accounts around these times. */
  audit: AuditRow[]
}

export async function explainRefusal(context: Context, requestId: string): Promise<ExplainedRefusal> {
  const { store, activity } = context
  await activity.flush()
  const refusals = await store.findRefusals({ requestId, limit: MAX_OF_REQUEST })
  const [latest] = refusals
  if (!latest) throw new Refusal('refusal_unknown')
  const filter = {
    since: Math.min(...refusals.map(({ createdAt }) => createdAt)) - AROUND_MS,
    until: latest.createdAt + AROUND_MS + 1,
  }
  const audit: AuditRow[] = []
  for (const userId of new Set(refusals.flatMap((each) => each.userId ?? [])))
    audit.push(...(await store.listAudit({ page: 1, perPage: MAX_AROUND, filter: { ...filter, userId } })).rows)
  // An entry about two of the accounts is found for each.
  const distinct = [...new Map(audit.map((entry) => [entry.id, entry])).values()]
  return { refusals, audit: distinct.sort((a, b) => b.createdAt - a.createdAt).slice(0, MAX_AROUND) }
}

export interface ActivityQuery {
  step: CountStep
  /** Unix milliseconds. */
  since: number | undefined
  until: number | undefined
}

const STEP_MS: Record<CountStep, number> = { hour: HOUR, day: DAY }
/** How many steps are shown at most, and without `since`. */
const MAX_STEPS: Record<CountStep, number> = { hour: 32 * 24, day: 400 }
const USUAL_STEPS: Record<CountStep, number> = { hour: 24, day: 30 }

export interface ActivityShown {
  step: CountStep
  /** The first and the end of the last step, in Unix milliseconds. */
  since: number
  until: number
  counts: EventCount[]
}

/** Counts in whole steps. */
export async function showActivity(context: Context, { step, ...given }: ActivityQuery): Promise<ActivityShown> {
  const { store, now, activity } = context
  await activity.flush()
  const stepMs = STEP_MS[step]
  const until = Math.ceil(((given.until ?? now) + 1) / stepMs) * stepMs
  const since = Math.floor((given.since ?? until - USUAL_STEPS[step] * stepMs) / stepMs) * stepMs
  const shown = { step, since: Math.max(since, until - MAX_STEPS[step] * stepMs), until }
  return { ...shown, counts: await store.listCounts(shown) }
}

export const listAllMessages = ({ store }: Context, query: MessageQuery): Promise<Message[]> =>
  store.listAllMessages({ ...query, recipient: query.recipient?.toLowerCase() })

/** Counting ends here, because it takes time. */
const MAX_COUNT = 10_000

export const countMessages = ({ store }: Context) => store.countMessages(MAX_COUNT)

/** Sends a mail that waits or was refused as soon as possible. */
export async function retryMessage(context: Context, { admin, id }: { admin: Admin; id: string }): Promise<Message> {
  const { store, now } = context
  if (!isUuid(id)) throw new Refusal('message_unknown')
  const key = id.toLowerCase()
  const audit: MessageRetry['audit'] = [auditEntry(context, 'message_retried', actorOf(admin), { message_id: key })]
  const outcome = await store.retryMessage({ id: key, now, audit })
  if (outcome === 'sent') throw new Refusal('message_sent')
  if (outcome === 'expired') throw new Refusal('message_expired')
  const message = outcome === 'due' ? await store.findMessage(key) : undefined
  if (!message) throw new Refusal('message_unknown')
  return message
}

export const listEvents = ({ store }: Context, filter: EventFilter): Promise<Event[]> => store.listEvents(filter)

/** Sends an event again, with the same id. */
export async function replayEvent(context: Context, { admin, id }: { admin: Admin; id: string }): Promise<Event> {
  const { store } = context
  if (!(await store.findEvent(id))) throw new Refusal('event_unknown')
  if ((await replayEvents(context, [id])) > 0)
    await store.appendAudit([auditEntry(context, 'event_replayed', actorOf(admin), { event_id: id })])
  const event = await store.findEvent(id)
  if (!event) throw new Refusal('event_unknown')
  return event
}

/** Limits that refuse something now, as far as this process has enforced them. */
export const listLimits = ({ limits }: Context) => limits.hits()

/** Resets the counter of a limit. */
export async function resetLimit(
  context: Context,
  { admin, rule, key }: { admin: Admin; rule: string; key: string },
): Promise<void> {
  const { limits, store } = context
  const hit = limits.hits().find((each) => each.rule === rule && each.key === key)
  if (!(await limits.reset(rule, key))) throw new Refusal('limit_unknown')
  const userId = hit?.kind === 'account' ? hit.subject : null
  const traits = { rule, ...(userId !== null && { user_id: userId }) }
  await store.appendAudit([auditEntry(context, 'limit_reset', actorOf(admin), traits)])
}
