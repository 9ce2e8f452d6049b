/** Sessions of users whose account is on another server (docs/other-surfaces.md#federation). */
import { and, desc, eq, gt, sql } from 'drizzle-orm'
import type { Listed, Page } from './admin-lists'
import { read, statement, write } from './engine'
import { type ExternalSession, externalSessions } from './schema'
import { type AuditEntry, appendAudit, placeholder, placeholders } from './statements'

const insertSession = statement((db) => db.insert(externalSessions).values(placeholders(externalSessions)).prepare())
const sessionByLookup = statement((db) =>
  db
    .select()
    .from(externalSessions)
    .where(eq(externalSessions.lookupId, placeholder('lookupId')))
    .prepare(),
)
const renewSession = statement((db) =>
  db
    .update(externalSessions)
    .set({
      lookupId: placeholder('nextLookupId') as never,
      tokenHash: placeholder('tokenHash') as never,
      upstreamToken: placeholder('upstreamToken') as never,
      expiresAt: placeholder('expiresAt') as never,
    })
    .where(and(eq(externalSessions.id, placeholder('id')), eq(externalSessions.lookupId, placeholder('lookupId'))))
    .prepare(),
)
const deleteSession = statement((db) =>
  db
    .delete(externalSessions)
    .where(eq(externalSessions.id, placeholder('id')))
    .prepare(),
)

const sessionById = statement((db) =>
  db
    .select()
    .from(externalSessions)
    .where(eq(externalSessions.id, placeholder('id')))
    .prepare(),
)
const liveSessions = statement((db) =>
  db
    .select()
    .from(externalSessions)
    .where(gt(externalSessions.expiresAt, placeholder('now')))
    .orderBy(desc(externalSessions.expiresAt), desc(externalSessions.id))
    .limit(placeholder('limit'))
    .offset(placeholder('offset'))
    .prepare(),
)
const countLive = statement((db) =>
  db
    .select({ total: sql<number>`count(*)` })
    .from(externalSessions)
    .where(gt(externalSessions.expiresAt, placeholder('now')))
    .prepare(),
)

export const openExternalSession = write(
  async (tx, { session, audit }: { session: ExternalSession; audit: AuditEntry[] }): Promise<void> => {
    await tx.run(insertSession, session)
    await appendAudit(tx, audit)
  },
)

export const findExternalSessionById = read((tx, id: string) => tx.one(sessionById, { id }))

/** Those whose token has not expired, the latest expiry first. */
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
