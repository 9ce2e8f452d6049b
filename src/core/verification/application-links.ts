/**
 * Links to the application's own pages (`/api/auth`, docs/other-surfaces.md#verification-tokens): password reset, email
 * change, sign-in. Their tokens are a separate family, unknown to Supabase's surface.
 */
import { providersMetadata } from '../../lib/account-metadata'
import type { Account, User, VerificationKind } from '../../store'
import { changeEmail } from '../accounts/contact-change'
import { isFirstConfirmation, preHijackCleanup } from '../accounts/pre-hijack'
import { CLEARED_SENT_AT, contactIdentity, newUser, normaliseEmail } from '../accounts/users'
import { auditEntry } from '../audit'
import { type Caller, forbidPersonalToken } from '../caller'
import { requireChanged } from '../change-outcomes'
import type { Client, Deps } from '../deps'
import { proveSecondFactor } from '../factors/second-factor'
import { hasVerifiedFactor, isMissingSecondFactor } from '../factors/user-factors'
import { type Mail, pageLink, prepareMail, prepareNotice } from '../messages/mail'
import { suppressDeliveryErrors } from '../messages/suppress-delivery-errors'
import { withSendCooldown } from '../messages/verification-mail'
import { requireStrong } from '../passwords/password-strength'
import { Refusal } from '../refusal'
import { newSession } from '../sessions/sessions'
import { mintSessionToken } from '../tokens/opaque'
import { issueForService, type ServiceSession } from '../tokens/service-token'
import { findToken, mintToken } from '../tokens/verification-token'
import { simulateMailDelivery } from './one-time-codes'
import { confirmNewEmail } from './verify'

export interface MailLinkRequest {
  email: string
  client: Client
}

/** Mails a password-reset link, if the address has an account; the response does not reveal it. */
export async function requestPasswordReset(deps: Deps, { email: text, client }: MailLinkRequest): Promise<void> {
  deps.limits.request('recoveries', client.ip)
  const email = normaliseEmail(text)
  const user = await deps.store.findUserByEmail(email)
  await suppressDeliveryErrors<unknown>(deps, () =>
    user
      ? mailLink(deps, { user, email, kind: 'password_reset', template: 'recovery', page: 'passwordReset', client })
      : simulateMailDelivery(deps, email, client),
  )
}

/**
 * Sets a new password with a mailed token, and ends every session.
 * @throws {Refusal<'password_weak' | 'password_too_long' | 'token_unknown' | 'token_kind_mismatch' | 'token_used' |
 *   'token_expired'>}
 */
export async function completePasswordReset(
  deps: Deps,
  { token: plaintext, password, client }: { token: string; password: string; client: Client },
): Promise<void> {
  const { passwords, clock, store } = deps
  deps.limits.request('verifications', client.ip)
  await requireStrong(deps, password)
  const { token, spend } = await findToken(deps, { plaintext, family: 'service', kinds: ['password_reset'] })
  const user = await ownerOf(deps, token)
  if (!isFirstConfirmation(user, token) && (await hasVerifiedFactor(deps, user))) throw new Refusal('aal_too_low')
  const encryptedPassword = await passwords.hash(password)
  const now = clock.now()
  const changed = await store.changeUser({
    ...{ id: user.id, now, spend, actor: { sessionId: undefined } },
    ...preHijackCleanup(deps, now, user, token),
    set: { ...CLEARED_SENT_AT, encryptedPassword },
    // Reading the mail proves control of the address.
    confirm: { email: true, phone: false },
    ...(user.emailConfirmedAt === null && { mergeUserMetaData: { email_verified: true } }),
    endSessions: {},
    invalidateTokens: true,
    messages: prepareNotice(deps, now, {
      ...{ template: 'password_changed_notification', to: user.email, user, client },
    }),
    audit: [auditEntry(deps, now, 'user_updated_password', user)],
  })
  requireChanged(changed)
}

