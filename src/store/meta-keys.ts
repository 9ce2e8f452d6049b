/** Keys of the `meta` table. */

/** The version of the executable that last served the database. */
export const VERSION_KEY = 'latchkey_version'
/** Id of the key that secrets in the database are encrypted with. */
export const ENCRYPTION_KEY_ID_KEY = 'encryption_key_id'
/** What all servers on one database share, encrypted (src/compose/shared-secrets.ts). */
export const SHARED_SECRETS_KEY = 'shared_secrets'
/** Fingerprint of the JWT secret of the server that started last. */
export const JWT_SECRET_ID_KEY = 'jwt_secret_id'
/** The token with which the first administrator can be made: its hash and expiry, as JSON. */
export const SETUP_KEY = 'setup'
/** Present once there was an administrator. */
export const SETUP_CLOSED_KEY = 'setup_closed'
/** JSON: the last seal of the audit log that was deleted with its entries (core/operations/audit-seals.ts). */
export const AUDIT_ANCHOR_KEY = 'audit_anchor'
/** When the write probe last ran. */
export const PROBED_AT_KEY = 'probed_at'
/** On Postgres: SHA-256 of the text of the views, and the version of the executable that made them. */
export const VIEWS_KEY = 'views'
