/** JSON and query parameters of the mailbox API. */
import { type Static, Type } from '@sinclair/typebox'
import { oneOf } from '../../http/schemas'
import { queryOf, targetOf } from '../../http/target'
import { isoTime } from '../../lib/rfc3339'
import { ERROR_CODES } from './errors'
import type { MailboxFilter, MailboxMessage } from './source'

export const DEFAULT_LIMIT = 50
export const MAX_LIMIT = 200

/** Shorter than the idle timeouts of common clients and proxies. */
export const MAX_WAIT_SECONDS = 30

const orNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
const time = () => Type.String({ format: 'date-time' })

export const MessageShape = Type.Object(
  {
    id: Type.String(),
    channel: Type.Union([Type.Literal('email'), Type.Literal('sms')]),
    kind: Type.String({ description: 'Kind of message, such as `recovery`.' }),
    to: Type.String({ description: 'Email address, or E.164 without the plus sign.' }),
    from: Type.String(),
    subject: Type.String({ description: 'Empty for an SMS.' }),
    text: Type.String(),
    html: orNull('null for an SMS.'),
    code: orNull('The one-time code in the message.'),
    links: Type.Array(Type.String(), { description: 'URLs of the links in the message.' }),
    state: Type.Union([Type.Literal('kept'), Type.Literal('queued'), Type.Literal('sent'), Type.Literal('failed')], {
      description: '`kept`: it stays in this mailbox and is not sent.',
    }),
    error: orNull('Why it could not be sent.'),
    created_at: time(),
    sent_at: Type.Union([time(), Type.Null()]),
  },
  { $id: 'MailboxMessage' },
)

export const ErrorShape = Type.Object({ error: oneOf(ERROR_CODES), message: Type.String() }, { $id: 'MailboxError' })

/** Schemes that run or show something themselves. */
const UNFIT_LINK = /^(javascript|data|vbscript|blob|about|file):/i

export function toMessage({ createdAt, sentAt, links, ...message }: MailboxMessage): Static<typeof MessageShape> {
  return {
    ...message,
    links: links.filter((link) => URL.canParse(link) && !UNFIT_LINK.test(new URL(link).protocol)),
    created_at: isoTime(createdAt),
    sent_at: sentAt === null ? null : isoTime(sentAt),
  }
}

/** @returns undefined if the limit is not valid */
export function filterOf(request: Request): MailboxFilter | undefined {
  const to = recipientOf(request)
  const kind = queryOf(request, 'kind')
  const after = queryOf(request, 'after')
  const limit = limitOf(request)
  return limit === undefined ? undefined : { ...(to && { to }), ...(kind && { kind }), ...(after && { after }), limit }
}

/**
 * How long a request waits for a message, in milliseconds.
 * @returns undefined if it is not a number from 0; a larger one than the maximum counts as that
 */
export function waitOf(request: Request): number | undefined {
  const text = queryOf(request, 'wait')
  if (!text) return 0
  return /^\d+(\.\d+)?$/.test(text) ? Math.min(Number(text), MAX_WAIT_SECONDS) * 1000 : undefined
}

/** A plus sign is literal here: many mail addresses contain one, and none contains the space it would stand for. */
function recipientOf(request: Request): string | undefined {
  const query = targetOf(request).query.replaceAll('+', '%2B')
  const to = new URLSearchParams(query).get('to')?.replace(/\s/g, '').toLowerCase()
  return to !== undefined && /^[+\d]+$/.test(to) ? to.replaceAll('+', '') : to
}

/** @returns undefined if it is not a whole number from 1; a larger one than the maximum counts as that */
function limitOf(request: Request): number | undefined {
  const text = queryOf(request, 'limit')
  if (!text) return DEFAULT_LIMIT
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  return limit === 0 ? undefined : Math.min(limit, MAX_LIMIT)
}
