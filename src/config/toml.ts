/** Settings from the `[auth]` section of Supabase's config.toml. */
import { isJsonObject } from '../lib/json'
import { nearest } from '../lib/nearest'
import { allSettings } from './index'
import type { Setting } from './setting'
import { type RawValue, readFile, type SettingProblem, type Sources, unsupportedSetting } from './sources'
import { isUnsupportedTomlKey } from './unsupported-names'

export function findToml(each: Setting<unknown>, sources: Sources, problems: SettingProblem[]): RawValue | undefined {
  if (each.tomlNeeds && !readToml(each.tomlNeeds, sources, problems)) return undefined
  const direct =
    readToml(each.toml, sources, problems) ?? readSwitches(each, sources) ?? readTable(each.tomlTable, sources)
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

/** The text of a key below `[auth]`; `env(NAME)` refers to a variable. */
function readToml(key: string | undefined, sources: Sources, problems: SettingProblem[]): RawValue | undefined {
  const { toml, env = {}, envFile } = sources
  const raw = key === undefined || !toml ? undefined : leaves(toml.auth).find(([name]) => name === key)?.[1]
  if (key === undefined || raw === undefined || isSwitchedOff(key, sources)) return undefined
  const origin = `${toml?.path} [auth] ${key}`
  const reference = typeof raw === 'string' ? /^env\((\w+)\)$/.exec(raw)?.[1] : undefined
  const text = reference === undefined ? String(raw) : (env[reference] ?? envFile?.values[reference] ?? '')
  if (reference !== undefined && text === '')
    problems.push({ severity: 'warning', message: `${origin} refers to ${reference}, which is not set.` })
  return text === '' ? undefined : { text, origin }
}

/** Whether a key is in a table whose `enabled` is false, which disables the whole table. */
function isSwitchedOff(key: string, { toml }: Sources): boolean {
  const table = key.slice(0, key.lastIndexOf('.') + 1)
  if (table === '' || key === `${table}enabled`) return false
  return leaves(toml?.auth ?? {}).some(([name, value]) => name === `${table}enabled` && value === false)
}

/** The text of the switch that is on. */
function readSwitches({ tomlSwitches = {} }: Setting<unknown>, { toml }: Sources): RawValue | undefined {
  const on = leaves(toml?.auth ?? {}).find(([key, value]) => Object.hasOwn(tomlSwitches, key) && value === true)
  return on && { text: tomlSwitches[on[0]] as string, origin: `${toml?.path} [auth] ${on[0]}` }
}

/** The entries of a table, as the list an environment variable would hold. */
function readTable(table: string | undefined, { toml }: Sources): RawValue | undefined {
  const entries = leaves(toml?.auth ?? {}).filter(([key]) => table !== undefined && key.startsWith(`${table}.`))
  if (table === undefined || entries.length === 0) return undefined
  const text = entries.map(([key, value]) => `${key.slice(table.length + 1)}:${String(value)}`).join(',')
  return { text, origin: `${toml?.path} [auth.${table}]` }
}

export function reportUnknownKeys({ toml }: Sources, problems: SettingProblem[]): void {
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
  for (const [key, value] of toml ? leaves(toml.auth) : []) {
    // `enabled` would switch the whole service off, which makes no sense for a server being started
    if (isKnown(key) || key === 'enabled') continue
    const name = `${toml?.path} [auth] ${key}`
    const close = nearest(key, known)
    if (isUnsupportedTomlKey(key)) problems.push(unsupportedSetting(name, String(value)))
    else
      problems.push({
        severity: 'unknown',
        message: `${name} is not a known setting${close ? `; did you mean ${close}?` : '.'}`,
      })
  }
}

/** Every value below a table, with its dotted key. */
function leaves(table: Record<string, unknown>, prefix = ''): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] =>
    isJsonObject(value) ? leaves(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]],
  )
}
