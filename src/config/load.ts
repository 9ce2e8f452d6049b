/** Reads every setting from its sources and reports all that is wrong with them at once. */
import { nearest } from '../lib/nearest'
import { isForeignName } from './foreign-names'
import { allSettings, areas, type Settings } from './index'
import type { Setting } from './setting'

/** Where values come from, strongest first: flags, environment, `.env`, config.toml. */
export interface Sources {
  /** Values by flag (`--port`) or by setting name (from `--set NAME=VALUE`). */
  flags: Record<string, string>
  env: Record<string, string | undefined>
  envFile?: { path: string; values: Record<string, string | undefined> }
  toml?: { path: string; auth: Record<string, unknown> }
  /** Reads the file that a `<NAME>_FILE` points at. @throws where it cannot */
  readFile(path: string): string
}

/** `error` stops the start; `unknown` is a name nobody knows; `note` changes nothing. */
export interface Problem {
  severity: 'error' | 'unknown' | 'warning' | 'note'
  message: string
}

/** One line of `latchkey check --print`. */
export interface Loaded {
  setting: Setting<unknown>
  value: unknown
  /** Such as `environment GOTRUE_JWT_EXP` or `default`. */
  origin: string
}

export interface Configuration {
  settings: Settings
  loaded: Loaded[]
  problems: Problem[]
}

/** These short names belong to other software just as often, so a neighbour's `.env` does not count (settled 24). */
const ENVIRONMENT_ONLY = new Set(['DATABASE_URL', 'JWT_SECRET', 'DEBUG', 'PORT'])

interface Found {
  text: string
  origin: string
}

export function load(sources: Sources): Configuration {
  const problems: Problem[] = []
  const loaded: Loaded[] = []
  const settings: Record<string, Record<string, unknown>> = {}
  for (const [area, group] of Object.entries(areas)) {
    settings[area] = {}
    for (const [key, each] of Object.entries<Setting<unknown>>(group)) {
      const found = find(each, sources, problems)
      const value = found ? parse(each, found, problems) : each.default
      settings[area][key] = value
      loaded.push({ setting: each, value, origin: found?.origin ?? 'default' })
    }
  }
  reportUnknown(sources, problems)
  const complete = settings as unknown as Settings
  crossCheck(complete, problems)
  return { settings: complete, loaded, problems }
}

function find(each: Setting<unknown>, sources: Sources, problems: Problem[]): Found | undefined {
  const flagged = [each.flag ?? '', ...each.names].find((name) => sources.flags[name] !== undefined)
  if (flagged !== undefined)
    return {
      text: sources.flags[flagged] as string,
      origin: flagged.startsWith('--') ? `flag ${flagged}` : `flag --set ${flagged}`,
    }
  const fromFile = Object.fromEntries(
    Object.entries(sources.envFile?.values ?? {}).filter(([name]) => !ENVIRONMENT_ONLY.has(name)),
  )
  return (
    findNamed(each, sources.env, 'environment', sources, problems) ??
    findNamed(each, fromFile, sources.envFile?.path ?? '', sources, problems) ??
    findToml(each, sources, problems)
  )
}

/** The first of the setting's names that is set there. An empty value counts as unset, as Compose files leave it. */
function findNamed(
  each: Setting<unknown>,
  values: Record<string, string | undefined>,
  where: string,
  sources: Sources,
  problems: Problem[],
): Found | undefined {
  const found: Found[] = []
  for (const name of each.names) {
    const text = values[name]
    if (text) found.push({ text, origin: `${where} ${name}` })
    const path = each.secret ? values[`${name}_FILE`] : undefined
    if (path && !text) {
      const content = readSecret(`${name}_FILE`, path, sources, problems)
      if (content !== undefined) found.push({ text: content, origin: `${where} ${name}_FILE` })
    }
  }
  const [first, ...others] = found
  const differing = others.find((other) => other.text !== first?.text)
  if (first && differing)
    problems.push({
      severity: 'warning',
      message: `${first.origin} and ${differing.origin} differ; the first one counts.`,
    })
  return first
}

