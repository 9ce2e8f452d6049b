/**
 * Sign-in with a password, in the same order on every surface (docs/other-surfaces.md#sign-in-with-a-password). Where
 * surfaces differ, they say so in `PasswordSessionOptions`.
 */
import { isInFuture } from '../../lib/time'
import type { NewSessionToken, OpenedSession, SessionTokenKind, User } from '../../store'
import { verifySecondFactor } from '../factors/second-factor'
import { callPasswordAttemptHook } from '../hooks/attempt-hooks'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAccount, noteAttempt } from '../kernel/request-facts'
import { verifyPassword } from '../passwords/verify-password'
import { newSession } from '../sessions/issue-tokens'
import { mintSessionToken } from '../tokens/opaque'
import { findByIdentifier, type Identifiers, identifierKind } from '../users/usernames'

/** Kinds of tokens and their lifetimes in milliseconds. */
export type WantedTokens = readonly (readonly [kind: SessionTokenKind, lifetimeMs: number])[]

export interface PasswordSessionOptions {
  identifier: string
  identifiers: Identifiers
  password: string
  /** The audience that the account must have; undefined for any. */
  audience: string | undefined
  /** How a ban is refused, and whether without the right password, too. */
  ban: { reason: 'credentials_of_banned_user' | 'user_banned'; isShownWithoutPassword: boolean }
  /**
   * TOTP or recovery code, empty if none was given. Undefined on surfaces that request the second factor after the
   * sign-in.
   */
  code: string | undefined
  /** Opaque tokens to store with the session. */
  wanted: WantedTokens
  /** How long the session lasts at most, in milliseconds; undefined for as long as the settings allow. */
  lifetimeMs?: number | undefined
}

export interface PasswordSession {
  opened: OpenedSession
  /** For `issueFirstTokens`. */
  made: ReturnType<typeof newSession>
  /** The request at the time the session was created, for its tokens. */
  context: Context
  /** The requested tokens, in plaintext. */
  tokens: { token: string; row: NewSessionToken }[]
}

interface ProvenAccount {
  account: User
  /** The hash that the password matches. */
  hash: string
}

/** Opens a session for the right password. */
export async function openPasswordSession(context: Context, options: PasswordSessionOptions): Promise<PasswordSession> {
  // A concurrent sign-in may upgrade an outdated hash between verification and session; the second attempt reads the
  // new one.
  for (let attempt = 0; attempt < 2; attempt++) {
    const proven = await verifyAccountPassword(context, options)
    const session = await openSession(context, options, proven)
    if (session) return session
  }
  throw new Refusal('credentials_wrong')
}

/** GoTrue's order: the ban, the hook, a wrong password, an unconfirmed address. */
async function verifyAccountPassword(context: Context, options: PasswordSessionOptions): Promise<ProvenAccount> {
  const { identifier, identifiers, password, audience, ban } = options
  noteAttempt(context, 'password')
  const account = await findByIdentifier(context, identifier, identifiers)
  if (account) noteAccount(context, account.id)
  const isEligible =
    account !== undefined && account.deletedAt === null && (audience === undefined || account.aud === audience)
  const named = identifier.toLowerCase()
  const hash = await verifyPassword(context, { account, isEligible, identifier: named, password })
  const isValid = hash !== undefined
  if (isEligible && isInFuture(account.bannedUntil, withCurrentTime(context).now))
    throw new Refusal(isValid || ban.isShownWithoutPassword ? ban.reason : 'credentials_wrong')
  if (isEligible && account.encryptedPassword) await callPasswordAttemptHook(context, { user: account, isValid })
  if (!account || hash === undefined) throw new Refusal('credentials_wrong')
  requireConfirmed(account, options)
  return { account, hash }
}

/** The identifier that was given must be confirmed; for a username or uid, either address. */
function requireConfirmed(
  { emailConfirmedAt, phoneConfirmedAt, confirmedAt }: User,
  { identifier, identifiers }: PasswordSessionOptions,
): void {
  if (identifiers === 'phone') {
    if (phoneConfirmedAt === null) throw new Refusal('phone_not_confirmed')
    return
  }
  const isByEmail = identifierKind(identifier) === 'email'
  if ((isByEmail ? emailConfirmedAt : confirmedAt) === null) throw new Refusal('email_not_confirmed')
}

/** @returns undefined if the password was changed or rehashed concurrently */
async function openSession(
  request: Context,
  { identifiers, password, ban, code, wanted, lifetimeMs }: PasswordSessionOptions,
  { account, hash }: ProvenAccount,
): Promise<PasswordSession | undefined> {
  const { passwords, store } = request
  const proof = code === undefined ? undefined : await verifySecondFactor(withCurrentTime(request), account, code)
  const rehashed = passwords.isOutdated(hash) ? await passwords.hash(password) : undefined
  const context = withCurrentTime(request)
  const { now } = context
  const made = newSession(context, account.id, 'password', proof)
  const { row } = made
  if (lifetimeMs !== undefined) row.session.notAfter = now + lifetimeMs
  const familyId = row.session.id
  const tokens = wanted.map(([kind, tokenMs]) => mintSessionToken(context, { kind, familyId, lifetimeMs: tokenMs }))
  const signedIn = await store.openSession({
    now,
    verifiedPasswordHash: hash,
    rehashed,
    proof,
    session: { ...row, tokens: tokens.map((token) => token.row) },
    audit: [auditEntry(context, 'login', account, { provider: identifiers === 'phone' ? 'phone' : 'email' })],
  })
  switch (signedIn.outcome) {
    case 'opened':
      return { opened: signedIn.opened, made, context, tokens }
    case 'user_banned':
      throw new Refusal(ban.reason)
    case 'user_gone':
      throw new Refusal('credentials_wrong')
    case 'password_changed_concurrently':
      return undefined
    default:
      throw new Refusal('second_factor_needed')
  }
}
