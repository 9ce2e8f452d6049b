/** How many sessions there are, in slices, so that other queries run in between. */
import { gt, sql } from 'drizzle-orm'
import { read } from '../engine'
import { integer, statement } from '../query'
import { sessions } from '../schema'

const idAfter = statement({ after: sessions.id, skipped: integer }, (db, { after, skipped }) =>
  db
    .select({ id: sessions.id })
    .from(sessions)
    .where(gt(sessions.id, after))
    .orderBy(sessions.id)
    .limit(1)
    .offset(skipped),
)

const countAfter = statement({ after: sessions.id }, (db, { after }) =>
  db
    .select({ count: sql<number>`count(*)`.mapWith(Number) })
    .from(sessions)
    .where(gt(sessions.id, after)),
)

/** @returns how many follow an id, at most `limit`, and the id to continue after; undefined at the end */
export const countSessionSlice = read(
  async (tx, { after, limit }: { after: string; limit: number }): Promise<{ count: number; next?: string }> => {
    const last = await tx.one(idAfter, { after, skipped: limit - 1 })
    if (last) return { count: limit, next: last.id }
    return { count: (await tx.one(countAfter, { after }))?.count ?? 0 }
  },
)
