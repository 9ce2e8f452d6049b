/** Changes that users make of their own account (`PUT /user`), and administrators of any (`PUT /admin/users`). */
import type { JsonObject } from '../../lib/json'
import { CLEARED_SENT_AT } from '../../lib/sent-at'
import { isInFuture } from '../../lib/time'
import type { Account } from '../account'
import type { AuditEntry } from '../audit-entry'
import { type Tx, write } from '../engine'
import { writeRelated } from '../related-writes'
import type { Identity, User } from '../schema'
import { revokePersonalTokens } from '../sessions/personal-tokens'
import { revokeSessionTokens } from '../sessions/session-tokens'
import { identitiesIn, type NewMessage, userById } from '../statements'
import { consumeToken, invalidateTokensOf, type TokenRefusal, type TokenUse } from '../verification/operations'
import { endAccess } from './access'
import {
  findLiveUser,
  type RequestSession,
  refuseCooldown,
  refuseEmail,
  refuseEndedSession,
  refusePhone,
  refuseToken,
} from './guards'
import { mergeIdentity } from './identities'
import { type MessageRecord, messageWrites, type PendingContact } from './message-writes'
import { userMetaDataAfter } from './metadata'
import { accountIn, type Columns, passwordColumns, saveAccount, withoutPendingContacts } from './save-account'

