/** Limits on guesses at a user's second factors (docs/threat-model.md#t7, #t8). */
import { networkPrefix } from '../../lib/ip'
import { DAY, MINUTE } from '../../lib/milliseconds'
import type { CountedAttempt } from '../../store'
import { type Context, withCurrentTime } from '../kernel/context'
import { KNOWN_NETWORK_MS } from '../kernel/known-networks'
import { HOOK_REASONS } from '../kernel/reasons/hook'
import { type Reason, Refusal } from '../kernel/refusal'

export const FACTOR_ATTEMPTS = { max: 10, windowMs: 15 * MINUTE, maxWindowMs: DAY }

/** Failures of third parties: they do not reveal whether the code was right. */
const FAILURES: ReadonlySet<Reason> = new Set<Reason>([
  ...HOOK_REASONS.filter((reason) => reason !== 'hook_refused'),
  'code_check_failed',
])

type LockedReason = 'too_many_requests' | 'recovery_codes_locked'

/**
 * Counts a guess, then checks it. A checked guess counts unless a correct code resets the counter; if the hook or
 * provider that checks it fails, the guess is refunded.
 */
export async function withCountedAttempt<T>(
  context: Context,
  userId: string,
  check: () => Promise<T>,
  reason?: LockedReason,
): Promise<T> {
  const counted = await consumeFactorAttempt(context, userId, reason)
  try {
    return await check()
  } catch (error) {
    if (error instanceof Refusal && FAILURES.has(error.reason))
      await context.store.refundFactorAttempt({ ...counted, limit: FACTOR_ATTEMPTS })
    throw error
  }
}

/**
 * Counts an attempt before it is checked. All factors of a user share one budget, over all challenges, sessions and
 * surfaces; a network from which the user passed a factor recently has its own. The budget is stored in the database
 * and cannot be switched off; a right code resets it. Every ten wrong codes make the wait a quarter of an hour longer.
 */
async function consumeFactorAttempt(
  context: Context,
  userId: string,
  reason: LockedReason = 'too_many_requests',
): Promise<CountedAttempt> {
  const { store, now, client } = withCurrentTime(context)
  const { waitMs, counted } = await store.countFactorAttempt({
    userId,
    network: networkPrefix(client.ip),
    knownSince: now - KNOWN_NETWORK_MS,
    limit: FACTOR_ATTEMPTS,
    now,
  })
  if (waitMs > 0) throw new Refusal(reason, { retryAfterMs: waitMs, limit: 'failed second-factor attempts' })
  return counted
}
