/**
 * Operations that run at the same time have outcomes and leave rows as if they had run one after the other, in some
 * order. Each mix is reproduced by its seed: LATCHKEY_RACE_SEED=7.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../../src/store/engine'
import { captureRows, readRows, restoreRows, tablesOf } from '../../support/database'
import { eachEngine, newDatabase, openEngine, type TestDatabase } from '../../support/engines'
import { interleave, type Run, randomOf, type Sequence, start } from '../../support/schedules'
import { OPERATIONS, REFRESH_AT_ONCE } from './operations'
import { createWorld } from './world'

const names = Object.keys(OPERATIONS)
const given = process.env.LATCHKEY_RACE_SEED
const MIXES = 60
const seeds = given === undefined ? Array.from({ length: MIXES }, (_, index) => index + 1) : [Number(given)]

test('every operation that writes takes part', () => {
  const store = join(import.meta.dir, '../../../src/store')
  const found = [...new Bun.Glob('**/*.ts').scanSync(store)].flatMap((file) => {
    const text = readFileSync(join(store, file), 'utf8')
    return [...text.matchAll(/^export const (\w+) = (?:write|guarded)\(/gm)].map(([, name]) => name as string)
  })
  const taking = new Set(names.map((name) => name.split(':')[0]))
  // Tokens of GoTrue's are on Postgres alone.
  expect(found.filter((name) => !taking.has(name))).toEqual(['adoptGotrueToken'])
})

eachEngine(() => {
  let database: TestDatabase
  let engines: Engine[]
  beforeAll(async () => {
    database = await newDatabase({ isOwn: true })
    const engine = await openEngine(database.target)
    await createWorld(engine)
    await captureRows(database.target)
    engines = [engine]
  }, 60_000)
  afterAll(async () => {
    for (const engine of engines) await engine.close()
    await database[Symbol.asyncDispose]()
  })

  /** What operations return and leave, from the rows of the world. */
  async function resultOf(work: () => Promise<unknown[]>): Promise<Result> {
    await restoreRows(database.target)
    const outcomes = await work()
    return { outcomes: outcomes.map(comparable), rows: await rowsOf(database.target) }
  }

  const serially = (runs: readonly (Run | Sequence)[], order: readonly number[]) =>
    resultOf(async () => {
      const outcomes: unknown[] = []
      for (const index of order)
        outcomes[index] = await settled(start(engines[0] as Engine, runs[index] as Run | Sequence))
      return outcomes
    })
  const atOnce = (runs: readonly (Run | Sequence)[], seed: number) =>
    resultOf(() => Promise.all(interleave(engines, runs, randomOf(seed)).map(settled)))

  test.each(names)(
    '%s, several times',
    async (name) => {
      const copies = 2 + (names.indexOf(name) % 7)
      const runs = Array.from({ length: copies }, (_, copy) =>
        (OPERATIONS[name] as (copy: number) => Run | Sequence)(copy),
      )
      // They differ in what they create alone, so all orders are equal but for that.
      const order = runs.map((_, index) => index)
      expect(withoutCopies(await atOnce(runs, copies))).toEqual(withoutCopies(await serially(runs, order)))
    },
    60_000,
  )

  /** Runs them at the same time. @throws if the result is not that of any order */
  async function expectSomeOrder(mixed: readonly string[], seed: number): Promise<void> {
    const runs = mixed.map((name, index) => (OPERATIONS[name] as (copy: number) => Run | Sequence)(index))
    const result = await atOnce(runs, seed)
    const expected: Result[] = []
    for (const order of permutations(mixed.length)) {
      const serial = await serially(runs, order)
      if (Bun.deepEquals(serial, result)) return
      expected.push(serial)
    }
    console.error(`seed ${seed}: ${mixed.join(', ')}`)
    expect([result]).toEqual(expected)
  }

  test.each(seeds)(
    'a mix of operations, seed %d',
    async (seed) => {
      const random = randomOf(seed)
      const count = seed % 4 === 0 ? 3 : 2
      await expectSomeOrder(
        Array.from({ length: count }, () => names[Math.floor(random() * names.length)] as string),
        seed,
      )
    },
    60_000,
  )

  test.each(names)(
    'a refresh at once beside %s',
    async (name) => {
      for (const seed of [1, 2, 3]) await expectSomeOrder([REFRESH_AT_ONCE, name], seed)
    },
    60_000,
  )

  const AGAIN = 'openSession: a second time within a millisecond'
  const BY_CODE = 'openSession: with a TOTP code'
  const BY_PASSKEY = 'openSession: with a passkey'
  test.each([
    [AGAIN, 'openSession'],
    [AGAIN, 'updateOwnAccount: password'],
    [AGAIN, 'updateUserAsAdmin'],
    [AGAIN, 'resetPassword'],
    [AGAIN, 'confirmEmail'],
    [AGAIN, 'acceptInvitation'],
    [AGAIN, 'softDeleteUser'],
    [AGAIN, 'deleteUser'],
    ['queueServiceLink', 'updateOwnAccount: password'],
    ['recordMessage', 'resetPassword'],
    ['recordAdminLink', 'updateOwnAccount: password'],
    ['storeMessageTokens', 'updateOwnAccount: password'],
    ['storeConfirmationTokens', 'updateUserAsAdmin'],
    [BY_CODE, 'completeChallenge: with a TOTP code'],
    [BY_CODE, 'signInWithLink'],
    [BY_CODE, 'renameFactor'],
    [BY_CODE, 'removeFactor'],
    [BY_PASSKEY, 'renamePasskey'],
    [BY_PASSKEY, 'deletePasskey'],
  ])(
    '%s, beside %s',
    async (one, other) => {
      for (const seed of [1, 2, 3, 4]) await expectSomeOrder([one, other], seed)
    },
    60_000,
  )
})

/** Its outcome, or that the database rejected it: such as a row of an account that is gone. */
const settled = (work: Promise<unknown>) =>
  work.catch((error: Error) => {
    if (/foreign key constraint/i.test(error.message)) return 'rejected'
    throw error
  })

interface Result {
  outcomes: string[]
  rows: string[]
}

/** Numbers that the database assigns differ from order to order, and with each attempt. */
const ASSIGNED = new Set(['uid', 'seq'])

const comparable = (value: unknown): string =>
  JSON.stringify(value, (name, each) => (ASSIGNED.has(name) ? undefined : each)) ?? 'undefined'

/** Every row, with the name of its table. */
async function rowsOf(target: string): Promise<string[]> {
  const tables = await Promise.all(
    (await tablesOf(target)).map(async (name) => {
      const rows = await readRows(target, `SELECT * FROM "${name}"`)
      // Entries are numbered by microseconds, which become milliseconds in a thousand runs.
      const of = name === 'audit_log_entries' ? rows.map((row) => ({ ...row, created_at: 0 })) : rows
      return of.map((row) => `${name} ${comparable(row)}`)
    }),
  )
  return tables.flat().sort()
}

/** Ids of copies without their number, in any order. */
function withoutCopies({ outcomes, rows }: Result): Result {
  const same = (text: string) =>
    text
      .replace(/-00000000000\d/g, '-000000000000')
      // A passkey's is its id in base64url.
      .replace(/"credential_id":"[^"]*"/g, '"credential_id":""')
      .replace(/"credential_bytes":\{[^}]*\}/g, '"credential_bytes":{}')
  return { outcomes: outcomes.map(same).sort(), rows: rows.map(same).sort() }
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]]
  return permutations(count - 1).flatMap((rest) =>
    Array.from({ length: count }, (_, at) => [...rest.slice(0, at), count - 1, ...rest.slice(at)]),
  )
}
