/** A sign-up with an address or a number that an account has already (contract 1.2 and section 7). */
import { providersMetadata } from '../../lib/account-metadata'
import { isWithin } from '../../lib/time'
import type { Account, User } from '../../store'
import { newUser, withoutUnprovenPassword } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { prepareMail } from '../messages/mail'
import { mailToken } from '../messages/mailed-tokens'
import { textConfirmation } from '../messages/texted-codes'
import { Refusal } from '../refusal'
import { WITH_PASSWORD } from '../tokens/verification-token'
import type { Applicant, SignedUp } from './applicant'

/** How often the owner of an address is told that somebody signed up with it. */
const EXISTS_NOTICE_MS = 3_600_000

/** Nothing of the request is kept: nobody knows whether it comes from the one whose address it names. */
export async function answerForExisting(deps: Deps, applicant: Applicant, owner: User): Promise<SignedUp> {
  const { contact } = applicant
  const { signup } = deps.policy
  if (contact.isConfirmedFor(owner) || contact.isConfirmed) {
    const now = deps.clock.now()
    await deps.store.appendAudit([auditEntry(deps, now, 'user_repeated_signup', owner, { provider: contact.provider })])
    // With confirmation switched off the contract tells, and there is nothing to hide any more.
    if (signup.confirmsEmail || signup.confirmsPhone || contact.isConfirmed) throw new Refusal('user_exists')
    await tellOwner(deps, now, applicant, owner)
    return { outcome: 'without_session', account: obfuscated(deps, now, applicant) }
  }
  const sent = await sendAgain(deps, applicant, owner)
  // What a stranger registered is nobody else's to see.
  return applicant.isForService ? asIfNew(deps, applicant) : sent
}

/** What a new address would be answered with, for one whose account is not to be seen. */
export const asIfNew = (deps: Deps, applicant: Applicant): SignedUp => ({
  ...{ outcome: 'without_session', account: obfuscated(deps, deps.clock.now(), applicant) },
})

async function sendAgain(deps: Deps, applicant: Applicant, owner: User): Promise<SignedUp> {
  const { contact, challenge, redirectTo, client, channel } = applicant
  const set = applicant.encryptedPassword === null ? withoutUnprovenPassword(owner) : {}
  if (contact.provider === 'email') {
    const user = { ...owner, email: contact.address }
    const payload = applicant.encryptedPassword === null ? undefined : WITH_PASSWORD
    // The sign-in with that password says no more than for any other account, so the mail has to.
    const values = { PasswordDropped: applicant.encryptedPassword === null && !owner.isPasswordFromAdmin }
    const account = await mailToken(deps, {
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
  const { account, messageId } = await textConfirmation(deps, {
    user: owner,
    phone: contact.address,
    channel,
    client,
    set,
  })
  return { outcome: 'without_session', account, messageId }
}

/** Tells the owner of an address that it has an account already, so that nobody waits for a mail that never comes. */
async function tellOwner(
  deps: Deps,
  now: number,
  { contact, redirectTo, client }: Applicant,
  owner: User,
): Promise<void> {
  if (contact.provider !== 'email') return
  const last = await deps.store.lastMessage({ recipient: contact.address, template: 'account_exists' })
  const isTold = last !== undefined && isWithin(last.createdAt, EXISTS_NOTICE_MS, now)
  const done = isTold ? undefined : deps.limits.alone(`account_exists ${owner.id}`)
  if (!done) return
  try {
    const letters = [{ to: contact.address }]
    const messages = await prepareMail(deps, now, {
      template: 'account_exists',
      user: owner,
      letters,
      redirectTo,
      client,
    })
    await deps.store.issue({ now, messages, audit: [] })
  } finally {
    done()
  }
}

/** What a sign-up of a registered address is answered with: an account that does not exist (contract section 7). */
function obfuscated(deps: Deps, now: number, { contact, metadata, audience }: Applicant): Account {
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
