/** The audit log in the order in which it is sealed. Entries of GoTrue without a time are not part of it. */
import { entriesAfter, entriesBetween, removeEntriesUpTo } from '../../audit-seals'
import { pair } from './pair'

const PLACE = '(created_at, id)'
const after = `${PLACE} > (:at::timestamptz, :id::uuid)`
const upTo = `${PLACE} <= (:toAt::timestamptz, :toId::uuid)`
/** Of the table itself, so that the text of the payload is the one that is stored. */
const select = `SELECT created_at::text AS at, id, coalesce(payload::text, '') AS payload, created_at AS "createdAt",
    ip_address AS "ipAddress" FROM auth.audit_log_entries`

export const auditSealPairs = [
  pair(entriesAfter, `${select} WHERE ${after} AND created_at < :before ORDER BY created_at, id LIMIT :limit`),
  pair(entriesBetween, `${select} WHERE ${after} AND ${upTo} ORDER BY created_at, id`),
  pair(removeEntriesUpTo, `DELETE FROM auth.audit_log_entries WHERE ${upTo}`),
]
