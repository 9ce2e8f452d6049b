/** Personal access tokens of a user, and a preview of the next access token, in the admin API (docs/admin-api.md#users). */
import { type Static, Type } from '@sinclair/typebox'
import { status } from 'elysia'
import type { PersonalAccessToken } from '../../core'
import { endpoint } from '../../http/endpoint'
import { freeForm } from '../../http/free-form'
import { goTime, goTimeOr } from '../../lib/rfc3339'
import { userId } from './admin-users'
import { errors } from './schemas'

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const time = () => Type.String({ format: 'date-time' })

export const TokenShape = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    created_at: time(),
    expires_at: Type.Union([time(), Type.Null()]),
    last_used_at: Type.Union([time(), Type.Null()], { description: 'To within a minute.' }),
  },
  { $id: 'UserPersonalToken' },
)

export const toToken = ({
  id,
  name,
  createdAt,
  expiresAt,
  lastUsedAt,
}: PersonalAccessToken): Static<typeof TokenShape> => ({
  id,
  name,
  created_at: goTime(createdAt),
  expires_at: goTimeOr(expiresAt, null),
  last_used_at: goTimeOr(lastUsedAt, null),
})

export const listPersonalTokensOf = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/users/:id/tokens',
  summary: "A user's personal access tokens, newest first",
  description: 'Without the tokens themselves, of which only hashes are stored.',
  responses: {
    200: Type.Object({ items: Type.Array(TokenShape) }, { $id: 'UserPersonalTokens' }),
    ...errors(401, 403, 404),
  },
  handle: async ({ core, params }) => ({ items: (await core.listPersonalTokensOf(userId(params))).map(toToken) }),
})

export const revokePersonalTokenOf = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/admin/users/:id/tokens/:token',
  summary: 'Revoke a personal access token of a user',
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => {
    await core.revokePersonalTokenOf({ admin, userId: userId(params), id: params.token })
    return status(204)
  },
})

export const previewToken = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/users/:id/token-preview',
  summary: "The claims of a user's next access token",
  description:
    'Of the latest session, with roles and metadata as they are now. They are not signed. A Custom Access Token hook is not called.',
  responses: {
    200: Type.Object(
      {
        claims: freeForm(),
        hook: Type.Boolean({ description: 'Whether a hook would be called, and may change the claims.' }),
      },
      { $id: 'TokenPreview' },
    ),
    ...errors(401, 403, 404),
  },
  handle: async ({ core, params }) => {
    const { claims, hasHook } = await core.previewToken(userId(params))
    return { claims, hook: hasHook }
  },
})
