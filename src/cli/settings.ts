/** Where the command line reads its settings: flags, the environment, `.env` and Supabase's config.toml. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parse, type TomlError } from 'smol-toml'
import { allSettings } from '../config'
import { type Configuration, load } from '../config/load'
import { parseDotenv } from '../lib/dotenv'
import { isJsonObject } from '../lib/json'
import { fail } from './exit-status'

/** Adds the flags for settings to a command. */
export function withSettings(command: Command): Command {
  for (const option of settingOptions()) command.addOption(option.helpGroup(SETTINGS_GROUP))
  return command
}

/** Heading of these flags in a help. */
export const SETTINGS_GROUP = 'Settings:'

export const settingOptions = (): Option[] => [
  ...allSettings.flatMap(({ flag, doc }) => (flag ? [new Option(`${flag} <value>`, doc)] : [])),
  new Option('--config <file>', "Supabase's config.toml; its [auth] section is read").default('supabase/config.toml'),
  new Option('--env-file <file>', 'file of settings, one NAME=value per line').default('.env'),
  new Option('--set <NAME=value>', 'any setting by name; may be repeated').argParser(collect),
]

function collect(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Z0-9_]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined)
    throw new InvalidArgumentError('Use the form NAME=value, such as AUTH_SITE_URL=https://app.example.com.')
  return { ...previous, [name]: value ?? '' }
}

const isGiven = (command: Command | null, name: string) => command?.getOptionValueSource(name) === 'cli'

/** An option given before or after the command name: if both commands define it, the outer one receives it. */
export function optionOf<T>(command: Command, name: string): T | undefined {
  return isGiven(command.parent, name) && !isGiven(command, name)
    ? command.parent?.getOptionValue(name)
    : command.getOptionValue(name)
}

/** The flags for settings that were given to a command, for another command with the same settings. */
export function givenSettings(command: Command): string[] {
  return command.options.flatMap((option) => {
    const name = option.attributeName()
    if (option.helpGroupHeading !== SETTINGS_GROUP || (!isGiven(command, name) && !isGiven(command.parent, name)))
      return []
    const value = optionOf<string | Record<string, string>>(command, name) ?? ''
    const values = typeof value === 'string' ? [value] : Object.entries(value).map((pair) => pair.join('='))
    return values.flatMap((each) => [option.long ?? '', each])
  })
}

/** Reads every setting. Files named by a flag must exist; the default ones do not have to. */
export function readSettings(command: Command, overrides: Record<string, string> = {}): Configuration {
  const problems: Configuration['problems'] = []
  const flags: Record<string, string> = {}
  for (const option of command.options) {
    const value = optionOf(command, option.attributeName())
    if (option.long && allSettings.some(({ flag }) => flag === option.long) && typeof value === 'string')
      flags[option.long] = value
  }
  const env = readIfThere(command, 'envFile', problems)
  const toml = readIfThere(command, 'config', problems)
  if (!toml && basename(resolve()) === 'supabase' && isFile('config.toml'))
    problems.push({
      severity: 'warning',
      message: 'config.toml is not read here; start in the folder above, or add --config config.toml',
    })
  const auth = toml && parseToml(toml, problems)
  const configuration = load({
    flags: { ...flags, ...overrides },
    set: optionOf<Record<string, string>>(command, 'set') ?? {},
    env: process.env,
    ...(env && { envFile: { path: env.path, isExplicit: env.isExplicit, values: parseDotenv(env.text) } }),
    ...(auth && { toml: { path: toml.path, auth, variables: projectVariables(toml.path, problems) } }),
    readFile: (path, from) => readFileSync(from === undefined ? path : besideConfigToml(path, from), 'utf8'),
  })
  return { ...configuration, problems: [...problems, ...configuration.problems] }
}

/**
 * Where a path in config.toml points: relative to its own folder, or for templates, as in Supabase's CLI, relative to
 * the project folder above `supabase/`.
 */
function besideConfigToml(path: string, toml: string): string {
  const places = [resolve(dirname(toml), path), resolve(dirname(toml), '..', path)]
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw new Error(`there is no ${[...new Set(places)].join(' or ')}`)
  return found
}

/**
 * The variables that `env(NAME)` in config.toml may refer to, beside the environment: of the same `.env` files as in
 * Supabase's CLI, those beside config.toml before those of the project folder.
 */
function projectVariables(toml: string, problems: Configuration['problems']): Record<string, string> {
  const own = dirname(resolve(toml))
  const folders = basename(own) === 'supabase' ? [own, dirname(own)] : [own]
  const stage = process.env.SUPABASE_ENV || 'development'
  const names = [`.env.${stage}.local`, ...(stage === 'test' ? [] : ['.env.local']), `.env.${stage}`, '.env']
  const files = folders.flatMap((folder) => names.map((name) => join(folder, name))).filter(isFile)
  const found = files.map((file) => {
    try {
      return parseDotenv(readFileSync(file, 'utf8'))
    } catch (error) {
      problems.push({ severity: 'warning', message: `${file} cannot be read: ${(error as Error).message}` })
      return {}
    }
  })
  return Object.assign({}, ...found.reverse())
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile()

interface File {
  path: string
  /** Whether a flag names the file, as opposed to a file found by default. */
  isExplicit: boolean
  text: string
}

function readIfThere(
  command: Command,
  option: 'config' | 'envFile',
  problems: Configuration['problems'],
): File | undefined {
  const path = optionOf<string>(command, option) ?? ''
  const isExplicit = isGiven(command, option) || isGiven(command.parent, option)
  // a folder named .env is usually a Python virtual environment
  if (!isExplicit && !isFile(path)) return undefined
  try {
    return { path, isExplicit, text: readFileSync(path, 'utf8') }
  } catch (error) {
    problems.push({ severity: 'error', message: `${path} cannot be read: ${(error as Error).message}` })
    return undefined
  }
}

function parseToml(
  { path, text }: Pick<File, 'path' | 'text'>,
  problems: Configuration['problems'],
): Record<string, unknown> | undefined {
  try {
    const { auth = {} } = parse(text)
    if (isJsonObject(auth)) return auth
    problems.push({
      severity: 'error',
      message: `${path} has an auth that is no table: begin it with the line [auth].`,
    })
    return undefined
  } catch (error) {
    problems.push({
      severity: 'error',
      message: `${path} is not valid TOML: ${(error as Error).message.split('\n')[0]} (line ${(error as TomlError).line})`,
    })
    return undefined
  }
}

/** Reads the settings for a command that needs valid ones. Every error is printed, and ends the command. */
export function requireSettings(command: Command, overrides?: Record<string, string>): Configuration {
  const configuration = readSettings(command, overrides)
  const errors = configuration.problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) fail(errors.map(({ message }) => message).join('\n'))
  return configuration
}
