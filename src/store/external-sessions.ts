/** Sessions of people whose account is at another server (federation.md). */
import { and, eq } from 'drizzle-orm'
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

export const openExternalSession = write(
  async (tx, { session, audit }: { session: ExternalSession; audit: AuditEntry[] }): Promise<void> => {
    await tx.run(insertSession, session)
    await appendAudit(tx, audit)
  },
)

export const findExternalSession = read((tx, lookupId: string) => tx.one(sessionByLookup, { lookupId }))

export interface Renewal
  extends Pick<ExternalSession, 'id' | 'lookupId' | 'tokenHash' | 'upstreamToken' | 'expiresAt'> {
  nextLookupId: string
}

/** Puts new tokens in the place of the present ones. @returns false where another refresh or the end came first */
export const renewExternalSession = write(
  async (tx, renewal: Renewal): Promise<boolean> => (await tx.run(renewSession, { ...renewal })) === 1,
)

export const endExternalSession = write(
  async (tx, { id, audit }: { id: string; audit: AuditEntry[] }): Promise<void> => {
    if ((await tx.run(deleteSession, { id })) === 1) await appendAudit(tx, audit)
  },
)
