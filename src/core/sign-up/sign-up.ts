/** New accounts, with a password or a code (`POST /signup`, `POST /otp`). */

import { providersMetadata } from '../../lib/account-metadata'
import type { Identity, User } from '../../store'
import { emailContact, phoneContact } from '../accounts/contacts'
import { contactIdentity, newUser, storableMetadata } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { MATRIX_LEASE_MS } from '../matrix'
import { prepareMail, requireMailAllowed } from '../messages/mail'
import type { Outgoing } from '../messages/messages'
import { orWithdraw, withdrawNewAccount } from '../messages/send-after-storing'
import { channelOf, prepareSms } from '../messages/sms'
import { suppressDeliveryErrors } from '../messages/suppress-delivery-errors'
import { COOLDOWN_SETTINGS, mintMailToken } from '../messages/verification-mail'
import { requireStrong } from '../passwords/password-strength'
import { Refusal } from '../refusal'
import { issueTokens, newSession } from '../sessions/sessions'
import { type ChallengeInput, parseChallenge } from '../sign-in/pkce'
import { type MintedToken, WITH_PASSWORD } from '../tokens/verification-token'
import type { PendingSignUp, SignUpResult } from './pending-sign-up'
import { answerAsNewAccount, answerExistingAccount } from './repeated-sign-up'

export interface SignUp
  extends ChallengeInput,
    Pick<PendingSignUp, 'audience' | 'redirectTo' | 'client' | 'isForService'> {
  email: string | undefined
  phone: string | undefined
  password: string
  channel: string | undefined
  /** The user's own metadata. */
  data: Record<string, unknown>
}

/**
 * Creates an account with a password. If addresses have to be confirmed, a registered one gets a response of the same
 * form, and its owner a mail.
 * @throws {Refusal} in the order of GoTrue's `POST /signup`
 */
export async function signUp(deps: Deps, signUp: SignUp): Promise<SignUpResult> {
  const { policy, limits, passwords } = deps
  const { email, phone, password, data, client } = signUp
  limits.request('signUps', client.ip)
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  if (password === '') throw new Refusal('password_missing')
  await requireStrong(deps, password)
  if (email && phone) throw new Refusal('email_and_phone_at_signup')
  const channel = channelOf(deps, phone ? signUp.channel : undefined)
  if (phone && (signUp.codeChallenge || signUp.codeChallengeMethod)) throw new Refusal('challenge_with_phone')
  const challenge = parseChallenge(signUp)
  const contact = phone ? phoneContact(deps, phone) : emailContact(deps, email ?? '')
  const metadata = storableMetadata(data)
  // Hashed before the account is looked up, so that both cases take as long.
  const encryptedPassword = await passwords.hash(password)
  return registerAccount(deps, { ...signUp, contact, challenge, channel, encryptedPassword, metadata })
}

/** Creates the account, or answers for the existing one. */
export async function registerAccount(deps: Deps, applicant: PendingSignUp): Promise<SignUpResult> {
  const { contact, isForService } = applicant
  if (!isForService || contact.isConfirmed) return createOrAnswerExisting(deps, applicant)
  // A global mail limit applies to every address; any other failure would reveal which address has an account.
  requireMailAllowed(deps, contact.address)
  const made = await suppressDeliveryErrors(deps, () => createOrAnswerExisting(deps, applicant), 'too_many_requests')
  return made ?? answerAsNewAccount(deps, applicant)
}

async function createOrAnswerExisting(deps: Deps, applicant: PendingSignUp): Promise<SignUpResult> {
  const { contact } = applicant
  const existing = await contact.find()
  if (existing) return answerExistingAccount(deps, applicant, existing)
  // Of several concurrent sign-ups one sends its message; the others would send codes for accounts that are never
  // created.
  const done = deps.limits.exclusive(`sign-up ${contact.provider} ${contact.address}`)
  if (!done && !contact.isConfirmed)
    throw contact.provider === 'email'
      ? new Refusal('mail_too_soon', { waitMs: deps.policy.mail.cooldownMs, limit: COOLDOWN_SETTINGS.mail_too_soon })
      : new Refusal('sms_too_soon', { waitMs: deps.policy.sms.cooldownMs, limit: COOLDOWN_SETTINGS.sms_too_soon })
  try {
    const made = await createAccount(deps, applicant)
    return 'taken' in made ? await answerExistingAccount(deps, applicant, made.taken) : made
  } finally {
    done?.()
  }
}

