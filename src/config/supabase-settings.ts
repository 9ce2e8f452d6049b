/** How the settings of Supabase that are set here behave, for `latchkey check`. */
import type { SettingProblem } from './sources'
import type { Unsupported } from './unsupported-names'

/** A setting of GoTrue or of config.toml that is set. */
export interface SupabaseSetting {
  /** As the user wrote it: a variable, or a key of config.toml such as `auth.site_url`. */
  name: string
  value: string
  /** Why it has no effect. */
  unsupported?: Unsupported
  /** It belongs to something that is switched off, so it has no effect with Supabase either. */
  isOff?: boolean
}

export interface Finding {
  name: string
  reason: string
}

export interface SupabaseReport {
  /** The names of those that work as with Supabase. */
  works: string[]
  differs: Finding[]
  notHere: Finding[]
}

/** What no setting can switch on. */
export const NOT_HERE = ['the OAuth 2.1 server', 'SAML single sign-on', 'SCIM', 'third-party auth']

export const isFalsy = (value: string | undefined): boolean => /^(false|0|f|no|off)$/i.test((value ?? '').trim())
export const isTruthy = (value: string | undefined): boolean => /^(true|1|t|yes|on)$/i.test((value ?? '').trim())

export function supabaseReport(found: SupabaseSetting[]): SupabaseReport {
  const withStanding = (wanted: Unsupported['standing']) =>
    found.flatMap(({ name, unsupported, isOff }): Finding[] =>
      unsupported?.standing === wanted && !isOff ? [{ name, reason: unsupported.reason }] : [],
    )
  return {
    works: found.filter(({ unsupported, isOff }) => !unsupported || isOff).map(({ name }) => name),
    differs: withStanding('differs'),
    notHere: withStanding('not_here'),
  }
}

/** A switch that is on deserves a warning of its own, because an application may rely on what it is for. */
export function missingFeatures(found: SupabaseSetting[]): SettingProblem[] {
  return found.flatMap(({ name, value, unsupported, isOff }): SettingProblem[] =>
    unsupported?.standing === 'not_here' && !isOff && isTruthy(value)
      ? [{ severity: 'warning', message: `${name} is on, but ${unsupported.reason}.` }]
      : [],
  )
}
