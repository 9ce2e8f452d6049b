/** Profiles: the data of a provider about an account, with GoTrue's claim names. */
import { isJsonObject, type JsonObject } from '../lib/json'

export interface ExternalEmail {
  address: string
  /** Whether the provider verified it. */
  isVerified: boolean
  isPrimary: boolean
}

/** An account at a provider. */
export interface ExternalProfile {
  /** With GoTrue's claim names, empty values omitted; `sub` is the provider's account id. */
  claims: JsonObject & { sub: string }
  emails: readonly ExternalEmail[]
}

/** A JSON object from an untrusted source. */
export type UntrustedJson = Record<string, unknown>

/** Strings as they are, numbers as strings, anything else as an empty string. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''
}

export function asObject(value: unknown): UntrustedJson {
  return isJsonObject(value) ? value : {}
}

export const asObjects = (value: unknown): UntrustedJson[] => (Array.isArray(value) ? value.map(asObject) : [])

export function emailEntry(address: unknown, isVerified: unknown, isPrimary = true): ExternalEmail[] {
  return asText(address) === '' ? [] : [{ address: asText(address), isVerified: isVerified === true, isPrimary }]
}

/** A profile with GoTrue's claim names. Empty values are omitted. @throws if the profile has no account id */
export function profileOf(sub: unknown, claims: UntrustedJson, emails: ExternalEmail[]): ExternalProfile {
  const id = asText(sub)
  if (id === '') throw new Error('the provider does not identify the account')
  const primary = emails.find(({ isPrimary }) => isPrimary) ?? emails[0]
  const all = {
    ...(claims.name !== undefined && { full_name: claims.name }),
    ...claims,
    ...(primary && { email: primary.address, email_verified: primary.isVerified }),
  }
  const isKept = ([, value]: [string, unknown]) =>
    value !== undefined &&
    value !== null &&
    value !== '' &&
    !(typeof value === 'object' && Object.keys(value).length === 0)
  const kept = Object.fromEntries(Object.entries(all).filter(isKept)) as JsonObject
  return { claims: { ...kept, sub: id, provider_id: id }, emails }
}

const STANDARD =
  'iss name family_name given_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale'.split(
    ' ',
  )

/** The profile from standard claims (OpenID Connect Core 1.0 §5.1). A missing `email_verified` is treated as false. */
export function openIdProfile(claims: UntrustedJson, more: UntrustedJson = {}): ExternalProfile {
  const isVerified = claims.email_verified === true || claims.email_verified === 'true'
  const standard = Object.fromEntries(STANDARD.map((name) => [name, claims[name]]))
  return profileOf(
    claims.sub,
    { ...standard, avatar_url: claims.picture, ...more },
    emailEntry(claims.email, isVerified),
  )
}
