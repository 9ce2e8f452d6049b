/**
 * Defines hooks. A hook is a request to the operator's server when something happens (docs/hooks.md). Its
 * settings and the types of its call derive from this; it is called in `src/core/hooks/call-hook.ts`.
 */
import type { Static, TObject } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { isJsonObject } from '../lib/json'
import type { HookIdentity, HookUser } from './user'

export interface HookDeclaration {
  /** GoTrue's name, in the metadata of each request. */
  name: string
  /**
   * The settings are `AUTH_HOOK_<setting>_ENABLED`, `…_URI` and `…_SECRETS`; in lower case, it is the name of the table
   * below `[auth.hook]` in config.toml.
   */
  setting: string
  /** Completes "the hook that …" in the documentation of the settings. */
  doc: string
  /** The payload without its metadata. */
  input: TObject
  /** Members of the response. A member of another type is treated as missing. */
  output: TObject
  /** An example of `input`, for `latchkey hook test`. */
  sample(about: HookSample): object
  /** The refusals that a response may cause, in addition to those of every hook (`src/core/kernel/reasons/hook.ts`). */
  reasons: readonly string[]
}

/** The account that an example is about: one of this server, or a made-up one. */
export interface HookSample {
  user: HookUser
  identities: HookIdentity[]
  /** Of an access token that the user would get. */
  claims: Record<string, unknown>
}

export const defineHook = <const Hook extends HookDeclaration>(hook: Hook): Hook => hook

export type HookInput<Hook extends HookDeclaration> = Static<Hook['input']>
export type HookOutput<Hook extends HookDeclaration> = Partial<Static<Hook['output']>>

/** The members of a response that the hook declares. */
export function readOutput<Hook extends HookDeclaration>({ output }: Hook, response: unknown): HookOutput<Hook> {
  const given: Record<string, unknown> = isJsonObject(response) ? response : {}
  const known = Object.entries(output.properties).filter(([name, schema]) => Value.Check(schema, given[name]))
  return Object.fromEntries(known.map(([name]) => [name, given[name]])) as HookOutput<Hook>
}
