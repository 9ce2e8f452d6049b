/** Signing in with a password (contract 1.3). */
import { neighbourhood } from '../lib/ip'
import type { User } from '../store'
import { auditEntry } from './audit'
import type { Client, Deps } from './deps'
import { weaknessOf } from './passwords'
import { Refusal } from './refusal'
import { type IssuedSession, issue, newSession } from './sessions'
import { comparablePhone, isBanned } from './users'

/** How long a network stays known after a sign-in from it (settled 28). */
export const KNOWN_NETWORK_MS = 30 * 86_400_000

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
 *   'credentials_wrong' | 'credentials_of_banned_user' | 'email_not_confirmed' | 'phone_not_confirmed' | 'too_many_requests' |
 *   'request_timeout'>}
 */
export async function signInWithPassword(
  deps: Deps,
  { email, phone, password, audience, client }: PasswordSignIn,
): Promise<IssuedSession> {
  const { policy, clock, passwords, store, limits } = deps
  limits.request('tokens', client.ip)
  if (email && phone) throw new Refusal('email_and_phone_at_login')
  if (email && !policy.signup.email) throw new Refusal('email_login_disabled')
  if (phone && !policy.signup.phone) throw new Refusal('phone_login_disabled')
  const identifier = email ? email.toLowerCase() : comparablePhone(phone ?? '')
  if (identifier === '') throw new Refusal('email_or_phone_missing')
  const found = email ? await store.findUserByEmail(identifier) : await store.findUserByPhone(identifier)
  const user = found?.aud === audience && found.deletedAt === null ? found : undefined
  const hash = await provePassword(deps, { user, identifier, password, client })
  if (user && isBanned(user, clock.now())) throw new Refusal('credentials_of_banned_user')
  if (!user || hash === undefined) throw new Refusal('credentials_wrong')
  if (email && user.emailConfirmedAt === null) throw new Refusal('email_not_confirmed')
  if (phone && user.phoneConfirmedAt === null) throw new Refusal('phone_not_confirmed')

  const rehashed = passwords.isOutdated(hash) ? await passwords.hash(password) : undefined
  const now = clock.now()
  const session = newSession(deps, now, user.id, 'password', client)
  const audit = [auditEntry(deps, now, 'login', user, { provider: email ? 'email' : 'phone' })]
  const signedIn = await store.openSession({ session: session.row, now, provenPassword: hash, rehashed, audit })
  switch (signedIn.outcome) {
    case 'opened': {
      const issued = await issue(deps, now, signedIn.opened, session.key)
      return { ...issued, weakness: weaknessOf(policy.password, password) ?? null }
    }
    case 'user_banned':
      throw new Refusal('credentials_of_banned_user')
    case 'user_gone':
    case 'password_changed_meanwhile':
      throw new Refusal('credentials_wrong')
  }
}

interface Proof {
  user: User | undefined
  /** What was given in place of a user who is not there. */
  identifier: string
  password: string
  client: Client
}

/**
 * The one place where a password is guessed at: counted before it is looked at, in the same time whether or not there is
 * an account. @returns the hash that it belongs to, or undefined
 */
export async function provePassword(
  { store, clock, limits, passwords }: Deps,
  { user, identifier, password, client }: Proof,
): Promise<string | undefined> {
  const network = neighbourhood(client.ip)
  const since = clock.now() - KNOWN_NETWORK_MS
  const isKnownNetwork = await store.isKnownNetwork({ userId: user?.id ?? identifier, network, since })
  const takeBack = limits.guess({ account: user?.id ?? identifier, ip: client.ip, isKnownNetwork })
  const hash = user?.encryptedPassword ?? null
  if (!(await passwords.verify(password, hash))) return undefined
  takeBack()
  return hash ?? undefined
}
