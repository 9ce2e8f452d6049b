import { auditEntry, auditSlice, SEARCH_SLICE } from '../../admin-lists'
import { insertAudit } from '../../statements'
import { pair } from './pair'

/** GoTrue's table has no sequence number: entries that servers write in one microsecond are in any order. */
const EARLIER = '(created_at, id) < (:at::timestamptz, :id::uuid)'

const isLike = (path: string) => `coalesce(payload::jsonb #>> ${path} ILIKE :pattern ESCAPE '', false)`
const keyOf = (path: string) => `string_to_array(substr(${path}, 3), '.')`

const slice = `SELECT created_at::text AS at, id,
    :pattern = '' OR ${isLike(keyOf(':path'))} OR ${isLike(keyOf(':otherPath'))} AS hit
  FROM audit_log_entries WHERE ${EARLIER} ORDER BY created_at DESC, id DESC LIMIT ${SEARCH_SLICE}`

const insert = `INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  VALUES ('00000000-0000-0000-0000-000000000000', :id::uuid, :payload::jsonb,
    :createdAt + :order::bigint * interval '1 microsecond', :ipAddress)`

export const auditPairs = [
  pair(insertAudit, insert),
  pair(auditSlice, slice),
  pair(auditEntry, 'SELECT {columns} FROM audit_log_entries WHERE id = :id::uuid'),
]
