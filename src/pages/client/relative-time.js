const UNITS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/**
 * Such as "3 days ago".
 * @param value RFC 3339, Unix milliseconds or a Date
 * @param format an `Intl.RelativeTimeFormat`
 */
export function relativeTime(value, format) {
  const seconds = (new Date(value).getTime() - Date.now()) / 1000
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1]
  return format.format(Math.trunc(seconds / size), unit)
}
