/**
 * One-step sign-in on surfaces without challenges: identifier, password and, if the account has a second factor, its
 * code (docs/decisions.md#d3).
 */
import { isAhead } from '../../lib/time'
import type { NewSessionToken, OpenedSession, SessionTokenKind } from '../../store'
import { findByIdentifier, identifierKind } from '../accounts/usernames'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { proveSecondFactor } from '../factors/second-factor'
import { callPasswordAttemptHook } from '../hooks/attempt-hooks'
import { verifyPassword } from '../passwords/verify-password'
import { Refusal } from '../refusal'
import { newSession } from '../sessions/sessions'
import { mintSessionToken } from '../tokens/opaque'

export interface CredentialSignIn {
  /** An email address, a username or a uid. */
  identifier: string
  password: string
  /** TOTP or recovery code; empty if none was given. */
  code: string
  client: Client
}

export interface CredentialSignInResult {
  opened: OpenedSession
  now: number
  /** The requested tokens, in the clear. */
  tokens: { token: string; row: NewSessionToken }[]
}

/**
 * Opens a session and issues the surface's tokens.
 * @param wanted kinds of tokens and their lifetimes in milliseconds
 * @throws {Refusal<'identifier_missing' | 'password_missing' | 'credentials_wrong' | 'user_banned' |
 *   'email_not_confirmed' |
 *   'email_login_disabled' | 'second_factor_needed' | 'too_many_requests' | 'request_timeout'>}
 */
export async function signInWithCredentials(
  deps: Deps,
  signIn: CredentialSignIn,
  wanted: readonly (readonly [kind: SessionTokenKind, lifetimeMs: number])[],
): Promise<CredentialSignInResult> {
  deps.limits.request('tokens', signIn.client.ip)
  if (signIn.identifier === '') throw new Refusal('identifier_missing')
  if (signIn.password === '') throw new Refusal('password_missing')
  // As in `signInWithPassword`: a concurrent sign-in may upgrade an outdated hash.
  const signedIn = (await attempt(deps, signIn, wanted)) ?? (await attempt(deps, signIn, wanted))
  if (!signedIn) throw new Refusal('credentials_wrong')
  return signedIn
}

async function attempt(
  deps: Deps,
  { identifier, password, code, client }: CredentialSignIn,
  wanted: readonly (readonly [kind: SessionTokenKind, lifetimeMs: number])[],
): Promise<CredentialSignInResult | undefined> {
  const { policy, clock, passwords, store } = deps
  const isByEmail = identifierKind(identifier) === 'email'
  if (isByEmail && !policy.signup.email) throw new Refusal('email_login_disabled')
  const account = await findByIdentifier(deps, identifier)
  const isEligible = account !== undefined && account.deletedAt === null
  const named = identifier.toLowerCase()
  const proven = await verifyPassword(deps, { account, isEligible, identifier: named, password, client })
  const isBanned = isAhead(account?.bannedUntil ?? null, clock.now())
  if (isEligible && account.encryptedPassword && !isBanned)
    await callPasswordAttemptHook(deps, { user: account, isValid: proven !== undefined, client })
  if (!account || proven === undefined) throw new Refusal('credentials_wrong')
  if (isBanned) throw new Refusal('user_banned')
  const confirmedAt = isByEmail ? account.emailConfirmedAt : account.confirmedAt
  if (confirmedAt === null) throw new Refusal('email_not_confirmed')
  const proof = await proveSecondFactor(deps, account, code, client)
  const rehashed = passwords.isOutdated(proven) ? await passwords.hash(password) : undefined
  const now = clock.now()
  const session = newSession(deps, now, account.id, 'password', client, proof)
  const familyId = session.row.session.id
  const tokens = wanted.map(([kind, lifetimeMs]) => mintSessionToken(deps, now, { kind, familyId, lifetimeMs }))
  const signedIn = await store.openSession({
    ...{ now, verifiedPasswordHash: proven, rehashed, proof },
    session: { ...session.row, tokens: tokens.map(({ row }) => row) },
    audit: [auditEntry(deps, now, 'login', account, { provider: 'email' })],
  })
  switch (signedIn.outcome) {
    case 'opened':
      return { opened: signedIn.opened, now, tokens }
    case 'user_banned':
      throw new Refusal('user_banned')
    case 'user_gone':
      throw new Refusal('credentials_wrong')
    case 'password_changed_concurrently':
      return undefined
    default:
      throw new Refusal('second_factor_needed')
  }
}
