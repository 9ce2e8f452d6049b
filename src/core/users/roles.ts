/**
 * Roles of users (docs/other-surfaces.md#roles): every user has the role `user`; others are granted, and appear in the
 * next token.
 */
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf, type Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { requireUserNamed } from './named-user'
import { needsSecondFactor } from './second-factor-status'

export type RoleContext = Pick<Context, 'store' | 'now' | 'client' | 'random' | 'policy'>

interface UserReference {
  /** Id, address, username or uid. */
  user: string
}

/** The implicit role, which has no row. */
export const IMPLICIT_ROLE = 'user'

async function rolesOf({ store }: Pick<Context, 'store'>, userId: string): Promise<string[]> {
  return [IMPLICIT_ROLE, ...(await store.rolesOf(userId)).filter((role) => role !== IMPLICIT_ROLE).sort()]
}

/**
 * Roles a caller may act in: granted roles require a session, and the second factor if the user has one
 * (docs/decisions.md#d5).
 */
export async function rolesOfCaller(
  context: Pick<Context, 'store'>,
  caller: Pick<Caller, 'user' | 'session'>,
): Promise<string[]> {
  const isBelow = !caller.session || (await needsSecondFactor(context, caller))
  return isBelow ? [IMPLICIT_ROLE] : rolesOf(context, caller.user.id)
}

/** Every role that can be granted, of the database and of the configuration, by name. */
export async function listRoleNames({ store, policy }: Pick<Context, 'store' | 'policy'>): Promise<string[]> {
  return [...new Set([...(await store.roleNames()), ...Object.keys(policy.roleClaims.byRole ?? {})])].sort()
}

export async function listRoles(context: RoleContext, which: UserReference): Promise<string[]> {
  return rolesOf(context, (await requireUserNamed(context, which.user)).id)
}

/** @returns all roles afterwards */
export async function grantRole(
  context: RoleContext,
  { admin, role, ...which }: UserReference & { admin: Admin; role: string },
): Promise<string[]> {
  const { store, policy, now } = context
  const { id } = await requireUserNamed(context, which.user)
  const isConfigured = Object.hasOwn(policy.roleClaims.byRole ?? {}, role)
  const audit = [auditEntry(context, 'role_granted', actorOf(admin), { user_id: id, role })]
  if (!(await store.grantRole({ userId: id, role, now, isConfigured, audit }))) throw new Refusal('role_unknown')
  return rolesOf(context, id)
}

/** The role `user` cannot be revoked. @returns all roles afterwards */
export async function revokeRole(
  context: RoleContext,
  { admin, role, ...which }: UserReference & { admin: Admin; role: string },
): Promise<string[]> {
  const { id } = await requireUserNamed(context, which.user)
  const audit = [auditEntry(context, 'role_revoked', actorOf(admin), { user_id: id, role })]
  if (!(await context.store.revokeRole({ userId: id, role, audit }))) throw new Refusal('role_unknown')
  return rolesOf(context, id)
}
