/** Links and codes by mail, and what following them changes. */
import type { JsonObject } from '../../lib/json'
import { type Tx, write } from '../engine'
import { type AuthCode, issueAuthCode } from '../flows'
import { writeRelated } from '../related-writes'
import type { Identity, User } from '../schema'
import { consumeProof, type Proof, type ProofRefused } from '../second-factors'
import { type AuditEntry, identitiesIn, type NewMessage, type NewSession, type OpenedSession } from '../statements'
import { consumeToken, invalidateTokensOf, type Spending, type SpendingRefused } from '../verification/operations'
import { endAccess, openSessionOf, removeFactorsAndPasskeys } from './access'
import { findLiveUser, refuseBanned, refuseChanged, refuseEmail, refuseToken } from './guards'
import { addIdentity, clearOwnIdentities, dropIdentities, type IdentityKey, isSame, mergeIdentity } from './identities'
import { userMetaDataAfter } from './metadata'
import { passwordColumns, saveAccount } from './save-account'

/** The result of opening a link or entering a code: a session, or the code of a PKCE flow. */
export type ConfirmationResult = { session: NewSession } | { authCode: AuthCode }

/** What every confirmation by mail consists of. */
interface MailConfirmation {
  id: string
  /** Unix milliseconds. */
  now: number
  spend: Spending
  /** Hash of a new password, set along with it: then everything that allowed to sign in before ends. */
  encryptedPassword: string | undefined
  /** Undefined if it only confirms. */
  result: ConfirmationResult | undefined
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

export interface EmailConfirmation extends MailConfirmation {
  /** The identity of the address, for a sign-up or an invitation. */
  identity: Identity | undefined
  userMetaData: JsonObject
  /** Removal of data that someone else may have left on the account; undefined if the account is trusted. */
  cleanup: PreHijackCleanup | undefined
  /** A proof of a second factor, if the sign-in needs one. */
  proof: Proof | undefined
}

/** What the owner of an address does not take over (docs/threat-model.md#t46), besides factors, passkeys and sessions. */
export interface PreHijackCleanup {
  /** Whether the password is removed. */
  dropsPassword: boolean
  /** Replaces the user's metadata; undefined to keep it. */
  userMetaData: JsonObject | undefined
  keptIdentities: readonly IdentityKey[]
  /** Created if no identity is left. */
  ownIdentity: Identity
}

type Refused = { outcome: SpendingRefused | 'user_gone' | 'user_banned' | 'flow_gone' | 'metadata_too_large' }
type Confirmed = { outcome: 'changed'; opened: OpenedSession | undefined }

/** Confirms the account's address, unless it already is, and signs in. Older links and codes become invalid. */
export const confirmEmail = write(
  async (tx, confirmation: EmailConfirmation): Promise<Confirmed | Refused | { outcome: ProofRefused }> => {
    const { id, now, spend, encryptedPassword, identity, userMetaData: merged, cleanup, proof, result } = confirmation
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused = (await refuseToken(tx, spend, now)) ?? refuseBanned(user, now)
    if (refused) return refused
    const userMetaData = userMetaDataAfter(user, { replacement: cleanup?.userMetaData, merged })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    const network = result && 'session' in result ? result.session.network : undefined
    const factor = proof && (await consumeProof(tx, id, proof, { network, now }))
    if (typeof factor === 'string') return { outcome: factor }
    if (!(await issueCode(tx, result, now))) return { outcome: 'flow_gone' }
    let held = await identitiesIn(tx, id)
    if (identity) held = await mergeIdentity(tx, held, identity)
    if (cleanup) held = await cleanUpIdentities(tx, id, held, cleanup)
    await saveAccount(tx, user, {
      now,
      set: {
        emailConfirmedAt: user.emailConfirmedAt ?? now,
        ...(cleanup?.dropsPassword && { encryptedPassword: null }),
        ...passwordColumns(encryptedPassword),
      },
      userMetaData,
      held,
      listsProviders: cleanup ? 'always' : 'if_settled',
    })
    return { outcome: 'changed', opened: await finish(tx, user, confirmation, cleanup !== undefined) }
  },
)

export interface EmailChangeConfirmation extends MailConfirmation {
  /** The new address. */
  email: string
  /** The identity of the new address. */
  identity: Identity
}

/** Replaces the account's address with the pending one. Older links and codes become invalid. */
export const confirmEmailChange = write(
  async (tx, confirmation: EmailChangeConfirmation): Promise<Confirmed | Refused | { outcome: 'email_taken' }> => {
    const { id, now, spend, encryptedPassword, email, identity, result } = confirmation
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (await refuseToken(tx, spend, now)) ?? refuseBanned(user, now) ?? (await refuseEmail(tx, user, email))
    if (refused) return refused
    const userMetaData = userMetaDataAfter(user, { email, merged: { email_verified: true } })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    if (!(await issueCode(tx, result, now))) return { outcome: 'flow_gone' }
    await saveAccount(tx, user, {
      now,
      set: {
        email,
        emailConfirmedAt: now,
        emailChange: null,
        emailChangeConfirmStatus: 0,
        isAnonymous: false,
        ...passwordColumns(encryptedPassword),
      },
      userMetaData,
      held: await mergeIdentity(tx, await identitiesIn(tx, id), identity),
      listsProviders: 'always',
    })
    return { outcome: 'changed', opened: await finish(tx, user, confirmation, false) }
  },
)

export interface FirstAddressConfirmation {
  id: string
  now: number
  spend: Spending
  /** The address that is confirmed; another pending one is not. */
  emailChange: string
}

/** Confirms one of the two addresses of a secure email change, while the other one has not been. */
export const confirmFirstAddress = write(
  async (
    tx,
    { id, now, spend, emailChange }: FirstAddressConfirmation,
  ): Promise<{
    outcome: 'changed' | SpendingRefused | 'user_gone' | 'user_banned' | 'changed_concurrently'
  }> => {
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (await refuseToken(tx, spend, now)) ??
      refuseBanned(user, now) ??
      refuseChanged(user, { emailChange, emailChangeConfirmStatus: 0 })
    if (refused) return refused
    await saveAccount(tx, user, {
      now,
      set: { emailChangeConfirmStatus: 1 },
      userMetaData: user.rawUserMetaData,
      held: await identitiesIn(tx, id),
      listsProviders: 'if_settled',
    })
    await consumeToken(tx, spend, now)
    return { outcome: 'changed' }
  },
)

/** @returns false if the flow no longer exists or already has a code */
async function issueCode(tx: Tx, result: ConfirmationResult | undefined, now: number): Promise<boolean> {
  return !result || !('authCode' in result) || (await issueAuthCode(tx, result.authCode, now))
}

async function cleanUpIdentities(
  tx: Tx,
  userId: string,
  present: Identity[],
  { userMetaData, keptIdentities, ownIdentity }: PreHijackCleanup,
): Promise<Identity[]> {
  const cleared = userMetaData ? await clearOwnIdentities(tx, present, userId) : present
  const kept = await dropIdentities(tx, cleared, (each) => keptIdentities.some((key) => isSame(each, key)))
  return kept.length === 0 ? addIdentity(tx, kept, ownIdentity) : kept
}

/** @param user as it was before @returns the session, if there is to be one */
async function finish(
  tx: Tx,
  user: User,
  { id, now, spend, encryptedPassword, result, messages, audit }: MailConfirmation,
  isCleanedUp: boolean,
): Promise<OpenedSession | undefined> {
  await consumeToken(tx, spend, now)
  await invalidateTokensOf(tx, user, now)
  if (isCleanedUp) await removeFactorsAndPasskeys(tx, id)
  if (isCleanedUp || encryptedPassword !== undefined)
    await endAccess(tx, id, {
      keptFlow: result && 'authCode' in result ? result.authCode.flowId : undefined,
    })
  await writeRelated(tx, { messages, audit }, now)
  return result && 'session' in result ? openSessionOf(tx, id, result.session, now) : undefined
}
