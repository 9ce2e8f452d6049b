/** A sign-up with an address or a number that already has an account (docs/wire-contract.md#anti-enumeration). */
import { providersMetadata } from '../../lib/account-metadata'
import { HOUR } from '../../lib/milliseconds'
import { isWithin } from '../../lib/time'
import type { Account, User } from '../../store'
import { callAfterSignUp } from '../hooks/after-user-created'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareMail } from '../messages/mail'
import { sendTokenMail } from '../messages/verification-mail'
import { sendVerificationSms } from '../messages/verification-sms'
import { WITH_PASSWORD } from '../tokens/verification-record'
import { dropUnconfirmedPassword, newUser } from '../users/users'
import type { PendingSignUp, SignUpResult } from './pending-sign-up'

/** How often the owner of an address is notified that someone signed up with it. */
export const EXISTS_NOTICE_MS = HOUR

/** No data of the request is stored, because it might not come from the owner of the address. */
export async function answerExistingAccount(
  context: Context,
  pending: PendingSignUp,
  owner: User,
): Promise<SignUpResult> {
  const { contact } = pending
  const { signup } = context.policy
  if (contact.isConfirmedFor(owner) || contact.isConfirmed) {
    await context.store.appendAudit([
      auditEntry(context, 'user_repeated_signup', owner, { provider: contact.provider }),
    ])
    // With confirmation disabled, GoTrue reveals the account, and nothing is left to hide.
    if (signup.autoconfirmsEmail || signup.autoconfirmsPhone || contact.isConfirmed) throw new Refusal('user_exists')
    await notifyExistingOwner(context, pending, owner)
    return { outcome: 'without_session', account: obfuscatedAccount(context, pending) }
  }
  const sent = await resendConfirmation(context, pending, owner)
  await callAfterSignUp(context, owner)
  // Data registered by someone else must not be shown.
  return pending.isForService ? answerAsNewAccount(context, pending) : sent
}

/** The response a new address would get, for an existing account that must not be revealed. */
export const answerAsNewAccount = (context: Context, pending: PendingSignUp): SignUpResult => ({
  outcome: 'without_session',
  account: obfuscatedAccount(context, pending),
})

async function resendConfirmation(context: Context, pending: PendingSignUp, owner: User): Promise<SignUpResult> {
  const { contact, challenge, redirectTo, channel } = pending
  const dropped = pending.encryptedPassword === null ? dropUnconfirmedPassword(owner) : {}
  if (contact.provider === 'email') {
    const user = { ...owner, email: contact.address }
    const payload = pending.encryptedPassword === null ? undefined : WITH_PASSWORD
    // A sign-in with that password is answered as for any other account, so the mail has to explain.
    const values = { PasswordDropped: pending.encryptedPassword === null && !owner.isPasswordFromAdmin }
    const account = await sendTokenMail(context, {
      user,
      purpose: 'signup',
      payload,
      dropped,
      values,
      challenge,
      redirectTo,
      isQueued: pending.isForService === true,
    })
    const hidesInvitation = owner.invitedAt !== null
    return {
      outcome: 'without_session',
      account: hidesInvitation
        ? { user: { ...account.user, rawUserMetaData: {} }, identities: [], factors: [] }
        : account,
    }
  }
  const { account, messageId } = await sendVerificationSms(context, {
    purpose: 'phone_confirmation',
    user: owner,
    phone: contact.address,
    channel,
    dropped,
  })
  return { outcome: 'without_session', account, messageId }
}

/**
 * Notifies the owner of an address that it already has an account, so that they do not wait for a confirmation mail.
 */
async function notifyExistingOwner(
  context: Context,
  { contact, redirectTo }: PendingSignUp,
  owner: User,
): Promise<void> {
  if (contact.provider !== 'email') return
  const current = withCurrentTime(context)
  const { store, limits, now } = current
  const last = await store.lastMessage({ recipient: contact.address, template: 'account_exists' })
  const wasNotified = last !== undefined && isWithin(last.createdAt, EXISTS_NOTICE_MS, now)
  const done = wasNotified ? undefined : await limits.exclusive(`account_exists ${owner.id}`)
  if (!done) return
  try {
    const copies = [{ to: contact.address }]
    const { messages } = await prepareMail(current, { template: 'account_exists', user: owner, copies, redirectTo })
    await store.saveTokensAndMessages({ now, messages, audit: [] })
  } finally {
    await done()
  }
}

/**
 * The response to a sign-up with a registered address: an account that does not exist
 * (docs/wire-contract.md#anti-enumeration).
 */
function obfuscatedAccount(context: Context, { contact, metadata, audience }: PendingSignUp): Account {
  const user = newUser(context, {
    id: context.random.uuid(),
    aud: audience,
    role: '',
    ...(contact.provider === 'email' ? { email: contact.address } : { phone: contact.address }),
    confirmationSentAt: context.now,
    rawAppMetaData: providersMetadata([contact.provider]),
    rawUserMetaData: metadata,
  })
  return { user: { ...user, uid: 0, confirmedAt: null }, identities: [], factors: [] }
}
