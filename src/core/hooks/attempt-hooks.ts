/** Hooks that receive each authentication attempt and may refuse it (docs/hooks.md). */
import type { Factor, User } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { callHook } from './call-hook'

/**
 * Reports a second-factor attempt, right or wrong. If the hook refuses, every session of the user ends.
 * @throws {Refusal} if the hook refuses the attempt, or fails
 */
export async function callMfaAttemptHook(
  context: Context,
  { user, factor, isValid }: { user: User; factor: Factor; isValid: boolean },
): Promise<void> {
  const answer = await callHook(context, 'mfaVerification', {
    user_id: user.id,
    factor_id: factor.id,
    factor_type: factor.factorType,
    valid: isValid,
  })
  if (answer?.decision !== 'reject') return
  await endAllSessions(context, user)
  throw new Refusal('mfa_attempt_rejected', detailOf(answer))
}

/**
 * Reports a password attempt, right or wrong.
 * @throws {Refusal} if the hook refuses the attempt, or fails
 */
export async function callPasswordAttemptHook(
  context: Context,
  { user, isValid }: { user: User; isValid: boolean },
): Promise<void> {
  const answer = await callHook(context, 'passwordVerification', { user_id: user.id, valid: isValid })
  if (answer?.decision !== 'reject') return
  if (answer.should_logout_user) await endAllSessions(context, user)
  throw new Refusal('password_attempt_rejected', detailOf(answer))
}

async function endAllSessions(context: Context, user: User): Promise<void> {
  const audit = [auditEntry(context, 'logout', user)]
  await context.store.endUserSessions({ userId: user.id, which: 'all', audit })
}

const detailOf = ({ message }: { message?: string }) => (message === undefined ? {} : { detail: message })
