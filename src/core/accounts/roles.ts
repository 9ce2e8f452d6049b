/** Roles of users (service.md): everyone is a user; what is more is granted, and shows in the next token. */
import { isUuid } from '../../lib/uuid'
import { auditEntry } from '../audit'
import type { Admin, Caller } from '../caller'
import type { Deps } from '../deps'
import { lacksFactor } from '../factors/own'
import { Refusal } from '../refusal'
import { findByIdentifier } from './usernames'

export type RoleDeps = Pick<Deps, 'store' | 'clock' | 'random'>

interface Which {
  /** Id, address, username or uid. */
  user: string
}

/** The role that is no row: everyone is a user. */
const EVERYBODY = 'user'

async function rolesOf({ store }: Pick<Deps, 'store'>, userId: string): Promise<string[]> {
  return [EVERYBODY, ...(await store.rolesOf(userId)).filter((role) => role !== EVERYBODY)]
}

/**
 * Roles that a caller may act in: those that are more than everybody's need a session, and the second factor where there
 * is one (settled 5), whoever asks.
 */
export async function rolesOfCaller(
  deps: Pick<Deps, 'store'>,
  caller: Pick<Caller, 'user' | 'session'>,
): Promise<string[]> {
  const isBelow = !caller.session || (await lacksFactor(deps, caller))
  return isBelow ? [EVERYBODY] : rolesOf(deps, caller.user.id)
}

/** @throws {Refusal<'user_unknown'>} */
export async function listRoles(deps: RoleDeps, which: Which): Promise<string[]> {
  return rolesOf(deps, (await userOf(deps, which)).id)
}

/** @returns all roles afterwards @throws {Refusal<'user_unknown' | 'role_unknown'>} */
export async function grantRole(
  deps: RoleDeps,
  { admin, role, ...which }: Which & { admin: Admin; role: string },
): Promise<string[]> {
  const { id } = await userOf(deps, which)
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'role_granted', admin.user ?? admin.role, { user_id: id, role })]
  if (!(await deps.store.grantRole({ userId: id, role, now, audit }))) throw new Refusal('role_unknown')
  return rolesOf(deps, id)
}

/** @returns all roles afterwards @throws {Refusal<'user_unknown' | 'role_unknown'>} the role `user` cannot be taken away */
export async function revokeRole(
  deps: RoleDeps,
  { admin, role, ...which }: Which & { admin: Admin; role: string },
): Promise<string[]> {
  const { id } = await userOf(deps, which)
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'role_revoked', admin.user ?? admin.role, { user_id: id, role })]
  if (!(await deps.store.revokeRole({ userId: id, role, audit }))) throw new Refusal('role_unknown')
  return rolesOf(deps, id)
}

async function userOf(deps: RoleDeps, { user: text }: Which) {
  const found = isUuid(text) ? await deps.store.findUser(text.toLowerCase()) : await findByIdentifier(deps, text)
  if (!found || found.deletedAt !== null) throw new Refusal('user_unknown')
  return found
}
