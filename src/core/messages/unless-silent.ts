/** Mails whose absence an answer does not tell, since it would tell who has an account. */
import type { Deps } from '../deps'
import { HOOK_REASONS } from '../reasons/hook'
import { type Reason, Refusal } from '../refusal'

/** Reasons for which a mail stays away although the answer says nothing of it. */
const SILENT: ReadonlySet<Reason> = new Set<Reason>([
  'mail_too_soon',
  'mail_limit_reached',
  'address_not_authorised',
  ...HOOK_REASONS,
])

/**
 * Runs what not everybody comes to; that it was refused is for the operator alone.
 * @param more reasons besides @returns undefined where it was refused
 */
export async function unlessSilent<T>(
  { report }: Pick<Deps, 'report'>,
  work: () => Promise<T>,
  ...more: Reason[]
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal && (SILENT.has(error.reason) || more.includes(error.reason)))) throw error
    const { limit } = error.detail
    report('warn', 'a mail was asked for and not sent', { reason: error.reason, ...(limit !== undefined && { limit }) })
    return undefined
  }
}
