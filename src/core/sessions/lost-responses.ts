/**
 * Refreshes whose response never reached the client, because the connection was closed before it was written. The
 * client has only the old token and sends it again: a retry, not theft.
 */
import type { LostResponseStore } from '../../store'
import type { Clock } from '../kernel/ports'
import type { LostResponses } from '../kernel/server-state'

/** How long a client may retry. */
const RETRY_MS = 10_000
/** The server that the client has left may still be storing what was lost, while another one has the retry. */
const LOOK_AGAIN_MS = 250
/** Maximum number of entries in memory; the oldest are dropped. */
const MAX_REMEMBERED = 10_000

/** @param shared where processes that share a database keep them; by default, they are in memory */
export function lostResponses(clock: Clock, shared?: LostResponseStore): LostResponses {
  const [lost, time] = shared ? [shared, clock.now] : [inMemory(), clock.monotonic]
  return {
    watch(gone, used, made) {
      const remember = () => {
        // If it cannot be stored, the retry counts as reuse.
        lost.remember(used, made, time() + RETRY_MS).catch(() => {})
      }
      if (gone?.aborted) remember()
      else gone?.addEventListener('abort', remember, { once: true })
    },
    async take(used) {
      const made = await lost.take(used, time())
      if (made || !shared) return made
      await clock.sleep(LOOK_AGAIN_MS)
      return shared.take(used, time())
    },
  }
}

function inMemory(): LostResponseStore {
  const lost = new Map<string, { made: readonly string[]; expiresAt: number }>()
  return {
    async remember(used, made, expiresAt) {
      lost.set(used, { made, expiresAt })
      const oldest = lost.size > MAX_REMEMBERED ? lost.keys().next().value : undefined
      if (oldest !== undefined) lost.delete(oldest)
    },
    async take(used, now) {
      const found = lost.get(used)
      lost.delete(used)
      return found && now < found.expiresAt ? found.made : undefined
    },
  }
}
