/** The deletion of expired rows. */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { SQL } from 'bun'
import { getTableColumns } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { openStore, type Retention, type Sweep } from '../../src/store'
import { createUser } from '../../src/store/accounts/new-accounts'
import type { Engine, Tx } from '../../src/store/engine'
import { postgres } from '../../src/store/postgres/dialect'
import { columnsOf, statement } from '../../src/store/query'
import * as schema from '../../src/store/schema'
import { openSession } from '../../src/store/sessions/sessions'
import { isolatedSweeps, sweepSlice, sweeps } from '../../src/store/sweeps'
import { newSession, newUser } from '../support/accounts'
import { eachEngine, newDatabase, openEngine } from '../support/engines'
import { runOn } from '../support/postgres'

const OLD = Date.parse('2024-01-01T00:00:00.123Z')
const NOW = OLD + 1000

type Row = Record<string, unknown>

async function insert(tx: Tx, table: SQLiteTable, row: Row): Promise<void> {
  const added = statement(columnsOf(table), (db, p) => db.insert(table).values(p as never))
  await tx.run(added, row as never)
}

/** Null where the column may be null, otherwise some value that is expired and unique. */
function expired(table: SQLiteTable, given: Row): Row {
  const sample = { SQLiteInteger: OLD, SQLiteBoolean: false, SQLiteTextJson: {} } as Record<string, unknown>
  const columns = Object.entries(getTableColumns(table))
  const row = columns.map(([name, { notNull, columnType }]) => [
    name,
    notNull || name === 'id' ? (sample[columnType] ?? randomUUID()) : null,
  ])
  return { ...Object.fromEntries(row), ...given }
}

/** One expired row of each table, of an account that stays. */
async function expireEverything(tx: Tx): Promise<void> {
  const user = newUser({ createdAt: OLD })
  await createUser(tx, { user, identities: [], audit: [] })
  const userId = user.id
  const session = newSession(userId)
  await openSession(tx, { session, now: NOW, audit: [] })
  const sessionId = session.session.id
  const factor = { userId, factorType: 'totp', createdAt: NOW }
  const verified = expired(schema.mfaFactors, { ...factor, status: 'verified' })
  await insert(tx, schema.mfaFactors, verified)
  const anonymous = newUser({ email: null, emailConfirmedAt: null, isAnonymous: true, createdAt: OLD })
  await createUser(tx, { user: { ...anonymous, encryptedPassword: null }, identities: [], audit: [] })
  const rows: [table: SQLiteTable, given: Row][] = [
    [schema.sessions, { userId, aal: 'aal1' }],
    [schema.refreshTokens, { userId, sessionId, revoked: true }],
    [schema.sessionTokens, { userId, sessionId, familyId: sessionId, kind: 'access', aal: 'aal1' }],
    [schema.externalSessions, {}],
    [schema.web3Messages, {}],
    [schema.spentCaptchas, {}],
    [schema.personalAccessTokens, { userId, expiresAt: OLD }],
    [schema.knownNetworks, { userId }],
    [schema.mfaFactors, { ...factor, status: 'unverified', createdAt: OLD }],
    [schema.mfaChallenges, { factorId: verified.id }],
    [schema.mfaAttempts, { userId }],
    [schema.webauthnChallenges, {}],
    [schema.oauthStates, {}],
    [schema.flowState, { userId }],
    [schema.messages, { state: 'sent' }],
    [schema.events, { state: 'delivered' }],
    [schema.refusals, {}],
    [schema.eventCounts, { step: 'hour' }],
    [schema.auditLogEntries, {}],
  ]
  for (const [table, given] of rows) await insert(tx, table, expired(table, given))
}

const everyInstant = {
  before: NOW,
  notAfterBefore: NOW,
  createdBefore: NOW,
  lastUsedBefore: NOW,
  keptBefore: NOW,
  hoursBefore: NOW,
  daysBefore: NOW,
} as unknown as Retention[Sweep]

async function sweepAll(
  sweep: (slice: Parameters<typeof sweepSlice>[1]) => ReturnType<typeof sweepSlice>,
  what: Sweep,
) {
  let removed = 0
  let slice: Awaited<ReturnType<typeof sweepSlice>> | undefined
  do {
    slice = await sweep({ what, after: slice?.next, instants: everyInstant })
    removed += slice.removed
  } while (slice.next !== undefined)
  return removed
}

test('a sweep that is not isolated checks the rows of tables, not of views', () => {
  for (const [what, { removeSlice, removeRest }] of Object.entries(sweeps))
    if (!isolatedSweeps.includes(what as Sweep))
      for (const { query } of [removeSlice, removeRest]) {
        const { text } = query(postgres)
        expect(text).not.toMatch(/\bid"? in \(select|^delete from "(mfa_factors|webauthn_credentials)"/i)
      }
})

eachEngine((name) => {
  const onEngine = async (check: (engine: Engine, target: string) => Promise<void>) => {
    await using database = await newDatabase()
    const engine = await openEngine(database.target)
    try {
      await check(engine, database.target)
    } finally {
      await engine.close()
    }
  }

  test('every table is swept', () =>
    onEngine(async (engine) => {
      await engine.write(expireEverything)
      const removed: Row = {}
      for (const what of Object.keys(sweeps) as Sweep[])
        removed[what] = await sweepAll((slice) => engine.write((tx) => sweepSlice(tx, slice)), what)
      expect(removed).toEqual(Object.fromEntries(Object.keys(sweeps).map((what) => [what, 1])))
    }))

  if (name === 'sqlite') return

  const onStore = async (check: (store: Awaited<ReturnType<typeof openStore>>, target: string) => Promise<void>) => {
    await using database = await newDatabase()
    const store = await openStore(database.target, NOW)
    try {
      await check(store, database.target)
    } finally {
      await store.close()
    }
  }

  const ANONYMOUS = `INSERT INTO auth.users (instance_id, id, aud, is_anonymous, created_at)
    SELECT '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', true, '2024-01-01' FROM generate_series(1, $1)`

  test('anonymous accounts that another program made are swept', () =>
    onStore(async (store, target) => {
      await runOn(target, ANONYMOUS, 1100)
      expect(await sweepAll(store.sweepSlice, 'anonymousUsers')).toBe(1100)
    }))

  const FACTOR = `INSERT INTO auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
    SELECT gen_random_uuid(), id, 'totp', 'unverified', '2024-01-01', '2024-01-01' FROM auth.users`
  const BLOCKED = `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'latchkey' AND wait_event_type = 'Lock'`

  test.each([
    ['anonymousUsers', 'auth.users', `UPDATE auth.users SET is_anonymous = false, email = 'ada@example.com'`],
    ['factors', 'auth.mfa_factors', `UPDATE auth.mfa_factors SET status = 'verified'`],
  ] as const)('a row of the sweep of %s that another transaction is changing stays', (what, table, change) =>
    onStore(async (store, target) => {
      await runOn(target, ANONYMOUS, 1)
      if (what === 'factors') await runOn(target, FACTOR)
      const rival = new SQL(target, { max: 1 })
      await rival.unsafe('BEGIN')
      await rival.unsafe(change)
      const swept = sweepAll(store.sweepSlice, what)
      while ((await runOn<{ count: number }>(target, BLOCKED))[0]?.count !== 1) {}
      await rival.unsafe('COMMIT')
      await rival.close()
      expect(await swept).toBe(0)
      expect(await runOn(target, `SELECT count(*) FROM ${table}`)).toEqual([{ count: 1 }])
    }),
  )
})
