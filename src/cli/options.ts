/** Options that several commands have. */
import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../lib/duration'

export const JSON_OPTION = ['--json', 'print JSON'] as const

/** An option for an integer from 1. */
export const countOption = (flags: string, description: string, usual: number): Option =>
  new Option(flags, description).default(usual).argParser((text) => {
    if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It has to be a number from 1 to 999999.')
    return Number(text)
  })

/** An option for a time, in Unix milliseconds: RFC 3339, a date, or how long ago. */
export const timeOption = (flags: string, description: string): Option =>
  new Option(flags, `${description}: 2026-03-01T12:00:00Z, 2026-03-01, or how long ago, such as 24h`).argParser(
    (text) => {
      const ago = parseDuration(text)
      const at = ago !== undefined && ago > 0 ? Date.now() - ago : DATE.test(text) ? Date.parse(text) : Number.NaN
      if (Number.isNaN(at) || at < 0)
        throw new InvalidArgumentError('It has to be a time such as 2026-03-01T12:00:00Z, 2026-03-01 or 24h.')
      return Math.round(at)
    },
  )

/** RFC 3339, also without time. */
const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i
