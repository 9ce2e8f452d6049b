/** The connection of a move, which must be the only user of its database. */
import type { ReservedSQL } from 'bun'
import { shownPostgresUrl } from '../../lib/postgres-url'
import { MoveRefused } from '../move/ports'
import { connect } from './connect'
import { reach } from './reach'

/** No time limits, because copying takes as long as it takes; only locks of others are not waited for. */
const SESSION = {
  application_name: 'latchkey move',
  search_path: 'auth',
  TimeZone: 'UTC',
  statement_timeout: '0',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '0',
}

/** The connections of a server that was just stopped take a moment to disappear. */
const CHECKS = 10
const CHECK_EVERY_MS = 200

/** @throws if the database cannot be reached; {MoveRefused} if a server is connected to it, or another move */
export async function openForMove(url: string): Promise<{ connection: ReservedSQL; close(): Promise<void> }> {
  const pool = connect(url, { maxConnections: 1, session: SESSION })
  let connection: ReservedSQL | undefined
  // Postgres rolls back what was not committed.
  const close = async () => {
    await connection?.close()
    await pool.close()
  }
  try {
    await reach(pool, url, { patienceMs: 0 })
    connection = await pool.reserve()
    await requireNoServer(connection, shownPostgresUrl(url))
    return { connection, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function requireNoServer(connection: ReservedSQL, shown: string): Promise<void> {
  let found: string | undefined
  for (let checks = 0; checks < CHECKS; checks++) {
    if (checks > 0) await Bun.sleep(CHECK_EVERY_MS)
    found = await connectedServer(connection)
    if (found === undefined) return
  }
  throw new MoveRefused(`${found} is connected to ${shown}; stop it first, on every machine`)
}

/** GoTrue sets no application_name, and connects as the owner of the schema `auth`. */
async function connectedServer(connection: ReservedSQL): Promise<string | undefined> {
  const [other] = await connection.unsafe<{ application: string; role: string; machine: string | null }[]>(
    `SELECT application_name AS application, usename AS role, host(client_addr) AS machine
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (
      application_name IN ('latchkey', 'latchkey move') OR application_name = '' AND usename IN (
        SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'auth'
        UNION SELECT 'supabase_auth_admin'
      )
    )
    ORDER BY application_name = 'latchkey' DESC, application_name DESC LIMIT 1`,
  )
  if (!other) return undefined
  const from = other.machine === null ? '' : ` (from ${other.machine})`
  if (other.application === 'latchkey') return `a latchkey server${from}`
  if (other.application !== '') return `another latchkey move${from}`
  return `a program with the role ${other.role}${from}, probably Supabase Auth,`
}

export async function areAccountsIn(connection: ReservedSQL): Promise<boolean> {
  const [{ is }] = await connection.unsafe(`SELECT to_regclass('auth.users') IS NOT NULL AS is`)
  if (!is) return false
  const [{ has }] = await connection.unsafe('SELECT EXISTS (SELECT FROM auth.users) AS has')
  return has
}
