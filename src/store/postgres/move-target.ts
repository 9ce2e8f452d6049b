/** A database of Postgres as the target of a move. */
import type { ReservedSQL } from 'bun'
import { shownPostgresUrl } from '../../lib/postgres-url'
import { hasAccounts, type Target } from '../move/ports'
import { type LastNumbers, META, type MovedTable, movedTables, type Row, refusalOf } from '../move/tables'
import { areAccountsIn, openForMove } from './move-connection'
import { type Insert, insertsOf } from './move-inserts'

/** Tables of ours whose rows may have no user. Servers that ran before there were accounts leave some behind. */
const CLEARED = [
  'verification_tokens',
  'flow_state',
  'oauth_states',
  'messages',
  'events',
  'webauthn_challenges',
  'external_sessions',
  'signing_keys',
  'web3_messages',
  'spent_captchas',
]

/** @throws {MoveRefused} if a server uses the database, or it has accounts. Changes nothing */
export async function requireMovable(url: string): Promise<void> {
  const { connection, close } = await openForMove(url)
  try {
    if (await areAccountsIn(connection)) throw hasAccounts(shownPostgresUrl(url))
  } finally {
    await close()
  }
}

/**
 * @param migrate creates or migrates the schemas, in a transaction of its own
 * @throws {MoveRefused} if a server uses the database, or it has accounts
 */
export async function postgresTarget(url: string, migrate: () => Promise<unknown>): Promise<Target> {
  const { connection, close } = await openForMove(url)
  const inserts = new Map<string, Insert[]>()
  try {
    if (await areAccountsIn(connection)) throw hasAccounts(shownPostgresUrl(url))
    await migrate()
    await connection.unsafe('BEGIN')
    // No one signs up meanwhile.
    await connection.unsafe('LOCK TABLE auth.users IN SHARE ROW EXCLUSIVE MODE')
    if (await areAccountsIn(connection)) throw hasAccounts(shownPostgresUrl(url))
    for (const table of CLEARED) await connection.unsafe(`DELETE FROM latchkey."${table}"`)
    for (const table of movedTables) inserts.set(table.name, await insertsOf(connection, table))
  } catch (error) {
    await close()
    throw error
  }
  return {
    numberAfter: (last) => numberAfter(connection, last),
    async write(table, rows) {
      const insert = async (some: Row[]) => {
        for (const each of inserts.get(table.name) ?? []) await each(some)
      }
      await connection.unsafe('SAVEPOINT batch')
      try {
        await insert(rows)
        await connection.unsafe('RELEASE batch')
      } catch (error) {
        await connection.unsafe('ROLLBACK TO batch')
        throw await namedRefusal(error, { table, rows, insert })
      }
    },
    async finish(meta) {
      for (const [key, value] of meta)
        await connection.unsafe(
          `INSERT INTO latchkey.${META} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
          [key, value],
        )
      await connection.unsafe('COMMIT')
      await analyze(connection)
    },
    [Symbol.asyncDispose]: close,
  }
}

/** Postgres does not tell which row of a batch it refuses. */
async function namedRefusal(
  error: unknown,
  { table, rows, insert }: { table: MovedTable; rows: Row[]; insert: Insert },
): Promise<unknown> {
  for (const row of rows)
    try {
      await insert([row])
    } catch (problem) {
      return refusalOf(problem, table, row)
    }
  return error
}

/** Until it knows how many rows there are, the planner scans whole tables. */
async function analyze(connection: ReservedSQL): Promise<void> {
  const tables = await connection.unsafe<{ name: string }[]>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname IN ('auth', 'latchkey') AND pg_has_role(tableowner, 'USAGE')`,
  )
  await connection.unsafe(`ANALYZE ${tables.map(({ name }) => name).join(', ')}`)
}

/** Numbers are given by sequences, which a rollback does not reset. */
async function numberAfter(connection: ReservedSQL, { users, messages, events }: LastNumbers): Promise<void> {
  for (const [sequence, last] of [
    ['latchkey.accounts_uid_seq', users],
    ['latchkey.messages_seq_seq', messages],
    ['latchkey.events_seq_seq', events],
  ] as const)
    await connection.unsafe(
      `SELECT setval('${sequence}', greatest(last_value, $1::bigint)) FROM ${sequence} WHERE $1::bigint > 0`,
      [String(last)],
    )
}
