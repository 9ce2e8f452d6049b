/** Requesting mails and SMS. */
export type MessageReason =
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
  /** `waitMs`: when the next one may be sent. */
  | 'mail_too_soon'
  | 'sms_too_soon'
  | 'mail_limit_reached'
  | 'sms_limit_reached'
  /** `detail`: the address. */
  | 'address_not_authorised'
  | 'sms_channel_unknown'
  | 'sms_unavailable'
  /** `detail`: the kind of message, and the provider's error. */
  | 'sms_failed'

/** Verifying links and codes. */
export type VerificationReason =
  /** The four answers of a verification token (docs/other-surfaces.md#verification-tokens). */
  | 'token_unknown'
  | 'token_kind_mismatch'
  | 'token_used'
  | 'token_expired'
  /** The same, on surfaces that do not distinguish them. */
  | 'link_invalid'
  | 'code_wrong'
  /** The provider that creates and checks the codes did not answer. */
  | 'code_check_failed'
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
export const PKCE_REASONS = [
  'challenge_incomplete',
  'challenge_length',
  'challenge_characters',
  'challenge_method_unknown',
  'challenge_with_phone',
  'exchange_incomplete',
  'flow_unknown',
  'flow_missing',
  'flow_expired',
  'verifier_wrong',
  /** Continuing the session of the account page in an application. */
  'continuation_without_challenge',
  'continuation_without_session',
  'continuation_elsewhere',
] as const

export type PkceReason = (typeof PKCE_REASONS)[number]
