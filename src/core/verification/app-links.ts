/**
 * Links that lead to pages of the application itself (verification-tokens.md, the endpoints below `/api/auth`): resetting
 * a password, changing the address, signing in. Their tokens are a family of their own, unknown to Supabase's surface.
 */
import { providersMetadata } from '../../lib/account-metadata'
import type { Account, User, VerificationKind } from '../../store'
import { changeEmail } from '../accounts/contact-change'
import { isOwnersFirst, withoutStrangers } from '../accounts/strangers'
import { NOTHING_SENT, newUser, normaliseEmail, ownIdentity } from '../accounts/users'
import { auditEntry } from '../audit'
import { type Caller, requireInPerson } from '../caller'
import type { Client, Deps } from '../deps'
import { hasVerifiedFactor, lacksFactor } from '../factors/own'
import { proveSecondFactor } from '../factors/second-factor'
import { type Mail, pageLink, prepareMail, prepareNotice } from '../messages/mail'
import { inItsTurn } from '../messages/mailed-tokens'
import { unlessSilent } from '../messages/unless-silent'
import { changedAccount } from '../outcomes'
import { requireStrong } from '../passwords/password-strength'
import { Refusal } from '../refusal'
import { newSession } from '../sessions/sessions'
import { mintSessionToken } from '../tokens/opaque'
import { issueForService, type ServiceSession } from '../tokens/service-token'
import { identifyToken, mint } from '../tokens/verification-token'
import { takeAsLong } from './one-time'
import { confirmNewEmail } from './verify'

export interface LinkRequest {
  email: string
  client: Client
}

/** Mails a link to set a new password, where the address has an account; the answer does not tell. */
export async function requestPasswordReset(deps: Deps, { email: text, client }: LinkRequest): Promise<void> {
  deps.limits.request('recoveries', client.ip)
  const email = normaliseEmail(text)
  const user = await deps.store.findUserByEmail(email)
  await unlessSilent<unknown>(deps, () =>
    user
      ? mailLink(deps, { user, email, kind: 'password_reset', template: 'recovery', page: 'passwordReset', client })
      : takeAsLong(deps, email, client),
  )
}

/**
 * Sets a new password with the token of a mail, and ends every session.
 * @throws {Refusal<'password_weak' | 'password_too_long' | 'token_unknown' | 'token_kind_mismatch' | 'token_used' | 'token_expired'>}
 */
export async function completePasswordReset(
  deps: Deps,
  { token: plaintext, password, client }: { token: string; password: string; client: Client },
): Promise<void> {
  const { passwords, clock, store } = deps
  deps.limits.request('verifications', client.ip)
  await requireStrong(deps, password)
  const { token, spend } = await identifyToken(deps, { plaintext, family: 'service', kinds: ['password_reset'] })
  const user = await ownerOf(deps, token)
  if (!isOwnersFirst(user, token) && (await hasVerifiedFactor(deps, user))) throw new Refusal('aal_too_low')
  const encryptedPassword = await passwords.hash(password)
  const now = clock.now()
  const changed = await store.changeUser({
    ...{ id: user.id, now, spend, actor: { sessionId: undefined } },
    ...withoutStrangers(deps, now, user, token),
    set: { ...NOTHING_SENT, encryptedPassword },
    // Whoever could read the mail holds the address.
    confirm: { email: true, phone: false },
    ...(user.emailConfirmedAt === null && { mergeUserMetaData: { email_verified: true } }),
    endSessions: {},
    killTokens: true,
    messages: prepareNotice(deps, now, {
      ...{ template: 'password_changed_notification', to: user.email, user, client },
    }),
    audit: [auditEntry(deps, now, 'user_updated_password', user)],
  })
  changedAccount(changed)
}

/**
 * Mails a new address, and in secure mode the present one too; otherwise the present one is told.
 * @throws {Refusal<'account_sso_managed' | 'email_taken' | 'email_malformed' | 'email_unchanged' | 'mail_too_soon' | …>}
 */
export async function requestEmailChange(
  deps: Deps,
  { caller, newEmail, client }: { caller: Caller; newEmail: string; client: Client },
): Promise<void> {
  const { store, policy, limits } = deps
  const { user, session } = requireInPerson(caller)
  limits.request('userChanges', client.ip)
  if (user.isSsoUser) throw new Refusal('account_sso_managed')
  if (await lacksFactor(deps, caller)) throw new Refusal('aal_too_low')
  const email = normaliseEmail(newEmail)
  if (email === user.email) throw new Refusal('email_unchanged')
  if (await store.findUserByEmail(email)) throw new Refusal('email_taken')
  await changeEmail(deps, {
    ...{ user, email, challenge: undefined, redirectTo: policy.mail.pages.emailChange, client },
    family: 'service',
    besides: { actor: { sessionId: session?.id } },
  })
}

