import { auditEntry, auditSlice, entriesOfActor, entriesOfSubject, SEARCH_SLICE } from '../../admin-lists'
import { insertAudit } from '../../audit-log'
import { pair } from './pair'

/** GoTrue's table has no sequence number: entries that servers write in one microsecond are in any order. */
const EARLIER = '(created_at, id) < (:at::timestamptz, :id::uuid)'

const isLike = (path: string) => `coalesce(payload::jsonb #>> ${path} ILIKE :pattern ESCAPE '', false)`
const keyOf = (path: string) => `string_to_array(substr(${path}, 3), '.')`

const slice = `SELECT created_at::text AS at, id,
    (:pattern = '' OR ${isLike(keyOf(':path'))} OR ${isLike(keyOf(':otherPath'))})
    AND (:action = '' OR coalesce(payload::jsonb ->> 'action' = :action, false))
    AND (:ip = '' OR ip_address = :ip)
    AND (:requestId = '' OR coalesce(payload::jsonb ->> 'request_id' = :requestId, false))
    AND created_at >= :since::timestamptz AND created_at < :until::timestamptz AS hit
  FROM audit_log_entries WHERE ${EARLIER} ORDER BY created_at DESC, id DESC LIMIT ${SEARCH_SLICE}`

/** By the indexes latchkey_audit_actor and latchkey_audit_subject, which are on the table itself. */
const ofAccount = (key: string) => `SELECT {columns} FROM (
    SELECT 0::bigint AS seq, id, payload::text AS payload, created_at, ip_address FROM auth.audit_log_entries
    WHERE ${key} ORDER BY created_at DESC, id DESC LIMIT :limit) AS audit_log_entries`

/** @param values of an entry @param rest where they come from */
export const insertedAudit = (
  values: Record<'id' | 'payload' | 'createdAt' | 'order' | 'ipAddress', string>,
  rest = '',
) => `INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  SELECT '00000000-0000-0000-0000-000000000000', ${values.id}::uuid, ${values.payload}::jsonb,
    ${values.createdAt} + ${values.order}::bigint * interval '1 microsecond', ${values.ipAddress}${rest && ` ${rest}`}`

const insert = insertedAudit({
  id: ':id',
  payload: ':payload',
  createdAt: ':createdAt',
  order: ':order',
  ipAddress: ':ipAddress',
})

export const auditPairs = [
  pair(insertAudit, insert),
  pair(auditSlice, slice),
  pair(entriesOfActor, ofAccount("(payload ->> 'actor_id') = :userId")),
  pair(
    entriesOfSubject,
    ofAccount("(payload #>> '{traits,user_id}') IS NOT NULL AND (payload #>> '{traits,user_id}') = :userId"),
  ),
  pair(auditEntry, 'SELECT {columns} FROM audit_log_entries WHERE id = :id::uuid'),
]
