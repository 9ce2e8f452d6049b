/**
 * Budgets in the database, exact over all nodes: an event is one statement, which changes the row of its key or, if the
 * budget is used up, does not. Concurrent ones wait for each other at that row and check its latest version
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED), so they must not be part of a
 * serializable transaction. Instants come from the clocks of the nodes.
 */
import { createHash } from 'node:crypto'
import type { Budgets, Refundable, WindowBudget } from '../budgets'

/** Runs one statement in a transaction of its own. @returns the rows; a bigint is a string */
export type SingleStatement = (text: string, values: string[]) => Promise<Record<string, unknown>[]>

/** An instant as far ahead comes from a wrong clock (src/lib/time.ts) and does not count. */
const COUNTING = 'abs(at - $2::bigint) < $3::bigint'

const TAKE_OF_WINDOW = `
INSERT INTO latchkey.guesses AS stored (key_hash, instants, expires_at)
VALUES ($1, ARRAY[$2::bigint], $2::bigint + $3::bigint)
ON CONFLICT (key_hash) DO UPDATE SET
  instants = ARRAY(SELECT at FROM unnest(stored.instants) AS at WHERE ${COUNTING}) || $2::bigint,
  expires_at = excluded.expires_at
WHERE (SELECT count(*) FROM unnest(stored.instants) AS at WHERE ${COUNTING}) < $4::bigint
RETURNING 1 AS counted`

const WAIT_OF_WINDOW = `
SELECT min(at) + $3::bigint - $2::bigint AS wait_ms FROM latchkey.guesses, unnest(instants) AS at
WHERE key_hash = $1 AND ${COUNTING} HAVING count(*) >= $4::bigint`

const REFUND_LAST = `DELETE FROM latchkey.guesses WHERE key_hash = $1 AND instants = ARRAY[$2::bigint] RETURNING 1 AS refunded`

/** One of those at the same instant. */
const REFUND = `
UPDATE latchkey.guesses SET instants =
  instants[:array_position(instants, $2::bigint) - 1] || instants[array_position(instants, $2::bigint) + 1:]
WHERE key_hash = $1 AND $2::bigint = ANY(instants)`

const CLEAR = 'DELETE FROM latchkey.guesses WHERE key_hash = $1 RETURNING 1 AS cleared'

/** The bucket is full at `expires_at`; one that would be full later than an empty one was left by a wrong clock. */
const FULL_AT = `CASE WHEN stored.expires_at - $2::bigint BETWEEN 0 AND $3::bigint * $4::bigint + 60000
  THEN stored.expires_at ELSE $2::bigint END`

const TAKE_OF_BUCKET = `
INSERT INTO latchkey.guesses AS stored (key_hash, instants, expires_at)
VALUES ($1, '{}', $2::bigint + $3::bigint)
ON CONFLICT (key_hash) DO UPDATE SET expires_at = ${FULL_AT} + $3::bigint
WHERE ${FULL_AT} - $2::bigint <= $3::bigint * ($4::bigint - 1)
RETURNING 1 AS counted`

const WAIT_OF_BUCKET = `
SELECT ${FULL_AT} - $2::bigint - $3::bigint * ($4::bigint - 1) AS wait_ms FROM latchkey.guesses AS stored WHERE key_hash = $1`

/** @param now Unix milliseconds */
export function postgresBudgets(single: SingleStatement, now: () => number): Budgets {
  const waitOf = async (text: string, values: string[]) => {
    const [row] = await single(text, values)
    return Math.max(0, Number(row?.wait_ms ?? 0))
  }
  /** @returns 0 if the event was counted */
  const take = async (statements: { take: string; wait: string }, values: string[]) => {
    if ((await single(statements.take, values)).length > 0) return 0
    // Another one may have been refunded in the meantime.
    return Math.max(1, await waitOf(statements.wait, values))
  }
  return {
    window(budget) {
      const statements = { take: TAKE_OF_WINDOW, wait: WAIT_OF_WINDOW }
      const valuesAt = (key: string, at: number) => valuesOf(budget, key, at, budget.windowMs, budget.limit)
      return {
        async take(key): Promise<Refundable> {
          const at = now()
          const waitMs = await take(statements, valuesAt(key, at))
          return { waitMs, refund: async () => waitMs === 0 && refund(single, budget, key, at) }
        },
        waitMs: (key) => waitOf(statements.wait, valuesAt(key, now())),
        clear: (key) => single(CLEAR, [hashOf(budget, key)]),
      }
    },
    bucket(budget) {
      const statements = { take: TAKE_OF_BUCKET, wait: WAIT_OF_BUCKET }
      const values = (key: string) => valuesOf(budget, key, now(), Math.max(1, budget.refillMs), budget.burst)
      return {
        take: async (key) => ({ waitMs: await take(statements, values(key)) }),
        waitMs: (key) => waitOf(statements.wait, values(key)),
        clear: (key) => single(CLEAR, [hashOf(budget, key)]),
      }
    },
  }
}

async function refund(single: SingleStatement, budget: WindowBudget, key: string, at: number): Promise<void> {
  const values = [hashOf(budget, key), integer(at)]
  if ((await single(REFUND_LAST, values)).length === 0) await single(REFUND, values)
}

const valuesOf = (budget: { name: string }, key: string, now: number, ms: number, count: number): string[] => [
  hashOf(budget, key),
  ...[now, ms, count].map(integer),
]

const integer = (value: number) => String(Math.round(value))

const hashOf = ({ name }: { name: string }, key: string) =>
  createHash('sha256')
    .update(JSON.stringify([name, key]))
    .digest('base64url')

/** Rows per statement, so that each one is quick. */
const SLICE = 10_000

const REMOVE_UNUSED = `
DELETE FROM latchkey.guesses WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM latchkey.guesses WHERE expires_at < $1::bigint LIMIT ${SLICE} FOR UPDATE SKIP LOCKED))
RETURNING 1 AS removed`

/** Deletes the rows of budgets in which nothing counts any more. @returns how many */
export async function removeUnusedBudgets(single: SingleStatement, now: number): Promise<number> {
  let removed = 0
  for (;;) {
    const { length } = await single(REMOVE_UNUSED, [integer(now)])
    removed += length
    if (length < SLICE) return removed
  }
}