/**
 * Mails the new address and, with secure email change, the current one too; otherwise the current one gets a notice.
 * @throws {Refusal<'account_sso_managed' | 'email_taken' | 'email_malformed' | 'email_unchanged' | 'mail_too_soon' |
 *   …>}
 */
export async function requestEmailChange(
  deps: Deps,
  { caller, newEmail, client }: { caller: Caller; newEmail: string; client: Client },
): Promise<void> {
  const { store, policy, limits } = deps
  const { user, session } = forbidPersonalToken(caller)
  limits.request('userChanges', client.ip)
  if (user.isSsoUser) throw new Refusal('account_sso_managed')
  if (await isMissingSecondFactor(deps, caller)) throw new Refusal('aal_too_low')
  const email = normaliseEmail(newEmail)
  if (email === user.email) throw new Refusal('email_unchanged')
  if (await store.findUserByEmail(email)) throw new Refusal('email_taken')
  await changeEmail(deps, {
    ...{ user, email, challenge: undefined, redirectTo: policy.mail.pages.emailChange, client },
    family: 'service',
    related: { actor: { sessionId: session?.id } },
  })
}

/** Confirms a new address. @returns `pending` while the other address has to confirm */
export async function confirmEmailChange(
  deps: Deps,
  { token: plaintext, client }: { token: string; client: Client },
): Promise<'pending' | 'changed'> {
  deps.limits.request('verifications', client.ip)
  const { token, spend } = await findToken(deps, { plaintext, family: 'service', kinds: ['email_change'] })
  return confirmNewEmail(deps, { token, spend, user: await ownerOf(deps, token), client })
}

/** Mails a sign-in link. An address without an account gets one too if sign-up is allowed. */
export async function sendSignInLink(deps: Deps, { email: text, client }: MailLinkRequest): Promise<void> {
  const { policy, store, limits } = deps
  limits.request('magicLinks', client.ip)
  const email = normaliseEmail(text)
  const user = await store.findUserByEmail(email)
  const isAllowed = policy.signup.email && policy.mail.magicLinks && (user !== undefined || !policy.signup.disabled)
  await suppressDeliveryErrors<unknown>(deps, () =>
    isAllowed
      ? mailLink(deps, { user, email, kind: 'magic_link', template: 'magic_link', page: 'magicLink', client })
      : simulateMailDelivery(deps, email, client),
  )
}

/**
 * Signs in with a mailed token; the account is created if there is none. With a second factor, its code is required as
 * well (docs/decisions.md#d3); without it, the token is not consumed.
 * @throws {Refusal<'second_factor_needed' | 'token_unknown' | 'token_kind_mismatch' | 'token_used' | 'token_expired' |
 *   'user_banned' | 'signup_disabled'>}
 */
export async function verifySignInLink(
  deps: Deps,
  { token: plaintext, code, audience, client }: { token: string; code: string; audience: string; client: Client },
): Promise<ServiceSession> {
  const { store, clock, policy } = deps
  deps.limits.request('verifications', client.ip)
  const { token, spend } = await findToken(deps, { plaintext, family: 'service', kinds: ['magic_link'] })
  const email = token.email ?? ''
  const user = token.userId === null ? await store.findUserByEmail(email) : await ownerOf(deps, token)
  const now = clock.now()
  const proof =
    user && !isFirstConfirmation(user, token) ? await proveSecondFactor(deps, user, code, client) : undefined
  if (!user && policy.signup.disabled) throw new Refusal('signup_disabled')
  const account = user ?? newOwner(deps, now, email, audience)
  const session = newSession(deps, now, account.id, 'otp', client, proof)
  const refresh = mintSessionToken(deps, now, {
    ...{ kind: 'service', familyId: session.row.session.id, lifetimeMs: policy.service.refreshTokenMs },
  })
  const row = { ...session.row, tokens: [refresh.row] }
  const audit = [auditEntry(deps, now, 'login', account)]
  if (user) {
    const isFirst = user.emailConfirmedAt === null
    const changed = await store.changeUser({
      ...{ id: user.id, now, spend, actor: { sessionId: undefined }, proof, session: row, audit },
      ...preHijackCleanup(deps, now, user, token),
      confirm: { email: true, phone: false },
      ...(isFirst && { mergeUserMetaData: { email_verified: true } }),
      invalidateTokens: true,
    })
    requireChanged(changed)
    if (changed.outcome !== 'changed' || !changed.opened) throw new Error('a sign-in opened no session')
    return issueForService(deps, now, changed.opened, refresh.token)
  }
  const identity = contactIdentity(deps, now, account.id, 'email', { email, email_verified: true })
  const { uid: _uid, confirmedAt: _confirmedAt, ...made } = account
  const registered = await store.registerUser({ user: made, identities: [identity], session: row, spend, audit })
  switch (registered.outcome) {
    case 'registered':
      return issueForService(deps, now, registered.opened, refresh.token)
    case 'token_unknown':
    case 'token_used':
    case 'token_expired':
      throw new Refusal(registered.outcome)
    default:
      // A concurrent request created the account; the link stays valid.
      throw new Refusal('token_unknown')
  }
}

