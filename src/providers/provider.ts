/** What a provider file defines, and what it is given. */
import type { JsonObject } from '../lib/json'
import type { ExternalProfile, UntrustedJson } from './profile'

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
