/** Why requests were refused, in the admin API (docs/admin-api.md#refusals). */
import { type Static, Type } from '@sinclair/typebox'
import type { RefusedRequest } from '../../core'
import { endpoint } from '../../http/endpoint'
import { goTime } from '../../lib/rfc3339'
import { parseUuid } from '../../lib/uuid'
import { cursorOf, cursorQuery, instantOf, listOf, numberAfter, pageOfRows, textOf } from './cursor'
import { adviceFor, explanationOf } from './error-messages/advice'
import { AuditShape, errors, toAuditEntry } from './schemas'

const PATH = '/admin/refusals'
const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const textOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

export const RefusalShape = Type.Object(
  {
    request_id: Type.String(),
    created_at: Type.String({ format: 'date-time' }),
    method: Type.String(),
    route: Type.String({ description: 'Pattern of the path; empty if no endpoint has it.' }),
    status: Type.Integer(),
    reason: Type.String({ description: "The server's own name for it, as in the log." }),
    code: Type.String({ description: 'What a client of `/auth/v1` gets for it.' }),
    message: Type.String({ description: 'Likewise, with `…` in place of details.' }),
    advice: textOrNull('What to do, if there is something.'),
    limit: textOrNull('The setting or rule whose limit was exceeded.'),
    user_id: textOrNull('The account that the request was about, if it is known.'),
    ip: Type.String({ description: 'Empty unless addresses are kept.' }),
  },
  { $id: 'RefusedRequest' },
)

export function toRefusal(refused: RefusedRequest): Static<typeof RefusalShape> {
  const { requestId, createdAt, method, route, status, reason, exceeded, userId, ipAddress } = refused
  return {
    request_id: requestId,
    created_at: goTime(createdAt),
    method,
    route,
    status,
    reason,
    ...explanationOf(reason),
    advice: adviceFor(reason, exceeded),
    limit: exceeded,
    user_id: userId,
    ip: ipAddress,
  }
}

const refusalQuery = {
  reason: Type.Optional(Type.String()),
  user_id: Type.Optional(Type.String({ description: 'A UUID; any other text finds nothing.' })),
  ip: Type.Optional(Type.String()),
  since: Type.Optional(Type.String({ format: 'date-time' })),
  until: Type.Optional(Type.String({ format: 'date-time' })),
  ...cursorQuery,
}

export const listRefusals = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  query: refusalQuery,
  summary: 'Refused requests, newest first',
  responses: { 200: listOf('RefusedRequests', RefusalShape), ...errors(400, 401, 403) },
  handle: async ({ core, query }) => {
    const cursor = cursorOf(PATH, query)
    const rows = await core.listRefusals({
      reason: textOf('reason', query.reason),
      userId: query.user_id ? (parseUuid(query.user_id) ?? 'none') : undefined,
      ip: textOf('ip', query.ip),
      since: instantOf('since', query.since),
      until: instantOf('until', query.until),
      before: numberAfter(cursor.after),
      limit: cursor.limit + 1,
    })
    const { page, ...rest } = pageOfRows(rows, cursor, ({ seq }) => [seq])
    return { items: page.map(toRefusal), ...rest }
  },
})

export const explainRefusal = endpoint({
  ...shared,
  method: 'GET',
  path: `${PATH}/:request`,
  summary: 'Why a request was refused, by its request id',
  description: 'With the entries of the audit log about the same accounts, within ten minutes before and after.',
  responses: {
    200: Type.Object({ items: Type.Array(RefusalShape), audit: Type.Array(AuditShape) }, { $id: 'ExplainedRefusal' }),
    ...errors(401, 403, 404),
  },
  handle: async ({ core, params: { request } }) => {
    const { refusals, audit } = await core.explainRefusal(request)
    return { items: refusals.map(toRefusal), audit: audit.map(toAuditEntry) }
  },
})
