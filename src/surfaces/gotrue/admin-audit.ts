import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { pageHeaders, pageOf, pageQuery } from './paging'
import { AuditShape, errors, toAuditEntry } from './schemas'

/** `GET /admin/audit`. */
export const listAudit = endpoint({
  method: 'GET',
  path: '/admin/audit',
  access: 'admin',
  allowsTrailingSlash: true,
  query: { ...pageQuery, query: Type.Optional(Type.String({ description: '`author:…`, `action:…` or `type:…`.' })) },
  tag: 'Administration',
  summary: 'The audit log, newest first',
  responses: { 200: Type.Array(AuditShape), ...errors(400, 401, 403) },
  handle: async ({ core, request, query, headers }) => {
    const page = pageOf(query)
    const { rows, total } = await core.listAudit({ ...page, query: query.query ?? '' })
    Object.assign(headers, pageHeaders(request, '/admin/audit', page, total))
    return rows.map(toAuditEntry)
  },
})
