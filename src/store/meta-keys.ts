/** Keys of the `meta` table. */

/** The version of the executable that last served the database. */
export const VERSION_KEY = 'latchkey_version'
/** When the write probe last ran. */
export const PROBED_AT_KEY = 'probed_at'
/** On Postgres: SHA-256 of the text of the views, and the version of the executable that made them. */
export const VIEWS_KEY = 'views'
