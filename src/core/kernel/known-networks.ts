/** Networks (a /24 or /64) from which a user signed in or passed a second factor recently. */
import { DAY } from '../../lib/milliseconds'

/** How long a network is remembered (docs/decisions.md#d28). */
export const KNOWN_NETWORK_MS = 30 * DAY
