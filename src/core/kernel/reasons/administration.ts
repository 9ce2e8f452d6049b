/** Operations of administrators on the server itself. */
export const ADMINISTRATION_REASONS = [
  'signing_key_unknown',
  /** `detail`: the known ones. */
  'signing_key_algorithm',
  /** Verifiers would refuse its tokens. */
  'signing_key_not_verified',
  'signing_key_not_standby',
  'signing_key_revoked',
  /** The keys are in the settings, not in the database. */
  'signing_keys_in_settings',
  'mail_template_unknown',
  'limit_unknown',
  'setup_refused',
  'message_unknown',
  'message_sent',
  'message_expired',
  'event_unknown',
  'refusal_unknown',
  /** `detail`: the parameter, and what it must be. */
  'parameter_malformed',
] as const

export type AdministrationReason = (typeof ADMINISTRATION_REASONS)[number]
