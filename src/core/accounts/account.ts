/** Reads and changes of a user's own account (`GET`, `PUT` and `DELETE /user`). */
import { createHash } from 'node:crypto'
import { CLEARED_SENT_AT } from '../../lib/sent-at'
import type { Account, ConfirmedContacts, User } from '../../store'
import { requireAudience } from '../authentication/authenticate'
import { type Action, auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { isTokenRefusal, Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'
import { requireCooldownElapsed } from '../messages/send-cooldown'
import { type Channel, channelOf } from '../messages/sms'
import { authorizePasswordChange, type PasswordInput } from '../passwords/password-change'
import { requireStrongPassword } from '../passwords/password-strength'
import { type CodeChallenge, type CodeChallengeParameters, parseCodeChallenge } from '../tokens/pkce'
import { mayBePreHijacked } from '../users/pre-hijack'
import { factorsOf, needsSecondFactor } from '../users/second-factor-status'
import { contactIdentity, normalizeEmail, normalizePhone, storableAppMetadata, storableMetadata } from '../users/users'
import {
  accompaniedBy,
  contactChangeOnly,
  type OwnChange,
  ownChangeRefusal,
  sendEmailChange,
  sendPhoneChange,
} from './contact-change'

/** The caller's account. */
export async function getAccount(
  context: Context,
  { caller, audience }: { caller: Caller; audience: string | undefined },
): Promise<Account> {
  requireAudience(context, audience, caller)
  const { user } = caller
  return { user, identities: await context.store.findIdentities(user.id), factors: await factorsOf(context, user) }
}

export interface AccountChange extends CodeChallengeParameters, PasswordInput {
  email?: string | undefined
  phone?: string | undefined
  /** How a new number is contacted. */
  channel?: string | undefined
  data?: Record<string, unknown> | undefined
  appMetadata?: Record<string, unknown> | undefined
}

export interface ChangedAccount extends Account {
  /** Whether this change confirmed the user. */
  isJustConfirmed: boolean
}

export interface AccountUpdate {
  caller: Caller
  change: AccountChange
  redirectTo: string
  /** Whether a new password requires the current one, whatever the settings say. */
  needsCurrentPassword?: boolean
}

/**
 * Changes the caller's account. A new password ends every other session; a new address or number takes effect once it
 * is confirmed.
 * @throws {Refusal} in the order of GoTrue's `PUT /user`
 */
export async function updateAccount(
  context: Context,
  { caller, change, redirectTo, needsCurrentPassword = false }: AccountUpdate,
): Promise<ChangedAccount> {
  const { policy, limits, client } = context
  const { user, session } = caller
  limits.request('userChanges', client.ip)
  const wanted = requestedContacts(caller, change)
  const channel = channelOf(context, wanted.phone ? change.channel : undefined)
  const data = change.data && storableMetadata(change.data)
  const appMetadata = change.appMetadata && storableAppMetadata(change.appMetadata)
  if (change.password !== undefined) await requireStrongPassword(context, change.password)
  if (change.appMetadata && !(user.role === policy.adminGroup && user.aud === policy.audience))
    throw new Refusal('app_metadata_reserved')
  const needsFactor = change.password !== undefined || wanted.email || wanted.phone
  if (needsFactor) forbidPersonalToken(caller)
  if (needsFactor && (await needsSecondFactor(context, caller))) throw new Refusal('aal_too_low')
  if (change.password !== undefined && user.isAnonymous && !wanted.email && !wanted.phone)
    throw new Refusal('password_of_anonymous_user')
  const isManaged = change.password || wanted.email || wanted.phone || change.nonce
  if (user.isSsoUser && isManaged) throw new Refusal('account_sso_managed')
  // With a number of their own, someone else's address would be in a confirmed account (docs/threat-model.md#t46).
  if (wanted.phone && user.email !== null && mayBePreHijacked(user)) throw new Refusal('email_not_confirmed')
  await requireContactsAvailable(context, wanted)
  const challenge = wanted.email ? parseCodeChallenge(change) : undefined
  const { confirmed, pending } = confirmedContacts(context, user, wanted)
  // Everything else is checked before the password: a later refusal would reveal whether it was right.
  requireCooldownsElapsed(context, user, pending)
  const secret =
    change.password === undefined
      ? undefined
      : await authorizePasswordChange(context, { caller, given: change, needsCurrentPassword })
  const current = withCurrentTime(context)
  const action: Action = secret === undefined ? 'user_modified' : 'user_updated_password'
  const own: OwnChange = {
    requestSession: { sessionId: session?.id },
    authorization: secret && { verifiedHash: user.encryptedPassword, tokenUse: secret.tokenUse },
    password: secret && { hash: secret.hash, keptSession: session?.id },
    confirmed,
    userMetaData: { ...data, ...(confirmed?.email !== undefined && { email_verified: true }) },
    appMetaData: appMetadata,
    messages: secret ? prepareNotice(current, { template: 'password_changed_notification', to: user.email, user }) : [],
    audit: [auditEntry(current, action, user)],
  }
  const account = await applyChange(current, { user, pending, own, challenge, channel, redirectTo })
  await secret?.done()
  return { ...account, isJustConfirmed: confirmed !== undefined && user.confirmedAt === null }
}

interface PendingChange {
  user: User
  pending: Contacts
  own: OwnChange
  challenge: CodeChallenge | undefined
  channel: Channel
  redirectTo: string
}

/** Writes the change, together with the mail or SMS that requests confirmation, if one is needed. */
async function applyChange(context: Context, { user, pending, own, challenge, channel, redirectTo }: PendingChange) {
  const { email, phone } = pending
  const shown = accountAfter(context, user, own)
  try {
    if (email) {
      const change = { user, email, challenge, redirectTo }
      if (!phone) return await sendEmailChange(context, change, accompaniedBy(own, shown))
      // The SMS is sent first, because only it can fail for external reasons; at that point nothing has been changed.
      // Older tokens are invalidated before its code is created; the token that allows the change is one of them.
      const { authorization, ...rest } = own
      const first = { ...contactChangeOnly(context, user, own.requestSession), authorization }
      await sendPhoneChange(context, { user, phone, channel }, accompaniedBy(first, user))
      return await sendEmailChange(context, change, accompaniedBy({ ...rest, authorization: undefined }, shown))
    }
    if (phone) return await sendPhoneChange(context, { user, phone, channel }, accompaniedBy(own, shown))
    const changed = await context.store.updateOwnAccount({ ...own, id: user.id, now: context.now })
    if (changed.outcome !== 'changed') throw ownChangeRefusal(changed.outcome)
    return changed.account
  } catch (error) {
    // The only token here is the nonce.
    const isNonce = isTokenRefusal(error)
    throw isNonce ? new Refusal('nonce_wrong') : error
  }
}

/** The account as the change leaves it, as messages show it. */
function accountAfter({ now }: Context, user: User, { confirmed, password }: OwnChange): User {
  const { email, phone } = confirmed ?? {}
  return {
    ...user,
    ...(email !== undefined && { email, emailConfirmedAt: now }),
    ...(phone !== undefined && { phone, phoneConfirmedAt: now }),
    ...(confirmed && { isAnonymous: false }),
    ...(password && { ...CLEARED_SENT_AT, encryptedPassword: password.hash }),
  }
}

/** Deletes the caller's account: its address becomes free and all its sessions end. */
export async function deleteAccount(context: Context, { caller }: { caller: Caller }): Promise<void> {
  const { id } = forbidPersonalToken(caller).user
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low')
  const audit = [auditEntry(context, 'user_deleted', caller.user, { user_id: id })]
  await context.store.softDeleteUser({ id, now: context.now, scrub: (value) => scrubHash(id, value), audit })
}

/** Replaces an address after its account is deleted: as in GoTrue, base64url of SHA-256 over the id and the address. */
export function scrubHash(userId: string, value: string): string {
  return createHash('sha256')
    .update(userId + value)
    .digest('base64url')
}

interface Contacts {
  email: string | undefined
  phone: string | undefined
}

/** The address and number that differ from the current ones; an empty value requests nothing. */
function requestedContacts({ user }: Caller, change: AccountChange): Contacts {
  const email = change.email ? normalizeEmail(change.email) : undefined
  const phone = change.phone ? normalizePhone(change.phone) : undefined
  return { email: email === user.email ? undefined : email, phone: phone === user.phone ? undefined : phone }
}

async function requireContactsAvailable({ store }: Context, { email, phone }: Contacts): Promise<void> {
  if (email && (await store.findUserByEmail(email))) throw new Refusal('email_taken')
  if (phone && (await store.findUserByPhone(phone))) throw new Refusal('phone_taken')
}

/** A message that is still in its cooldown is refused before anything else happens. */
function requireCooldownsElapsed(context: Context, user: User, { email, phone }: Contacts): void {
  if (email) requireCooldownElapsed(context, 'mail', user.emailChangeSentAt)
  if (phone) requireCooldownElapsed(context, 'sms', user.phoneChangeSentAt)
}

/**
 * New contacts that need no confirmation, if there are any: an anonymous user's first address, and numbers, if so
 * configured; and those that have to be confirmed first.
 */
function confirmedContacts(
  context: Context,
  user: User,
  wanted: Contacts,
): { confirmed: ConfirmedContacts | undefined; pending: Contacts } {
  const { signup } = context.policy
  const email = user.isAnonymous && signup.autoconfirmsEmail ? wanted.email : undefined
  const phone = signup.autoconfirmsPhone ? wanted.phone : undefined
  const identities = [
    ...(email ? [contactIdentity(context, user.id, 'email', { email, email_verified: true })] : []),
    ...(phone ? [contactIdentity(context, user.id, 'phone', { phone, phone_verified: true })] : []),
  ]
  return {
    confirmed: identities.length === 0 ? undefined : { email, phone, identities },
    pending: { email: email ? undefined : wanted.email, phone: phone ? undefined : wanted.phone },
  }
}
