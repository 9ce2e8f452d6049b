/** Requests that cannot be read. */
export type InputReason =
  /** `detail`: the parser's error. */
  | 'body_malformed'
  /** The same for requests with their own error in GoTrue. */
  | 'verification_body_malformed'
  | 'body_too_large'
  /** `detail`: what is wrong. */
  | 'page_malformed'
  | 'sort_malformed'
  | 'filter_malformed'
  | 'audit_query_malformed'
  | 'grant_unknown'
  | 'grant_unsupported'
  | 'token_request_malformed'
  | 'introspection_token_missing'
  | 'id_token_missing'
  | 'id_token_provider_missing'
  /** `detail`: the provider named. */
  | 'id_token_provider_unknown'
  | 'saml_off'
  | 'sso_provider_unknown'
  /** `detail`: what is wrong. */
  | 'sso_provider_malformed'
  | 'oauth_server_off'
  | 'scim_off'

/** Overload. */
export type LoadReason =
  /** `retryAfterMs`: when to retry. */
  | 'too_many_requests'
  | 'request_timeout'
  /** `detail`: the problem of the server; `retryAfterMs`. */
  | 'unavailable'
