/**
 * Refreshes whose response never reached the client, because the connection was closed before it was written. The
 * client has only the old token and sends it again: a retry, not theft.
 */
import type { Clock } from '../kernel/ports'
import type { LostResponses } from '../kernel/server-state'

/** How long a client may retry. */
const RETRY_MS = 10_000
/** Maximum number of entries; the oldest are dropped. */
const MAX_REMEMBERED = 10_000

export function lostResponses({ monotonic }: Pick<Clock, 'monotonic'>): LostResponses {
  const lost = new Map<string, { made: readonly string[]; at: number }>()
  return {
    watch(gone, used, made) {
      const remember = () => {
        lost.set(used, { made, at: monotonic() })
        const oldest = lost.size > MAX_REMEMBERED ? lost.keys().next().value : undefined
        if (oldest !== undefined) lost.delete(oldest)
      }
      if (gone?.aborted) remember()
      else gone?.addEventListener('abort', remember, { once: true })
    },
    take(used) {
      const found = lost.get(used)
      lost.delete(used)
      return found && monotonic() - found.at < RETRY_MS ? found.made : undefined
    },
  }
}
