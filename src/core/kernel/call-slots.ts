/**
 * The maximum number of requests that wait for one hook, SMS provider or captcha provider at a time, so that one that
 * hangs does not block the others.
 */
const SLOTS = 32

const inFlight = new WeakMap<object, number>()

/** @param peer the hook or provider @returns undefined, without calling, if too many requests are waiting for it */
export async function withCallSlot<T>(peer: object, call: () => Promise<T>): Promise<T | undefined> {
  const waiting = inFlight.get(peer) ?? 0
  if (waiting >= SLOTS) return undefined
  inFlight.set(peer, waiting + 1)
  try {
    return await call()
  } finally {
    inFlight.set(peer, (inFlight.get(peer) ?? 1) - 1)
  }
}
