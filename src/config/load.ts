/** Reads every setting from its sources and reports all problems at once. */
import { nearest } from '../lib/nearest'
import { crossCheck } from './cross-checks'
import { applyDependentDefaults } from './dependent-defaults'
import { allSettings, areas, type Settings } from './index'
import { downgraded, downgradeWhileDisabled, isBlank, readValue } from './parse-setting'
import { switchOffFunctionHooks, unusedSecrets } from './postgres-checks'
import { mayBeInFile, type Setting } from './setting'
import { type NamedValues, type RawValue, readFile, type SettingProblem, type Sources } from './sources'
import {
  isFalsy,
  isTruthy,
  missingFeatures,
  type SupabaseReport,
  type SupabaseSetting,
  supabaseReport,
} from './supabase-settings'
import { findToml, knownKeys } from './toml'
import { type UnsupportedGroup, unsupportedName } from './unsupported-names'

/** One line of `latchkey check --print`. */
export interface LoadedSetting {
  setting: Setting<unknown>
  value: unknown
  /** For example `environment GOTRUE_JWT_EXP` or `default`. */
  origin: string
}

export interface Configuration {
  settings: Settings
  loaded: LoadedSetting[]
  problems: SettingProblem[]
  /** What the settings of Supabase among them do here. */
  supabase: SupabaseReport
  /** Path of the config.toml that was read. */
  configToml: string | undefined
}

/** These short names are common in other software, so they are ignored in a `.env` that was not named explicitly. */
const ENVIRONMENT_ONLY = /^(DATABASE_URL|JWT_SECRET|DEBUG|PORT)(_FILE)?$/

export function load(given: Sources): Configuration {
  const sources = withoutSharedNames(given)
  const { settings, origins, problems, rejected } = readSettings(sources)
  const fromSupabase = [...knownNames(sources, problems), ...knownKeys(sources, problems)]
  problems.push(...missingFeatures(fromSupabase))
  const isFromToml = (each: Setting<unknown>) => origins.get(each)?.startsWith(`${sources.toml?.path} [auth`) ?? false
  problems.push(...switchOffFunctionHooks(settings, isFromToml))
  applyDependentDefaults(settings)
  problems.push(...crossCheck(settings, rejected))
  const values = settings as unknown as Record<string, Record<string, unknown>>
  const loaded = Object.entries(areas).flatMap(([area, group]) =>
    Object.entries<Setting<unknown>>(group).map(([key, each]) => ({
      setting: each,
      value: values[area]?.[key],
      origin: origins.get(each) ?? 'default',
    })),
  )
  return {
    settings,
    loaded,
    problems,
    supabase: supabaseReport(fromSupabase),
    configToml: sources.toml?.path,
  }
}

interface ReadSettings {
  /** Still without the defaults that depend on other settings. */
  settings: Settings
  origins: Map<Setting<unknown>, string>
  problems: SettingProblem[]
  /** Names of the settings whose value is not valid, or is in a file that cannot be read; they have their default. */
  rejected: Set<string>
}

/** Reads each setting by itself. */
function readSettings(sources: Sources): ReadSettings {
  const problems: SettingProblem[] = []
  const origins = new Map<Setting<unknown>, string>()
  const settings: Record<string, Record<string, unknown>> = {}
  const off = new Set<string>()
  const rejected = new Set<string>()
  const parsingProblems: [Setting<unknown>, SettingProblem][] = []
  const noteRejected = (each: Setting<unknown>, { severity }: SettingProblem) => {
    if (severity === 'error') rejected.add(each.names[0])
  }
  for (const [area, group] of Object.entries(areas)) {
    settings[area] = {}
    for (const [key, each] of Object.entries<Setting<unknown>>(group)) {
      const findingProblems: SettingProblem[] = []
      const found = find(each, sources, findingProblems)
      for (const problem of findingProblems) noteRejected(each, problem)
      problems.push(...findingProblems)
      settings[area][key] = found
        ? readValue(each, found, (problem) => {
            noteRejected(each, problem)
            parsingProblems.push([each, problem])
          })
        : each.default
      if (found && settings[area][key] === false) off.add(each.names[0])
      origins.set(each, found?.origin ?? 'default')
    }
  }
  const read = settings as unknown as Settings
  const isUnused = unusedSecrets(read)
  for (const [each, problem] of parsingProblems) {
    if (off.has(`AUTH_${each.switchedBy}`)) problems.push(downgradeWhileDisabled(problem, each))
    else if (isUnused(each)) problems.push(downgraded(problem, 'since its hook is a Postgres function'))
    else problems.push(problem)
  }
  return { settings: read, origins, problems, rejected }
}

