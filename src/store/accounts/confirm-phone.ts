/** Codes by SMS, to the account's own number or to a new one; giving one signs in. */
import { write } from '../engine'
import type { Identity } from '../schema'
import { identitiesIn, type NewSession, type OpenedSession } from '../statements'
import type { TokenUse } from '../verification/operations'
import { openSessionOf } from './access'
import { type Confirmation, type ConfirmationRefused, findConfirming, finishConfirmation } from './confirmations'
import { refusePhone } from './guards'
import { mergeIdentity } from './identities'
import { passwordColumns, saveAccount } from './save-account'

interface SmsConfirmation extends Confirmation {
  /** Hash of a new password, set along with it: then everything that allowed to sign in before ends. */
  encryptedPassword: string | undefined
  session: NewSession
}

export interface PhoneConfirmation extends Omit<SmsConfirmation, 'tokenUse'> {
  /** The token to consume; undefined for the fixed code of a test number. */
  tokenUse: TokenUse | undefined
}

type Confirmed = { outcome: 'changed'; opened: OpenedSession }

/** Confirms the account's number, unless it already is. */
export const confirmPhone = write(
  async (tx, confirmation: PhoneConfirmation): Promise<Confirmed | ConfirmationRefused> => {
    const { id, now, encryptedPassword, session } = confirmation
    const found = await findConfirming(tx, confirmation)
    if (!('user' in found)) return found
    const { user } = found
    await saveAccount(tx, user, {
      now,
      set: { phoneConfirmedAt: user.phoneConfirmedAt ?? now, ...passwordColumns(encryptedPassword) },
      userMetaData: user.rawUserMetaData,
      identities: await identitiesIn(tx, id),
      listsProviders: 'if_settled',
    })
    await finishConfirmation(tx, user, confirmation, { isEnded: encryptedPassword !== undefined })
    return { outcome: 'changed', opened: await openSessionOf(tx, id, session, now) }
  },
)

export interface PhoneChangeConfirmation extends SmsConfirmation {
  /** The new number, and its identity. */
  phone: string
  identity: Identity
}

/** Replaces the account's number with the pending one. */
export const confirmPhoneChange = write(
  async (
    tx,
    confirmation: PhoneChangeConfirmation,
  ): Promise<Confirmed | ConfirmationRefused | { outcome: 'phone_taken' }> => {
    const { id, now, phone, identity, encryptedPassword, session } = confirmation
    const found = await findConfirming(tx, confirmation)
    if (!('user' in found)) return found
    const { user } = found
    const taken = await refusePhone(tx, user, phone)
    if (taken) return taken
    const password = passwordColumns(encryptedPassword)
    await saveAccount(tx, user, {
      now,
      set: { phone, phoneConfirmedAt: now, phoneChange: null, isAnonymous: false, ...password },
      userMetaData: user.rawUserMetaData,
      identities: await mergeIdentity(tx, await identitiesIn(tx, id), identity),
      listsProviders: 'always',
    })
    await finishConfirmation(tx, user, confirmation, { isEnded: encryptedPassword !== undefined })
    return { outcome: 'changed', opened: await openSessionOf(tx, id, session, now) }
  },
)
