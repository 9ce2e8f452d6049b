/** Sessions of a user in the admin API (docs/admin-api.md#users). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { endpoint } from '../../http/endpoint'
import { userId } from './admin-users'
import { errors, toUserSession, UserSessionShape } from './schemas'

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

export const listSessionsOf = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/users/:id/sessions',
  summary: "A user's sessions, newest first",
  responses: {
    200: Type.Object({ items: Type.Array(UserSessionShape) }, { $id: 'UserSessions' }),
    ...errors(401, 403, 404),
  },
  handle: async ({ core, params }) => ({ items: (await core.listSessionsOf(userId(params))).map(toUserSession) }),
})

export const endSessionsOf = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/admin/users/:id/sessions',
  summary: 'Sign a user out everywhere',
  description: 'The tokens of these sessions are refused at once. Personal access tokens stay valid.',
  responses: { 200: Type.Object({ ended: Type.Integer() }, { $id: 'EndedSessions' }), ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => ({
    ended: await core.endSessionsOf({ admin, userId: userId(params) }),
  }),
})

export const endSessionOf = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/admin/users/:id/sessions/:session',
  summary: 'End a session of a user',
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => {
    await core.endSessionOf({ admin, userId: userId(params), id: params.session })
    return status(204)
  },
})
