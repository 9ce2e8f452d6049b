/** What administrators look up: refusals, and how often things happen. */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { instant } from './columns'

export const refusals = sqliteTable(
  'refusals',
  {
    seq: integer('seq').primaryKey(),
    requestId: text('request_id').notNull(),
    createdAt: instant('created_at').notNull(),
    method: text('method').notNull(),
    route: text('route').notNull(),
    status: integer('status').notNull(),
    reason: text('reason').notNull(),
    exceeded: text('exceeded'),
    userId: text('user_id'),
    ipAddress: text('ip_address').notNull().default(''),
  },
  (t) => [
    index('refusals_request').on(t.requestId, t.seq),
    index('refusals_reason').on(t.reason, t.seq),
    index('refusals_user').on(t.userId, t.seq).where(sql`user_id IS NOT NULL`),
    index('refusals_address').on(t.ipAddress, t.seq).where(sql`ip_address <> ''`),
  ],
)

export const eventCounts = sqliteTable(
  'event_counts',
  {
    step: text('step').$type<CountStep>().notNull(),
    at: instant('at').notNull(),
    kind: text('kind').$type<CountKind>().notNull(),
    label: text('label').notNull(),
    count: integer('count').notNull(),
  },
  (t) => [primaryKey({ columns: [t.step, t.at, t.kind, t.label] })],
)

export type CountStep = 'hour' | 'day'
export type CountKind = 'sign_up' | 'sign_in' | 'refresh' | 'refusal' | 'mail' | 'sms'

export type RefusedRequest = typeof refusals.$inferSelect
export type EventCount = typeof eventCounts.$inferSelect
