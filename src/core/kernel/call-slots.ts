/**
 * The maximum number of requests that wait for one hook, SMS provider or captcha provider at a time, so that one that
 * hangs does not block the others.
 */
export const CALL_SLOTS = 32

interface Slots {
  taken: number
  /** Starts the calls that wait for a slot; the first is the oldest. */
  queue: (() => void)[]
}

const slotsOf = new WeakMap<object, Slots>()

/** @param peer the hook or provider @returns undefined, without calling, if too many requests are waiting for it */
export async function withCallSlot<T>(peer: object, call: () => Promise<T>): Promise<T | undefined> {
  const slots = slotsFor(peer)
  return slots.taken < CALL_SLOTS ? callIn(slots, call) : undefined
}

/** The calls that may wait for a slot. */
export interface CallQueue {
  max: number
  /** Resolves when a call has waited long enough. */
  patience: () => Promise<unknown>
}

/** As `withCallSlot`, but waits for a slot. @returns why it was not called, or its result */
export async function withQueuedCallSlot<T>(
  peer: object,
  { max, patience }: CallQueue,
  call: () => Promise<T>,
): Promise<{ result: T } | 'queue_full' | 'waited_too_long'> {
  const slots = slotsFor(peer)
  if (slots.taken < CALL_SLOTS) return { result: await callIn(slots, call) }
  if (slots.queue.length >= max) return 'queue_full'
  const { promise: turn, resolve: start } = Promise.withResolvers<void>()
  slots.queue.push(start)
  await Promise.race([turn, patience()])
  const place = slots.queue.indexOf(start)
  if (place === -1) return { result: await finish(slots, call) }
  slots.queue.splice(place, 1)
  return 'waited_too_long'
}

function slotsFor(peer: object): Slots {
  const slots = slotsOf.get(peer) ?? { taken: 0, queue: [] }
  slotsOf.set(peer, slots)
  return slots
}

function callIn<T>(slots: Slots, call: () => Promise<T>): Promise<T> {
  slots.taken += 1
  return finish(slots, call)
}

/** Calls in a slot that is taken, and passes it on. */
async function finish<T>(slots: Slots, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } finally {
    const next = slots.queue.shift()
    if (next) next()
    else slots.taken -= 1
  }
}
