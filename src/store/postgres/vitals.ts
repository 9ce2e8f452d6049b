/** What a server and its database must have in common, and a write, to find out whether requests would work. */
import { within } from '../../lib/timers'
import { Unavailable } from '../../lib/unavailable'
import type { DatabaseProblem, Tx } from '../engine'
import type { Health } from './health'
import type { Pool } from './pool'
import type { Supervision } from './supervision'

/** Callers of the readiness check have short timeouts. */
const EXAMINATION_MS = 1000
/** How often the examination writes, as long as nothing fails. */
const WRITE_EVERY_MS = 10_000

/** Times are of the clock of the server that compares, so a larger difference makes tokens expire early or late. */
const MAX_CLOCK_DIFFERENCE_MS = 1000

const VITALS = `SELECT pg_is_in_recovery() AS "isStandby",
  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "now"`

interface Vitals {
  isStandby: boolean
  /** Unix milliseconds. */
  now: number
}

export interface ExaminationOptions {
  pool: Pool
  health: Health
  supervision: Supervision
  write(probe: (tx: Tx) => Promise<void>): Promise<void>
  /** The clock of this machine. */
  clock?: () => number
}

export function examinationOf({ pool, health, supervision, write, clock = Date.now }: ExaminationOptions) {
  let wroteAt = -WRITE_EVERY_MS

  async function look(probe: (tx: Tx) => Promise<void>): Promise<DatabaseProblem | undefined> {
    const before = clock()
    const [vitals] = await supervision.run('read', () => pool.unsafe<[Vitals]>(VITALS))
    const found = standbyProblem(vitals) ?? clockProblem(vitals, before, clock())
    if (found) return found
    if (health.condition() === undefined && performance.now() - wroteAt < WRITE_EVERY_MS) return undefined
    await write(probe)
    wroteAt = performance.now()
    return undefined
  }

  /** @returns the problem; undefined if there is none */
  return async (probe: (tx: Tx) => Promise<void>): Promise<DatabaseProblem | undefined> => {
    try {
      const found = await within(EXAMINATION_MS, look(probe), () => {
        throw new Unavailable('too_slow')
      })
      if (found) health.recordProblem(found)
      else health.recordSuccess('probe')
    } catch (error) {
      const isKnown = health.recordFailure(error) instanceof Unavailable
      if (!isKnown && !health.condition()) throw error
    }
    return health.condition()
  }
}

const standbyProblem = ({ isStandby }: Vitals): DatabaseProblem | undefined =>
  isStandby
    ? { kind: 'read_only', reason: 'the database is a standby, which accepts no writes', error: 'pg_is_in_recovery()' }
    : undefined

/** @param before and after: when the question left and the answer came */
function clockProblem({ now: database }: Vitals, before: number, after: number): DatabaseProblem | undefined {
  const own = (before + after) / 2
  if (Math.abs(database - own) - (after - before) / 2 <= MAX_CLOCK_DIFFERENCE_MS) return undefined
  const [shown, shownDatabase] = [own, database].map((instant) => new Date(instant).toISOString())
  return {
    kind: 'clock_differs',
    reason: `the clock of this server reads ${shown}, and the clock of the database ${shownDatabase}`,
    error: `${Math.round(database - own)} ms`,
  }
}
