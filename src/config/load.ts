/** Reads every setting from its sources and reports all problems at once. */
import { nearest } from '../lib/nearest'
import { applyDependentDefaults, crossCheck } from './cross-checks'
import { allSettings, areas, type Settings } from './index'
import { downgradeWhileDisabled, isBlank, readValue } from './parse-setting'
import { mayBeInFile, type Setting } from './setting'
import {
  type NamedValues,
  type RawValue,
  readFile,
  type SettingProblem,
  type Sources,
  unsupportedSetting,
} from './sources'
import { findToml, reportUnknownKeys } from './toml'
import { foreignName } from './unsupported-names'

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
}

/** These short names are common in other software, so they are ignored in a `.env` that was not named explicitly. */
const ENVIRONMENT_ONLY = /^(DATABASE_URL|JWT_SECRET|DEBUG|PORT)(_FILE)?$/

export function load(given: Sources): Configuration {
  const problems: SettingProblem[] = []
  const sources = withoutSharedNames(given)
  const origins = new Map<Setting<unknown>, string>()
  const settings: Record<string, Record<string, unknown>> = {}
  const off = new Set<string>()
  const problemsFound: [Setting<unknown>, SettingProblem][] = []
  for (const [area, group] of Object.entries(areas)) {
    settings[area] = {}
    for (const [key, each] of Object.entries<Setting<unknown>>(group)) {
      const found = find(each, sources, problems)
      settings[area][key] = found
        ? readValue(each, found, (problem) => problemsFound.push([each, problem]))
        : each.default
      if (found && settings[area][key] === false) off.add(each.names[0])
      origins.set(each, found?.origin ?? 'default')
    }
  }
  for (const [each, problem] of problemsFound)
    problems.push(off.has(`AUTH_${each.switchedBy}`) ? downgradeWhileDisabled(problem, each) : problem)
  reportUnknownNames(sources, problems)
  reportUnknownKeys(sources, problems)
  const complete = settings as unknown as Settings
  applyDependentDefaults(complete)
  crossCheck(complete, problems)
  const loaded = Object.entries(areas).flatMap(([area, group]) =>
    Object.entries<Setting<unknown>>(group).map(([key, each]) => ({
      setting: each,
      value: settings[area]?.[key],
      origin: origins.get(each) ?? 'default',
    })),
  )
  return { settings: complete, loaded, problems }
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

function reportUnknownNames({ set = {}, env = {}, envFile }: Sources, problems: SettingProblem[]): void {
  const ours = new Set(
    allSettings.flatMap((each) => each.names.flatMap((name) => (mayBeInFile(each) ? [name, `${name}_FILE`] : [name]))),
  )
  const prefixed = (values: NamedValues) =>
    Object.entries(values).filter(([name, value]) => !isBlank(value) && /^(AUTH|GOTRUE)_/.test(name))
  const report = (entries: [string, string | undefined][], severity: 'error' | 'unknown') => {
    for (const [name, value] of entries.sort()) {
      if (ours.has(name)) continue
      const close = nearest(name, ours)
      const known = foreignName(name)
      if (known) problems.push(unsupportedSetting(name, value, known.reason))
      else
        problems.push({
          severity,
          message: `${name} is not a known setting${close ? `; did you mean ${close}?` : '.'}`,
        })
    }
  }
  // flags are meant for us, so a wrong one stops the start; the environment is shared with others
  report(Object.entries(set), 'error')
  report(prefixed({ ...envFile?.values, ...env }), 'unknown')
}
