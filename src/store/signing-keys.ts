/** Keys that access tokens are signed with. */
import { eq, gt } from 'drizzle-orm'
import { read, statement, write } from './engine'
import { type SigningKeyRow, signingKeys } from './schema'
import { placeholder, placeholders } from './statements'

/** A handful of rows, and all of them are wanted. */
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

/** @returns false where there is a key of that name already */
export const addSigningKey = write(async (tx, key: SigningKeyRow) => (await tx.run(insertKey, key)) > 0)

/** Lets a key that stands by sign from an instant on. @returns false where it does not stand by */
export const scheduleSigningKey = write(
  async (tx, { kid, signsFrom, now }: { kid: string; signsFrom: number; now: number }): Promise<boolean> => {
    const key = await tx.one(keyById, { kid })
    if (!key || key.revokedAt !== null || (key.signsFrom !== null && key.signsFrom <= now)) return false
    await tx.run(saveKey, { ...key, signsFrom })
    return true
  },
)

/** Ends a key at once and forgets its private half. @returns false where there is no such key, or it was ended before */
export const revokeSigningKey = write(async (tx, { kid, now }: { kid: string; now: number }): Promise<boolean> => {
  const key = await tx.one(keyById, { kid })
  if (!key || key.revokedAt !== null) return false
  await tx.run(saveKey, { ...key, privateJwk: '', revokedAt: now })
  return true
})
