/** Password hashing that does not block other requests. */
import { MAX_PASSWORD_BYTES } from '../kernel/policy'
import type { Clock, PasswordHasher, Random } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import type { Passwords } from '../kernel/server-state'

export interface HashingLimits {
  /** Hashes computed at the same time. */
  slots: number
  /** Queue length. */
  queue: number
  maxWaitMs: number
  /** Called after each. @param waited seconds until its turn @param seconds of the hash itself */
  observe?: ((waited: number, seconds: number) => void) | undefined
}

export function passwords(hasher: PasswordHasher, clock: Clock, limits: HashingLimits): Passwords {
  const { enqueue, state } = boundedQueue(clock, limits)
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
    queue: state,
  }
}

export function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_PASSWORD_BYTES
}

const RANDOM_BYTES = 32

/** A password that is not known to anyone, for an account that must have one. */
export const randomPassword = ({ random }: { random: Random }): string =>
  random.bytes(RANDOM_BYTES).toString('base64url')

/** Runs slow work in a fixed number of slots, first come, first served. */
function boundedQueue(clock: Clock, { slots, queue, maxWaitMs, observe }: HashingLimits) {
  const waiting: (() => void)[] = []
  let running = 0
  const enqueue = async <T>(work: () => Promise<T>): Promise<T> => {
    const since = clock.monotonic()
    if (running < slots) running += 1
    else if (waiting.length >= queue)
      throw new Refusal('too_many_requests', { retryAfterMs: maxWaitMs, limit: 'AUTH_PASSWORD_HASH_QUEUE' })
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      const begun = clock.monotonic()
      if (begun - since > maxWaitMs) throw new Refusal('request_timeout')
      const result = await work()
      observe?.((begun - since) / 1000, (clock.monotonic() - begun) / 1000)
      return result
    } finally {
      // the slot passes directly to the next in line, so nothing can overtake it
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
  return { enqueue, state: () => ({ running, waiting: waiting.length }) }
}
