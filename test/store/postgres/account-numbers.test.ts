/** Accounts that supabase/auth or SQL made, which have no number of their own. */
import { describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { openStore } from '../../../src/store'
import { newSession } from '../../support/accounts'
import { hasPostgres, postgresDatabase, runOn } from '../../support/postgres'

const NOW = 1_764_000_000_000

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
      const signedIn = await store.openSession({ session: newSession(userId), now: NOW, audit: [] })
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
