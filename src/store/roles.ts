/** Roles of users. The role `user` is implicit; others are rows. */
import { and, eq, gt } from 'drizzle-orm'
import { read, statement, write } from './engine'
import { roles, userRoles } from './schema'
import { type AuditEntry, appendAudit, placeholder, placeholders } from './statements'

const roleOf = statement((db) =>
  db
    .select()
    .from(userRoles)
    .where(and(eq(userRoles.userId, placeholder('userId')), eq(userRoles.role, placeholder('role'))))
    .prepare(),
)
const rolesHeld = statement((db) =>
  db
    .select()
    .from(userRoles)
    .where(eq(userRoles.userId, placeholder('userId')))
    .prepare(),
)
const roleByName = statement((db) =>
  db
    .select()
    .from(roles)
    .where(eq(roles.name, placeholder('role')))
    .prepare(),
)
const allRoles = statement((db) => db.select().from(roles).where(gt(roles.name, '')).orderBy(roles.name).prepare())
const insertRole = statement((db) =>
  db.insert(userRoles).values(placeholders(userRoles)).onConflictDoNothing().prepare(),
)
const deleteRole = statement((db) =>
  db
    .delete(userRoles)
    .where(and(eq(userRoles.userId, placeholder('userId')), eq(userRoles.role, placeholder('role'))))
    .prepare(),
)

export const hasRole = read(
  async (tx, { userId, role }: { userId: string; role: string }) =>
    (await tx.one(roleOf, { userId, role })) !== undefined,
)

export const rolesOf = read(async (tx, userId: string) => (await tx.all(rolesHeld, { userId })).map(({ role }) => role))

/** Every role that can be granted, by name. */
export const roleNames = read(async (tx) => (await tx.all(allRoles, {})).map(({ name }) => name))

export interface RoleChange {
  userId: string
  role: string
  now: number
  audit?: AuditEntry[]
}

/** @returns false if there is no such role */
export const grantRole = write(async (tx, { userId, role, now, audit }: RoleChange): Promise<boolean> => {
  if (!(await tx.one(roleByName, { role }))) return false
  if ((await tx.run(insertRole, { userId, role, grantedAt: now })) > 0) await appendAudit(tx, audit ?? [])
  return true
})

/** @returns false if the user does not have it */
export const revokeRole = write(async (tx, { userId, role, audit }: Omit<RoleChange, 'now'>): Promise<boolean> => {
  const isRevoked = (await tx.run(deleteRole, { userId, role })) > 0
  if (isRevoked) await appendAudit(tx, audit ?? [])
  return isRevoked
})
