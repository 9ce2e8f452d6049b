/** What must be known before a user's own password is changed (contract 1.6). */
import { isWithin } from '../../lib/time'
import type { User, UserChange } from '../../store'
import type { Caller } from '../caller'
import type { Client, Deps } from '../deps'
import { Refusal } from '../refusal'
import { identifyCode } from '../tokens/verification-token'
import { guessPassword, provePassword } from './password-guess'

/** How old a sign-in may be for a password to be changed without a mailed code. */
const RECENT_SIGN_IN_MS = 86_400_000

/** Ways of signing in after which nobody can be asked for the password they may have forgotten. */
const RECOVERY_METHODS = new Set(['otp', 'magiclink', 'recovery'])

export interface PasswordGiven {
  password?: string | undefined
  currentPassword?: string | undefined
  /** The code of a reauthentication. */
  nonce?: string | undefined
}

interface PasswordChange {
  caller: Caller
  given: PasswordGiven
  client: Client
  /** Whether the present password is asked for, whatever the settings say. */
  needsCurrentPassword: boolean
}

/**
 * Checks what must be known before a new password is set.
 * @returns its hash, the token that allowed it, and what to call once it is set: until then, that it is not the present
 *   one counts as a guess
 */
export async function newPassword(
  deps: Deps,
  { caller, given, client, needsCurrentPassword }: PasswordChange,
): Promise<{ hash: string; spend: UserChange['spend']; done(): void }> {
  const { policy, passwords, clock } = deps
  const { user, session, claims } = caller
  const { password = '', currentPassword = '', nonce = '' } = given
  const own = { account: user, isEligible: true, identifier: user.id, client }
  const isRecent = session !== undefined && isWithin(session.createdAt, RECENT_SIGN_IN_MS + 1, clock.now())
  const spend = policy.password.requireReauthentication && !isRecent ? await proveNonce(deps, user, nonce) : undefined
  const methods = Array.isArray(claims.amr)
    ? claims.amr.map((claim) => (claim as { method?: string })?.method ?? '')
    : []
  const mayHaveForgotten = methods.some((method) => RECOVERY_METHODS.has(method))
  const isAskedFor = policy.password.requireCurrent && user.encryptedPassword !== null && !mayHaveForgotten
  if (needsCurrentPassword || isAskedFor) {
    if (currentPassword === '') throw new Refusal('current_password_missing')
    const proven = await provePassword(deps, { ...own, password: currentPassword })
    if (proven === undefined) throw new Refusal('current_password_wrong')
  }
  if (user.encryptedPassword === null) return { hash: await passwords.hash(password), spend, done() {} }
  const { hash: present, takeBack: done } = await guessPassword(deps, { ...own, password })
  if (present !== undefined) {
    done()
    throw new Refusal('password_unchanged')
  }
  return { hash: await passwords.hash(password), spend, done }
}

/** @throws {Refusal<'nonce_missing' | 'nonce_wrong' | 'too_many_requests'>} */
async function proveNonce(deps: Deps, { email, phone }: User, nonce: string) {
  if (nonce === '') throw new Refusal('nonce_missing')
  const to = email !== null ? { email } : phone !== null ? { phone } : undefined
  if (!to) throw new Refusal('nonce_wrong')
  try {
    const { spend, takeBack } = await identifyCode(deps, { to, code: nonce, kinds: ['reauthentication'] })
    takeBack()
    return spend
  } catch (error) {
    throw error instanceof Refusal && error.reason === 'code_wrong' ? new Refusal('nonce_wrong') : error
  }
}
