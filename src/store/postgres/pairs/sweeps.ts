/** Sweeps of tables whose primary key on SQLite is a number that Postgres has for some rows or none. */
import { anonymousUsersById, SLICE, sweeps, unusedById, unusedByNumber } from '../../sweeps'
import { pair, type StandIn } from './pair'

const { anonymousUsers, auditLog } = sweeps

export const sweepStandIns: readonly StandIn[] = [
  [anonymousUsers.sliceEnd, anonymousUsersById.sliceEnd],
  [anonymousUsers.removeSlice, anonymousUsersById.removeSlice],
  [anonymousUsers.removeRest, anonymousUsersById.removeRest],
  [unusedByNumber, unusedById],
]

/** The key is an instant in Unix microseconds. */
const instant = (name: string) => `'epoch'::timestamptz + :${name}::float8 * interval '1 microsecond'`

/** Oldest first, as far as they are expired: by the index latchkey_audit_created. */
export const sweepPairs = [
  pair(
    auditLog.sliceEnd,
    `SELECT (extract(epoch FROM created_at) * 1000000)::bigint AS key0 FROM audit_log_entries
      WHERE created_at > ${instant('after0')} AND created_at < :before ORDER BY created_at LIMIT 1 OFFSET ${SLICE - 1}`,
  ),
  pair(
    auditLog.removeSlice,
    `DELETE FROM auth.audit_log_entries WHERE created_at <= ${instant('end0')} AND created_at < :before`,
  ),
  pair(auditLog.removeRest, 'DELETE FROM auth.audit_log_entries WHERE created_at < :before'),
]
