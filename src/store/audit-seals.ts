/**
 * Seals of the audit log, and its entries in the order in which they are sealed: by number on SQLite, and by time on
 * Postgres, where GoTrue's table has no number (postgres/pairs/audit-seals.ts).
 */
import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import { NIL_UUID } from '../lib/uuid'
import { guarded, read, type Tx, write } from './engine'
import { metaValue, setMeta } from './meta'
import { AUDIT_ANCHOR_KEY } from './meta-keys'
import { columnsOf, integer, statement, text } from './query'
import { type AuditSeal, auditLogEntries, auditSeals } from './schema'

/** A place in the order. Both parts are text, as the engine compares them. */
export interface AuditPosition {
  at: string
  /** Tells entries of one microsecond apart; empty on SQLite. */
  id: string
}

/** An entry as it is stored. */
export interface StoredAuditEntry {
  position: AuditPosition
  /** Identifies the entry in its table: 32 hexadecimal digits. */
  key: string
  id: string
  payload: string
  createdAt: number
  ipAddress: string
}

const START = { sqlite: { at: '-9223372036854775808', id: '' }, postgres: { at: '-infinity', id: NIL_UUID } }

const columns = {
  at: sql<string>`cast(${auditLogEntries.seq} as text)`,
  id: auditLogEntries.id,
  payload: sql<string>`cast(${auditLogEntries.payload} as text)`,
  createdAt: auditLogEntries.createdAt,
  ipAddress: auditLogEntries.ipAddress,
}

const after = (at: unknown) => sql`${auditLogEntries.seq} > cast(${at} as integer)`
const upTo = (at: unknown) => sql`${auditLogEntries.seq} <= cast(${at} as integer)`

export const entriesAfter = statement(
  { at: text, id: text, before: auditLogEntries.createdAt, limit: integer },
  (db, p) =>
    db
      .select(columns)
      .from(auditLogEntries)
      .where(and(after(p.at), lt(auditLogEntries.createdAt, p.before)))
      .orderBy(asc(auditLogEntries.seq))
      .limit(p.limit),
)

export const entriesBetween = statement({ at: text, id: text, toAt: text, toId: text }, (db, p) =>
  db
    .select(columns)
    .from(auditLogEntries)
    .where(and(after(p.at), upTo(p.toAt)))
    .orderBy(asc(auditLogEntries.seq)),
)

export const removeEntriesUpTo = statement({ toAt: text, toId: text }, (db, p) =>
  db.delete(auditLogEntries).where(upTo(p.toAt)),
)

const insertSeal = statement(columnsOf(auditSeals), (db, p) => db.insert(auditSeals).values(p).onConflictDoNothing())
const removeSeal = statement({ seq: auditSeals.seq }, (db, p) => db.delete(auditSeals).where(eq(auditSeals.seq, p.seq)))
const sealsFrom = statement({ seq: auditSeals.seq, limit: integer }, (db, p) =>
  db.select().from(auditSeals).where(gte(auditSeals.seq, p.seq)).orderBy(asc(auditSeals.seq)).limit(p.limit),
)
const sealsBefore = statement({ seq: auditSeals.seq, limit: integer }, (db, p) =>
  db.select().from(auditSeals).where(lt(auditSeals.seq, p.seq)).orderBy(desc(auditSeals.seq)).limit(p.limit),
)

interface Row {
  at: string
  id: string
  payload: string
  createdAt: number
  ipAddress: string
}

const storedOf =
  ({ isRemote }: Tx) =>
  ({ at, ...row }: Row): StoredAuditEntry => ({
    ...row,
    position: { at, id: isRemote ? row.id : '' },
    key: isRemote ? row.id.replaceAll('-', '') : BigInt.asUintN(128, BigInt(at)).toString(16).padStart(32, '0'),
  })

const startOf = ({ isRemote }: Tx, position: AuditPosition | undefined) =>
  position ?? (isRemote ? START.postgres : START.sqlite)

export interface AuditReading {
  /** Undefined for the beginning. */
  after: AuditPosition | undefined
  /** Only entries with an earlier time. On SQLite, where no entry is committed late, all of them. */
  before: number
  limit: number
}

/** The next entries in order. */
export const auditAfter = read(async (tx, { after: position, before, limit }: AuditReading) => {
  const horizon = tx.isRemote ? before : Number.MAX_SAFE_INTEGER
  return (await tx.all(entriesAfter, { ...startOf(tx, position), before: horizon, limit })).map(storedOf(tx))
})

export interface AuditRange {
  after: AuditPosition | undefined
  to: AuditPosition
}

/** All entries of a range, in order. */
export const auditBetween = read(async (tx, { after: position, to }: AuditRange) =>
  (await tx.all(entriesBetween, { ...startOf(tx, position), toAt: to.at, toId: to.id })).map(storedOf(tx)),
)

/** Oldest first, from a number on. */
export const auditSealsFrom = read((tx, { seq, limit }: { seq: number; limit: number }) =>
  tx.all(sealsFrom, { seq, limit }),
)

/** Newest first, before a number. */
export const auditSealsBefore = read((tx, { seq, limit }: { seq: number; limit: number }) =>
  tx.all(sealsBefore, { seq, limit }),
)

/** What the last deletion noted; undefined if there was none. */
export const auditAnchor = read(async (tx) => (await tx.one(metaValue, { key: AUDIT_ANCHOR_KEY }))?.value)

/** @returns false if there is a seal with this number */
export const addAuditSeal = guarded(
  async (tx, seal: AuditSeal): Promise<boolean> => (await tx.run(insertSeal, seal)) === 1,
)

/** Any entry. */
const FIRST = { before: Number.MAX_SAFE_INTEGER, limit: 1 }

export interface Retirement {
  seal: AuditSeal
  /** What verification begins with from then on. */
  anchor: string
  /** The same if no entry is left on SQLite, which gives the numbers of entries again then. */
  anchorOfEmpty: string
}

/**
 * Deletes a seal with everything that is not newer in the order, and notes that it did.
 * @returns how many entries were deleted
 */
export const retireAuditSeal = write(
  async (tx, { seal: { seq, toAt, toId }, anchor, anchorOfEmpty }: Retirement): Promise<number> => {
    // Another server may have done it.
    if ((await tx.run(removeSeal, { seq })) === 0) return 0
    const removed = await tx.run(removeEntriesUpTo, { toAt, toId })
    const isEmpty = !tx.isRemote && (await tx.all(entriesAfter, { ...START.sqlite, ...FIRST })).length === 0
    await tx.run(setMeta, { key: AUDIT_ANCHOR_KEY, value: isEmpty ? anchorOfEmpty : anchor })
    return removed
  },
)
