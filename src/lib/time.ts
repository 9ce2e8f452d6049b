/**
 * Compares stored times with the clock. Times in the future come from a clock that was set wrong and corrected later.
 * None of them may have an effect for longer than its time span. All values are Unix milliseconds.
 */

/** Whether an optional time is in the future. */
export function isInFuture(instant: number | null, now: number): boolean {
  return instant !== null && instant > now
}

/** Whether a time lies within the span before now. A time in the future does not: it is treated as long ago. */
export function isWithin(instant: number | null, spanMs: number, now: number): instant is number {
  return instant !== null && instant <= now && now - instant < spanMs
}

/** The rest of a wait that started at the given time; 0 if it is over. Never longer than the span. */
export function remainingMs(since: number | null, spanMs: number, now: number): number {
  return isWithin(since, spanMs, now) ? since + spanMs - now : 0
}

/** Time until something is due whose delay is at most the span; 0 if a wrong clock delayed it for longer. */
export function dueInMs(dueAt: number, longestWaitMs: number, now: number): number {
  return dueAt > now + longestWaitMs ? 0 : Math.max(0, dueAt - now)
}

/**
 * Whether something that started at a time and lasts for a span is over. A start further ahead than the span is not
 * valid.
 */
export function hasElapsed(since: number, spanMs: number, now: number): boolean {
  return now > since + spanMs || since > now + spanMs
}

/** Whether something that lasts until just before a time is over, by the same rule. */
export function isExpired({ createdAt, expiresAt }: { createdAt: number; expiresAt: number }, now: number): boolean {
  return now >= expiresAt || hasElapsed(createdAt, expiresAt - createdAt, now)
}
