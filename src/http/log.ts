/** The log: one line per event, JSON for machines or text for a terminal. Lines contain no secrets and no addresses. */
import { isoTime } from '../lib/rfc3339'

const LEVELS = ['debug', 'info', 'warn', 'error', 'off'] as const
export type Level = (typeof LEVELS)[number]
export type Fields = Record<string, string | number | boolean | undefined>

export type Log = Record<Exclude<Level, 'off'>, (message: string, fields?: Fields) => void> & {
  /** Writes buffered lines. */
  flush(): void
}

export interface LogOptions {
  level: Level
  format: Format
  /** @param text one or more whole lines */
  write(text: string): void
  /** Unix milliseconds. */
  now(): number
}

const COLOURS: Record<string, string> = { debug: '\u001b[90m', info: '', warn: '\u001b[33m', error: '\u001b[31m' }
const RESET = '\u001b[0m'

/** `coloured` is text for a terminal with colors. */
type Format = 'json' | 'text' | 'coloured'

/** One line, with its line feed. @param now Unix milliseconds */
export function logLine(
  { format, now }: { format: Format; now: number },
  level: Exclude<Level, 'off'>,
  message: string,
  fields: Fields = {},
): string {
  const time = isoTime(now)
  if (format === 'json') return jsonLine(time, level, message, fields)
  const line = textLine(time, level, message, fields)
  return format === 'coloured' && COLOURS[level] ? `${COLOURS[level]}${line}${RESET}\n` : `${line}\n`
}

/** How long lines are buffered: one write per request would cost more than some requests. */
const FLUSH_MS = 50

export function createLog({ level, format, write, now }: LogOptions): Log {
  let held = ''
  let timer: Timer | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const text = held
    held = ''
    if (text !== '') write(text)
  }
  const writer = (own: Exclude<Level, 'off'>) => {
    if (LEVELS.indexOf(own) < LEVELS.indexOf(level)) return () => {}
    return (message: string, fields: Fields = {}) => {
      held += logLine({ format, now: now() }, own, message, fields)
      if (own === 'error') flush()
      else timer ??= setTimeout(flush, FLUSH_MS)
    }
  }
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error'), flush }
}

function jsonLine(time: string, level: string, msg: string, fields: Fields): string {
  const rest = JSON.stringify(fields).slice(1)
  return `{"time":"${time}","level":"${level}","msg":${JSON.stringify(msg)}${rest === '}' ? '' : ','}${rest}\n`
}

function textLine(time: string, level: string, msg: string, fields: Fields): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        ` ${name}=${typeof value === 'string' && !/^[\x21-\x7e]*$/.test(value) ? JSON.stringify(value) : value}`,
    )
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${msg}${rest.join('')}`
}
