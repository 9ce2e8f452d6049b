/** Codes by SMS, and what giving them changes. */
import { type Tx, write } from '../engine'
import { writeRelated } from '../related-writes'
import type { Identity, User } from '../schema'
import { type AuditEntry, identitiesIn, type NewMessage, type NewSession, type OpenedSession } from '../statements'
import { consumeToken, invalidateTokensOf, type Spending, type SpendingRefused } from '../verification/operations'
import { endAccess, openSessionOf } from './access'
import { findLiveUser, refuseBanned, refusePhone, refuseToken } from './guards'
import { mergeIdentity } from './identities'
import { passwordColumns, saveAccount } from './save-account'

/** What every confirmation by SMS consists of. */
interface CodeConfirmation {
  id: string
  /** Unix milliseconds. */
  now: number
  /** Hash of a new password, set along with it: then everything that allowed to sign in before ends. */
  encryptedPassword: string | undefined
  session: NewSession
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

export interface PhoneConfirmation extends CodeConfirmation {
  /** The token to consume; undefined for the fixed code of a test number. */
  spend: Spending | undefined
}

type Refused = { outcome: SpendingRefused | 'user_gone' | 'user_banned' }
type Confirmed = { outcome: 'changed'; opened: OpenedSession }

/** Confirms the account's number, unless it already is, and signs in. Older links and codes become invalid. */
export const confirmPhone = write(async (tx, confirmation: PhoneConfirmation): Promise<Confirmed | Refused> => {
  const { id, now, spend, encryptedPassword } = confirmation
  const user = await findLiveUser(tx, id)
  if (!user) return { outcome: 'user_gone' }
  const refused = (await refuseToken(tx, spend, now)) ?? refuseBanned(user, now)
  if (refused) return refused
  await saveAccount(tx, user, {
    now,
    set: { phoneConfirmedAt: user.phoneConfirmedAt ?? now, ...passwordColumns(encryptedPassword) },
    userMetaData: user.rawUserMetaData,
    held: await identitiesIn(tx, id),
    listsProviders: 'if_settled',
  })
  return { outcome: 'changed', opened: await finish(tx, user, confirmation) }
})

export interface PhoneChangeConfirmation extends CodeConfirmation {
  spend: Spending
  /** The new number. */
  phone: string
  /** The identity of the new number. */
  identity: Identity
}

/** Replaces the account's number with the pending one, and signs in. Older links and codes become invalid. */
export const confirmPhoneChange = write(
  async (tx, confirmation: PhoneChangeConfirmation): Promise<Confirmed | Refused | { outcome: 'phone_taken' }> => {
    const { id, now, spend, encryptedPassword, phone, identity } = confirmation
    const user = await findLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (await refuseToken(tx, spend, now)) ?? refuseBanned(user, now) ?? (await refusePhone(tx, user, phone))
    if (refused) return refused
    await saveAccount(tx, user, {
      now,
      set: {
        phone,
        phoneConfirmedAt: now,
        phoneChange: null,
        isAnonymous: false,
        ...passwordColumns(encryptedPassword),
      },
      userMetaData: user.rawUserMetaData,
      held: await mergeIdentity(tx, await identitiesIn(tx, id), identity),
      listsProviders: 'always',
    })
    return { outcome: 'changed', opened: await finish(tx, user, confirmation) }
  },
)

/** @param user as it was before */
async function finish(
  tx: Tx,
  user: User,
  { id, now, spend, encryptedPassword, session, messages, audit }: PhoneConfirmation,
): Promise<OpenedSession> {
  if (spend) await consumeToken(tx, spend, now)
  await invalidateTokensOf(tx, user, now)
  if (encryptedPassword !== undefined) await endAccess(tx, id)
  await writeRelated(tx, { messages, audit }, now)
  return openSessionOf(tx, id, session, now)
}
