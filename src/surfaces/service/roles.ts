/** Roles of users, granted and revoked by administrators (docs/other-surfaces.md#roles). */
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { errors } from './schemas'

const shared = { access: 'admin', tag: 'Services' } as const
const path = '/admin/users/:id/roles/:role'

const RolesShape = Type.Object({ roles: Type.Array(Type.String()) }, { $id: 'ServiceRoles' })

export const listRoles = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/users/:id/roles',
  summary: 'List the roles of a user',
  responses: { 200: RolesShape, ...errors(401, 403, 404) },
  handle: async ({ core, params: { id } }) => ({ roles: await core.listRoles({ user: id }) }),
})

export const grantRole = endpoint({
  ...shared,
  method: 'PUT',
  path,
  summary: 'Grant a role',
  description: 'Appears in the next token. Idempotent.',
  responses: { 200: RolesShape, ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params: { id, role } }) => ({
    roles: await core.grantRole({ admin, user: id, role }),
  }),
})

export const revokeRole = endpoint({
  ...shared,
  method: 'DELETE',
  path,
  summary: 'Revoke a role',
  responses: { 200: RolesShape, ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params: { id, role } }) => ({
    roles: await core.revokeRole({ admin, user: id, role }),
  }),
})
