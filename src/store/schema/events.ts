/** Events of accounts, for the operator's server. */
import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { instant } from './columns'

export const events = sqliteTable(
  'events',
  {
    seq: integer('seq').primaryKey(),
    id: text('id').notNull().unique(),
    destination: text('destination').$type<EventDestination>().notNull(),
    userId: text('user_id').notNull(),
    type: text('type').notNull(),
    payload: text('payload').notNull(),
    state: text('state').$type<EventState>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    error: text('error'),
    nextAttemptAt: instant('next_attempt_at'),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull(),
    deliveredAt: instant('delivered_at'),
  },
  (t) => [
    index('events_due').on(t.nextAttemptAt).where(sql`next_attempt_at IS NOT NULL`),
    index('events_pending').on(t.userId, t.destination, t.seq).where(sql`next_attempt_at IS NOT NULL`),
    index('events_failed').on(t.seq).where(sql`state = 'failed'`),
  ],
)

/** `webhook`: the operator's server; otherwise a hook. */
export type EventDestination = 'webhook' | 'after_user_created'

export type EventState = 'pending' | 'delivered' | 'failed'

export type Event = typeof events.$inferSelect
