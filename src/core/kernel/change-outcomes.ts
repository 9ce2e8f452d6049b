/** Translates the outcome of an account change to a refusal. */
import type { Account } from '../../store'
import type { Context } from './context'
import { Refusal } from './refusal'

type Changed = Awaited<ReturnType<Context['store']['changeUser']>>

/** The changed account. @throws {Refusal} for every other expected outcome */
export function requireChanged(changed: Changed, ifSentLately?: (sentAt: number) => Refusal): Account {
  switch (changed.outcome) {
    case 'changed':
      return changed.account
    case 'sent_recently':
      if (ifSentLately) throw ifSentLately(changed.sentAt)
      break
    case 'password_changed_concurrently':
      throw new Refusal('current_password_wrong')
    case 'username_taken':
    case 'id_taken':
    case 'identity_taken':
    case 'used_before':
    case 'changed_concurrently':
      break
    case 'flow_gone':
      throw new Refusal('flow_missing')
    case 'factor_gone':
    case 'proof_used':
    case 'credential_taken':
      throw new Refusal('second_factor_needed')
    default:
      throw new Refusal(changed.outcome)
  }
  throw new Error(`unexpected outcome of an account change: ${changed.outcome}`)
}
