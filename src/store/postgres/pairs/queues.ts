/**
 * Claims of queued work: what another process is claiming is passed over, instead of waited for and then found taken
 * (https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE).
 */
import {
  dueEvents,
  dueMessages,
  dueRegistrations,
  overdueEvents,
  overdueMessages,
  overdueRegistrations,
} from '../../due-work'
import { type Pair, pair } from './pair'

/** @param condition with the limit of the time */
const claim = (statement: Parameters<typeof pair>[0], table: string, condition: string): Pair =>
  pair(statement, `SELECT {columns} FROM ${table} WHERE ${condition} LIMIT :limit FOR UPDATE SKIP LOCKED`)

/** Events of one account and destination are claimed one after the other. */
const FIRST = `NOT EXISTS (SELECT 1 FROM latchkey.events earlier WHERE earlier.user_id = events.user_id
  AND earlier.destination = events.destination AND earlier.seq < events.seq AND earlier.next_attempt_at IS NOT NULL)`

export const queuePairs = [
  claim(dueEvents, 'events', `next_attempt_at <= :now AND ${FIRST}`),
  claim(overdueEvents, 'events', `next_attempt_at > :latest AND ${FIRST}`),
  claim(dueMessages, 'messages', 'next_attempt_at <= :now'),
  claim(overdueMessages, 'messages', 'next_attempt_at > :latest'),
  claim(dueRegistrations, 'matrix_registrations', 'next_attempt_at <= :now'),
  claim(overdueRegistrations, 'matrix_registrations', 'next_attempt_at > :latest'),
]
