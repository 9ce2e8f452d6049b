/** Every expected "no" of the core. Each surface has words of its own for all of them. */

export type Reason = AccessReason | AccountReason | PasswordReason | SessionReason | InputReason | LoadReason

/** Who is asking. */
type AccessReason =
  | 'bearer_missing'
  /** `detail`: what is wrong with the token. */
  | 'token_invalid'
  | 'token_without_subject'
  | 'token_subject_malformed'
  | 'token_session_malformed'
  | 'user_gone'
  | 'session_gone'
  | 'session_over'
  | 'user_banned'
  | 'not_admin'
  | 'audience_mismatch'

/** What an account may be. */
type AccountReason =
  | 'signup_disabled'
  | 'anonymous_disabled'
  | 'email_signup_disabled'
  | 'phone_signup_disabled'
  | 'email_login_disabled'
  | 'phone_login_disabled'
  | 'email_missing'
  | 'email_too_long'
  | 'email_malformed'
  | 'phone_malformed'
  | 'email_and_phone_at_signup'
  | 'email_and_phone_at_login'
  | 'email_or_phone_missing'
  | 'account_without_email_or_phone'
  | 'user_exists'
  | 'email_taken'
  | 'phone_taken'
  | 'phone_taken_by_another'
  | 'id_taken'
  | 'id_malformed'
  | 'id_nil'
  | 'user_unknown'
  | 'user_id_malformed'
  | 'app_metadata_reserved'
  | 'metadata_unstorable'
  | 'metadata_too_large'
  /** `detail`: the text given. */
  | 'ban_duration_malformed'
  | 'confirmation_mail_failed'
  | 'email_change_mail_failed'
  | 'sms_unavailable'

/** Passwords and what they prove. */
type PasswordReason =
  | 'credentials_wrong'
  | 'credentials_of_banned_user'
  | 'email_not_confirmed'
  | 'phone_not_confirmed'
  | 'password_missing'
  | 'password_too_long'
  /** `weakness`: why. */
  | 'password_weak'
  | 'password_unchanged'
  | 'password_of_anonymous_user'
  | 'current_password_missing'
  | 'current_password_wrong'
  | 'password_and_hash'
  | 'password_hash_unknown'

/** Sessions and their refresh tokens. */
type SessionReason =
  | 'refresh_token_malformed'
  | 'refresh_token_unknown'
  | 'refresh_token_not_issued'
  | 'refresh_token_used'
  | 'refresh_of_banned_user'
  | 'session_expired'
  | 'session_inactive'
  | 'session_unknown'
  /** `detail`: the text given. */
  | 'logout_scope_unknown'

/** What no surface could read. */
type InputReason =
  /** `detail`: what the reader stumbled on. */
  | 'body_malformed'
  | 'body_too_large'
  /** `detail`: what is wrong. */
  | 'page_malformed'
  | 'sort_malformed'
  | 'audit_query_malformed'
  | 'grant_unknown'
  | 'id_token_missing'
  | 'id_token_provider_missing'
  /** `detail`: the provider named. */
  | 'id_token_provider_unknown'
  | 'web3_disabled'
  | 'saml_off'
  | 'oauth_server_off'
  | 'passkeys_off'
  | 'scim_off'

/** Too much at once. */
type LoadReason =
  /** `retryAfterMs`: when it is worth trying again. */
  'too_many_requests' | 'request_timeout'

export interface Detail {
  detail?: string
  retryAfterMs?: number
  weakness?: Weakness
}

/** Why a password is weak (contract section 5). */
export interface Weakness {
  reasons: ('length' | 'characters' | 'pwned')[]
  message: string
}

/** An expected no. Everything else that is thrown is a fault: logged, and never described to a client. */
export class Refusal extends Error {
  readonly reason: Reason
  readonly detail: Detail

  constructor(reason: Reason, detail: Detail = {}) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
    this.detail = detail
  }
}
