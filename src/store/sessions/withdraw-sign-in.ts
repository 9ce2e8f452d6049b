/**
 * Sign-ins that are withdrawn because they got no access token (docs/hooks.md#a-refused-token): the session ends, and
 * what was used up for it comes back.
 */
import { and, eq, notExists, sql } from 'drizzle-orm'
import { notingEndedSessions } from '../account-changes'
import { notingDeletion } from '../accounts/account-rows'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { type Tx, write } from '../engine'
import { startFlow } from '../oauth/flows'
import { statement } from '../query'
import { type FlowState, sessions, type User, users } from '../schema'
import { restoreSingleUse, type SingleUse } from '../single-use'
import { deleteSession, lockUser } from '../statements'
import { restoreToken } from '../verification/operations'

const deleteAnonymousUser = statement({ id: users.id }, (db, { id }) =>
  db
    .delete(users)
    .where(
      and(
        eq(users.id, id),
        eq(users.isAnonymous, true),
        notExists(db.select({ one: sql`1` }).from(sessions).where(eq(sessions.userId, users.id))),
      ),
    ),
)

/** What a sign-in has used up, or made. */
export type UsedUp =
  /** A link or a code of the account. */
  | { kind: 'token'; id: string }
  /** A PKCE flow whose code was exchanged. */
  | { kind: 'flow'; flow: FlowState }
  | SingleUse
  /** An account without any other way to sign in. */
  | { kind: 'anonymous_user' }

export interface SignInWithdrawal {
  userId: string
  sessionId: string
  /** When the sign-in was stored, in Unix milliseconds. */
  at: number
  used: readonly UsedUp[]
  audit: AuditEntry[]
}

/**
 * Withdraws a sign-in whose tokens never left this server.
 * @returns false if its session has ended since, for example because the password was changed: then nothing comes back
 */
export const withdrawSignIn = write(
  async (tx, { userId, sessionId, at, used, audit }: SignInWithdrawal): Promise<boolean> => {
    const user = await lockUser(tx, userId)
    const ended = await notingEndedSessions(tx, userId, () => tx.run(deleteSession, { id: sessionId, userId }))
    if (!user || ended === 0) return false
    for (const each of used) await restore(tx, each, { user, at })
    await appendAudit(tx, audit)
    return true
  },
)

async function restore(tx: Tx, used: UsedUp, signIn: { user: User; at: number }): Promise<void> {
  switch (used.kind) {
    case 'token':
      return restoreToken(tx, used.id, signIn)
    case 'flow':
      return startFlow(tx, used.flow)
    case 'anonymous_user':
      await notingDeletion(tx, signIn.user.id, () => tx.run(deleteAnonymousUser, signIn.user))
      return
    default:
      return restoreSingleUse(tx, used, signIn.at)
  }
}
