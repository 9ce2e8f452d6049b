/**
 * Whether the schema `auth` of a database is one that this executable can work on. It belongs to supabase/auth, which also
 * migrates it; a database without it gets `migrations/postgres/auth.sql`.
 */
import { usedColumns } from './auth-columns'
import type { Connection } from './connect'

/** The last migration of the schema that this executable knows; supabase/auth 2.192 is the first version with it. */
const AUTH_VERSION = '20260625000000'
const OLDEST_GOTRUE = '2.192'
/** https://www.postgresql.org/support/versioning/ */
const OLDEST_POSTGRES = 14

export interface AuthSchema {
  /** `missing` also for a schema that exists and has nothing in it. */
  state: 'missing' | 'present'
  /** What the operator should know, though the start goes on. */
  warnings: string[]
}

/**
 * Reads the catalog only.
 * @throws with what to do, if the schema is older, another's, or changed, or if the role lacks a right
 */
export async function examineAuth(connection: Connection): Promise<AuthSchema> {
  await requireServer(connection)
  // Names are looked up in the catalog, which may be read without rights on the schema.
  const [{ objects, expected }] = await connection.unsafe<[{ objects: number; expected: number }]>(
    `SELECT count(*)::int AS objects, count(*) FILTER (WHERE name IN ('users', 'schema_migrations'))::int AS expected
    FROM (
      SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('auth') AND relkind <> 'i'
      UNION ALL SELECT typname || ' type' FROM pg_type WHERE typnamespace = to_regnamespace('auth')
    ) o`,
  )
  if (objects === 0) {
    await requireCreation(connection)
    return { state: 'missing', warnings: [] }
  }
  if (expected < 2)
    throw new Error(
      'the schema auth of this database is not that of supabase/auth: it lacks the table users or schema_migrations. Use the database of your Supabase, or one without a schema auth',
    )
  await requireOwnership(connection)
  const newer = await requireVersion(connection)
  await requireColumns(connection)
  return { state: 'present', warnings: [...newer, ...(await otherServers(connection))] }
}

async function requireServer(connection: Connection): Promise<void> {
  const [{ version, encoding }] = await connection.unsafe<[{ version: number; encoding: string }]>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`,
  )
  if (version < OLDEST_POSTGRES * 10_000)
    throw new Error(`Postgres ${Math.floor(version / 10_000)} is too old: ${OLDEST_POSTGRES} or newer is needed`)
  if (encoding !== 'UTF8')
    throw new Error(
      `the encoding of this database is ${encoding}, and UTF8 is needed: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
    )
}

/** Of a schema that exists the role needs CREATE there and, where it has functions, their ownership. */
async function requireCreation(connection: Connection): Promise<void> {
  const [schema] = await connection.unsafe<{ allowed: boolean; role: string }[]>(
    `SELECT has_schema_privilege(oid, 'CREATE') AS allowed, quote_ident(current_user) AS role
    FROM pg_namespace WHERE nspname = 'auth'`,
  )
  if (schema?.allowed === false)
    throw new Error(
      `the role ${schema.role} may not create tables in the schema auth. GRANT USAGE, CREATE ON SCHEMA auth TO ${schema.role}`,
    )
  await requireOwner(
    connection,
    `SELECT p.proname || '()' AS object, p.proowner AS owner FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace('auth') AND p.proname IN ('uid', 'role', 'email', 'jwt') AND p.pronargs = 0`,
  )
}

/** Row security hides all rows from others, and only the owner may add indexes and foreign keys. */
const requireOwnership = (connection: Connection) =>
  requireOwner(
    connection,
    `SELECT c.relname AS object, c.relowner AS owner FROM pg_class c
    WHERE c.relnamespace = to_regnamespace('auth') AND c.relname IN (${quoted([...Object.keys(usedColumns), 'schema_migrations'])})`,
  )

async function requireOwner(connection: Connection, objects: string): Promise<void> {
  const [foreign] = await connection.unsafe<{ object: string; owner: string; role: string }[]>(
    `SELECT object, quote_ident(pg_get_userbyid(owner)) AS owner, quote_ident(current_user) AS role
    FROM (${objects}) o WHERE NOT pg_has_role(owner, 'USAGE') ORDER BY object LIMIT 1`,
  )
  if (foreign)
    throw new Error(
      `auth.${foreign.object} belongs to ${foreign.owner}, not to the role ${foreign.role}. Connect as ${foreign.owner}, or GRANT ${foreign.owner} TO ${foreign.role}`,
    )
}

/** @returns a warning about a newer schema */
async function requireVersion(connection: Connection): Promise<string[]> {
  // Versions of the oldest migrations have two digits.
  const [{ version }] = await connection.unsafe<[{ version: string | null }]>(
    `SELECT max(version) AS version FROM auth.schema_migrations WHERE version ~ '^[0-9]{14}$'`,
  )
  if (version === null || version < AUTH_VERSION)
    throw new Error(
      `the schema auth is too old: its last migration is ${version ?? 'unknown'}, and ${AUTH_VERSION} is needed. Start supabase/auth ${OLDEST_GOTRUE} or newer once on this database, so that it migrates the schema, and stop it again`,
    )
  if (version === AUTH_VERSION) return []
  return [
    `the schema auth is newer than this executable knows: its last migration is ${version}, not ${AUTH_VERSION}. Every column in use is there; look for a newer latchkey`,
  ]
}

interface Column {
  name: string
  type: string
  /** Whether an insert has to give a value. */
  isNeeded: boolean
}

async function requireColumns(connection: Connection): Promise<void> {
  const found = await connection.unsafe<Column[]>(
    `SELECT c.relname || '.' || a.attname AS name,
      CASE t.typname WHEN 'varchar' THEN 'text' WHEN '_text' THEN 'text[]' ELSE t.typname END AS type,
      a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS "isNeeded"
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = to_regnamespace('auth') AND c.relname IN (${quoted(Object.keys(usedColumns))})
      AND a.attnum > 0 AND NOT a.attisdropped`,
  )
  const used = new Map(usedColumnTypes())
  const types = new Map(found.map(({ name, type }) => [name, type]))
  const wrong = [...used].flatMap(([name, type]) => {
    const actual = types.get(name)
    if (actual === type) return []
    return [actual === undefined ? `auth.${name} is missing` : `auth.${name} is of type ${actual}, not ${type}`]
  })
  const unknown = found.filter(({ name, isNeeded }) => isNeeded && !used.has(name))
  wrong.push(...unknown.map(({ name }) => `auth.${name} is unknown and has to be filled in`))
  if (wrong.length > 0)
    throw new Error(
      `the schema auth differs from the one that this executable works on: ${wrong.join('; ')}. Undo the change, or look for a newer latchkey`,
    )
}

/** `table.column` and type. */
const usedColumnTypes = (): [string, string][] =>
  Object.entries(usedColumns).flatMap(([table, columns]) =>
    Object.entries(columns).flatMap(([type, names]) =>
      names.split(' ').map((name): [string, string] => [`${table}.${name}`, type]),
    ),
  )

/** A running supabase/auth, which does not know the rules for tokens and guesses. */
async function otherServers(connection: Connection): Promise<string[]> {
  const [{ count }] = await connection.unsafe<[{ count: number }]>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND usename = 'supabase_auth_admin' AND pid <> pg_backend_pid()
      AND application_name IS DISTINCT FROM 'latchkey'`,
  )
  if (count === 0) return []
  return [
    'another program is connected to this database as supabase_auth_admin. If it is supabase/auth, stop it: the two must not run at the same time',
  ]
}

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ')
