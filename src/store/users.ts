/** Accounts and their identities. */
import { and, eq, sql } from 'drizzle-orm'
import { isMetadataWithinBounds, type JsonObject, mergeMetadata } from '../lib/json'
import { isAhead } from '../lib/time'
import { read, statement, type Tx, write } from './engine'
import { type Identity, identities, knownNetworks, type User, userRoles, users } from './schema'
import {
  type AuditEntry,
  amrIn,
  appendAudit,
  endSessions,
  identitiesIn,
  type NewSession,
  type Opened,
  placeholder,
  placeholders,
  saveUser,
  sessionById,
  startSession,
  userById,
} from './statements'

const userByEmail = statement((db) =>
  db
    .select()
    .from(users)
    .where(and(eq(users.email, placeholder('email')), sql`is_sso_user = 0`))
    .prepare(),
)
const userByPhone = statement((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.phone, placeholder('phone')))
    .prepare(),
)
const insertUser = statement((db) => db.insert(users).values(placeholders(users, 'uid')).returning().prepare())
const deleteUserRow = statement((db) =>
  db
    .delete(users)
    .where(eq(users.id, placeholder('id')))
    .prepare(),
)
const insertIdentity = statement((db) => db.insert(identities).values(placeholders(identities)).prepare())
const saveIdentity = statement((db) =>
  db
    .update(identities)
    .set(placeholders(identities, 'id', 'userId', 'provider', 'createdAt'))
    .where(eq(identities.id, placeholder('id')))
    .prepare(),
)
const roleOf = statement((db) =>
  db
    .select()
    .from(userRoles)
    .where(and(eq(userRoles.userId, placeholder('userId')), eq(userRoles.role, placeholder('role'))))
    .prepare(),
)
const insertRole = statement((db) =>
  db.insert(userRoles).values(placeholders(userRoles)).onConflictDoNothing().prepare(),
)
const deleteRole = statement((db) =>
  db
    .delete(userRoles)
    .where(and(eq(userRoles.userId, placeholder('userId')), eq(userRoles.role, placeholder('role'))))
    .prepare(),
)

const deleteRolesOf = statement((db) =>
  db
    .delete(userRoles)
    .where(eq(userRoles.userId, placeholder('userId')))
    .prepare(),
)
const deleteNetworksOf = statement((db) =>
  db
    .delete(knownNetworks)
    .where(eq(knownNetworks.userId, placeholder('userId')))
    .prepare(),
)

/** An account with its identities, oldest first. */
export interface Account {
  user: User
  identities: Identity[]
}

/** Something unique belongs to another account, this one. */
export interface Taken {
  outcome: 'email_taken' | 'phone_taken' | 'id_taken'
  user: User
}

export const findUser = read(async (tx, id: string) => tx.one(userById, { id }))

export const findUserByEmail = read(async (tx, email: string) => tx.one(userByEmail, { email }))

export const findUserByPhone = read(async (tx, phone: string) => tx.one(userByPhone, { phone }))

export const findIdentities = read(async (tx, userId: string) => identitiesIn(tx, userId))

export const findAccount = read(async (tx, id: string): Promise<Account | undefined> => {
  const user = await tx.one(userById, { id })
  return user && { user, identities: await identitiesIn(tx, id) }
})

export interface NewAccount {
  user: Omit<User, 'uid' | 'confirmedAt'>
  identities: Identity[]
  audit: AuditEntry[]
}

/** Makes an account, unless its address, number or id is taken. */
export const createUser = write(
  async (tx, account: NewAccount): Promise<{ outcome: 'created'; account: Account } | Taken> =>
    insertAccount(tx, account),
)

/** Makes an account and signs it in. */
export const registerUser = write(
  async (
    tx,
    { session, ...account }: NewAccount & { session: NewSession },
  ): Promise<{ outcome: 'registered'; opened: Opened } | Taken> => {
    const made = await insertAccount(tx, account)
    if (made.outcome !== 'created') return made
    await startSession(tx, session)
    return {
      outcome: 'registered',
      opened: { ...made.account, session: session.session, amr: await amrIn(tx, session.session.id) },
    }
  },
)

export interface UserChange {
  id: string
  /** Unix milliseconds. */
  now: number
  set: Partial<Omit<User, 'uid' | 'id' | 'confirmedAt' | 'createdAt' | 'updatedAt'>>
  /** Counts the address or number as confirmed now, unless it already is. */
  confirm?: { email: boolean; phone: boolean }
  mergeAppMetaData?: JsonObject | undefined
  mergeUserMetaData?: JsonObject | undefined
  /** Identities to hold: one of the same provider gets the new data merged in, a missing one is made. */
  identities?: Identity[]
  /** Where a user acts: nothing changes once they are banned, or this session of theirs is over. */
  actor?: { sessionId: string | undefined }
  /** The password hash the caller has proved to know; where another stands by now, nothing changes. */
  provenPassword?: string | null
  /** Ends the sessions of the user, except the one to keep. */
  endSessions?: { keep?: string | undefined }
  audit: AuditEntry[]
}

type Changed =
  | { outcome: 'changed'; account: Account }
  | { outcome: 'user_gone' | 'user_banned' | 'session_gone' | 'password_changed_meanwhile' | 'metadata_too_large' }

