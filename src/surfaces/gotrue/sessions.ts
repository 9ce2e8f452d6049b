/** A user's sessions: list, end one, and the link in the notice of a sign-in from a new network. */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { textOf } from '../../http/schemas'
import { targetOf } from '../../http/target'
import { isUuid } from '../../lib/uuid'
import { endSessionPage, sessionEndedPage } from '../../pages/confirm'
import { pageSiteOf } from '../../pages/next-steps'
import { errors, SessionRowShape, toSessionRow } from './schemas'

/** `GET /sessions` (an addition to GoTrue). */
export const listSessions = endpoint({
  method: 'GET',
  path: '/sessions',
  access: 'user',
  tag: 'Sessions',
  summary: "The caller's active sessions, newest first",
  responses: { 200: Type.Array(SessionRowShape), ...errors(401, 403) },
  handle: async ({ core, caller }) => (await core.listSessions(caller)).map(toSessionRow),
})

/** `DELETE /sessions/{id}` (an addition to GoTrue). */
export const deleteSession = endpoint({
  method: 'DELETE',
  path: '/sessions/:id',
  access: 'user',
  tag: 'Sessions',
  summary: "End one of the caller's sessions",
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller, params: { id } }) => {
    if (!isUuid(id)) throw new Refusal('session_unknown')
    await core.endSession({ caller, id: id.toLowerCase() })
    return status(204)
  },
})

const unrecognizedSessionQuery = {
  session: Type.String({ format: 'uuid', description: 'The session named in the mail.' }),
  token: Type.String({ description: 'The token from the mail.' }),
}

/** `GET /sessions/not-me`: shows a page; only its button has an effect, since scanners open links as well. */
export const confirmEndSession = endpoint({
  method: 'GET',
  path: '/sessions/not-me',
  access: 'anyone',
  query: {
    ...unrecognizedSessionQuery,
    at: Type.Optional(Type.Integer({ description: 'When the sign-in happened, in Unix seconds; only shown.' })),
  },
  tag: 'Sessions',
  summary: 'Open the link of a new sign-in notice',
  description: 'Shows what is known about the session, and a button that ends it.',
  responses: { 200: textOf('text/html'), ...errors(400, 403) },
  handle: async ({ core, request, query, client: { languages } }) => {
    const sessionId = query.session ?? ''
    const token = query.token ?? ''
    if (sessionId === '' || token === '') throw new Refusal('verify_token_missing')
    const session = await core.describeUnrecognizedSession({ sessionId, token, at: Number(query.at) * 1000 })
    const reader = { site: pageSiteOf(core.policy), path: targetOf(request).path, languages }
    if (!session) return sessionEndedPage(reader)
    const asked = new URLSearchParams({ session: sessionId, token })
    return endSessionPage({ ...reader, action: `not-me?${asked}`, session })
  },
})

/** `POST /sessions/not-me`: the button of that page. */
export const endUnrecognizedSession = endpoint({
  method: 'POST',
  path: '/sessions/not-me',
  access: 'anyone',
  query: unrecognizedSessionQuery,
  tag: 'Sessions',
  summary: 'End a session with the token of its sign-in notice',
  responses: { 200: textOf('text/html'), ...errors(403, 429) },
  handle: async ({ core, request, query, client }) => {
    await core.endUnrecognizedSession({ sessionId: query.session ?? '', token: query.token ?? '' })
    return sessionEndedPage({
      site: pageSiteOf(core.policy),
      path: targetOf(request).path,
      languages: client.languages,
    })
  },
})
