/** Sign-in with a password (`POST /token?grant_type=password`). */
import { isAhead } from '../../lib/time'
import { comparablePhone } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { callPasswordAttemptHook } from '../hooks/attempt-hooks'
import { weaknessOf } from '../passwords/password-strength'
import { verifyPassword } from '../passwords/verify-password'
import { type Reason, Refusal, type Weakness } from '../refusal'
import { type IssuedSession, issueTokens, newSession } from '../sessions/sessions'

export interface PasswordSignIn {
  email: string | undefined
  phone: string | undefined
  password: string
  audience: string
  client: Client
}

/**
 * Opens a session for the right password.
 * @throws {Refusal<'email_and_phone_at_login' | 'email_login_disabled' | 'phone_login_disabled' |
 *   'email_or_phone_missing' |
 *   'credentials_wrong' | 'password_attempt_rejected' | 'credentials_of_banned_user' | 'email_not_confirmed' |
 *   'phone_not_confirmed' | 'too_many_requests' |
 *   'request_timeout'>}
 */
export async function signInWithPassword(deps: Deps, signIn: PasswordSignIn): Promise<IssuedSession> {
  const { email, phone, client } = signIn
  const { policy, limits } = deps
  limits.request('tokens', client.ip)
  if (email && phone) throw new Refusal('email_and_phone_at_login')
  if (email && !policy.signup.email) throw new Refusal('email_login_disabled')
  if (phone && !policy.signup.phone) throw new Refusal('phone_login_disabled')
  // A concurrent sign-in may upgrade an outdated hash between verification and session; the second attempt reads the
  // new one.
  return (await tryPassword(deps, signIn)) ?? (await tryPassword(deps, signIn)) ?? refuse('credentials_wrong')
}

/** @returns undefined if the password was changed or rehashed concurrently */
async function tryPassword(
  deps: Deps,
  { email, phone, password, audience, client }: PasswordSignIn,
): Promise<IssuedSession | undefined> {
  const { clock, passwords, store } = deps
  const identifier = email ? email.toLowerCase() : comparablePhone(phone ?? '')
  if (identifier === '') throw new Refusal('email_or_phone_missing')
  const found =
    identifier.length > MAX_IDENTIFIER ? undefined : await findAccount(deps, identifier, email ? 'email' : 'phone')
  const isEligible = found?.aud === audience && found.deletedAt === null
  const proven = await verifyPassword(deps, { account: found, isEligible, identifier, password, client })
  if (found && isEligible && isAhead(found.bannedUntil, clock.now())) throw new Refusal('credentials_of_banned_user')
  if (found?.encryptedPassword && isEligible)
    await callPasswordAttemptHook(deps, { user: found, isValid: proven !== undefined, client })
  if (!found || proven === undefined) throw new Refusal('credentials_wrong')
  const confirmedAt = identifier.includes('@') ? found.emailConfirmedAt : found.confirmedAt
  if (email && confirmedAt === null) throw new Refusal('email_not_confirmed')
  if (phone && found.phoneConfirmedAt === null) throw new Refusal('phone_not_confirmed')

  const rehashed = passwords.isOutdated(proven) ? await passwords.hash(password) : undefined
  const now = clock.now()
  const session = newSession(deps, now, found.id, 'password', client)
  const audit = [auditEntry(deps, now, 'login', found, { provider: email ? 'email' : 'phone' })]
  const signedIn = await store.openSession({ session: session.row, now, verifiedPasswordHash: proven, rehashed, audit })
  switch (signedIn.outcome) {
    case 'opened': {
      const issued = await issueTokens(deps, now, signedIn.opened, session.key)
      return { ...issued, weakness: await reportedWeakness(deps, password) }
    }
    case 'user_banned':
      throw new Refusal('credentials_of_banned_user')
    case 'user_gone':
      throw new Refusal('credentials_wrong')
    case 'password_changed_concurrently':
      return undefined
  }
}

/** Reported with the session; it prevents nothing. */
async function reportedWeakness(deps: Deps, password: string): Promise<Weakness | null> {
  try {
    return (await weaknessOf(deps, password)) ?? null
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/** Maximum length of an address or number; longer ones match no account. */
const MAX_IDENTIFIER = 255

/** The email field also accepts a username; supabase-js has no other field for it. */
function findAccount({ store }: Deps, identifier: string, kind: 'email' | 'phone') {
  if (kind === 'phone') return store.findUserByPhone(identifier)
  return identifier.includes('@') ? store.findUserByEmail(identifier) : store.findUserByUsername(identifier)
}

function refuse(reason: Reason): never {
  throw new Refusal(reason)
}
