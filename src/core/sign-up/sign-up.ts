/** New accounts, with a password or a code (`POST /signup`, `POST /otp`). */
import { providersMetadata } from '../../lib/account-metadata'
import type { Identity, User } from '../../store'
import { callAfterSignUp } from '../hooks/after-user-created'
import { requireUserAllowed } from '../hooks/before-user-created'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { MATRIX_LEASE_MS } from '../matrix/provisioning'
import { prepareMail, requireMailAllowed } from '../messages/mail'
import type { Outgoing } from '../messages/messages'
import { tooSoonOn } from '../messages/send-cooldown'
import { channelOf, prepareSms } from '../messages/sms'
import { callOrWithdraw, withdrawNewAccount } from '../messages/store-then-send'
import { suppressDeliveryErrors } from '../messages/suppress-delivery-errors'
import { mintMailToken } from '../messages/verification-mail'
import { requireStrongPassword } from '../passwords/password-strength'
import { issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { type CodeChallengeParameters, parseCodeChallenge } from '../tokens/pkce'
import { WITH_PASSWORD } from '../tokens/verification-record'
import type { MintedToken } from '../tokens/verification-token'
import { emailContact, phoneContact } from '../users/contacts'
import { contactIdentity, newUser, storableMetadata } from '../users/users'
import type { PendingSignUp, SignUpResult, WithoutSession } from './pending-sign-up'
import { answerAsNewAccount, answerExistingAccount } from './repeated-sign-up'

export interface SignUp
  extends CodeChallengeParameters,
    Pick<PendingSignUp, 'audience' | 'redirectTo' | 'isForService'> {
  email: string | undefined
  phone: string | undefined
  password: string
  channel: string | undefined
  /** The user's own metadata. */
  data: Record<string, unknown>
}

/**
 * Creates an account with a password. If addresses have to be confirmed, the response for a registered address has the
 * same form, and its owner gets a mail.
 * @throws {Refusal} in the order of GoTrue's `POST /signup`
 */
export async function signUp(context: Context, signUp: SignUp): Promise<SignUpResult> {
  const { policy, limits, passwords, client } = context
  const { email, phone, password, data } = signUp
  limits.request('signUps', client.ip)
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  if (password === '') throw new Refusal('password_missing')
  await requireStrongPassword(context, password)
  if (email && phone) throw new Refusal('email_and_phone_at_signup')
  const channel = channelOf(context, phone ? signUp.channel : undefined)
  if (phone && signUp.codeChallenge) throw new Refusal('challenge_with_phone')
  const challenge = parseCodeChallenge(signUp)
  const contact = phone ? phoneContact(context, phone) : emailContact(context, email ?? '')
  const metadata = storableMetadata(data)
  // Hashed before the account is looked up, so that both cases take as long.
  const encryptedPassword = await passwords.hash(password)
  return registerAccount(withCurrentTime(context), {
    ...signUp,
    contact,
    challenge,
    channel,
    encryptedPassword,
    metadata,
  })
}

/** Creates the account, or answers for the existing one. */
export async function registerAccount(arriving: Context, pending: PendingSignUp): Promise<SignUpResult> {
  const { contact, isForService } = pending
  const isHidden = isForService && !contact.isConfirmed
  // A global mail limit applies to every address; any other failure would reveal which address has an account.
  if (isHidden) await requireMailAllowed(arriving, contact.address)
  const id = arriving.random.uuid()
  const context = await requireSignUpAllowed(arriving, pending, id)
  if (!isHidden) return createOrAnswerExisting(context, pending, id)
  const made = await suppressDeliveryErrors(
    context,
    () => createOrAnswerExisting(context, pending, id),
    'too_many_requests',
  )
  return made ?? answerAsNewAccount(context, pending)
}

/** The hook is not asked about a registered address: nothing is created for it. */
async function requireSignUpAllowed(
  context: Context,
  { contact, audience, metadata }: PendingSignUp,
  id: string,
): Promise<Context> {
  if (!context.policy.hooks.beforeUserCreated || (await contact.find())) return context
  const { provider, address } = contact
  return requireUserAllowed(context, {
    id,
    aud: audience,
    ...(provider === 'email' ? { email: address } : { phone: address }),
    rawAppMetaData: providersMetadata([provider]),
    rawUserMetaData: metadata,
  })
}

/** @param id of the account, if it is created */
async function createOrAnswerExisting(context: Context, pending: PendingSignUp, id: string): Promise<SignUpResult> {
  const { contact } = pending
  const existing = await contact.find()
  if (existing) return answerExistingAccount(context, pending, existing)
  // One of several concurrent sign-ups sends its message; the others would send codes for accounts that are never
  // created.
  const done = await context.limits.exclusive(`sign-up ${contact.provider} ${contact.address}`)
  if (!done && !contact.isConfirmed)
    throw tooSoonOn(context, contact.provider === 'email' ? 'mail' : 'sms')(context.now)
  try {
    const made = await createAccount(context, pending, id)
    return 'taken' in made ? await answerExistingAccount(context, pending, made.taken) : made
  } finally {
    await done?.()
  }
}

async function createAccount(
  context: Context,
  pending: PendingSignUp,
  id: string,
): Promise<SignUpResult | { taken: User }> {
  const { contact, encryptedPassword, metadata, audience } = pending
  const { store, now } = context
  const { provider, isConfirmed } = contact
  const identity = contactIdentity(context, id, provider, { ...metadata, ...contact.identityData })
  // The identity remains unverified, because control of the address is not proven yet.
  const rawUserMetaData = { ...identity.identityData, email_verified: provider === 'email' && isConfirmed }
  const user = newUser(context, {
    id,
    aud: audience,
    encryptedPassword,
    ...contact.columns(now),
    ...(isConfirmed && { lastSignInAt: now }),
    rawAppMetaData: providersMetadata([provider]),
    rawUserMetaData,
  })
  const identities = [identity]
  if (!isConfirmed) {
    const made = await createUnconfirmed(context, user, identities, pending)
    if (!('taken' in made)) await callAfterSignUp(context, made.account.user)
    return made
  }
  const signedUp = auditEntry(context, 'user_signedup', user, { provider })
  if (encryptedPassword === null || pending.isForService) {
    // Requesting a code proves nothing yet; the code signs in.
    const created = await store.createContactUser({
      user: { ...user, lastSignInAt: null },
      identities,
      audit: [signedUp],
      matrixDueAt: matrixDueAt(context, pending),
    })
    if (created.outcome !== 'created') return { taken: created.user }
    return { outcome: 'without_session', account: created.account }
  }
  const session = newSession(context, id, 'password')
  const audit = [signedUp, auditEntry(context, 'login', user, { provider })]
  const registered = await store.registerUser({ user, identities, session: session.row, audit })
  if (registered.outcome !== 'registered') return { taken: registered.user }
  // GoTrue answers a sign-up with the same map in both places, although it stores two
  const shown = { ...registered.opened, identities: [{ ...identity, identityData: rawUserMetaData }] }
  return { outcome: 'signed_in', issued: await issueFirstTokens(context, shown, session) }
}

async function createUnconfirmed(
  context: Context,
  newUserRow: Omit<User, 'uid' | 'confirmedAt'>,
  identities: Identity[],
  pending: PendingSignUp,
): Promise<WithoutSession | { taken: User }> {
  const { contact } = pending
  const user = { ...newUserRow, confirmationSentAt: context.now }
  const shown: User = { ...user, uid: 0, confirmedAt: null }
  const { outgoing, token, flow, messageId } = await confirmationOf(context, shown, pending)
  const mint = [token.minting]
  const audit = [auditEntry(context, 'user_confirmation_requested', shown, { provider: contact.provider })]
  const { call, messages } = outgoing
  const created = await context.store.createContactUser({
    user,
    identities,
    mint,
    messages,
    flow,
    matrixDueAt: matrixDueAt(context, pending),
    audit: call ? [] : audit,
  })
  if (created.outcome !== 'created') return { taken: created.user }
  const { account } = created
  if (!call) return { outcome: 'without_session', account, messageId }
  const sentId = await callOrWithdraw(context, call, () => withdrawNewAccount(context, account, { mint, flow }))
  await context.store.appendAudit(audit)
  return { outcome: 'without_session', account, messageId: sentId }
}

/** The message that confirms the address or number of a new account. */
async function confirmationOf(
  context: Context,
  user: User,
  pending: PendingSignUp,
): Promise<{
  outgoing: Outgoing
  token: MintedToken
  flow?: ReturnType<typeof mintMailToken>['flow']
  messageId?: string | undefined
}> {
  const { contact, challenge, redirectTo, channel } = pending
  if (contact.provider !== 'email') {
    const sms = await prepareSms(context, { kind: 'phone_confirmation', phone: contact.address, user, channel })
    return { outgoing: sms, token: sms.token, messageId: sms.messageId }
  }
  const recipient = { ...user, email: contact.address }
  const payload = pending.encryptedPassword === null ? undefined : WITH_PASSWORD
  const { token, flow } = mintMailToken(context, { user: recipient, purpose: 'signup', challenge, payload })
  const copies = [{ to: contact.address, token }]
  const isQueued = pending.isForService === true
  const mail = { template: 'confirmation' as const, user: recipient, copies, redirectTo, isQueued }
  return { outgoing: await prepareMail(context, mail), token, flow }
}

/** If the response must not reveal whether the address is new, the account is created in the background. */
function matrixDueAt({ provisioner, now }: Context, { isForService, contact }: PendingSignUp): number | undefined {
  if (!provisioner || !isForService) return undefined
  return contact.isConfirmed ? now + MATRIX_LEASE_MS : now
}
