/** What a provider's file says of it, and what these files are given. */
import type { ExternalEmail, ExternalProfile } from '../../core/ports'
import type { JsonObject } from '../../lib/json'

/** What the operator set up. */
export interface Setup {
  name: string
  clientIds: readonly string[]
  secret: string
  redirectUri: string
  /** Of a provider that one hosts oneself. */
  url: string | undefined
  apiUrl: string | undefined
  isEmailOptional: boolean
  skipsNonce: boolean
}

/** A JSON object of somebody else's. */
export type Foreign = Record<string, unknown>

/** What is known once the code was exchanged. */
export interface Vouched {
  accessToken: string
  /** The whole answer of the token endpoint. */
  answer: Foreign
  /** Claims of the ID token, verified; undefined where there was none. */
  idToken: JsonObject | undefined
  /** What the browser came back with. */
  parameters: URLSearchParams
  setup: Setup
  /** A JSON document of the provider's API, asked for with the access token. @throws where it is not answered with 200 */
  get(url: string, headers?: Record<string, string>): Promise<Foreign>
}

export interface Provider {
  /** Always asked for; the client's come behind them. */
  scopes: readonly string[]
  /** What stands between two scopes, where it is no space. */
  scopeSeparator?: string
  /** @returns the URLs of the authorization and the token endpoint (RFC 6749 §3) */
  endpoints(setup: Setup): { authorize: string; token: string }
  /** The OpenID issuer; a provider that has one signs ID tokens. */
  issuer?(setup: Setup): string
  /** Whether an issuer speaks for the provider, where there are several. */
  isIssuer?(issuer: string, setup: Setup): boolean
  /** Whether ID tokens are taken from applications too (contract 8.9). */
  takesIdTokens?: boolean
  neverChecksNonce?: boolean
  /** Parameters of the authorization request beside OAuth's own. */
  parameters?: Readonly<Record<string, string>>
  /** Whether it takes no others. */
  takesNoParameters?: boolean
  /** Whether the client authenticates by HTTP Basic (RFC 6749 §2.3.1). */
  usesBasic?: boolean
  /** Whether the other way to authenticate is tried where that one is refused. */
  triesBothWays?: boolean
  /** Whether its answers must name it (RFC 9207 §2.4). */
  namesIssuer?: boolean
  needsVerifier?: boolean
  /** Where the ID token tells all there is, none is asked for. */
  profile(vouched: Vouched): Promise<ExternalProfile> | ExternalProfile
}

/** Text as it is, numbers as text, anything else as nothing. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''
}

export function object(value: unknown): Foreign {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Foreign) : {}
}

export const objects = (value: unknown): Foreign[] => (Array.isArray(value) ? value.map(object) : [])

export function email(address: unknown, isVerified: unknown, isPrimary = true): ExternalEmail[] {
  return text(address) === '' ? [] : [{ address: text(address), isVerified: isVerified === true, isPrimary }]
}

/**
 * A profile in GoTrue's names. What is empty is left out.
 * @throws where the provider names no account
 */
export function profileOf(sub: unknown, claims: Foreign, emails: ExternalEmail[]): ExternalProfile {
  const id = text(sub)
  if (id === '') throw new Error('the provider does not say whose account it is')
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

/** The profile that standard claims tell (OpenID Connect Core 1.0 §5.1). A missing `email_verified` counts as false. */
export function openIdProfile(claims: Foreign, more: Foreign = {}): ExternalProfile {
  const isVerified = claims.email_verified === true || claims.email_verified === 'true'
  const standard = Object.fromEntries(STANDARD.map((name) => [name, claims[name]]))
  return profileOf(claims.sub, { ...standard, avatar_url: claims.picture, ...more }, email(claims.email, isVerified))
}
