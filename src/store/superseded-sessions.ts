/** Whether a session is superseded by another one of its user. */
import { and, eq, gt, sql } from 'drizzle-orm'
import { read, statement, type Tx } from './engine'
import { type Session, sessions } from './schema'
import { placeholder } from './statements'

const sessionsUsedSince = statement((db) =>
  db
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, placeholder('userId')),
        gt(sql`coalesce(${sessions.refreshedAt}, ${sessions.createdAt})`, placeholder('since')),
      ),
    )
    .prepare(),
)

/** Which of a user's sessions supersedes another. */
export interface Supersedes {
  /** When a session was last used, for this comparison. */
  lastUse(session: Session): number
  /** Whether another session of the user, used later, supersedes one. */
  supersedes(other: Session, session: Session): boolean
}

export async function isSuperseded(tx: Tx, session: Session, supersedes: Supersedes | undefined): Promise<boolean> {
  if (!supersedes) return false
  const later = await tx.all(sessionsUsedSince, { userId: session.userId, since: supersedes.lastUse(session) })
  return later.some((other) => supersedes.supersedes(other, session))
}

/** The same for a session that is not being refreshed. */
export const isSessionSuperseded = read(
  (tx, { session, supersedes }: { session: Session; supersedes: Supersedes | undefined }) =>
    isSuperseded(tx, session, supersedes),
)
