/** Personal access tokens: valid until they are revoked or expire. */
import { and, desc, eq } from 'drizzle-orm'
import { isInFuture } from '../../lib/time'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, type Tx, write } from '../engine'
import { columnsOf, statement } from '../query'
import { type PersonalAccessToken, personalAccessTokens } from '../schema'
import { sessionById, userById } from '../statements'

const insertPersonalToken = statement(columnsOf(personalAccessTokens), (db, p) =>
  db.insert(personalAccessTokens).values(p),
)
const personalTokensOf = statement({ userId: personalAccessTokens.userId }, (db, { userId }) =>
  db
    .select()
    .from(personalAccessTokens)
    .where(eq(personalAccessTokens.userId, userId))
    .orderBy(desc(personalAccessTokens.createdAt)),
)
const personalTokenByLookup = statement({ lookupId: personalAccessTokens.lookupId }, (db, { lookupId }) =>
  db.select().from(personalAccessTokens).where(eq(personalAccessTokens.lookupId, lookupId)),
)
const setLastUse = statement({ id: personalAccessTokens.id, now: personalAccessTokens.lastUsedAt }, (db, { id, now }) =>
  db.update(personalAccessTokens).set({ lastUsedAt: now }).where(eq(personalAccessTokens.id, id)),
)
const deletePersonalToken = statement(
  { id: personalAccessTokens.id, userId: personalAccessTokens.userId },
  (db, { id, userId }) =>
    db
      .delete(personalAccessTokens)
      .where(and(eq(personalAccessTokens.id, id), eq(personalAccessTokens.userId, userId))),
)
const deletePersonalTokens = statement({ userId: personalAccessTokens.userId }, (db, { userId }) =>
  db.delete(personalAccessTokens).where(eq(personalAccessTokens.userId, userId)),
)

export interface NewPersonalToken {
  token: PersonalAccessToken
  /** The session in which it is made. */
  sessionId: string
  /** How many a user may have. */
  max: number
  audit: AuditEntry[]
}

export const createPersonalToken = write(
  async (
    tx,
    { token, sessionId, max, audit }: NewPersonalToken,
  ): Promise<'created' | 'session_gone' | 'personal_tokens_too_many'> => {
    if ((await tx.one(sessionById, { id: sessionId }))?.userId !== token.userId) return 'session_gone'
    // A ban leaves sessions in place.
    const owner = await tx.one(userById, { id: token.userId })
    if (isInFuture(owner?.bannedUntil ?? null, token.createdAt)) return 'session_gone'
    if ((await tx.all(personalTokensOf, { userId: token.userId })).length >= max) return 'personal_tokens_too_many'
    await tx.run(insertPersonalToken, token)
    await appendAudit(tx, audit)
    return 'created'
  },
)

/** Newest first. */
export const listPersonalTokens = read((tx, userId: string) => tx.all(personalTokensOf, { userId }))

/** @returns false if the user has no such token */
export const revokePersonalToken = write(
  async (tx, { id, userId, audit }: { id: string; userId: string; audit: AuditEntry[] }): Promise<boolean> => {
    const isRevoked = (await tx.run(deletePersonalToken, { id, userId })) > 0
    if (isRevoked) await appendAudit(tx, audit)
    return isRevoked
  },
)

/** A token and its user. */
export const findPersonalToken = read(async (tx, lookupId: string) => {
  const token = await tx.one(personalTokenByLookup, { lookupId })
  const user = token && (await tx.one(userById, { id: token.userId }))
  return user && { token, user }
})

export const recordPersonalTokenUse = write(async (tx, use: { id: string; now: number }): Promise<void> => {
  await tx.run(setLastUse, use)
})

export async function revokePersonalTokens(tx: Tx, userId: string): Promise<void> {
  await tx.run(deletePersonalTokens, { userId })
}
