/** Parsing a setting: from its text to its value and its problems. */
import type { Setting } from './setting'
import type { RawValue, SettingProblem } from './sources'
import { Replaced } from './value-types'

type Report = (problem: SettingProblem) => void

/** Whether a variable is set at all: Compose files pass empty ones, and `docker --env-file` keeps quotes. */
export const isBlank = (text: string | undefined): boolean => text === undefined || /^\s*(?:""|'')?\s*$/.test(text)

export function readValue(each: Setting<unknown>, found: RawValue, report: Report): unknown {
  const name = `${each.names[0]} (${found.origin})`
  const shown = shownInError(each, found.text)
  try {
    return each.secret ? readSecret(each, found, name, report) : readPlain(each, found, name, report)
  } catch (error) {
    const { message } = error as Error
    if (!(error instanceof Replaced)) {
      report({ severity: 'error', message: `${name} must be ${message}${shown}.` })
      return each.default
    }
    const value = error.instead ?? each.default
    report({
      severity: 'note',
      message: `${name} must be ${message}${shown}. ${shownAs(each, value)} is used instead, as in GoTrue.`,
    })
    return value
  }
}

/** A URL may contain a password, and where it ends is uncertain in one that is not valid. */
function shownInError({ secret, holdsPassword }: Setting<unknown>, text: string): string {
  if (secret || (holdsPassword && /postgres/i.test(text))) return ''
  return `, not ${JSON.stringify(text.replace(/\/\/.*@/s, '//…@'))}`
}

function shownAs({ kind, defaultNote }: Setting<unknown>, value: unknown): string {
  if (value === undefined) return `unset (${defaultNote?.replaceAll('`', '') ?? 'none'})`
  return (kind.format?.(value) ?? String(value)) || 'unset'
}

function readPlain({ kind }: Setting<unknown>, { text: given }: RawValue, name: string, report: Report): unknown {
  const { text, around } = stripQuotes(given)
  if (text === '') throw new Error('set to a value, or removed')
  const value = kind.parse(text)
  if (around) report({ severity: 'note', message: `${name} is surrounded by ${around}; these are ignored.` })
  return value
}

/** Quotes may be part of a secret; they are removed only if the value is not a valid secret with them. */
function readSecret({ kind }: Setting<unknown>, found: RawValue, name: string, report: Report): unknown {
  const text = found.text.trim()
  const { text: inner, around } = stripQuotes(text)
  if (text === '') throw new Error('set to a value, or removed')
  try {
    const value = kind.parse(text)
    if (around === 'quotes')
      report({ severity: 'warning', message: `${name} begins and ends with a quote, and both count as part of it.` })
    return value
  } catch (error) {
    if (around === undefined || inner === '') throw error
    const value = kind.parse(inner)
    report({ severity: 'note', message: `${name} is surrounded by ${around}; these are ignored.` })
    return value
  }
}

/** Removes quotes, and line feeds written as `\n`, that a shell or file format left in the value. */
function stripQuotes(given: string): { text: string; around?: string } {
  const trimmed = given.trim()
  const unbroken = trimmed.replace(/^(?:\\[nr]|\s)+|(?:\\[nr]|\s)+$/g, '')
  const [, quote, inner] = /^(["'])(.*)\1$/s.exec(unbroken) ?? []
  // `"a","b"` is a list of quoted values, not a quoted one
  if (quote !== undefined && inner !== undefined && !inner.replaceAll(`\\${quote}`, '').includes(quote))
    return { text: inner.trim(), around: 'quotes' }
  return unbroken === trimmed ? { text: trimmed } : { text: unbroken, around: 'line feeds' }
}

/** An invalid setting is not an error while its feature is off. */
export const downgradeWhileDisabled = (problem: SettingProblem, { switchedBy }: Setting<unknown>): SettingProblem =>
  downgraded(problem, `while AUTH_${switchedBy} is off`)

/** The problem of a setting that is not used. @param why completes "That has no effect …" */
export function downgraded({ severity, message }: SettingProblem, why: string): SettingProblem {
  if (severity !== 'error') return { severity, message }
  return { severity: 'note', message: `${message} That has no effect ${why}.` }
}
