/** Signing keys. */
import { eq, gt } from 'drizzle-orm'
import type { AuditEntry } from './audit-entry'
import { appendAudit } from './audit-log'
import { read, write } from './engine'
import { columnsOf, statement } from './query'
import { type SigningKeyRow, signingKeys } from './schema'

interface Audited {
  audit?: AuditEntry[]
}

/** A handful of rows, always read together. */
const allKeys = statement({}, (db) => db.select().from(signingKeys).where(gt(signingKeys.kid, '')))
const keyById = statement({ kid: signingKeys.kid }, (db, { kid }) =>
  db.select().from(signingKeys).where(eq(signingKeys.kid, kid)),
)
const insertKey = statement(columnsOf(signingKeys), (db, p) => db.insert(signingKeys).values(p).onConflictDoNothing())
const saveKey = statement(
  { kid: signingKeys.kid, ...columnsOf(signingKeys, 'kid', 'alg', 'createdAt') },
  (db, { kid, ...set }) => db.update(signingKeys).set(set).where(eq(signingKeys.kid, kid)),
)

export const listSigningKeys = read((tx) => tx.all(allKeys))

/** @returns false if a key with that name exists */
export const addSigningKey = write(async (tx, { audit = [], ...key }: SigningKeyRow & Audited): Promise<boolean> => {
  if ((await tx.run(insertKey, key)) === 0) return false
  await appendAudit(tx, audit)
  tx.emit({ kind: 'signing_keys' })
  return true
})

/**
 * Schedules a standby key to sign from the given time on. Others that were to sign later no longer are.
 * @returns false if it is not a standby key
 */
export const scheduleSigningKey = write(
  async (
    tx,
    { kid, signsFrom, now, audit = [] }: Audited & { kid: string; signsFrom: number; now: number },
  ): Promise<boolean> => {
    const isStandby = ({ revokedAt, signsFrom: at }: SigningKeyRow) => revokedAt === null && (at === null || at > now)
    const keys = (await tx.all(allKeys)).filter(isStandby)
    const key = keys.find((each) => each.kid === kid)
    if (!key) return false
    const pending = keys.filter((each) => each !== key && each.signsFrom !== null)
    for (const each of pending) await tx.run(saveKey, { ...each, signsFrom: null })
    await tx.run(saveKey, { ...key, signsFrom })
    await appendAudit(tx, audit)
    tx.emit({ kind: 'signing_keys' })
    return true
  },
)

/** Revokes a key and deletes its private half. @returns false if there is no such key, or it was already revoked */
export const revokeSigningKey = write(
  async (tx, { kid, now, audit = [] }: Audited & { kid: string; now: number }): Promise<boolean> => {
    const key = await tx.one(keyById, { kid })
    if (!key || key.revokedAt !== null) return false
    await tx.run(saveKey, { ...key, privateJwk: '', revokedAt: now })
    await appendAudit(tx, audit)
    tx.emit({ kind: 'signing_keys' })
    return true
  },
)
