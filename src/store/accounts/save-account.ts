/** The row of an account after a change, by the rules that hold for every change. */
import { providersMetadata } from '../../lib/account-metadata'
import { type JsonObject, mergeMetadata } from '../../lib/json'
import { CLEARED_SENT_AT } from '../../lib/sent-at'
import type { Account } from '../account'
import type { Tx } from '../engine'
import type { Identity, User } from '../schema'
import { factorsIn, identitiesIn, userById } from '../statements'
import type { SentAtColumn } from './guards'
import { createContactIdentities } from './identities'
import { saveUser } from './save-user'

/** Columns that an operation sets. Metadata is changed apart from them. */
export type Columns = Partial<
  Omit<
    User,
    'uid' | 'id' | 'confirmedAt' | 'createdAt' | 'updatedAt' | 'factorCount' | 'rawAppMetaData' | 'rawUserMetaData'
  >
>

export interface AccountSave {
  now: number
  set: Columns
  userMetaData: JsonObject
  /** Merged into `app_metadata`. */
  appMetaData?: JsonObject | undefined
  /** The identities the account has after the change, oldest first. */
  identities: readonly Identity[]
  /**
   * Whether `app_metadata` then lists the providers of all identities; `if_settled`: only if the account was anonymous,
   * or identities were created for its contacts.
   */
  listsProviders: 'always' | 'if_settled' | 'never'
}

/** Writes the row, and the identities that a confirmed contact has to have. */
export async function saveAccount(
  tx: Tx,
  user: User,
  { now, set, userMetaData, appMetaData = {}, identities, listsProviders }: AccountSave,
): Promise<void> {
  const after = columnsAfter(user, set)
  const wasAnonymous = user.isAnonymous && !after.isAnonymous
  const setsPassword = typeof set.encryptedPassword === 'string'
  const settled = await createContactIdentities(tx, after, identities, { wasAnonymous, setsPassword, now })
  const isListed =
    listsProviders === 'always' ||
    (listsProviders === 'if_settled' && (wasAnonymous || settled.length > identities.length))
  const listed = isListed ? providersMetadata(settled.map(({ provider }) => provider)) : {}
  const rawAppMetaData = mergeMetadata(user.rawAppMetaData, { ...listed, ...appMetaData })
  const saved = { ...after, rawAppMetaData, rawUserMetaData: userMetaData, updatedAt: now }
  await saveUser(tx, user, saved)
  tx.changes?.push({ kind: 'saved', userId: user.id, before: user, after: saved, setsPassword })
}

/**
 * A confirmed contact ends anonymity. Metadata set by administrators matters until then; afterwards the account has an
 * owner.
 */
const CONFIRMED = { isAnonymous: false, isAdminCreated: false, isPasswordFromAdmin: false, adminUserMetaData: {} }

function columnsAfter(user: User, set: Columns): User {
  // Administrators who set a password say so in `set`.
  const password = set.encryptedPassword === undefined ? {} : { isPasswordFromAdmin: false }
  const after = { ...user, ...password, ...set }
  const isConfirmed =
    (after.email !== null && after.emailConfirmedAt !== null) ||
    (after.phone !== null && after.phoneConfirmedAt !== null)
  return isConfirmed ? { ...after, ...CONFIRMED } : after
}

/**
 * Forgets a new address or number that was requested and is not confirmed: anyone can have its message sent again, and
 * someone who no longer has access may have requested it.
 * @param kept the column of a message whose request stays
 */
export const withoutPendingContacts = (kept?: SentAtColumn): Columns => ({
  ...(kept !== 'emailChangeSentAt' && { emailChange: null, emailChangeConfirmStatus: 0 }),
  ...(kept !== 'phoneChangeSentAt' && { phoneChange: null }),
})

/** The columns of a new password. @param hash undefined to keep the password */
export const passwordColumns = (hash: string | undefined): Columns =>
  hash === undefined ? {} : { ...CLEARED_SENT_AT, ...withoutPendingContacts(), encryptedPassword: hash }

/** The account as it is now. */
export async function accountIn(tx: Tx, id: string): Promise<Account> {
  const user = (await tx.one(userById, { id })) as User
  return { user, identities: await identitiesIn(tx, id), factors: await factorsIn(tx, user) }
}
