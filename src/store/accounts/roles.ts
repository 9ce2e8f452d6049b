/** Roles of users. The role `user` is implicit; others are rows. */
import { and, eq, gt } from 'drizzle-orm'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, write } from '../engine'
import { columnsOf, statement } from '../query'
import { roles, userRoles } from '../schema'
import { closeSetup } from './first-administrator'

const roleOf = statement({ userId: userRoles.userId, role: userRoles.role }, (db, { userId, role }) =>
  db
    .select()
    .from(userRoles)
    .where(and(eq(userRoles.userId, userId), eq(userRoles.role, role))),
)
const rolesHeld = statement({ userId: userRoles.userId }, (db, { userId }) =>
  db.select().from(userRoles).where(eq(userRoles.userId, userId)),
)
const roleByName = statement({ role: roles.name }, (db, { role }) =>
  db.select().from(roles).where(eq(roles.name, role)),
)
const allRoles = statement({}, (db) => db.select().from(roles).where(gt(roles.name, '')).orderBy(roles.name))
const insertRoleName = statement(columnsOf(roles), (db, p) => db.insert(roles).values(p).onConflictDoNothing())
const insertRole = statement(columnsOf(userRoles), (db, p) => db.insert(userRoles).values(p).onConflictDoNothing())
const deleteRole = statement({ userId: userRoles.userId, role: userRoles.role }, (db, { userId, role }) =>
  db.delete(userRoles).where(and(eq(userRoles.userId, userId), eq(userRoles.role, role))),
)

export const hasRole = read(
  async (tx, { userId, role }: { userId: string; role: string }) =>
    (await tx.one(roleOf, { userId, role })) !== undefined,
)

export const rolesOf = read(async (tx, userId: string) => (await tx.all(rolesHeld, { userId })).map(({ role }) => role))

/** Every stored role, by name. */
export const roleNames = read(async (tx) => (await tx.all(allRoles)).map(({ name }) => name))

export interface RoleChange {
  userId: string
  role: string
  now: number
  audit?: AuditEntry[]
}

export interface RoleGrant extends RoleChange {
  /** Whether the configuration has this role, so that it may be stored. */
  isConfigured?: boolean
}

/** @returns false if there is no such role */
export const grantRole = write(async (tx, { userId, role, now, isConfigured, audit }: RoleGrant): Promise<boolean> => {
  if (!(await tx.one(roleByName, { role }))) {
    if (!isConfigured) return false
    await tx.run(insertRoleName, { name: role, description: '' })
  }
  if ((await tx.run(insertRole, { userId, role, grantedAt: now })) === 0) return true
  tx.changes?.push({ kind: 'role_granted', userId, role })
  if (role === 'admin') await closeSetup(tx)
  await appendAudit(tx, audit ?? [])
  return true
})

/** @returns false if the user does not have it */
export const revokeRole = write(async (tx, { userId, role, audit }: Omit<RoleChange, 'now'>): Promise<boolean> => {
  const isRevoked = (await tx.run(deleteRole, { userId, role })) > 0
  if (!isRevoked) return false
  tx.changes?.push({ kind: 'role_revoked', userId, role })
  await appendAudit(tx, audit ?? [])
  return true
})
