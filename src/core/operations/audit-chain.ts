/**
 * The chain of seals over the audit log (docs/audit.md): each has a digest of every entry that it covers, and an HMAC of
 * these and of the seal before it. The key is not in the database.
 */
import { hmacSha256, secretEqual } from '../../lib/secrets'
import type { AuditPosition, AuditSeal, Store, StoredAuditEntry } from '../../store'

/** Bytes of a key, and of a digest, which cannot be searched for without the secret. */
const KEY_BYTES = 16
const DIGEST_BYTES = 8
const MEMBER_BYTES = KEY_BYTES + DIGEST_BYTES

/** An entry with a place in an earlier seal, committed after that was made. */
export interface LateMember {
  key: string
  digest: string
  /** Unix milliseconds. */
  at: number
}

/** What a chain continues from: the last seal before it, which may be deleted. */
export interface Link {
  seq: number
  mac: string
  /** The last entry that it covers; undefined if nothing is left of the log, so that places are given again. */
  to: AuditPosition | undefined
  lastAt: number
}

export interface Fault {
  kind: 'entry_changed' | 'entry_removed' | 'entry_inserted' | 'seal_changed' | 'seal_removed' | 'anchor_changed'
  /** The seal. */
  seal: number
  /** Of the entry; on SQLite, that of a removed entry is its number. */
  entry?: string
  /** Unix milliseconds. */
  at?: number
}

export const digestOf = (key: Uint8Array, { key: id, position, ...entry }: StoredAuditEntry): string =>
  hmacSha256(key, JSON.stringify([id, position.at, entry.id, entry.createdAt, entry.ipAddress, entry.payload]))
    .subarray(0, DIGEST_BYTES)
    .toString('hex')

export const encodeMembers = (members: readonly { key: string; digest: string }[]): string =>
  Buffer.from(members.map(({ key, digest }) => key + digest).join(''), 'hex').toString('base64')

function decodeMembers(text: string): { key: string; digest: string }[] {
  const hex = Buffer.from(text, 'base64').toString('hex')
  const width = 2 * MEMBER_BYTES
  return Array.from({ length: Math.floor(hex.length / width) }, (_, index) => {
    const start = index * width
    return { key: hex.slice(start, start + 2 * KEY_BYTES), digest: hex.slice(start + 2 * KEY_BYTES, start + width) }
  })
}

/** @param previous mac of the seal before, empty for the first one */
export const macOf = (key: Uint8Array, { mac: _, ...seal }: AuditSeal, previous: string): string => {
  const { seq, sealedAt, toAt, toId, lastAt, members, late } = seal
  return hmacSha256(key, JSON.stringify(['seal', previous, seq, sealedAt, toAt, toId, lastAt, members, late])).toString(
    'hex',
  )
}

/** The text of an anchor. */
export function anchorOf(key: Uint8Array, { seq, mac, to, lastAt }: Link): string {
  const link = { seq, mac, to, lastAt }
  return JSON.stringify({ ...link, proof: proofOf(key, link) })
}

const proofOf = (key: Uint8Array, { seq, mac, to, lastAt }: Link) =>
  hmacSha256(key, JSON.stringify(['anchor', seq, mac, to?.at, to?.id, lastAt])).toString('hex')

/** @returns undefined if it was not made with this key */
export function parseAnchor(key: Uint8Array, text: string): Link | undefined {
  try {
    const { proof, ...link }: Link & { proof: string } = JSON.parse(text)
    return secretEqual(proof, proofOf(key, link)) ? link : undefined
  } catch {
    return undefined
  }
}

export const linkOf = ({ seq, mac, toAt, toId, lastAt }: AuditSeal): Link & { to: AuditPosition } => ({
  seq,
  mac,
  to: { at: toAt, id: toId },
  lastAt,
})

/** Checks seals in order, beginning after a link. */
export interface ChainReader {
  /** @returns the first fault of the seal */
  check(seal: AuditSeal): Promise<Fault | undefined>
  /** The last seal that was checked, or the one it began after. */
  last(): Link | undefined
  /** Entries with a place in a seal that did not list them, and that no later one lists so far. */
  strays(): StoredAuditEntry[]
  counts: { entries: number; late: number; seals: number }
}

/** @param start the seal before the first one; undefined for the beginning of the log */
export function chainReader(store: Pick<Store, 'auditBetween'>, key: Uint8Array, start: Link | undefined): ChainReader {
  const strays = new Map<string, StoredAuditEntry>()
  const counts = { entries: 0, late: 0, seals: 0 }
  let last = start

  async function check(seal: AuditSeal): Promise<Fault | undefined> {
    const { seq } = seal
    if (seq !== (last?.seq ?? 0) + 1) return { kind: 'seal_removed', seal: (last?.seq ?? 0) + 1 }
    if (!secretEqual(seal.mac, macOf(key, seal, last?.mac ?? ''))) return { kind: 'seal_changed', seal: seq }
    const link = linkOf(seal)
    const found = await store.auditBetween({ after: last?.to, to: link.to })
    const byKey = new Map(found.map((entry) => [entry.key, entry]))
    for (const member of decodeMembers(seal.members)) {
      const fault = faultOf(seq, member, byKey.get(member.key))
      if (fault) return fault
      byKey.delete(member.key)
      counts.entries++
    }
    for (const [id, entry] of byKey) strays.set(id, entry)
    for (const member of JSON.parse(seal.late) as LateMember[]) {
      const stray = strays.get(member.key)
      // Its place is before the seals that are checked, or was deleted with them.
      if (!stray && start && member.at <= start.lastAt) continue
      const fault = faultOf(seq, member, stray)
      if (fault) return fault
      strays.delete(member.key)
      counts.entries++
      counts.late++
    }
    last = link
    counts.seals++
    return undefined
  }

  function faultOf(
    seal: number,
    { key: id, digest }: { key: string; digest: string },
    entry: StoredAuditEntry | undefined,
  ): Fault | undefined {
    if (!entry) return { kind: 'entry_removed', seal, entry: shownKey(id) }
    if (secretEqual(digestOf(key, entry), digest)) return undefined
    return { kind: 'entry_changed', seal, entry: entry.id, at: entry.createdAt }
  }

  return { check, last: () => last, strays: () => [...strays.values()], counts }
}

/** A UUID, or the number of an entry on SQLite. */
function shownKey(key: string): string {
  const number = BigInt(`0x${key}`)
  if (number < 2n ** 63n) return String(number)
  return key.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
