/** Signing in with a password (contract 1.3). */
import { isAhead } from '../../lib/time'
import { comparablePhone } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { askPasswordHook } from '../hooks/attempt-hooks'
import { provePassword } from '../passwords/password-guess'
import { weaknessOf } from '../passwords/password-strength'
import { type Reason, Refusal, type Weakness } from '../refusal'
import { type IssuedSession, issue, newSession } from '../sessions/sessions'

export interface PasswordSignIn {
  email: string | undefined
  phone: string | undefined
  password: string
  audience: string
  client: Client
}

/**
 * Opens a session for whoever knows the password.
 * @throws {Refusal<'email_and_phone_at_login' | 'email_login_disabled' | 'phone_login_disabled' | 'email_or_phone_missing' |
 *   'credentials_wrong' | 'password_attempt_rejected' | 'credentials_of_banned_user' | 'email_not_confirmed' | 'phone_not_confirmed' | 'too_many_requests' |
 *   'request_timeout'>}
 */
export async function signInWithPassword(deps: Deps, signIn: PasswordSignIn): Promise<IssuedSession> {
  const { email, phone, client } = signIn
  const { policy, limits } = deps
  limits.request('tokens', client.ip)
  if (email && phone) throw new Refusal('email_and_phone_at_login')
  if (email && !policy.signup.email) throw new Refusal('email_login_disabled')
  if (phone && !policy.signup.phone) throw new Refusal('phone_login_disabled')
  // Another sign-in may renew an outdated hash between our look and our session; the second look finds the new one.
  return (await tryPassword(deps, signIn)) ?? (await tryPassword(deps, signIn)) ?? refuse('credentials_wrong')
}

/** @returns undefined where the password was changed or hashed anew meanwhile */
async function tryPassword(
  deps: Deps,
  { email, phone, password, audience, client }: PasswordSignIn,
): Promise<IssuedSession | undefined> {
  const { clock, passwords, store } = deps
  const identifier = email ? email.toLowerCase() : comparablePhone(phone ?? '')
  if (identifier === '') throw new Refusal('email_or_phone_missing')
  const found =
    identifier.length > MAX_IDENTIFIER ? undefined : await findOwner(deps, identifier, email ? 'email' : 'phone')
  const isEligible = found?.aud === audience && found.deletedAt === null
  const proven = await provePassword(deps, { account: found, isEligible, identifier, password, client })
  if (found && isEligible && isAhead(found.bannedUntil, clock.now())) throw new Refusal('credentials_of_banned_user')
  if (found?.encryptedPassword && isEligible)
    await askPasswordHook(deps, { user: found, isValid: proven !== undefined, client })
  if (!found || proven === undefined) throw new Refusal('credentials_wrong')
  const confirmedAt = identifier.includes('@') ? found.emailConfirmedAt : found.confirmedAt
  if (email && confirmedAt === null) throw new Refusal('email_not_confirmed')
  if (phone && found.phoneConfirmedAt === null) throw new Refusal('phone_not_confirmed')

  const rehashed = passwords.isOutdated(proven) ? await passwords.hash(password) : undefined
  const now = clock.now()
  const session = newSession(deps, now, found.id, 'password', client)
  const audit = [auditEntry(deps, now, 'login', found, { provider: email ? 'email' : 'phone' })]
  const signedIn = await store.openSession({ session: session.row, now, provenPassword: proven, rehashed, audit })
  switch (signedIn.outcome) {
    case 'opened': {
      const issued = await issue(deps, now, signedIn.opened, session.key)
      return { ...issued, weakness: await reportedWeakness(deps, password) }
    }
    case 'user_banned':
      throw new Refusal('credentials_of_banned_user')
    case 'user_gone':
      throw new Refusal('credentials_wrong')
    case 'password_changed_meanwhile':
      return undefined
  }
}

/** Told along with the session, which nothing of it keeps back. */
async function reportedWeakness(deps: Deps, password: string): Promise<Weakness | null> {
  try {
    return (await weaknessOf(deps, password)) ?? null
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/** Longest address or number there can be; what is longer belongs to nobody. */
const MAX_IDENTIFIER = 255

/** In the field for the address a username may stand as well; supabase-js has no other for it. */
function findOwner({ store }: Deps, identifier: string, kind: 'email' | 'phone') {
  if (kind === 'phone') return store.findUserByPhone(identifier)
  return identifier.includes('@') ? store.findUserByEmail(identifier) : store.findUserByUsername(identifier)
}

function refuse(reason: Reason): never {
  throw new Refusal(reason)
}
