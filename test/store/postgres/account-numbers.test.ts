/** Accounts that supabase/auth or SQL made, which have no number of their own. */
import { describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { openStore, type Session } from '../../../src/store'
import { hasPostgres, postgresDatabase, runOn } from '../../support/postgres'

const NOW = 1_764_000_000_000

const sessionOf = (userId: string): Session => ({
  id: randomUUID(),
  userId,
  aal: 'aal1',
  factorId: null,
  notAfter: null,
  refreshedAt: null,
  userAgent: null,
  ip: null,
  tag: null,
  refreshTokenHmacKey: 'key',
  refreshTokenCounter: 0,
  elevatedAtCounter: null,
  createdAt: NOW,
  updatedAt: NOW,
})

describe.skipIf(!hasPostgres)('on Postgres', () => {
  test('an account made in SQL gets its number at the first sign-in, and keeps it', async () => {
    await using database = await postgresDatabase()
    const [first, second] = [randomUUID(), randomUUID()]
    for (const id of [first, second])
      await runOn(
        database.url,
        `INSERT INTO auth.users (instance_id, id) VALUES ('00000000-0000-0000-0000-000000000000', $1)`,
        id,
      )
    const store = await openStore(database.url, NOW)
    const signIn = async (userId: string) => {
      const session = { session: sessionOf(userId), method: 'password', network: undefined }
      const signedIn = await store.openSession({ session, now: NOW, audit: [] })
      return signedIn.outcome === 'opened' ? signedIn.opened.user.uid : signedIn.outcome
    }
    try {
      expect((await store.findUser(second))?.uid).toBe(0)
      const uid = await signIn(second)
      expect(uid).toBeGreaterThan(0)
      expect(await signIn(second)).toBe(uid)
      expect((await store.findUser(second))?.uid).toBe(uid as number)
      expect((await store.findUserByUid(uid as number))?.id).toBe(second)
      expect(await signIn(first)).not.toBe(uid)
      expect(await store.findUserByUid(0)).toBeUndefined()
    } finally {
      await store.close()
    }
  })
})
