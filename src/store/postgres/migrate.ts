/** Brings a database of Postgres to the schema of this executable: forward only, all or nothing. */
import { type SQL, semver } from 'bun'
import type { Migration } from '../../../migrations'
import { authSchema, postgresMigrations, views as viewsFile } from '../../../migrations/postgres'
import { VIEWS_KEY } from '../meta-keys'
import { type Applied, checkHistory, type Migrated, sha256 } from '../migration-history'
import * as schema from '../schema'
import { MIGRATION_LOCK } from './advisory-locks'
import { examineAuth } from './auth-schema'
import type { Connection } from './connect'
import { isSerializationFailure } from './errors'
import { addIndexes, indexesOfNewTables, missingIndexes } from './indexes'
import { viewDefinitions } from './shared-tables'

export interface MigrateOptions {
  /** Unix milliseconds. */
  now: number
  /** Of this executable: the views of the newest one stay. Undefined leaves those that are there. */
  version?: string | undefined
  /** For tests, in place of those in the executable. */
  migrations?: readonly Migration[]
  views?: string
}

const currentViews = () => `${viewsFile}\n${viewDefinitions(Object.values(schema))}`

/** How long a node waits for one that migrates, and a migration for transactions of others. */
const WAIT_FOR_NODES = '60s'
const WAIT_FOR_TABLES = '10s'

/** Applies what is missing, and then adds missing indexes, which may take long. @throws as `migrateSchemas` does */
export async function migratePostgres(sql: SQL, options: MigrateOptions): Promise<Migrated> {
  const { applied, warnings } = await migrateSchemas(sql, options)
  return { applied, warnings: [...warnings, ...(await addIndexes(sql))] }
}

/** Nodes that serve requests hold locks of tables and views in another order. */
const MAX_DEADLOCKS = 5

/**
 * Applies what is missing in one transaction under a lock, so that any number of nodes can start at once. Without
 * indexes on tables that others use: the server works without, more slowly.
 * @throws if the database is newer than this executable or was changed by an edited migration, if the schema `auth` does
 *   not fit, the role lacks a right, or a migration fails; the database is then unchanged
 */
