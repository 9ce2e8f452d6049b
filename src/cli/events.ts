/** `latchkey events`: the events of accounts, also while the server is running. */
import type { Command } from 'commander'
import { systemClock } from '../adapters/system'
import { replayEvents } from '../core/events/delivery'
import { findByIdentifier } from '../core/users/usernames'
import { isUuid } from '../lib/uuid'
import type { Event, EventFilter, EventState, Store } from '../store'
import { openServerStore } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { print, table, time } from './output'
import { requireSettings } from './settings'

/** `latchkey events list`: the latest events with their state. */
export const listEvents = (command: Command) =>
  withStore(command, async (store) => {
    const { user, ...filter } = command.opts<{ user?: string; state?: EventState; type?: string; limit: number }>()
    const userId = user === undefined ? undefined : await userIdOf(store, user)
    const { state, type, limit } = filter
    const events = await store.listEvents({ state, type, limit, userId })
    print(command, events.map(toJson), () => table(HEADS, events.map(rowOf), 'No events.'))
  })

/** The events of an account that was deleted are found by its id alone. */
async function userIdOf(store: Store, text: string): Promise<string> {
  if (isUuid(text)) return text.toLowerCase()
  const user = await findByIdentifier({ store }, text)
  return user?.id ?? fail(`no user found for ${text} (looked up by id, email address, username and uid)`, EXIT.notFound)
}

const toJson = ({ id, type, destination, userId, state, attempts, error, ...times }: Event) => ({
  id,
  type,
  destination,
  user_id: userId,
  state,
  attempts,
  error,
  created_at: new Date(times.createdAt).toISOString(),
  delivered_at: times.deliveredAt && new Date(times.deliveredAt).toISOString(),
  next_attempt_at: times.nextAttemptAt && new Date(times.nextAttemptAt).toISOString(),
})

const HEADS = ['ID', 'TYPE', 'TO', 'USER', 'STATE', 'ATTEMPTS', 'CREATED', 'NEXT ATTEMPT', 'ERROR']

const rowOf = ({ id, type, destination, userId, state, attempts, createdAt, nextAttemptAt, error }: Event) => [
  id,
  type,
  destination,
  userId,
  state,
  String(attempts),
  time(createdAt),
  time(nextAttemptAt),
  error ?? '',
]

/** `latchkey events replay`: sends events again, with the same ids. */
export const replay = (command: Command) =>
  withStore(command, async (store) => {
    const { failed: isFailed = false, since: text } = command.opts<{ failed?: boolean; since?: string }>()
    const since = text === undefined ? undefined : instantOf(text)
    const ids = command.args
    if ([ids.length > 0, isFailed, since !== undefined].filter(Boolean).length !== 1)
      fail('name the events to send again: by their ids, with --failed, or with --since <time>', EXIT.usage)
    const queued =
      ids.length > 0
        ? await replayByIds(store, ids)
        : await replayAll(store, isFailed ? { state: 'failed' } : { since })
    print(command, { queued }, () =>
      queued === 1 ? 'One event is queued again.' : `${queued} events are queued again.`,
    )
  })

function instantOf(text: string): number {
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? fail('--since must be a time such as 2026-03-01T12:00:00Z', EXIT.usage) : instant
}

async function replayByIds(store: Store, ids: readonly string[]): Promise<number> {
  for (const id of ids)
    if (!(await store.findEvent(id)))
      fail(`there is no event ${id}; latchkey events list shows them. Nothing was changed`, EXIT.notFound)
  return replayEvents({ store, now: systemClock.now() }, ids)
}

/** How many events are read at once. */
const PAGE = 500

async function replayAll(store: Store, filter: Omit<EventFilter, 'limit'>): Promise<number> {
  let queued = 0
  let before: number | undefined
  for (;;) {
    const page = await store.listEvents({ ...filter, before, limit: PAGE })
    const last = page.at(-1)
    if (!last) return queued
    const ids = page.map(({ id }) => id)
    queued += await replayEvents({ store, now: systemClock.now() }, ids)
    before = last.seq
  }
}

async function withStore(command: Command, work: (store: Store) => Promise<void>): Promise<void> {
  const { settings } = requireSettings(command)
  const store = await exitOnError(() => openServerStore(settings))
  try {
    await work(store)
  } finally {
    await store.close()
  }
}
