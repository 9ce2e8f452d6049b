/** Seals the audit log, verifies it, and deletes what is too old (docs/audit.md). */
import { yieldToEventLoop } from '../../lib/event-loop'
import { DAY, HOUR, MINUTE } from '../../lib/milliseconds'
import type { AuditSeal, StoredAuditEntry } from '../../store'
import type { Context } from '../kernel/context'
import {
  anchorOf,
  chainReader,
  digestOf,
  encodeMembers,
  type Fault,
  type LateMember,
  type Link,
  linkOf,
  macOf,
  parseAnchor,
} from './audit-chain'

/** Entries of a seal. */
const BATCH = 500
/** Times that one seal covers, so that old entries are deleted soon after they are due. */
const MAX_SPAN_MS = DAY
/** Several servers commit in another order than that of their entries; none takes this long. */
const MARGIN_MS = 2 * MINUTE
/** An entry that is committed later than that is not sealed, and reported as inserted. */
const LATE_MS = HOUR
/** Seals of one read. */
const SEALS = 50

type Sealing = Pick<Context, 'store' | 'auditKey' | 'now' | 'report'>

/**
 * Seals what is not sealed yet. Two servers that do it at once make one seal.
 * @returns how many entries were sealed
 */
export async function sealAudit({ store, auditKey, now, report }: Sealing): Promise<number> {
  let last = await lastLink({ store, auditKey })
  let late = store.isShared && last ? await lateEntries({ store, auditKey, report }, last) : []
  let sealed = 0
  for (;;) {
    const entries = upToSpan(await store.auditAfter({ after: last?.to, before: now - MARGIN_MS, limit: BATCH }))
    const newest = entries.at(-1)
    const to = newest?.position ?? last?.to
    if (!to || entries.length + late.length === 0) return sealed
    const seal: AuditSeal = {
      seq: (last?.seq ?? 0) + 1,
      sealedAt: now,
      toAt: to.at,
      toId: to.id,
      lastAt: latestOf(entries, now) ?? last?.lastAt ?? 0,
      members: encodeMembers(entries.map((entry) => ({ key: entry.key, digest: digestOf(auditKey, entry) }))),
      late: JSON.stringify(late),
      mac: '',
    }
    seal.mac = macOf(auditKey, seal, last?.mac ?? '')
    if (!(await store.addAuditSeal(seal))) return sealed
    sealed += entries.length + late.length
    last = linkOf(seal)
    late = []
    await yieldToEventLoop()
  }
}

/** A time in the future comes from a wrong clock, and must not keep everything after it. */
const latestOf = (entries: readonly StoredAuditEntry[], now: number): number | undefined =>
  entries.length > 0 ? Math.max(...entries.map(({ createdAt }) => Math.min(createdAt, now))) : undefined

function upToSpan(entries: StoredAuditEntry[]): StoredAuditEntry[] {
  const first = entries[0]?.createdAt ?? 0
  const end = entries.findIndex(({ createdAt }) => Math.abs(createdAt - first) > MAX_SPAN_MS)
  return end < 0 ? entries : entries.slice(0, end)
}

/** The newest seal, or the last one that was deleted. */
async function lastLink({ store, auditKey }: Pick<Context, 'store' | 'auditKey'>): Promise<Link | undefined> {
  const [newest] = await store.auditSealsBefore({ seq: Number.MAX_SAFE_INTEGER, limit: 1 })
  return newest ? linkOf(newest) : (await readAnchor({ store, auditKey })).link
}

async function readAnchor({ store, auditKey }: Pick<Context, 'store' | 'auditKey'>) {
  const text = await store.auditAnchor()
  const link = text === undefined ? undefined : parseAnchor(auditKey, text)
  return { link, isChanged: text !== undefined && !link }
}

/** Entries that were committed after their place was sealed, within the last hour of the log. */
async function lateEntries(
  { store, auditKey, report }: Pick<Sealing, 'store' | 'auditKey' | 'report'>,
  last: Link,
): Promise<LateMember[]> {
  const since = last.lastAt - LATE_MS
  const recent: AuditSeal[] = []
  let before: AuditSeal | undefined
  for (let seq = Number.MAX_SAFE_INTEGER; !before; ) {
    const seals = await store.auditSealsBefore({ seq, limit: SEALS })
    for (const seal of seals) {
      if (seal.lastAt < since) {
        before = seal
        break
      }
      recent.unshift(seal)
    }
    if (seals.length < SEALS) break
    seq = seals.at(-1)?.seq ?? 0
  }
  const start = before ? linkOf(before) : (await readAnchor({ store, auditKey })).link
  const reader = chainReader(store, auditKey, start)
  for (const seal of recent) {
    const fault = await reader.check(seal)
    if (!fault) continue
    report('error', 'the audit log was changed; latchkey audit verify shows where', { ...fault })
    return []
  }
  return reader
    .strays()
    .filter(({ createdAt }) => createdAt >= since)
    .map((entry) => ({ key: entry.key, digest: digestOf(auditKey, entry), at: entry.createdAt }))
}

