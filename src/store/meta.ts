/** Statements on the `meta` table, whose keys are in meta-keys.ts. */
import { eq, sql } from 'drizzle-orm'
import { columnsOf, statement } from './query'
import { meta } from './schema'

export const metaValue = statement({ key: meta.key }, (db, { key }) => db.select().from(meta).where(eq(meta.key, key)))
export const setMeta = statement(columnsOf(meta), (db, p) =>
  db
    .insert(meta)
    .values(p)
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`excluded.value` } }),
)

/** Unless there is a value. */
export const addMeta = statement(columnsOf(meta), (db, p) => db.insert(meta).values(p).onConflictDoNothing())
