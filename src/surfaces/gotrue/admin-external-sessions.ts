/** Sessions of external accounts (the federation surface), which GoTrue does not have. */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import type { ExternalSessionListed } from '../../core/federation/administration'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { goTime } from '../../lib/rfc3339'
import { isUuid } from '../../lib/uuid'
import { pageHeaders, pageOf, pageQuery } from './paging'
import { errors } from './schemas'

const PATH = '/admin/federation/sessions'

const ExternalSessionShape = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    server: Type.String({ description: 'Name of the other server, or its URL.' }),
    user_ref: Type.String({ description: '`<server>@<id>`' }),
    username: Type.String({ description: 'As reported by the other server at sign-in; otherwise empty.' }),
    email: Type.String({ description: 'Likewise.' }),
    created_at: Type.String({ format: 'date-time' }),
    expires_at: Type.String({ format: 'date-time', description: 'Expiry of the token; refreshing it extends this.' }),
  },
  { $id: 'ExternalSession' },
)

function toExternalSession({ session, server, userRef }: ExternalSessionListed) {
  const { id, username, email, createdAt, expiresAt } = session
  return {
    id,
    server,
    user_ref: userRef,
    username,
    email,
    created_at: goTime(createdAt),
    expires_at: goTime(expiresAt),
  }
}

/** GET /admin/federation/sessions. */
export const listExternalSessions = endpoint({
  method: 'GET',
  path: PATH,
  access: 'admin',
  query: pageQuery,
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'Sessions of accounts of other servers, last used first',
  responses: { 200: Type.Array(ExternalSessionShape), ...errors(400, 401, 403) },
  handle: async ({ core, request, query, headers }) => {
    const page = pageOf(query)
    const { rows, total } = await core.listExternalSessions(page)
    Object.assign(headers, pageHeaders(request, PATH, page, total))
    return rows.map(toExternalSession)
  },
})

/** DELETE /admin/federation/sessions/{id}. */
export const endExternalSession = endpoint({
  method: 'DELETE',
  path: `${PATH}/:id`,
  access: 'admin',
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'End a session of an account of another server',
  description: 'Its token is refused at once. The other server is notified if it can be reached.',
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params: { id } }) => {
    if (!isUuid(id)) throw new Refusal('session_unknown')
    await core.endExternalSession({ admin, id: id.toLowerCase() })
    return status(204)
  },
})
