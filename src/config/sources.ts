/** Where values come from, and what can be wrong with them. */

export type Named = Record<string, string | undefined>

/** Where values come from, strongest first: flags, environment, `.env`, config.toml. */
export interface Sources {
  /** Values by flag, such as `--port`. */
  flags?: Record<string, string>
  /** Values by name, from `--set NAME=value`. */
  set?: Record<string, string>
  env?: Named
  envFile?: { path: string; values: Named }
  toml?: { path: string; auth: Record<string, unknown> }
  /** Reads a file that a setting points at. @param from the file that names it, where that is not the working folder */
  readFile?(path: string, from?: string): string
}

/** `error` and `unknown` (a name nobody knows) want mending, `warning` wants a look, `note` tells that something has no effect. */
export interface Problem {
  severity: 'error' | 'unknown' | 'warning' | 'note'
  message: string
}

/** A value as text, before it is read. */
export interface Found {
  text: string
  origin: string
}

/** The content of a file that a setting names. */
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

/** A switch that is on and does nothing is worth a warning, since somebody may rely on it. */
export function foreign(name: string, value: string | undefined): Problem {
  const isOn =
    /(enabled|require_\w+|single_per_user|secure_password_change)$/i.test(name) &&
    /^(true|1|t|yes|on)$/i.test(value ?? '')
  if (isOn)
    return { severity: 'warning', message: `${name} is on, but this version does not have what it switches on.` }
  return {
    severity: 'note',
    message: `${name} is a setting of Supabase's that this version does not have; it changes nothing.`,
  }
}
