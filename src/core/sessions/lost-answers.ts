/**
 * Refreshes whose answer never reached the client, since its connection was gone before it was written. The client has only the
 * token it sent, and sends it again: a retry, and no sign of theft.
 */
import type { Clock } from '../ports'

/** How long a client has for its retry. */
const RETRY_MS = 10_000
/** How many are remembered; of more, the oldest are forgotten. */
const MAX_REMEMBERED = 10_000

export interface LostAnswers {
  /**
   * Remembers what a token was rotated into, if the answer with it is lost.
   * @param gone aborted where the client goes away before it has its answer @param used lookup id of the token @param made those
   * of its successors
   */
  watch(gone: AbortSignal | undefined, used: string, made: readonly string[]): void
  /** The successors that never reached the client, once. */
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
