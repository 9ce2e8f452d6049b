/** How often somebody may guess at the codes of a user's factors (security cases 7 and 8). */
import type { Deps } from '../deps'
import { Refusal } from '../refusal'

const LIMIT = { max: 10, windowMs: 15 * 60_000 }

/**
 * Counts a guess before it is looked at: one budget for all factors of a user, over all challenges, sessions and surfaces.
 * It is kept in the database and never switched off; a right code ends the count.
 * @throws {Refusal<'too_many_requests' | 'recovery_codes_locked'>}
 */
export async function countGuess(
  { store, clock }: Deps,
  userId: string,
  reason: 'too_many_requests' | 'recovery_codes_locked' = 'too_many_requests',
): Promise<void> {
  const retryAfterMs = await store.countFactorAttempt({ userId, limit: LIMIT, now: clock.now() })
  if (retryAfterMs > 0) throw new Refusal(reason, { retryAfterMs })
}
