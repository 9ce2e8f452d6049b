/** New accounts, with a password or by a code (contract 1.2 and 1.5). */

import { providersMetadata } from '../../lib/account-metadata'
import type { Identity, Minting, NewMessage, User } from '../../store'
import { emailContact, phoneContact } from '../accounts/contacts'
import { newUser, ownIdentity, storableMetadata } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { MATRIX_LEASE_MS } from '../matrix'
import { prepareMail, requireMail } from '../messages/mail'
import { mintFor, SPACINGS } from '../messages/mailed-tokens'
import { channelOf, sendSms } from '../messages/sms'
import { unlessSilent } from '../messages/unless-silent'
import { requireStrong } from '../passwords/password-strength'
import { Refusal } from '../refusal'
import { issue, newSession } from '../sessions/sessions'
import { type ChallengeGiven, challengeOf } from '../sign-in/pkce'
import { WITH_PASSWORD } from '../tokens/verification-token'
import type { Applicant, SignedUp } from './applicant'
import { answerForExisting, asIfNew } from './repeated-sign-up'

export interface SignUp extends ChallengeGiven, Pick<Applicant, 'audience' | 'redirectTo' | 'client' | 'isForService'> {
  email: string | undefined
  phone: string | undefined
  password: string
  channel: string | undefined
  /** The user's own metadata. */
  data: Record<string, unknown>
}

/**
 * Makes an account with a password. Where the address has to be confirmed, a registered one gets an answer of the same
 * form, and its owner a mail.
 * @throws {Refusal} in the order of contract 1.2
 */
export async function signUp(deps: Deps, signUp: SignUp): Promise<SignedUp> {
  const { policy, limits, passwords } = deps
  const { email, phone, password, data, client } = signUp
  limits.request('signUps', client.ip)
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  if (password === '') throw new Refusal('password_missing')
  await requireStrong(deps, password)
  if (email && phone) throw new Refusal('email_and_phone_at_signup')
  const channel = channelOf(deps, phone ? signUp.channel : undefined)
  if (phone && (signUp.codeChallenge || signUp.codeChallengeMethod)) throw new Refusal('challenge_with_phone')
  const challenge = challengeOf(signUp)
  const contact = phone ? phoneContact(deps, phone) : emailContact(deps, email ?? '')
  const metadata = storableMetadata(data)
  // Hashed before anybody looks whether the account exists, so that both take as long.
  const encryptedPassword = await passwords.hash(password)
  return register(deps, { ...signUp, contact, challenge, channel, encryptedPassword, metadata })
}

/** Makes the account, or answers for the one that is there. */
export async function register(deps: Deps, applicant: Applicant): Promise<SignedUp> {
  const { contact, isForService } = applicant
  if (!isForService || contact.isConfirmed) return registerOpenly(deps, applicant)
  // That no mail may leave at all holds for every address; any other reason why one stays away would tell whose it is.
  requireMail(deps, contact.address)
  const made = await unlessSilent(deps, () => registerOpenly(deps, applicant), 'too_many_requests')
  return made ?? asIfNew(deps, applicant)
}

async function registerOpenly(deps: Deps, applicant: Applicant): Promise<SignedUp> {
  const { contact } = applicant
  const existing = await contact.find()
  if (existing) return answerForExisting(deps, applicant, existing)
  // Of several at once one sends its message; the others would send codes of accounts that never come to be.
  const done = deps.limits.alone(`sign-up ${contact.provider} ${contact.address}`)
  if (!done && !contact.isConfirmed)
    throw contact.provider === 'email'
      ? new Refusal('mail_too_soon', { waitMs: deps.policy.mail.spacingMs, limit: SPACINGS.mail_too_soon })
      : new Refusal('sms_too_soon', { waitMs: deps.policy.sms.spacingMs, limit: SPACINGS.sms_too_soon })
  try {
    const made = await create(deps, applicant)
    return 'taken' in made ? await answerForExisting(deps, applicant, made.taken) : made
  } finally {
    done?.()
  }
}

