/** Networks (a /24 or /64) from which a user has signed in, or passed a second factor, lately. */

/** How long one stays known (settled 28). */
export const KNOWN_NETWORK_MS = 30 * 86_400_000
