import type { Command } from 'commander'
import { systemClock } from '../adapters/system'
import { replayEvents } from '../core/events/delivery'
import { isUuid } from '../lib/uuid'
import type { Event, EventFilter, EventState, Store } from '../store'
import { openServerStore } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { optionOf, requireSettings } from './settings'
import { printable } from './terminal'

/** How many events are read at once. */
const PAGE = 500

/** `latchkey events list`: the latest events with their state. */
export async function listEvents(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const limit = limitOf(command)
  const store = await exitOnError(() => openServerStore(settings))
  try {
    const events = await store.listEvents({
      state: optionOf<EventState>(command, 'state'),
      type: optionOf<string>(command, 'type'),
      userId: await userIdOf(command, store),
      limit,
    })
    if (optionOf<boolean>(command, 'json'))
      process.stdout.write(`${JSON.stringify(events.map(shownEvent), undefined, 2)}\n`)
    else if (events.length === 0) process.stdout.write('No events.\n')
    else for (const event of events) process.stdout.write(`${lineOf(event)}\n`)
  } finally {
    await store.close()
  }
}

/** `latchkey events replay`: sends events again, with the same ids. A running server does so within half a minute. */
export async function replay(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const isFailed = optionOf<boolean>(command, 'failed') === true
  const since = sinceOf(command)
  if ([command.args.length > 0, isFailed, since !== undefined].filter(Boolean).length !== 1)
    fail('name the events to send again: by their ids, with --failed, or with --since <time>', EXIT.usage)
  const store = await exitOnError(() => openServerStore(settings))
  try {
    const replayed =
      command.args.length > 0
        ? await replayByIds(store, command.args)
        : await replayAll(store, isFailed ? { state: 'failed' } : { since })
    process.stdout.write(`${replayed} ${replayed === 1 ? 'event is' : 'events are'} queued again.\n`)
  } finally {
    await store.close()
  }
}

async function replayByIds(store: Store, ids: readonly string[]): Promise<number> {
  for (const id of ids)
    if (!(await store.findEvent(id)))
      fail(`there is no event ${id}; latchkey events list shows them. Nothing was changed`, EXIT.notFound)
  return replayEvents({ store, now: systemClock.now() }, ids)
}

/** Oldest last, so that a page is not read again after its events were queued. */
async function replayAll(store: Store, filter: Omit<EventFilter, 'limit'>): Promise<number> {
  let replayed = 0
  let before: number | undefined
  for (;;) {
    const page = await store.listEvents({ ...filter, before, limit: PAGE })
    const last = page.at(-1)
    if (!last) return replayed
    replayed += await replayEvents(
      { store, now: systemClock.now() },
      page.map(({ id }) => id),
    )
    before = last.seq
  }
}

function limitOf(command: Command): number {
  const text = optionOf<string>(command, 'limit') ?? ''
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit < 1 || limit > 10_000) fail('--limit must be a number from 1 to 10000', EXIT.usage)
  return limit
}

function sinceOf(command: Command): number | undefined {
  const text = optionOf<string>(command, 'since')
  if (text === undefined) return undefined
  const since = Date.parse(text)
  if (Number.isNaN(since)) fail('--since must be a time such as 2026-03-01T12:00:00Z', EXIT.usage)
  return since
}

/** @returns undefined for all users */
async function userIdOf(command: Command, store: Store): Promise<string | undefined> {
  const text = optionOf<string>(command, 'user')
  // The events of an account that was deleted are found by its id alone.
  if (text === undefined || isUuid(text)) return text?.toLowerCase()
  const user = await store.findUserByEmail(text.toLowerCase())
  return user?.id ?? fail(`no user found for ${text} (looked up by id and email address)`, EXIT.notFound)
}

const time = (ms: number) => new Date(ms).toISOString()

function shownEvent({ id, type, destination, userId, state, attempts, error, ...times }: Event) {
  const { createdAt, deliveredAt, nextAttemptAt } = times
  return {
    id,
    type,
    destination,
    user_id: userId,
    state,
    attempts,
    error,
    created_at: time(createdAt),
    delivered_at: deliveredAt === null ? null : time(deliveredAt),
    next_attempt_at: nextAttemptAt === null ? null : time(nextAttemptAt),
  }
}

const lineOf = ({ id, createdAt, type, userId, state, attempts, nextAttemptAt, error }: Event): string =>
  [
    time(createdAt).slice(0, 19),
    id,
    type.padEnd(21),
    userId,
    state.padEnd(9),
    `attempts ${attempts}`,
    ...(nextAttemptAt === null ? [] : [`next attempt ${time(nextAttemptAt).slice(0, 19)}`]),
    ...(error === null ? [] : [printable(error)]),
  ].join('  ')
