/** Timestamps as text (RFC 3339). */

/** Instants that a formatter remembers. */
const SLOTS = 256

/**
 * Remembers the texts of recent times: an answer contains few different times, each more than once, and the next
 * answers contain the same ones.
 * @param format formats Unix milliseconds
 */
export function memoize(format: (ms: number) => string): (ms: number) => string {
  const instants = new Array<number>(SLOTS).fill(Number.NaN)
  const texts = new Array<string>(SLOTS).fill('')
  return (ms) => {
    const slot = ms & (SLOTS - 1)
    if (instants[slot] === ms) return texts[slot] as string
    const text = format(ms)
    instants[slot] = ms
    texts[slot] = text
    return text
  }
}

/** With milliseconds, such as `2026-01-01T00:00:00.120Z`. */
export const isoTime = memoize((ms) => new Date(ms).toISOString())

/** As Go prints it, without trailing zeros in the fraction, such as `2026-01-01T00:00:00.12Z`. */
export const goTime = memoize((ms) => {
  const iso = isoTime(ms)
  return ms % 1000 === 0 ? `${iso.slice(0, 19)}Z` : `${iso.slice(0, -1).replace(/0+$/, '')}Z`
})

/** The same, or another value in place of null. */
export const goTimeOr = <Missing>(ms: number | null, missing: Missing): string | Missing =>
  ms === null ? missing : goTime(ms)
