/**
 * Limits on requests and on guesses. They count in memory and with a clock that is never set back; how many keys they
 * remember is bounded, and beyond that newcomers share counters rather than push others out.
 */
import { limitKey, neighbourhood } from '../lib/ip'
import type { Policy } from './policy'
import type { Clock } from './ports'
import { Refusal } from './refusal'

const MINUTE = 60_000
const HOUR = 3_600_000
/** GoTrue's burst for everything but anonymous sign-ins (contract 0.7). */
const BURST = 30
const MAX_KEYS = 50_000
const SHARED_KEYS = 1024

/** A counter of its own for each kind of request; changes of the own account are apart from sign-ups. */
export type Bucket = 'tokens' | 'signUps' | 'anonymous' | 'userChanges'

export interface Guess {
  /** The account's id; for an unknown one the identifier that was given. */
  account: string
  ip: string
  /** Whether the account signed in from the network of `ip` lately. */
  isKnownNetwork: boolean
}

export interface RateLimits {
  /** Counts a request. @throws {Refusal<'too_many_requests'>} */
  request(bucket: Bucket, ip: string): void
  /**
   * Counts a guess at an account's password, before it is looked at, whatever the way in.
   * @returns takes the guess back, for when it was right
   * @throws {Refusal<'too_many_requests'>}
   */
  guess(guess: Guess): () => void
}

export function rateLimits({ limits }: Policy, clock: Clock): RateLimits {
  if (!limits.enabled) return { request() {}, guess: () => () => {} }
  const buckets: Record<Bucket, ReturnType<typeof tokenBucket>> = {
    tokens: tokenBucket(BURST, limits.tokensPer5Minutes / (5 * MINUTE)),
    signUps: tokenBucket(BURST, limits.signUpsPer5Minutes / (5 * MINUTE)),
    userChanges: tokenBucket(BURST, limits.signUpsPer5Minutes / (5 * MINUTE)),
    anonymous: tokenBucket(limits.anonymousPerHour, limits.anonymousPerHour / HOUR),
  }
  const byAccount = slidingWindow(limits.guessesPerAccountAndHour, HOUR)
  const byNetwork = slidingWindow(limits.guessesPerNetworkAndHour, HOUR)
  return {
    request(bucket, ip) {
      const waitMs = buckets[bucket](limitKey(ip), clock.monotonic())
      if (waitMs > 0) throw new Refusal('too_many_requests', { retryAfterMs: waitMs })
    },
    guess({ account, ip, isKnownNetwork }) {
      const now = clock.monotonic()
      const network = neighbourhood(ip)
      // A stranger's guesses cannot use up what the owner has at home, and at home the network's count does not matter.
      const counts = isKnownNetwork
        ? [byAccount.take(`${account} ${network}`, now)]
        : [byAccount.take(account, now), byNetwork.take(network, now)]
      const takeBack = () => {
        for (const count of counts) count.takeBack()
      }
      const waitMs = Math.max(...counts.map((count) => count.waitMs))
      if (waitMs === 0) return takeBack
      takeBack()
      throw new Refusal('too_many_requests', { retryAfterMs: waitMs })
    },
  }
}

/** `burst` at once, then `perMs` a millisecond. The function takes one token. @returns 0, or the milliseconds to wait for one */
function tokenBucket(burst: number, perMs: number) {
  interface Level {
    tokens: number
    at: number
  }
  const levelAt = ({ tokens, at }: Level, now: number) => Math.min(burst, tokens + (now - at) * perMs)
  const levels = boundedMap<Level>((level, now) => levelAt(level, now) >= burst)
  return (key: string, now: number): number => {
    const level = levels.get(key, now, () => ({ tokens: burst, at: now }))
    level.tokens = levelAt(level, now)
    level.at = now
    if (level.tokens < 1) return (1 - level.tokens) / perMs
    level.tokens -= 1
    return 0
  }
}

/** At most `limit` in any `windowMs`. */
function slidingWindow(limit: number, windowMs: number) {
  const histories = boundedMap<number[]>((history, now) => (history.at(-1) ?? -Infinity) <= now - windowMs)
  return {
    take(key: string, now: number): { waitMs: number; takeBack(): void } {
      const history = histories.get(key, now, () => [])
      while (history.length > 0 && (history[0] as number) <= now - windowMs) history.shift()
      if (history.length >= limit) return { waitMs: (history[0] as number) + windowMs - now, takeBack() {} }
      history.push(now)
      return {
        waitMs: 0,
        takeBack() {
          const index = history.lastIndexOf(now)
          if (index >= 0) history.splice(index, 1)
        },
      }
    },
  }
}

/** A map that forgets what `isIdle` once it is full, and then shares entries among new keys. */
function boundedMap<Value>(isIdle: (value: Value, now: number) => boolean) {
  const map = new Map<string, Value>()
  let nextSweep = 0
  return {
    get(key: string, now: number, make: () => Value): Value {
      const own = map.get(key)
      if (own !== undefined) return own
      if (map.size >= MAX_KEYS && now >= nextSweep) {
        for (const [each, value] of map) if (isIdle(value, now)) map.delete(each)
        // Sweeping at every new key would be an attack of its own.
        nextSweep = now + MINUTE
      }
      const place = map.size < MAX_KEYS ? key : `shared ${checksum(key) % SHARED_KEYS}`
      const value = map.get(place) ?? make()
      map.set(place, value)
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
