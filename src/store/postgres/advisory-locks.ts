/**
 * Keys of advisory locks (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS), which all programs
 * on a database share: large, so that those of apps are others.
 */
const FIRST = 7_810_769_000_000

/** Migrations, by one node at a time. */
export const MIGRATION_LOCK = FIRST + 1
/** Indexes on tables of supabase/auth. */
export const INDEX_LOCK = FIRST + 2
