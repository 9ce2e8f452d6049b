/** The steps that confirmations by mail and by SMS share. */
import type { AuditEntry } from '../audit-entry'
import type { Tx } from '../engine'
import { writeRelated } from '../related-writes'
import type { User } from '../schema'
import type { NewMessage } from '../statements'
import { consumeToken, invalidateTokensOf, type TokenRefusal, type TokenUse } from '../verification/operations'
import { endAccess } from './access'
import { findLiveUser, refuseBanned, refuseToken } from './guards'

/** The members common to all confirmations. */
export interface Confirmation {
  id: string
  /** Unix milliseconds. */
  now: number
  /** The token of the link or code. */
  tokenUse: TokenUse
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

export type ConfirmationRefused = { outcome: TokenRefusal | 'user_gone' | 'user_banned' }

/** The account, if the token and the account allow the confirmation. @param tokenUse undefined if no token is needed */
export async function findConfirming(
  tx: Tx,
  { id, now, tokenUse }: Pick<Confirmation, 'id' | 'now'> & { tokenUse: TokenUse | undefined },
): Promise<{ user: User } | ConfirmationRefused> {
  const user = await findLiveUser(tx, id)
  if (!user) return { outcome: 'user_gone' }
  return (await refuseToken(tx, tokenUse, now)) ?? refuseBanned(user, now) ?? { user }
}

/**
 * Consumes the token; older links and codes become invalid.
 * @param user as it was before
 * @param access whether all earlier sessions, tokens and flows end, and the flow to keep then
 */
export async function finishConfirmation(
  tx: Tx,
  user: User,
  { now, tokenUse, messages, audit }: Omit<Confirmation, 'tokenUse'> & { tokenUse: TokenUse | undefined },
  access: { isEnded: boolean; keptFlow?: string | undefined },
): Promise<void> {
  if (tokenUse) await consumeToken(tx, tokenUse, now)
  await invalidateTokensOf(tx, user, now)
  if (access.isEnded) await endAccess(tx, user.id, { keptFlow: access.keptFlow })
  await writeRelated(tx, { messages, audit }, now)
}
