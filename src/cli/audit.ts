/** `latchkey audit`: the audit log. */
import type { Command } from 'commander'
import type { AuditRow } from '../core'
import { toAuditEntry } from '../surfaces/gotrue/schemas'
import { userIdNamed, withCore } from './core'
import { print, table, time } from './output'

interface Filters {
  user?: string
  action?: string
  since?: number
  until?: number
  limit: number
  page: number
}

/** `latchkey audit list` */
export const listAudit = (command: Command) =>
  withCore(command, async (task) => {
    const { user, action, since, until, limit, page } = command.opts<Filters>()
    const core = task()
    const userId = user === undefined ? undefined : await userIdNamed(core, user)
    const filter = { userId, action, since, until }
    const { rows, total } = await core.listAudit({ page, perPage: limit, query: '', filter })
    print(command, { entries: rows.map(toAuditEntry), total }, () => {
      const older = total - (page - 1) * limit - rows.length
      const more = older > 0 && rows.length > 0 ? `\n${older} older; see --page ${page + 1} or --limit.` : ''
      return auditTable(rows) + more
    })
  })

export const auditTable = (rows: readonly AuditRow[]): string =>
  table(['TIME', 'ACTION', 'ACTOR', 'ACCOUNT', 'IP', 'DETAILS'], rows.map(rowOf), 'No entries.')

function rowOf({ payload, createdAt, ipAddress }: AuditRow): string[] {
  const { user_id: userId, ...details } = objectOf(payload.traits)
  return [
    time(createdAt),
    textOf(payload.action),
    textOf(payload.actor_username) || textOf(payload.actor_id),
    textOf(userId) || textOf(payload.actor_id),
    ipAddress,
    Object.keys(details).length > 0 ? JSON.stringify(details) : '',
  ]
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
