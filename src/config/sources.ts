/** Where values come from, and the problems they may have. */

export type NamedValues = Record<string, string | undefined>

/** Sources of values, highest priority first: flags, environment, `.env`, config.toml. */
export interface Sources {
  /** Values by flag, such as `--port`. */
  flags?: Record<string, string>
  /** Values by name, from `--set NAME=value`. */
  set?: Record<string, string>
  env?: NamedValues
  /** `isNamed`: by a flag, rather than found by chance. */
  envFile?: { path: string; isNamed?: boolean; values: NamedValues }
  toml?: { path: string; auth: Record<string, unknown> }
  /** Reads a file named by a setting. @param from the file that names it, if paths are relative to that */
  readFile?(path: string, from?: string): string
}

/**
 * `error` stops the start. `unknown` (a name that is no setting) and `incomplete` (something that is on and cannot work)
 * want mending but do not. `warning` wants a look, `note` tells that something has no effect or was replaced.
 */
export interface Problem {
  severity: 'error' | 'unknown' | 'incomplete' | 'warning' | 'note'
  message: string
}

/** Whether the settings are wrong, be it that the server starts all the same. */
export const isWrong = ({ severity }: Problem) => severity !== 'warning' && severity !== 'note'

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
  problems: Problem[],
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

/** A protection that is switched on and not there is worth a warning, since an application may rely on it. */
export function unsupportedSetting(name: string, value: string | undefined, reason?: string): Problem {
  const isOn =
    /(enabled|extended|require_\w+|single_per_user|secure_password_change)$/i.test(name) &&
    /^(true|1|t|yes|on)$/i.test(value ?? '')
  if (isOn && (reason === undefined || /extended$/i.test(name)))
    return {
      severity: 'warning',
      message: `${name} is on, but this version does not support what it enables${reason ? `: ${reason}` : ''}.`,
    }
  return {
    severity: 'note',
    message: `${name} is a setting of Supabase's that this version does not have; it changes nothing${reason ? `: ${reason}` : ''}.`,
  }
}