async function create(deps: Deps, applicant: Applicant): Promise<SignedUp | { taken: User }> {
  const { contact, encryptedPassword, metadata, audience, client } = applicant
  const { clock, random, store } = deps
  const now = clock.now()
  const id = random.uuid()
  const { provider, isConfirmed } = contact
  const identity = ownIdentity(deps, now, id, provider, { ...metadata, ...contact.identityData })
  // The identity stays unverified: nobody has shown yet that the address is theirs.
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
    // Whoever asked for a code has shown nothing yet; the code signs them in.
    const created = await store.createUser({
      ...{ user: { ...user, lastSignInAt: null }, identities, audit: [signedUp] },
      matrixDueAt: matrixDueAt(deps, now, applicant),
    })
    if (created.outcome !== 'created') return { taken: takenBy(created) }
    return { outcome: 'without_session', account: created.account }
  }
  const session = newSession(deps, now, id, 'password', client)
  const audit = [signedUp, auditEntry(deps, now, 'login', user, { provider })]
  const registered = await store.registerUser({ user, identities, session: session.row, audit })
  if (registered.outcome !== 'registered') return { taken: takenBy(registered) }
  // GoTrue answers a sign-up with one map in both places, though it stores two
  const shown = { ...registered.opened, identities: [{ ...identity, identityData: rawUserMetaData }] }
  return { outcome: 'signed_in', issued: await issue(deps, now, shown, session.key) }
}

async function createUnconfirmed(
  deps: Deps,
  now: number,
  applicantUser: Omit<User, 'uid' | 'confirmedAt'>,
  identities: Identity[],
  applicant: Applicant,
): Promise<SignedUp | { taken: User }> {
  const { contact, challenge, redirectTo, client, channel } = applicant
  const user = { ...applicantUser, confirmationSentAt: now }
  const shown: User = { ...user, uid: 0, confirmedAt: null }
  let sent: { mint: Minting[]; messages: NewMessage[]; messageId?: string | undefined }
  let flow: ReturnType<typeof mintFor>['flow']
  if (contact.provider === 'email') {
    const recipient = { ...shown, email: contact.address }
    const payload = applicant.encryptedPassword === null ? undefined : WITH_PASSWORD
    const minted = mintFor(deps, now, { user: recipient, purpose: 'signup', challenge, payload })
    const letters = [{ to: contact.address, token: minted.token }]
    const messages = await prepareMail(deps, now, {
      template: 'confirmation',
      user: recipient,
      letters,
      redirectTo,
      client,
      isQueued: applicant.isForService === true,
    })
    sent = { mint: [minted.token.minting], messages }
    flow = minted.flow
  } else {
    const sms = await sendSms(deps, now, {
      kind: 'phone_confirmation',
      phone: contact.address,
      user: shown,
      channel,
      client,
    })
    sent = { mint: [sms.token.minting], messages: sms.messages, messageId: sms.messageId }
  }
  const created = await deps.store.createUser({
    user,
    identities,
    mint: sent.mint,
    messages: sent.messages,
    flow,
    matrixDueAt: matrixDueAt(deps, now, applicant),
    audit: [auditEntry(deps, now, 'user_confirmation_requested', shown, { provider: contact.provider })],
  })
  if (created.outcome !== 'created') return { taken: takenBy(created) }
  return { outcome: 'without_session', account: created.account, messageId: sent.messageId }
}

/** Where the answer must not tell whether the address is new, the background makes the account. */
function matrixDueAt({ provisioner }: Deps, now: number, { isForService, contact }: Applicant): number | undefined {
  if (!provisioner || !isForService) return undefined
  return contact.isConfirmed ? now + MATRIX_LEASE_MS : now
}

function takenBy(outcome: { outcome: string; user?: User }): User {
  if ((outcome.outcome === 'email_taken' || outcome.outcome === 'phone_taken') && outcome.user) return outcome.user
  throw new Error(`a new account came out as ${outcome.outcome}`)
}
