/** OAuth sign-in and identities. */
export const OAUTH_REASONS = [
  /** `detail`: why. */
  'provider_unsupported',
  'provider_unreachable',
  'oauth_state_missing',
  'oauth_state_malformed',
  'oauth_state_unknown',
  'oauth_state_expired',
  'oauth_state_used',
  'oauth_state_of_another_browser',
  /** `detail` and `error`: the provider's error. */
  'oauth_refused',
  'oauth_code_missing',
  /** `detail`: the beginning of the code. */
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
  /** The same three for a sign-in. */
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
  'id_token_custom_off',
  /** `detail`: the custom provider. */
  'id_token_custom_unknown',
  'id_token_custom_disabled',
  'id_token_custom_without_issuer',
] as const

export type OAuthReason = (typeof OAUTH_REASONS)[number]
