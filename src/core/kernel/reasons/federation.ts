/** Other servers and the sessions of their accounts. */
export type FederationReason = 'server_not_allowed' | 'upstream_unavailable' | 'external_auth_failed' | 'logout_failed'
