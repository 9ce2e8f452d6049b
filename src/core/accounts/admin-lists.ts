/** Lists and searches of administrators (`/admin/users`, `/admin/audit`). */
import type { AuditFilter, AuditRow, FoundUsers, Listed, Page, User, UserQuery, UserSearch } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

export async function listUsers({ store }: Context, query: UserQuery): Promise<Listed<User>> {
  requireSearchable(query.filter)
  return store.listUsers(query)
}

/** As `listUsers`, with more filters, and with pages that begin after a row. */
export async function searchUsers({ store, now }: Context, query: Omit<UserSearch, 'now'>): Promise<FoundUsers> {
  requireSearchable(query.q ?? '')
  return store.searchUsers({ ...query, now })
}

const AUDIT_FIELDS = new Map<string, [string, string]>([
  ['author', ['actor_username', 'actor_name']],
  ['action', ['action', 'action']],
  ['type', ['log_type', 'log_type']],
])

export interface AuditLogQuery extends Page {
  filter?: AuditFilter
  /** `author:…`, `action:…` or `type:…`; empty for everything. */
  query: string
}

export async function listAudit(
  { store }: Context,
  { page, perPage, query, filter }: AuditLogQuery,
): Promise<Listed<AuditRow>> {
  if (query === '') return store.listAudit({ page, perPage, filter })
  requireSearchable(query)
  const colon = query.indexOf(':')
  const fields = AUDIT_FIELDS.get(query.slice(0, Math.max(0, colon)))
  if (!fields) throw new Refusal('audit_query_malformed', { detail: query })
  return store.listAudit({ page, perPage, filter, search: { fields, text: query.slice(colon + 1) } })
}

/** SQLite ends a pattern at a NUL character, and rejects patterns over 50,000 bytes. */
const MAX_PATTERN_BYTES = 40_000

function requireSearchable(text: string): void {
  if (text.includes('\0')) throw new Refusal('filter_malformed', { detail: 'it contains a NUL character' })
  if (Buffer.byteLength(text) > MAX_PATTERN_BYTES) throw new Refusal('filter_malformed', { detail: 'it is too long' })
}
