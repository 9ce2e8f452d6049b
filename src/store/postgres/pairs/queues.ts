/**
 * Claims of queued work: what another process is claiming is passed over, instead of waited for and then found taken
 * (https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE).
 */
import { dueMessages, dueRegistrations, overdueMessages, overdueRegistrations } from '../../due-work'
import { type Pair, pair } from './pair'

/** @param condition with the limit of the time */
const claim = (statement: Parameters<typeof pair>[0], table: string, condition: string): Pair =>
  pair(statement, `SELECT {columns} FROM ${table} WHERE ${condition} LIMIT :limit FOR UPDATE SKIP LOCKED`)

export const queuePairs = [
  claim(dueMessages, 'messages', 'next_attempt_at <= :now'),
  claim(overdueMessages, 'messages', 'next_attempt_at > :latest'),
  claim(dueRegistrations, 'matrix_registrations', 'next_attempt_at <= :now'),
  claim(overdueRegistrations, 'matrix_registrations', 'next_attempt_at > :latest'),
]