function findToml(each: Setting<unknown>, sources: Sources, problems: Problem[]): Found | undefined {
  const { toml } = sources
  if (!toml) return undefined
  const read = (key: string | undefined): Found | undefined => {
    const raw = key === undefined ? undefined : dig(toml.auth, key)
    if (raw === undefined || (typeof raw === 'object' && !Array.isArray(raw))) return undefined
    const origin = `${toml.path} [auth] ${key}`
    const reference = typeof raw === 'string' ? /^env\((\w+)\)$/.exec(raw)?.[1] : undefined
    const text =
      reference === undefined ? String(raw) : (sources.env[reference] ?? sources.envFile?.values[reference] ?? '')
    if (reference !== undefined && text === '')
      problems.push({ severity: 'warning', message: `${origin} refers to ${reference}, which is not set.` })
    return text === '' ? undefined : { text, origin }
  }
  const direct = read(each.toml)
  if (direct) return { ...direct, text: each.fromToml?.(direct.text) ?? direct.text }
  const file = read(each.tomlFile)
  const content = file && readSecret(file.origin, file.text, sources, problems)
  return content === undefined ? undefined : { text: content, origin: file?.origin ?? '' }
}

function readSecret(name: string, path: string, sources: Sources, problems: Problem[]): string | undefined {
  try {
    return sources.readFile(path).trim()
  } catch (error) {
    problems.push({
      severity: 'error',
      message: `${name} names ${path}, which cannot be read: ${(error as Error).message}`,
    })
    return undefined
  }
}

function parse(each: Setting<unknown>, found: Found, problems: Problem[]): unknown {
  try {
    return each.kind.parse(found.text.trim())
  } catch (error) {
    const shown = each.secret ? '' : `, not ${JSON.stringify(found.text)}`
    problems.push({
      severity: 'error',
      message: `${each.names[0]} (${found.origin}) must be ${(error as Error).message}${shown}.`,
    })
    return each.default
  }
}

function reportUnknown(sources: Sources, problems: Problem[]): void {
  const known = new Set(
    allSettings.flatMap((each) => each.names.flatMap((name) => (each.secret ? [name, `${name}_FILE`] : [name]))),
  )
  const flagNames = Object.keys(sources.flags).filter((name) => !name.startsWith('--'))
  const named = new Set([...flagNames, ...Object.keys(sources.env), ...Object.keys(sources.envFile?.values ?? {})])
  for (const name of [...named].sort()) {
    if (known.has(name) || !(/^(AUTH|GOTRUE)_/.test(name) || flagNames.includes(name))) continue
    if (isForeignName(name)) {
      problems.push({
        severity: 'note',
        message: `${name} is a setting of GoTrue's that this version does not have; it changes nothing.`,
      })
      continue
    }
    const close = nearest(name, known)
    problems.push({
      severity: 'unknown',
      message: `${name} is no known setting${close ? `; did you mean ${close}?` : '.'}`,
    })
  }
}

/** What one setting cannot say about itself. Also fills in the defaults that depend on other settings. */
function crossCheck({ server, tokens, accounts }: Settings, problems: Problem[]): void {
  server.apiExternalUrl ??= `http://localhost:${server.port}/auth/v1`
  tokens.jwtIssuer ??= server.apiExternalUrl
  accounts.mailerAutoconfirm ??= accounts.smtpHost === undefined
  const scheme = /^([a-z][a-z0-9+]*):/i.exec(server.databaseUrl ?? '')?.[1]?.toLowerCase()
  if (scheme?.startsWith('postgres'))
    problems.push({
      severity: 'error',
      message:
        'AUTH_DATABASE_URL names a Postgres server, which this version cannot use yet; leave it unset, or give a path for the SQLite file.',
    })
  else if (scheme !== undefined && scheme.length > 1 && scheme !== 'file' && scheme !== 'sqlite')
    problems.push({
      severity: 'error',
      message: `AUTH_DATABASE_URL must be a path, or a file: or sqlite: URL, not ${scheme}:.`,
    })
  if (tokens.jwtExpSeconds < 120)
    problems.push({
      severity: 'warning',
      message: 'AUTH_JWT_EXP is under 120 s: supabase-js refreshes 90 s ahead, so it would refresh without pause.',
    })
}

function dig(from: Record<string, unknown>, key: string): unknown {
  let at: unknown = from
  for (const part of key.split('.'))
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined
  return at
}
