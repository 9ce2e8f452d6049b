/** Waiting for a lock of another process, while other requests are served. */

/** How long an operation waits. */
export const LOCK_WAIT_MS = 5000

const RETRY_MS = 20

export const retryDelay = () => new Promise((resolve) => setTimeout(resolve, RETRY_MS))
