/** The system clock and random source. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock, Random } from '../core/kernel/ports'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  bytes: (length) => randomBytes(length),
}
