/** Writes the audit log. */
import type { JsonObject } from '../lib/json'
import type { AuditEntry } from './audit-entry'
import type { StoreEvent, Tx } from './engine'
import { columnsOf, integer, statement } from './query'
import { auditLogEntries } from './schema'

/** Postgres adds `order` as microseconds. */
export const insertAudit = statement({ ...columnsOf(auditLogEntries, 'seq'), order: integer }, (db, { order, ...p }) =>
  db.insert(auditLogEntries).values(p),
)

let latest = { createdAt: 0, order: 0 }

/** Entries that one process writes in the same millisecond are numbered. */
export const numbered = (entries: readonly AuditEntry[]) =>
  entries.map((entry) => {
    const { createdAt } = entry
    latest = { createdAt, order: createdAt === latest.createdAt ? latest.order + 1 : 0 }
    return { ...entry, order: latest.order }
  })

export async function appendAudit(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
  for (const entry of numbered(entries)) {
    await tx.run(insertAudit, entry)
    for (const event of countsOf(entry)) tx.emit(event)
  }
}

/** The actions of the audit log that are also counted. */
export function countsOf({ payload }: AuditEntry): StoreEvent[] {
  if (payload.action === 'token_refreshed') return [{ kind: 'counted', what: 'refresh', label: 'success' }]
  if (payload.action === 'user_signedup') return [{ kind: 'counted', what: 'sign_up', label: signUpMethod(payload) }]
  return []
}

function signUpMethod({ traits, actor_username: name }: JsonObject): string {
  const { provider, user_id: madeByAnother } = (traits ?? {}) as JsonObject
  if (typeof provider === 'string') return provider
  if (madeByAnother !== undefined) return 'admin'
  return typeof name === 'string' && !name.includes('@') ? 'phone' : 'email'
}
