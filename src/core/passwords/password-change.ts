/** Requirements for changing one's own password (`PUT /user`). */
import { DAY } from '../../lib/milliseconds'
import { isWithin } from '../../lib/time'
import type { Session, TokenUse, User } from '../../store'
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import type { Refund } from '../kernel/rate-limits'
import { Refusal } from '../kernel/refusal'
import { findTokenByCode } from '../tokens/verification-token'
import { attemptPassword, verifyPassword } from './verify-password'

/** Maximum age of a sign-in for a password change without a mailed code. */
export const RECENT_SIGN_IN_MS = DAY

/** Sign-in methods after which the current password is not required, because it may be forgotten. */
const RECOVERY_METHODS = new Set(['otp', 'magiclink', 'recovery'])

export interface PasswordInput {
  password?: string | undefined
  currentPassword?: string | undefined
  /** The code of `GET /reauthenticate`. */
  nonce?: string | undefined
}

interface PasswordChange {
  caller: Caller
  given: PasswordInput
  /** Whether the current password is required, whatever the settings say. */
  needsCurrentPassword: boolean
}

/** What a new password requires, by the settings and the age of the session. */
export interface PasswordRequirements {
  /** The current password. */
  current: boolean
  /** A code by mail or SMS. */
  code: boolean
}

export async function passwordRequirements(
  context: Pick<Context, 'policy' | 'store' | 'now'>,
  { user, session }: Pick<Caller, 'user' | 'session'>,
): Promise<PasswordRequirements> {
  const { requireCurrent, requireReauthentication } = context.policy.password
  const isRecent = session !== undefined && isWithin(session.createdAt, RECENT_SIGN_IN_MS + 1, context.now)
  return {
    code: requireReauthentication && !isRecent,
    current: requireCurrent && user.encryptedPassword !== null && !(await mayHaveForgotten(context, session)),
  }
}

/**
 * Checks the requirements for a new password.
 * @returns its hash, the token that allowed it, and a function to call once it is set: until then, the check that it
 * differs from the current password counts as a guess
 */
export async function authorizePasswordChange(
  context: Context,
  { caller, given, needsCurrentPassword }: PasswordChange,
): Promise<{ hash: string; tokenUse: TokenUse | undefined; done: Refund }> {
  const { passwords } = context
  const { user } = caller
  const { password = '', currentPassword = '', nonce = '' } = given
  const own = { account: user, isEligible: true, identifier: user.id }
  const needs = await passwordRequirements(context, caller)
  const tokenUse = needs.code ? await verifyNonce(context, user, nonce) : undefined
  if (needsCurrentPassword || needs.current) {
    if (currentPassword === '') throw new Refusal('current_password_missing')
    const proven = await verifyPassword(context, { ...own, password: currentPassword })
    if (proven === undefined) throw new Refusal('current_password_wrong')
  }
  if (user.encryptedPassword === null) return { hash: await passwords.hash(password), tokenUse, async done() {} }
  const { hash: present, refund: done } = await attemptPassword(context, { ...own, password })
  if (present !== undefined) {
    await done()
    throw new Refusal('password_unchanged')
  }
  return { hash: await passwords.hash(password), tokenUse, done }
}

/** Whether the session began with a link or code by mail. A hook may have left that out of the token. */
async function mayHaveForgotten({ store }: Pick<Context, 'store'>, session: Session | undefined): Promise<boolean> {
  const methods = session ? await store.findAmr(session.id) : []
  return methods.some(({ authenticationMethod }) => RECOVERY_METHODS.has(authenticationMethod))
}

async function verifyNonce(context: Context, { email, phone }: User, nonce: string) {
  if (nonce === '') throw new Refusal('nonce_missing')
  const to = email !== null ? { email } : phone !== null ? { phone } : undefined
  if (!to) throw new Refusal('nonce_wrong')
  try {
    const { tokenUse, refund } = await findTokenByCode(context, { to, code: nonce, kinds: ['reauthentication'] })
    await refund()
    return tokenUse
  } catch (error) {
    throw error instanceof Refusal && error.reason === 'code_wrong' ? new Refusal('nonce_wrong') : error
  }
}
