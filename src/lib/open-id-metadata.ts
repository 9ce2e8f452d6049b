/** OpenID Provider Metadata, as far as it is used or shown (OpenID Connect Discovery 1.0 §3). */
export interface OpenIdMetadata {
  issuer: string
  authorization_endpoint: string
  token_endpoint: string
  userinfo_endpoint?: string
  jwks_uri: string
  scopes_supported?: string[]
  response_types_supported?: string[]
  grant_types_supported?: string[]
  subject_types_supported?: string[]
  token_endpoint_auth_methods_supported?: string[]
  /** Whether responses contain `iss` (RFC 9207 §3). */
  authorization_response_iss_parameter_supported?: boolean
}
