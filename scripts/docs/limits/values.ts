/** How docs/limits.md writes durations, defaults of settings, and tables. */
import { allSettings } from '../../../src/config'
import { DAY, HOUR, MINUTE } from '../../../src/lib/milliseconds'

/** The API families, as the documentation calls them. */
export const GOTRUE = '`/auth/v1`'
export const SERVICE = '`/api/auth`'
export const FEDERATION = 'federation'
export const ALL = 'all'

/** What may change a value. */
export const FIXED = 'fixed'

const UNITS: [ms: number, one: string, many: string][] = [
  [DAY, 'day', 'days'],
  [HOUR, 'hour', 'hours'],
  [MINUTE, 'minute', 'minutes'],
  [1000, 'second', 'seconds'],
]

/** In the largest unit that leaves no fraction, days only from two on; a longer one also in two units. */
export function duration(ms: number): string {
  if (ms === 0) return '0 seconds'
  const rest = ms % HOUR
  if (ms > HOUR && rest > 0) return `${duration(ms - rest)} and ${duration(rest)}`
  const [size, one, many] = UNITS.find(([unit]) => ms % unit === 0 && (unit < DAY || ms > unit)) ?? [1, 'ms', 'ms']
  const count = ms / size
  return `${count} ${count === 1 ? one : many}`
}

export function bytes(count: number): string {
  if (count % 1_048_576 === 0) return `${count / 1_048_576} MiB`
  return count % 1024 === 0 ? `${count / 1024} KiB` : `${number(count)} bytes`
}

export const number = (count: number): string => count.toLocaleString('en')

/** The default of a setting, for people. @throws if there is no such setting */
export function byDefault(name: string): string {
  const setting = allSettings.find(({ names }) => names[0] === name)
  if (!setting) throw new Error(`there is no setting ${name}`)
  if (setting.defaultNote !== undefined) return setting.defaultNote
  if (setting.default === undefined) throw new Error(`${name} has no default`)
  if (typeof setting.default !== 'number') return String(setting.default)
  if (setting.unit === 'seconds') return duration(setting.default * 1000)
  return setting.kind.name === 'duration' ? duration(setting.default) : number(setting.default)
}

/** The name of a setting that exists, as code. */
export function setting(name: string): string {
  byDefault(name)
  return `\`${name}\``
}

/** @param columns the headings @param rows the cells, in Markdown */
export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
