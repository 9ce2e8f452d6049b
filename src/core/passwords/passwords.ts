/** Hashing passwords without holding up anything else. */
import { MAX_PASSWORD_BYTES } from '../policy'
import type { Clock, PasswordHasher } from '../ports'
import { Refusal } from '../refusal'

export interface Passwords {
  /** @throws {Refusal<'too_many_requests' | 'request_timeout'>} where too much waits to be hashed */
  hash(password: string): Promise<string>
  /**
   * Whether the password belongs to the hash. Without a hash it takes as long and is false, so that nobody can tell
   * accounts apart by the clock.
   * @throws {Refusal<'too_many_requests' | 'request_timeout'>}
   */
  verify(password: string, hash: string | null): Promise<boolean>
  accepts(hash: string): boolean
  isOutdated(hash: string): boolean
}

export interface HashingLimits {
  /** Hashes computed at the same time. */
  slots: number
  /** Hashes that may wait beside them. */
  queue: number
  maxWaitMs: number
}

export function passwords(hasher: PasswordHasher, clock: Clock, limits: HashingLimits): Passwords {
  const enqueue = boundedQueue(clock, limits)
  return {
    hash: (password) => enqueue(() => hasher.hash(password)),
    verify: (password, hash) =>
      enqueue(async () => {
        const isComparable = hash !== null && hasher.accepts(hash) && password !== '' && !isTooLong(password)
        const matches = await hasher.verify(isComparable ? password : 'no password', isComparable ? hash : hasher.decoy)
        return isComparable && matches
      }),
    accepts: hasher.accepts,
    isOutdated: hasher.isOutdated,
  }
}

export function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_PASSWORD_BYTES
}

/** Runs slow work in a fixed number of slots, first come first served. */
function boundedQueue(clock: Clock, { slots, queue, maxWaitMs }: HashingLimits) {
  const waiting: (() => void)[] = []
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    const since = clock.monotonic()
    if (running < slots) running += 1
    else if (waiting.length >= queue)
      throw new Refusal('too_many_requests', { retryAfterMs: maxWaitMs, limit: 'AUTH_PASSWORD_HASH_QUEUE' })
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      if (clock.monotonic() - since > maxWaitMs) throw new Refusal('request_timeout')
      return await work()
    } finally {
      // the slot goes straight to the next in line, so nobody slips in between
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
