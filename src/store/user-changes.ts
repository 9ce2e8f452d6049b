/** The single operation that changes an account. */
import { eq } from 'drizzle-orm'
import { providersMetadata } from '../lib/account-metadata'
import { type JsonObject, mergeMetadata } from '../lib/json'
import { mayBecome, mergeFitting } from '../lib/metadata'
import { isAhead, isWithin } from '../lib/time'
import {
  type Account,
  type AccountConflict,
  clearOwnIdentities,
  deleteIdentity,
  findConflict,
  identityByProvider,
  mergeIdentities,
  settleOwnIdentities,
  upsertIdentity,
} from './account-rows'
import { type Tx, write } from './engine'
import { removeFactors } from './factors'
import { type AuthCode, endFlows, issueAuthCode } from './flows'
import { revokePersonalTokens } from './personal-tokens'
import { statement } from './query'
import { type RelatedWrites, writeRelated } from './related-writes'
import { saveUser } from './save-user'
import { type Identity, type User, webauthnCredentials } from './schema'
import { consumeProof, type Proof, type ProofRefused } from './second-factors'
import { revokeSessionTokens } from './session-tokens'
import { consumeSingleUse, type SingleUse } from './single-use'
import {
  endSessions,
  factorsIn,
  identitiesIn,
  type NewSession,
  type OpenedSession,
  openSessionIn,
  sessionById,
  userById,
} from './statements'
import {
  consumeToken,
  invalidateTokensOf,
  refuseSpending,
  type Spending,
  type SpendingRefused,
} from './verification/operations'

/** When the last message with each purpose was sent. */
type SentAt =
  | 'confirmationSentAt'
  | 'recoverySentAt'
  | 'emailChangeSentAt'
  | 'phoneChangeSentAt'
  | 'reauthenticationSentAt'

export interface UserChange extends RelatedWrites {
  id: string
  /** Also changes a soft-deleted account, which remains deleted. */
  mayBeDeleted?: boolean
  /** Unix milliseconds. */
  now: number
  set: Partial<Omit<User, 'uid' | 'id' | 'confirmedAt' | 'createdAt' | 'updatedAt'>>
  /** The token that allows the change; if it cannot be consumed, nothing changes. */
  spend?: Spending | undefined
  /** Consumed with the change; if it was used before, nothing changes. */
  use?: SingleUse | undefined
  /** Nothing changes if the last message of this purpose was sent less than this long ago. */
  unlessSentSince?: { column: SentAt; cooldownMs: number } | undefined
  /** Nothing changes if one of these columns has another value in the meantime. */
  onlyIf?: Partial<User>
  /** Confirms the address or number now, unless it already is. */
  confirm?: { email: boolean; phone: boolean }
  mergeAppMetaData?: JsonObject | undefined
  mergeUserMetaData?: JsonObject | undefined
  /** Identities to have: data is merged into an existing one of the same provider, a missing one is created. */
  identities?: Identity[]
  /** A provider identity: its data is replaced if the user has it, otherwise it is created. */
  upsertIdentity?: Identity | undefined
  /** Identities to remove: a single one, all others than the upserted one, or all except a list. */
  dropIdentities?: { only: string } | { except: Pick<Identity, 'provider' | 'providerId'>[] } | 'others' | undefined
  /** Created if the user would have none. */
  identityIfNone?: Identity | undefined
  /** Removes second factors, recovery codes and passkeys. */
  dropFactors?: boolean
  /**
   * Replaces the user's own metadata before anything is merged in; copies of the old values in the account's own
   * identities are removed as well. The column of `set` does the same.
   */
  replaceUserMetaData?: JsonObject | undefined
  /** The provider's profile, merged in as far as the limit permits. */
  profile?: JsonObject | undefined
  /** Writes the providers of all identities, oldest first, into app_metadata. */
  describeProviders?: (providers: string[]) => JsonObject
  /** For a user's own request: nothing changes once they are banned or this session has ended. */
  actor?: { sessionId: string | undefined }
  /** The password hash verified by the caller; if it has been replaced since, nothing changes. */
  verifiedPasswordHash?: string | null
  /** Invalidates all verification tokens of the user, before new ones are created. */
  invalidateTokens?: boolean
  /** Tokens and the flow that stay valid when all others are invalidated: the message with them was just sent. */
  keeps?: { tokens: readonly string[]; flowId: string | undefined }
  /** Ends the user's sessions except one, personal access tokens, and PKCE flows that would open another session. */
  endSessions?: { keep?: string | undefined }
  /** Revokes the tokens that a ban ends permanently: opaque tokens of every session, and personal access tokens. */
  revokeTokens?: boolean
  /** A proof of a second factor; if it is no longer valid, nothing changes. */
  proof?: Proof | undefined
  /** Opens a session after everything else. */
  session?: NewSession | undefined
  /** Issues the code of a PKCE flow instead of a session. */
  authCode?: AuthCode | undefined
}

