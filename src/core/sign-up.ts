/** New accounts: with a password, by a code, or anonymous (contract 1.2 and 1.5). */
import type { Account, Identity, Minting, NewMessage, User } from '../store'
import { auditEntry } from './audit'
import type { Client, Deps } from './deps'
import { prepareMail } from './mail'
import { inItsTurn, mailToken, mintFor } from './mailed-tokens'
import { changedAccount } from './outcomes'
import { requireStrong } from './passwords'
import { type Challenge, type ChallengeGiven, challengeOf } from './pkce'
import { Refusal } from './refusal'
import { type IssuedSession, issue, newSession } from './sessions'
import { type Channel, channelOf, sendSms } from './sms'
import { newUser, normaliseEmail, normalisePhone, ownIdentity, providersMetadata, storableMetadata } from './users'

/** How often the owner of an address is told that somebody signed up with it. */
const EXISTS_NOTICE_MS = 3_600_000

export interface SignUp extends ChallengeGiven {
  email: string | undefined
  phone: string | undefined
  password: string
  channel: string | undefined
  /** The user's own metadata. */
  data: Record<string, unknown>
  /** Audience of the new user. */
  audience: string
  /** Where the link of the mail leads back to. */
  redirectTo: string
  client: Client
}

/** A session, or the account as far as its owner may know it before the address is confirmed. */
export type SignedUp =
  | { outcome: 'signed_in'; issued: IssuedSession }
  | { outcome: 'unconfirmed'; account: Account; messageId?: string | undefined }

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
  requireStrong(policy, password)
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

interface Applicant extends Pick<SignUp, 'audience' | 'redirectTo' | 'client'> {
  contact: Contact
  challenge: Challenge | undefined
  channel: Channel
  encryptedPassword: string
  metadata: User['rawUserMetaData']
}

/** Makes the account, or answers for the one that is there. */
export async function register(deps: Deps, applicant: Applicant): Promise<SignedUp> {
  const { contact } = applicant
  const existing = await contact.find()
  const made = existing ? undefined : await create(deps, applicant)
  if (made && !('taken' in made)) return made
  const owner = existing ?? made?.taken
  if (!owner) throw new Error('an account is neither new nor there')
  return answerForExisting(deps, applicant, owner)
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
  const session = newSession(deps, now, id, 'password', client)
  const audit = [
    auditEntry(deps, now, 'user_signedup', user, { provider }),
    auditEntry(deps, now, 'login', user, { provider }),
  ]
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
    const minted = mintFor(deps, now, { user: recipient, purpose: 'signup', challenge })
    const letters = [{ to: contact.address, token: minted.token }]
    const messages = await prepareMail(deps, now, {
      template: 'confirmation',
      user: recipient,
      letters,
      redirectTo,
      client,
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
    audit: [auditEntry(deps, now, 'user_confirmation_requested', shown, { provider: contact.provider })],
  })
  if (created.outcome !== 'created') return { taken: takenBy(created) }
  return { outcome: 'unconfirmed', account: created.account, messageId: sent.messageId }
}

function takenBy(outcome: { outcome: string; user?: User }): User {
  if ((outcome.outcome === 'email_taken' || outcome.outcome === 'phone_taken') && outcome.user) return outcome.user
  throw new Error(`a new account came out as ${outcome.outcome}`)
}

/** Nothing of the request is kept: nobody knows whether it comes from the one whose address it names. */
async function answerForExisting(deps: Deps, applicant: Applicant, owner: User): Promise<SignedUp> {
  const { contact } = applicant
  const { signup } = deps.policy
  if (contact.isConfirmedFor(owner) || contact.isConfirmed) {
    const now = deps.clock.now()
    await deps.store.appendAudit([auditEntry(deps, now, 'user_repeated_signup', owner, { provider: contact.provider })])
    // With confirmation switched off the contract tells, and there is nothing to hide any more.
    if (signup.confirmsEmail || signup.confirmsPhone || contact.isConfirmed) throw new Refusal('user_exists')
    await tellOwner(deps, now, applicant, owner)
    return { outcome: 'unconfirmed', account: obfuscated(deps, now, applicant) }
  }
  return sendAgain(deps, applicant, owner)
}

async function sendAgain(deps: Deps, applicant: Applicant, owner: User): Promise<SignedUp> {
  const { contact, challenge, redirectTo, client, channel } = applicant
  if (contact.provider === 'email') {
    const user = { ...owner, email: contact.address }
    const account = await mailToken(deps, { user, purpose: 'signup', challenge, redirectTo, client })
    const hidesInvitation = owner.invitedAt !== null
    return {
      outcome: 'unconfirmed',
      account: hidesInvitation ? { user: { ...account.user, rawUserMetaData: {} }, identities: [] } : account,
    }
  }
  const { account, messageId } = await textConfirmation(deps, { user: owner, phone: contact.address, channel, client })
  return { outcome: 'unconfirmed', account, messageId }
}

