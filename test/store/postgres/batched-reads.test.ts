/** Reads that are sent to Postgres together. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { and, eq } from 'drizzle-orm'
import { createUser } from '../../../src/store/accounts/new-accounts'
import { findIdentities, findUser } from '../../../src/store/accounts/users'
import type { Engine } from '../../../src/store/engine'
import { batchingReads, type Row, type Value } from '../../../src/store/postgres/batched-reads'
import type { Connection } from '../../../src/store/postgres/connect'
import { openPostgres } from '../../../src/store/postgres/open'
import { type Query, statement } from '../../../src/store/query'
import { identities, users } from '../../../src/store/schema'
import { databaseTokens } from '../../../src/store/verification/database'
import { NOW, newIdentity, newUser } from '../../support/accounts'
import { hasPostgres, postgresDatabase, runOn } from '../../support/postgres'
import { randomOf } from '../../support/schedules'

const byKey: Query = {
  text: 'select "value" from "latchkey"."things" where "key" = $1',
  bindings: [{ name: 'key', entryType: 'text' }],
  decoders: [],
}

/** A connection whose queries a test answers. */
function fakeConnection() {
  const sent: { text: string; values: Value[]; answer(rows: Row[]): void; fail(error: unknown): void }[] = []
  const connection = {
    unsafe: (text: string, values: Value[]) =>
      new Promise((answer, fail) => sent.push({ text, values, answer: answer as (rows: Row[]) => void, fail })),
  } as unknown as Connection
  return { connection, sent }
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
const withState = (state: string) => Object.assign(new Error(state), { errno: state })

describe('when reads are sent', () => {
  test('reads of one turn are one query, and each gets its own rows', async () => {
    const { connection, sent } = fakeConnection()
    const send = batchingReads(connection)
    const reads = ['a', 'b', 'a'].map((key) => send(byKey, [key]))
    await turn()
    expect(sent.map(({ values }) => values)).toEqual([['{"a","b","a"}']])
    sent[0]?.answer([
      { '#': '3', value: 'third' },
      { '#': '1', value: 'first' },
      { '#': '3', value: 'also third' },
    ])
    const values = (await Promise.all(reads)).map((rows) => rows.map(({ value }) => value))
    expect(values).toEqual([['first'], [], ['third', 'also third']])
  })

  test('a read alone is sent as the statement is', async () => {
    const { connection, sent } = fakeConnection()
    const read = batchingReads(connection)(byKey, ['a'])
    await turn()
    expect(sent).toMatchObject([{ text: byKey.text, values: ['a'] }])
    sent[0]?.answer([{ value: 'first' }])
    expect(await read).toEqual([{ value: 'first' }])
  })

  test('reads that come later are not answered by what was sent before, and do not wait for it', async () => {
    const { connection, sent } = fakeConnection()
    const send = batchingReads(connection)
    const first = send(byKey, ['a'])
    await turn()
    const later = [send(byKey, ['a']), send(byKey, ['b'])]
    await turn()
    expect(sent[1]?.values).toEqual(['{"a","b"}'])
    sent[1]?.answer([{ '#': '1', value: 'after' }])
    expect(await Promise.all(later)).toEqual([[{ '#': '1', value: 'after' }], []])
    sent[0]?.answer([{ value: 'before' }])
    expect(await first).toEqual([{ value: 'before' }])
  })

  test('more than a hundred are several queries', async () => {
    const { connection, sent } = fakeConnection()
    const send = batchingReads(connection)
    const reads = Array.from({ length: 150 }, (_, index) => send(byKey, [String(index)]))
    await turn()
    expect(sent.map(({ values }) => values[0]?.split(',').length)).toEqual([100, 50])
    sent[0]?.answer([{ '#': '100', value: 'of 99' }])
    sent[1]?.answer([{ '#': '1', value: 'of 100' }])
    const answers = await Promise.all(reads)
    expect(answers.flatMap((rows, index) => rows.map(({ value }) => [index, value]))).toEqual([
      [99, 'of 99'],
      [100, 'of 100'],
    ])
  })
})

describe('a batch that fails', () => {
  test('is sent again, each read alone, and only the one at fault fails', async () => {
    const { connection, sent } = fakeConnection()
    const send = batchingReads(connection)
    const reads = ['a', 'damaged'].map((key) => send(byKey, [key]))
    await turn()
    sent[0]?.fail(withState('XX001'))
    await turn()
    expect(sent.slice(1)).toMatchObject([
      { text: byKey.text, values: ['a'] },
      { text: byKey.text, values: ['damaged'] },
    ])
    sent[1]?.answer([{ value: 'first' }])
    sent[2]?.fail(withState('XX001'))
    expect(await Promise.allSettled(reads)).toMatchObject([
      { value: [{ value: 'first' }] },
      { reason: { errno: 'XX001' } },
    ])
  })

  test.each(['57P01', '57014', '53300'])(
    'because of the database (%s) fails each, which may then be run again',
    async (state) => {
      const { connection, sent } = fakeConnection()
      const send = batchingReads(connection)
      const reads = ['a', 'b'].map((key) => send(byKey, [key]))
      await turn()
      sent[0]?.fail(withState(state))
      expect(await Promise.allSettled(reads)).toMatchObject([
        { reason: { errno: state } },
        { reason: { errno: state } },
      ])
      const again = ['a', 'b'].map((key) => send(byKey, [key]))
      await turn()
      sent[1]?.answer([])
      expect(await Promise.all(again)).toEqual([[], []])
    },
  )
})

describe('what cannot be sent together', () => {
  test.each([
    ['orders its rows', 'select "value" from "things" where "key" = $1 order by "value"', byKey.bindings],
    ['limits them', 'select "value" from "things" where "key" = $1 limit 1', byKey.bindings],
    ['locks them', 'select "value" from "things" where "key" = $1 for update', byKey.bindings],
    ['writes', 'delete from "things" where "key" = $1', byKey.bindings],
    ['has no parameter', 'select "value" from "things"', []],
    ['has a parameter of unknown type', byKey.text, [{ name: 'key' }]],
    ['has a constant', byKey.text, [{ value: 'a' }]],
  ])('a statement that %s is sent at once, alone', async (_, text, bindings) => {
    const { connection, sent } = fakeConnection()
    const send = batchingReads(connection)
    const query = { text, bindings, decoders: [] }
    void send(query, ['a'])
    void send(query, ['b'])
    expect(sent.map((each) => each.text)).toEqual([text, text])
  })
})

describe.skipIf(!hasPostgres)('on a database', () => {
  const PHONES = [null, '15550000001', '15550000002', '15550000003']
  const ACCOUNTS = PHONES.map((phone, index) => ({
    user: newUser({ id: Bun.randomUUIDv7(), email: `"quoted\\ ${index}"@example.com`, phone }),
    // as many as its index
    identities: Array.from({ length: index }, (__, copy) => ({
      provider: `provider${copy}`,
      providerId: `${index} {"\\},NULL ${copy}`,
    })),
  }))
  let engine: Engine
  let database: Awaited<ReturnType<typeof postgresDatabase>>
  beforeAll(async () => {
    database = await postgresDatabase()
    engine = await openPostgres(database.url, { now: NOW, tokensOf: databaseTokens, onEvent() {} })
    for (const { user, identities: own } of ACCOUNTS)
      await engine.write((tx) =>
        createUser(tx, {
          user,
          identities: own.map((each) => newIdentity({ id: Bun.randomUUIDv7(), userId: user.id, ...each })),
          audit: [],
        }),
      )
  }, 60_000)
  afterAll(async () => {
    await engine.close()
    await database[Symbol.asyncDispose]()
  })

  const identityOf = statement({ provider: identities.provider, providerId: identities.providerId }, (db, p) =>
    db
      .select()
      .from(identities)
      .where(and(eq(identities.provider, p.provider), eq(identities.providerId, p.providerId))),
  )
  const setRole = statement({ id: users.id, role: users.role }, (db, { id, role }) =>
    db.update(users).set({ role }).where(eq(users.id, id)),
  )

  const someone = (random: () => number) =>
    ACCOUNTS[Math.floor(random() * ACCOUNTS.length)] as (typeof ACCOUNTS)[number]
  const anyOf = <T>(random: () => number, values: readonly T[]) => values[Math.floor(random() * values.length)] as T

  test.each([1, 2, 3, 4, 5])('each of many concurrent reads gets its own rows (seed %d)', async (seed) => {
    const random = randomOf(seed)
    const reads: Promise<void>[] = []
    for (let count = 0; count < 400; count++) {
      const { user, identities: own } = someone(random)
      const isThere = random() < 0.8
      const id = isThere ? user.id : anyOf(random, [Bun.randomUUIDv7(), 'no UUID', '', '{}', 'NULL'])
      const provider = `provider${Math.floor(random() * 3)}`
      const providerId = anyOf(random, [
        ...own.map((each) => each.providerId),
        null as never,
        '{}',
        '"',
        '\\',
        'NULL',
        '',
      ])
      const stored = own.some((each) => each.provider === provider && each.providerId === providerId)
      reads.push(
        engine.read(async (tx) => {
          expect((await findUser(tx, id))?.email).toBe(isThere ? user.email : (undefined as never))
          const found = await findIdentities(tx, id)
          expect(found.map((each) => each.providerId).sort()).toEqual(
            isThere ? own.map((each) => each.providerId).sort() : [],
          )
          expect((await tx.one(identityOf, { provider, providerId }))?.userId).toBe(
            stored ? user.id : (undefined as never),
          )
        }),
      )
      if (random() < 0.3) await turn()
    }
    await Promise.all(reads)
  })

  test('a read after a write sees it, also while others read the same row', async () => {
    const { user } = ACCOUNTS[0] as (typeof ACCOUNTS)[number]
    let isWriting = true
    const others = (async () => {
      while (isWriting) await Promise.all([1, 2, 3].map(() => engine.read((tx) => findUser(tx, user.id))))
    })()
    for (let round = 0; round < 100; round++) {
      const role = `role ${round}`
      await engine.write((tx) => tx.run(setRole, { id: user.id, role }))
      expect((await engine.read((tx) => findUser(tx, user.id)))?.role).toBe(role)
    }
    isWriting = false
    await others
  })

  test('reads whose connections end are sent again', async () => {
    const { user } = ACCOUNTS[1] as (typeof ACCOUNTS)[number]
    for (let round = 0; round < 5; round++) {
      const reads = Array.from({ length: 30 }, async (_, index) => {
        for (let turns = 0; turns < index; turns++) await turn()
        return engine.read((tx) => findUser(tx, user.id))
      })
      await runOn(
        database.url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'latchkey' AND pid <> pg_backend_pid()",
      )
      expect((await Promise.all(reads)).map((found) => found?.id)).toEqual(Array(30).fill(user.id))
    }
  })
})
