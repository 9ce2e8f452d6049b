/** What users may see and change of their own account (contract 1.6). */

import { createHash } from 'node:crypto'
import { remainingMs } from '../../lib/time'
import type { Account, AuditEntry, Identity, User, UserChange } from '../../store'
import { type Action, auditEntry } from '../audit'
import { type Caller, requireInPerson } from '../caller'
import { requireAudience } from '../callers/identify'
import type { Client, Deps } from '../deps'
import { factorsOf, lacksFactor } from '../factors/own'
import { prepareNotice } from '../messages/mail'
import { SPACINGS } from '../messages/mailed-tokens'
import { type Channel, channelOf } from '../messages/sms'
import { changedAccount } from '../outcomes'
import { newPassword, type PasswordGiven } from '../passwords/password-change'
import { requireStrong } from '../passwords/password-strength'
import { isTokenRefusal, Refusal } from '../refusal'
import { type Challenge, type ChallengeGiven, challengeOf } from '../sign-in/pkce'
import { type Besides, changeEmail, changePhone } from './contact-change'
import {
  NOTHING_SENT,
  normaliseEmail,
  normalisePhone,
  ownIdentity,
  storableAppMetadata,
  storableMetadata,
} from './users'

/** The caller's account. @throws {Refusal<'audience_mismatch'>} */
export async function getAccount(
  deps: Deps,
  { caller, audience }: { caller: Caller; audience: string | undefined },
): Promise<Account> {
  requireAudience(deps, audience, caller)
  const { user } = caller
  return { user, identities: await deps.store.findIdentities(user.id), factors: await factorsOf(deps, user) }
}

export interface AccountChange extends ChallengeGiven, PasswordGiven {
  email?: string | undefined
  phone?: string | undefined
  /** How a new number is reached. */
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
  client: Client
  /** Whether a new password needs the present one, whatever the settings say. */
  needsCurrentPassword?: boolean
}

/**
 * Changes the caller's account. A new password ends every other session; a new address or number counts once it is
 * confirmed.
 * @throws {Refusal} in the order of contract 1.6
 */
export async function updateAccount(
  deps: Deps,
  { caller, change, redirectTo, client, needsCurrentPassword = false }: AccountUpdate,
): Promise<ChangedAccount> {
  const { policy, clock, limits } = deps
  const { user, session } = caller
  limits.request('userChanges', client.ip)
  const wanted = wantedContacts(caller, change)
  const channel = channelOf(deps, wanted.phone ? change.channel : undefined)
  const data = change.data && storableMetadata(change.data)
  const appMetadata = change.appMetadata && storableAppMetadata(change.appMetadata)
  if (change.password !== undefined) await requireStrong(deps, change.password)
  if (change.appMetadata && !(user.role === policy.adminGroup && user.aud === policy.audience))
    throw new Refusal('app_metadata_reserved')
  const needsFactor = change.password !== undefined || wanted.email || wanted.phone
  if (needsFactor) requireInPerson(caller)
  if (needsFactor && (await lacksFactor(deps, caller))) throw new Refusal('aal_too_low')
  if (change.password !== undefined && user.isAnonymous && !wanted.email && !wanted.phone)
    throw new Refusal('password_of_anonymous_user')
  const isManaged = change.password || wanted.email || wanted.phone || change.nonce
  if (user.isSsoUser && isManaged) throw new Refusal('account_sso_managed')
  await requireFree(deps, wanted)
  const challenge = wanted.email ? challengeOf(change) : undefined
  const contacts = confirmedContacts(deps, caller, wanted, clock.now())
  const { pending } = contacts
  // All that can be refused comes before the password is looked at: a refusal afterwards would tell whether it was right.
  requireInTurn(deps, user, pending)
  const secret =
    change.password === undefined
      ? undefined
      : await newPassword(deps, { caller, given: change, client, needsCurrentPassword })
  const now = clock.now()
  const action: Action = secret === undefined ? 'user_modified' : 'user_updated_password'
  const set = { ...contacts.set, ...(secret && { ...NOTHING_SENT, encryptedPassword: secret.hash }) }
  const besides: Besides & { audit: AuditEntry[] } = {
    set,
    mergeUserMetaData: { ...data, ...contacts.metadata },
    mergeAppMetaData: appMetadata,
    identities: contacts.identities,
    ...(contacts.set.isAnonymous === false && { describeProviders: UNDESCRIBED }),
    actor: { sessionId: session?.id },
    ...(secret && {
      provenPassword: user.encryptedPassword,
      endSessions: { keep: session?.id },
      killTokens: true,
      spend: secret.spend,
      messages: prepareNotice(deps, now, {
        ...{ template: 'password_changed_notification', to: user.email, user, client },
      }),
    }),
    audit: [auditEntry(deps, now, action, user)],
  }
  const account = await applyChange(deps, { user, pending, besides, challenge, channel, redirectTo, client })
  secret?.done()
  return { ...account, isJustConfirmed: contacts.set.isAnonymous === false && user.confirmedAt === null }
}

