/** Lists that are longer than what one statement reads, with rows of one instant or less than a millisecond apart. */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { openStore, type Store, type UserQuery } from '../../src/store'
import { execute } from '../support/database'
import { eachEngine, newDatabase } from '../support/engines'

const NIL = "'00000000-0000-0000-0000-000000000000'"
const numbers = (rows: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`

/** On Postgres as supabase/auth or SQL makes them: without a number of ours. */
const USERS = {
  sqlite: `${numbers(2100)} INSERT INTO users (id, aud, role, email, created_at, updated_at)
    SELECT 'u' || i, 'authenticated', 'authenticated', 'x' || i || '@example.com', 1704067200123, 1 FROM n`,
  postgres: `${numbers(2100)} INSERT INTO auth.users (instance_id, id, aud, email, created_at)
    SELECT ${NIL}, gen_random_uuid(), 'authenticated', 'x' || i || '@example.com', '2024-01-01 00:00:00.123456' FROM n`,
}
const ENTRIES = {
  sqlite: `${numbers(2600)} INSERT INTO audit_log_entries (id, payload, created_at) SELECT 'e' || i, '{}', 1704067200123 FROM n`,
  postgres: `${numbers(2600)} INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at)
    SELECT ${NIL}, gen_random_uuid(), '{}', '2024-01-01 00:00:00.123456'::timestamptz + i * interval '1 microsecond' FROM n`,
}

/** More than a slice; their ids are in another order than their times. */
const SESSIONS = {
  sqlite: `${numbers(5200)} INSERT INTO sessions (id, user_id, aal, refresh_token_hmac_key, refresh_token_counter, created_at, updated_at)
    SELECT printf('%08x-0000-4000-8000-000000000000', (i * 7919) % 5201 + 1), 'u1', 'aal1', '', 0, 1704067200000 + i, 1 FROM n`,
  postgres: `WITH u AS (INSERT INTO auth.users (instance_id, id) VALUES (${NIL}, gen_random_uuid()) RETURNING id)
    INSERT INTO auth.sessions (id, user_id, created_at)
    SELECT gen_random_uuid(), u.id, '2024-01-01'::timestamptz + i * interval '1 millisecond' FROM generate_series(1, 5200) i, u`,
}

/** How many different rows the given pages have, and the totals that they state. */
async function onPages<Row extends { id: string }>(
  pages: number[],
  list: (page: number) => Promise<{ rows: Row[]; total: number }>,
) {
  const listed = []
  for (const page of pages) listed.push(await list(page))
  return {
    rows: new Set(listed.flatMap(({ rows }) => rows.map(({ id }) => id))).size,
    totals: listed.map(({ total }) => total),
  }
}

eachEngine(() => {
  async function onStore(rows: typeof USERS, check: (store: Store) => Promise<void>): Promise<void> {
    await using database = await newDatabase()
    const store = await openStore(database.target, 1)
    try {
      await execute(database.target, rows)
      await check(store)
    } finally {
      await store.close()
    }
  }

  test.each(['asc', 'desc'] as const)('a search of accounts and their list have every account once, %s', (direction) =>
    onStore(USERS, async (store) => {
      const query: Omit<UserQuery, 'page'> = { aud: 'authenticated', filter: '', direction, perPage: 1050 }
      const all = await onPages([1, 2], (page) => store.listUsers({ ...query, page }))
      expect(all).toEqual({ rows: 2100, totals: [2100, 2100] })
      const search = { ...query, filter: 'x', perPage: 10 }
      const found = await onPages([1, 200, 201, 210], (page) => store.listUsers({ ...search, page }))
      expect(found).toEqual({ rows: 40, totals: [2100, 2100, 2100, 2100] })
    }),
  )

  test('the latest sessions of all users are found among all', () =>
    onStore(SESSIONS, async (store) => {
      const latest = await store.latestSessions({ limit: 3 })
      const start = Date.parse('2024-01-01')
      expect(latest.map(({ createdAt }) => createdAt - start)).toEqual([5200, 5199, 5198])
      expect(new Set((await store.latestSessions({ limit: 6000 })).map(({ id }) => id)).size).toBe(5200)
    }))

  test('the audit log has every entry once', () =>
    onStore(ENTRIES, async (store) => {
      const found = await onPages([1, 200, 201, 260], (page) => store.listAudit({ page, perPage: 10 }))
      expect(found).toEqual({ rows: 40, totals: [2600, 2600, 2600, 2600] })
    }))

  test('entries of one request keep their order', async () => {
    await using database = await newDatabase()
    const store = await openStore(database.target, 1)
    try {
      const entry = (number: number) => ({
        id: randomUUID(),
        payload: { number },
        createdAt: 1_704_067_200_123,
        ipAddress: '',
      })
      const given = Array.from({ length: 3 }, (_, number) => entry(number))
      // A sequence shorter than this starts again in between.
      for (let request = 0; request < 334; request++)
        await store.appendAudit(
          given.map((each) => ({ ...each, id: randomUUID(), createdAt: each.createdAt + request })),
        )
      const { rows } = await store.listAudit({ page: 1, perPage: 1002 })
      const numbers = rows.map(({ payload }) => payload.number)
      expect(numbers).toEqual(Array.from({ length: 334 }, () => [2, 1, 0]).flat())
    } finally {
      await store.close()
    }
  })
})