function withoutSharedNames({ envFile, ...sources }: Sources): Sources {
  if (!envFile || envFile.isExplicit) return { ...sources, ...(envFile && { envFile }) }
  const own = Object.entries(envFile.values).filter(([name]) => !ENVIRONMENT_ONLY.test(name))
  return { ...sources, envFile: { ...envFile, values: Object.fromEntries(own) } }
}

function find(each: Setting<unknown>, sources: Sources, problems: SettingProblem[]): RawValue | undefined {
  const { flags = {}, set = {}, env = {}, envFile } = sources
  const flagged = each.flag === undefined ? undefined : flags[each.flag]
  if (flagged !== undefined) return { text: flagged, origin: `flag ${each.flag}` }
  return (
    findNamed(each, set, 'flag --set', sources, problems) ??
    findNamed(each, env, 'environment', sources, problems) ??
    (envFile && findNamed(each, envFile.values, envFile.path, sources, problems)) ??
    findToml(each, sources, problems)
  )
}

/**
 * The first of the setting's names that is set in this source. An empty value is treated as unset, because Compose
 * files pass unset variables that way.
 */
function findNamed(
  each: Setting<unknown>,
  values: NamedValues,
  where: string,
  sources: Sources,
  problems: SettingProblem[],
): RawValue | undefined {
  const found: RawValue[] = []
  for (const name of each.names) {
    const text = values[name]
    if (text !== undefined && !isBlank(text)) found.push({ text, origin: `${where} ${name}` })
    const path = mayBeInFile(each) ? values[`${name}_FILE`] : undefined
    const content = path ? readFile(`${where} ${name}_FILE`, path, sources, problems) : undefined
    if (content !== undefined) found.push({ text: content, origin: `${where} ${name}_FILE` })
  }
  const [first, ...others] = found
  const differing = others.find((other) => other.text !== first?.text)
  if (first && differing)
    problems.push({
      severity: 'warning',
      message: `${first.origin} and ${differing.origin} differ; the first one is used.`,
    })
  return first
}

/** The settings of GoTrue that are set, by name; reports names that are neither GoTrue's nor ours. */
function knownNames({ set = {}, env = {}, envFile }: Sources, problems: SettingProblem[]): SupabaseSetting[] {
  const ours = new Set(
    allSettings.flatMap((each) => each.names.flatMap((name) => (mayBeInFile(each) ? [name, `${name}_FILE`] : [name]))),
  )
  const prefixed = (values: NamedValues) =>
    Object.entries(values).filter(
      ([name, value]) => !isBlank(value) && (/^(AUTH|GOTRUE)_/.test(name) || name === 'API_EXTERNAL_URL'),
    )
  const all = { ...envFile?.values, ...env, ...set }
  const settingsOf = (entries: [string, string | undefined][], severity: 'error' | 'unknown') =>
    entries.sort().flatMap(([name, value = '']): SupabaseSetting[] => {
      if (ours.has(name)) return name.startsWith('AUTH_') ? [] : [{ name, value }]
      const unsupported = unsupportedName(name)
      if (unsupported) return [{ name, value, unsupported, isOff: isOff(unsupported, value, all) }]
      const close = nearest(name, ours)
      problems.push({
        severity,
        message: `${name} is not a known setting${close ? `; did you mean ${close}?` : '.'}`,
      })
      return []
    })
  // flags are meant for us, so a wrong one stops the start; the environment is shared with others
  return [
    ...settingsOf(Object.entries(set), 'error'),
    ...settingsOf(
      prefixed({ ...envFile?.values, ...env }).filter(([name]) => !Object.hasOwn(set, name)),
      'unknown',
    ),
  ]
}

/** Whether the switch of what is not here is off, or if there is none, the setting itself. */
function isOff({ names, standing }: UnsupportedGroup, value: string, all: NamedValues): boolean {
  if (standing === 'differs') return false
  const name = names.find((each) => each.endsWith('_ENABLED'))
  if (name === undefined) return isFalsy(value)
  return !isTruthy(all[`AUTH_${name}`]) && !isTruthy(all[`GOTRUE_${name}`])
}