type Changed =
  | {
      outcome: 'changed'
      account: Account
      opened: OpenedSession | undefined
      /** Ids of the tokens that the new ones replaced. */
      replaced: readonly string[]
    }
  | { outcome: 'sent_recently'; sentAt: number }
  | { outcome: 'used_before' }
  | { outcome: SpendingRefused | ProofRefused | 'flow_gone' | 'changed_concurrently' }
  | { outcome: 'identity_of_another' | 'identity_unknown' | 'identity_is_last' }
  | { outcome: 'user_gone' | 'user_banned' | 'session_gone' | 'password_changed_concurrently' | 'metadata_too_large' }

const deletePasskeys = statement({ userId: webauthnCredentials.userId }, (db, { userId }) =>
  db.delete(webauthnCredentials).where(eq(webauthnCredentials.userId, userId)),
)

/** Changes an account: columns, metadata (merged key by key), identities, tokens and sessions together. */
export const changeUser = write(async (tx, change: UserChange): Promise<Changed | AccountConflict> => {
  const { id, now } = change
  const user = await tx.one(userById, { id })
  if (!user || (user.deletedAt !== null && !change.mayBeDeleted)) return { outcome: 'user_gone' }
  const refused =
    (await refuseChange(tx, user, change)) ??
    (await findConflict(tx, { id, email: null, phone: null, isSsoUser: user.isSsoUser, ...change.set }, id))
  if (refused) return refused
  // The transaction commits whatever is returned, so the size is checked first.
  const rawUserMetaData = userMetaDataAfter(user, change)
  if (!rawUserMetaData) return { outcome: 'metadata_too_large' }
  if (change.use && !(await consumeSingleUse(tx, change.use, now))) return { outcome: 'used_before' }
  const factor = change.proof && (await consumeProof(tx, id, change.proof, { network: change.session?.network, now }))
  if (typeof factor === 'string') return { outcome: factor }
  if (change.authCode && !(await issueAuthCode(tx, change.authCode, now))) return { outcome: 'flow_gone' }
  await mergeIdentities(tx, id, change.identities ?? [])
  if (change.replaceUserMetaData ?? change.set.rawUserMetaData) await clearOwnIdentities(tx, id)
  if (change.upsertIdentity) await upsertIdentity(tx, change.upsertIdentity)
  const held = await dropIdentities(tx, id, change)
  if (held.length === 0 && change.identityIfNone) {
    await upsertIdentity(tx, change.identityIfNone)
    held.push(change.identityIfNone)
  }
  const after = columnsAfter(user, change)
  const isNamed = user.isAnonymous && !after.isAnonymous
  const settled = await settleOwnIdentities(tx, after, held, {
    ...{ isNamed, setsPassword: typeof change.set.encryptedPassword === 'string', now },
  })
  const isDescribed = change.describeProviders !== undefined || isNamed || settled.length > held.length
  const describe = change.describeProviders ?? providersMetadata
  const described = isDescribed ? describe(settled.map(({ provider }) => provider)) : {}
  const rawAppMetaData = mergeMetadata(user.rawAppMetaData, { ...described, ...change.mergeAppMetaData })
  await saveUser(tx, user, { ...after, rawAppMetaData, rawUserMetaData, updatedAt: now })
  if (change.spend) await consumeToken(tx, change.spend, now)
  if (change.invalidateTokens) await invalidateTokensOf(tx, user, now, change.keeps?.tokens)
  if (change.dropFactors) {
    await removeFactors(tx, id)
    await tx.run(deletePasskeys, { userId: id })
  }
  if (change.revokeTokens) {
    await revokeSessionTokens(tx, id)
    await revokePersonalTokens(tx, id)
  }
  if (change.endSessions) {
    await endSessions(tx, id, change.endSessions.keep)
    await revokePersonalTokens(tx, id)
    await endFlows(tx, id, change.authCode?.flowId ?? change.keeps?.flowId)
  }
  const replaced = await writeRelated(tx, change, now)
  const changed = (await tx.one(userById, { id })) as User
  const opened = change.session && (await openSessionIn(tx, changed, change.session, now))
  return {
    outcome: 'changed',
    account: {
      user: opened?.user ?? changed,
      identities: await identitiesIn(tx, id),
      factors: await factorsIn(tx, changed),
    },
    opened,
    replaced,
  }
})

