/** Links and codes of an email change, to the current address and to the new one. */
import { write } from '../engine'
import { issueAuthCode } from '../oauth/flows'
import type { Identity } from '../schema'
import { identitiesIn, type OpenedSession } from '../statements'
import { consumeToken } from '../verification/operations'
import { openSessionOf } from './access'
import type { ConfirmationResult } from './confirm-email'
import { type Confirmation, type ConfirmationRefused, findConfirming, finishConfirmation } from './confirmations'
import { refuseChanged, refuseEmail } from './guards'
import { mergeIdentity } from './identities'
import { userMetaDataAfter } from './metadata'
import { passwordColumns, saveAccount } from './save-account'

export interface EmailChangeConfirmation extends Confirmation {
  /** The new address, and its identity. */
  email: string
  identity: Identity
  /** Hash of a new password, set along with it: then everything that allowed to sign in before ends. */
  encryptedPassword: string | undefined
  /** Undefined if it opens no session. */
  result: ConfirmationResult | undefined
}

/** Replaces the account's address with the pending one. */
export const confirmEmailChange = write(
  async (
    tx,
    confirmation: EmailChangeConfirmation,
  ): Promise<
    | { outcome: 'changed'; opened: OpenedSession | undefined }
    | ConfirmationRefused
    | { outcome: 'email_taken' | 'metadata_too_large' | 'flow_gone' }
  > => {
    const { id, now, email, identity, encryptedPassword, result } = confirmation
    const found = await findConfirming(tx, confirmation)
    if (!('user' in found)) return found
    const { user } = found
    const taken = await refuseEmail(tx, user, email)
    if (taken) return taken
    const userMetaData = userMetaDataAfter(user, { email, merged: { email_verified: true } })
    if (!userMetaData) return { outcome: 'metadata_too_large' }
    const authCode = result && 'authCode' in result ? result.authCode : undefined
    if (authCode && !(await issueAuthCode(tx, authCode, now))) return { outcome: 'flow_gone' }
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
      identities: await mergeIdentity(tx, await identitiesIn(tx, id), identity),
      listsProviders: 'always',
    })
    const isEnded = encryptedPassword !== undefined
    await finishConfirmation(tx, user, confirmation, { isEnded, keptFlow: authCode?.flowId })
    const opened = result && 'session' in result ? await openSessionOf(tx, id, result.session, now) : undefined
    return { outcome: 'changed', opened }
  },
)

export interface FirstAddressConfirmation extends Pick<Confirmation, 'id' | 'now' | 'tokenUse'> {
  /** The address that is confirmed; another pending one is not. */
  emailChange: string
}

/** Confirms one of the two addresses of a secure email change, while the other one has not been. */
export const confirmFirstAddress = write(
  async (
    tx,
    confirmation: FirstAddressConfirmation,
  ): Promise<{ outcome: 'changed' | 'changed_concurrently' } | ConfirmationRefused> => {
    const { id, now, tokenUse, emailChange } = confirmation
    const found = await findConfirming(tx, confirmation)
    if (!('user' in found)) return found
    const { user } = found
    const changed = refuseChanged(user, { emailChange, emailChangeConfirmStatus: 0 })
    if (changed) return changed
    await saveAccount(tx, user, {
      now,
      set: { emailChangeConfirmStatus: 1 },
      userMetaData: user.rawUserMetaData,
      identities: await identitiesIn(tx, id),
      listsProviders: 'if_settled',
    })
    await consumeToken(tx, tokenUse, now)
    return { outcome: 'changed' }
  },
)