export async function migrateSchemas(sql: SQL, options: MigrateOptions, deadlocks = 0): Promise<Migrated> {
  try {
    return await sql.begin('ISOLATION LEVEL READ COMMITTED', async (tx) => {
      await tx.unsafe(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '${WAIT_FOR_NODES}'`)
      await tx.unsafe(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
      await tx.unsafe(`SET LOCAL lock_timeout = '${WAIT_FOR_TABLES}'`)
      const { steps, warnings } = await pendingSteps(tx, options)
      for (const { sql: text } of steps) await tx.unsafe(text)
      return { applied: [...new Set(steps.map(({ name }) => name))], warnings }
    })
  } catch (error) {
    if (deadlocks === MAX_DEADLOCKS || !isSerializationFailure(error)) throw error
    return migrateSchemas(sql, options, deadlocks + 1)
  }
}

/** What `migratePostgres` would run, as a script. Read-only. @throws as `migratePostgres` does */
export async function pendingScript(sql: SQL, options: MigrateOptions): Promise<string> {
  const { steps } = await pendingSteps(sql, options)
  const isNew = steps.some(({ name }) => name === 'auth')
  const indexes = isNew ? [] : await missingIndexes(sql)
  const transaction = steps.length > 0 ? ['BEGIN;', ...steps.map((step) => step.sql.trim()), 'COMMIT;'] : []
  return [...transaction, ...indexes.map((each) => `${each};`)].join('\n\n')
}

/** SQL of one step; several may have the same name. */
interface Step {
  name: string
  sql: string
}

async function pendingSteps(
  connection: Connection,
  { now, version, migrations = postgresMigrations, views = currentViews() }: MigrateOptions,
): Promise<{ steps: Step[]; warnings: string[] }> {
  const { state, warnings } = await examineAuth(connection)
  const present = await presentSchemas(connection)
  await requireLatchkey(connection)
  const applied = await appliedMigrations(connection)
  checkHistory(applied, migrations)
  const steps: Step[] = []
  if (state === 'missing') {
    if (!present.auth) steps.push({ name: 'auth', sql: 'CREATE SCHEMA auth;' })
    steps.push({ name: 'auth', sql: authSchema }, { name: 'auth', sql: indexesOfNewTables })
  }
  const pending = migrations.slice(applied.length)
  if (applied.length === 0 && pending[0]) {
    if (!present.latchkey) steps.push({ name: pending[0].name, sql: 'CREATE SCHEMA latchkey;' })
    steps.push({ name: pending[0].name, sql: HISTORY_TABLE })
  }
  pending.forEach(({ name, sql }, index) => {
    const row = [applied.length + index + 1, `'${name}'`, `'${sha256(sql)}'`, now]
    steps.push({ name, sql }, { name, sql: `INSERT INTO latchkey.schema_migrations VALUES (${row.join(', ')});` })
  })
  if (await mustReplaceViews(connection, { hasMeta: applied.length > 0, views, version }))
    steps.push(
      { name: 'views', sql: DROP_VIEWS },
      { name: 'views', sql: views },
      { name: 'views', sql: recordOfViews(views, version) },
    )
  await requireCreation(connection, present)
  return { steps, warnings }
}

/** By name, since views on views go with them. */
const DROP_VIEWS = `DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('latchkey') AND relkind = 'v' LOOP
    EXECUTE format('DROP VIEW IF EXISTS latchkey.%I CASCADE', name);
  END LOOP;
END $$;`

const HISTORY_TABLE = `CREATE TABLE latchkey.schema_migrations (
  version bigint PRIMARY KEY,
  name text NOT NULL,
  sha256 text NOT NULL,
  applied_at bigint NOT NULL
);`

/** In the order in which they were applied; none if the database is new. @throws if `latchkey` is another program's */
export async function appliedMigrations(connection: Connection): Promise<Applied[]> {
  const [{ hasHistory, relations }] = await connection.unsafe<[{ hasHistory: boolean; relations: number }]>(
    `SELECT count(*) FILTER (WHERE relname = 'schema_migrations') > 0 AS "hasHistory", count(*)::int AS relations
    FROM pg_class WHERE relnamespace = to_regnamespace('latchkey')`,
  )
  if (hasHistory) return connection.unsafe('SELECT name, sha256 FROM latchkey.schema_migrations ORDER BY version')
  if (relations > 0)
    throw new Error('the schema latchkey of this database is not of this program: it lacks latchkey.schema_migrations')
  return []
}

interface Present {
  auth: boolean
  latchkey: boolean
}

async function presentSchemas(connection: Connection): Promise<Present> {
  const [present] = await connection.unsafe<[Present]>(
    `SELECT to_regnamespace('auth') IS NOT NULL AS auth, to_regnamespace('latchkey') IS NOT NULL AS latchkey`,
  )
  return present
}

/**
 * Views follow the newest executable that was started, because older nodes run beside it for a while and must not put
 * theirs back.
 */
async function mustReplaceViews(
  connection: Connection,
  { hasMeta, views, version }: { hasMeta: boolean; views: string; version: string | undefined },
): Promise<boolean> {
  if (!hasMeta) return true
  const [row] = await connection.unsafe<{ value: string }[]>(
    `SELECT value FROM latchkey.meta WHERE key = '${VIEWS_KEY}'`,
  )
  const [hash, by] = row?.value.split(' ') ?? []
  if (hash === sha256(views)) return areViewsMissing(connection, views)
  return by === undefined || (version !== undefined && semver.order(version, by) >= 0)
}

/** Views have to be dropped before a migration of supabase/auth can change the type of a column that they read. */
async function areViewsMissing(connection: Connection, views: string): Promise<boolean> {
  const [{ present }] = await connection.unsafe<[{ present: number }]>(
    `SELECT count(*)::int AS present FROM pg_class WHERE relnamespace = to_regnamespace('latchkey') AND relkind = 'v'`,
  )
  return present < [...views.matchAll(/^CREATE VIEW /gm)].length
}

const recordOfViews = (views: string, version = '') =>
  `INSERT INTO latchkey.meta (key, value) VALUES ('${VIEWS_KEY}', '${`${sha256(views)} ${version}`.trim()}')
  ON CONFLICT (key) DO UPDATE SET value = excluded.value;`

/** @throws with the GRANT that is missing */
async function requireCreation(connection: Connection, present: Present): Promise<void> {
  if (present.auth && present.latchkey) return
  const [{ role, database, isAllowed }] = await connection.unsafe<
    [{ role: string; database: string; isAllowed: boolean }]
  >(
    `SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database,
      has_database_privilege(current_database(), 'CREATE') AS "isAllowed"`,
  )
  if (isAllowed) return
  throw new Error(
    `the role ${role} may not create schemas in the database ${database}. GRANT CREATE ON DATABASE ${database} TO ${role}`,
  )
}

/** @throws if the schema `latchkey` is another role's: all nodes need the same one */
async function requireLatchkey(connection: Connection): Promise<void> {
  const [foreign] = await connection.unsafe<{ owner: string; role: string }[]>(
    `SELECT quote_ident(pg_get_userbyid(nspowner)) AS owner, quote_ident(current_user) AS role
    FROM pg_namespace WHERE nspname = 'latchkey' AND NOT pg_has_role(nspowner, 'USAGE')`,
  )
  if (foreign)
    throw new Error(
      `the schema latchkey belongs to ${foreign.owner}, not to the role ${foreign.role}. Connect as ${foreign.owner}, or GRANT ${foreign.owner} TO ${foreign.role}`,
    )
}
