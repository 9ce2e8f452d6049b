/** Moves a session on to its next refresh token, and back. */
import { and, eq } from 'drizzle-orm'
import { runGuarded, type Tx } from '../engine'
import { statement } from '../query'
import { refreshTokens, type Session, sessions } from '../schema'

const advanceRefreshToken = statement(
  {
    id: sessions.id,
    counterBefore: sessions.refreshTokenCounter,
    refreshTokenCounter: sessions.refreshTokenCounter,
    refreshedAt: sessions.refreshedAt,
    updatedAt: sessions.updatedAt,
    userAgent: sessions.userAgent,
    ip: sessions.ip,
  },
  (db, { id, counterBefore, ...set }) =>
    db
      .update(sessions)
      .set(set)
      .where(and(eq(sessions.id, id), eq(sessions.refreshTokenCounter, counterBefore))),
)

const setElevation = statement(
  { id: sessions.id, elevatedAtCounter: sessions.elevatedAtCounter },
  (db, { id, elevatedAtCounter }) => db.update(sessions).set({ elevatedAtCounter }).where(eq(sessions.id, id)),
)

const revokeImportedTokens = statement(
  { sessionId: refreshTokens.sessionId, now: refreshTokens.updatedAt },
  (db, { sessionId, now }) =>
    db
      .update(refreshTokens)
      .set({ revoked: true, updatedAt: now })
      .where(and(eq(refreshTokens.sessionId, sessionId), eq(refreshTokens.revoked, false))),
)

const setRefreshKey = statement(
  { id: sessions.id, refreshTokenHmacKey: sessions.refreshTokenHmacKey },
  (db, { id, refreshTokenHmacKey }) => db.update(sessions).set({ refreshTokenHmacKey }).where(eq(sessions.id, id)),
)

/** Makes a sealed key for the refresh tokens of a session that has none. */
export type NewKey = () => string

/**
 * Advances a session's refresh token.
 * @returns the session as stored
 * @throws {Conflict} if it was advanced since the session was read
 */
export async function advanceSession(tx: Tx, before: Session, after: Session, newKey: NewKey): Promise<Session> {
  await runGuarded(tx, advanceRefreshToken, { ...after, counterBefore: before.refreshTokenCounter })
  if (after.elevatedAtCounter !== before.elevatedAtCounter) await tx.run(setElevation, after)
  return before.refreshTokenCounter < 0 ? replaceImportedTokens(tx, after, newKey) : after
}

/**
 * Returns a session to an earlier refresh token. One of GoTrue's older format was replaced; it is answered as the parent
 * of our first.
 * @returns false if the session no longer exists, or was advanced since
 */
export async function returnSession(tx: Tx, { from, to }: { from: Session; to: Session }): Promise<boolean> {
  const returned = { ...to, refreshTokenCounter: Math.max(to.refreshTokenCounter, 0) }
  const counterBefore = from.refreshTokenCounter
  if ((await tx.run(advanceRefreshToken, { ...returned, counterBefore })) === 0) return false
  if (from.elevatedAtCounter !== to.elevatedAtCounter) await tx.run(setElevation, to)
  return true
}

/** A session after the exchange of its current token. */
export function refreshed(
  session: Session,
  { now, userAgent, ip }: { now: number; userAgent: string | undefined; ip: string | undefined },
): Session {
  return {
    ...session,
    refreshTokenCounter: session.refreshTokenCounter + 1,
    refreshedAt: now,
    updatedAt: now,
    userAgent: userAgent ?? session.userAgent,
    ip: ip ?? session.ip,
  }
}

/** Ends the tokens of GoTrue's older format, whose sessions may have no key. */
async function replaceImportedTokens(tx: Tx, session: Session, newKey: NewKey): Promise<Session> {
  await tx.run(revokeImportedTokens, { sessionId: session.id, now: session.updatedAt })
  if (session.refreshTokenHmacKey !== '') return session
  const keyed = { ...session, refreshTokenHmacKey: newKey() }
  await tx.run(setRefreshKey, keyed)
  return keyed
}
