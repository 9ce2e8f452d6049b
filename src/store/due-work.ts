/**
 * Queued work that can be claimed: what is due, and what is due later than it can be, which comes from a wrong clock
 * (src/lib/time.ts).
 */
import { gt, lte } from 'drizzle-orm'
import { integer, statement } from './query'
import { matrixRegistrations, messages } from './schema'

export const dueMessages = statement({ now: messages.nextAttemptAt, limit: integer }, (db, { now, limit }) =>
  db.select().from(messages).where(lte(messages.nextAttemptAt, now)).limit(limit),
)

export const overdueMessages = statement({ latest: messages.nextAttemptAt, limit: integer }, (db, { latest, limit }) =>
  db.select().from(messages).where(gt(messages.nextAttemptAt, latest)).limit(limit),
)

export const dueRegistrations = statement(
  { now: matrixRegistrations.nextAttemptAt, limit: integer },
  (db, { now, limit }) =>
    db.select().from(matrixRegistrations).where(lte(matrixRegistrations.nextAttemptAt, now)).limit(limit),
)
export const overdueRegistrations = statement(
  { latest: matrixRegistrations.nextAttemptAt, limit: integer },
  (db, { latest, limit }) =>
    db.select().from(matrixRegistrations).where(gt(matrixRegistrations.nextAttemptAt, latest)).limit(limit),
)
