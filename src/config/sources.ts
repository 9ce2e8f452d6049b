/** Where values come from, and the problems they may have. */

export type NamedValues = Record<string, string | undefined>

/** Sources of values, highest priority first: flags, environment, `.env`, config.toml. */
export interface Sources {
  /** Values by flag, such as `--port`. */
  flags?: Record<string, string>
  /** Values by name, from `--set NAME=value`. */
  set?: Record<string, string>
  env?: NamedValues
  /** `isNamed`: named by a flag, as opposed to found by default. */
  envFile?: { path: string; isExplicit?: boolean; values: NamedValues }
  toml?: {
    path: string
    auth: Record<string, unknown>
    /** Variables of the `.env` files of the project, for `env(NAME)`. */
    variables?: NamedValues
  }
  /** Reads a file named by a setting. @param from the file that names it, if paths are relative to that */
  readFile?(path: string, from?: string): string
}

/**
 * `error` stops the start. `unknown` (not a setting) and `incomplete` (an enabled feature that cannot work) should be
 * fixed but do not. `warning` deserves a look; `note` reports something without effect or replaced.
 */
export interface SettingProblem {
  severity: 'error' | 'unknown' | 'incomplete' | 'warning' | 'note'
  message: string
}

/** A problem that several settings have together. */
export interface Finding extends SettingProblem {
  /** Name of the setting whose absence is the problem. */
  missing?: string
}

/** Whether the settings are wrong, even if the server starts. */
export const isWrong = ({ severity }: SettingProblem) => severity !== 'warning' && severity !== 'note'

/** A value as text, before parsing. */
export interface RawValue {
  text: string
  origin: string
}

/** The content of a file named by a setting. */
export function readFile(
  origin: string,
  path: string,
  { readFile: read }: Sources,
  problems: SettingProblem[],
  from?: string,
): string | undefined {
  try {
    if (!read) throw new Error('no files are read here')
    return read(path, from).trim()
  } catch (error) {
    problems.push({
      severity: 'error',
      message: `${origin} names ${path}, which cannot be read: ${(error as Error).message}`,
    })
    return undefined
  }
}
