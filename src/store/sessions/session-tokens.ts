/** Opaque session tokens: looked up by their public part, rotated, and ended with their family. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { lowerAal } from '../../lib/assurance'
import { isExpired, isInFuture } from '../../lib/time'
import { notingEndedSessions } from '../account-changes'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, type Tx, write } from '../engine'
import { statement } from '../query'
import { type Session, type SessionToken, sessions, sessionTokens, type User } from '../schema'
import {
  insertTokens,
  loadOpenedSession,
  type NewSessionToken,
  type OpenedSession,
  sessionById,
  userById,
} from '../statements'
import { isSuperseded, type SessionPrecedence } from './superseded-sessions'

const tokenByLookup = statement({ lookupId: sessionTokens.lookupId }, (db, { lookupId }) =>
  db.select().from(sessionTokens).where(eq(sessionTokens.lookupId, lookupId)),
)
const revokeToken = statement(
  { lookupId: sessionTokens.lookupId, now: sessionTokens.revokedAt },
  (db, { lookupId, now }) =>
    db
      .update(sessionTokens)
      .set({ revokedAt: now })
      .where(and(eq(sessionTokens.lookupId, lookupId), isNull(sessionTokens.revokedAt))),
)
const deleteToken = statement({ lookupId: sessionTokens.lookupId }, (db, { lookupId }) =>
  db.delete(sessionTokens).where(eq(sessionTokens.lookupId, lookupId)),
)
const deleteUnused = statement({ lookupId: sessionTokens.lookupId }, (db, { lookupId }) =>
  db.delete(sessionTokens).where(and(eq(sessionTokens.lookupId, lookupId), isNull(sessionTokens.revokedAt))),
)
const deleteTokensOf = statement({ userId: sessions.userId }, (db, { userId }) =>
  db
    .delete(sessionTokens)
    .where(inArray(sessionTokens.familyId, sql`(SELECT id FROM sessions WHERE user_id = ${userId})`)),
)
const recordRefresh = statement(
  {
    id: sessions.id,
    refreshedAt: sessions.refreshedAt,
    updatedAt: sessions.updatedAt,
    userAgent: sessions.userAgent,
    ip: sessions.ip,
  },
  (db, { id, ...set }) => db.update(sessions).set(set).where(eq(sessions.id, id)),
)
/** One statement: the tokens of the family are deleted with their session. */
const endFamily = statement({ id: sessions.id }, (db, { id }) => db.delete(sessions).where(eq(sessions.id, id)))

export interface FoundToken {
  token: SessionToken
  session: Session
  user: User
}

/** A token with its session and user. The session's assurance is limited to the token's. */
export const findSessionToken = read((tx, lookupId: string) => foundToken(tx, lookupId))

export interface Rotation {
  /** Lookup id of a verified refresh token. */
  lookupId: string
  now: number
  /** Its replacements. */
  next: readonly NewSessionToken[]
  /** Earlier successors that never reached the client, if this is a retry. */
  lost?: readonly string[] | undefined
  userAgent: string | undefined
  ip: string | undefined
  supersedes: SessionPrecedence | undefined
  audit: { rotated: AuditEntry[]; reused: AuditEntry[] }
}

type Rotated = { outcome: 'rotated'; opened: OpenedSession } | { outcome: 'gone' | 'expired' | 'reused' | 'superseded' }

/**
 * Consumes a refresh token for new tokens. Reuse ends its session with all tokens, unless the earlier successors never
 * reached the client and were never used: those are deleted. An expired one changes nothing. Of two concurrent requests
 * one is the first and the other is reuse (docs/other-surfaces.md).
 */
export const rotateSessionToken = write(async (tx, rotation: Rotation): Promise<Rotated> => {
  const { lookupId, now, next, audit } = rotation
  const found = await foundToken(tx, lookupId)
  if (!found || found.user.deletedAt !== null || isInFuture(found.user.bannedUntil, now)) return { outcome: 'gone' }
  const { token, session, user } = found
  if (isExpired(token, now)) return { outcome: 'expired' }
  if (await isSuperseded(tx, session, rotation.supersedes)) return { outcome: 'superseded' }
  if ((await tx.run(revokeToken, { lookupId, now })) === 0 && !(await deleteUnusedSuccessors(tx, rotation.lost))) {
    await notingEndedSessions(tx, user.id, () => tx.run(endFamily, { id: session.id }))
    await appendAudit(tx, audit.reused)
    return { outcome: 'reused' }
  }
  await insertTokens(tx, next, session.aal)
  const advanced = await markRefreshed(tx, session, rotation, now)
  await appendAudit(tx, audit.rotated)
  return { outcome: 'rotated', opened: await loadOpenedSession(tx, user, advanced) }
})

/** Deletes tokens. @returns false if there are none, or one has been used */
async function deleteUnusedSuccessors(tx: Tx, lookupIds: readonly string[] = []): Promise<boolean> {
  let isUnused = lookupIds.length > 0
  for (const lookupId of lookupIds) if ((await tx.run(deleteUnused, { lookupId })) === 0) isUnused = false
  return isUnused
}

export interface Replacement extends Omit<Rotation, 'next' | 'audit'> {
  next: NewSessionToken
  audit: AuditEntry[]
}

/** Replaces one token by another; of two concurrent calls one succeeds. */
export const replaceSessionToken = write(
  async (tx, replacement: Replacement): Promise<'replaced' | 'gone' | 'superseded'> => {
    const { lookupId, next, now, supersedes, audit } = replacement
    const found = await foundToken(tx, lookupId)
    if (!found) return 'gone'
    if (await isSuperseded(tx, found.session, supersedes)) return 'superseded'
    if ((await tx.run(deleteToken, { lookupId })) === 0) return 'gone'
    await insertTokens(tx, [next], found.session.aal)
    await markRefreshed(tx, found.session, replacement, now)
    await appendAudit(tx, audit)
    return 'replaced'
  },
)

/** Records when and from where a session was refreshed. */
async function markRefreshed(
  tx: Tx,
  session: Session,
  from: Pick<Rotation, 'userAgent' | 'ip'>,
  now: number,
): Promise<Session> {
  const { userAgent = session.userAgent, ip = session.ip } = from
  const advanced = { ...session, refreshedAt: now, updatedAt: now, userAgent, ip }
  await tx.run(recordRefresh, advanced)
  return advanced
}

/** All opaque tokens of a user; their sessions are kept. */
export async function revokeSessionTokens(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteTokensOf, { userId })
}

async function foundToken(tx: Tx, lookupId: string): Promise<FoundToken | undefined> {
  const token = await tx.one(tokenByLookup, { lookupId })
  const session = token && (await tx.one(sessionById, { id: token.familyId }))
  const user = session && (await tx.one(userById, { id: session.userId }))
  return user && { token, session: { ...session, aal: lowerAal(session.aal, token.aal) }, user }
}
