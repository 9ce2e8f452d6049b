/**
 * One-step sign-in on surfaces without challenges: identifier, password and, if the account has a second factor, its
 * code (docs/decisions.md#d3).
 */
import { identifierKind } from '../accounts/usernames'
import type { Client, Deps } from '../deps'
import { Refusal } from '../refusal'
import { openPasswordSession, type PasswordSession, type WantedTokens } from './password-session'

export interface CredentialSignIn {
  /** An email address, a username or a uid. */
  identifier: string
  password: string
  /** TOTP or recovery code; empty if none was given. */
  code: string
  client: Client
}

/**
 * Opens a session and issues the surface's tokens.
 * @throws {Refusal<'email_login_disabled'>} and as `countCredentials` and `openPasswordSession`
 */
export async function signInWithCredentials(
  deps: Deps,
  signIn: CredentialSignIn,
  wanted: WantedTokens,
): Promise<PasswordSession> {
  countCredentials(deps, signIn)
  if (identifierKind(signIn.identifier) === 'email' && !deps.policy.signup.email)
    throw new Refusal('email_login_disabled')
  return openPasswordSession(deps, {
    ...{ ...signIn, wanted, identifiers: 'any', audience: undefined },
    ban: { reason: 'user_banned', isShownWithoutPassword: false },
  })
}

/**
 * Counts a sign-in, and requires an identifier and a password.
 * @throws {Refusal<'identifier_missing' | 'password_missing' | 'too_many_requests'>}
 */
export function countCredentials(deps: Deps, { identifier, password, client }: CredentialSignIn): void {
  deps.limits.request('tokens', client.ip)
  if (identifier === '') throw new Refusal('identifier_missing')
  if (password === '') throw new Refusal('password_missing')
}
