/** Hooks that receive each authentication attempt and may refuse it (docs/wire-contract.md#hooks). */
import type { Factor, User } from '../../store'
import { auditEntry } from '../audit'
import type { Context } from '../context'
import { Refusal } from '../refusal'
import { callHook } from './hooks'

interface Decision {
  decision?: unknown
  message?: unknown
  should_logout_user?: unknown
}

/**
 * Reports a second-factor attempt, right or wrong. If the hook refuses, every session of the user ends.
 * @throws {Refusal<'mfa_attempt_rejected'>} or the hook's failure
 */
export async function callMfaAttemptHook(
  context: Context,
  { user, factor, isValid }: { user: User; factor: Factor; isValid: boolean },
): Promise<void> {
  const hook = context.policy.hooks.mfaVerification
  if (!hook) return
  const payload = { user_id: user.id, factor_id: factor.id, factor_type: factor.factorType, valid: isValid }
  const answer = (await callHook(context, hook, { name: 'mfa-verification', payload })) as Decision
  if (answer.decision !== 'reject') return
  await endAllSessions(context, user)
  throw new Refusal('mfa_attempt_rejected', detailOf(answer))
}

/**
 * Reports a password attempt, right or wrong.
 * @throws {Refusal<'password_attempt_rejected'>} or the hook's failure
 */
export async function callPasswordAttemptHook(
  context: Context,
  { user, isValid }: { user: User; isValid: boolean },
): Promise<void> {
  const hook = context.policy.hooks.passwordVerification
  if (!hook) return
  const payload = { user_id: user.id, valid: isValid }
  const answer = (await callHook(context, hook, { name: 'password-verification', payload })) as Decision
  if (answer.decision !== 'reject') return
  if (answer.should_logout_user === true) await endAllSessions(context, user)
  throw new Refusal('password_attempt_rejected', detailOf(answer))
}

async function endAllSessions(context: Context, user: User): Promise<void> {
  const audit = [auditEntry(context, 'logout', user)]
  await context.store.endUserSessions({ userId: user.id, which: 'all', audit })
}

const detailOf = ({ message }: Decision) => (typeof message === 'string' && message !== '' ? { detail: message } : {})
