/** The refresh of a session on an engine that can do it in one statement. */
import { isInFuture } from '../../lib/time'
import type { AdvanceSession, Engine, Tx } from '../engine'
import type { Session, User } from '../schema'
import { loadOpenedSession } from '../statements'
import { refreshed } from './advance'
import type { Refresh, Refreshed } from './sessions'

/** A refresh, and what was read for it before. */
export type RefreshOf = Refresh & { found: { session: Session; user: User } }

/**
 * @param complete the operation that decides every case
 * @returns the same; where the engine can do it, one that exchanges a current token in one statement
 */
export const refreshOn =
  (
    { read, advanceSession }: Pick<Engine, 'read' | 'advanceSession'>,
    complete: (refresh: Refresh) => Promise<Refreshed>,
  ) =>
  async ({ found, ...refresh }: RefreshOf): Promise<Refreshed> =>
    (advanceSession && (await refreshAtOnce({ read, advanceSession }, { found, ...refresh }))) ?? complete(refresh)

/**
 * The statement checks that the session is as it was found and that its user may refresh it; what the tokens contain is
 * read before it. So it is as if the refresh had taken place between these reads and whatever has changed the rest since.
 * @returns undefined if anything is unusual, has changed, or failed, also if it is unknown whether the session was advanced:
 * to the complete operation, the token is then the parent of the current one
 */
async function refreshAtOnce(
  { read, advanceSession }: { read<T>(operation: (tx: Tx) => Promise<T>): Promise<T>; advanceSession: AdvanceSession },
  { found: { session, user }, ...refresh }: RefreshOf,
): Promise<Refreshed | undefined> {
  const { now } = refresh
  const isCurrent = refresh.counter === session.refreshTokenCounter && refresh.counter >= 0
  const mayRefresh = user.deletedAt === null && !isInFuture(user.bannedUntil, now)
  if (!isCurrent || !mayRefresh || refresh.supersedes || user.uid === 0) return undefined
  const after = refreshed(session, refresh)
  const opened = await read((tx) => loadOpenedSession(tx, user, after))
  const { userAgent, ip } = after
  const isDone = await advanceSession({ session, user, now, userAgent, ip, audit: refresh.audit.rotated }).catch(
    () => false,
  )
  return isDone ? { outcome: 'rotated', opened } : undefined
}
