/** The limits by which this process has refused requests, for administrators (docs/admin-api.md#rate-limits). */
import type { Clock } from './ports'

/** Beyond this number, the oldest are forgotten. */
const MAX_HITS = 1000

export interface LimitHit {
  /** What is limited, such as `code` or `request tokens`. */
  rule: string
  /** The counter of the rule. */
  key: string
  setting: string
  /** Who is limited; null for an identifier without an account, since people type passwords there. */
  subject: string | null
  kind: 'account' | 'network' | 'address' | 'server' | 'unknown'
}

export interface LimitHits {
  /** @param waitMs until the limit allows something again */
  note(hit: LimitHit, waitMs: number): void
  /** Those that still refuse something, with the end in Unix milliseconds; the latest first. */
  list(): (LimitHit & { until: number })[]
  forget(rule: string, key: string): void
}

export function limitHits({ now, monotonic }: Pick<Clock, 'now' | 'monotonic'>): LimitHits {
  const hits = new Map<string, { hit: LimitHit; until: number }>()
  const placeOf = (rule: string, key: string) => `${rule}\n${key}`
  return {
    note(hit, waitMs) {
      const place = placeOf(hit.rule, hit.key)
      // The latest is at the end.
      hits.delete(place)
      const [oldest] = hits.keys()
      if (hits.size >= MAX_HITS && oldest !== undefined) hits.delete(oldest)
      hits.set(place, { hit, until: monotonic() + waitMs })
    },
    list() {
      const at = monotonic()
      for (const [place, { until }] of hits) if (until <= at) hits.delete(place)
      return [...hits.values()].reverse().map(({ hit, until }) => ({ ...hit, until: now() + Math.ceil(until - at) }))
    },
    forget: (rule, key) => void hits.delete(placeOf(rule, key)),
  }
}
