/** Refreshes that are one statement on Postgres. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { RejectedByDatabase } from '../../../src/lib/rejected-by-database'
import { openStore, type Store } from '../../../src/store'
import { createUser } from '../../../src/store/accounts/new-accounts'
import type { AuditEntry } from '../../../src/store/audit-entry'
import type { Advance, Engine, StoreEvent } from '../../../src/store/engine'
import { openPostgres } from '../../../src/store/postgres/open'
import { statement } from '../../../src/store/query'
import { type Session, sessions, type User } from '../../../src/store/schema'
import { findSession, openSession, type Refresh } from '../../../src/store/sessions/sessions'
import { databaseTokens } from '../../../src/store/verification/database'
import { NOW, newSession, newUser } from '../../support/accounts'
import { hasPostgres, type PostgresDatabase, postgresDatabase, runOn } from '../../support/postgres'

const LATER = NOW + 5000

const setTag = statement({ id: sessions.id, tag: sessions.tag }, (db, { id, tag }) =>
  db.update(sessions).set({ tag }).where(eq(sessions.id, id)),
)

describe.skipIf(!hasPostgres)('a refresh in one statement', () => {
  let database: PostgresDatabase
  let engine: Engine
  let events: StoreEvent[]
  let store: Store
  beforeEach(async () => {
    database = await postgresDatabase()
    events = []
    engine = await openPostgres(database.url, {
      now: NOW,
      tokensOf: databaseTokens,
      onEvent: (event) => events.push(event),
    })
    store = await openStore(database.url, NOW)
  }, 60_000)
  afterEach(async () => {
    await engine.close()
    await store.close()
    await database[Symbol.asyncDispose]()
  })

  interface Found {
    session: Session
    user: User
  }

  async function signedIn(email = `${crypto.randomUUID()}@example.com`): Promise<Found> {
    const user = newUser({ email })
    const opening = newSession(user.id)
    await engine.write((tx) => createUser(tx, { user, identities: [], audit: [] }))
    await engine.write((tx) => openSession(tx, { session: opening, now: NOW, audit: [] }))
    return (await find(opening.session.id)) as Found
  }
  const find = (id: string) => engine.read((tx) => findSession(tx, id))
  const entry = (action: string): AuditEntry => ({
    id: crypto.randomUUID(),
    payload: { action },
    createdAt: LATER,
    ipAddress: '192.0.2.1',
  })
  const advance = ({ session, user }: Found, given: Partial<Advance> = {}): Promise<boolean> =>
    engine.advanceSession?.({
      session,
      user,
      now: LATER,
      userAgent: 'a "browser"',
      ip: '192.0.2.7',
      audit: [entry('token_refreshed')],
      ...given,
    }) ?? Promise.reject(new Error('the engine has no such statement'))
  const entries = () =>
    runOn<{ action: string; at: string; ip: string }>(
      database.url,
      `SELECT payload ->> 'action' AS action, created_at::text AS at, ip_address AS ip
        FROM auth.audit_log_entries ORDER BY created_at, id`,
    )
  const refresh = (found: Found, given: Partial<Refresh> = {}) =>
    store.rotateRefreshToken({
      found,
      sessionId: found.session.id,
      counter: found.session.refreshTokenCounter,
      newKey: () => 'key',
      now: LATER,
      userAgent: 'browser',
      ip: '192.0.2.7',
      reuseIntervalMs: 0,
      allowReuse: false,
      endOnReuse: true,
      audit: { rotated: [entry('token_refreshed')], reused: [entry('token_revoked')] },
      ...given,
    })

  test('advances the session, and is in the audit log once', async () => {
    const found = await signedIn()
    expect(await advance(found)).toBe(true)
    expect(await find(found.session.id)).toEqual({
      user: found.user,
      session: {
        ...found.session,
        refreshTokenCounter: found.session.refreshTokenCounter + 1,
        refreshedAt: LATER,
        updatedAt: LATER,
        userAgent: 'a "browser"',
        ip: '192.0.2.7',
      },
    })
    expect(await entries()).toMatchObject([{ action: 'token_refreshed', ip: '192.0.2.1' }])
  })

  test('writes the same rows as the complete operation', async () => {
    const [one, other] = [await signedIn(), await signedIn()]
    expect((await refresh(one)).outcome).toBe('rotated')
    // With one session per user, the complete operation decides.
    const supersedes = { lastUse: () => 0, supersedes: () => false }
    expect((await refresh(other, { supersedes })).outcome).toBe('rotated')
    const columns = async ({ session }: Found) => {
      const [row] = await runOn(database.url, 'SELECT * FROM auth.sessions WHERE id = $1', session.id)
      return { ...row, id: '', user_id: '', refresh_token_hmac_key: '' }
    }
    expect(await columns(one)).toEqual(await columns(other))
  })

  test('entries of one millisecond are numbered in their order', async () => {
    const found = await Promise.all([1, 2, 3].map(() => signedIn()))
    await Promise.all(found.map((each, index) => advance(each, { audit: [entry(`a${index}`), entry(`b${index}`)] })))
    const written = await entries()
    expect(new Set(written.map(({ at }) => at)).size).toBe(6)
    expect(written.map(({ action }) => action)).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
  })

  test('is counted if it is done', async () => {
    const [one, other] = [await signedIn(), await signedIn()]
    await runOn(database.url, 'UPDATE auth.sessions SET refresh_token_counter = 7 WHERE id = $1', one.session.id)
    events = []
    await Promise.all([advance(one), advance(other)])
    expect(events).toEqual([{ kind: 'counted', what: 'refresh', label: 'success' }])
  })

  test('nulls, and an address that the database cannot store', async () => {
    const found = await signedIn()
    expect(await advance(found, { userAgent: null, ip: 'no address', audit: [] })).toBe(true)
    expect((await find(found.session.id))?.session).toMatchObject({ userAgent: null, ip: null })
    expect(await entries()).toEqual([])
  })

  test.each([
    ['was advanced', 'UPDATE auth.sessions SET refresh_token_counter = 7'],
    ['lost its counter', 'UPDATE auth.sessions SET refresh_token_counter = NULL'],
    ['was elevated', "UPDATE auth.sessions SET aal = 'aal2'"],
    ['has another factor', 'UPDATE auth.sessions SET factor_id = gen_random_uuid()'],
    ['is gone', 'DELETE FROM auth.sessions'],
    ['is of a banned user', "UPDATE auth.users SET banned_until = '2999-01-01'"],
    ['is of a user banned for ever', "UPDATE auth.users SET banned_until = 'infinity'"],
    ['is of a changed user', 'UPDATE auth.users SET updated_at = now()'],
    ['is of a deleted user', 'UPDATE auth.users SET deleted_at = now()'],
  ])('a session that %s since it was read is left as it is', async (_, change) => {
    const found = await signedIn()
    await runOn(database.url, change)
    const before = await runOn(database.url, 'SELECT * FROM auth.sessions')
    expect(await advance(found)).toBe(false)
    expect(await runOn(database.url, 'SELECT * FROM auth.sessions')).toEqual(before)
    expect(await entries()).toEqual([])
  })

  test.each(['NULL', "'2020-01-01 00:00:00.123456'"])('a user that SQL or GoTrue changed at %s', async (at) => {
    const { session } = await signedIn()
    await runOn(database.url, `UPDATE auth.users SET updated_at = ${at}`)
    expect(await advance((await find(session.id)) as Found)).toBe(true)
  })

  test('a ban that is over does not count', async () => {
    const found = await signedIn()
    await runOn(database.url, "UPDATE auth.users SET banned_until = '2001-01-01'")
    expect(await advance(found)).toBe(true)
  })

  test('a row that another transaction changes is left out, and others do not wait for it', async () => {
    const [busy, free] = [await signedIn(), await signedIn()]
    await engine.write(async (tx) => {
      await findSession(tx, busy.session.id)
      await tx.run(setTag, { id: busy.session.id, tag: 'changed' })
      expect(await Promise.all([advance(busy), advance(free)])).toEqual([false, true])
    })
    expect(await advance(busy)).toBe(true)
  })

  test('many sessions at once, each with its own values', async () => {
    const found = await Promise.all(Array.from({ length: 40 }, () => signedIn()))
    const done = await Promise.all(
      found.map((each, index) =>
        advance(each, { now: LATER + index, userAgent: `{"${index}",NULL}\\`, audit: [entry(`entry ${index}`)] }),
      ),
    )
    expect(done).toEqual(Array(40).fill(true))
    for (const [index, { session }] of found.entries())
      expect((await find(session.id))?.session).toMatchObject({
        refreshTokenCounter: 1,
        refreshedAt: LATER + index,
        userAgent: `{"${index}",NULL}\\`,
      })
    expect((await entries()).map(({ action }) => action).sort()).toEqual(
      found.map((_, index) => `entry ${index}`).sort(),
    )
  })

  test('one token used many times at once advances its session once, and all get the same successor', async () => {
    const found = await signedIn()
    const refreshed = await Promise.all(Array.from({ length: 20 }, () => refresh(found)))
    expect(refreshed.map(({ outcome }) => outcome).sort()).toEqual([...Array(19).fill('repeated'), 'rotated'])
    expect(refreshed.map((each) => 'opened' in each && each.opened.session.refreshTokenCounter)).toEqual(
      Array(20).fill(1),
    )
    expect((await entries()).map(({ action }) => action)).toEqual(['token_refreshed'])
  })

  test.each([
    ['an older token ends the session', 2, 'reused', 0],
    ['the parent gets the same successor', 1, 'repeated', 1],
    ['a token that was not issued is refused', -1, 'not_issued', 1],
  ] as const)('%s', async (_, age, outcome, left) => {
    const found = await signedIn()
    await runOn(database.url, `UPDATE auth.sessions SET refresh_token_counter = ${Math.max(0, age)}`)
    const session = { ...found.session, refreshTokenCounter: Math.max(0, -age) }
    expect((await refresh({ ...found, session })).outcome).toBe(outcome)
    expect(await runOn(database.url, 'SELECT id FROM auth.sessions')).toHaveLength(left)
  })

  test('is used by the store, except where one session per user is allowed', async () => {
    const [one, other] = [await signedIn(), await signedIn()]
    await runOn(
      database.url,
      `CREATE FUNCTION public.on_refresh() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.tag = current_setting('transaction_isolation');
        RETURN NEW;
      END $$;
      CREATE TRIGGER on_refresh BEFORE UPDATE ON auth.sessions FOR EACH ROW EXECUTE FUNCTION public.on_refresh()`,
    )
    try {
      await refresh(one)
      await refresh(other, { supersedes: { lastUse: () => 0, supersedes: () => false } })
      const tags = await Promise.all([one, other].map(async ({ session }) => (await find(session.id))?.session.tag))
      expect(tags).toEqual(['read committed', 'serializable'])
    } finally {
      await runOn(database.url, 'DROP FUNCTION public.on_refresh CASCADE')
    }
  })

  test('a trigger of the operator runs, and what it rejects is rejected for that session alone', async () => {
    const found = await Promise.all(Array.from({ length: 6 }, () => signedIn()))
    const [rejected] = found
    await runOn(
      database.url,
      `CREATE FUNCTION public.on_refresh() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = '${rejected?.session.id}' THEN RAISE EXCEPTION 'not this one'; END IF;
        NEW.tag = 'seen';
        RETURN NEW;
      END $$;
      CREATE TRIGGER on_refresh BEFORE UPDATE ON auth.sessions FOR EACH ROW EXECUTE FUNCTION public.on_refresh()`,
    )
    try {
      const settled = await Promise.allSettled(found.map((each) => refresh(each)))
      expect(settled[0]).toMatchObject({ status: 'rejected', reason: expect.any(RejectedByDatabase) })
      expect(settled.slice(1)).toMatchObject(Array(5).fill({ value: { outcome: 'rotated' } }))
      expect(await runOn(database.url, "SELECT id FROM auth.sessions WHERE tag = 'seen'")).toHaveLength(5)
      expect(await entries()).toHaveLength(5)
    } finally {
      await runOn(database.url, 'DROP FUNCTION public.on_refresh CASCADE')
    }
  })

  test('connections that end lose no refresh, and none counts twice', async () => {
    const found = await Promise.all(Array.from({ length: 12 }, () => signedIn()))
    for (let round = 0; round < 8; round++) {
      const present = await Promise.all(found.map(async ({ session }) => (await find(session.id)) as Found))
      const refreshes = present.map((each) => refresh(each, { now: LATER + round }))
      for (let turns = 0; turns < round; turns++) await new Promise(setImmediate)
      await runOn(
        database.url,
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()
          AND application_name = 'latchkey' AND pid <> pg_backend_pid()`,
      )
      for (const [index, settled] of (await Promise.allSettled(refreshes)).entries()) {
        // Its commit was cut off: the client repeats it with the same token.
        const { outcome } = settled.status === 'fulfilled' ? settled.value : await refresh(present[index] as Found)
        expect(['rotated', 'repeated']).toContain(outcome)
      }
    }
    const counters = await Promise.all(
      found.map(async ({ session }) => (await find(session.id))?.session.refreshTokenCounter),
    )
    expect(counters).toEqual(Array(12).fill(8))
    expect(await entries()).toHaveLength(12 * 8)
  })
})