export interface TextedConfirmation {
  user: User
  phone: string
  channel: Channel
  client: Client
}

/**
 * Sends the code with which a number is confirmed or signed in with.
 * @throws {Refusal<'sms_too_soon' | 'sms_failed' | 'sms_unavailable' | 'sms_limit_reached'>}
 */
export async function textConfirmation(deps: Deps, { user, phone, channel, client }: TextedConfirmation) {
  const now = deps.clock.now()
  const { spacingMs } = deps.policy.sms
  const spaced = { column: 'confirmationSentAt' as const, sentAt: user.confirmationSentAt, spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'sms_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const sms = await sendSms(deps, now, { kind: 'phone_confirmation', phone, user, channel, client })
    const changed = await deps.store.changeUser({
      ...{ id: user.id, now, unlessSentSince, messages: sms.messages },
      set: { confirmationSentAt: now },
      mint: [sms.token.minting],
      audit: [auditEntry(deps, now, 'user_confirmation_requested', user)],
    })
    return { account: changedAccount(changed, tooSoon), messageId: sms.messageId }
  })
}

/** Tells the owner of an address that it has an account already, so that nobody waits for a mail that never comes. */
async function tellOwner(
  deps: Deps,
  now: number,
  { contact, redirectTo, client }: Applicant,
  owner: User,
): Promise<void> {
  if (contact.provider !== 'email') return
  const lately = await deps.store.messagesLately(contact.address)
  const isTold = lately.some(
    ({ template, createdAt }) => template === 'account_exists' && createdAt > now - EXISTS_NOTICE_MS,
  )
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
  return { user: { ...user, uid: 0, confirmedAt: null }, identities: [] }
}

/** Makes an account with nothing to sign in with but the session it gets. */
export async function signUpAnonymously(
  deps: Deps,
  { data, audience, client }: Pick<SignUp, 'data' | 'audience' | 'client'>,
): Promise<SignedUp> {
  const { policy, clock, random, limits } = deps
  if (!policy.signup.anonymous) throw new Refusal('anonymous_disabled')
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  limits.request('anonymous', client.ip)
  const now = clock.now()
  const id = random.uuid()
  const user = newUser(deps, now, {
    id,
    aud: audience,
    isAnonymous: true,
    lastSignInAt: now,
    rawUserMetaData: storableMetadata(data),
  })
  const session = newSession(deps, now, id, 'anonymous', client)
  const audit = [auditEntry(deps, now, 'login', user)]
  const registered = await deps.store.registerUser({ user, identities: [], session: session.row, audit })
  if (registered.outcome !== 'registered') throw new Error(`a fresh id was taken: ${registered.outcome}`)
  return { outcome: 'signed_in', issued: await issue(deps, now, registered.opened, session.key) }
}

interface Contact {
  provider: 'email' | 'phone'
  /** In the form that is stored. */
  address: string
  /** Whether it counts as confirmed from the start. */
  isConfirmed: boolean
  isConfirmedFor(user: User): boolean
  find(): Promise<User | undefined>
  columns(now: number): { email?: string; phone?: string; emailConfirmedAt?: number; phoneConfirmedAt?: number }
  identityData: Record<string, string | boolean>
}

/** @throws {Refusal<'email_signup_disabled' | 'email_missing' | 'email_too_long' | 'email_malformed'>} */
export function emailContact({ policy, store }: Deps, text: string): Contact {
  if (!policy.signup.email) throw new Refusal('email_signup_disabled')
  const email = normaliseEmail(text)
  const isConfirmed = policy.signup.confirmsEmail
  return {
    provider: 'email',
    address: email,
    isConfirmed,
    isConfirmedFor: (user) => user.emailConfirmedAt !== null,
    find: () => store.findUserByEmail(email),
    columns: (now) => ({ email, ...(isConfirmed && { emailConfirmedAt: now }) }),
    identityData: { email, email_verified: false, phone_verified: false },
  }
}

/** @throws {Refusal<'phone_signup_disabled' | 'phone_malformed'>} */
export function phoneContact({ policy, store }: Deps, text: string): Contact {
  if (!policy.signup.phone) throw new Refusal('phone_signup_disabled')
  const phone = normalisePhone(text)
  const isConfirmed = policy.signup.confirmsPhone
  return {
    provider: 'phone',
    address: phone,
    isConfirmed,
    isConfirmedFor: (user) => user.phoneConfirmedAt !== null,
    find: () => store.findUserByPhone(phone),
    columns: (now) => ({ phone, ...(isConfirmed && { phoneConfirmedAt: now }) }),
    // GoTrue leaves the number and its confirmation out of a signed-up phone identity
    identityData: { email_verified: false, phone_verified: false },
  }
}
