/** Opens a database of Postgres, creating and migrating its schemas if needed. */
import { randomUUID } from 'node:crypto'
import type { Engine, EngineOptions, IsolationLevel } from '../engine'
import { advancesBy } from './advances'
import { postgresBudgets, removeUnusedBudgets } from './budgets'
import { connect } from './connect'
import { postgresEngine } from './engine'
import { withGotrueTokens } from './gotrue-tokens'
import { healthOf } from './health'
import { addIndexesInBackground } from './indexes'
import { lostResponseStore, removeExpiredResponses } from './lost-responses'
import { migratePostgres, migrateSchemas } from './migrate'
import { announcements, listenTo } from './notifications'
import { poolOf } from './pool'
import { naming, reach, requireOwnSessions } from './reach'

export interface PostgresOptions extends EngineOptions {
  /** Unix milliseconds. */
  now: number
  /** Of this executable; undefined leaves the views that are there. */
  version?: string
  /** Whether an unreachable database is waited for, and events of other nodes are received. */
  isServed?: boolean | undefined
  /** Called with each problem that does not prevent opening. */
  onWarning?(message: string): void
  /** The clock of this machine; replaced in tests. */
  clock?: () => number
  maxConnections?: number
  isolation?: IsolationLevel
}

/** Parameters of each session (https://www.postgresql.org/docs/current/runtime-config-client.html). */
const SESSION = {
  // As GoTrue has it: triggers of the operator on its tables may rely on that.
  search_path: 'auth',
  TimeZone: 'UTC',
  // of statements that are not part of a transaction
  default_transaction_isolation: 'read committed',
  statement_timeout: '5s',
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '10s',
}

/** How long a server waits at its start for the database, which may start at the same time. */
const PATIENCE_MS = 30_000

/** @throws with what to do, if it cannot be reached, used or migrated */
export async function openPostgres(url: string, options: PostgresOptions): Promise<Engine> {
  const { maxConnections = 10, now, version, isServed, onWarning = () => {}, onDatabaseProblem = () => {} } = options
  const open = (max: number) => connect(url, { maxConnections: max, session: SESSION })
  const setup = open(2)
  try {
    await reach(setup, url, { patienceMs: isServed ? PATIENCE_MS : 0, onWarning })
    await requireOwnSessions(setup, url, SESSION)
    const migrate = isServed ? migrateSchemas : migratePostgres
    const { warnings } = await naming(url, migrate(setup, { now, version }))
    for (const warning of warnings) onWarning(warning)
  } finally {
    await setup.close({ timeout: 0 })
  }
  const node = randomUUID()
  const listening = isServed ? await listenTo(() => open(1), node, options.onEvent) : undefined
  const stopIndexing = isServed ? addIndexesInBackground(open(1), onWarning) : undefined
  const pool = poolOf(() => open(maxConnections), maxConnections)
  /** Whether the connection that listens may be gone without having said so, as others are. */
  let mayBeDeaf = false
  const { single, repeatable, ...engine } = postgresEngine({
    ...options,
    tokensOf: (queries) => withGotrueTokens(options.tokensOf(queries), queries),
    pool: {
      ...pool,
      replace(patienceSeconds) {
        mayBeDeaf = true
        pool.replace(patienceSeconds)
      },
    },
    health: healthOf((problem) => {
      if (problem) mayBeDeaf ||= problem.kind === 'unreachable' || problem.kind === 'login_refused'
      else if (mayBeDeaf) {
        mayBeDeaf = false
        listening?.renew()
      }
      onDatabaseProblem(problem)
    }),
    async probe() {
      await using connection = open(1)
      await connection.unsafe('SELECT 1')
    },
    onEvent(event) {
      others.announce(event)
      options.onEvent(event)
    },
  })
  const others = announcements(single, node)
  return {
    ...engine,
    advanceSession: advancesBy(repeatable, options.onEvent),
    shared: {
      budgets: (time) => postgresBudgets(single, time),
      removeExpired: async (time) => ({
        budgets: await removeUnusedBudgets(single, time),
        lostResponses: await removeExpiredResponses(single, time),
      }),
      lostResponses: lostResponseStore(single),
    },
    async close() {
      stopIndexing?.()
      await others.sent()
      await Promise.all([listening?.close(), engine.close()])
    },
  }
}
