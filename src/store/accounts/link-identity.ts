/** Identities that a signed-in user links and unlinks (`/user/identities`). */
import type { JsonObject } from '../../lib/json'
import { CLEARED_SENT_AT } from '../../lib/sent-at'
import type { AuditEntry } from '../audit-entry'
import { write } from '../engine'
import { writeRelated } from '../related-writes'
import type { Identity, User } from '../schema'
import { consumeSingleUse } from '../single-use'
import { identitiesIn, type NewMessage, type OpenedSession } from '../statements'
import { invalidateTokensOf } from '../verification/operations'
import { type ConsumingGrant, flowOf, openGrantedSession } from './access'
import {
  findLiveUser,
  type RequestSession,
  refuseChanged,
  refuseCooldown,
  refuseEmail,
  refuseEndedSession,
  refuseIdentityOfAnother,
} from './guards'
import { dropIdentities, upsertIdentity } from './identities'
import { type MessageRecord, messageWrites, type PendingEmail } from './message-writes'
import { userMetaDataAfter } from './metadata'
import { type Columns, saveAccount } from './save-account'

interface Linking {
  id: string
  /** Unix milliseconds. */
  now: number
  requestSession: RequestSession
  identity: Identity
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

export interface IdentityLink extends Linking {
  /** The account's address as the caller read it. */
  emailBefore: string | null
  /** The identity's address, for an account that had none; confirmed with it. */
  email: string | undefined
  ending: ConsumingGrant
}

type LinkRefused = {
  outcome: 'user_gone' | 'user_banned' | 'session_gone' | 'identity_of_another' | 'metadata_too_large'
}

/** Adds an identity to the account, which is no longer anonymous then, and signs in. */
export const linkIdentity = write(
  async (
    tx,
    { id, now, requestSession, identity, messages, audit, emailBefore, email, ending }: IdentityLink,
  ): Promise<
    | { outcome: 'changed'; opened: OpenedSession | undefined }
    | { outcome: 'changed_concurrently' | 'email_taken' | 'used_before' }
    | LinkRefused
  > => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (await refuseEndedSession(tx, user, requestSession, now)) ??
      refuseChanged(user, { email: emailBefore }) ??
      (await refuseIdentityOfAnother(tx, user, identity)) ??
      (await refuseEmail(tx, user, email))
    if (refused) return refused
    const userMetaData = userMetaDataAfter(user, { email, profile: identity.identityData })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    if (ending.use && !(await consumeSingleUse(tx, ending.use, now))) return { outcome: 'used_before' }
    await saveAccount(tx, user, {
      now,
      set: { isAnonymous: false, ...(email !== undefined && { email, emailConfirmedAt: now }) },
      userMetaData,
      identities: await upsertIdentity(tx, await identitiesIn(tx, id), identity),
      listsProviders: 'always',
    })
    await writeRelated(tx, { flow: flowOf(ending), messages, audit }, now)
    return { outcome: 'changed', opened: await openGrantedSession(tx, id, ending, now) }
  },
)

export interface UnconfirmedIdentityLink extends Linking {
  /** The message that asks to confirm the identity's address. */
  message: MessageRecord<PendingEmail>
}

/** Adds an identity to an account without an address; the identity's address becomes the account's once confirmed. */
export const linkIdentityWithPendingEmail = write(
  async (
    tx,
    { id, now, requestSession, identity, messages, audit, message }: UnconfirmedIdentityLink,
  ): Promise<{ outcome: 'changed' } | { outcome: 'sent_recently'; sentAt: number } | LinkRefused> => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (await refuseEndedSession(tx, user, requestSession, now)) ??
      (await refuseIdentityOfAnother(tx, user, identity)) ??
      refuseCooldown(user, message, now)
    if (refused) return refused
    const userMetaData = userMetaDataAfter(user, { profile: identity.identityData })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    const sent = messageWrites(message, now)
    await saveAccount(tx, user, {
      now,
      set: sent.set,
      userMetaData,
      identities: await upsertIdentity(tx, await identitiesIn(tx, id), identity),
      listsProviders: 'always',
    })
    await writeRelated(tx, { ...sent, messages: [...messages, ...sent.messages], audit }, now)
    return { outcome: 'changed' }
  },
)

export interface IdentityRemoval {
  id: string
  /** Unix milliseconds. */
  now: number
  requestSession: RequestSession
  /** The contacts of the account as the caller read them. */
  before: { email: string | null; phone: string | null }
  identityId: string
  /**
   * The contact that the account loses with it: its number, or its address, which the address of another identity may
   * replace.
   */
  loses: 'nothing' | 'phone' | { emailFor: string | null }
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

/** Removes one of several identities. With the account's address, links and codes sent to it become invalid. */
export const unlinkIdentity = write(
  async (
    tx,
    { id, now, requestSession, before, identityId, loses, messages, audit }: IdentityRemoval,
  ): Promise<{
    outcome:
      | 'changed'
      | 'user_gone'
      | 'user_banned'
      | 'session_gone'
      | 'changed_concurrently'
      | 'identity_is_last'
      | 'identity_unknown'
      | 'email_taken'
      | 'metadata_too_large'
  }> => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const changed = (await refuseEndedSession(tx, user, requestSession, now)) ?? refuseChanged(user, before)
    if (changed) return changed
    const present = await identitiesIn(tx, id)
    if (present.length < 2) return { outcome: 'identity_is_last' }
    if (!present.some((identity) => identity.id === identityId)) return { outcome: 'identity_unknown' }
    const email = typeof loses === 'object' ? loses.emailFor : undefined
    const taken = await refuseEmail(tx, user, email)
    if (taken) return taken
    const merged: JsonObject = email === null ? { email_verified: false } : {}
    const userMetaData = userMetaDataAfter(user, { email, merged })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    await saveAccount(tx, user, {
      now,
      set: columnsAfterUnlinking(user, loses, now),
      userMetaData,
      identities: await dropIdentities(tx, present, (identity) => identity.id !== identityId),
      listsProviders: 'always',
    })
    if (email !== undefined) await invalidateTokensOf(tx, user, now)
    await writeRelated(tx, { messages, audit }, now)
    return { outcome: 'changed' }
  },
)

function columnsAfterUnlinking(user: User, loses: IdentityRemoval['loses'], now: number): Columns {
  if (loses === 'nothing') return {}
  if (loses === 'phone') return { phone: null, phoneConfirmedAt: null }
  const { emailFor: email } = loses
  const emailConfirmedAt = email === null ? null : (user.emailConfirmedAt ?? now)
  return { ...CLEARED_SENT_AT, email, emailConfirmedAt }
}
