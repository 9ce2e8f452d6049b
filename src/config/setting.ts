/** What a setting is. Each is one object; the loader, `latchkey check`, the README table and `.env.example` all read it. */
import { formatDuration, parseDuration } from '../lib/duration'
import { type Cidr, parseCidr } from '../lib/ip'
import type { JsonObject } from '../lib/json'

/** A form that values take: how it is called in the documentation, and how its text becomes a value and back. */
export interface Kind<T> {
  name: string
  /** @throws {Error} whose message completes the sentence "<NAME> must be …" */
  parse(text: string): T
  /** How a value is shown; none: as JavaScript prints it. */
  format?(value: T): string
}

export interface Setting<T, D extends T | undefined = T | undefined> {
  /** Every accepted environment name; the first is ours, and the first that is set wins. */
  names: [string, ...string[]]
  /** Command-line flag, such as `--port`. */
  flag?: `--${string}`
  /** Key below `[auth]` of Supabase's config.toml. */
  toml?: string
  /** Key below `[auth]` that names a file with the value, relative to config.toml. */
  tomlFile?: string
  /** Switches below `[auth]`, and the text that each stands for where it is on. */
  tomlSwitches?: Record<string, string>
  /** Table below `[auth]` whose entries make a list of `key:value`. */
  tomlTable?: string
  /** Key below `[auth]` without which the one of this setting does not count. */
  tomlNeeds?: string
  /** Turns the config.toml value into the text an environment variable would hold. @throws as `parse` does */
  fromToml?: (value: string) => string
  kind: Kind<T>
  default: D
  /** What the documentation shows instead of the default, where it depends on something else. */
  defaultNote?: string
  unit?: 'seconds' | 'bytes' | 'requests' | 'passwords'
  /** The name under which the documentation tells of this setting and all its siblings, once. */
  family?: string
  /** Never printed; `<NAME>_FILE` may name a file that holds it. */
  secret?: boolean
  /** One or two sentences for the reader of the README. */
  doc: string
}

type Definition<T> = Omit<Setting<T>, 'names' | 'default'> & {
  /** The name without its prefix: `AUTH_<name>` is ours and `GOTRUE_<name>` is accepted for it. */
  name: string
  /** Further accepted names, in full. */
  also?: string[]
}

export function setting<T>(definition: Definition<T> & { default: NoInfer<T> }): Setting<T, T>
export function setting<T>(definition: Definition<T>): Setting<T, undefined>
export function setting<T>({ name, also, ...rest }: Definition<T> & { default?: T }): Setting<T> {
  return { ...rest, names: [`AUTH_${name}`, `GOTRUE_${name}`, ...(also ?? [])], default: rest.default }
}

/** A setting whose default `load.ts` works out from the others; it always has a value in the end. */
export function computed<T>(definition: Definition<T> & { defaultNote: string }): Setting<T, T> {
  return setting<T>(definition) as unknown as Setting<T, T>
}

/** The values of a group of settings: a setting without a default may be undefined. */
export type Values<Group> = {
  [Key in keyof Group]: Group[Key] extends Setting<infer T, infer D> ? (undefined extends D ? T | undefined : T) : never
}

export const text: Kind<string> = { name: 'text', parse: (value) => value }

export const flag: Kind<boolean> = {
  name: 'true/false',
  parse(value) {
    if (/^(true|1|t|yes|on)$/i.test(value)) return true
    if (/^(false|0|f|no|off)$/i.test(value)) return false
    throw new Error('true or false')
  },
}

export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): Kind<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `at least ${minimum}` : `from ${minimum} to ${maximum}`
  return {
    name: 'integer',
    parse(value) {
      const number = Number(value)
      if (!/^-?\d+$/.test(value) || number < minimum || number > maximum) throw new Error(`an integer ${range}`)
      return number
    },
  }
}

/** Milliseconds, written in Go's syntax or as bare seconds. */
export function duration(minimumMs = 0, maximumMs = Number.POSITIVE_INFINITY): Kind<number> {
  return {
    name: 'duration',
    format: formatDuration,
    parse(value) {
      const ms = /^\d+$/.test(value) ? Number(value) * 1000 : parseDuration(value)
      if (ms === undefined) throw new Error('a duration such as 30s, 15m or 24h, or a number of seconds')
      if (ms < minimumMs) throw new Error(`a duration of at least ${minimumMs / 1000}s`)
      if (ms > maximumMs) throw new Error(`a duration of at most ${maximumMs / 1000}s`)
      return ms
    },
  }
}

