/**
 * Compares stored instants with the clock. A clock that ran ahead and was corrected leaves instants in the future. None
 * of them may count for longer than its span. All values are Unix milliseconds.
 */

/** Whether an optional instant is in the future. */
export function isAhead(instant: number | null, now: number): boolean {
  return instant !== null && instant > now
}

/** Whether an instant lies within the span before now. An instant in the future does not: it counts as long ago. */
export function isWithin(instant: number | null, spanMs: number, now: number): instant is number {
  return instant !== null && instant <= now && now - instant < spanMs
}

/** The rest of a wait that began at an instant, 0 if it is over. Never longer than the span. */
export function remainingMs(since: number | null, spanMs: number, now: number): number {
  return isWithin(since, spanMs, now) ? since + spanMs - now : 0
}

/**
 * Time until something is due that is never delayed for longer than the span; 0 if a wrong clock delayed it for longer.
 */
export function dueInMs(dueAt: number, longestWaitMs: number, now: number): number {
  return dueAt > now + longestWaitMs ? 0 : Math.max(0, dueAt - now)
}

/**
 * Whether something that began at an instant and lasts for a span is over. An instant further ahead than the span is
 * not valid.
 */
export function isOver(since: number, spanMs: number, now: number): boolean {
  return now > since + spanMs || since > now + spanMs
}

/** Whether something that lasts until just before an instant is over, by the same rule. */
export function isExpired({ createdAt, expiresAt }: { createdAt: number; expiresAt: number }, now: number): boolean {
  return now >= expiresAt || isOver(createdAt, expiresAt - createdAt, now)
}
