/** What a provider file defines, and what it is given. */
import type { ExternalEmail, ExternalProfile } from '../../core/ports'
import type { JsonObject } from '../../lib/json'

/** The operator's configuration. */
export interface Setup {
  name: string
  clientIds: readonly string[]
  secret: string
  redirectUri: string
  /** For self-hosted providers. */
  url: string | undefined
  apiUrl: string | undefined
  isEmailOptional: boolean
  skipsNonce: boolean
}

/** A JSON object from an untrusted source. */
export type UntrustedJson = Record<string, unknown>

/** What is known once the code has been exchanged. */
export interface ProfileContext {
  accessToken: string
  /** The complete response of the token endpoint. */
  answer: UntrustedJson
  /** Verified claims of the ID token; undefined if there was none. */
  idToken: JsonObject | undefined
  /** The callback parameters. */
  parameters: URLSearchParams
  setup: Setup
  /** A JSON document of the provider's API, requested with the access token. @throws unless the status is 200 */
  get(url: string, headers?: Record<string, string>): Promise<UntrustedJson>
}

export interface Provider {
  /** Always requested; the client's scopes are appended. */
  scopes: readonly string[]
  /** Separator between scopes, if it is not a space. */
  scopeSeparator?: string
  /** @returns the URLs of the authorization and the token endpoint (RFC 6749 §3) */
  endpoints(setup: Setup): { authorize: string; token: string }
  /** The OpenID issuer; a provider with one signs ID tokens. */
  issuer?(setup: Setup): string
  /** Whether an issuer belongs to the provider, if there are several. */
  isIssuer?(issuer: string, setup: Setup): boolean
  /** Whether applications may present ID tokens of this provider (GoTrue's id_token grant). */
  acceptsIdTokens?: boolean
  neverChecksNonce?: boolean
  /** Extra parameters of the authorization request. */
  parameters?: Readonly<Record<string, string>>
  /** Whether it rejects other parameters. */
  acceptsNoParameters?: boolean
  /** Whether the client authenticates with HTTP Basic (RFC 6749 §2.3.1). */
  usesBasicAuth?: boolean
  /** Whether the other authentication method is tried after a refusal. */
  triesBothAuthMethods?: boolean
  /** Whether its responses must contain `iss` (RFC 9207 §2.4). */
  requiresIssuerParameter?: boolean
  needsVerifier?: boolean
  /** If the ID token contains everything, no further request is made. */
  profile(vouched: ProfileContext): Promise<ExternalProfile> | ExternalProfile
}

/** Strings as they are, numbers as strings, anything else as an empty string. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''
}

export function asObject(value: unknown): UntrustedJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as UntrustedJson) : {}
}

export const asObjects = (value: unknown): UntrustedJson[] => (Array.isArray(value) ? value.map(asObject) : [])

export function emailEntry(address: unknown, isVerified: unknown, isPrimary = true): ExternalEmail[] {
  return asText(address) === '' ? [] : [{ address: asText(address), isVerified: isVerified === true, isPrimary }]
}

/**
 * A profile with GoTrue's claim names. Empty values are omitted.
 * @throws if the provider names no account
 */
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

/** The profile from standard claims (OpenID Connect Core 1.0 §5.1). A missing `email_verified` counts as false. */
export function openIdProfile(claims: UntrustedJson, more: UntrustedJson = {}): ExternalProfile {
  const isVerified = claims.email_verified === true || claims.email_verified === 'true'
  const standard = Object.fromEntries(STANDARD.map((name) => [name, claims[name]]))
  return profileOf(
    claims.sub,
    { ...standard, avatar_url: claims.picture, ...more },
    emailEntry(claims.email, isVerified),
  )
}
