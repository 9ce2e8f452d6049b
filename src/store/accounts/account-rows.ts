/** The rows of an account, for the operations that read and write them. */
import { and, eq, sql } from 'drizzle-orm'
import type { Account } from '../account'
import type { Tx } from '../engine'
import { columnsOf, statement } from '../query'
import { type Identity, identities, type User, users } from '../schema'
import { factorsIn, identitiesIn, userById } from '../statements'

/** An address or a number belongs to another account. */
export interface ContactConflict {
  outcome: 'email_taken' | 'phone_taken'
  user: User
}

/** A unique value belongs to another account. */
export type AccountConflict =
  | ContactConflict
  | { outcome: 'username_taken' | 'id_taken' | 'identity_taken'; user: User }

export const userByEmail = statement({ email: users.email }, (db, { email }) =>
  db
    .select()
    .from(users)
    .where(and(eq(users.email, email), sql`is_sso_user = 0`)),
)
export const userByPhone = statement({ phone: users.phone }, (db, { phone }) =>
  db.select().from(users).where(eq(users.phone, phone)),
)
export const userByUsername = statement({ username: users.username }, (db, { username }) =>
  db.select().from(users).where(eq(users.username, username)),
)
export const insertIdentity = statement(columnsOf(identities), (db, p) => db.insert(identities).values(p))
export const saveIdentity = statement(
  { id: identities.id, ...columnsOf(identities, 'id', 'userId', 'provider', 'createdAt') },
  (db, { id, ...set }) => db.update(identities).set(set).where(eq(identities.id, id)),
)
export const deleteIdentity = statement({ id: identities.id }, (db, { id }) =>
  db.delete(identities).where(eq(identities.id, id)),
)
export const identityByProvider = statement(
  { providerId: identities.providerId, provider: identities.provider },
  (db, { providerId, provider }) =>
    db
      .select()
      .from(identities)
      .where(and(eq(identities.providerId, providerId), eq(identities.provider, provider))),
)

export async function findAccountIn(tx: Tx, id: string): Promise<Account | undefined> {
  const user = await tx.one(userById, { id })
  return user && { user, identities: await identitiesIn(tx, id), factors: await factorsIn(tx, user) }
}

/** Adds an identity to an account that exists. */
export async function linkIdentityIn(tx: Tx, identity: Identity): Promise<void> {
  await tx.run(insertIdentity, identity)
  tx.changes?.push({ kind: 'identity_linked', userId: identity.userId, identity })
}

/** The account with an address. Single sign-on accounts do not share the address space. */
export async function findEmailOwner(
  tx: Tx,
  { email, isSsoUser }: Pick<User, 'email' | 'isSsoUser'>,
): Promise<User | undefined> {
  return email === null || isSsoUser ? undefined : tx.one(userByEmail, { email })
}

/** The account that already has the address or number of a new one; undefined if there is none. */
export async function findContactConflict(
  tx: Tx,
  wanted: Pick<User, 'email' | 'phone' | 'isSsoUser'>,
): Promise<ContactConflict | undefined> {
  const byEmail = await findEmailOwner(tx, wanted)
  if (byEmail) return { outcome: 'email_taken', user: byEmail }
  const byPhone = wanted.phone === null ? undefined : await tx.one(userByPhone, { phone: wanted.phone })
  return byPhone && { outcome: 'phone_taken', user: byPhone }
}

/** The account that already has the address, number, id or name of a new one; undefined if there is none. */
export async function findConflict(
  tx: Tx,
  wanted: Pick<User, 'email' | 'phone' | 'id' | 'isSsoUser' | 'username'>,
): Promise<AccountConflict | undefined> {
  const byContact = await findContactConflict(tx, wanted)
  if (byContact) return byContact
  const byName = wanted.username === null ? undefined : await tx.one(userByUsername, { username: wanted.username })
  if (byName) return { outcome: 'username_taken', user: byName }
  const byId = await tx.one(userById, { id: wanted.id })
  return byId && { outcome: 'id_taken', user: byId }
}

/** Notes the deletion of an account with what it was before. */
export async function notingDeletion(tx: Tx, id: string, work: () => Promise<number>): Promise<boolean> {
  const account = tx.changes && (await findAccountIn(tx, id))
  const isDeleted = (await work()) > 0
  if (account && isDeleted) tx.changes?.push({ kind: 'deleted', userId: id, account })
  return isDeleted
}
