/**
 * Signing in on the surfaces that know no challenges: an identifier, a password and, where the account has a second
 * factor, its code, all at once (settled 3).
 */
import { isAhead } from '../../lib/time'
import type { NewSessionToken, Opened, SessionTokenKind } from '../../store'
import { findByIdentifier, identifierKind } from '../accounts/usernames'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { proveSecondFactor } from '../factors/second-factor'
import { askPasswordHook } from '../hooks/attempt-hooks'
import { provePassword } from '../passwords/password-guess'
import { Refusal } from '../refusal'
import { newSession } from '../sessions/sessions'
import { mintSessionToken } from '../tokens/opaque'

export interface DirectSignIn {
  /** An address, a username or a uid. */
  identifier: string
  password: string
  /** Of an authenticator app, or a recovery code; empty where none was given. */
  code: string
  client: Client
}

export interface SignedInDirectly {
  opened: Opened
  now: number
  /** The tokens that were asked for, in the clear. */
  tokens: { token: string; row: NewSessionToken }[]
}

/**
 * Opens a session, with the tokens that the surface hands out.
 * @param wanted kinds of tokens and their lifetimes in milliseconds
 * @throws {Refusal<'identifier_missing' | 'password_missing' | 'credentials_wrong' | 'user_banned' | 'email_not_confirmed' |
 *   'email_login_disabled' | 'second_factor_needed' | 'too_many_requests' | 'request_timeout'>}
 */
export async function signInDirectly(
  deps: Deps,
  signIn: DirectSignIn,
  wanted: readonly (readonly [kind: SessionTokenKind, lifetimeMs: number])[],
): Promise<SignedInDirectly> {
  deps.limits.request('tokens', signIn.client.ip)
  if (signIn.identifier === '') throw new Refusal('identifier_missing')
  if (signIn.password === '') throw new Refusal('password_missing')
  // As for `signInWithPassword`: another sign-in may renew an outdated hash meanwhile.
  const signedIn = (await attempt(deps, signIn, wanted)) ?? (await attempt(deps, signIn, wanted))
  if (!signedIn) throw new Refusal('credentials_wrong')
  return signedIn
}

async function attempt(
  deps: Deps,
  { identifier, password, code, client }: DirectSignIn,
  wanted: readonly (readonly [kind: SessionTokenKind, lifetimeMs: number])[],
): Promise<SignedInDirectly | undefined> {
  const { policy, clock, passwords, store } = deps
  const isByEmail = identifierKind(identifier) === 'email'
  if (isByEmail && !policy.signup.email) throw new Refusal('email_login_disabled')
  const account = await findByIdentifier(deps, identifier)
  const isEligible = account !== undefined && account.deletedAt === null
  const named = identifier.toLowerCase()
  const proven = await provePassword(deps, { account, isEligible, identifier: named, password, client })
  const isBanned = isAhead(account?.bannedUntil ?? null, clock.now())
  if (isEligible && account.encryptedPassword && !isBanned)
    await askPasswordHook(deps, { user: account, isValid: proven !== undefined, client })
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
    ...{ now, provenPassword: proven, rehashed, proof },
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
    case 'password_changed_meanwhile':
      return undefined
    default:
      throw new Refusal('second_factor_needed')
  }
}
