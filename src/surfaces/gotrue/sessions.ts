import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/refusal'
import { endpoint } from '../../http/endpoint'
import { isUuid } from '../../lib/uuid'
import { errors, SessionRowShape, toSessionRow } from './shapes'

/** GET /sessions (supabase-additions.md). */
export const listSessions = endpoint({
  method: 'GET',
  path: '/sessions',
  access: 'user',
  tag: 'Sessions',
  summary: "The caller's active sessions, newest first",
  answers: { 200: Type.Array(SessionRowShape), ...errors(401, 403) },
  handle: async ({ core, caller }) => (await core.listSessions(caller)).map(toSessionRow),
})

/** DELETE /sessions/{id} (supabase-additions.md). */
export const deleteSession = endpoint({
  method: 'DELETE',
  path: '/sessions/:id',
  access: 'user',
  tag: 'Sessions',
  summary: "End one of the caller's sessions",
  answers: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller, params: { id = '' } }) => {
    if (!isUuid(id)) throw new Refusal('session_unknown')
    await core.endSession({ caller, id: id.toLowerCase() })
    return status(204)
  },
})
