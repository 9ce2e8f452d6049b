/** Lost responses in the database, for a retry at any node. */
import type { LostResponseStore } from '../engine'
import type { SingleStatement } from './budgets'

const REMEMBER = `
INSERT INTO latchkey.lost_responses (lookup_id, successors, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (lookup_id) DO UPDATE SET successors = excluded.successors, expires_at = excluded.expires_at`

const TAKE = 'DELETE FROM latchkey.lost_responses WHERE lookup_id = $1 RETURNING successors, expires_at'

export const lostResponseStore = (single: SingleStatement): LostResponseStore => ({
  async remember(used, made, expiresAt) {
    await single(REMEMBER, [used, JSON.stringify(made), String(Math.round(expiresAt))])
  },
  async take(used, now) {
    const [row] = await single(TAKE, [used])
    return row && now < Number(row.expires_at) ? (JSON.parse(String(row.successors)) as string[]) : undefined
  },
})

const REMOVE = 'DELETE FROM latchkey.lost_responses WHERE expires_at < $1 RETURNING 1 AS removed'

/** Deletes those that no client has come back for in time. @returns how many */
export const removeExpiredResponses = async (single: SingleStatement, now: number): Promise<number> =>
  (await single(REMOVE, [String(Math.round(now))])).length
