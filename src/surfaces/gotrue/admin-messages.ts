/** Mail and SMS in the admin API (docs/admin-api.md#messages). */
import { type Static, Type } from '@sinclair/typebox'
import type { Message } from '../../core'
import { endpoint } from '../../http/endpoint'
import { choice, oneOf } from '../../http/schemas'
import { goTime, goTimeOr } from '../../lib/rfc3339'
import { choiceOf, cursorOf, cursorQuery, listOf, numberAfter, pageOfRows, textOf } from './cursor'
import { errors } from './schemas'

const PATH = '/admin/messages'
const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const time = () => Type.String({ format: 'date-time' })
const timeOrNull = () => Type.Union([time(), Type.Null()])

/** Subject and text contain links and codes that work, so they are left out. */
export const MessageShape = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    channel: oneOf(['email', 'sms']),
    template: Type.String(),
    recipient: Type.String(),
    state: oneOf(['queued', 'sent', 'failed', 'kept'], { description: '`kept`: not sent, only shown in the mailbox.' }),
    attempts: Type.Integer(),
    error: Type.Union([Type.String(), Type.Null()], { description: 'The last error.' }),
    created_at: time(),
    sent_at: timeOrNull(),
    next_attempt_at: timeOrNull(),
    expires_at: Type.String({ format: 'date-time', description: 'When its link or code stops working.' }),
  },
  { $id: 'OutgoingMessage' },
)

export const toMessage = (message: Message): Static<typeof MessageShape> => ({
  id: message.id,
  channel: message.channel,
  template: message.template,
  recipient: message.recipient,
  state: message.state,
  attempts: message.attempts,
  error: message.error,
  created_at: goTime(message.createdAt),
  sent_at: goTimeOr(message.sentAt, null),
  next_attempt_at: goTimeOr(message.nextAttemptAt, null),
  expires_at: goTime(message.expiresAt),
})

const { properties, ...options } = listOf('OutgoingMessages', MessageShape)

export const listMessages = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  query: {
    state: choice(['queued', 'sent', 'failed', 'kept']),
    recipient: Type.Optional(Type.String({ description: 'An address or a number.' })),
    ...cursorQuery,
  },
  summary: 'Mail and SMS, newest first',
  description: 'Without subject and text, which contain links and codes.',
  responses: {
    200: Type.Object(
      {
        ...properties,
        counts: Type.Object(
          { queued: Type.Integer(), sent: Type.Integer(), failed: Type.Integer(), kept: Type.Integer() },
          { description: 'Of all messages, up to 10,000 each.' },
        ),
      },
      { $id: options.$id ?? '' },
    ),
    ...errors(400, 401, 403),
  },
  handle: async ({ core, query }) => {
    const cursor = cursorOf(PATH, query)
    const rows = await core.listAllMessages({
      state: choiceOf('state', query.state, ['queued', 'sent', 'failed', 'kept']),
      recipient: textOf('recipient', query.recipient),
      before: numberAfter(cursor.after),
      limit: cursor.limit + 1,
    })
    const { page, ...rest } = pageOfRows(rows, cursor, ({ seq }) => [seq])
    return { items: page.map(toMessage), ...rest, counts: await core.countMessages() }
  },
})

export const retryMessage = endpoint({
  ...shared,
  method: 'POST',
  path: `${PATH}/:id/retry`,
  summary: 'Send a mail that waits or was refused, now',
  responses: { 200: MessageShape, ...errors(401, 403, 404, 422) },
  handle: async ({ core, caller: admin, params: { id } }) => toMessage(await core.retryMessage({ admin, id })),
})
