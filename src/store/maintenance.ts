/** Database maintenance: metadata and a write probe. */
import { eq, sql } from 'drizzle-orm'
import { guarded, read, write } from './engine'
import { addMeta, metaValue, setMeta } from './meta'
import { PROBED_AT_KEY } from './meta-keys'
import { statement } from './query'
import { meta, users } from './schema'

export const getMeta = read(async (tx, key: string) => (await tx.one(metaValue, { key }))?.value)

/** Stores a value unless there is one; of several servers that start at once, one succeeds. @returns the stored value */
export const initMeta = write(async (tx, entry: { key: string; value: string }): Promise<string> => {
  await tx.run(addMeta, entry)
  const stored = await tx.one(metaValue, { key: entry.key })
  return stored?.value ?? entry.value
})

export const putMeta = write(async (tx, entry: { key: string; value: string }): Promise<void> => {
  await tx.run(setMeta, entry)
})

const lastUser = statement({}, (db) =>
  db.select({ at: sql<number | null>`max(${users.createdAt})`.mapWith(Number) }).from(users),
)

/** The latest stored time; undefined if there is none. */
export const latestInstant = read(async (tx): Promise<number | undefined> => {
  const probedAt = Number((await tx.one(metaValue, { key: PROBED_AT_KEY }))?.value ?? 0)
  return Math.max(probedAt, (await tx.one(lastUser))?.at ?? 0) || undefined
})

const removeMeta = statement({ key: meta.key }, (db, { key }) => db.delete(meta).where(eq(meta.key, key)))

/**
 * Writes a row and deletes it again, which equalizes the time of requests for unknown addresses.
 * @param key a new one, so that concurrent requests do not wait for each other
 */
export const simulateWrite = guarded(async (tx, key: string): Promise<void> => {
  await tx.run(addMeta, { key, value: '' })
  await tx.run(removeMeta, { key })
})

/** Writes one row, to check that writing works. */
export const probe = guarded(async (tx, now: number): Promise<void> => {
  await tx.run(setMeta, { key: PROBED_AT_KEY, value: String(now) })
})
