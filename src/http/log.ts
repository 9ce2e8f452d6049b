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

const GREY = 90
const COLORS: Record<string, number> = { debug: GREY, warn: 33, error: 31 }
/** Green, cyan, yellow and red, by the first digit of the status. */
const STATUS_COLORS: Record<string, number> = { 2: 32, 3: 36, 4: 33, 5: 31 }

/** `colored` is text for a terminal with colors. */
type Format = 'json' | 'text' | 'colored'

/** The message of the line that every request has. As text it has a form of its own. */
export const REQUEST = 'request'

/** Colors a text; code 0 leaves it as it is. @param code of SGR (ECMA-48 §8.3.117) */
type Paint = (code: number, text: string) => string

const paints: Record<'text' | 'colored', Paint> = {
  text: (_code, text) => text,
  colored: (code, text) => (code === 0 ? text : `\u001b[${code}m${text}\u001b[0m`),
}

/** One line, with its line feed. @param now Unix milliseconds */
export function logLine(
  { format, now }: { format: Format; now: number },
  level: Exclude<Level, 'off'>,
  message: string,
  fields: Fields = {},
): string {
  const time = isoTime(now)
  if (format === 'json') return jsonLine(time, level, message, fields)
  const paint = paints[format]
  const clock = paint(GREY, time.slice(11, 23))
  if (message === REQUEST) return `${clock} ${requestLine(fields, paint)}\n`
  return `${clock} ${paint(COLORS[level] ?? 0, `${level.padEnd(5)} ${message}${textFields(fields)}`)}\n`
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

/** Each with a space before it. */
function textFields(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        ` ${name}=${typeof value === 'string' && !/^[\x21-\x7e]*$/.test(value) ? JSON.stringify(value) : value}`,
    )
    .join('')
}

/**
 * A request, such as `POST /auth/v1/token 400 invalid_credentials 54 ms`. The code is the one that the client gets; where
 * the surface has none, it is the reason. The id is shown if the request failed, since that is when it is looked up.
 */
function requestLine(fields: Fields, paint: Paint): string {
  const { method, route = '(no such path)', status = 0, ms = 0, code, reason, id, ...others } = fields
  const shown = code ?? reason
  const head = [method, route, paint(STATUS_COLORS[String(status).slice(0, 1)] ?? 0, String(status)), shown ?? '']
  const further = { ...(reason !== shown && { reason }), ...others, ...(Number(status) >= 400 && { id }) }
  return `${head.join(' ').trimEnd()} ${paint(GREY, `${durationText(Number(ms))}${textFields(further)}`)}`
}

const durationText = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
