/**
 * Tells the other nodes on a database what they would otherwise find at their next look: by NOTIFY
 * (https://www.postgresql.org/docs/current/sql-notify.html), on a connection that only listens. A notification may be
 * lost, so each has a poll behind it. Commits with a NOTIFY wait for each other, so it is sent alone, after the commit,
 * and only for what is rare.
 */
import type { SQL } from 'bun'
import type { StoreEvent } from '../engine'
import type { SingleStatement } from './budgets'

const CHANNEL = 'latchkey'

/** What a payload says, as the other nodes see it. */
const TOPICS = {
  keys: { kind: 'signing_keys' },
  outbox: { kind: 'queued_mail' },
  matrix: { kind: 'matrix_account' },
  events: { kind: 'queued_event' },
} as const satisfies Record<string, StoreEvent>

type Topic = keyof typeof TOPICS

/** Nodes that were told of queued work look for more until they find none, so they need not be told each time. */
const QUIET_MS = 1000

export interface Announcements {
  /** Tells the other nodes of an event that this node has committed. */
  announce(event: StoreEvent): void
  /** Waits until everything is sent. */
  sent(): Promise<unknown>
}

/** @param node the id of this one, which ignores its own announcements */
export function announcements(single: SingleStatement, node: string): Announcements {
  const sentAt = new Map<Topic, number>()
  const sending = new Set<Promise<unknown>>()
  return {
    announce(event) {
      const topic = topicOf(event)
      if (topic === undefined) return
      const now = performance.now()
      if (topic !== 'keys' && now - (sentAt.get(topic) ?? -Infinity) < QUIET_MS) return
      sentAt.set(topic, now)
      const sent: Promise<unknown> = single('SELECT pg_notify($1, $2)', [CHANNEL, `${topic} ${node}`])
        // The poll finds what could not be announced.
        .catch(() => {})
        .finally(() => sending.delete(sent))
      sending.add(sent)
    },
    sent: () => Promise.all(sending),
  }
}

function topicOf(event: StoreEvent): Topic | undefined {
  switch (event.kind) {
    case 'signing_keys':
      return 'keys'
    case 'matrix_account':
      return 'matrix'
    case 'queued_event':
      return 'events'
    case 'message':
      return event.state === 'queued' ? 'outbox' : undefined
    case 'counted':
    case 'queued_mail':
      return undefined
  }
}

export interface Listening {
  /** Listens on a new connection, soon. */
  renew(): void
  close(): Promise<void>
}

/** How often a new connection is made at most; once it listens, Bun replaces it by itself when it is lost. */
const RENEW_EVERY_MS = 1000

/** @param onEvent receives what other nodes announce and, after a gap, everything that may have happened in it */
export async function listenTo(
  connect: () => SQL,
  node: string,
  onEvent: (event: StoreEvent) => void,
): Promise<Listening> {
  let current = connect()
  let isFirst = true
  let isClosed = false
  const end = (connection: SQL) => connection.close({ timeout: 0 }).catch(() => {})

  const listen = (connection: SQL) =>
    connection.listen(
      CHANNEL,
      (payload) => {
        const [topic = '', sender] = payload.split(' ')
        // Another version may have topics that this one does not know.
        if (sender !== node && isTopic(topic)) onEvent(TOPICS[topic])
      },
      () => {
        if (!isFirst) for (const event of Object.values(TOPICS)) onEvent(event)
        isFirst = false
      },
    )

  let renewedAt = performance.now() - RENEW_EVERY_MS
  let planned: Timer | undefined

  function renew(): void {
    if (isClosed || planned) return
    const waitMs = renewedAt + RENEW_EVERY_MS - performance.now()
    if (waitMs > 0) planned = setTimeout(replace, waitMs).unref()
    else replace()
  }

  function replace(): void {
    planned = undefined
    if (isClosed) return
    renewedAt = performance.now()
    void end(current)
    const connection = connect()
    current = connection
    listen(connection).catch(() => {
      if (connection === current) renew()
    })
  }

  try {
    await listen(current)
  } catch (error) {
    await end(current)
    throw error
  }
  return {
    renew,
    async close() {
      isClosed = true
      await end(current)
    },
  }
}

const isTopic = (text: string): text is Topic => Object.hasOwn(TOPICS, text)
