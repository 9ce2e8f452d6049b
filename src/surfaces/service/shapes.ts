/** What the endpoints below `/api/auth` take and answer (service.md, verification-tokens.md). */
import { type Static, Type } from '@sinclair/typebox'
import { displayName, type ServiceSession } from '../../core/tokens/service-token'

export const MessageShape = Type.Object({ message: Type.String() }, { $id: 'ServiceMessage' })

const ErrorShape = Type.Object(
  {
    error: Type.String({ description: 'Stable code of the error.' }),
    message: Type.String(),
    detail: Type.Optional(Type.String({ description: 'The field that is wrong.' })),
  },
  { $id: 'ServiceError' },
)

/** The error answers of an endpoint, for its documentation. */
export function errors(...statuses: number[]): Record<number, typeof ErrorShape> {
  return Object.fromEntries(statuses.map((status) => [status, ErrorShape]))
}

export const SessionShape = Type.Object(
  {
    access_token: Type.String({ description: 'JWT (RFC 7519) with the roles of the user.' }),
    refresh_token: Type.String(),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    user: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        email: Type.String(),
        display_name: Type.String(),
        roles: Type.Array(Type.String()),
        is_active: Type.Boolean(),
        is_admin: Type.Boolean(),
        matrix_user_id: Type.Null(),
        created_at: Type.String({ format: 'date-time' }),
      },
      { $id: 'ServiceUser' },
    ),
  },
  { $id: 'ServiceSession' },
)

export function toSession({
  accessToken,
  refreshToken,
  expiresIn,
  user,
  roles,
}: ServiceSession): Static<typeof SessionShape> {
  return {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: 'bearer',
    expires_in: expiresIn,
    user: {
      id: user.id,
      email: user.email ?? '',
      display_name: displayName(user.rawUserMetaData),
      roles,
      is_active: true,
      is_admin: roles.includes('admin'),
      matrix_user_id: null,
      created_at: new Date(user.createdAt).toISOString(),
    },
  }
}
