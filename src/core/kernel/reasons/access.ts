/** Authentication. */
export type AccessReason =
  | 'bearer_missing'
  /** An `sb_…` key of another server. */
  | 'api_key_unknown'
  /** `detail`: the problem of the token. */
  | 'token_invalid'
  | 'token_without_subject'
  | 'token_subject_malformed'
  | 'token_session_malformed'
  | 'user_gone'
  | 'session_gone'
  | 'session_over'
  | 'user_banned'
  | 'not_admin'
  | 'aal_too_low'
  /** A sign-in that also needs a code of a second factor. */
  | 'second_factor_needed'
  /** A session cookie on a request that may come from another site. */
  | 'csrf_rejected'
  /** A user of another server where only local users are allowed. */
  | 'external_user'
  /** A personal access token where it is not allowed. */
  | 'personal_token_not_allowed'
  | 'audience_mismatch'

/** Sessions and their refresh tokens. */
export type SessionReason =
  | 'refresh_token_malformed'
  | 'refresh_token_unknown'
  | 'refresh_token_not_issued'
  | 'refresh_token_used'
  | 'refresh_of_banned_user'
  | 'session_expired'
  | 'session_inactive'
  | 'session_aal_low'
  | 'session_superseded'
  | 'session_unknown'
  /** Native and service tokens: invalid, expired and reused tokens get one answer. */
  | 'refresh_refused'
  | 'refresh_token_ambiguous'
  | 'personal_token_unknown'
  | 'personal_token_name'
  | 'personal_token_expiry'
  | 'personal_tokens_too_many'
  /** `detail`: the text given. */
  | 'logout_scope_unknown'