/** Confirms a new address. @returns `pending` while the other address has still to agree */
export async function confirmEmailChange(
  deps: Deps,
  { token: plaintext, client }: { token: string; client: Client },
): Promise<'pending' | 'changed'> {
  deps.limits.request('verifications', client.ip)
  const { token, spend } = await identifyToken(deps, { plaintext, family: 'service', kinds: ['email_change'] })
  return confirmNewEmail(deps, { token, spend, user: await ownerOf(deps, token), client })
}

/** Mails a link to sign in with. An address without an account gets one too where sign-up is allowed. */
export async function sendSignInLink(deps: Deps, { email: text, client }: LinkRequest): Promise<void> {
  const { policy, store, limits } = deps
  limits.request('magicLinks', client.ip)
  const email = normaliseEmail(text)
  const user = await store.findUserByEmail(email)
  const isAllowed = policy.signup.email && policy.mail.magicLinks && (user !== undefined || !policy.signup.disabled)
  await unlessSilent<unknown>(deps, () =>
    isAllowed
      ? mailLink(deps, { user, email, kind: 'magic_link', template: 'magic_link', page: 'magicLink', client })
      : takeAsLong(deps, email, client),
  )
}

/**
 * Signs in with the token of a mail; the account is made where there is none. One that has a second factor needs a code of
 * it as well (settled 3); without, the token stays what it is.
 * @throws {Refusal<'second_factor_needed' | 'token_unknown' | 'token_kind_mismatch' | 'token_used' | 'token_expired' | 'user_banned' | 'signup_disabled'>}
 */
export async function verifySignInLink(
  deps: Deps,
  { token: plaintext, code, audience, client }: { token: string; code: string; audience: string; client: Client },
): Promise<ServiceSession> {
  const { store, clock, policy } = deps
  deps.limits.request('verifications', client.ip)
  const { token, spend } = await identifyToken(deps, { plaintext, family: 'service', kinds: ['magic_link'] })
  const email = token.email ?? ''
  const user = token.userId === null ? await store.findUserByEmail(email) : await ownerOf(deps, token)
  const now = clock.now()
  const proof = user && !isOwnersFirst(user, token) ? await proveSecondFactor(deps, user, code, client) : undefined
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
      ...withoutStrangers(deps, now, user, token),
      confirm: { email: true, phone: false },
      ...(isFirst && { mergeUserMetaData: { email_verified: true } }),
      killTokens: true,
    })
    changedAccount(changed)
    if (changed.outcome !== 'changed' || !changed.opened) throw new Error('a sign-in opened no session')
    return issueForService(deps, now, changed.opened, refresh.token)
  }
  const identity = ownIdentity(deps, now, account.id, 'email', { email, email_verified: true })
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
      // Somebody else made the account at the same moment; the link still stands.
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
  /** None: the address has no account yet. */
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
  const { spacingMs, pages } = policy.mail
  const recipient = user ?? newOwner(deps, now, email, policy.audience)
  const spaced = { name: kind, lastSentAt: () => lastMintedAt(deps, email, kind), spacingMs }
  const key = { id: user?.id ?? email }
  return inItsTurn(deps, now, { user: key, spaced, refusal: 'mail_too_soon' }, async () => {
    const token = mint(deps, now, { kind, family: 'service', to: { email }, ...(user && { userId: user.id }) })
    const letters = [{ to: email, token, link: pageLink(pages[page], token.plaintext) }]
    const messages = await prepareMail(deps, now, {
      template,
      user: recipient,
      letters,
      redirectTo: pages[page],
      client,
      isQueued: true,
    })
    if (!user) {
      await store.issue({ now, mint: [token.minting], messages, audit: [] })
      return undefined
    }
    const changed = await store.changeUser({
      ...{ id: user.id, now, set: {}, mint: [token.minting], messages },
      audit: [auditEntry(deps, now, 'user_recovery_requested', user)],
    })
    return changedAccount(changed)
  })
}

/**
 * When the last mail of a kind went out, which the token in it tells: the column of the account is shared by both kinds, as in
 * GoTrue, and an address without an account has none.
 */
async function lastMintedAt({ store }: Deps, email: string, kind: VerificationKind): Promise<number | null> {
  const pending = await store.pendingTokens({ email })
  const minted = pending.filter((token) => token.family === 'service' && token.kind === kind)
  return minted.length === 0 ? null : Math.max(...minted.map(({ createdAt }) => createdAt))
}
