/** The sessions of all users, seen and ended by administrators. */
import { isUuid } from '../../lib/uuid'
import type { User } from '../../store'
import type { Admin } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { type DescribedSession, describeSessions } from '../sessions/sessions'
import { endSessionOf } from './user-access'

export interface UserSession extends DescribedSession {
  user: User
}

/** The latest sessions of all users, newest first. Reads every session. */
export async function listLatestSessions(context: Context, { limit }: { limit: number }): Promise<UserSession[]> {
  const latest = await context.store.latestSessions({ limit })
  const described = new Map<string, UserSession>()
  for (const userId of new Set(latest.map((each) => each.userId))) {
    const user = await context.store.findUser(userId)
    if (!user) continue
    for (const each of await describeSessions(context, user)) described.set(each.session.id, { ...each, user })
  }
  return latest.flatMap(({ id }) => described.get(id) ?? [])
}

/** Ends a session of any user. */
export async function endAnySession(context: Context, { admin, id }: { admin: Admin; id: string }): Promise<void> {
  const found = isUuid(id) ? await context.store.findSession(id.toLowerCase()) : undefined
  if (!found) throw new Refusal('session_unknown')
  await endSessionOf(context, { admin, userId: found.user.id, id })
}
