/** Where the command line finds its settings: flags, the environment, `.env` and Supabase's config.toml. */
import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Command, InvalidArgumentError } from 'commander'
import { allSettings } from '../config'
import { type Configuration, load, type Sources } from '../config/load'

export interface Flags {
  config?: string
  envFile?: string
  set?: Record<string, string>
  [flag: string]: unknown
}

/** Gives a command the flags from which its settings are read. */
export function withSettings(command: Command): Command {
  for (const { flag, doc } of allSettings) if (flag) command.option(`${flag} <value>`, doc)
  return command
    .option('--config <file>', "Supabase's config.toml; its [auth] section is read", 'supabase/config.toml')
    .option('--env-file <file>', 'file of settings, one NAME=value a line', '.env')
    .option('--set <NAME=value>', 'any setting by its name; may be repeated', collect)
}

function collect(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Z0-9_]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('It must look like AUTH_SITE_URL=https://app.example.com.')
  return { ...previous, [name]: value ?? '' }
}

/** Reads every setting. Files that a flag names must be there; the usual ones may be missing. */
export function readSettings(command: Command, overrides: Record<string, string> = {}): Configuration {
  const flags = command.opts<Flags>()
  const problems: Configuration['problems'] = []
  const file = (flag: 'config' | 'envFile', path: string): string | undefined => {
    if (existsSync(path)) return readFileSync(path, 'utf8')
    if (command.getOptionValueSource(flag) === 'cli')
      problems.push({ severity: 'error', message: `${path} does not exist.` })
    return undefined
  }
  const { envFile: envPath = '.env', config: tomlPath = 'supabase/config.toml', set = {} } = flags
  const envText = file('envFile', envPath)
  const tomlText = file('config', tomlPath)
  const values: Record<string, string> = { ...set }
  for (const { flag } of allSettings) {
    const value = flag && flags[flag.slice(2).replace(/-(\w)/g, (_, letter) => letter.toUpperCase())]
    if (flag && typeof value === 'string') values[flag] = value
  }
  const sources: Sources = {
    flags: { ...values, ...overrides },
    env: process.env,
    ...(envText !== undefined && { envFile: { path: envPath, values: parseEnv(envText) } }),
    readFile: (path) => readFileSync(path, 'utf8'),
  }
  if (tomlText !== undefined) {
    try {
      const { auth = {} } = Bun.TOML.parse(tomlText) as { auth?: Record<string, unknown> }
      sources.toml = { path: tomlPath, auth }
    } catch (error) {
      problems.push({ severity: 'error', message: `${tomlPath} is not valid TOML: ${(error as Error).message}` })
    }
  }
  const configuration = load(sources)
  return { ...configuration, problems: [...problems, ...configuration.problems] }
}

/** Reads the settings for a command that needs them right. Prints every error and ends the process where there is one. */
export function requireSettings(command: Command, overrides?: Record<string, string>): Configuration {
  const configuration = readSettings(command, overrides)
  const errors = configuration.problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) fail(errors.map(({ message }) => message).join('\n'))
  return configuration
}

/** Ends the process with status 1, saying why. */
export function fail(message: string): never {
  for (const line of message.split('\n')) process.stderr.write(`latchkey: ${line}\n`)
  process.exit(1)
}

/** Runs what may fail for reasons the operator can mend, and says them in one line. */
export async function orFail<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    return fail((error as Error).message)
  }
}
