/** Signing keys. */
import { eq, gt } from 'drizzle-orm'
import { read, statement, write } from './engine'
import { type SigningKeyRow, signingKeys } from './schema'
import { placeholder, placeholders } from './statements'

/** A handful of rows, always read together. */
const allKeys = statement((db) => db.select().from(signingKeys).where(gt(signingKeys.kid, '')).prepare())
const keyById = statement((db) =>
  db
    .select()
    .from(signingKeys)
    .where(eq(signingKeys.kid, placeholder('kid')))
    .prepare(),
)
const insertKey = statement((db) =>
  db.insert(signingKeys).values(placeholders(signingKeys)).onConflictDoNothing().prepare(),
)
const saveKey = statement((db) =>
  db
    .update(signingKeys)
    .set(placeholders(signingKeys, 'kid', 'alg', 'createdAt'))
    .where(eq(signingKeys.kid, placeholder('kid')))
    .prepare(),
)

export const listSigningKeys = read((tx) => tx.all(allKeys))

/** @returns false if a key with that name exists */
export const addSigningKey = write(async (tx, key: SigningKeyRow) => (await tx.run(insertKey, key)) > 0)

/** Schedules a standby key to sign from an instant on. @returns false if it is not a standby key */
export const scheduleSigningKey = write(
  async (tx, { kid, signsFrom, now }: { kid: string; signsFrom: number; now: number }): Promise<boolean> => {
    const key = await tx.one(keyById, { kid })
    if (!key || key.revokedAt !== null || (key.signsFrom !== null && key.signsFrom <= now)) return false
    await tx.run(saveKey, { ...key, signsFrom })
    return true
  },
)

/** Revokes a key and deletes its private half. @returns false if there is no such key, or it was already revoked */
export const revokeSigningKey = write(async (tx, { kid, now }: { kid: string; now: number }): Promise<boolean> => {
  const key = await tx.one(keyById, { kid })
  if (!key || key.revokedAt !== null) return false
  await tx.run(saveKey, { ...key, privateJwk: '', revokedAt: now })
  return true
})
