/** Claims that a user's roles give to access tokens (docs/roles-and-claims.md). */
import type { JsonObject } from '../../lib/json'
import { claimsOfRoles } from '../../lib/role-claims'
import type { OpenedSession } from '../../store'
import type { Context } from '../kernel/context'
import { rolesOfCaller } from '../users/roles'

/** Roles are read only if a setting asks for them. */
export async function roleClaims(
  context: Pick<Context, 'store' | 'policy'>,
  opened: Pick<OpenedSession, 'user' | 'session'>,
): Promise<JsonObject> {
  const { listClaim, byRole } = context.policy.roleClaims
  if (listClaim === undefined && byRole === undefined) return {}
  const roles = await rolesOfCaller(context, opened)
  return { ...(listClaim !== undefined && { [listClaim]: roles }), ...claimsOfRoles(byRole ?? {}, roles) }
}
