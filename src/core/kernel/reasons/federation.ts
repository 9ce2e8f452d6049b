/** Other servers and the sessions of their accounts. */
export type FederationReason =
  | 'server_not_allowed'
  | 'upstream_unavailable'
  | 'external_auth_failed'
  /** The other server requires a captcha, and did not accept the token or got none. */
  | 'external_captcha_failed'
  | 'logout_failed'
