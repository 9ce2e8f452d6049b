/** Second factors. */
export const FACTOR_REASONS = [
  'anonymous_not_allowed',
  'session_needed_for_factors',
  'factor_type_unknown',
  'factor_phone_missing',
  'factor_phone_taken',
  'totp_enrolment_disabled',
  'totp_verification_disabled',
  'phone_enrolment_disabled',
  'phone_verification_disabled',
  'webauthn_enrolment_disabled',
  'webauthn_verification_disabled',
  /** `detail`: the name. */
  'factor_name_taken',
  'factor_name_too_long',
  'factor_issuer_too_long',
  'factors_too_many',
  'factor_id_malformed',
  'factor_unknown',
  'factor_of_another',
  'factor_code_missing',
  'factor_code_wrong',
  'phone_factor_code_wrong',
  'factor_sms_failed',
  'factor_sms_hook_failed',
  'factor_sms_unavailable',
  'webauthn_answer_missing',
  'webauthn_answer_type',
  'webauthn_credential_missing',
  'credential_malformed',
  'credential_taken',
  'factor_credential_wrong',
  'challenge_unknown',
  'challenge_mismatch',
  /** `detail`: its id. */
  'challenge_expired',
  'recovery_codes_enrolment_disabled',
  'recovery_codes_verification_disabled',
  'recovery_codes_missing',
  'recovery_codes_present',
  'recovery_codes_alone',
  'recovery_code_wrong',
  /** `retryAfterMs`: when to retry. */
  'recovery_codes_locked',
  'aal_too_low_to_enrol',
  'aal_too_low_to_unenrol',
  'aal_too_low_for_recovery_codes',
  'aal_too_low_for_passkeys',
] as const

export type FactorReason = (typeof FACTOR_REASONS)[number]

/** Passkeys. */
export const PASSKEY_REASONS = [
  'passkeys_off',
  'passkey_of_sso_user',
  'passkeys_too_many',
  'passkey_challenge_missing',
  'passkey_challenge_malformed',
  'passkey_challenge_unknown',
  'passkey_challenge_expired',
  'passkey_credential_missing',
  'passkey_credential_malformed',
  'passkey_handle_wrong',
  'passkey_wrong',
  'passkey_unknown',
  'passkey_name_missing',
  'passkey_name_too_long',
  'passkey_email_unconfirmed',
  'passkey_phone_unconfirmed',
] as const

export type PasskeyReason = (typeof PASSKEY_REASONS)[number]
