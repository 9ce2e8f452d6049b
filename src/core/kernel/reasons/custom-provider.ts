/** Providers added by administrators. */
export const CUSTOM_PROVIDER_REASONS = [
  'custom_providers_off',
  'custom_provider_unknown',
  'custom_provider_exists',
  'custom_providers_too_many',
  'custom_provider_type_unknown',
  'custom_provider_filter_unknown',
  /** `detail`: the field. */
  'custom_provider_field_missing',
  'custom_provider_field_malformed',
  /** `detail`: the identifier. */
  'custom_provider_prefix_missing',
  'custom_provider_identifier_malformed',
  /** `detail`: the name. */
  'custom_provider_parameter_reserved',
  'custom_provider_parameter_malformed',
  'custom_provider_target_protected',
  'custom_provider_target_constant',
  'custom_provider_claim_empty',
  'custom_provider_url_malformed',
  'custom_provider_url_insecure',
  'custom_provider_url_nearby',
  /** `detail`: the URL; `error`: the failure. */
  'custom_provider_discovery_failed',
  /** `detail`: the missing part. */
  'custom_provider_discovery_incomplete',
] as const

export type CustomProviderReason = (typeof CUSTOM_PROVIDER_REASONS)[number]
