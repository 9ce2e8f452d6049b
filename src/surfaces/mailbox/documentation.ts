/** Responses and documentation of the mailbox API. */
import { type TSchema, Type } from '@sinclair/typebox'
import { DEFAULT_LIMIT, ErrorShape, MAX_LIMIT, MAX_WAIT_SECONDS, MessageShape } from './schemas'

const WAIT = `Seconds to wait for a message if there is none yet: at most ${MAX_WAIT_SECONDS}, a larger number counts as that. After that, the list is empty.`

/** A new object for each use, because Elysia modifies it. */
export function documentation() {
  const listing = {
    response: { 200: Type.Array(MessageShape), 400: ErrorShape, 403: ErrorShape },
    detail: {
      ...detail('listMailboxMessages', 'List stored mails and SMS, newest first'),
      parameters: [
        parameter('to', 'Recipient, case-insensitive; a phone number with or without plus sign and spaces.', {
          type: 'string',
        }),
        parameter('kind', 'Kind of message, such as `recovery`.', { type: 'string' }),
        parameter('limit', `At most ${MAX_LIMIT}; a larger number counts as that.`, {
          type: 'integer',
          minimum: 1,
          default: DEFAULT_LIMIT,
        }),
        parameter('after', 'Only messages that are newer than the one with this id.', { type: 'string' }),
        parameter('wait', WAIT, { type: 'number', minimum: 0, default: 0 }),
      ],
    },
  }

  const reading = {
    response: { 200: MessageShape, 403: ErrorShape, 404: ErrorShape },
    detail: detail('getMailboxMessage', 'Get a stored mail or SMS'),
  }

  const clearing = {
    response: { 204: Type.Void(), 403: ErrorShape },
    detail: detail('clearMailboxMessages', 'Remove all stored mails and SMS'),
  }

  const deleting = {
    response: { 204: Type.Void(), 403: ErrorShape, 404: ErrorShape, 409: ErrorShape },
    detail: detail('deleteMailboxMessage', 'Delete a mail or SMS'),
  }

  // Responses that are not JSON are documented by hand: Elysia would interpret a `response` schema.
  const failure = content('application/json', ErrorShape)

  const showing = {
    detail: {
      ...detail('getMailboxMessageHtml', 'Get the HTML of a stored mail, under a CSP that prevents scripts'),
      responses: { 200: content('text/html', Type.String()), 403: failure, 404: failure },
    },
  }

  const listening = {
    detail: {
      ...detail('streamMailboxEvents', 'Receive an event for each new mail and SMS'),
      description:
        'Server-sent events: a `message` for each, with `{"id", "to"}` as its data. The number of open streams is limited, in total and per address.',
      responses: { 200: content('text/event-stream', Type.String()), 403: failure, 429: failure, 503: failure },
    },
  }
  return { listing, reading, deleting, clearing, showing, listening }
}

function detail(operationId: string, summary: string) {
  return { operationId, tags: ['Mailbox'], summary, security: [] }
}

function parameter(name: string, description: string, schema: object) {
  return { name, in: 'query' as const, required: false, description, schema }
}

function content(type: string, schema: TSchema) {
  return { description: '', content: { [type]: { schema: schema as object } } }
}
