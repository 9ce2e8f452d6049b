/** Whether an instant that may be missing is still to come. Both in Unix milliseconds. */
export function isAhead(instant: number | null, now: number): boolean {
  return instant !== null && instant > now
}
