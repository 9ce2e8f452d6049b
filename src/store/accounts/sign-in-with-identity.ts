/** Sign-in with a provider account: the changes to the local account, and the resulting session or flow. */
import type { JsonObject } from '../../lib/json'
import type { AuditEntry } from '../audit-entry'
import { type Tx, write } from '../engine'
import { writeRelated } from '../related-writes'
import type { Identity, User } from '../schema'
import { consumeSingleUse } from '../single-use'
import { identitiesIn, type NewMessage, type OpenedSession } from '../statements'
import {
  consumeToken,
  invalidateTokensOf,
  type Minting,
  type TokenRefusal,
  type TokenUse,
} from '../verification/operations'
import { type ConsumingGrant, endAccess, flowOf, openGrantedSession, removeFactorsAndPasskeys } from './access'
import { findLiveUser, refuseBanned, refuseChanged, refuseEmail, refuseIdentityOfAnother, refuseToken } from './guards'
import { clearContactIdentities, dropIdentities, isSame, upsertIdentity } from './identities'
import type { DroppedSignUp } from './message-writes'
import { userMetaDataAfter } from './metadata'
import { type Columns, saveAccount, withoutPendingContacts } from './save-account'

type Refused = { outcome: 'user_gone' | 'used_before' }
type SignedIn = {
  outcome: 'changed'
  /** Undefined for a flow, and for an account that is not signed in yet. */
  opened: OpenedSession | undefined
}

export interface IdentitySignIn {
  id: string
  /** Unix milliseconds. */
  now: number
  /** The account as the caller read it. */
  before: Pick<User, 'email' | 'emailConfirmedAt'>
  identity: Identity
  /** The effect of the sign-in on an unconfirmed account: proves its address, or requests a proof by mail. */
  confirmation: undefined | { confirmedEmail: string } | ConfirmationRequest
  /** For an account that was never confirmed: the removal of data that someone else may have left there. */
  cleanup: UnconfirmedCleanup | undefined
  /** Undefined if the account has to be confirmed first. */
  ending: ConsumingGrant | undefined
  audit: AuditEntry[]
}

/** A mail that asks to confirm the address. */
export interface ConfirmationRequest {
  mint: readonly Minting[]
  messages: readonly NewMessage[]
  /** Ids of the tokens of a mail that a hook has taken. */
  keeps: readonly string[]
}

export interface UnconfirmedCleanup {
  dropsPassword: boolean
  /** Replaces the user's metadata. */
  userMetaData: JsonObject
}

/** Signs in to the account of an identity, which is created or updated. */
export const signInWithIdentity = write(
  async (
    tx,
    { id, now, before, identity, confirmation, cleanup, ending, audit }: IdentitySignIn,
  ): Promise<
    | SignedIn
    | Refused
    | {
        outcome: 'user_banned' | 'changed_concurrently' | 'identity_of_another' | 'email_taken' | 'metadata_too_large'
      }
  > => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const { email, asked, set } = confirmationColumns(confirmation, now)
    const refused =
      refuseBanned(user, now) ??
      refuseChanged(user, before) ??
      (await refuseIdentityOfAnother(tx, user, identity)) ??
      (await refuseEmail(tx, user, email))
    if (refused) return refused
    const replacement = cleanup?.userMetaData
    const userMetaData = userMetaDataAfter(user, { email, replacement, profile: identity.identityData })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    if (ending?.use && !(await consumeSingleUse(tx, ending.use, now))) return { outcome: 'used_before' }
    await saveAccount(tx, user, {
      now,
      set: {
        ...(cleanup && withoutPendingContacts()),
        ...(cleanup?.dropsPassword && { encryptedPassword: null }),
        ...set,
      },
      userMetaData,
      identities: await addIdentity(tx, id, identity, {
        clearsOwn: cleanup !== undefined,
        isOnly: cleanup !== undefined,
      }),
      listsProviders: 'always',
    })
    if (cleanup) {
      await invalidateTokensOf(tx, user, now, asked?.keeps)
      await removeFactorsAndPasskeys(tx, id)
      await endAccess(tx, id)
    }
    await writeRelated(tx, { mint: asked?.mint, messages: asked?.messages, flow: flowOf(ending), audit }, now)
    return { outcome: 'changed', opened: await openGrantedSession(tx, id, ending, now) }
  },
)

