/**
 * Roles of users (docs/other-surfaces.md#roles): every user has the role `user`; others are granted, and appear in the
 * next token.
 */
import { isUuid } from '../../lib/uuid'
import { auditEntry } from '../audit'
import type { Admin, Caller } from '../caller'
import type { Deps } from '../deps'
import { isMissingSecondFactor } from '../factors/user-factors'
import { Refusal } from '../refusal'
import { findByIdentifier } from './usernames'

export type RoleDeps = Pick<Deps, 'store' | 'clock' | 'random'>

interface UserReference {
  /** Id, address, username or uid. */
  user: string
}

/** The implicit role, which has no row. */
const IMPLICIT_ROLE = 'user'

async function rolesOf({ store }: Pick<Deps, 'store'>, userId: string): Promise<string[]> {
  return [IMPLICIT_ROLE, ...(await store.rolesOf(userId)).filter((role) => role !== IMPLICIT_ROLE)]
}

/**
 * Roles a caller may act in: granted roles require a session, and the second factor if the user has one
 * (docs/decisions.md#d5).
 */
export async function rolesOfCaller(
  deps: Pick<Deps, 'store'>,
  caller: Pick<Caller, 'user' | 'session'>,
): Promise<string[]> {
  const isBelow = !caller.session || (await isMissingSecondFactor(deps, caller))
  return isBelow ? [IMPLICIT_ROLE] : rolesOf(deps, caller.user.id)
}

/** @throws {Refusal<'user_unknown'>} */
export async function listRoles(deps: RoleDeps, which: UserReference): Promise<string[]> {
  return rolesOf(deps, (await userOf(deps, which)).id)
}

/** @returns all roles afterwards @throws {Refusal<'user_unknown' | 'role_unknown'>} */
export async function grantRole(
  deps: RoleDeps,
  { admin, role, ...which }: UserReference & { admin: Admin; role: string },
): Promise<string[]> {
  const { id } = await userOf(deps, which)
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'role_granted', admin.user ?? admin.role, { user_id: id, role })]
  if (!(await deps.store.grantRole({ userId: id, role, now, audit }))) throw new Refusal('role_unknown')
  return rolesOf(deps, id)
}

/**
 * @returns all roles afterwards @throws {Refusal<'user_unknown' | 'role_unknown'>} the role `user` cannot be revoked
 */
export async function revokeRole(
  deps: RoleDeps,
  { admin, role, ...which }: UserReference & { admin: Admin; role: string },
): Promise<string[]> {
  const { id } = await userOf(deps, which)
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'role_revoked', admin.user ?? admin.role, { user_id: id, role })]
  if (!(await deps.store.revokeRole({ userId: id, role, audit }))) throw new Refusal('role_unknown')
  return rolesOf(deps, id)
}

async function userOf(deps: RoleDeps, { user: text }: UserReference) {
  const found = isUuid(text) ? await deps.store.findUser(text.toLowerCase()) : await findByIdentifier(deps, text)
  if (!found || found.deletedAt !== null) throw new Refusal('user_unknown')
  return found
}
