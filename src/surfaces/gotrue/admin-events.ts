/** Events of accounts for the operator's server, in the admin API (docs/admin-api.md#events). */
import { type Static, Type } from '@sinclair/typebox'
import type { Event } from '../../core'
import { endpoint } from '../../http/endpoint'
import { choice, oneOf } from '../../http/schemas'
import { goTime, goTimeOr } from '../../lib/rfc3339'
import { parseUuid } from '../../lib/uuid'
import { choiceOf, cursorOf, cursorQuery, instantOf, listOf, numberAfter, pageOfRows, textOf } from './cursor'
import { errors } from './schemas'

const PATH = '/admin/events'
const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const time = () => Type.String({ format: 'date-time' })
const timeOrNull = () => Type.Union([time(), Type.Null()])

export const EventShape = Type.Object(
  {
    id: Type.String(),
    destination: Type.String({ description: '`webhook`, or the name of a hook.' }),
    type: Type.String({ description: 'Such as `user.created`.' }),
    user_id: Type.String({ format: 'uuid' }),
    state: oneOf(['pending', 'delivered', 'failed']),
    attempts: Type.Integer(),
    error: Type.Union([Type.String(), Type.Null()]),
    created_at: time(),
    delivered_at: timeOrNull(),
    next_attempt_at: timeOrNull(),
    expires_at: time(),
  },
  { $id: 'AccountEvent' },
)

export const toEvent = (event: Event): Static<typeof EventShape> => ({
  id: event.id,
  destination: event.destination,
  type: event.type,
  user_id: event.userId,
  state: event.state,
  attempts: event.attempts,
  error: event.error,
  created_at: goTime(event.createdAt),
  delivered_at: goTimeOr(event.deliveredAt, null),
  next_attempt_at: goTimeOr(event.nextAttemptAt, null),
  expires_at: goTime(event.expiresAt),
})

export const listEvents = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  query: {
    state: choice(['pending', 'delivered', 'failed']),
    type: Type.Optional(Type.String({ description: 'Such as `user.created`.' })),
    user_id: Type.Optional(Type.String({ description: 'A UUID; any other text finds nothing.' })),
    since: Type.Optional(time()),
    ...cursorQuery,
  },
  summary: "Events for the operator's server, newest first",
  description: 'Without their payload.',
  responses: { 200: listOf('AccountEvents', EventShape), ...errors(400, 401, 403) },
  handle: async ({ core, query }) => {
    const cursor = cursorOf(PATH, query)
    const rows = await core.listEvents({
      state: choiceOf('state', query.state, ['pending', 'delivered', 'failed']),
      type: textOf('type', query.type),
      userId: query.user_id ? (parseUuid(query.user_id) ?? 'none') : undefined,
      since: instantOf('since', query.since),
      before: numberAfter(cursor.after),
      limit: cursor.limit + 1,
    })
    const { page, ...rest } = pageOfRows(rows, cursor, ({ seq }) => [seq])
    return { items: page.map(toEvent), ...rest }
  },
})

export const replayEvent = endpoint({
  ...shared,
  method: 'POST',
  path: `${PATH}/:id/replay`,
  summary: 'Send an event again, with the same id',
  responses: { 200: EventShape, ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params: { id } }) => toEvent(await core.replayEvent({ admin, id })),
})
