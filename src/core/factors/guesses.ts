/** How often somebody may guess at the codes of a user's factors (security cases 7 and 8). */
import { neighbourhood } from '../../lib/ip'
import type { Client, Deps } from '../deps'
import { KNOWN_NETWORK_MS } from '../known-networks'
import { Refusal } from '../refusal'

const MINUTE = 60_000
const LIMIT = { max: 10, windowMs: 15 * MINUTE, maxWindowMs: 24 * 60 * MINUTE }

/**
 * Counts a guess before it is looked at: one budget for all factors of a user, over all challenges, sessions and surfaces,
 * and one of its own for a network from which they passed a factor lately. It is kept in the database and never switched
 * off; a right code ends the count. Each ten wrong ones make the wait a quarter of an hour longer.
 * @throws {Refusal<'too_many_requests' | 'recovery_codes_locked'>}
 */
export async function countGuess(
  { store, clock }: Deps,
  userId: string,
  { ip }: Client,
  reason: 'too_many_requests' | 'recovery_codes_locked' = 'too_many_requests',
): Promise<void> {
  const now = clock.now()
  const retryAfterMs = await store.countFactorAttempt({
    ...{ userId, network: neighbourhood(ip), knownSince: now - KNOWN_NETWORK_MS, limit: LIMIT, now },
  })
  if (retryAfterMs > 0) throw new Refusal(reason, { retryAfterMs })
}
