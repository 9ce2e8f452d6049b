/** Every expected "no" of the core. Each surface has words of its own for all of them. */

export type Reason =
  | AccessReason
  | AccountReason
  | PasswordReason
  | SessionReason
  | MessageReason
  | VerificationReason
  | PkceReason
  | FactorReason
  | PasskeyReason
  | HookReason
  | OAuthReason
  | InputReason
  | LoadReason

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
  /** A cookie with a request that may not be of our own pages. */
  | 'csrf_rejected'
  /** A personal access token where its user has to be there. */
  | 'not_in_person'
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
  | 'email_unchanged'
  | 'phone_taken'
  | 'phone_taken_by_another'
  | 'id_taken'
  | 'username_taken'
  | 'username_malformed'
  | 'role_unknown'
  | 'id_malformed'
  | 'id_nil'
  | 'user_unknown'
  | 'user_id_malformed'
  | 'app_metadata_reserved'
  | 'account_sso_managed'
  | 'metadata_unstorable'
  | 'metadata_too_large'
  /** `detail`: the text given. */
  | 'ban_duration_malformed'
  | 'email_signin_disabled'
  | 'phone_signin_disabled'

/** Passwords and what they prove. */
type PasswordReason =
  | 'credentials_wrong'
  /** `detail`: what the hook says of it. */
  | 'password_attempt_rejected'
  | 'identifier_missing'
  | 'credentials_of_banned_user'
  | 'email_not_confirmed'
  | 'phone_not_confirmed'
  | 'password_missing'
  | 'password_too_long'
  /** `weakness`: why. */
  | 'password_weak'
  | 'breach_check_unavailable'
  | 'password_unchanged'
  | 'password_of_anonymous_user'
  | 'current_password_missing'
  | 'current_password_wrong'
  | 'password_and_hash'
  | 'password_hash_unknown'
  | 'nonce_missing'
  | 'nonce_wrong'

/** Sessions and their refresh tokens. */
type SessionReason =
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
  /** Native and service tokens: invalid, expired and used before have one answer. */
  | 'refresh_refused'
  | 'refresh_token_ambiguous'
  | 'personal_token_unknown'
  | 'personal_token_name'
  | 'personal_token_expiry'
  | 'personal_tokens_too_many'
  /** `detail`: the text given. */
  | 'logout_scope_unknown'

/** Asking for mails and SMS. */
type MessageReason =
  | 'otp_email_and_phone'
  | 'otp_channel_with_email'
  | 'otp_signup_disabled'
  | 'otp_contact_missing'
  | 'otp_phone_disabled'
  | 'magic_links_disabled'
  | 'magic_link_email_missing'
  | 'recovery_email_missing'
  | 'resend_type_unknown'
  | 'resend_email_missing'
  | 'resend_phone_missing'
  | 'resend_email_and_phone'
  | 'resend_contact_missing'
  | 'reauthentication_without_contact'
  | 'reauthentication_email_unconfirmed'
  | 'reauthentication_phone_unconfirmed'
  /** `waitMs`: when the next may go out. */
  | 'mail_too_soon'
  | 'sms_too_soon'
  | 'mail_limit_reached'
  | 'sms_limit_reached'
  /** `detail`: the address. */
  | 'address_not_authorised'
  | 'sms_channel_unknown'
  | 'sms_unavailable'
  /** `detail`: what was to be sent, and what the provider said. */
  | 'sms_failed'

/** Links and codes, and what they are shown for. */
type VerificationReason =
  /** The four of verification-tokens.md. */
  | 'token_unknown'
  | 'token_kind_mismatch'
  | 'token_used'
  | 'token_expired'
  /** The same, where a surface tells no more. */
  | 'link_invalid'
  | 'code_wrong'
  | 'verify_type_missing'
  | 'verify_token_missing'
  | 'verify_token_or_hash_missing'
  | 'verify_hash_alone'
  | 'verify_email_or_phone'
  | 'verify_type_unknown'
  | 'verify_email_malformed'
  | 'recovery_password_missing'
  /** `detail`: the type asked for. */
  | 'link_type_unknown'
  | 'user_of_email_unknown'
  | 'secure_change_needed'

/** Proof Key for Code Exchange. */
type PkceReason =
  | 'challenge_incomplete'
  | 'challenge_length'
  | 'challenge_characters'
  | 'challenge_method_unknown'
  | 'challenge_with_phone'
  | 'exchange_incomplete'
  | 'flow_unknown'
  | 'flow_missing'
  | 'flow_expired'
  | 'verifier_wrong'

/** Second factors, and what needs one. */
type FactorReason =
  | 'anonymous_not_allowed'
  | 'session_needed_for_factors'
  | 'factor_type_unknown'
  | 'factor_phone_missing'
  | 'factor_phone_taken'
  | 'totp_enrolment_disabled'
  | 'totp_verification_disabled'
  | 'phone_enrolment_disabled'
  | 'phone_verification_disabled'
  | 'webauthn_enrolment_disabled'
  | 'webauthn_verification_disabled'
  /** `detail`: the name. */
  | 'factor_name_taken'
  | 'factors_too_many'
  | 'factor_id_malformed'
  | 'factor_unknown'
  | 'factor_of_another'
  | 'factor_code_missing'
  | 'factor_code_wrong'
  | 'phone_factor_code_wrong'
  /** `detail`: what the hook says of it. */
  | 'mfa_attempt_rejected'
  | 'factor_sms_failed'
  | 'factor_sms_hook_failed'
  | 'factor_sms_unavailable'
  | 'webauthn_answer_missing'
  | 'webauthn_answer_type'
  | 'webauthn_credential_missing'
  | 'credential_malformed'
  | 'credential_taken'
  | 'factor_credential_wrong'
  | 'challenge_unknown'
  | 'challenge_mismatch'
  /** `detail`: its id. */
  | 'challenge_expired'
  | 'recovery_codes_enrolment_disabled'
  | 'recovery_codes_verification_disabled'
  | 'recovery_codes_missing'
  | 'recovery_codes_present'
  | 'recovery_codes_alone'
  | 'recovery_code_wrong'
  /** `retryAfterMs`: when it is worth trying again. */
  | 'recovery_codes_locked'
  | 'aal_too_low'
  | 'aal_too_low_to_enrol'
  | 'aal_too_low_to_unenrol'
  | 'aal_too_low_for_recovery_codes'
  | 'aal_too_low_for_passkeys'
  /** A sign-in that needs a code beside it. */
  | 'second_factor_needed'

