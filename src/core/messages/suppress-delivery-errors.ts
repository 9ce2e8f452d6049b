/** Hides delivery failures from responses that must not reveal who has an account. */
import type { Context } from '../kernel/context'
import { HOOK_REASONS } from '../kernel/reasons/hook'
import { type Reason, Refusal } from '../kernel/refusal'

/** Delivery failures that the response does not mention. */
const SUPPRESSED_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'mail_too_soon',
  'mail_limit_reached',
  'address_not_authorised',
  ...HOOK_REASONS,
])

/**
 * Runs work that only happens for some addresses; a refusal is reported to the operator, not to the client.
 * @param more additional reasons to suppress
 * @returns undefined if it was refused
 */
export async function suppressDeliveryErrors<T>(
  { report }: Pick<Context, 'report'>,
  work: () => Promise<T>,
  ...more: Reason[]
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal && (SUPPRESSED_REASONS.has(error.reason) || more.includes(error.reason))))
      throw error
    const { limit } = error.detail
    report('warn', 'a requested mail was not sent', { reason: error.reason, ...(limit !== undefined && { limit }) })
    return undefined
  }
}
