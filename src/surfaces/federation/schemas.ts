/** Request and response schemas of the federation surface (docs/other-surfaces.md#federation). */
import { type Static, Type } from '@sinclair/typebox'
import type { User } from '../../core'
import type { FederatedIntrospection } from '../../core/federation/accounts'
import type { FederatedSignIn } from '../../core/federation/federated-sign-in'
import { localRef } from '../../core/federation/user-ref'
import { usernameOf } from '../../core/users/usernames'
import { errorsOf, oneOf } from '../../http/schemas'
import { CATEGORIES, ERROR_CODES } from './errors'

const ErrorShape = Type.Object(
  {
    error: oneOf(CATEGORIES, { description: 'The category.' }),
    reason: oneOf(ERROR_CODES, {
      $id: 'FederationErrorCode',
      description: 'Later versions may add codes; treat an unknown one by its status.',
    }),
    message: Type.String(),
  },
  {
    $id: 'FederationError',
    examples: [
      { error: 'forbidden', reason: 'server_not_allowed', message: 'That server is not listed in FEDERATION_SERVERS' },
    ],
  },
)

export const errors = errorsOf(ErrorShape)

const success = Type.Literal(true)
const userRef = Type.String({
  description: '`local@<uid>`, or `<server>@<32 hexadecimal digits>`',
  examples: ['local@7'],
})

const UserShape = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    uid: Type.Integer(),
    username: Type.String(),
    email: Type.String(),
    is_active: Type.Boolean(),
    is_verified: Type.Boolean({ description: 'Whether the address is confirmed.' }),
    server: Type.String(),
    user_ref: userRef,
  },
  { $id: 'FederationUser' },
)

/** The user object of another server. */
const ExternalUserShape = Type.Object(
  { server: Type.String(), user_ref: userRef },
  { $id: 'FederationExternalUser', additionalProperties: true },
)

export const SignInShape = Type.Object(
  {
    success,
    access_token: Type.String({ description: '`fed_…`' }),
    token_type: Type.Literal('Bearer'),
    server: Type.String({ description: '`local`, or the name or URL of the other server.' }),
    user_ref: userRef,
    user: Type.Optional(UserShape),
  },
  { $id: 'FederationSignIn' },
)
export const MeShape = Type.Object(
  // The first schema allows any member, so nothing is removed here; `toUser` lists the members of a local user.
  { success, user: Type.Union([ExternalUserShape, UserShape]) },
  { $id: 'FederationMe' },
)
export const TokenShape = Type.Object(
  { success, access_token: Type.String(), token_type: Type.Literal('Bearer') },
  { $id: 'FederationToken' },
)
export const SuccessShape = Type.Object({ success }, { $id: 'FederationSuccess' })
export const CreatedShape = Type.Object(
  { success, username: Type.String(), uid: Type.Integer(), user_ref: userRef },
  { $id: 'FederationCreated' },
)
export const IntrospectionShape = Type.Object(
  {
    active: Type.Boolean(),
    reason: Type.Optional(Type.Union([Type.Literal('missing_token'), Type.Literal('token_invalid')])),
    user_ref: Type.Optional(userRef),
    id: Type.Optional(Type.String({ format: 'uuid' })),
    uid: Type.Optional(
      Type.Union([Type.Integer(), Type.String()], {
        description: 'For accounts of another server: as reported by that server.',
      }),
    ),
    username: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    exp: Type.Optional(Type.Integer({ description: 'Unix seconds; omitted for a token that does not expire.' })),
  },
  { $id: 'FederationIntrospection' },
)

export function toUser(user: User): Static<typeof UserShape> {
  return {
    id: user.id,
    uid: user.uid,
    username: usernameOf(user),
    email: user.email ?? '',
    // banned and deleted users never get here
    is_active: true,
    is_verified: user.emailConfirmedAt !== null,
    server: 'local',
    user_ref: localRef(user.uid),
  }
}

export function toSignIn({ accessToken, server, userRef: ref, user }: FederatedSignIn): Static<typeof SignInShape> {
  return {
    success: true,
    access_token: accessToken,
    token_type: 'Bearer',
    server,
    user_ref: ref,
    ...(user && { user: toUser(user) }),
  }
}

export function toIntrospection(found: FederatedIntrospection | undefined): Static<typeof IntrospectionShape> {
  if (!found) return { active: false, reason: 'token_invalid' }
  if (found.kind === 'external') {
    const { externalId, uid: given, username: name, email: address } = found.session
    return {
      active: true,
      user_ref: found.userRef,
      uid: given ?? externalId,
      username: name,
      email: address,
      exp: found.exp,
    }
  }
  const { id, uid, username, email, user_ref } = toUser(found.user)
  return { active: true, user_ref, id, uid, username, email, ...(found.exp !== undefined && { exp: found.exp }) }
}
