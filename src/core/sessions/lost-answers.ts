/**
 * Refreshes whose response never reached the client, because the connection was closed before it was written. The
 * client has only the old token and sends it again: a retry, not theft.
 */
import type { Clock } from '../ports'

/** How long a client may retry. */
const RETRY_MS = 10_000
/** Maximum number of entries; the oldest are dropped. */
const MAX_REMEMBERED = 10_000

export interface LostAnswers {
  /**
   * Records the successors of a rotated token if the response is lost.
   * @param gone aborted if the client disconnects before the response @param used lookup id of the token @param made
   *   lookup ids of its successors
   */
  watch(gone: AbortSignal | undefined, used: string, made: readonly string[]): void
  /** The successors that never reached the client. Returned once. */
  take(used: string): readonly string[] | undefined
}

export function lostAnswers({ monotonic }: Pick<Clock, 'monotonic'>): LostAnswers {
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
