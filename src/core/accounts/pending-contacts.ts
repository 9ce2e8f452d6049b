/** The address and number that an account waits for (`PUT /user`). */
import type { User } from '../../store'
import { isEndedByBan } from '../sessions/session-limits'

/**
 * What may still be confirmed or sent again; null for nothing. A request from before a ban that has run out is void, as
 * are the sessions of that time (docs/threat-model.md#t41).
 */
export function pendingContacts(user: User, now: number): { email: string | null; phone: string | null } {
  const isVoid = (sentAt: number | null) => isEndedByBan({ createdAt: sentAt ?? 0 }, user, now)
  return {
    email: isVoid(user.emailChangeSentAt) ? null : user.emailChange,
    phone: isVoid(user.phoneChangeSentAt) ? null : user.phoneChange,
  }
}
