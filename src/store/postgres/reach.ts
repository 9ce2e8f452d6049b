/** Whether a database can be used, before anything else is done with it. */
import type { SQL } from 'bun'
import { shownPostgresUrl } from '../../lib/postgres-url'
import { stateOf, textOf, unavailableFor } from './errors'

/** How often an unreachable database is tried again. */
const RETRY_MS = 1000

export interface ReachOptions {
  /** How long an unreachable database is waited for. */
  patienceMs: number
  /** Called with the reason at the first failure that is waited out. */
  onWarning?(message: string): void
}

/**
 * Waits until the database answers: in a container, it may start later than this server.
 * @throws with what to do
 */
export async function reach(sql: SQL, url: string, { patienceMs, onWarning }: ReachOptions): Promise<void> {
  const deadline = performance.now() + patienceMs
  let hasWaited = false
  for (;;) {
    const problem = await problemOf(sql)
    if (!problem) return
    if (!problem.mayPass || performance.now() + RETRY_MS > deadline) throw asError(url, problem)
    if (!hasWaited) onWarning?.(`the database ${problem.reason}; trying again for ${Math.round(patienceMs / 1000)} s`)
    hasWaited = true
    await Bun.sleep(RETRY_MS)
  }
}

interface Problem {
  reason: string
  advice: string
  /** Whether it may end without anyone's help. */
  mayPass: boolean
}

async function problemOf(sql: SQL): Promise<Problem | undefined> {
  try {
    const [{ isStandby }] = await sql.unsafe<[{ isStandby: boolean }]>('SELECT pg_is_in_recovery() AS "isStandby"')
    return isStandby
      ? {
          reason: 'is a standby, which accepts no writes',
          advice: 'Set AUTH_DATABASE_URL to the primary server, or to an address that leads to it.',
          mayPass: true,
        }
      : undefined
  } catch (error) {
    return connectionProblem(error)
  }
}

const ADVICE_ON_LOGIN = 'Correct the user and the password of AUTH_DATABASE_URL.'

function connectionProblem(error: unknown): Problem {
  const text = textOf(error)
  if (/unsupported startup parameter/.test(text)) return SETTINGS_LOST
  if (stateOf(error) === '3D000')
    return { reason: `does not exist (${text})`, advice: 'Create it, or correct AUTH_DATABASE_URL.', mayPass: false }
  switch (unavailableFor(error)?.kind) {
    case 'login_refused':
      return { reason: `refuses the login (${text})`, advice: ADVICE_ON_LOGIN, mayPass: false }
    case 'no_connection':
      return {
        reason: `has no free connection (${text})`,
        advice: 'Raise its max_connections, or lower AUTH_DB_MAX_CONNECTIONS.',
        mayPass: true,
      }
    default:
      return /TLS|CERT|VERIFY|SELF_SIGNED/.test(text)
        ? {
            reason: `has no usable TLS (${text})`,
            advice: 'Correct sslmode and sslrootcert in AUTH_DATABASE_URL.',
            mayPass: false,
          }
        : {
            reason: `cannot be reached (${text})`,
            advice: 'Start it, or correct AUTH_DATABASE_URL.',
            mayPass: true,
          }
  }
}

/** Of poolers, in any mode. */
const SETTINGS_LOST: Problem = {
  reason: 'is behind a connection pooler that does not pass on the settings of a session, such as search_path',
  advice: 'Set AUTH_DATABASE_URL to the database itself, usually on port 5432.',
  mayPass: false,
}

const TRANSACTION_MODE: Problem = {
  reason: 'is behind a connection pooler in transaction mode, in which clients share sessions',
  advice:
    'Set AUTH_DATABASE_URL to the session mode of the pooler or to the database itself, usually on port 5432; Supabase has the transaction mode on port 6543.',
  mayPass: false,
}

const asError = (url: string, { reason, advice }: Problem) =>
  new Error(`the database ${shownPostgresUrl(url)} ${reason}. ${advice}`)

/** Names the database in an error, without its password. */
export const naming = <Result>(url: string, work: Promise<Result>): Promise<Result> =>
  work.catch((error: Error) => {
    throw new Error(`${shownPostgresUrl(url)}: ${error.message}`, { cause: error })
  })

/**
 * With a pooler in transaction mode, statements outside a transaction run in any session, and settings and prepared
 * statements are lost or another client's.
 * @param session the settings that each session must have
 * @throws with what to do
 */
export async function requireOwnSessions(
  sql: Pick<SQL, 'reserve'>,
  url: string,
  session: Record<string, string>,
): Promise<void> {
  const [one, other] = await Promise.all([sql.reserve(), sql.reserve()])
  try {
    const [first] = await one.unsafe<[Session]>(SESSION_OF)
    // takes a session, perhaps the one that answered just now
    await other.unsafe('BEGIN')
    const [theirs] = await other.unsafe<[Session]>(SESSION_OF)
    const [second] = await one.unsafe<[Session]>(SESSION_OF)
    await other.unsafe('ROLLBACK')
    if (theirs.pid === first.pid || second.pid !== first.pid) throw asError(url, TRANSACTION_MODE)
    if (second.searchPath !== session.search_path) throw asError(url, SETTINGS_LOST)
  } finally {
    await Promise.all([one.release(), other.release()])
  }
}

const SESSION_OF = `SELECT pg_backend_pid() AS pid, current_setting('search_path') AS "searchPath"`

interface Session {
  pid: number
  searchPath: string
}
