/**
 * Links to the application's own pages (`/api/auth`, docs/other-surfaces.md#verification-tokens): password reset, email
 * change, sign-in. Their tokens are a separate family, unknown to Supabase's surface.
 */
import { providersMetadata } from '../../lib/account-metadata'
import type { User, VerificationKind } from '../../store'
import { accompaniedBy, contactChangeOnly, sendEmailChange } from '../accounts/contact-change'
import { verifySecondFactor } from '../factors/second-factor'
import { requireUserAllowed } from '../hooks/before-user-created'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { type Mail, pageLink, prepareMail, prepareNotice } from '../messages/mail'
import { withSendCooldown } from '../messages/send-cooldown'
import { suppressDeliveryErrors } from '../messages/suppress-delivery-errors'
import { requireStrongPassword } from '../passwords/password-strength'
import { newSession } from '../sessions/issue-tokens'
import { issueServiceTokens, type ServiceSession } from '../sessions/service-tokens'
import { mintSessionToken } from '../tokens/opaque'
import { findToken, mintToken } from '../tokens/verification-token'
import { isFirstConfirmation, preHijackCleanup } from '../users/pre-hijack'
import { hasVerifiedFactor, needsSecondFactor } from '../users/second-factor-status'
import { contactIdentity, newUser, normalizeEmail } from '../users/users'
import { simulateMailDelivery } from './one-time-codes'
import { confirmNewEmailOnly } from './verify'

export interface MailLinkRequest {
  email: string
}

/** Mails a password-reset link, if the address has an account; the response does not reveal it. */
export async function requestPasswordReset(context: Context, { email: text }: MailLinkRequest): Promise<void> {
  const { client } = context
  context.limits.request('recoveries', client.ip)
  const email = normalizeEmail(text)
  const user = await context.store.findUserByEmail(email)
  await suppressDeliveryErrors<unknown>(context, () =>
    user
      ? mailLink(context, { user, email, kind: 'password_reset', template: 'recovery', page: 'passwordReset' })
      : simulateMailDelivery(context, email),
  )
}

/** Sets a new password with a mailed token, and ends every session. */
export async function completePasswordReset(
  context: Context,
  { token: plaintext, password }: { token: string; password: string },
): Promise<void> {
  const { passwords, store, limits, client } = context
  limits.request('verifications', client.ip)
  await requireStrongPassword(context, password)
  const { token, tokenUse } = await findToken(withCurrentTime(context), {
    plaintext,
    family: 'service',
    kinds: ['password_reset'],
  })
  const user = await ownerOf(context, token)
  if (!isFirstConfirmation(user, token) && (await hasVerifiedFactor(context, user))) throw new Refusal('aal_too_low')
  const encryptedPassword = await passwords.hash(password)
  const current = withCurrentTime(context)
  const reset = await store.resetPassword({
    id: user.id,
    now: current.now,
    tokenUse,
    // Reading the mail proves control of the address.
    userMetaData: user.emailConfirmedAt === null ? { email_verified: true } : {},
    cleanup: preHijackCleanup(current, user, token),
    encryptedPassword,
    messages: prepareNotice(current, { template: 'password_changed_notification', to: user.email, user }),
    audit: [auditEntry(current, 'user_updated_password', user)],
  })
  if (reset.outcome !== 'changed') throw new Refusal(reset.outcome)
}

/**
 * Mails the new address and, with secure email change, the current one too; otherwise a notice is sent to the current
 * one.
 */
export async function requestEmailChange(
  context: Context,
  { caller, newEmail }: { caller: Caller; newEmail: string },
): Promise<void> {
  const { store, policy, limits, client } = context
  const { user, session } = forbidPersonalToken(caller)
  limits.request('userChanges', client.ip)
  if (user.isSsoUser) throw new Refusal('account_sso_managed')
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low')
  const email = normalizeEmail(newEmail)
  if (email === user.email) throw new Refusal('email_unchanged')
  if (await store.findUserByEmail(email)) throw new Refusal('email_taken')
  const change = contactChangeOnly(context, user, { sessionId: session?.id })
  await sendEmailChange(
    context,
    { user, email, challenge: undefined, redirectTo: policy.mail.pages.emailChange, family: 'service' },
    accompaniedBy(change, user),
  )
}

/** Confirms a new address. @returns `pending` while the other address has to confirm */
export async function confirmEmailChange(
  context: Context,
  { token: plaintext }: { token: string },
): Promise<'pending' | 'changed'> {
  context.limits.request('verifications', context.client.ip)
  const { token, tokenUse } = await findToken(context, { plaintext, family: 'service', kinds: ['email_change'] })
  return confirmNewEmailOnly(context, { token, tokenUse, user: await ownerOf(context, token) })
}

/** Mails a sign-in link. An address without an account gets one too if sign-up is allowed. */
export async function sendServiceMagicLink(context: Context, { email: text }: MailLinkRequest): Promise<void> {
  const { policy, store, limits, client } = context
  limits.request('magicLinks', client.ip)
  const email = normalizeEmail(text)
  const user = await store.findUserByEmail(email)
  const isAllowed = policy.signup.email && policy.mail.magicLinks && (user !== undefined || !policy.signup.disabled)
  await suppressDeliveryErrors<unknown>(context, () =>
    isAllowed
      ? mailLink(context, { user, email, kind: 'magic_link', template: 'magic_link', page: 'magicLink' })
      : simulateMailDelivery(context, email),
  )
}

