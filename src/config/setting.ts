/**
 * The type of a setting. Each setting is one object; the loader, `latchkey check`, `docs/settings.md` and `.env.example`
 * all read it.
 */
import type { PolicyField, PolicyPath } from './policy-field'
import type { ValueType } from './value-types'

/** The families of endpoints, as the documentation calls them (docs/apis.md). */
export type Api = '/auth/v1' | '/api/auth' | 'federation'

export interface Setting<T, D extends T | undefined = T | undefined, Path extends PolicyPath = PolicyPath> {
  /** Every accepted environment variable; the first is ours, and the first one set wins. */
  names: [string, ...string[]]
  /** Command-line flag, such as `--port`. */
  flag?: `--${string}`
  /** Key below `[auth]` in Supabase's config.toml. */
  toml?: string
  /** Key below `[auth]` that names a file with the value, relative to config.toml. */
  tomlFile?: string
  /** Switches below `[auth]`, with the text each stands for when on. */
  tomlSwitches?: Record<string, string>
  /** Table below `[auth]` whose entries become a list of `key:value`. */
  tomlTable?: string
  /** Key below `[auth]` without which this setting's key is ignored. */
  tomlNeeds?: string
  /** Converts the config.toml value to the text of an environment variable. @throws as `parse` does */
  fromToml?: (value: string) => string
  /** The API that it affects; undefined for all, or that of its area. */
  api?: Api
  kind: ValueType<T>
  default: D
  /** The field of the core's policy that the value becomes. */
  feeds?: MappedField<T | D, Path>
  /** Shown in the documentation instead of the default, if that depends on something else. */
  defaultNote?: string
  unit?: 'seconds' | 'bytes' | 'requests' | 'passwords'
  /** The name under which the documentation covers this setting and its siblings, once. */
  family?: string
  /** Name of the switch, as passed to `setting`: while it is off, an invalid value is not an error. */
  switchedBy?: string
  /** Never printed; `<NAME>_FILE` may name a file that contains it. */
  secret?: boolean
  /** Printed without the password that it may contain; `<NAME>_FILE` may name a file that contains it. */
  holdsPassword?: boolean
  /** One or two sentences for the reader of `docs/settings.md`. */
  doc: string
}

/** As `PolicyField`; a method, so that settings of different types fit in one list. */
interface MappedField<T, Path extends PolicyPath> {
  path: Path
  convert(value: T): unknown
}

type Definition<T> = Omit<Setting<T>, 'names' | 'default' | 'feeds'> & {
  /** The name without prefix: `AUTH_<name>` is ours and `GOTRUE_<name>` is accepted as well. */
  name: string
  /** Other accepted names, in full. */
  also?: string[]
}

/** Whether `<NAME>_FILE` may name a file that contains the value. */
export const mayBeInFile = ({ secret, holdsPassword }: Pick<Setting<unknown>, 'secret' | 'holdsPassword'>): boolean =>
  secret === true || holdsPassword === true

/** A value is of type `T`; without a default it may be undefined as well. */
export function setting<T, Path extends PolicyPath = never>(
  definition: Definition<T> & { default: NoInfer<T>; feeds?: PolicyField<NoInfer<T>, Path> },
): Setting<T, T, Path>
export function setting<T, Path extends PolicyPath = never>(
  definition: Definition<T> & { feeds?: PolicyField<NoInfer<T> | undefined, Path> },
): Setting<T, undefined, Path>
export function setting<T>({
  name,
  also,
  ...rest
}: Definition<T> & { default?: T; feeds?: MappedField<T | undefined, PolicyPath> }): Setting<T> {
  return { ...rest, names: [`AUTH_${name}`, `GOTRUE_${name}`, ...(also ?? [])], default: rest.default }
}

/** A setting whose default is computed from others; it always ends up with a value. */
export function computed<T, Path extends PolicyPath = never>({
  feeds,
  ...definition
}: Definition<T> & { defaultNote: string; feeds?: PolicyField<NoInfer<T>, Path> }): Setting<T, T, Path> {
  return { ...setting<T>(definition), ...(feeds && { feeds }) } as unknown as Setting<T, T, Path>
}

/** The values of a group of settings; without a default they may be undefined. */
export type Values<Group> = {
  [Key in keyof Group]: Group[Key] extends Setting<infer T, infer D> ? (undefined extends D ? T | undefined : T) : never
}

/** The fields of the core's policy that a group of settings feeds. */
export type PolicyPathOf<Group> = {
  [Key in keyof Group]: Group[Key] extends { feeds?: { path: infer Path } } ? Path : never
}[keyof Group]
