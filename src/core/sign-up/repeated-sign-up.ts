/** A sign-up with an address or a number that already has an account (docs/wire-contract.md#anti-enumeration). */
import { providersMetadata } from '../../lib/account-metadata'
import { isWithin } from '../../lib/time'
import type { Account, User } from '../../store'
import { dropUnconfirmedPassword, newUser } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { prepareMail } from '../messages/mail'
import { sendTokenMail } from '../messages/verification-mail'
import { sendConfirmationSms } from '../messages/verification-sms'
import { Refusal } from '../refusal'
import { WITH_PASSWORD } from '../tokens/verification-token'
import type { PendingSignUp, SignUpResult } from './pending-sign-up'

/** How often the owner of an address is notified that someone signed up with it. */
const EXISTS_NOTICE_MS = 3_600_000

/** Nothing of the request is stored: it may not come from the owner of the address. */
export async function answerExistingAccount(deps: Deps, applicant: PendingSignUp, owner: User): Promise<SignUpResult> {
  const { contact } = applicant
  const { signup } = deps.policy
  if (contact.isConfirmedFor(owner) || contact.isConfirmed) {
    const now = deps.clock.now()
    await deps.store.appendAudit([auditEntry(deps, now, 'user_repeated_signup', owner, { provider: contact.provider })])
    // With confirmation disabled, GoTrue reveals the account, and nothing is left to hide.
    if (signup.autoconfirmsEmail || signup.autoconfirmsPhone || contact.isConfirmed) throw new Refusal('user_exists')
    await notifyExistingOwner(deps, now, applicant, owner)
    return { outcome: 'without_session', account: obfuscatedAccount(deps, now, applicant) }
  }
  const sent = await resendConfirmation(deps, applicant, owner)
  // Data registered by someone else must not be shown.
  return applicant.isForService ? answerAsNewAccount(deps, applicant) : sent
}

/** The response a new address would get, for an existing account that must not be revealed. */
export const answerAsNewAccount = (deps: Deps, applicant: PendingSignUp): SignUpResult => ({
  ...{ outcome: 'without_session', account: obfuscatedAccount(deps, deps.clock.now(), applicant) },
})

async function resendConfirmation(deps: Deps, applicant: PendingSignUp, owner: User): Promise<SignUpResult> {
  const { contact, challenge, redirectTo, client, channel } = applicant
  const set = applicant.encryptedPassword === null ? dropUnconfirmedPassword(owner) : {}
  if (contact.provider === 'email') {
    const user = { ...owner, email: contact.address }
    const payload = applicant.encryptedPassword === null ? undefined : WITH_PASSWORD
    // A sign-in with that password is answered as for any other account, so the mail has to explain.
    const values = { PasswordDropped: applicant.encryptedPassword === null && !owner.isPasswordFromAdmin }
    const account = await sendTokenMail(deps, {
      ...{ user, purpose: 'signup', payload, set, values, challenge, redirectTo, client },
      isQueued: applicant.isForService === true,
    })
    const hidesInvitation = owner.invitedAt !== null
    return {
      outcome: 'without_session',
      account: hidesInvitation
        ? { user: { ...account.user, rawUserMetaData: {} }, identities: [], factors: [] }
        : account,
    }
  }
  const { account, messageId } = await sendConfirmationSms(deps, {
    user: owner,
    phone: contact.address,
    channel,
    client,
    set,
  })
  return { outcome: 'without_session', account, messageId }
}

/**
 * Notifies the owner of an address that it already has an account, so that they do not wait for a confirmation mail.
 */
async function notifyExistingOwner(
  deps: Deps,
  now: number,
  { contact, redirectTo, client }: PendingSignUp,
  owner: User,
): Promise<void> {
  if (contact.provider !== 'email') return
  const last = await deps.store.lastMessage({ recipient: contact.address, template: 'account_exists' })
  const isTold = last !== undefined && isWithin(last.createdAt, EXISTS_NOTICE_MS, now)
  const done = isTold ? undefined : deps.limits.exclusive(`account_exists ${owner.id}`)
  if (!done) return
  try {
    const copies = [{ to: contact.address }]
    const { messages } = prepareMail(deps, now, {
      template: 'account_exists',
      user: owner,
      copies,
      redirectTo,
      client,
    })
    await deps.store.saveTokensAndMessages({ now, messages, audit: [] })
  } finally {
    done()
  }
}

/**
 * The response to a sign-up with a registered address: an account that does not exist
 * (docs/wire-contract.md#anti-enumeration).
 */
function obfuscatedAccount(deps: Deps, now: number, { contact, metadata, audience }: PendingSignUp): Account {
  const user = newUser(deps, now, {
    id: deps.random.uuid(),
    aud: audience,
    role: '',
    ...(contact.provider === 'email' ? { email: contact.address } : { phone: contact.address }),
    confirmationSentAt: now,
    rawAppMetaData: providersMetadata([contact.provider]),
    rawUserMetaData: metadata,
  })
  return { user: { ...user, uid: 0, confirmedAt: null }, identities: [], factors: [] }
}
