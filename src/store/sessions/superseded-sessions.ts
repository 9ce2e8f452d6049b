/** Whether a session is superseded by another one of its user. */
import { and, eq, gt, sql } from 'drizzle-orm'
import { read, type Tx } from '../engine'
import { statement } from '../query'
import { type Session, sessions } from '../schema'

const sessionsUsedSince = statement({ userId: sessions.userId, since: sessions.refreshedAt }, (db, { userId, since }) =>
  db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, userId), gt(sql`coalesce(${sessions.refreshedAt}, ${sessions.createdAt})`, since))),
)

/** Which of a user's sessions supersedes another. */
export interface SessionPrecedence {
  /** When a session was last used, for this comparison. */
  lastUse(session: Session): number
  /** Whether another session of the user, used later, supersedes one. */
  supersedes(other: Session, session: Session): boolean
}

export async function isSuperseded(
  tx: Tx,
  session: Session,
  supersedes: SessionPrecedence | undefined,
): Promise<boolean> {
  if (!supersedes) return false
  const later = await tx.all(sessionsUsedSince, { userId: session.userId, since: supersedes.lastUse(session) })
  return later.some((other) => supersedes.supersedes(other, session))
}

/** Whether a session that is not being refreshed has been superseded. */
export const isSessionSuperseded = read(
  (tx, { session, supersedes }: { session: Session; supersedes: SessionPrecedence | undefined }) =>
    isSuperseded(tx, session, supersedes),
)
