import type { Command } from 'commander'
import type { RefusedRequest } from '../core'
import { Refusal } from '../core/kernel/refusal'
import { toRefusal } from '../surfaces/gotrue/admin-refusals'
import { toAuditEntry } from '../surfaces/gotrue/schemas'
import { auditTable } from './audit'
import { withCore } from './core'
import { EXIT, fail } from './exit-status'
import { fields, print, time } from './output'

/** `latchkey why <request id>`: why a request was refused, and what else happened to its account. */
export const why = (command: Command) =>
  withCore(command, async (task) => {
    const [id = ''] = command.args
    const core = task()
    try {
      const { refusals, audit } = await core.explainRefusal(id)
      const value = { items: refusals.map(toRefusal), audit: audit.map(toAuditEntry) }
      print(command, value, () => {
        const around =
          audit.length > 0 ? [`Audit log of the account, ten minutes before and after:\n${auditTable(audit)}`] : []
        return [...refusals.map(explained), ...around].join('\n\n')
      })
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'refusal_unknown') throw error
      fail(
        `no refused request with the id ${id} is kept; a server writes it down some seconds after its answer, and keeps it for AUTH_REFUSALS_RETENTION`,
        EXIT.notFound,
      )
    }
  })

function explained(refused: RefusedRequest): string {
  const { method, route, status, reason, code, message, advice, limit, user_id, ip } = toRefusal(refused)
  return fields({
    request: `${method} ${route}`,
    time: time(refused.createdAt),
    answer: `${status} ${code}: ${message}`,
    reason,
    ...(advice !== null && { advice }),
    ...(limit !== null && { limit }),
    account: user_id ?? '',
    address: ip,
  })
}