export interface AccountUpdate {
  id: string
  /** Unix milliseconds. */
  now: number
  requestSession: RequestSession
  /** The proof that allows a new password; it is part of the first operation of a request. */
  authorization: PasswordAuthorization | undefined
  password: NewPassword | undefined
  /** New contacts that need no confirmation. */
  confirmed: ConfirmedContacts | undefined
  /** Merged in key by key; null removes a key. */
  userMetaData: JsonObject
  appMetaData: JsonObject | undefined
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

/** All older links and codes become invalid with it. */
export interface PasswordAuthorization {
  /** The hash the caller verified; if it has been replaced since, nothing changes. */
  verifiedHash: string | null
  /** The mailed code, if one is required. */
  tokenUse: TokenUse | undefined
}

export interface NewPassword {
  hash: string
  /** All other sessions end. */
  keptSession: string | undefined
}

/** They end anonymity. As in GoTrue, `app_metadata` does not list their providers. */
export interface ConfirmedContacts {
  email: string | undefined
  phone: string | undefined
  identities: readonly Identity[]
}

type ContactTaken = { outcome: 'email_taken' | 'phone_taken' }
type Saved = { outcome: 'changed'; account: Account } | { outcome: 'metadata_too_large' } | ContactTaken
type UpdateRefused = {
  outcome: TokenRefusal | 'user_gone' | 'user_banned' | 'session_gone' | 'password_changed_concurrently'
}

/** Changes a user's own account. */
export const updateOwnAccount = write(async (tx, update: AccountUpdate): Promise<Saved | UpdateRefused> => {
  const found = await findUpdating(tx, update)
  return 'user' in found ? saveUpdate(tx, found.user, update, undefined) : found
})

export interface ContactChange extends AccountUpdate {
  /** The message that asks to confirm the new address or number. */
  message: MessageRecord<PendingContact>
}

/** Records the request for a new address or number, with whatever else changes in a user's own account. */
export const requestContactChange = write(
  async (
    tx,
    { message, ...update }: ContactChange,
  ): Promise<Saved | UpdateRefused | { outcome: 'sent_recently'; sentAt: number }> => {
    const found = await findUpdating(tx, update)
    if (!('user' in found)) return found
    return refuseCooldown(found.user, message, update.now) ?? saveUpdate(tx, found.user, update, message)
  },
)

async function findUpdating(
  tx: Tx,
  { id, now, requestSession, authorization }: AccountUpdate,
): Promise<{ user: User } | UpdateRefused> {
  const user = await findLiveUser(tx, id)
  if (!user) return { outcome: 'user_gone' }
  const refused =
    (await refuseToken(tx, authorization?.tokenUse, now)) ?? (await refuseEndedSession(tx, user, requestSession, now))
  if (refused) return refused
  return authorization && authorization.verifiedHash !== user.encryptedPassword
    ? { outcome: 'password_changed_concurrently' }
    : { user }
}

async function saveUpdate(
  tx: Tx,
  user: User,
  update: AccountUpdate,
  message: MessageRecord<PendingContact> | undefined,
): Promise<Saved> {
  const { id, now, authorization, password, confirmed, userMetaData: merged, appMetaData, audit } = update
  const taken = (await refuseEmail(tx, user, confirmed?.email)) ?? (await refusePhone(tx, user, confirmed?.phone))
  if (taken) return taken
  const userMetaData = userMetaDataAfter(user, { email: confirmed?.email, merged, appMetaData })
  if (!userMetaData) return { outcome: 'metadata_too_large' }
  const sent = message && messageWrites(message, now)
  await saveAccount(tx, user, {
    now,
    set: {
      ...confirmedColumns(confirmed, now),
      ...(password && { ...CLEARED_SENT_AT, encryptedPassword: password.hash }),
      // Not with the password: a new number may come with it, which was recorded before.
      ...(authorization && withoutPendingContacts(message?.column)),
      ...sent?.set,
    },
    userMetaData,
    appMetaData,
    identities: await mergeAll(tx, id, confirmed?.identities ?? []),
    listsProviders: confirmed ? 'never' : 'if_settled',
  })
  if (authorization?.tokenUse) await consumeToken(tx, authorization.tokenUse, now)
  if (authorization) await invalidateTokensOf(tx, user, now, sent?.keeps?.tokens)
  if (password) await endAccess(tx, id, { keptSession: password.keptSession, keptFlow: sent?.keeps?.flowId })
  const messages = [...update.messages, ...(sent?.messages ?? [])]
  await writeRelated(tx, { mint: sent?.mint, flow: sent?.flow, messages, audit }, now)
  return { outcome: 'changed', account: await accountIn(tx, id) }
}

function confirmedColumns(confirmed: ConfirmedContacts | undefined, now: number): Columns {
  if (!confirmed) return {}
  const { email, phone } = confirmed
  return {
    ...(email !== undefined && { email, emailConfirmedAt: now }),
    ...(phone !== undefined && { phone, phoneConfirmedAt: now }),
    isAnonymous: false,
  }
}

export interface AdminUpdate {
  id: string
  /** Unix milliseconds. */
  now: number
  set: {
    role?: string
    email?: string
    phone?: string
    /** Unix milliseconds; null lifts a ban. */
    bannedUntil?: number | null
    adminUserMetaData?: JsonObject
  }
  /** Hash of a new password. */
  encryptedPassword: string | undefined
  /** Contacts that are confirmed now, unless they already are. */
  confirms: { email: boolean; phone: boolean }
  /** Merged in key by key; null removes a key. */
  userMetaData: JsonObject
  appMetaData: JsonObject | undefined
  /** Identities of the new contacts. */
  identities: readonly Identity[]
  audit: AuditEntry[]
}

/** Changes any account, including a soft-deleted one, which remains deleted. */
export const updateUserAsAdmin = write(
  async (
    tx,
    update: AdminUpdate,
  ): Promise<
    { outcome: 'changed'; account: Account } | { outcome: 'user_gone' | 'metadata_too_large' } | ContactTaken
  > => {
    const { id, now, set, encryptedPassword, confirms, userMetaData: merged, appMetaData, identities, audit } = update
    const { email, bannedUntil } = set
    const user = await tx.one(userById, { id })
    if (!user) return { outcome: 'user_gone' }
    const taken = (await refuseEmail(tx, user, email)) ?? (await refusePhone(tx, user, set.phone))
    if (taken) return taken
    const userMetaData = userMetaDataAfter(user, { email, merged, appMetaData })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    const hasNewPassword = encryptedPassword !== undefined
    const isInvalidating = hasNewPassword || (email !== undefined && email !== user.email)
    const isBanned = isInFuture(bannedUntil ?? null, now)
    const isLifted = bannedUntil !== undefined && !isBanned && user.bannedUntil !== null
    await saveAccount(tx, user, {
      now,
      set: {
        ...((isInvalidating || isLifted) && withoutPendingContacts()),
        ...(confirms.email && { emailConfirmedAt: user.emailConfirmedAt ?? now }),
        ...(confirms.phone && { phoneConfirmedAt: user.phoneConfirmedAt ?? now }),
        ...set,
        ...passwordColumns(encryptedPassword),
        ...(hasNewPassword && { isPasswordFromAdmin: true }),
      },
      userMetaData,
      appMetaData,
      identities: await mergeAll(tx, id, identities),
      listsProviders: 'if_settled',
    })
    // A link or code sent earlier refers to a password or an address that no longer exists.
    if (isInvalidating) await invalidateTokensOf(tx, user, now)
    if (isBanned) await revokeTokens(tx, id)
    // While a ban lasts, requests of its sessions get `user_banned`; once it is lifted, the sessions no longer exist.
    if (hasNewPassword || isLifted) await endAccess(tx, id)
    await writeRelated(tx, { audit }, now)
    return { outcome: 'changed', account: await accountIn(tx, id) }
  },
)

/** Revokes the tokens that a ban ends permanently: opaque tokens of every session, and personal access tokens. */
async function revokeTokens(tx: Tx, userId: string): Promise<void> {
  await revokeSessionTokens(tx, userId)
  await revokePersonalTokens(tx, userId)
}

/** @returns the identities of the account then */
async function mergeAll(tx: Tx, userId: string, identities: readonly Identity[]): Promise<Identity[]> {
  let merged = await identitiesIn(tx, userId)
  for (const identity of identities) merged = await mergeIdentity(tx, merged, identity)
  return merged
}