export function choice<const Option extends string>(...options: Option[]): Kind<Option> {
  return {
    name: options.join(' | '),
    parse(value) {
      const found = options.find((option) => option === value.toLowerCase())
      if (found === undefined) throw new Error(`one of ${options.join(', ')}`)
      return found
    },
  }
}

/** An absolute http(s) URL, kept without a trailing slash. */
export const httpUrl: Kind<string> = {
  name: 'URL',
  parse(value) {
    const url = URL.canParse(value) ? new URL(value) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
      throw new Error('an absolute http or https URL, such as https://auth.example.com/auth/v1')
    return value.replace(/\/+$/, '')
  },
}

/** The application's address: any absolute URL, since mobile applications have schemes of their own. */
export const anyUrl: Kind<string> = {
  name: 'URL',
  parse(value) {
    if (!URL.canParse(value) || /^(javascript|data|vbscript|file):/i.test(value))
      throw new Error('an absolute URL, such as https://app.example.com')
    return value
  },
}

export const list: Kind<string[]> = {
  name: 'comma-separated list',
  format: (items) => items.join(','),
  parse: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
}

/** Hosts as URLs have them. */
export const hosts: Kind<string[]> = {
  name: 'list of hosts',
  format: (items) => items.join(','),
  parse: (value) =>
    list.parse(value.toLowerCase()).map((host) => {
      const url = URL.canParse(`ws://${host}`) ? new URL(`ws://${host}`) : undefined
      if (!url?.hostname || url.href !== `ws://${url.host}/` || url.username)
        throw new Error(`a list of hosts such as keycloak.lan or 10.0.0.5:8080 (${host} is none)`)
      return host
    }),
}

export const networks: Kind<Cidr[]> = {
  name: 'CIDR list',
  format: (found) => found.map(([network, bits]) => `${network}/${bits}`).join(','),
  parse: (value) =>
    list.parse(value).map((item) => {
      const network = parseCidr(item)
      if (!network)
        throw new Error(`a comma-separated list of networks such as 10.0.0.0/8 or fd00::/8 (${item} is none)`)
      return network
    }),
}

export function secret(minimumBytes: number): Kind<string> {
  return {
    name: 'secret',
    parse(value) {
      if (Buffer.byteLength(value) < minimumBytes) throw new Error(`at least ${minimumBytes} bytes long`)
      return value
    },
  }
}

/** A token of RFC 9110 §5.1. */
export const headerName: Kind<string> = {
  name: 'header name',
  parse(value) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(value)) throw new Error('the name of a header, such as X-Request-Id')
    return value
  },
}

/** 32 bytes written as 64 hexadecimal digits or as base64. */
export const key256: Kind<Buffer> = {
  name: '256-bit key',
  parse(value) {
    const bytes = /^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'base64')
    if (bytes.length !== 32) throw new Error('32 bytes, as 64 hexadecimal digits or as base64')
    return bytes
  },
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('valid JSON')
  }
}

/** A JSON array of objects. */
export const jsonObjects: Kind<JsonObject[]> = {
  name: 'JSON',
  parse(value) {
    const parsed = parseJson(value)
    if (
      !Array.isArray(parsed) ||
      !parsed.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
    )
      throw new Error('a JSON array of objects')
    return parsed
  },
}

/** A JSON object whose values are lists of text. */
export const jsonLists: Kind<Record<string, string[]>> = {
  name: 'JSON',
  format: (lists) => (Object.keys(lists).length === 0 ? '' : JSON.stringify(lists)),
  parse(value) {
    const parsed = parseJson(value)
    const isText = (item: unknown) => typeof item === 'string'
    const isFit =
      typeof parsed === 'object' &&
      parsed !== null &&
      Object.values(parsed).every((items) => Array.isArray(items) && items.every(isText))
    if (!isFit) throw new Error('a JSON object of lists, such as {"X-Mail-Type":["$messageType"]}')
    return parsed as Record<string, string[]>
  },
}
