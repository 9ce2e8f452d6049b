/** `/admin/users`. */
import { type Static, Type } from '@sinclair/typebox'
import type { UserInput } from '../../core/accounts/admin'
import { Refusal } from '../../core/kernel/refusal'
import { storedText } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import type { PathParameters } from '../../http/parameters'
import { parseUuid } from '../../lib/uuid'
import { audience } from './audience'
import { pageHeaders, pageOf, pageQuery, sortOf, sortQuery } from './paging'
import { errors, toFreshUser, toUser, UserShape } from './schemas'

const userFields = {
  role: Type.Optional(storedText()),
  email: Type.Optional(Type.String()),
  phone: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  email_confirm: Type.Optional(Type.Boolean({ description: 'Confirms the email address.' })),
  phone_confirm: Type.Optional(Type.Boolean({ description: 'Confirms the phone number.' })),
  user_metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  app_metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  ban_duration: Type.Optional(Type.String({ description: 'A duration such as `24h` or `1h30m`, or `none`.' })),
}

export const NewUser = Type.Object(
  {
    id: Type.Optional(Type.String()),
    aud: Type.Optional(storedText()),
    ...userFields,
    password_hash: Type.Optional(
      Type.String({ description: 'A bcrypt, argon2i, argon2id or fbscrypt hash instead of a password.' }),
    ),
  },
  {
    $id: 'NewUser',
    examples: [{ email: 'grace@example.com', password: 'correct-horse-battery-9', email_confirm: true }],
  },
)

const UserChanges = Type.Object(userFields, { $id: 'UserChanges', examples: [{ user_metadata: { name: 'Grace' } }] })

const Deletion = Type.Object(
  {
    should_soft_delete: Type.Optional(
      Type.Boolean({ description: 'Keep the row, with all identifying values removed.' }),
    ),
  },
  { $id: 'Deletion', examples: [{ should_soft_delete: false }] },
)

const UserList = Type.Object({ users: Type.Array(UserShape), aud: Type.String() }, { $id: 'UserList' })

export const listUsers = endpoint({
  method: 'GET',
  path: '/admin/users',
  access: 'admin',
  query: {
    ...pageQuery,
    filter: Type.Optional(Type.String({ description: 'Part of the email address or of user_metadata.full_name.' })),
    ...sortQuery,
  },
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'List users',
  description: 'Headers: X-Total-Count, and Link with the next and the last page.',
  responses: { 200: UserList, ...errors(400, 401, 403) },
  handle: async ({ core, request, query, headers }) => {
    const page = pageOf(query)
    const aud = audience(core, request)
    const { rows, total } = await core.listUsers({
      ...page,
      aud,
      filter: query.filter ?? '',
      direction: sortOf(query),
    })
    Object.assign(headers, pageHeaders(request, '/admin/users', page, total))
    return { users: rows.map((user) => toUser({ user, identities: null })), aud }
  },
})

export const createUser = endpoint({
  method: 'POST',
  path: '/admin/users',
  access: 'admin',
  body: NewUser,
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'Make a user',
  description: 'No mail is sent. Without a password, the account gets an unknown random one.',
  responses: { 200: UserShape, ...errors(400, 401, 403, 422) },
  handle: async ({ core, caller: admin, request, body }) =>
    toFreshUser(await core.createUser({ admin, given: givenUser(body), audience: audience(core, request) })),
})

export const getUserById = endpoint({
  method: 'GET',
  path: '/admin/users/:id',
  access: 'admin',
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'Get a user',
  responses: { 200: UserShape, ...errors(401, 403, 404) },
  handle: async ({ core, params }) => toUser(await core.requireAccount(userId(params))),
})

export const updateUserById = endpoint({
  method: 'PUT',
  path: '/admin/users/:id',
  access: 'admin',
  check: async ({ core, params }) => void (await core.requireAccount(userId(params))),
  body: UserChanges,
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'Change a user',
  description: 'A new password ends all of the user’s sessions. Metadata is merged key by key; null removes a key.',
  responses: { 200: UserShape, ...errors(400, 401, 403, 404, 422) },
  handle: async ({ core, caller: admin, params, body }) => {
    const changed = await core.updateUser({ admin, id: userId(params), given: givenUser(body) })
    return toUser(changed, changed)
  },
})

export const deleteUserById = endpoint({
  method: 'DELETE',
  path: '/admin/users/:id',
  access: 'admin',
  check: async ({ core, params }) => void (await core.requireAccount(userId(params))),
  body: Deletion,
  isBodyOptional: true,
  allowsTrailingSlash: true,
  tag: 'Administration',
  summary: 'Delete a user',
  responses: { 200: Type.Object({}, { $id: 'Nothing' }), ...errors(400, 401, 403, 404) },
  handle: async ({ core, caller: admin, params, body }) => {
    await core.deleteUser({ admin, id: userId(params), isSoft: body.should_soft_delete ?? false })
    return {}
  },
})

export function userId({ id }: PathParameters<'/:id'>): string {
  const parsed = parseUuid(id)
  if (parsed === undefined) throw new Refusal('user_id_malformed')
  return parsed
}

export function givenUser(body: Partial<Static<typeof NewUser>>): UserInput {
  return {
    id: body.id,
    aud: body.aud,
    role: body.role,
    email: body.email,
    phone: body.phone,
    password: body.password,
    passwordHash: body.password_hash,
    confirmEmail: body.email_confirm ?? false,
    confirmPhone: body.phone_confirm ?? false,
    userMetadata: body.user_metadata,
    appMetadata: body.app_metadata,
    banDuration: body.ban_duration,
  }
}
