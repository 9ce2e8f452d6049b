/**
 * The declaration of an OAuth provider in its file. Its settings, the rules for its ID tokens, the list in `GET
 * /settings` and the documents derive from these objects; requests to it are sent in `src/adapters/providers/`.
 */
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

export type ProviderUrl = Pick<Setup, 'url'>

/** The data that is available once the code has been exchanged. */
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

/** How an OpenID provider signs ID tokens. */
export interface IdTokenDeclaration {
  /** The issuer of its tokens; if there are several, the one whose keys verify a token without an issuer. */
  issuer(setup: ProviderUrl): string
  /** If tokens come from one of several issuers. @param company as named in error messages */
  severalIssuers?: { company: string; includes(issuer: string, setup: ProviderUrl): boolean }
  /** Whether the issuer is in the default of EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS. */
  isAllowedByDefault?: boolean
  neverChecksNonce?: boolean
}

/** A provider of OAuth 2.0 (RFC 6749). */
export interface OAuth2Provider {
  protocol?: undefined
  /** Always requested; the client's scopes are appended. */
  scopes: readonly string[]
  /** Separator between scopes, if it is not a space. */
  scopeSeparator?: string
  /** @returns the URLs of the authorization and the token endpoint (RFC 6749 §3) */
  endpoints(setup: Setup): { authorize: string; token: string }
  /** Set if it is an OpenID issuer; applications may then present its ID tokens (GoTrue's id_token grant). */
  idTokens?: IdTokenDeclaration
  /** Extra parameters of the authorization request. */
  parameters?: Readonly<Record<string, string>>
  /** Parameters of the client that the provider knows by another name. */
  parameterNames?: Readonly<Record<string, string>>
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
  profile(context: ProfileContext): Promise<ExternalProfile> | ExternalProfile
}

/** A provider of OAuth 1.0a (RFC 5849). */
export interface OAuth1Provider {
  protocol: 'oauth1'
  /** @returns the URLs of temporary credentials, authorization and token credentials (RFC 5849 §2) */
  endpoints(setup: Setup): { requestToken: string; authorize: string; accessToken: string }
  idTokens?: undefined
  profile(context: ProfileContext): Promise<ExternalProfile>
}

interface ProviderSettings {
  /** As in `signInWithOAuth`; in upper case a part of the names of its settings. */
  name: string
  /** Whether `<NAME>_CLIENT_ID` and `<NAME>_CLIENT_SECRET` are accepted as well. */
  hasShortSettings?: boolean
  /** A further setting with client ids whose ID tokens are accepted. */
  moreClientIds?: { setting: string; doc: string }
  /** Whether it has no default URL, and what the URL is. */
  requiresUrl?: string
  /** Whether it is missing in `GET /settings`, as in GoTrue. */
  isUnlisted?: boolean
}

export type BuiltInProvider = (OAuth2Provider | OAuth1Provider) & ProviderSettings

export const defineProvider = <const Name extends string>(
  declared: BuiltInProvider & { name: Name },
): BuiltInProvider & { name: Name } => declared
