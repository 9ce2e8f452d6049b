/** Sessions of users whose account is on another server (docs/other-surfaces.md#federation). */
import { and, desc, eq, gt, sql } from 'drizzle-orm'
import type { Listed, Page } from '../admin-lists'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, write } from '../engine'
import { columnsOf, integer, statement } from '../query'
import { type ExternalSession, externalSessions } from '../schema'

const insertSession = statement(columnsOf(externalSessions), (db, p) => db.insert(externalSessions).values(p))
const sessionByLookup = statement({ lookupId: externalSessions.lookupId }, (db, { lookupId }) =>
  db.select().from(externalSessions).where(eq(externalSessions.lookupId, lookupId)),
)
const renewSession = statement(
  {
    id: externalSessions.id,
    lookupId: externalSessions.lookupId,
    nextLookupId: externalSessions.lookupId,
    tokenHash: externalSessions.tokenHash,
    upstreamToken: externalSessions.upstreamToken,
    expiresAt: externalSessions.expiresAt,
  },
  (db, p) =>
    db
      .update(externalSessions)
      .set({
        lookupId: p.nextLookupId,
        tokenHash: p.tokenHash,
        upstreamToken: p.upstreamToken,
        expiresAt: p.expiresAt,
      })
      .where(and(eq(externalSessions.id, p.id), eq(externalSessions.lookupId, p.lookupId))),
)
const deleteSession = statement({ id: externalSessions.id }, (db, { id }) =>
  db.delete(externalSessions).where(eq(externalSessions.id, id)),
)

const sessionById = statement({ id: externalSessions.id }, (db, { id }) =>
  db.select().from(externalSessions).where(eq(externalSessions.id, id)),
)
const liveSessions = statement(
  { now: externalSessions.expiresAt, limit: integer, offset: integer },
  (db, { now, limit, offset }) =>
    db
      .select()
      .from(externalSessions)
      .where(gt(externalSessions.expiresAt, now))
      .orderBy(desc(externalSessions.expiresAt), desc(externalSessions.id))
      .limit(limit)
      .offset(offset),
)
const countLive = statement({ now: externalSessions.expiresAt }, (db, { now }) =>
  db
    .select({ total: sql<number>`count(*)`.mapWith(Number) })
    .from(externalSessions)
    .where(gt(externalSessions.expiresAt, now)),
)

export const openExternalSession = write(
  async (tx, { session, audit }: { session: ExternalSession; audit: AuditEntry[] }): Promise<void> => {
    await tx.run(insertSession, session)
    await appendAudit(tx, audit)
  },
)

export const findExternalSessionById = read((tx, id: string) => tx.one(sessionById, { id }))

/** External sessions whose token has not expired, the latest expiry first. */
export const listExternalSessions = read(
  async (tx, { page, perPage, now }: Page & { now: number }): Promise<Listed<ExternalSession>> => {
    const offset = (Math.max(1, page) - 1) * perPage
    const rows = await tx.all(liveSessions, { now, limit: perPage, offset })
    return { rows, total: (await tx.one(countLive, { now }))?.total ?? 0 }
  },
)

export const findExternalSession = read((tx, lookupId: string) => tx.one(sessionByLookup, { lookupId }))

export interface Renewal
  extends Pick<ExternalSession, 'id' | 'lookupId' | 'tokenHash' | 'upstreamToken' | 'expiresAt'> {
  nextLookupId: string
}

/** Replaces the tokens. @returns false if a concurrent refresh or sign-out came first */
export const renewExternalSession = write(
  async (tx, renewal: Renewal): Promise<boolean> => (await tx.run(renewSession, { ...renewal })) === 1,
)

/** @returns false if it had already ended */
export const endExternalSession = write(
  async (tx, { id, audit }: { id: string; audit: AuditEntry[] }): Promise<boolean> => {
    if ((await tx.run(deleteSession, { id })) === 0) return false
    await appendAudit(tx, audit)
    return true
  },
)
