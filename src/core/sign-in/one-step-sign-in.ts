/**
 * One-step sign-in on surfaces without challenges: identifier, password and, if the account has a second factor, its
 * code (docs/decisions.md#d3).
 */
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { identifierKind } from '../users/usernames'
import { openPasswordSession, type PasswordSession, type WantedTokens } from './password-session'

export interface OneStepSignIn {
  /** An email address, a username or a uid. */
  identifier: string
  password: string
  /** TOTP or recovery code; empty if none was given. */
  code: string
}

/**
 * Opens a session and issues the surface's tokens.
 * @param lifetimeMs how long the session lasts at most; undefined for as long as the settings allow
 */
export async function signInInOneStep(
  context: Context,
  signIn: OneStepSignIn,
  wanted: WantedTokens,
  lifetimeMs?: number,
): Promise<PasswordSession> {
  checkSignInRequest(context, signIn)
  if (identifierKind(signIn.identifier) === 'email' && !context.policy.signup.email)
    throw new Refusal('email_login_disabled')
  return openPasswordSession(context, {
    ...signIn,
    wanted,
    lifetimeMs,
    identifiers: 'any',
    audience: undefined,
    ban: { reason: 'user_banned', isShownWithoutPassword: false },
  })
}

/** Counts a sign-in, and requires an identifier and a password. */
export function checkSignInRequest(context: Context, { identifier, password }: OneStepSignIn): void {
  context.limits.request('tokens', context.client.ip)
  if (identifier === '') throw new Refusal('identifier_missing')
  if (password === '') throw new Refusal('password_missing')
}
