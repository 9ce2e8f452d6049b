/** Links and codes to the account's own address: following one confirms the address, unless it already is. */
import type { JsonObject } from '../../lib/json'
import { type Tx, write } from '../engine'
import { consumeProof, type Proof, type ProofRefused } from '../factors/second-factors'
import { type AuthCode, issueAuthCode } from '../oauth/flows'
import type { Identity, User } from '../schema'
import { identitiesIn, type NewSession, type OpenedSession } from '../statements'
import { openSessionOf, removeFactorsAndPasskeys } from './access'
import { type Confirmation, type ConfirmationRefused, findConfirming, finishConfirmation } from './confirmations'
import {
  addIdentity,
  clearContactIdentities,
  dropIdentities,
  type IdentityKey,
  isSame,
  mergeIdentity,
} from './identities'
import { userMetaDataAfter } from './metadata'
import { type Columns, passwordColumns, saveAccount, withoutPendingContacts } from './save-account'

interface AddressConfirmation extends Confirmation {
  /** Merged into the user's metadata. */
  userMetaData: JsonObject
  /** Removal of data that someone else may have left on the account; undefined if the account is trusted. */
  cleanup: PreHijackCleanup | undefined
}

/**
 * Data removed when the owner of an address confirms it (docs/threat-model.md#t46), in addition to factors, passkeys
 * and sessions.
 */
export interface PreHijackCleanup {
  /** Whether the password is removed. */
  dropsPassword: boolean
  /** Replaces the user's metadata; undefined to keep it. */
  userMetaData: JsonObject | undefined
  keptIdentities: readonly IdentityKey[]
  /** Created if no identity is left. */
  ownIdentity: Identity
}

type Refused = ConfirmationRefused | { outcome: 'metadata_too_large' }

/** The result of opening a link or entering a code: a session, or the code of a PKCE flow. */
export type ConfirmationResult = { session: NewSession } | { authCode: AuthCode }

export interface EmailConfirmation extends AddressConfirmation {
  /** The identity of the address, for a sign-up or an invitation. */
  identity: Identity | undefined
  /** Hash of a new password, set along with it: then everything that allowed to sign in before ends. */
  encryptedPassword: string | undefined
  result: ConfirmationResult
}

/** Confirms the address with the token of a sign-up, an invitation, a magic link or a recovery. */
export const confirmEmail = write(
  async (
    tx,
    confirmation: EmailConfirmation,
  ): Promise<{ outcome: 'changed'; opened: OpenedSession | undefined } | Refused | { outcome: 'flow_gone' }> => {
    const { id, now, identity, cleanup, encryptedPassword, result } = confirmation
    const found = await findConfirming(tx, confirmation)
    if (!('user' in found)) return found
    const { user } = found
    const userMetaData = metadataOf(user, confirmation)
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    const authCode = 'authCode' in result ? result.authCode : undefined
    if (authCode && !(await issueAuthCode(tx, authCode, now))) return { outcome: 'flow_gone' }
    await confirmAddress(tx, user, {
      now,
      set: passwordColumns(encryptedPassword),
      userMetaData,
      cleanup,
      identity,
    })
    const isEnded = cleanup !== undefined || encryptedPassword !== undefined
    await finishConfirmation(tx, user, confirmation, { isEnded, keptFlow: authCode?.flowId })
    const opened = 'session' in result ? await openSessionOf(tx, id, result.session, now) : undefined
    return { outcome: 'changed', opened }
  },
)

export interface PasswordReset extends AddressConfirmation {
  /** Hash of the new password. */
  encryptedPassword: string
}

/** Sets a new password with a mailed token, which confirms the address. Everything that allowed to sign in before ends. */
export const resetPassword = write(async (tx, reset: PasswordReset): Promise<{ outcome: 'changed' } | Refused> => {
  const { now, cleanup, encryptedPassword } = reset
  const found = await findConfirming(tx, reset)
  if (!('user' in found)) return found
  const { user } = found
  const userMetaData = metadataOf(user, reset)
  if (!userMetaData) return { outcome: 'metadata_too_large' }
  await confirmAddress(tx, user, { now, set: passwordColumns(encryptedPassword), userMetaData, cleanup })
  await finishConfirmation(tx, user, reset, { isEnded: true })
  return { outcome: 'changed' }
})

export interface LinkSignIn extends AddressConfirmation {
  /** The proof of a second factor, for an account that has one. */
  proof: Proof | undefined
  session: NewSession
}

/** Signs in with a mailed token, which confirms the address. */
export const signInWithLink = write(
  async (
    tx,
    signIn: LinkSignIn,
  ): Promise<{ outcome: 'changed'; opened: OpenedSession } | Refused | { outcome: ProofRefused }> => {
    const { id, now, cleanup, proof, session } = signIn
    const found = await findConfirming(tx, signIn)
    if (!('user' in found)) return found
    const { user } = found
    const userMetaData = metadataOf(user, signIn)
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    const factor = proof && (await consumeProof(tx, id, proof, { network: session.network, now }))
    if (typeof factor === 'string') return { outcome: factor }
    await confirmAddress(tx, user, { now, set: {}, userMetaData, cleanup })
    await finishConfirmation(tx, user, signIn, { isEnded: cleanup !== undefined })
    return { outcome: 'changed', opened: await openSessionOf(tx, id, session, now) }
  },
)

const metadataOf = (user: User, { cleanup, userMetaData: merged }: AddressConfirmation): JsonObject | undefined =>
  userMetaDataAfter(user, { replacement: cleanup?.userMetaData, merged })

interface ConfirmedAddress {
  now: number
  set: Columns
  userMetaData: JsonObject
  cleanup: PreHijackCleanup | undefined
  identity?: Identity | undefined
}

async function confirmAddress(
  tx: Tx,
  user: User,
  { now, set, userMetaData, cleanup, identity }: ConfirmedAddress,
): Promise<void> {
  let identities = await identitiesIn(tx, user.id)
  if (identity) identities = await mergeIdentity(tx, identities, identity)
  if (cleanup) identities = await cleanUpIdentities(tx, user.id, identities, cleanup)
  await saveAccount(tx, user, {
    now,
    set: {
      emailConfirmedAt: user.emailConfirmedAt ?? now,
      ...(cleanup && withoutPendingContacts()),
      ...(cleanup?.dropsPassword && { encryptedPassword: null }),
      ...set,
    },
    userMetaData,
    identities,
    listsProviders: cleanup ? 'always' : 'if_settled',
  })
  if (cleanup) await removeFactorsAndPasskeys(tx, user.id)
}

async function cleanUpIdentities(
  tx: Tx,
  userId: string,
  present: Identity[],
  { userMetaData, keptIdentities, ownIdentity }: PreHijackCleanup,
): Promise<Identity[]> {
  const cleared = userMetaData ? await clearContactIdentities(tx, present, userId) : present
  const kept = await dropIdentities(tx, cleared, (each) => keptIdentities.some((key) => isSame(each, key)))
  return kept.length === 0 ? addIdentity(tx, kept, ownIdentity) : kept
}
