/** Mails whose absence an answer does not tell, since it would tell who has an account. */
import type { Deps } from './deps'
import { HOOK_REASONS } from './reasons/hook'
import { type Reason, Refusal } from './refusal'

/** Reasons for which a mail stays away although the answer says nothing of it. */
const SILENT: ReadonlySet<Reason> = new Set<Reason>([
  'mail_too_soon',
  'mail_limit_reached',
  'address_not_authorised',
  ...HOOK_REASONS,
])

/** Runs what only somebody with an account comes to; that it was refused is for the operator alone. */
export async function unlessSilent({ report }: Pick<Deps, 'report'>, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Refusal && SILENT.has(error.reason))) throw error
    report('warn', 'a mail was asked for and not sent', { reason: error.reason })
  }
}