/**
 * Signs in with a mailed token; the account is created if there is none. With a second factor, its code is required as
 * well (docs/decisions.md#d3); without it, the token is not consumed.
 */
export async function verifyServiceMagicLink(
  arriving: Context,
  { token: plaintext, code, audience }: { token: string; code: string; audience: string },
): Promise<ServiceSession> {
  const { store, policy, random, client } = arriving
  arriving.limits.request('verifications', client.ip)
  const { token, tokenUse } = await findToken(arriving, { plaintext, family: 'service', kinds: ['magic_link'] })
  const email = token.email ?? ''
  const user = token.userId === null ? await store.findUserByEmail(email) : await ownerOf(arriving, token)
  const proof = user && !isFirstConfirmation(user, token) ? await verifySecondFactor(arriving, user, code) : undefined
  if (!user && policy.signup.disabled) throw new Refusal('signup_disabled')
  const owner = { id: random.uuid(), email, aud: audience }
  // A refusal does not consume the link.
  const context = user ? arriving : await requireUserAllowed(arriving, newOwner(arriving, owner))
  const { now } = context
  const account = user ?? newOwner(context, owner)
  const session = newSession(context, account.id, 'otp', proof)
  const refresh = mintSessionToken(context, {
    kind: 'service',
    familyId: session.row.session.id,
    lifetimeMs: policy.service.refreshTokenMs,
  })
  const row = { ...session.row, tokens: [refresh.row] }
  const audit = [auditEntry(context, 'login', account)]
  if (user) {
    const signedIn = await store.signInWithLink({
      id: user.id,
      now,
      tokenUse,
      userMetaData: user.emailConfirmedAt === null ? { email_verified: true } : {},
      cleanup: preHijackCleanup(context, user, token),
      proof,
      session: row,
      messages: [],
      audit,
    })
    switch (signedIn.outcome) {
      case 'changed':
        return issueServiceTokens(context, signedIn.opened, refresh.token)
      case 'factor_gone':
      case 'proof_used':
      case 'credential_taken':
        throw new Refusal('second_factor_needed')
      default:
        throw new Refusal(signedIn.outcome)
    }
  }
  const identity = contactIdentity(context, account.id, 'email', { email, email_verified: true })
  const { uid: _uid, confirmedAt: _confirmedAt, ...made } = account
  const registered = await store.registerUserWithToken({
    user: made,
    identities: [identity],
    session: row,
    tokenUse,
    audit,
  })
  switch (registered.outcome) {
    case 'registered':
      return issueServiceTokens(context, registered.opened, refresh.token)
    case 'token_unknown':
    case 'token_used':
    case 'token_expired':
      throw new Refusal(registered.outcome)
    case 'email_taken':
    case 'phone_taken':
      // A concurrent request created the account; the link remains valid.
      throw new Refusal('token_unknown')
  }
}

function newOwner(context: Context, { id, email, aud }: { id: string; email: string; aud: string }): User {
  const { now } = context
  const row = newUser(context, {
    id,
    email,
    aud,
    emailConfirmedAt: now,
    lastSignInAt: now,
    rawAppMetaData: providersMetadata(['email']),
    rawUserMetaData: { email, email_verified: true, phone_verified: false, sub: id },
  })
  return { ...row, uid: 0, confirmedAt: now }
}

async function ownerOf(
  { store }: Context,
  { userId, email, kind }: { userId: string | null; email: string | null; kind: VerificationKind },
) {
  const user = userId === null ? undefined : await store.findUser(userId)
  const isStillOwner = kind === 'email_change' || user?.email === email
  if (!user || !isStillOwner) throw new Refusal('token_unknown')
  return user
}

interface LinkMail {
  /** The user; undefined if the address has no account yet. */
  user: User | undefined
  email: string
  kind: VerificationKind & ('password_reset' | 'magic_link')
  template: Mail['template']
  page: 'passwordReset' | 'magicLink'
}

async function mailLink(context: Context, { user, email, kind, template, page }: LinkMail): Promise<void> {
  const { store, policy } = context
  const { pages } = policy.mail
  const recipient = user ?? newOwner(context, { id: context.random.uuid(), email, aud: policy.audience })
  const lastSend = { name: kind, lastSentAt: () => lastMintedAt(context, email, kind) }
  const key = { id: user?.id ?? email }
  return withSendCooldown(context, { user: key, channel: 'mail', lastSend }, async (current) => {
    const { now } = current
    const token = mintToken(current, { kind, family: 'service', to: { email }, ...(user && { userId: user.id }) })
    const copies = [{ to: email, token, link: pageLink(pages[page], token.plaintext) }]
    const { messages } = await prepareMail(current, {
      template,
      user: recipient,
      copies,
      redirectTo: pages[page],
      isQueued: true,
    })
    if (!user) return store.saveTokensAndMessages({ now, mint: [token.minting], messages, audit: [] })
    const audit = [auditEntry(current, 'user_recovery_requested', user)]
    const { outcome } = await store.queueServiceLink({ id: user.id, now, mint: [token.minting], messages, audit })
    if (outcome !== 'changed') throw new Refusal(outcome)
  })
}

/**
 * When the last mail of a kind was sent, taken from its token: as in GoTrue both kinds share a column of the account,
 * and an address without an account has none.
 */
async function lastMintedAt({ store }: Context, email: string, kind: VerificationKind): Promise<number | null> {
  const pending = await store.pendingTokens({ email })
  const minted = pending.filter((token) => token.family === 'service' && token.kind === kind)
  return minted.length === 0 ? null : Math.max(...minted.map(({ createdAt }) => createdAt))
}