async function createAccount(deps: Deps, applicant: PendingSignUp): Promise<SignUpResult | { taken: User }> {
  const { contact, encryptedPassword, metadata, audience, client } = applicant
  const { clock, random, store } = deps
  const now = clock.now()
  const id = random.uuid()
  const { provider, isConfirmed } = contact
  const identity = contactIdentity(deps, now, id, provider, { ...metadata, ...contact.identityData })
  // The identity stays unverified: control of the address is not proven yet.
  const rawUserMetaData = { ...identity.identityData, email_verified: provider === 'email' && isConfirmed }
  const user = newUser(deps, now, {
    id,
    aud: audience,
    encryptedPassword,
    ...contact.columns(now),
    ...(isConfirmed && { lastSignInAt: now }),
    rawAppMetaData: providersMetadata([provider]),
    rawUserMetaData,
  })
  const identities = [identity]
  if (!isConfirmed) return createUnconfirmed(deps, now, user, identities, applicant)
  const signedUp = auditEntry(deps, now, 'user_signedup', user, { provider })
  if (encryptedPassword === null || applicant.isForService) {
    // Requesting a code proves nothing yet; the code signs in.
    const created = await store.createUser({
      ...{ user: { ...user, lastSignInAt: null }, identities, audit: [signedUp] },
      matrixDueAt: matrixDueAt(deps, now, applicant),
    })
    if (created.outcome !== 'created') return { taken: conflictingUser(created) }
    return { outcome: 'without_session', account: created.account }
  }
  const session = newSession(deps, now, id, 'password', client)
  const audit = [signedUp, auditEntry(deps, now, 'login', user, { provider })]
  const registered = await store.registerUser({ user, identities, session: session.row, audit })
  if (registered.outcome !== 'registered') return { taken: conflictingUser(registered) }
  // GoTrue answers a sign-up with the same map in both places, although it stores two
  const shown = { ...registered.opened, identities: [{ ...identity, identityData: rawUserMetaData }] }
  return { outcome: 'signed_in', issued: await issueTokens(deps, now, shown, session.key) }
}

async function createUnconfirmed(
  deps: Deps,
  now: number,
  newUserRow: Omit<User, 'uid' | 'confirmedAt'>,
  identities: Identity[],
  applicant: PendingSignUp,
): Promise<SignUpResult | { taken: User }> {
  const { contact } = applicant
  const user = { ...newUserRow, confirmationSentAt: now }
  const shown: User = { ...user, uid: 0, confirmedAt: null }
  const { outgoing, token, flow, messageId } = confirmationOf(deps, now, shown, applicant)
  const mint = [token.minting]
  const audit = [auditEntry(deps, now, 'user_confirmation_requested', shown, { provider: contact.provider })]
  const { call, messages } = outgoing
  const created = await deps.store.createUser({
    ...{ user, identities, mint, messages, flow },
    matrixDueAt: matrixDueAt(deps, now, applicant),
    audit: call ? [] : audit,
  })
  if (created.outcome !== 'created') return { taken: conflictingUser(created) }
  const { account } = created
  if (!call) return { outcome: 'without_session', account, messageId }
  const sentId = await orWithdraw(deps, call, () => withdrawNewAccount(deps, account, { mint, flow }))
  await deps.store.appendAudit(audit)
  return { outcome: 'without_session', account, messageId: sentId }
}

/** The message that confirms the address or number of a new account. */
function confirmationOf(
  deps: Deps,
  now: number,
  user: User,
  applicant: PendingSignUp,
): {
  outgoing: Outgoing
  token: MintedToken
  flow?: ReturnType<typeof mintMailToken>['flow']
  messageId?: string | undefined
} {
  const { contact, challenge, redirectTo, client, channel } = applicant
  if (contact.provider !== 'email') {
    const sms = prepareSms(deps, now, { kind: 'phone_confirmation', phone: contact.address, user, channel, client })
    return { outgoing: sms, token: sms.token, messageId: sms.messageId }
  }
  const recipient = { ...user, email: contact.address }
  const payload = applicant.encryptedPassword === null ? undefined : WITH_PASSWORD
  const { token, flow } = mintMailToken(deps, now, { user: recipient, purpose: 'signup', challenge, payload })
  const copies = [{ to: contact.address, token }]
  const isQueued = applicant.isForService === true
  const mail = { template: 'confirmation' as const, user: recipient, copies, redirectTo, client, isQueued }
  return { outgoing: prepareMail(deps, now, mail), token, flow }
}

/** If the response must not reveal whether the address is new, the account is created in the background. */
function matrixDueAt({ provisioner }: Deps, now: number, { isForService, contact }: PendingSignUp): number | undefined {
  if (!provisioner || !isForService) return undefined
  return contact.isConfirmed ? now + MATRIX_LEASE_MS : now
}

function conflictingUser(outcome: { outcome: string; user?: User }): User {
  if ((outcome.outcome === 'email_taken' || outcome.outcome === 'phone_taken') && outcome.user) return outcome.user
  throw new Error(`unexpected outcome of a sign-up: ${outcome.outcome}`)
}
