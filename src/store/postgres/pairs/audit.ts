import { auditEntry, auditSlice, SEARCH_SLICE } from '../../admin-lists'
import { pair } from './pair'

/** GoTrue's table has no sequence number: entries of one instant are in the order of their ids, which is any order. */
const EARLIER = '(created_at, id) < (:at::timestamptz, :id::uuid)'

const isLike = (path: string) => `coalesce(payload::jsonb #>> ${path} ILIKE :pattern ESCAPE '', false)`
const keyOf = (path: string) => `string_to_array(substr(${path}, 3), '.')`

const slice = `SELECT created_at::text AS at, id,
    :pattern = '' OR ${isLike(keyOf(':path'))} OR ${isLike(keyOf(':otherPath'))} AS hit
  FROM audit_log_entries WHERE ${EARLIER} ORDER BY created_at DESC, id DESC LIMIT ${SEARCH_SLICE}`

export const auditPairs = [
  pair(auditSlice, slice),
  pair(auditEntry, 'SELECT {columns} FROM audit_log_entries WHERE id = :id::uuid'),
]
