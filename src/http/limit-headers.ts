/** Response headers of a limit that was reached: when to retry (RFC 9110 §10.2.3), and which limit it was. */
import type { Detail } from '../core/kernel/refusal'

/** Names the setting of the limit, so that operators do not have to guess. */
const LIMIT_HEADER = 'x-rate-limit-setting'

export function limitHeaders({ retryAfterMs, waitMs, limit }: Detail): Record<string, string> {
  const ms = retryAfterMs ?? waitMs
  return {
    ...(ms !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) }),
    ...(limit !== undefined && { [LIMIT_HEADER]: limit }),
  }
}
