/** Timers that keep no process alive and leave nothing behind. */

/** Runs work at an interval, until the timer is cleared. */
export function every(ms: number, work: () => void): Timer {
  return setInterval(work, ms).unref()
}

/**
 * Waits for work, but not longer than a time. The work itself goes on.
 * @param onLate returns, or throws, what the caller gets if the time is over
 */
export async function within<T, Late>(ms: number, work: Promise<T>, onLate: () => Late): Promise<T | Late> {
  let timer: Timer | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  return Promise.race([work, late.then(onLate)]).finally(() => clearTimeout(timer))
}
