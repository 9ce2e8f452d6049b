/** Budgets counted in memory. The time is that of a monotonic clock. */
import type { Budgets } from '../../store'
import type { Clock } from './ports'

const MAX_KEYS = 50_000
const SHARED_KEYS = 1024
/** Below this size a map is not swept. */
const SMALL_MAP = 1000

/**
 * If outsiders can make up keys, the number of counters is bounded, and new keys beyond that share counters instead of
 * evicting others.
 */
export function memoryBudgets({ monotonic }: Pick<Clock, 'monotonic'>): Budgets {
  return {
    window({ limit, windowMs, maxKeys }) {
      const window = slidingWindow(limit, windowMs, maxKeys)
      return {
        take: (key) => window.take(key, monotonic()),
        waitMs: (key) => window.waitMs(key, monotonic()),
        clear: window.clear,
      }
    },
    bucket({ burst, refillMs }) {
      const bucket = tokenBucket(burst, 1 / refillMs)
      return {
        take: (key) => ({ waitMs: bucket(key, monotonic()) }),
        waitMs: (key) => bucket(key, monotonic(), 0),
        clear: bucket.clear,
      }
    },
  }
}

/**
 * `burst` at once, then `perMs` per millisecond. Takes one token; with a `cost` of 0, none.
 * @returns the milliseconds to wait, 0 for none
 */
export function tokenBucket(burst: number, perMs: number) {
  interface Level {
    tokens: number
    at: number
  }
  const levelAt = ({ tokens, at }: Level, now: number) => Math.min(burst, tokens + (now - at) * perMs)
  const levels = boundedMap<Level>((level, now) => levelAt(level, now) >= burst, MAX_KEYS)
  const take = (key: string, now: number, cost = 1): number => {
    const level = levels.get(key, now, () => ({ tokens: burst, at: now }))
    level.tokens = levelAt(level, now)
    level.at = now
    if (level.tokens < 1) return (1 - level.tokens) / perMs
    level.tokens -= cost
    return 0
  }
  return Object.assign(take, { clear: levels.forget })
}

/** At most `limit` in any `windowMs`. */
function slidingWindow(limit: number, windowMs: number, maxKeys: number) {
  const histories = boundedMap<number[]>((history, now) => (history.at(-1) ?? -Infinity) <= now - windowMs, maxKeys)
  const current = (key: string, now: number): number[] => {
    const history = histories.get(key, now, () => [])
    while (history.length > 0 && (history[0] as number) <= now - windowMs) history.shift()
    return history
  }
  const waitOf = (history: number[], now: number) =>
    history.length >= limit ? (history[0] as number) + windowMs - now : 0
  return {
    clear: histories.forget,
    waitMs: (key: string, now: number): number => waitOf(current(key, now), now),
    take(key: string, now: number): { waitMs: number; refund(): void } {
      const history = current(key, now)
      const waitMs = waitOf(history, now)
      if (waitMs > 0) return { waitMs, refund() {} }
      history.push(now)
      return {
        waitMs: 0,
        refund() {
          const index = history.lastIndexOf(now)
          if (index >= 0) history.splice(index, 1)
        },
      }
    },
  }
}

/** A map that forgets entries that are `isIdle`; beyond `maxKeys`, new keys share entries. */
function boundedMap<Value>(isIdle: (value: Value, now: number) => boolean, maxKeys: number) {
  const map = new Map<string, Value>()
  let sweepAt = SMALL_MAP
  return {
    forget: (key: string): boolean => map.delete(key),
    get(key: string, now: number, make: () => Value): Value {
      const own = map.get(key)
      if (own !== undefined) return own
      if (map.size >= sweepAt) {
        for (const [each, value] of map) if (isIdle(value, now)) map.delete(each)
        // Not again before the map has doubled, so a sweep costs little per new key.
        sweepAt = Math.max(SMALL_MAP, 2 * map.size)
      }
      const counter = map.size < maxKeys ? key : `shared ${checksum(key) % SHARED_KEYS}`
      const value = map.get(counter) ?? make()
      map.set(counter, value)
      return value
    },
  }
}

/** FNV-1a. */
function checksum(text: string): number {
  let sum = 2_166_136_261
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 16_777_619) >>> 0
  return sum
}
