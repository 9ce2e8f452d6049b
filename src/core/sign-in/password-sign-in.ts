/** Sign-in with a password (`POST /token?grant_type=password`). */
import type { Context } from '../kernel/context'
import { Refusal, type Weakness } from '../kernel/refusal'
import { weaknessOf } from '../passwords/password-strength'
import { type IssuedSession, issueFirstTokens } from '../sessions/issue-tokens'
import { comparablePhone } from '../users/users'
import { openPasswordSession } from './password-session'

export interface PasswordSignIn {
  email: string | undefined
  phone: string | undefined
  password: string
  audience: string
}

/** Opens a session for the right password. */
export async function signInWithPassword(
  context: Context,
  { email, phone, password, audience }: PasswordSignIn,
): Promise<IssuedSession> {
  const { policy, limits, client } = context
  limits.request('tokens', client.ip)
  if (email && phone) throw new Refusal('email_and_phone_at_login')
  if (email && !policy.signup.email) throw new Refusal('email_login_disabled')
  if (phone && !policy.signup.phone) throw new Refusal('phone_login_disabled')
  const identifier = email || comparablePhone(phone ?? '')
  if (identifier === '') throw new Refusal('email_or_phone_missing')
  const {
    context: begun,
    opened,
    made,
  } = await openPasswordSession(context, {
    identifier,
    password,
    audience,
    code: undefined,
    wanted: [],
    // The email field also accepts a username; supabase-js has no other field for it.
    identifiers: email ? 'email_or_username' : 'phone',
    ban: { reason: 'credentials_of_banned_user', isShownWithoutPassword: true },
  })
  const issued = await issueFirstTokens(begun, opened, made)
  return { ...issued, weakness: await reportedWeakness(context, password) }
}

/** Reported with the session; it prevents nothing. */
async function reportedWeakness(context: Context, password: string): Promise<Weakness | null> {
  try {
    return (await weaknessOf(context, password)) ?? null
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}