/** Changes an account: columns, metadata (merged key by key), identities and sessions together. */
export const changeUser = write(async (tx, change: UserChange): Promise<Changed | Taken> => {
  const user = await tx.one(userById, { id: change.id })
  if (!user || user.deletedAt !== null) return { outcome: 'user_gone' }
  if (change.actor && isAhead(user.bannedUntil, change.now)) return { outcome: 'user_banned' }
  const { sessionId } = change.actor ?? {}
  if (sessionId !== undefined && !(await tx.one(sessionById, { id: sessionId }))) return { outcome: 'session_gone' }
  if (change.provenPassword !== undefined && change.provenPassword !== user.encryptedPassword)
    return { outcome: 'password_changed_meanwhile' }
  const taken = await findTaken(tx, { ...user, ...change.set }, user.id)
  if (taken) return taken
  const rawAppMetaData = mergeMetadata(user.rawAppMetaData, change.mergeAppMetaData ?? {})
  const rawUserMetaData = mergeMetadata(user.rawUserMetaData, change.mergeUserMetaData ?? {})
  if (!isMetadataWithinBounds(rawAppMetaData) || !isMetadataWithinBounds(rawUserMetaData))
    return { outcome: 'metadata_too_large' }
  const confirmed = {
    emailConfirmedAt: change.confirm?.email ? (user.emailConfirmedAt ?? change.now) : user.emailConfirmedAt,
    phoneConfirmedAt: change.confirm?.phone ? (user.phoneConfirmedAt ?? change.now) : user.phoneConfirmedAt,
  }
  await tx.run(saveUser, {
    ...user,
    ...confirmed,
    ...change.set,
    rawAppMetaData,
    rawUserMetaData,
    updatedAt: change.now,
  })
  await holdIdentities(tx, change.id, change.identities ?? [])
  if (change.endSessions) await endSessions(tx, change.id, change.endSessions.keep)
  await appendAudit(tx, change.audit)
  return {
    outcome: 'changed',
    account: {
      user: (await tx.one(userById, { id: change.id })) as User,
      identities: await identitiesIn(tx, change.id),
    },
  }
})

export interface SoftDeletion {
  id: string
  now: number
  /** What takes the place of an address, number or provider id, so that the original is free again. */
  scrub(value: string): string
  audit: AuditEntry[]
}

/**
 * Deletes an account and keeps its row: address, number and identities are free again, metadata and sessions are gone.
 * @returns false where there is no such user; deleting twice is no error
 */
export const softDeleteUser = write(async (tx, { id, now, scrub, audit }: SoftDeletion): Promise<boolean> => {
  const user = await tx.one(userById, { id })
  if (!user) return false
  if (user.deletedAt !== null) return true
  await tx.run(saveUser, {
    ...user,
    email: user.email && scrub(user.email),
    phone: user.phone && scrub(user.phone).slice(0, 15),
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
  await tx.run(deleteRolesOf, { userId: id })
  await tx.run(deleteNetworksOf, { userId: id })
  await appendAudit(tx, audit)
  return true
})

/** Deletes an account with everything that belongs to it. @returns false where there is no such user */
export const deleteUser = write(async (tx, { id, audit }: { id: string; audit: AuditEntry[] }): Promise<boolean> => {
  const deleted = (await tx.run(deleteUserRow, { id })) > 0
  if (deleted) await appendAudit(tx, audit)
  return deleted
})

export const hasRole = read(
  async (tx, { userId, role }: { userId: string; role: string }) =>
    (await tx.one(roleOf, { userId, role })) !== undefined,
)

export interface RoleChange {
  userId: string
  role: string
  now: number
}

export const grantRole = write(async (tx, { userId, role, now }: RoleChange): Promise<void> => {
  await tx.run(insertRole, { userId, role, grantedAt: now })
})

export const revokeRole = write(
  async (tx, { userId, role }: Omit<RoleChange, 'now'>): Promise<boolean> =>
    (await tx.run(deleteRole, { userId, role })) > 0,
)

async function insertAccount(
  tx: Tx,
  { user, identities: wanted, audit }: NewAccount,
): Promise<{ outcome: 'created'; account: Account } | Taken> {
  const taken = await findTaken(tx, user)
  if (taken) return taken
  const made = (await tx.one(insertUser, user)) as User
  for (const identity of wanted) await tx.run(insertIdentity, identity)
  await appendAudit(tx, audit)
  return { outcome: 'created', account: { user: made, identities: wanted } }
}

/** @param self the account that may hold the values itself */
async function findTaken(
  tx: Tx,
  wanted: Pick<User, 'email' | 'phone' | 'id'>,
  self?: string,
): Promise<Taken | undefined> {
  const byEmail = wanted.email === null ? undefined : await tx.one(userByEmail, { email: wanted.email })
  if (byEmail && byEmail.id !== self) return { outcome: 'email_taken', user: byEmail }
  const byPhone = wanted.phone === null ? undefined : await tx.one(userByPhone, { phone: wanted.phone })
  if (byPhone && byPhone.id !== self) return { outcome: 'phone_taken', user: byPhone }
  const byId = self === undefined ? await tx.one(userById, { id: wanted.id }) : undefined
  return byId && { outcome: 'id_taken', user: byId }
}

async function holdIdentities(tx: Tx, userId: string, wanted: Identity[]): Promise<void> {
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
}
