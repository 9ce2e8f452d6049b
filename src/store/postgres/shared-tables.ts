/**
 * The tables that are shared with GoTrue: which column of ours is stored where, and in which type. Statements read them
 * through views of schema `latchkey`, which have our columns, and write the tables themselves (dialect.ts).
 */
import { Column, getTableColumns, getTableName, is, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { NIL_UUID } from '../../lib/uuid'
import type { Field, ParameterType } from '../query'

/** How a column of a shared table is stored. Columns not listed are stored unchanged. */
export type Kind =
  | 'uuid'
  /** `timestamptz` for Unix milliseconds. */
  | 'instant'
  /** `timestamp` in UTC for Unix milliseconds. */
  | 'plain_instant'
  /** `jsonb` for JSON as text. */
  | 'json'
  /** `text[]` for a JSON list of texts. */
  | 'texts'
  /** The empty text for null. */
  | 'blank'
  /** An enum for text. */
  | 'enum'
  | 'inet'

export interface SharedTable {
  /** The table in schema `auth`. */
  base: string
  kinds: Record<string, Kind>
  /** Columns that have another name in the base table. */
  names?: Record<string, string>
  /** A table in schema `latchkey` that holds our own columns of the same rows; a row may be missing. */
  extra?: { table: string; key: string; columns: readonly string[] }
  /** How columns are read that differ otherwise, as SQL; `base` is the row. */
  expressions?: Record<string, string>
  /** Columns that are computed when they are read, as SQL. Writes leave them out. */
  computed?: Record<string, string>
  /** Columns that only the base table has and that cannot be left out, as SQL. */
  constants?: Record<string, string>
  /** What is added to a value when it is written, as SQL. */
  added?: Record<string, string>
  /** Rows of the base table that do not exist for us, as SQL. */
  where?: string
  /** Whether triggers of the view write the table (migrations/postgres/views.sql). */
  hasTriggers?: boolean
}

const NIL = `'${NIL_UUID}'`

/** Rows made in SQL may have none; the index latchkey_users_created is on this expression. */
const CREATED_AT = "coalesce(base.created_at, 'epoch'::timestamptz)"

export const sharedTables: Record<string, SharedTable> = {
  users: {
    base: 'users',
    kinds: {
      id: 'uuid',
      encrypted_password: 'blank',
      email_confirmed_at: 'instant',
      invited_at: 'instant',
      confirmation_sent_at: 'instant',
      recovery_sent_at: 'instant',
      email_change: 'blank',
      email_change_sent_at: 'instant',
      phone_confirmed_at: 'instant',
      phone_change: 'blank',
      phone_change_sent_at: 'instant',
      reauthentication_sent_at: 'instant',
      raw_app_meta_data: 'json',
      raw_user_meta_data: 'json',
      last_sign_in_at: 'instant',
      banned_until: 'instant',
      deleted_at: 'instant',
      created_at: 'instant',
      updated_at: 'instant',
    },
    extra: {
      table: 'accounts',
      key: 'user_id',
      columns: [
        'uid',
        'username',
        'matrix_user_id',
        'factor_sms_sent_at',
        'admin_user_meta_data',
        'is_admin_created',
        'is_password_from_admin',
      ],
    },
    // Rows made in SQL may have capitals. The index users_instance_id_email_idx is on this expression.
    expressions: { email: 'lower(base.email)', created_at: CREATED_AT },
    computed: {
      confirmed_at: 'base.confirmed_at',
      // Recovery codes exist only beside another factor.
      factor_count: '(SELECT count(*) FROM auth.mfa_factors f WHERE f.user_id = base.id)',
    },
    // GoTrue reads these texts into types that have no null.
    constants: {
      instance_id: NIL,
      confirmation_token: "''",
      recovery_token: "''",
      email_change_token_new: "''",
    },
    where: `base.instance_id = ${NIL}`,
  },
  identities: {
    base: 'identities',
    kinds: {
      id: 'uuid',
      user_id: 'uuid',
      identity_data: 'json',
      last_sign_in_at: 'instant',
      created_at: 'instant',
      updated_at: 'instant',
    },
    computed: { email: 'base.email' },
  },
  sessions: {
    base: 'sessions',
    kinds: {
      id: 'uuid',
      user_id: 'uuid',
      factor_id: 'uuid',
      aal: 'enum',
      not_after: 'instant',
      refreshed_at: 'plain_instant',
      ip: 'inet',
      created_at: 'instant',
      updated_at: 'instant',
    },
    extra: { table: 'session_details', key: 'session_id', columns: ['elevated_at_counter'] },
    // Sessions with tokens of version 1 have no counter.
    expressions: { refresh_token_counter: 'coalesce(base.refresh_token_counter, -1)' },
    // Those of OAuth clients are limited to the client and its scopes, which only GoTrue checks.
    where: 'base.oauth_client_id IS NULL',
  },
  // Tokens of version 1; these are not hashed.
  refresh_tokens: {
    base: 'refresh_tokens',
    kinds: { parent_hash: 'blank', session_id: 'uuid', created_at: 'instant', updated_at: 'instant' },
    names: { token_hash: 'token', parent_hash: 'parent' },
    constants: { instance_id: NIL },
  },
  mfa_factors: {
    base: 'mfa_factors',
    kinds: {
      id: 'uuid',
      user_id: 'uuid',
      last_challenged_at: 'instant',
      web_authn_aaguid: 'uuid',
      created_at: 'instant',
      updated_at: 'instant',
    },
    hasTriggers: true,
  },
  webauthn_credentials: {
    base: 'webauthn_credentials',
    kinds: {
      id: 'uuid',
      user_id: 'uuid',
      factor_id: 'uuid',
      aaguid: 'uuid',
      last_used_at: 'instant',
      created_at: 'instant',
      updated_at: 'instant',
    },
    hasTriggers: true,
  },
  mfa_amr_claims: {
    base: 'mfa_amr_claims',
    kinds: { session_id: 'uuid', created_at: 'instant', updated_at: 'instant' },
    constants: { id: 'gen_random_uuid()' },
  },
  custom_oauth_providers: {
    base: 'custom_oauth_providers',
    kinds: {
      id: 'uuid',
      acceptable_client_ids: 'texts',
      scopes: 'texts',
      attribute_mapping: 'json',
      custom_claims_allowlist: 'texts',
      authorization_params: 'json',
      discovery_document: 'json',
      discovered_at: 'instant',
      created_at: 'instant',
      updated_at: 'instant',
    },
    names: { discovery_document: 'cached_discovery', discovered_at: 'discovery_cached_at' },
  },
  audit_log_entries: {
    base: 'audit_log_entries',
    kinds: { id: 'uuid', payload: 'json', created_at: 'instant' },
    computed: { seq: '0::bigint' },
    constants: { instance_id: NIL },
    // Keeps moved entries of one millisecond in order; requests number theirs (pairs/audit.ts).
    added: { created_at: "nextval('latchkey.audit_order') * interval '1 microsecond'" },
  },
}

/** Columns of our own tables that refer to rows of GoTrue's. */
const REFERENCES = new Set([
  'user_id',
  'session_id',
  'family_id',
  'factor_id',
  'linking_user_id',
  'linking_session_id',
  'invited_user_id',
])

/** How a column is stored; undefined if unchanged, and for anything that is no column. */
export function kindOf(field: Field | ParameterType): Kind | undefined {
  if (!is(field, Column)) return undefined
  const shared = sharedTables[getTableName(field.table)]
  if (shared) return shared.kinds[field.name]
  return REFERENCES.has(field.name) ? 'uuid' : undefined
}

/** The type of a parameter, where Postgres would infer another one or none. */
export function castOf(type: ParameterType): string | undefined {
  switch (kindOf(type)) {
    case 'instant':
    case 'plain_instant':
      return 'timestamptz'
    case 'json':
    case 'texts':
      return 'text'
    case 'blank':
      return 'text'
    default:
      return undefined
  }
}

/** A value of ours as the base table stores it. */
export function storedAs(kind: Kind | undefined, value: SQL): SQL {
  switch (kind) {
    case 'json':
      return sql`${value}::jsonb`
    case 'texts':
      return sql`ARRAY(SELECT jsonb_array_elements_text(${value}::jsonb))`
    case 'blank':
      return sql`coalesce(${value}, '')`
    default:
      return value
  }
}

/** Whether a column of ours is stored in the base table. */
export const isInBase = ({ extra, computed = {} }: SharedTable, name: string): boolean =>
  !(name in computed) && !extra?.columns.includes(name)

/** A column of ours, read from a row of the base table. */
export function expressionOf(
  { kinds, names = {}, expressions = {}, computed = {} }: SharedTable,
  name: string,
  row: string,
): string {
  const given = expressions[name] ?? computed[name]
  if (given !== undefined) return given.replaceAll('base.', `${row}.`)
  const column = `${row}."${names[name] ?? name}"`
  switch (kinds[name]) {
    case 'plain_instant':
      return `${column} AT TIME ZONE 'UTC'`
    case 'json':
    case 'enum':
      return `${column}::text`
    case 'texts':
      return `to_jsonb(${column})::text`
    case 'blank':
      return `nullif(${column}, '')`
    case 'inet':
      return `host(${column})`
    default:
      return column
  }
}

/** The views of the shared tables, which statements read. */
export function viewDefinitions(tables: readonly SQLiteTable[]): string {
  return tables
    .map((table) => ({ table, name: getTableName(table), shared: sharedTables[getTableName(table)] }))
    .flatMap(({ table, name, shared }) =>
      shared && !shared.hasTriggers ? [viewDefinition(name, shared, Object.values(getTableColumns(table)))] : [],
    )
    .join('\n')
}

function viewDefinition(view: string, shared: SharedTable, columns: readonly Column[]): string {
  const { base, extra, where } = shared
  const selected = columns.map(({ name }) => {
    const expression = extra?.columns.includes(name) ? `extra."${name}"` : expressionOf(shared, name, 'base')
    return `${expression} AS "${name}"`
  })
  const join = extra ? ` LEFT JOIN latchkey."${extra.table}" extra ON extra."${extra.key}" = base."id"` : ''
  return `CREATE VIEW latchkey."${view}" AS SELECT
  ${selected.join(',\n  ')}
FROM auth."${base}" base${join}${where ? ` WHERE ${where}` : ''};
`
}
