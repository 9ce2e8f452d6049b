/** The rows of an account, for the operations that read and write them. */
import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { ownIdentityData } from '../lib/account-metadata'
import { type JsonObject, mergeMetadata } from '../lib/json'
import type { Tx } from './engine'
import { columnsOf, statement } from './query'
import { type Factor, type Identity, identities, type User, users } from './schema'
import { identitiesIn, userById } from './statements'

/** An account with its identities, oldest first. */
export interface Account {
  user: User
  identities: Identity[]
  factors: Factor[]
}

/** A unique value belongs to another account. */
export interface AccountConflict {
  outcome: 'email_taken' | 'phone_taken' | 'username_taken' | 'id_taken' | 'identity_taken'
  user: User
}

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

/**
 * Single sign-on accounts do not share the address space.
 * @param self the account that may own the values itself
 */
export async function findConflict(
  tx: Tx,
  wanted: Pick<User, 'email' | 'phone' | 'id' | 'isSsoUser'> & { username?: string | null },
  self?: string,
): Promise<AccountConflict | undefined> {
  const byEmail =
    wanted.email === null || wanted.isSsoUser ? undefined : await tx.one(userByEmail, { email: wanted.email })
  if (byEmail && byEmail.id !== self) return { outcome: 'email_taken', user: byEmail }
  const byPhone = wanted.phone === null ? undefined : await tx.one(userByPhone, { phone: wanted.phone })
  if (byPhone && byPhone.id !== self) return { outcome: 'phone_taken', user: byPhone }
  const byName = wanted.username ? await tx.one(userByUsername, { username: wanted.username }) : undefined
  if (byName && byName.id !== self) return { outcome: 'username_taken', user: byName }
  const byId = self === undefined ? await tx.one(userById, { id: wanted.id }) : undefined
  return byId && { outcome: 'id_taken', user: byId }
}

/** @returns all identities of the user afterwards, oldest first */
export async function mergeIdentities(tx: Tx, userId: string, wanted: Identity[]): Promise<Identity[]> {
  const present = await identitiesIn(tx, userId)
  for (const identity of wanted) {
    const own = present.find(({ provider }) => provider === identity.provider)
    if (own)
      await tx.run(saveIdentity, {
        ...own,
        identityData: mergeMetadata(own.identityData, identity.identityData),
        updatedAt: identity.updatedAt,
      })
    else await tx.run(insertIdentity, identity)
  }
  return wanted.length === 0 ? present : identitiesIn(tx, userId)
}

const OWN_DATA = ['email', 'email_verified', 'phone', 'phone_verified', 'sub']

/** Updates the contact details in the identities of the account's own address and number. */
export async function clearOwnIdentities(tx: Tx, userId: string): Promise<void> {
  for (const own of await identitiesIn(tx, userId)) {
    if (own.providerId !== userId) continue
    const identityData = Object.fromEntries(Object.entries(own.identityData).filter(([key]) => OWN_DATA.includes(key)))
    await tx.run(saveIdentity, { ...own, identityData })
  }
}

/** Creates an identity, or replaces the data of the existing one of the same provider account. */
export async function upsertIdentity(tx: Tx, identity: Identity): Promise<void> {
  const present = await tx.one(identityByProvider, identity)
  if (!present) await tx.run(insertIdentity, identity)
  else
    await tx.run(saveIdentity, {
      ...present,
      identityData: identity.identityData,
      lastSignInAt: identity.lastSignInAt,
      updatedAt: identity.updatedAt,
    })
}

interface Settling {
  /** Whether the account was anonymous until now. */
  isNamed: boolean
  setsPassword: boolean
  now: number
}

/**
 * Creates missing identities of confirmed contacts: for an account that was anonymous, and for one created by a
 * provider that gets a password, which is a sign-in method of its own.
 * @param held all identities of the account, oldest first
 * @returns `held` and the new identities
 */
export async function settleOwnIdentities(
  tx: Tx,
  { id: userId, email, emailConfirmedAt, phone, phoneConfirmedAt, isSsoUser }: User,
  held: Identity[],
  { isNamed, setsPassword, now }: Settling,
): Promise<Identity[]> {
  const settled = [...held]
  const settle = async (provider: 'email' | 'phone', contact: string | null) => {
    if (contact === null) return
    const data = mergeMetadata({}, ownIdentityData(userId, { [provider]: contact, [`${provider}_verified`]: true }))
    const own = held.find((each) => each.provider === provider)
    if (own) {
      if (isNamed) await tx.run(saveIdentity, { ...own, identityData: mergeMetadata(own.identityData, data) })
    } else if (setsPassword || !held.some(({ identityData }) => names(identityData, contact))) {
      const [providerId, identityData] = [userId, data]
      const times = { lastSignInAt: now, createdAt: now, updatedAt: now }
      const made = { id: randomUUID(), userId, provider, providerId, identityData, ...times }
      await tx.run(insertIdentity, made)
      settled.push(made)
    }
  }
  const hasEmail = emailConfirmedAt !== null && !isSsoUser
  if (hasEmail && (isNamed || setsPassword)) await settle('email', email)
  if (phoneConfirmedAt !== null && isNamed) await settle('phone', phone)
  return settled
}

const names = ({ email, phone }: JsonObject, contact: string) =>
  [email, phone].some((each) => typeof each === 'string' && each.toLowerCase() === contact)
