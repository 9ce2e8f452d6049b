/** What users may read and change of their own account (`GET`, `PUT` and `DELETE /user`). */

import { createHash } from 'node:crypto'
import { remainingMs } from '../../lib/time'
import type { Account, AuditEntry, Identity, User, UserChange } from '../../store'
import { requireAudience } from '../callers/identify'
import { type Action, auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import { requireChanged } from '../kernel/change-outcomes'
import { type Context, withCurrentTime } from '../kernel/context'
import { isTokenRefusal, Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'
import { type Channel, channelOf } from '../messages/sms'
import { COOLDOWN_SETTINGS } from '../messages/verification-mail'
import { authorizePasswordChange, type PasswordInput } from '../passwords/password-change'
import { requireStrong } from '../passwords/password-strength'
import { type Challenge, type ChallengeInput, parseChallenge } from '../tokens/pkce'
import { factorsOf, isMissingSecondFactor } from '../users/second-factor-status'
import {
  CLEARED_SENT_AT,
  contactIdentity,
  normaliseEmail,
  normalisePhone,
  storableAppMetadata,
  storableMetadata,
} from '../users/users'
import { changeEmail, changePhone, type RelatedChanges } from './contact-change'

/** The caller's account. */
export async function getAccount(
  context: Context,
  { caller, audience }: { caller: Caller; audience: string | undefined },
): Promise<Account> {
  requireAudience(context, audience, caller)
  const { user } = caller
  return { user, identities: await context.store.findIdentities(user.id), factors: await factorsOf(context, user) }
}

export interface AccountChange extends ChallengeInput, PasswordInput {
  email?: string | undefined
  phone?: string | undefined
  /** How a new number is contacted. */
  channel?: string | undefined
  data?: Record<string, unknown> | undefined
  appMetadata?: Record<string, unknown> | undefined
}

export interface ChangedAccount extends Account {
  /** Whether this change is what confirmed the user. */
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
  if (change.password !== undefined) await requireStrong(context, change.password)
  if (change.appMetadata && !(user.role === policy.adminGroup && user.aud === policy.audience))
    throw new Refusal('app_metadata_reserved')
  const needsFactor = change.password !== undefined || wanted.email || wanted.phone
  if (needsFactor) forbidPersonalToken(caller)
  if (needsFactor && (await isMissingSecondFactor(context, caller))) throw new Refusal('aal_too_low')
  if (change.password !== undefined && user.isAnonymous && !wanted.email && !wanted.phone)
    throw new Refusal('password_of_anonymous_user')
  const isManaged = change.password || wanted.email || wanted.phone || change.nonce
  if (user.isSsoUser && isManaged) throw new Refusal('account_sso_managed')
  await requireContactsAvailable(context, wanted)
  const challenge = wanted.email ? parseChallenge(change) : undefined
  const contacts = confirmedContacts(context, caller, wanted)
  const { pending } = contacts
  // Everything else is checked before the password: a later refusal would reveal whether it was right.
  requireCooldownsElapsed(context, user, pending)
  const secret =
    change.password === undefined
      ? undefined
      : await authorizePasswordChange(context, { caller, given: change, needsCurrentPassword })
  const current = withCurrentTime(context)
  const action: Action = secret === undefined ? 'user_modified' : 'user_updated_password'
  const set = { ...contacts.set, ...(secret && { ...CLEARED_SENT_AT, encryptedPassword: secret.hash }) }
  const related: RelatedChanges & { audit: AuditEntry[] } = {
    set,
    mergeUserMetaData: { ...data, ...contacts.metadata },
    mergeAppMetaData: appMetadata,
    identities: contacts.identities,
    ...(contacts.set.isAnonymous === false && { describeProviders: UNDESCRIBED }),
    actor: { sessionId: session?.id },
    ...(secret && {
      verifiedPasswordHash: user.encryptedPassword,
      endSessions: { keep: session?.id },
      invalidateTokens: true,
      spend: secret.spend,
      messages: prepareNotice(current, { template: 'password_changed_notification', to: user.email, user }),
    }),
    audit: [auditEntry(current, action, user)],
  }
  const account = await applyChange(current, { user, pending, related, challenge, channel, redirectTo })
  secret?.done()
  return { ...account, isJustConfirmed: contacts.set.isAnonymous === false && user.confirmedAt === null }
}

interface PendingChange {
  user: User
  pending: Contacts
  related: RelatedChanges & { audit: AuditEntry[] }
  challenge: Challenge | undefined
  channel: Channel
  redirectTo: string
}

/** Writes the change, together with the mail or SMS that requests confirmation, if one is needed. */
async function applyChange(
  context: Context,
  { user, pending, related, challenge, channel, redirectTo }: PendingChange,
) {
  const { email, phone } = pending
  try {
    if (email) {
      // The SMS is sent first, because only it can fail for external reasons; at that point nothing has been changed.
      if (!phone) return await changeEmail(context, { user, email, challenge, redirectTo, related })
      // Older tokens are invalidated before the code of this SMS is created; the token that allows the change is one of
      // them.
      const { spend, invalidateTokens, actor, verifiedPasswordHash, ...rest } = related
      await changePhone(context, {
        user,
        phone,
        channel,
        related: { spend, invalidateTokens, actor, verifiedPasswordHash },
      })
      return await changeEmail(context, { user, email, challenge, redirectTo, related: { ...rest, actor } })
    }
    if (phone) return (await changePhone(context, { user, phone, channel, related })).account
    return requireChanged(
      await context.store.changeUser({ ...related, id: user.id, now: context.now, set: related.set ?? {} }),
    )
  } catch (error) {
    // The only token here is the nonce.
    const isNonce = isTokenRefusal(error)
    throw isNonce ? new Refusal('nonce_wrong') : error
  }
}

/** Deletes the caller's account: its address becomes free and all its sessions end. */
export async function deleteAccount(context: Context, { caller }: { caller: Caller }): Promise<void> {
  const { id } = forbidPersonalToken(caller).user
  if (await isMissingSecondFactor(context, caller)) throw new Refusal('aal_too_low')
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
  const email = change.email ? normaliseEmail(change.email) : undefined
  const phone = change.phone ? normalisePhone(change.phone) : undefined
  return { email: email === user.email ? undefined : email, phone: phone === user.phone ? undefined : phone }
}

async function requireContactsAvailable({ store }: Context, { email, phone }: Contacts): Promise<void> {
  if (email && (await store.findUserByEmail(email))) throw new Refusal('email_taken')
  if (phone && (await store.findUserByPhone(phone))) throw new Refusal('phone_taken')
}

/** A message that is still in its cooldown is refused before anything else happens. */
function requireCooldownsElapsed({ policy, now }: Context, user: User, { email, phone }: Contacts): void {
  const mailMs = email ? remainingMs(user.emailChangeSentAt, policy.mail.cooldownMs, now) : 0
  if (mailMs > 0) throw new Refusal('mail_too_soon', { waitMs: mailMs, limit: COOLDOWN_SETTINGS.mail_too_soon })
  const smsMs = phone ? remainingMs(user.phoneChangeSentAt, policy.sms.cooldownMs, now) : 0
  if (smsMs > 0) throw new Refusal('sms_too_soon', { waitMs: smsMs, limit: COOLDOWN_SETTINGS.sms_too_soon })
}

/** GoTrue stores no provider in the metadata of an anonymous user whose contact is confirmed automatically. */
const UNDESCRIBED = () => ({})

interface ConfirmedContacts {
  set: UserChange['set']
  metadata: { email_verified?: boolean }
  identities: Identity[]
  /** What has to be confirmed first. */
  pending: Contacts
}

/** New contacts that need no confirmation: an anonymous user's first address, and numbers, if so configured. */
function confirmedContacts(context: Context, { user }: Caller, wanted: Contacts): ConfirmedContacts {
  const { policy, now } = context
  const { signup } = policy
  const email = user.isAnonymous && signup.autoconfirmsEmail ? wanted.email : undefined
  const phone = signup.autoconfirmsPhone ? wanted.phone : undefined
  return {
    set: {
      ...(email && { email, emailConfirmedAt: now }),
      ...(phone && { phone, phoneConfirmedAt: now }),
      ...((email || phone) && { isAnonymous: false }),
    },
    metadata: email ? { email_verified: true } : {},
    identities: [
      ...(email ? [contactIdentity(context, user.id, 'email', { email, email_verified: true })] : []),
      ...(phone ? [contactIdentity(context, user.id, 'phone', { phone, phone_verified: true })] : []),
    ],
    pending: { email: email ? undefined : wanted.email, phone: phone ? undefined : wanted.phone },
  }
}
