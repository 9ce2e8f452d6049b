import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { parseUuid } from '../../lib/uuid'
import { instantOf, textOf } from './cursor'
import { pageHeaders, pageOf, pageQuery } from './paging'
import { AuditShape, errors, toAuditEntry } from './schemas'

/** `GET /admin/audit`. The filters besides `query` are an addition to GoTrue (docs/admin-api.md#audit-log). */
export const listAudit = endpoint({
  method: 'GET',
  path: '/admin/audit',
  access: 'admin',
  allowsTrailingSlash: true,
  query: {
    ...pageQuery,
    query: Type.Optional(Type.String({ description: '`author:…`, `action:…` or `type:…`.' })),
    user_id: Type.Optional(
      Type.String({
        description: 'The account that acted, or that was changed. A value that is not a UUID finds nothing.',
      }),
    ),
    action: Type.Optional(Type.String({ description: 'Such as `login`.' })),
    ip: Type.Optional(Type.String()),
    request_id: Type.Optional(Type.String()),
    since: Type.Optional(Type.String({ format: 'date-time' })),
    until: Type.Optional(Type.String({ format: 'date-time' })),
  },
  tag: 'Administration',
  summary: 'The audit log, newest first',
  responses: { 200: Type.Array(AuditShape), ...errors(400, 401, 403) },
  handle: async ({ core, request, query, headers }) => {
    const page = pageOf(query)
    const filter = {
      userId: query.user_id ? (parseUuid(query.user_id) ?? 'none') : undefined,
      action: textOf('action', query.action),
      ip: textOf('ip', query.ip),
      requestId: textOf('request_id', query.request_id),
      since: instantOf('since', query.since),
      until: instantOf('until', query.until),
    }
    const { rows, total } = await core.listAudit({ ...page, query: query.query ?? '', filter })
    Object.assign(headers, pageHeaders(request, '/admin/audit', page, total))
    return rows.map(toAuditEntry)
  },
})
