/** A database of Postgres as the source of a move. */
import type { ReservedSQL } from 'bun'
import type { Column } from 'drizzle-orm'
import { BATCH, type Source } from '../move/ports'
import { type LastNumbers, META, type MovedTable, NUMBERED, type Row } from '../move/tables'
import { decoder, missing } from './codec'
import { openForMove } from './move-connection'
import { kindOf } from './shared-tables'

/** Rows of the shared tables whose account is not one of ours, which have another instance or none, do not move. */
const OWN_USER = 'user_id IN (SELECT id FROM latchkey.users)'
const OWN_SESSION = `session_id IN (SELECT id FROM latchkey.sessions WHERE ${OWN_USER})`
const FILTERS: Record<string, string> = {
  identities: OWN_USER,
  sessions: OWN_USER,
  refresh_tokens: OWN_SESSION,
  mfa_amr_claims: OWN_SESSION,
  mfa_factors: OWN_USER,
  webauthn_credentials: OWN_USER,
  // Their factor may be gone: no foreign key ties them to it.
  mfa_challenges: 'factor_id IN (SELECT id FROM latchkey.mfa_factors)',
}

/** Accounts and entries without a number get theirs in this order, after the others. */
const ORDERS: Record<string, string> = { users: 'uid, created_at, id', audit_log_entries: 'created_at, id' }

/** @throws {MoveRefused} if a server uses the database */
export async function postgresSource(url: string): Promise<Source> {
  const { connection, close } = await openForMove(url)
  try {
    // The lock comes before the snapshot, and keeps writers away until the end.
    await connection.unsafe('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await connection.unsafe('LOCK TABLE auth.users, auth.sessions IN SHARE MODE')
  } catch (error) {
    await close()
    throw error
  }
  return {
    async count({ name }) {
      const [row] = await connection.unsafe(`SELECT count(*)::int AS rows FROM ${fromOf(name)}`)
      return row.rows
    },
    read: (table) => batchesOf(connection, table),
    lastNumbers: () => lastNumbers(connection),
    async meta() {
      const rows = await connection.unsafe<{ key: string; value: string }[]>(`SELECT key, value FROM latchkey.${META}`)
      return new Map(rows.map(({ key, value }) => [key, value]))
    },
    [Symbol.asyncDispose]: close,
  }
}

const fromOf = (table: string) => {
  const filter = FILTERS[table]
  return `latchkey."${table}"${filter === undefined ? '' : ` WHERE ${filter}`}`
}

async function* batchesOf(connection: ReservedSQL, { name, columns }: MovedTable): AsyncGenerator<Row[]> {
  const order = ORDERS[name]
  const ordered = order === undefined ? '' : ` ORDER BY ${order}`
  const selected = columns.map((column) => `"${column.name}"`).join(', ')
  await connection.unsafe(`DECLARE moved NO SCROLL CURSOR FOR SELECT ${selected} FROM ${fromOf(name)}${ordered}`)
  for (;;) {
    const batch = await connection.unsafe<Record<string, unknown>[]>(`FETCH ${BATCH} FROM moved`)
    if (batch.length === 0) break
    yield batch.map((row) => Object.fromEntries(columns.map((column) => [column.name, storedValue(column, row)])))
  }
  await connection.unsafe('CLOSE moved')
}

/** Later than every instant that has a year of four digits: what the codec stores as `infinity`. */
const NEVER = 253_402_300_800_000

/** A value as SQLite stores it. */
function storedValue(column: Column, row: Record<string, unknown>): string | number | null {
  const value = row[column.name] ?? null
  if (value === null) {
    if (column.name === NUMBERED.users) return null
    const substitute = missing(column)
    return substitute === undefined ? null : (column.mapToDriverValue(substitute) as string | number)
  }
  if (kindOf(column) === 'json') {
    const decoded = decoder(column)?.(value) ?? null
    return decoded && String(column.mapToDriverValue(decoded))
  }
  if (column.getSQLType() !== 'integer') return String(value)
  return Math.max(-NEVER, Math.min(NEVER, Number(value)))
}

async function lastNumbers(connection: ReservedSQL): Promise<LastNumbers> {
  const [row] = await connection.unsafe<[Record<keyof LastNumbers, string>]>(
    `SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM latchkey.accounts_uid_seq) AS users,
      (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM latchkey.messages_seq_seq) AS messages,
      (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM latchkey.events_seq_seq) AS events,
      (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM latchkey.refusals_seq_seq) AS refusals`,
  )
  return {
    users: Number(row.users),
    messages: Number(row.messages),
    events: Number(row.events),
    refusals: Number(row.refusals),
  }
}
