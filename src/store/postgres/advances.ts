/**
 * Refreshes as one statement that several requests share. Its conditions hold for the latest version of each row
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED), so a session is advanced only if it
 * is as it was read; one that is being changed is left out. In a transaction of its own, a refresh costs four round trips
 * and the checks of SERIALIZABLE.
 */
import { countsOf, numbered } from '../audit-log'
import type { Advance, AdvanceSession, StoreEvent } from '../engine'
import { auditLogEntries, sessions, users } from '../schema'
import { inBatches, listOf, unnested } from './batches'
import type { SingleStatement } from './budgets'
import { encoder } from './codec'
import { insertedAudit } from './pairs/audit'
import { sharedTables } from './shared-tables'

const ASKED = {
  id: 'uuid',
  counter: 'bigint',
  aal: 'text',
  factor_id: 'uuid',
  now: 'timestamptz',
  user_agent: 'text',
  ip: 'inet',
  user_updated_at: 'timestamptz',
}
const ENTRIES = {
  session: 'bigint',
  id: 'uuid',
  payload: 'text',
  created_at: 'timestamptz',
  number: 'bigint',
  ip_address: 'text',
}

const ADVANCE = `
WITH asked AS (SELECT * FROM ${unnested('asked', ASKED, 'n')}),
found AS (
  SELECT base.id, asked.n FROM asked
  JOIN auth.sessions base ON base.id = asked.id
  JOIN auth.users u ON u.id = base.user_id
  WHERE base.refresh_token_counter = asked.counter AND coalesce(base.aal::text, 'aal1') = asked.aal
    AND base.factor_id IS NOT DISTINCT FROM asked.factor_id AND ${sharedTables.sessions?.where}
    AND date_trunc('milliseconds', coalesce(u.updated_at, 'epoch')) = asked.user_updated_at
    AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= asked.now)
  FOR NO KEY UPDATE OF base SKIP LOCKED
),
advanced AS (
  UPDATE auth.sessions s SET refresh_token_counter = asked.counter + 1, refreshed_at = asked.now AT TIME ZONE 'UTC',
    updated_at = asked.now, user_agent = asked.user_agent, ip = asked.ip
  FROM found JOIN asked USING (n) WHERE s.id = found.id RETURNING asked.n
),
audited AS (${insertedAudit(
  { id: 'e.id', payload: 'e.payload', createdAt: 'e.created_at', order: 'e.number', ipAddress: 'e.ip_address' },
  `FROM ${unnested('e', ENTRIES, 'row', 1 + Object.keys(ASKED).length)} JOIN advanced ON advanced.n = e.session`,
)})
SELECT n FROM advanced`

const encoded = {
  id: encoder(sessions.id),
  aal: encoder(sessions.aal),
  factorId: encoder(sessions.factorId),
  now: encoder(sessions.updatedAt),
  userAgent: encoder(sessions.userAgent),
  ip: encoder(sessions.ip),
  userUpdatedAt: encoder(users.updatedAt),
  auditId: encoder(auditLogEntries.id),
  payload: encoder(auditLogEntries.payload),
  createdAt: encoder(auditLogEntries.createdAt),
  ipAddress: encoder(auditLogEntries.ipAddress),
}
type Encode = (value: unknown) => string | null
const orNull = (encode: Encode, value: unknown) => (value === null ? null : encode(value))

/** @param run may run it twice: the session is then not as it was read any more */
export function advancesBy(run: SingleStatement, onEvent: (event: StoreEvent) => void): AdvanceSession {
  return inBatches(async (batch: readonly Advance[]) => {
    const entries = batch.flatMap(({ audit }, index) =>
      numbered(audit).map((entry) => ({ ...entry, session: index + 1 })),
    )
    const rows = await run(ADVANCE, [
      listOf(batch.map(({ session }) => encoded.id(session.id))),
      listOf(batch.map(({ session }) => String(session.refreshTokenCounter))),
      listOf(batch.map(({ session }) => encoded.aal(session.aal))),
      listOf(batch.map(({ session }) => orNull(encoded.factorId, session.factorId))),
      listOf(batch.map(({ now }) => encoded.now(now))),
      listOf(batch.map(({ userAgent }) => orNull(encoded.userAgent, userAgent))),
      listOf(batch.map(({ ip }) => orNull(encoded.ip, ip))),
      listOf(batch.map(({ user }) => encoded.userUpdatedAt(user.updatedAt))),
      listOf(entries.map(({ session }) => String(session))),
      listOf(entries.map(({ id }) => encoded.auditId(id))),
      listOf(entries.map(({ payload }) => encoded.payload(payload))),
      listOf(entries.map(({ createdAt }) => encoded.createdAt(createdAt))),
      listOf(entries.map(({ order }) => String(order))),
      listOf(entries.map(({ ipAddress }) => encoded.ipAddress(ipAddress))),
    ])
    const advanced = new Set(rows.map(({ n }) => Number(n)))
    for (const entry of entries) if (advanced.has(entry.session)) countsOf(entry).forEach(onEvent)
    return batch.map((_, index) => advanced.has(index + 1))
  })
}
