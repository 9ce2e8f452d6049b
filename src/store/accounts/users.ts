/** Accounts and their identities. */
import { and, eq, isNull, notExists, sql } from 'drizzle-orm'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, write } from '../engine'
import { statement } from '../query'
import {
  knownNetworks,
  matrixRegistrations,
  mfaFactors,
  personalAccessTokens,
  sessions,
  type User,
  userRoles,
  users,
  webauthnCredentials,
} from '../schema'
import { endSessions, identitiesIn, userById } from '../statements'
import { invalidateTokensOf, type Withdrawal, withdrawTokensIn } from '../verification/operations'
import { findAccountIn, notingDeletion, saveIdentity, userByEmail, userByPhone, userByUsername } from './account-rows'
import { saveUser } from './save-user'

const userByUid = statement({ uid: users.uid }, (db, { uid }) => db.select().from(users).where(eq(users.uid, uid)))
const deleteUserRow = statement({ id: users.id }, (db, { id }) => db.delete(users).where(eq(users.id, id)))
/** Rows deleted with an account although its own row is kept. */
const deleteBelongings = [
  userRoles,
  knownNetworks,
  mfaFactors,
  webauthnCredentials,
  personalAccessTokens,
  matrixRegistrations,
].map((table) =>
  statement({ userId: table.userId }, (db, { userId }) => db.delete(table).where(eq(table.userId, userId))),
)

export const findUser = read(async (tx, id: string) => tx.one(userById, { id }))

export const findUserByEmail = read(async (tx, email: string) => tx.one(userByEmail, { email }))

export const findUserByPhone = read(async (tx, phone: string) => tx.one(userByPhone, { phone }))

/** Finds a user by their chosen name; `findUserByUid` finds `u<uid>`, the name of an account without one. */
export const findUserByUsername = read(async (tx, username: string) => tx.one(userByUsername, { username }))

export const findUserByUid = read(async (tx, uid: number) => tx.one(userByUid, { uid }))

export const findIdentities = read(async (tx, userId: string) => identitiesIn(tx, userId))

export const findAccount = read((tx, id: string) => findAccountIn(tx, id))

export interface SoftDeletion {
  id: string
  now: number
  /** Replaces an address, number or provider id, so that the original becomes available. */
  scrub(value: string): string
  audit: AuditEntry[]
}

/**
 * Deletes an account but keeps its row: address, number and identities become available, metadata and sessions are
 * deleted.
 * @returns false if there is no such user; idempotent
 */
export const softDeleteUser = write(async (tx, { id, now, scrub, audit }: SoftDeletion): Promise<boolean> => {
  const user = await tx.one(userById, { id })
  if (!user) return false
  if (user.deletedAt !== null) return true
  await notingDeletion(tx, id, async () => 1)
  await saveUser(tx, user, {
    ...user,
    email: user.email && scrub(user.email),
    phone: user.phone && scrub(user.phone).slice(0, 15),
    username: null,
    emailChange: null,
    phoneChange: null,
    encryptedPassword: null,
    rawAppMetaData: {},
    rawUserMetaData: {},
    deletedAt: now,
    updatedAt: now,
  })
  for (const identity of await identitiesIn(tx, id))
    await tx.run(saveIdentity, {
      ...identity,
      providerId: scrub(identity.providerId),
      identityData: {},
      updatedAt: now,
    })
  await endSessions(tx, id)
  await invalidateTokensOf(tx, user, now)
  for (const each of deleteBelongings) await tx.run(each, { userId: id })
  await appendAudit(tx, audit)
  return true
})

/** Deletes an account with everything that belongs to it. @returns false if there is no such user */
export const deleteUser = write(async (tx, { id, audit }: { id: string; audit: AuditEntry[] }): Promise<boolean> => {
  const deleted = await notingDeletion(tx, id, () => tx.run(deleteUserRow, { id }))
  if (deleted) await appendAudit(tx, audit)
  return deleted
})

/** Deletes an account whose confirmation message could not be sent, provided that it is unused and unchanged. */
const deleteUntouchedRow = statement(
  {
    id: users.id,
    updatedAt: users.updatedAt,
    encryptedPassword: users.encryptedPassword,
    confirmationSentAt: users.confirmationSentAt,
  },
  (db, p) =>
    db
      .delete(users)
      .where(
        and(
          ...[eq(users.id, p.id), eq(users.updatedAt, p.updatedAt)],
          ...[isNull(users.emailConfirmedAt), isNull(users.phoneConfirmedAt), isNull(users.lastSignInAt)],
          sql`${users.encryptedPassword} IS NOT DISTINCT FROM ${p.encryptedPassword}`,
          sql`${users.confirmationSentAt} IS NOT DISTINCT FROM ${p.confirmationSentAt}`,
          notExists(db.select({ one: sql`1` }).from(sessions).where(eq(sessions.userId, users.id))),
        ),
      ),
)

/** Removes a new account whose message could not be sent, unless it was used or changed since. */
export const withdrawUser = write(
  async (
    tx,
    {
      user,
      ...withdrawal
    }: Withdrawal & { user: Pick<User, 'id' | 'updatedAt' | 'encryptedPassword' | 'confirmationSentAt'> },
  ): Promise<boolean> => {
    await withdrawTokensIn(tx, withdrawal)
    // A token that came later belongs to a message that may have been sent.
    if ((await tx.tokens.pendingOf(user.id)).length > 0) return false
    const { id, updatedAt, encryptedPassword, confirmationSentAt } = user
    const untouched = { id, updatedAt, encryptedPassword, confirmationSentAt }
    return notingDeletion(tx, id, () => tx.run(deleteUntouchedRow, untouched))
  },
)
