/** A user's sessions: a list, ending one, and the link of the mail that tells of a sign-in from somewhere new. */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/refusal'
import { endpoint } from '../../http/endpoint'
import { isUuid } from '../../lib/uuid'
import { endSessionPage, sessionEndedPage } from '../../pages/confirm'
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

const disownQuery = {
  session: Type.String({ format: 'uuid', description: 'The session of the mail.' }),
  token: Type.String({ description: 'The token of the mail.' }),
}

/** GET /sessions/not-me: asks; only the button does anything, since programs look at links as well. */
export const askToDisown = endpoint({
  method: 'GET',
  path: '/sessions/not-me',
  access: 'anyone',
  query: disownQuery,
  tag: 'Sessions',
  summary: 'Open the link of a mail that tells of a new sign-in',
  description: 'Shows a page with a button that ends the session.',
  answers: { 200: Type.String(), ...errors(400, 403) },
  handle: ({ core, query, client: { languages } }) => {
    const sessionId = query('session') ?? ''
    const token = query('token') ?? ''
    if (sessionId === '' || token === '') throw new Refusal('verify_token_missing')
    core.requireDisownToken({ sessionId, token })
    const asked = new URLSearchParams({ session: sessionId, token })
    return endSessionPage({ action: `not-me?${asked}`, languages })
  },
})

/** POST /sessions/not-me: the button of that page. */
export const disownSession = endpoint({
  method: 'POST',
  path: '/sessions/not-me',
  access: 'anyone',
  query: disownQuery,
  tag: 'Sessions',
  summary: 'End a session with the token of a mail that tells of it',
  answers: { 200: Type.String(), ...errors(403, 429) },
  handle: async ({ core, query, client }) => {
    await core.disownSession({ sessionId: query('session') ?? '', token: query('token') ?? '', client })
    return sessionEndedPage({ siteUrl: core.policy.redirects.siteUrl, languages: client.languages })
  },
})