/** After a sign-up the user's metadata contains the account's address, so it changes with it. */
function addressIn({ email, rawUserMetaData }: User, { set }: UserChange): JsonObject {
  const isFollowed = email !== null && rawUserMetaData.email === email
  return isFollowed && set.email !== undefined ? { email: set.email } : {}
}

/**
 * A confirmed contact ends anonymity. Metadata set by administrators matters until then; afterwards the account has an
 * owner.
 */
const CONFIRMED = { isAnonymous: false, isAdminCreated: false, isPasswordFromAdmin: false, adminUserMetaData: {} }

/** The row after the change, except for its metadata. */
function columnsAfter(user: User, { now, set, confirm }: UserChange): User {
  const after = {
    ...user,
    emailConfirmedAt: confirm?.email ? (user.emailConfirmedAt ?? now) : user.emailConfirmedAt,
    phoneConfirmedAt: confirm?.phone ? (user.phoneConfirmedAt ?? now) : user.phoneConfirmedAt,
    // Administrators who set a password pass this themselves.
    ...(set.encryptedPassword !== undefined && { isPasswordFromAdmin: false }),
    ...set,
  }
  const isConfirmed =
    (after.email !== null && after.emailConfirmedAt !== null) ||
    (after.phone !== null && after.phoneConfirmedAt !== null)
  return isConfirmed ? { ...after, ...CONFIRMED } : after
}

async function refuseChange(tx: Tx, user: User, change: UserChange): Promise<Changed | undefined> {
  const { actor, unlessSentSince, spend, now } = change
  // a wrong code must not learn anything about the account
  const unspendable = spend && (await refuseSpending(tx, spend, now))
  if (unspendable) return { outcome: unspendable }
  if (actor && isAhead(user.bannedUntil, now)) return { outcome: 'user_banned' }
  if (actor?.sessionId !== undefined && !(await tx.one(sessionById, { id: actor.sessionId })))
    return { outcome: 'session_gone' }
  if (change.verifiedPasswordHash !== undefined && change.verifiedPasswordHash !== user.encryptedPassword)
    return { outcome: 'password_changed_concurrently' }
  const isOther = ([column, value]: [string, unknown]) => user[column as keyof User] !== value
  if (Object.entries(change.onlyIf ?? {}).some(isOther)) return { outcome: 'changed_concurrently' }
  const owner = change.upsertIdentity && (await tx.one(identityByProvider, change.upsertIdentity))
  if (owner && owner.userId !== user.id) return { outcome: 'identity_of_another' }
  if (typeof change.dropIdentities === 'object' && 'only' in change.dropIdentities) {
    const { only } = change.dropIdentities
    const present = await identitiesIn(tx, user.id)
    if (present.length < 2) return { outcome: 'identity_is_last' }
    if (!present.some((identity) => identity.id === only)) return { outcome: 'identity_unknown' }
  }
  const sentAt = unlessSentSince ? user[unlessSentSince.column] : null
  if (unlessSentSince && isWithin(sentAt, unlessSentSince.cooldownMs, now)) return { outcome: 'sent_recently', sentAt }
  return undefined
}

/** @returns all identities of the user afterwards, oldest first */
async function dropIdentities(tx: Tx, userId: string, { dropIdentities: which, upsertIdentity: kept }: UserChange) {
  const present = await identitiesIn(tx, userId)
  const isDropped = ({ id, provider, providerId }: Identity) => {
    if (which === undefined) return false
    if (typeof which === 'object' && 'only' in which) return which.only === id
    const stays = which === 'others' ? (kept ? [kept] : []) : which.except
    return !stays.some((each) => each.provider === provider && each.providerId === providerId)
  }
  for (const identity of present) if (isDropped(identity)) await tx.run(deleteIdentity, { id: identity.id })
  return present.filter((identity) => !isDropped(identity))
}

/** @returns undefined if it would exceed the metadata limit */
function userMetaDataAfter(user: User, change: UserChange): JsonObject | undefined {
  const before = { user: user.rawUserMetaData, app: user.rawAppMetaData }
  const base = change.replaceUserMetaData ?? change.set.rawUserMetaData ?? before.user
  const app = mergeMetadata(before.app, change.mergeAppMetaData ?? {})
  const merged = { user: mergeMetadata(base, { ...addressIn(user, change), ...change.mergeUserMetaData }), app }
  if (!mayBecome(merged, before)) return undefined
  return change.profile ? mergeFitting(merged, change.profile) : merged.user
}
