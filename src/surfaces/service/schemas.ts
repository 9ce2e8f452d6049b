/** Request and response schemas of `/api/auth` (docs/other-surfaces.md). */
import { type Static, Type } from '@sinclair/typebox'
import type { PersonalAccessToken, User } from '../../core'
import type { Introspection } from '../../core/authentication/introspect'
import type { ServiceSession } from '../../core/sessions/service-tokens'
import type { TokenPair } from '../../core/sign-in/token-pairs'
import { displayName } from '../../core/users/usernames'
import { errorsOf, oneOf } from '../../http/schemas'
import { isoTime } from '../../lib/rfc3339'
import { ERROR_CODES } from './errors'

export const MessageShape = Type.Object({ message: Type.String() }, { $id: 'ServiceMessage' })

const ErrorShape = Type.Object(
  {
    error: oneOf(ERROR_CODES, {
      $id: 'ServiceErrorCode',
      description: 'Later versions may add codes; treat an unknown one by its status.',
    }),
    message: Type.String(),
    detail: Type.Optional(Type.String({ description: 'The invalid field.' })),
  },
  { $id: 'ServiceError' },
)

export const errors = errorsOf(ErrorShape)

export const UserShape = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Type.String(),
    display_name: Type.String(),
    roles: Type.Array(Type.String()),
    is_active: Type.Boolean(),
    is_admin: Type.Boolean(),
    matrix_user_id: Type.Union([Type.String(), Type.Null()]),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'ServiceUser' },
)

export const SessionShape = Type.Object(
  {
    access_token: Type.String({ description: 'JWT (RFC 7519) with the roles of the user.' }),
    refresh_token: Type.String({ description: 'Single-use, for the next pair.' }),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    user: UserShape,
  },
  { $id: 'ServiceSession' },
)

export const IntrospectionShape = Type.Object(
  {
    active: Type.Boolean(),
    sub: Type.Optional(Type.String({ format: 'uuid' })),
    email: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    roles: Type.Optional(Type.Array(Type.String())),
    type: Type.Optional(Type.Literal('access')),
    iss: Type.Optional(Type.String()),
    exp: Type.Optional(Type.Integer({ description: 'Unix seconds; omitted for a token that does not expire.' })),
  },
  { $id: 'ServiceIntrospection' },
)

const instant = () => Type.String({ format: 'date-time' })
const maybe = () => Type.Union([instant(), Type.Null()])

export const PairShape = Type.Object(
  {
    tokenType: Type.Literal('Bearer'),
    accessToken: Type.String({ description: '`cat_…`' }),
    accessTokenExpiresAt: instant(),
    refreshToken: Type.String({ description: '`crt_…`, single-use.' }),
    refreshTokenExpiresAt: instant(),
  },
  { $id: 'TokenPair' },
)

const personalToken = {
  id: Type.String({ format: 'uuid' }),
  name: Type.String(),
  createdAt: instant(),
  expiresAt: maybe(),
  lastUsedAt: maybe(),
}
export const PersonalTokenShape = Type.Object(personalToken, { $id: 'PersonalAccessToken' })
export const CreatedPersonalTokenShape = Type.Object(
  { ...personalToken, token: Type.String({ description: '`carol_pat_…`, shown only once.' }) },
  { $id: 'CreatedPersonalAccessToken' },
)

export function toUser({ user, roles }: { user: User; roles: string[] }): Static<typeof UserShape> {
  return {
    id: user.id,
    email: user.email ?? '',
    display_name: displayName(user.rawUserMetaData),
    roles,
    is_active: true,
    is_admin: roles.includes('admin'),
    matrix_user_id: user.matrixUserId,
    created_at: isoTime(user.createdAt),
  }
}

export function toSession(session: ServiceSession): Static<typeof SessionShape> {
  return {
    access_token: session.accessToken,
    refresh_token: session.refreshToken,
    token_type: 'bearer',
    expires_in: session.expiresIn,
    user: toUser(session),
  }
}

export function toIntrospection(found: Introspection | undefined): Static<typeof IntrospectionShape> {
  if (!found) return { active: false }
  const { user, roles, issuer, expiresAt } = found
  return {
    active: true,
    sub: user.id,
    email: user.email ?? '',
    name: displayName(user.rawUserMetaData),
    roles,
    type: 'access',
    iss: issuer,
    ...(expiresAt !== undefined && { exp: expiresAt }),
  }
}

export function toPair(pair: TokenPair): Static<typeof PairShape> {
  return {
    tokenType: 'Bearer',
    accessToken: pair.accessToken,
    accessTokenExpiresAt: isoTime(pair.accessTokenExpiresAt),
    refreshToken: pair.refreshToken,
    refreshTokenExpiresAt: isoTime(pair.refreshTokenExpiresAt),
  }
}

export function toPersonalToken(token: PersonalAccessToken): Static<typeof PersonalTokenShape> {
  const { id, name, createdAt, expiresAt, lastUsedAt } = token
  const iso = (ms: number | null) => (ms === null ? null : isoTime(ms))
  return {
    id,
    name,
    createdAt: isoTime(createdAt),
    expiresAt: iso(expiresAt),
    lastUsedAt: iso(lastUsedAt),
  }
}
