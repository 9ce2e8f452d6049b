/** The fields of the core's policy, as settings name those they feed. */
import type { Policy } from '../core/kernel/policy'

/** An object with known keys; lists, sets, and records with any key are values. */
type IsGroup<T> = [T] extends [object]
  ? T extends readonly unknown[] | ReadonlySet<unknown>
    ? false
    : string extends keyof T
      ? false
      : true
  : false

type PathIn<Group> = {
  [Key in keyof Group & string]: IsGroup<Group[Key]> extends true ? `${Key}.${PathIn<Group[Key]>}` : Key
}[keyof Group & string]

type ValueIn<Group, Path extends string> = Path extends keyof Group
  ? Group[Path]
  : Path extends `${infer Key extends keyof Group & string}.${infer Rest}`
    ? ValueIn<Group[Key], Rest>
    : never

/** The path of a field of the policy, such as `session.timeboxMs`. */
export type PolicyPath = PathIn<Policy>

/** The field of the policy that values of type `T` feed. */
export interface PolicyField<T, Path extends PolicyPath> {
  path: Path
  convert: (value: T) => ValueIn<Policy, Path>
}

/** @param convert needed if the field has another form than the setting */
export function field<const Path extends PolicyPath>(path: Path): PolicyField<ValueIn<Policy, Path>, Path>
export function field<const Path extends PolicyPath, T>(
  path: Path,
  convert: (value: T) => ValueIn<Policy, Path>,
): PolicyField<T, Path>
export function field(path: PolicyPath, convert = (value: unknown) => value) {
  return { path, convert }
}

export const inMilliseconds = (seconds: number): number => seconds * 1000

type Below<Paths extends string, Key extends string> = Paths extends `${Key}.${infer Rest}` ? Rest : never

/** A group without its fields of these paths, and without groups that are then empty. */
export type Without<Group, Paths extends string> = {
  [Key in keyof Group & string as Key extends Paths
    ? never
    : [Below<Paths, Key>] extends [never]
      ? Key
      : keyof Without<Group[Key], Below<Paths, Key>> extends never
        ? never
        : Key]: [Below<Paths, Key>] extends [never] ? Group[Key] : Without<Group[Key], Below<Paths, Key>>
}