interface Pending {
  user: User
  pending: Contacts
  besides: Besides & { audit: AuditEntry[] }
  challenge: Challenge | undefined
  channel: Channel
  redirectTo: string
  client: Client
}

/** Writes the change: together with the mail or the SMS that asks for confirmation, where there is one. */
async function applyChange(deps: Deps, { user, pending, besides, challenge, channel, redirectTo, client }: Pending) {
  const { email, phone } = pending
  try {
    if (email) {
      // The SMS comes first, since it alone can fail for somebody else's reasons; nothing else has changed by then.
      if (!phone) return await changeEmail(deps, { user, email, challenge, redirectTo, client, besides })
      // Older tokens die before the code of this SMS is made, not after it; the one that allows all this is among them.
      const { spend, killTokens, actor, provenPassword, ...rest } = besides
      await changePhone(deps, { user, phone, channel, client, besides: { spend, killTokens, actor, provenPassword } })
      return await changeEmail(deps, { user, email, challenge, redirectTo, client, besides: { ...rest, actor } })
    }
    if (phone) return (await changePhone(deps, { user, phone, channel, client, besides })).account
    return changedAccount(
      await deps.store.changeUser({ ...besides, id: user.id, now: deps.clock.now(), set: besides.set ?? {} }),
    )
  } catch (error) {
    // The only token here is that of the nonce.
    const isNonce = isTokenRefusal(error)
    throw isNonce ? new Refusal('nonce_wrong') : error
  }
}

/** Deletes the caller's account: its address is free again, and every session of it is over (supabase-additions.md). */
export async function deleteAccount(deps: Deps, { caller }: { caller: Caller }): Promise<void> {
  const { id } = requireInPerson(caller).user
  if (await lacksFactor(deps, caller)) throw new Refusal('aal_too_low')
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'user_deleted', caller.user, { user_id: id })]
  await deps.store.softDeleteUser({ id, now, scrub: (value) => scrubbed(id, value), audit })
}

/** What stands in place of an address once its account is deleted: as GoTrue, base64url of SHA-256 over the id and it. */
export function scrubbed(userId: string, value: string): string {
  return createHash('sha256')
    .update(userId + value)
    .digest('base64url')
}

interface Contacts {
  email: string | undefined
  phone: string | undefined
}

/** The address and number that differ from the present ones; an empty one asks for nothing. */
function wantedContacts({ user }: Caller, change: AccountChange): Contacts {
  const email = change.email ? normaliseEmail(change.email) : undefined
  const phone = change.phone ? normalisePhone(change.phone) : undefined
  return { email: email === user.email ? undefined : email, phone: phone === user.phone ? undefined : phone }
}

async function requireFree({ store }: Deps, { email, phone }: Contacts): Promise<void> {
  if (email && (await store.findUserByEmail(email))) throw new Refusal('email_taken')
  if (phone && (await store.findUserByPhone(phone))) throw new Refusal('phone_taken')
}

/** A message that may not go out yet is refused before anything else is done. */
function requireInTurn({ policy, clock }: Deps, user: User, { email, phone }: Contacts): void {
  const now = clock.now()
  const mailMs = email ? remainingMs(user.emailChangeSentAt, policy.mail.spacingMs, now) : 0
  if (mailMs > 0) throw new Refusal('mail_too_soon', { waitMs: mailMs, limit: SPACINGS.mail_too_soon })
  const smsMs = phone ? remainingMs(user.phoneChangeSentAt, policy.sms.spacingMs, now) : 0
  if (smsMs > 0) throw new Refusal('sms_too_soon', { waitMs: smsMs, limit: SPACINGS.sms_too_soon })
}

/** GoTrue names no provider in the metadata of an anonymous user whose contact counts at once. */
const UNDESCRIBED = () => ({})

interface ConfirmedContacts {
  set: UserChange['set']
  metadata: { email_verified?: boolean }
  identities: Identity[]
  /** What has to be confirmed first. */
  pending: Contacts
}

/** New contacts that count as confirmed at once: an anonymous user's first address, and numbers, where so configured. */
function confirmedContacts(deps: Deps, { user }: Caller, wanted: Contacts, now: number): ConfirmedContacts {
  const { signup } = deps.policy
  const email = user.isAnonymous && signup.confirmsEmail ? wanted.email : undefined
  const phone = signup.confirmsPhone ? wanted.phone : undefined
  return {
    set: {
      ...(email && { email, emailConfirmedAt: now }),
      ...(phone && { phone, phoneConfirmedAt: now }),
      ...((email || phone) && { isAnonymous: false }),
    },
    metadata: email ? { email_verified: true } : {},
    identities: [
      ...(email ? [ownIdentity(deps, now, user.id, 'email', { email, email_verified: true })] : []),
      ...(phone ? [ownIdentity(deps, now, user.id, 'phone', { phone, phone_verified: true })] : []),
    ],
    pending: { email: email ? undefined : wanted.email, phone: phone ? undefined : wanted.phone },
  }
}
