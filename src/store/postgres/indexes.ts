/** Our indexes on tables of supabase/auth. */
import type { SQL } from 'bun'
import { INDEX_LOCK } from './advisory-locks'
import type { Connection } from './connect'

const INDEXES: Record<string, string> = {
  // The admin list, and the sweep of anonymous accounts.
  latchkey_users_created: "auth.users (coalesce(created_at, 'epoch'::timestamptz), id)",
  latchkey_audit_created: 'auth.audit_log_entries (created_at, id)',
  // The entries of one account.
  latchkey_audit_actor: "auth.audit_log_entries ((payload ->> 'actor_id'), created_at, id)",
  latchkey_audit_subject:
    "auth.audit_log_entries ((payload #>> '{traits,user_id}'), created_at, id) WHERE (payload #>> '{traits,user_id}') IS NOT NULL",
  latchkey_sessions_factor: 'auth.sessions (factor_id) WHERE factor_id IS NOT NULL',
  // By the key of a WebAuthn factor.
  latchkey_factors_credential:
    "auth.mfa_factors ((web_authn_credential ->> 'id')) WHERE web_authn_credential IS NOT NULL",
}

/** How long a build waits for transactions of others. */
const WAIT = '10s'

/** For the transaction that creates the tables. */
export const indexesOfNewTables = Object.entries(INDEXES)
  .map(([name, on]) => `CREATE INDEX ${name} ON ${on};`)
  .join('\n')

/** What administrators search accounts by; the username is in a table of ours. */
export const SEARCHED_TEXT = `(coalesce(email, '') || ' ' || coalesce(phone, '') || ' ' ||
  coalesce(raw_user_meta_data ->> 'full_name', '') || ' ' || coalesce(raw_user_meta_data ->> 'name', ''))`
export const SEARCH_INDEX = 'latchkey_users_search'

/** Those that need the extension pg_trgm (https://www.postgresql.org/docs/current/pgtrgm.html); none without it. */
async function searchIndexes(connection: Connection): Promise<Record<string, string>> {
  const [found] = await connection.unsafe<{ schema: string }[]>(
    `SELECT quote_ident(n.nspname) AS schema FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
    WHERE o.opcname = 'gin_trgm_ops'`,
  )
  return found ? { [SEARCH_INDEX]: `auth.users USING gin (${SEARCHED_TEXT} ${found.schema}.gin_trgm_ops)` } : {}
}

/** Adds the extension if this role may; it is trusted since Postgres 13. */
async function addSearchExtension(connection: Connection): Promise<void> {
  const missing = await connection.unsafe(
    `SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm' AND installed_version IS NULL`,
  )
  if (missing.length === 0) return
  // Without it, a search reads the whole table.
  await connection.unsafe('CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA latchkey').catch(() => {})
}

/** @returns the statements that add missing indexes, one at a time and outside a transaction */
export async function missingIndexes(connection: Connection): Promise<string[]> {
  const present = await connection.unsafe<{ name: string; valid: boolean }[]>(
    `SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = to_regnamespace('auth') AND c.relname LIKE 'latchkey\\_%'`,
  )
  const isValid = new Map(present.map(({ name, valid }) => [name, valid]))
  const wanted = { ...INDEXES, ...(await searchIndexes(connection)) }
  return Object.entries(wanted).flatMap(([name, on]) => {
    if (isValid.get(name)) return []
    // What a build leaves that was interrupted.
    const remains = isValid.has(name) ? [`DROP INDEX CONCURRENTLY auth.${name}`] : []
    return [...remains, `CREATE INDEX CONCURRENTLY ${name} ON ${on}`]
  })
}

/**
 * Starts to add missing indexes, on a connection of its own that is closed afterwards.
 * @returns stops waiting for it; Postgres finishes the one that it builds
 */
export function addIndexesInBackground(connection: SQL, onWarning: (message: string) => void): () => void {
  let isStopped = false
  const end = () => connection.close({ timeout: 0 }).catch(() => {})
  const add = async () => {
    const warnings = await addIndexes(connection).catch((error: unknown) => [
      `missing indexes could not be added: ${(error as Error).message}`,
    ])
    if (!isStopped) for (const warning of warnings) onWarning(warning)
    await end()
  }
  void add()
  return () => {
    isStopped = true
    void end()
  }
}

/**
 * Adds missing indexes while others read and write
 * (https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY). Another node that does so
 * at the moment is left alone.
 * @returns a warning if one could not be built; the server works without, more slowly
 */
export async function addIndexes(sql: SQL): Promise<string[]> {
  await addSearchExtension(sql)
  if ((await missingIndexes(sql)).length === 0) return []
  const connection = await sql.reserve()
  try {
    const [{ locked }] = await connection.unsafe<[{ locked: boolean }]>(
      `SELECT pg_try_advisory_lock(${INDEX_LOCK}) AS locked`,
    )
    if (!locked) return []
    await connection.unsafe(`SET lock_timeout = '${WAIT}'; SET statement_timeout = 0`)
    try {
      for (const statement of await missingIndexes(connection)) await connection.unsafe(statement)
      return []
    } catch (error) {
      return [`an index could not be built, and the next start tries again: ${(error as Error).message}`]
    } finally {
      await connection.unsafe(`RESET lock_timeout; RESET statement_timeout; SELECT pg_advisory_unlock(${INDEX_LOCK})`)
    }
  } finally {
    await connection.release()
  }
}
