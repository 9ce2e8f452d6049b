/** Settings from the `[auth]` section of Supabase's config.toml. */
import { isJsonObject } from '../lib/json'
import { nearest } from '../lib/nearest'
import { allSettings } from './index'
import type { Setting } from './setting'
import { type RawValue, readFile, type SettingProblem, type Sources } from './sources'
import { isFalsy, isTruthy, type SupabaseSetting } from './supabase-settings'
import { unsupportedKey } from './unsupported-names'

export function findToml(each: Setting<unknown>, sources: Sources, problems: SettingProblem[]): RawValue | undefined {
  if (each.tomlNeeds && !readToml(each.tomlNeeds, sources, problems)) return undefined
  const direct =
    readToml(each.toml, sources, problems) ??
    readSwitches(each, sources) ??
    readTable(each.tomlTable, sources, problems)
  if (direct) {
    try {
      return { ...direct, text: each.fromToml?.(direct.text) ?? direct.text }
    } catch (error) {
      problems.push({
        severity: 'error',
        message: `${direct.origin} must be ${(error as Error).message}, not ${JSON.stringify(direct.text)}.`,
      })
      return undefined
    }
  }
  const file = readToml(each.tomlFile, sources, problems)
  const content = file && readFile(file.origin, file.text, sources, problems, sources.toml?.path)
  return content === undefined ? undefined : { text: content, origin: file?.origin ?? '' }
}

/** The text of a key below `[auth]`, unless its table is switched off. */
function readToml(key: string | undefined, sources: Sources, problems: SettingProblem[]): RawValue | undefined {
  if (key === undefined || isSwitchedOff(key, sources)) return undefined
  const found = lookUp(key, sources, problems)
  return found?.text ? found : undefined
}

/**
 * As in Supabase's CLI, a variable such as SUPABASE_AUTH_SITE_URL wins over the file; here only if the file has the key.
 *
 * @param problems what is wrong with the value is added
 */
function lookUp(key: string, sources: Sources, problems: SettingProblem[] = []): RawValue | undefined {
  const { toml } = sources
  const raw = toml && keysOf(toml.auth).get(key)
  if (raw === undefined) return undefined
  const origin = `${toml?.path} [auth] ${key}`
  const name = `SUPABASE_AUTH_${key.toUpperCase().replaceAll('.', '_')}`
  const override = variable(name, sources)
  if (override) return { text: override, origin: `${origin} (${name})` }
  return { text: textOf(raw, origin, sources, problems), origin }
}

/**
 * The text of a value; a list becomes one with commas. As in Supabase's CLI, `env(NAME)` refers to a variable of the
 * environment or of a `.env` file of the project, also within a list.
 */
function textOf(raw: unknown, origin: string, sources: Sources, problems: SettingProblem[]): string {
  if (Array.isArray(raw)) return raw.map((item) => textOf(item, origin, sources, problems)).join(',')
  const name = typeof raw === 'string' ? /^env\((\w+)\)$/.exec(raw)?.[1] : undefined
  const text = name === undefined ? String(raw) : (variable(name, sources) ?? '')
  if (name !== undefined && text === '')
    problems.push({ severity: 'warning', message: `${origin} refers to ${name}, which is not set.` })
  if (!text.startsWith('encrypted:')) return text
  problems.push({
    severity: 'incomplete',
    message: `${origin} is encrypted by dotenvx, which is not read here: put the secret in the environment, and write env(NAME) in the file.`,
  })
  return ''
}

function variable(name: string, { env = {}, envFile, toml }: Sources): string | undefined {
  const ofFlag = envFile?.isExplicit ? envFile.values[name] : undefined
  return env[name] || ofFlag || toml?.variables?.[name] || envFile?.values[name]
}

/** The switch of the table that a key is in. */
const switchOf = (key: string) => `${key.slice(0, key.lastIndexOf('.') + 1)}enabled`

/** Whether a key is in a table whose `enabled` is false, which disables the whole table. */
function isSwitchedOff(key: string, sources: Sources): boolean {
  if (!key.includes('.') || key === switchOf(key)) return false
  return isFalsy(lookUp(switchOf(key), sources)?.text)
}

/** The text of the switch that is on. */
function readSwitches({ tomlSwitches = {} }: Setting<unknown>, sources: Sources): RawValue | undefined {
  for (const [key, text] of Object.entries(tomlSwitches)) {
    const found = lookUp(key, sources)
    if (isTruthy(found?.text)) return { text, origin: found?.origin ?? key }
  }
  return undefined
}

/** The entries of a table, as the list an environment variable would hold. */
function readTable(table: string | undefined, sources: Sources, problems: SettingProblem[]): RawValue | undefined {
  const { toml } = sources
  if (table === undefined || !toml) return undefined
  const entries = [...keysOf(toml.auth)].filter(([key]) => key.startsWith(`${table}.`))
  if (entries.length === 0) return undefined
  const origin = `${toml.path} [auth.${table}]`
  const text = entries.map(
    ([key, value]) => `${key.slice(table.length + 1)}:${textOf(value, origin, sources, problems)}`,
  )
  return { text: text.join(','), origin }
}

/**
 * The keys that are set and known, with those that have no effect here. A key that is none of Supabase's may be of a
 * newer version of its CLI; one that is close to a known key is more likely a mistake.
 */
export function knownKeys(sources: Sources, problems: SettingProblem[]): SupabaseSetting[] {
  const { toml } = sources
  const known = new Set(
    allSettings
      .flatMap((each) => [each.toml, each.tomlFile, ...Object.keys(each.tomlSwitches ?? {})])
      .filter((key) => key !== undefined),
  )
  const tables = allSettings.map(({ tomlTable }) => tomlTable).filter((table) => table !== undefined)
  const isKnown = (key: string) =>
    known.has(key) ||
    tables.some((table) => key.startsWith(`${table}.`)) ||
    // it only decides whether its siblings count
    (key.endsWith('.enabled') && [...known].some((other) => other.startsWith(key.slice(0, -'enabled'.length))))
  const values = toml ? keysOf(toml.auth) : new Map<string, unknown>()
  return [...values].flatMap(([key, raw]): SupabaseSetting[] => {
    const setting = { name: `auth.${key}`, value: lookUp(key, sources)?.text ?? '' }
    // `enabled = true` is in every file, and says nothing about a server being started
    if (isKnown(key) || (key === 'enabled' && raw !== false)) return [setting]
    const unsupported = unsupportedKey(key)
    if (unsupported) {
      const isOn = isTruthy(lookUp(switchOf(key), sources)?.text)
      return [{ ...setting, unsupported, isOff: unsupported.standing === 'not_here' && !isOn }]
    }
    const close = nearest(key, known)
    problems.push({
      severity: close ? 'unknown' : 'warning',
      message: `${toml?.path} [auth] ${key} is not a known setting${close ? `; did you mean ${close}?` : '; it has no effect.'}`,
    })
    return []
  })
}

const byDottedKey = new WeakMap<object, ReadonlyMap<string, unknown>>()

/** Every value below `[auth]` by its dotted key; each setting looks at them. */
function keysOf(auth: Record<string, unknown>): ReadonlyMap<string, unknown> {
  const found = byDottedKey.get(auth) ?? new Map(leaves(auth))
  byDottedKey.set(auth, found)
  return found
}

/** A date is an object as well, and a value. */
const isTable = (value: unknown): value is Record<string, unknown> => isJsonObject(value) && !(value instanceof Date)

function leaves(table: Record<string, unknown>, prefix = ''): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] =>
    isTable(value) ? leaves(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]],
  )
}