/**
 * Deletes seals whose entries are all too old, with these entries.
 * @returns how many entries were deleted
 */
export async function removeOldAudit({ store, auditKey }: Sealing, before: number): Promise<number> {
  let removed = 0
  for (;;) {
    const [oldest] = await store.auditSealsFrom({ seq: 0, limit: 1 })
    if (!oldest || oldest.lastAt >= before) return removed
    const link = linkOf(oldest)
    const [anchor, anchorOfEmpty] = [anchorOf(auditKey, link), anchorOf(auditKey, { ...link, to: undefined })]
    removed += await store.retireAuditSeal({ seal: oldest, anchor, anchorOfEmpty })
    await yieldToEventLoop()
  }
}

export interface AuditVerdict {
  /** The first one; undefined if nothing was changed. */
  fault: Fault | undefined
  /** Entries that are sealed and unchanged. */
  sealed: number
  /** Of these, those that were sealed after others with a later time. */
  late: number
  seals: number
  /** Entries that are not sealed yet. */
  unsealed: number
  /** When the oldest seal was made, Unix milliseconds. */
  since: number | undefined
  /** The newest seal: `<number>:<mac>`. */
  head: string | undefined
}

export interface AuditVerification {
  /** A head that was noted earlier. */
  known?: string | undefined
  onProgress?(done: number, seals: number): void
}

/** Reads the whole audit log. */
export async function verifyAudit(
  context: Pick<Context, 'store' | 'auditKey'>,
  { known, onProgress }: AuditVerification = {},
): Promise<AuditVerdict> {
  const { store, auditKey } = context
  const { link: start, isChanged } = await readAnchor(context)
  const reader = chainReader(store, auditKey, start)
  const [newest] = await store.auditSealsBefore({ seq: Number.MAX_SAFE_INTEGER, limit: 1 })
  let since: number | undefined
  let isKnownFound = known === undefined || known === textOf(start)
  const verdict = (fault: Fault | undefined, unsealed: number): AuditVerdict => ({
    fault,
    sealed: reader.counts.entries,
    late: reader.counts.late,
    seals: reader.counts.seals,
    unsealed,
    since,
    head: textOf(reader.last()),
  })
  if (isChanged) return verdict({ kind: 'anchor_changed', seal: 0 }, 0)
  for (;;) {
    const seals = await store.auditSealsFrom({ seq: (reader.last()?.seq ?? 0) + 1, limit: SEALS })
    for (const seal of seals) {
      since ??= seal.sealedAt
      const fault = await reader.check(seal)
      if (fault) {
        // A server may have deleted the seal meanwhile, because it is too old.
        const { link } = await readAnchor(context)
        if (link && link.seq > (start?.seq ?? 0) && seal.seq <= link.seq)
          return verifyAudit(context, { known, ...(onProgress && { onProgress }) })
        return verdict(fault, 0)
      }
      isKnownFound ||= textOf(reader.last()) === known
      onProgress?.(reader.counts.seals, (newest?.seq ?? 0) - (start?.seq ?? 0))
    }
    if (seals.length < SEALS) break
  }
  const last = reader.last()
  if (!isKnownFound) return verdict({ kind: 'seal_removed', seal: Number.parseInt(known ?? '', 10) || 0 }, 0)
  const strays = reader.strays()
  const mayBeLate = (entry: StoredAuditEntry) => store.isShared && entry.createdAt >= (last?.lastAt ?? 0) - LATE_MS
  const inserted = strays.find((entry) => !mayBeLate(entry))
  if (inserted)
    return verdict({ kind: 'entry_inserted', seal: last?.seq ?? 0, entry: inserted.id, at: inserted.createdAt }, 0)
  return verdict(undefined, strays.length + (await countAfter(context, last)))
}

const textOf = (link: Link | undefined) => (link ? `${link.seq}:${link.mac}` : undefined)

async function countAfter({ store }: Pick<Context, 'store'>, last: Link | undefined): Promise<number> {
  let count = 0
  let after = last?.to
  for (;;) {
    const entries = await store.auditAfter({ after, before: FAR_FUTURE, limit: BATCH })
    count += entries.length
    after = entries.at(-1)?.position
    if (entries.length < BATCH) return count
  }
}

/** 1 January 9999. */
const FAR_FUTURE = 253_370_764_800_000
