/**
 * Budgets: how many events of a kind may happen in a span of time. One process counts them in memory
 * (`src/core/kernel/memory-budgets.ts`), several on one database count them there together.
 */

/** At most `limit` events of a key in any `windowMs`. */
export interface WindowBudget {
  /** Distinguishes its keys from those of other budgets. */
  name: string
  limit: number
  windowMs: number
  /** How many keys are counted separately in memory, if outsiders can make up keys. */
  maxKeys: number
}

/** `burst` events of a key at once, then one every `refillMs`. */
export interface BucketBudget {
  name: string
  burst: number
  refillMs: number
}

/** A budget counted in memory responds immediately. */
export type Awaitable<T> = T | Promise<T>

export interface Counter<Taken> {
  /** Counts an event, unless the budget is used up. Concurrent callers never get more than the budget allows. */
  take(key: string): Awaitable<Taken>
  /** @returns what `take` would make the caller wait, in milliseconds; nothing is counted */
  waitMs(key: string): Awaitable<number>
  /** Forgets what was counted. */
  clear(key: string): Awaitable<unknown>
}

export interface Taken {
  /** Milliseconds until the budget allows another event; 0 if this one was counted. */
  waitMs: number
}

export interface Refundable extends Taken {
  /** Takes the event back; has no effect if it was not counted. */
  refund(): Awaitable<unknown>
}

export interface Budgets {
  window(budget: WindowBudget): Counter<Refundable>
  bucket(budget: BucketBudget): Counter<Taken>
}
