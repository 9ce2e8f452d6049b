/** Delays between repeated attempts. */

const FIRST_MS = 5000
/** Beyond this many doublings every delay has reached its maximum. */
const MAX_DOUBLINGS = 10

/**
 * The delay before the next attempt: 5 s, 10 s, 20 s, and so on.
 * @param attempts how many were made, at least 1
 * @param maxMs the maximum delay in milliseconds
 */
export const backOffMs = (attempts: number, maxMs: number): number =>
  Math.min(maxMs, FIRST_MS * 2 ** Math.min(attempts - 1, MAX_DOUBLINGS))
