/** Requests that cannot be read. */
export type InputReason =
  /** `detail`: the parser's error. */
  | 'body_malformed'
  /** Reasons for requests that have an error of their own in GoTrue. */
  | 'verification_body_malformed'
  | 'body_too_large'
  /** `detail`: the problem. */
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
  /** `detail`: the problem. */
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
  /** `rejection`: by a trigger or constraint that the operator added to the database. */
  | 'rejected_by_database'
