/** Types of values: how text becomes a value and back. */
import { formatDuration, parseDuration } from '../lib/duration'
import { type Cidr, isIpv6, parseCidr } from '../lib/ip'

/** A type of values: its name in the documentation, and how text becomes a value and back. */
export interface ValueType<T> {
  name: string
  /** @throws {Error} whose message completes the sentence "<NAME> must be …" */
  parse(text: string): T
  /** How a value is shown; by default, as JavaScript prints it. */
  format?(value: T): string
}

/** A value that GoTrue replaces by another one. The server starts with that one, and `latchkey check` reports it. */
export class Replaced extends Error {
  /** @param instead the value used instead; undefined for the default */
  constructor(
    mustBe: string,
    readonly instead?: unknown,
  ) {
    super(mustBe)
  }
}

/** A valid number or duration that is too small or too large. */
class OutOfRange extends Error {
  constructor(
    mustBe: string,
    readonly side: 'below' | 'above',
  ) {
    super(mustBe)
  }
}

/** As in GoTrue, the default is used for a value out of range. @param side on which side; the other side is an error */
export function orDefault(kind: ValueType<number>, side: 'below' | 'either' = 'either'): ValueType<number> {
  return {
    ...kind,
    parse(value) {
      try {
        return kind.parse(value)
      } catch (error) {
        if (error instanceof OutOfRange && (side === 'either' || error.side === side)) throw new Replaced(error.message)
        throw error
      }
    },
  }
}

/** As in GoTrue, 0 means the default. */
export function orZero(kind: ValueType<number>): ValueType<number> {
  return {
    ...kind,
    parse(value) {
      if (Number(value) !== 0) return kind.parse(value)
      throw new Replaced('more than 0')
    },
  }
}

export const text: ValueType<string> = { name: 'text', parse: (value) => value }

export const flag: ValueType<boolean> = {
  name: 'true/false',
  parse(value) {
    if (/^(true|1|t|yes|on)$/i.test(value)) return true
    if (/^(false|0|f|no|off)$/i.test(value)) return false
    throw new Error('true or false')
  },
}

export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): ValueType<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `at least ${minimum}` : `from ${minimum} to ${maximum}`
  return {
    name: 'integer',
    parse(value) {
      const number = Number(value)
      if (!/^[+-]?\d+$/.test(value)) throw new Error(`an integer ${range}`)
      if (number < minimum || number > maximum)
        throw new OutOfRange(`an integer ${range}`, number < minimum ? 'below' : 'above')
      return number
    },
  }
}

/** Milliseconds, written in Go's syntax or as plain seconds. */
export function duration(minimumMs = 0, maximumMs = Number.POSITIVE_INFINITY): ValueType<number> {
  return {
    name: 'duration',
    format: formatDuration,
    parse(value) {
      const ms = /^\d+$/.test(value) ? Number(value) * 1000 : parseDuration(value)
      if (ms === undefined) throw new Error('a duration such as 30s, 15m or 24h, or a number of seconds')
      if (ms < minimumMs) throw new OutOfRange(`a duration of at least ${minimumMs / 1000}s`, 'below')
      if (ms > maximumMs) throw new Error(`a duration of at most ${maximumMs / 1000}s`)
      return ms
    },
  }
}

export function choice<const Option extends string>(...options: Option[]): ValueType<Option> {
  return {
    name: options.join(' | '),
    parse(value) {
      const found = options.find((option) => option === value.toLowerCase())
      if (found === undefined) throw new Error(`one of ${options.join(', ')}`)
      return found
    },
  }
}

/** An absolute http(s) URL, stored without a trailing slash. */
export const httpUrl: ValueType<string> = {
  name: 'URL',
  parse(value) {
    const url = URL.canParse(value) ? new URL(value) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
      throw new Error('an absolute http or https URL, such as https://auth.example.com/auth/v1')
    return value.replace(/\/+$/, '')
  },
}

/** The application's URL: any absolute URL, because mobile apps have their own schemes. */
export const anyUrl: ValueType<string> = {
  name: 'URL',
  parse(value) {
    // `localhost:3000` parses, as a scheme and a path
    const hasPort = /^[\w.-]+:\d+(\/|$)/.test(value)
    if (!URL.canParse(value) || hasPort || /^(javascript|data|vbscript|file):/i.test(value))
      throw new Error('an absolute URL, such as https://app.example.com')
    return value
  },
}

export const list: ValueType<string[]> = {
  name: 'comma-separated list',
  format: (items) => items.join(','),
  parse: (value) =>
    value
      .split(/,|\\n/)
      .map((item) =>
        item
          .trim()
          .replace(/^(["'])(.*)\1$/, '$2')
          .trim(),
      )
      .filter(Boolean),
}

/** A host by name or address, without scheme and port. */
export const hostName: ValueType<string> = {
  name: 'host',
  parse(value) {
    const isAddress = isIpv6(value.replace(/^\[|\]$/g, ''))
    if (!isAddress && !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(value))
      throw new Error('a host name or IP address, without scheme, port and path')
    return isAddress ? value.replace(/^\[|\]$/g, '') : value
  },
}

/** A bare address, without a display name. */
export const mailAddress: ValueType<string> = {
  name: 'email address',
  parse(value) {
    const isPlain = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/.test(value) && !/\.\.|@\.|\.@|\.$/.test(value)
    if (!isPlain) throw new Error('an email address such as noreply@example.com, without a display name')
    return value
  },
}

/** Hosts as they appear in URLs. */
export const hosts: ValueType<string[]> = {
  name: 'list of hosts',
  format: (items) => items.join(','),
  parse: (value) =>
    list.parse(value.toLowerCase()).map((host) => {
      const url = URL.canParse(`ws://${host}`) ? new URL(`ws://${host}`) : undefined
      if (!url?.hostname || url.href !== `ws://${url.host}/` || url.username)
        throw new Error(`a list of hosts such as keycloak.lan or 10.0.0.5:8080 (${host} is not one)`)
      return host
    }),
}

export const networks: ValueType<Cidr[]> = {
  name: 'CIDR list',
  format: (found) => found.map(([network, bits]) => `${network}/${bits}`).join(','),
  parse: (value) =>
    list.parse(value).map((item) => {
      const network = parseCidr(item)
      if (!network)
        throw new Error(`a comma-separated list of networks such as 10.0.0.0/8 or fd00::/8 (${item} is not one)`)
      return network
    }),
}

export function secret(minimumBytes: number): ValueType<string> {
  return {
    name: 'secret',
    parse(value) {
      if (Buffer.byteLength(value) < minimumBytes) throw new Error(`at least ${minimumBytes} bytes long`)
      return value
    },
  }
}

/** A token of RFC 9110 §5.1. */
export const headerName: ValueType<string> = {
  name: 'header name',
  parse(value) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(value)) throw new Error('the name of a header, such as X-Request-Id')
    return value
  },
}

/** 32 bytes written as 64 hexadecimal digits or as base64. */
export const key256: ValueType<Buffer> = {
  name: '256-bit key',
  parse(value) {
    const bytes = /^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'base64')
    if (bytes.length !== 32) throw new Error('32 bytes, as 64 hexadecimal digits or as base64')
    return bytes
  },
}