export interface InvitationAcceptance {
  id: string
  /** Unix milliseconds. */
  now: number
  /** The invited address as the caller read it. */
  emailBefore: string | null
  /** The token of the invitation. */
  tokenUse: TokenUse
  identity: Identity
  /** The person who is invited might not be the one who signed up with the address before. */
  dropped: DroppedSignUp
  /** Whether other identities, factors, passkeys and sessions are removed as well. */
  isPreHijacked: boolean
  ending: ConsumingGrant
  audit: AuditEntry[]
}

/** Accepts an invitation with a provider account, which confirms the address. Links and codes become invalid. */
export const acceptInvitation = write(
  async (
    tx,
    { id, now, emailBefore, tokenUse, identity, dropped, isPreHijacked, ending, audit }: InvitationAcceptance,
  ): Promise<
    | SignedIn
    | Refused
    | {
        outcome: TokenRefusal | 'user_banned' | 'changed_concurrently' | 'identity_of_another' | 'metadata_too_large'
      }
  > => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (await refuseToken(tx, tokenUse, now)) ??
      refuseBanned(user, now) ??
      refuseChanged(user, { email: emailBefore }) ??
      (await refuseIdentityOfAnother(tx, user, identity))
    if (refused) return refused
    const { rawUserMetaData: replacement, ...set } = dropped
    const userMetaData = userMetaDataAfter(user, { replacement, profile: identity.identityData })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    if (ending.use && !(await consumeSingleUse(tx, ending.use, now))) return { outcome: 'used_before' }
    await saveAccount(tx, user, {
      now,
      set: {
        ...(isPreHijacked && withoutPendingContacts()),
        ...set,
        emailConfirmedAt: user.emailConfirmedAt ?? now,
      },
      userMetaData,
      identities: await addIdentity(tx, id, identity, { clearsOwn: replacement !== undefined, isOnly: isPreHijacked }),
      listsProviders: 'always',
    })
    await consumeToken(tx, tokenUse, now)
    await invalidateTokensOf(tx, user, now)
    if (isPreHijacked) {
      await removeFactorsAndPasskeys(tx, id)
      await endAccess(tx, id)
    }
    await writeRelated(tx, { flow: flowOf(ending), audit }, now)
    return { outcome: 'changed', opened: await openGrantedSession(tx, id, ending, now) }
  },
)

export interface SignUpCompletion {
  id: string
  /** Unix milliseconds. */
  now: number
  /** Undefined if the account has to be confirmed first. */
  ending: ConsumingGrant | undefined
  audit: AuditEntry[]
}

/** Completes the sign-up with a provider account once a hook has taken the confirmation mail of the new account. */
export const completeIdentitySignUp = write(
  async (tx, { id, now, ending, audit }: SignUpCompletion): Promise<SignedIn | Refused> => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    if (ending?.use && !(await consumeSingleUse(tx, ending.use, now))) return { outcome: 'used_before' }
    const identities = await identitiesIn(tx, id)
    const userMetaData = user.rawUserMetaData
    await saveAccount(tx, user, { now, set: {}, userMetaData, identities, listsProviders: 'if_settled' })
    await writeRelated(tx, { flow: flowOf(ending), audit }, now)
    return { outcome: 'changed', opened: await openGrantedSession(tx, id, ending, now) }
  },
)

function confirmationColumns(
  confirmation: IdentitySignIn['confirmation'],
  now: number,
): { email?: string; asked?: ConfirmationRequest; set: Columns } {
  if (!confirmation) return { set: {} }
  if (!('confirmedEmail' in confirmation)) return { asked: confirmation, set: { confirmationSentAt: now } }
  const { confirmedEmail: email } = confirmation
  return { email, set: { email, emailConfirmedAt: now } }
}

/** @param isOnly whether all other identities go @returns the identities of the account then */
async function addIdentity(
  tx: Tx,
  userId: string,
  identity: Identity,
  { clearsOwn, isOnly }: { clearsOwn: boolean; isOnly: boolean },
): Promise<Identity[]> {
  const present = await identitiesIn(tx, userId)
  const cleared = clearsOwn ? await clearContactIdentities(tx, present, userId) : present
  const identities = await upsertIdentity(tx, cleared, identity)
  return isOnly ? dropIdentities(tx, identities, (each) => isSame(each, identity)) : identities
}