function newOwner(deps: Deps, now: number, email: string, audience: string): User {
  const id = deps.random.uuid()
  const row = newUser(deps, now, {
    ...{ id, email, aud: audience, emailConfirmedAt: now, lastSignInAt: now },
    rawAppMetaData: providersMetadata(['email']),
    rawUserMetaData: { email, email_verified: true, phone_verified: false, sub: id },
  })
  return { ...row, uid: 0, confirmedAt: now }
}

async function ownerOf(
  { store }: Deps,
  { userId, email, kind }: { userId: string | null; email: string | null; kind: VerificationKind },
) {
  const user = userId === null ? undefined : await store.findUser(userId)
  const isStillTheirs = kind === 'email_change' || user?.email === email
  if (!user || !isStillTheirs) throw new Refusal('token_unknown')
  return user
}

interface LinkMail {
  /** None if the address has no account yet. */
  user: User | undefined
  email: string
  kind: VerificationKind & ('password_reset' | 'magic_link')
  template: Mail['template']
  page: 'passwordReset' | 'magicLink'
  client: Client
}

async function mailLink(
  deps: Deps,
  { user, email, kind, template, page, client }: LinkMail,
): Promise<Account | undefined> {
  const { store, clock, policy } = deps
  const now = clock.now()
  const { cooldownMs, pages } = policy.mail
  const recipient = user ?? newOwner(deps, now, email, policy.audience)
  const lastSend = { name: kind, lastSentAt: () => lastMintedAt(deps, email, kind), cooldownMs }
  const key = { id: user?.id ?? email }
  return withSendCooldown(deps, now, { user: key, lastSend, refusal: 'mail_too_soon' }, async () => {
    const token = mintToken(deps, now, { kind, family: 'service', to: { email }, ...(user && { userId: user.id }) })
    const copies = [{ to: email, token, link: pageLink(pages[page], token.plaintext) }]
    const { messages } = prepareMail(deps, now, {
      template,
      user: recipient,
      copies,
      redirectTo: pages[page],
      client,
      isQueued: true,
    })
    if (!user) {
      await store.saveTokensAndMessages({ now, mint: [token.minting], messages, audit: [] })
      return undefined
    }
    const changed = await store.changeUser({
      ...{ id: user.id, now, set: {}, mint: [token.minting], messages },
      audit: [auditEntry(deps, now, 'user_recovery_requested', user)],
    })
    return requireChanged(changed)
  })
}

/**
 * When the last mail of a kind was sent, taken from its token: as in GoTrue both kinds share a column of the account,
 * and an address without an account has none.
 */
async function lastMintedAt({ store }: Deps, email: string, kind: VerificationKind): Promise<number | null> {
  const pending = await store.pendingTokens({ email })
  const minted = pending.filter((token) => token.family === 'service' && token.kind === kind)
  return minted.length === 0 ? null : Math.max(...minted.map(({ createdAt }) => createdAt))
}
