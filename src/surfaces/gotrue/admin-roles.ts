/** Roles of users in the admin API (docs/admin-api.md#users). */
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { userId } from './admin-users'
import { errors } from './schemas'

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const RolesShape = Type.Object({ roles: Type.Array(Type.String()) }, { $id: 'Roles' })

export const listRoleNames = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/roles',
  summary: 'The roles that can be granted',
  responses: { 200: RolesShape, ...errors(401, 403) },
  handle: async ({ core }) => ({ roles: await core.listRoleNames() }),
})

export const listRoles = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/users/:id/roles',
  summary: "A user's roles",
  responses: { 200: RolesShape, ...errors(401, 403, 404) },
  handle: async ({ core, params }) => ({ roles: await core.listRoles({ user: userId(params) }) }),
})

export const grantRole = endpoint({
  ...shared,
  method: 'PUT',
  path: '/admin/users/:id/roles/:role',
  summary: 'Grant a role to a user',
  description: 'Appears in the next token. Idempotent.',
  responses: { 200: RolesShape, ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => ({
    roles: await core.grantRole({ admin, user: userId(params), role: params.role }),
  }),
})

export const revokeRole = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/admin/users/:id/roles/:role',
  summary: 'Revoke a role of a user',
  description: 'The role `user`, which everyone has, cannot be revoked.',
  responses: { 200: RolesShape, ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => ({
    roles: await core.revokeRole({ admin, user: userId(params), role: params.role }),
  }),
})
