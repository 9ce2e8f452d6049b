/** Accounts and their identities. */
import { and, eq, sql } from 'drizzle-orm'
import { isMetadataWithinBounds, type JsonObject, mergeMetadata } from '../lib/json'
import { isAhead } from '../lib/time'
import { type Attachments, attach } from './attachments'
import { read, statement, type Tx, write } from './engine'
import { type AuthCode, issueAuthCode } from './flows'
import { type Identity, identities, knownNetworks, type User, userRoles, users } from './schema'
import {
  type AuditEntry,
  amrIn,
  appendAudit,
  endSessions,
  identitiesIn,
  type NewSession,
  type Opened,
  openSessionIn,
  placeholder,
  placeholders,
  saveUser,
  sessionById,
  startSession,
  userById,
} from './statements'
import { killTokensOf, refuseSpending, type Spending, type SpendingRefused } from './verification/work'

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
const rolesHeld = statement((db) =>
  db
    .select()
    .from(userRoles)
    .where(eq(userRoles.userId, placeholder('userId')))
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

export interface NewAccount extends Attachments {
  user: Omit<User, 'uid' | 'confirmedAt'>
  identities: Identity[]
}

/** Makes an account, unless its address, number or id is taken. */
export const createUser = write(
  async (tx, account: NewAccount): Promise<{ outcome: 'created'; account: Account } | Taken> =>
    insertAccount(tx, account),
)

export interface Registration extends NewAccount {
  session: NewSession
  /** The token that allows it. */
  spend?: Spending
}

/** Makes an account and signs it in. */
export const registerUser = write(
  async (
    tx,
    { session, spend, ...account }: Registration,
  ): Promise<{ outcome: 'registered'; opened: Opened } | { outcome: SpendingRefused } | Taken> => {
    const now = account.user.createdAt
    const refused = spend && (await refuseSpending(tx, spend, now))
    if (refused) return { outcome: refused }
    const made = await insertAccount(tx, account)
    if (made.outcome !== 'created') return made
    if (spend) await tx.tokens.markConsumed(spend.id, now)
    await startSession(tx, session)
    return {
      outcome: 'registered',
      opened: { ...made.account, session: session.session, amr: await amrIn(tx, session.session.id) },
    }
  },
)

/** Instants of the last message of each purpose. */
type SentAt =
  | 'confirmationSentAt'
  | 'recoverySentAt'
  | 'emailChangeSentAt'
  | 'phoneChangeSentAt'
  | 'reauthenticationSentAt'

export interface UserChange extends Attachments {
  id: string
  /** Unix milliseconds. */
  now: number
  set: Partial<Omit<User, 'uid' | 'id' | 'confirmedAt' | 'createdAt' | 'updatedAt'>>
  /** The token that allows the change; where it cannot be spent, nothing changes. */
  spend?: Spending | undefined
  /** Nothing changes where the last message of this purpose went out after that instant. */
  unlessSentSince?: { column: SentAt; instant: number } | undefined
  /** Nothing changes where one of these columns has another value by now. */
  onlyIf?: Partial<User>
  /** Counts the address or number as confirmed now, unless it already is. */
  confirm?: { email: boolean; phone: boolean }
  mergeAppMetaData?: JsonObject | undefined
  mergeUserMetaData?: JsonObject | undefined
  /** Identities to hold: one of the same provider gets the new data merged in, a missing one is made. */
  identities?: Identity[]
  /** Writes the providers of all identities, oldest first, into app_metadata. */
  describeProviders?: (providers: string[]) => JsonObject
  /** Where a user acts: nothing changes once they are banned, or this session of theirs is over. */
  actor?: { sessionId: string | undefined }
  /** The password hash the caller has proved to know; where another stands by now, nothing changes. */
  provenPassword?: string | null
  /** Makes every token of the user worthless, before new ones are minted. */
  killTokens?: boolean
  /** Ends the sessions of the user, except the one to keep. */
  endSessions?: { keep?: string | undefined }
  /** Opens a session once all is done. */
  session?: NewSession | undefined
  /** Hands out the code of a PKCE flow in place of a session. */
  authCode?: AuthCode | undefined
}

type Changed =
  | { outcome: 'changed'; account: Account; opened: Opened | undefined }
  | { outcome: 'sent_lately'; sentAt: number }
  | { outcome: SpendingRefused | 'flow_gone' | 'changed_meanwhile' }
  | { outcome: 'user_gone' | 'user_banned' | 'session_gone' | 'password_changed_meanwhile' | 'metadata_too_large' }

/** Changes an account: columns, metadata (merged key by key), identities, tokens and sessions together. */
export const changeUser = write(async (tx, change: UserChange): Promise<Changed | Taken> => {
  const { id, now } = change
  const user = await tx.one(userById, { id })
  if (!user || user.deletedAt !== null) return { outcome: 'user_gone' }
  const refused = (await refuseChange(tx, user, change)) ?? (await findTaken(tx, { ...user, ...change.set }, id))
  if (refused) return refused
  const held = await holdIdentities(tx, id, change.identities ?? [])
  const described = change.describeProviders?.(held.map(({ provider }) => provider)) ?? {}
  const rawAppMetaData = mergeMetadata(user.rawAppMetaData, { ...described, ...change.mergeAppMetaData })
  const rawUserMetaData = mergeMetadata(user.rawUserMetaData, change.mergeUserMetaData ?? {})
  if (!isMetadataWithinBounds(rawAppMetaData) || !isMetadataWithinBounds(rawUserMetaData))
    return { outcome: 'metadata_too_large' }
  if (change.authCode && !(await issueAuthCode(tx, change.authCode, now))) return { outcome: 'flow_gone' }
  const confirmed = {
    emailConfirmedAt: change.confirm?.email ? (user.emailConfirmedAt ?? now) : user.emailConfirmedAt,
    phoneConfirmedAt: change.confirm?.phone ? (user.phoneConfirmedAt ?? now) : user.phoneConfirmedAt,
  }
  await tx.run(saveUser, { ...user, ...confirmed, ...change.set, rawAppMetaData, rawUserMetaData, updatedAt: now })
  if (change.spend) await tx.tokens.markConsumed(change.spend.id, now)
  if (change.killTokens) await killTokensOf(tx, id, now)
  if (change.endSessions) await endSessions(tx, id, change.endSessions.keep)
  await attach(tx, change, now)
  const changed = (await tx.one(userById, { id })) as User
  const opened = change.session && (await openSessionIn(tx, changed, change.session, now))
  return {
    outcome: 'changed',
    account: { user: opened?.user ?? changed, identities: await identitiesIn(tx, id) },
    opened,
  }
})

async function refuseChange(tx: Tx, user: User, change: UserChange): Promise<Changed | undefined> {
  const { actor, unlessSentSince, spend, now } = change
  if (actor && isAhead(user.bannedUntil, now)) return { outcome: 'user_banned' }
  if (actor?.sessionId !== undefined && !(await tx.one(sessionById, { id: actor.sessionId })))
    return { outcome: 'session_gone' }
  if (change.provenPassword !== undefined && change.provenPassword !== user.encryptedPassword)
    return { outcome: 'password_changed_meanwhile' }
  const isOther = ([column, value]: [string, unknown]) => user[column as keyof User] !== value
  if (Object.entries(change.onlyIf ?? {}).some(isOther)) return { outcome: 'changed_meanwhile' }
  const sentAt = unlessSentSince && user[unlessSentSince.column]
  if (sentAt && sentAt > unlessSentSince.instant) return { outcome: 'sent_lately', sentAt }
  const refused = spend && (await refuseSpending(tx, spend, now))
  return refused && { outcome: refused }
}

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
  await killTokensOf(tx, id, now)
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

export const rolesOf = read(async (tx, userId: string) => (await tx.all(rolesHeld, { userId })).map(({ role }) => role))

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
  { user, identities: wanted, ...attachments }: NewAccount,
): Promise<{ outcome: 'created'; account: Account } | Taken> {
  const taken = await findTaken(tx, user)
  if (taken) return taken
  const made = (await tx.one(insertUser, user)) as User
  for (const identity of wanted) await tx.run(insertIdentity, identity)
  await attach(tx, attachments, user.createdAt)
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

/** @returns all that the user has afterwards, oldest first */
async function holdIdentities(tx: Tx, userId: string, wanted: Identity[]): Promise<Identity[]> {
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