/** Signing in with an authenticator alone. */
type PasskeyReason =
  | 'passkeys_off'
  | 'passkey_of_sso_user'
  | 'passkeys_too_many'
  | 'passkey_challenge_missing'
  | 'passkey_challenge_malformed'
  | 'passkey_challenge_unknown'
  | 'passkey_challenge_expired'
  | 'passkey_credential_missing'
  | 'passkey_credential_malformed'
  | 'passkey_handle_wrong'
  | 'passkey_wrong'
  | 'passkey_unknown'
  | 'passkey_name_missing'
  | 'passkey_name_too_long'
  | 'passkey_email_unconfirmed'
  | 'passkey_phone_unconfirmed'

/** What a hook of the operator's came to. */
export const HOOK_REASONS = [
  'hook_timed_out',
  'hook_out_of_attempts',
  'hook_payload_refused',
  'hook_unauthorised',
  'hook_unavailable',
  /** `detail`: the status. */
  'hook_status_unexpected',
  'hook_content_type_missing',
  /** `detail`: the type. */
  'hook_content_type_wrong',
  'hook_answer_too_large',
  'hook_answer_malformed',
  /** `detail` and `status`: what the hook wants the client to be told. */
  'hook_refused',
] as const

type HookReason = (typeof HOOK_REASONS)[number]

/** Signing in with somebody else's account, and the identities that come of it. */
export const OAUTH_REASONS = [
  /** `detail`: why. */
  'provider_unsupported',
  'oauth_state_missing',
  'oauth_state_malformed',
  'oauth_state_unknown',
  'oauth_state_expired',
  'oauth_state_used',
  'oauth_state_of_another_browser',
  /** `detail` and `error`: what the provider says. */
  'oauth_refused',
  'oauth_code_missing',
  /** `detail`: how the code begins. */
  'oauth_exchange_failed',
  'oauth_profile_failed',
  'oauth_email_missing',
  'linking_user_gone',
  'linking_disabled',
  'identity_linked',
  'identity_of_another',
  'identity_unknown',
  'identity_id_malformed',
  'identity_is_last',
  'identity_email_conflict',
  'identity_audience_mismatch',
  'linked_email_taken',
  /** `detail`: the provider. */
  'linked_email_unverified',
  /** The same three of a sign-in. */
  'provider_email_unverified',
  'provider_email_unusable',
  /** `detail`: the linking domain. */
  'owners_ambiguous',
  'invite_token_unknown',
  'invite_unknown',
  'invite_email_mismatch',
  'id_token_link_without_user',
  'id_token_bad',
  'id_token_without_subject',
  /** `detail`: the audience. */
  'id_token_audience_wrong',
  'id_token_nonce_half',
  'id_token_nonce_wrong',
  /** `detail`: the issuer. */
  'id_token_provider_disabled',
  /** `detail`: the provider. */
  'id_token_issuer_undetected',
  'id_token_issuer_foreign',
  'id_token_issuer_mismatch',
] as const

type OAuthReason = (typeof OAUTH_REASONS)[number]

/** What no surface could read. */
type InputReason =
  /** `detail`: what the reader stumbled on. */
  | 'body_malformed'
  /** The same of a request that GoTrue has words of its own for. */
  | 'verification_body_malformed'
  | 'body_too_large'
  /** `detail`: what is wrong. */
  | 'page_malformed'
  | 'sort_malformed'
  | 'audit_query_malformed'
  | 'grant_unknown'
  | 'grant_unsupported'
  | 'token_request_malformed'
  | 'introspection_token_missing'
  | 'id_token_missing'
  | 'id_token_provider_missing'
  /** `detail`: the provider named. */
  | 'id_token_provider_unknown'
  | 'web3_disabled'
  | 'saml_off'
  | 'oauth_server_off'
  | 'scim_off'

/** Too much at once. */
type LoadReason =
  /** `retryAfterMs`: when it is worth trying again. */
  'too_many_requests' | 'request_timeout'

export interface Detail {
  detail?: string
  error?: string
  status?: number
  retryAfterMs?: number
  waitMs?: number
  weakness?: Weakness
}

/** Why a password is weak (contract section 5). */
export interface Weakness {
  reasons: ('length' | 'characters' | 'pwned')[]
  message: string
}

const TOKEN_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'token_unknown',
  'token_kind_mismatch',
  'token_used',
  'token_expired',
])

/** Whether an error is one of the four answers of a verification token (verification-tokens.md). */
export function isTokenRefusal(error: unknown): boolean {
  return error instanceof Refusal && TOKEN_REASONS.has(error.reason)
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
