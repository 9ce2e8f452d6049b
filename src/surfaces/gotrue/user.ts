import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { endpoint } from '../../http/endpoint'
import { namedAudience } from './audience'
import { redirectQuery, redirectTarget } from './redirect-target'
import { codeChallengeFields, codeChallengeOfBody, errors, toUser, UserShape } from './schemas'

/** `GET /user`. */
export const getUser = endpoint({
  method: 'GET',
  path: '/user',
  access: 'user',
  allowsTrailingSlash: true,
  tag: 'Own account',
  summary: "The caller's account",
  responses: { 200: UserShape, ...errors(400, 401, 403) },
  handle: async ({ core, caller, request }) =>
    toUser(await core.getAccount({ caller, audience: namedAudience(request) })),
})

const Body = Type.Object(
  {
    email: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    current_password: Type.Optional(Type.String()),
    nonce: Type.Optional(Type.String({ description: 'The code from GET /reauthenticate.' })),
    channel: Type.Optional(Type.String({ description: 'For a new number: `sms` or `whatsapp`.' })),
    data: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Merged into user_metadata; null removes a key.' }),
    ),
    app_metadata: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'For users with the admin group role only.' }),
    ),
    ...codeChallengeFields,
  },
  { $id: 'UserUpdate', examples: [{ data: { name: 'Ada Lovelace' } }] },
)

/** `PUT /user`. */
export const putUser = endpoint({
  method: 'PUT',
  path: '/user',
  access: 'user',
  body: Body,
  allowsTrailingSlash: true,
  tag: 'Own account',
  summary: "Update the caller's account",
  description:
    'A new password ends every other session. A new address or number takes effect once it is confirmed by the link or code sent to it.',
  query: redirectQuery,
  responses: { 200: UserShape, ...errors(400, 401, 403, 422, 429) },
  handle: async ({ core, caller, request, query, body }) => {
    const { current_password: currentPassword, app_metadata: appMetadata, ...given } = body
    const change = { ...given, currentPassword, appMetadata, ...codeChallengeOfBody(body) }
    const redirectTo = redirectTarget(core, request, query)
    const changed = await core.updateAccount({ caller, change, redirectTo })
    return toUser(changed, changed)
  },
})

/** `DELETE /user` (an addition to GoTrue). */
export const deleteUser = endpoint({
  method: 'DELETE',
  path: '/user',
  access: 'user',
  allowsTrailingSlash: true,
  tag: 'Own account',
  summary: "Delete the caller's account",
  description: 'Its address becomes available immediately, and all its sessions end.',
  responses: { 204: Type.Void(), ...errors(401, 403) },
  handle: async ({ core, caller }) => {
    await core.deleteAccount({ caller })
    return status(204)
  },
})
