/** Hooks that receive each authentication attempt and may refuse it (docs/wire-contract.md#hooks). */
import type { Factor, User } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
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
  deps: Deps,
  { user, factor, isValid, client }: { user: User; factor: Factor; isValid: boolean; client: Client },
): Promise<void> {
  const hook = deps.policy.hooks.mfaVerification
  if (!hook) return
  const payload = { user_id: user.id, factor_id: factor.id, factor_type: factor.factorType, valid: isValid }
  const answer = (await callHook(deps, hook, { name: 'mfa-verification', payload, client })) as Decision
  if (answer.decision !== 'reject') return
  await endAllSessions(deps, user)
  throw new Refusal('mfa_attempt_rejected', detailOf(answer))
}

/**
 * Reports a password attempt, right or wrong.
 * @throws {Refusal<'password_attempt_rejected'>} or the hook's failure
 */
export async function callPasswordAttemptHook(
  deps: Deps,
  { user, isValid, client }: { user: User; isValid: boolean; client: Client },
): Promise<void> {
  const hook = deps.policy.hooks.passwordVerification
  if (!hook) return
  const payload = { user_id: user.id, valid: isValid }
  const answer = (await callHook(deps, hook, { name: 'password-verification', payload, client })) as Decision
  if (answer.decision !== 'reject') return
  if (answer.should_logout_user === true) await endAllSessions(deps, user)
  throw new Refusal('password_attempt_rejected', detailOf(answer))
}

async function endAllSessions({ store, clock, random }: Deps, user: User): Promise<void> {
  const audit = [auditEntry({ random }, clock.now(), 'logout', user)]
  await store.endUserSessions({ userId: user.id, which: 'all', audit })
}

const detailOf = ({ message }: Decision) => (typeof message === 'string' && message !== '' ? { detail: message } : {})
