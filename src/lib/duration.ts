/** Durations in Go's syntax (`10s`, `1h30m`, `-2h`, `300ms`), the form GoTrue's settings and `ban_duration` use. */
import { HOUR, MINUTE } from './milliseconds'

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: MINUTE,
  h: HOUR,
}
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/** Go stores a duration in 63 bits of nanoseconds, about 292 years. */
const MAX_MS = 2 ** 63 / 1e6

/** @returns milliseconds, or undefined if Go's `time.ParseDuration` would reject the text */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return 0
  let ms = 0
  TERM.lastIndex = 0
  while (TERM.lastIndex < body.length) {
    const term = TERM.exec(body)
    if (!term) return undefined
    ms += Number(term[1]) * (UNIT_MS[term[2] as string] as number)
  }
  return body === '' || ms > MAX_MS ? undefined : sign * ms
}

/** The shortest way to write whole seconds in Go's syntax. @param ms milliseconds */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}
