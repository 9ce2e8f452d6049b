/** Budgets in memory, and in a database that three nodes share: the same limits, exact for all nodes together. */
import { describe, expect, test } from 'bun:test'
import { memoryBudgets } from '../../../src/core/kernel/memory-budgets'
import type { Policy } from '../../../src/core/kernel/policy'
import { type RateLimits, rateLimits } from '../../../src/core/kernel/rate-limits'
import { Refusal } from '../../../src/core/kernel/refusal'
import { HOUR } from '../../../src/lib/milliseconds'
import { type TestClock, testClock } from '../../support/fakes'
import { beforeNodes, startNodes } from '../../support/nodes'
import { hasPostgres, runOn } from '../../support/postgres'

const limits = {
  enabled: true,
  guessesPerAccountAndHour: 10,
  guessesPerNetworkAndHour: 15,
  codeGuessesPerHour: 10,
  messagesPerRecipientAndHour: 2,
  mailsSent: undefined as Policy['limits']['mailsSent'],
  smsSent: undefined as Policy['limits']['smsSent'],
}

interface Group extends AsyncDisposable {
  clock: TestClock
  /** One of each node. */
  limiters: readonly RateLimits[]
  /** How many rows the budgets have, if they are in a database. */
  rows?(): Promise<number>
}

type Start = (changes?: Partial<typeof limits>) => Promise<Group>

const policyOf = (changes: Partial<typeof limits>) =>
  ({
    limits: { ...limits, ...changes },
    signup: { autoconfirmsEmail: false, autoconfirmsPhone: false },
  }) as Policy

const inMemory: Start = async (changes = {}) => {
  const clock = testClock('2026-01-01T00:00:00Z')
  return {
    clock,
    limiters: [rateLimits(policyOf(changes), clock, memoryBudgets(clock))],
    async [Symbol.asyncDispose]() {},
  }
}

const inDatabase: Start = async (changes = {}) => {
  const clock = testClock('2026-01-01T00:00:00Z')
  const group = await startNodes(3)
  return {
    clock,
    limiters: group.nodes.map(({ store }) => rateLimits(policyOf(changes), clock, store.shared?.budgets(clock.now))),
    rows: async () => (await runOn(group.database.url, 'SELECT FROM latchkey.guesses')).length,
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  }
}

/** Runs work at the same time, on all nodes in turn. @returns how long the refused ones have to wait */
async function concurrently<T>(
  { limiters }: Group,
  times: number,
  work: (limits: RateLimits, index: number) => Promise<T>,
): Promise<{ passed: T[]; waits: (number | undefined)[] }> {
  const passed: T[] = []
  const waits: (number | undefined)[] = []
  const attempt = async (index: number) => {
    try {
      passed.push(await work(limiters[index % limiters.length] as RateLimits, index))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      waits.push(error.detail.retryAfterMs ?? error.detail.waitMs)
    }
  }
  await Promise.all(Array.from({ length: times }, (_, index) => attempt(index)))
  return { passed, waits }
}

const guessAt = (account: string | undefined, ip = '198.51.100.1', isKnownNetwork = false) => {
  const guess = { account, identifier: 'ada', ip, isKnownNetwork }
  return (each: RateLimits) => each.guess(guess)
}

beforeNodes()

describe.each([
  ['in memory', inMemory, true],
  ['in a database of three nodes', inDatabase, hasPostgres],
] as const)('budgets %s', (_, start, isPossible) => {
  const it = test.skipIf(!isPossible)

  it('let exactly 10 of 30 concurrent guesses at a password or a code through', async () => {
    await using group = await start()
    const guesses = [guessAt('ada'), guessAt(undefined, '203.0.113.1'), (each: RateLimits) => each.code('ada')]
    for (const guess of guesses) {
      const { passed, waits } = await concurrently(group, 30, guess)
      expect([passed.length, new Set(waits)]).toEqual([10, new Set([HOUR])])
    }
  })

  it('allow the next guess an hour after the first one', async () => {
    await using group = await start()
    expect((await concurrently(group, 4, guessAt('ada'))).passed).toHaveLength(4)
    group.clock.advance(HOUR / 2)
    expect((await concurrently(group, 9, guessAt('ada'))).passed).toHaveLength(6)
    group.clock.advance(HOUR / 2 - 1)
    expect(await concurrently(group, 1, guessAt('ada'))).toEqual({ passed: [], waits: [1] })
    group.clock.advance(1)
    expect((await concurrently(group, 9, guessAt('ada'))).passed).toHaveLength(4)
  })

  it('get back each guess that is refunded, once', async () => {
    await using group = await start()
    const { passed } = await concurrently(group, 30, guessAt('ada'))
    const [first, second] = passed
    await Promise.all([first?.(), second?.()])
    expect((await concurrently(group, 9, guessAt('ada'))).passed).toHaveLength(2)
  })

  it('count a guess that is refused nowhere, and keep no trace of a refunded one', async () => {
    await using group = await start()
    const spray = (each: RateLimits, index: number) => guessAt(`user ${index % 2}`)(each)
    expect((await concurrently(group, 30, spray)).passed).toHaveLength(15)
    const { passed } = await concurrently(group, 5, guessAt('user 0', '203.0.113.9', true))
    expect(passed).toHaveLength(5)
    const rows = await group.rows?.()
    const other = await concurrently(group, 1, guessAt('eve', '203.0.113.7'))
    await other.passed[0]?.()
    expect(await group.rows?.()).toBe(rows)
  })

  it('allow a number of messages to a recipient', async () => {
    await using group = await start()
    expect((await concurrently(group, 9, (each) => each.recipient('ada'))).passed).toHaveLength(2)
    expect((await concurrently(group, 9, (each) => each.recipient('bob'))).passed).toHaveLength(2)
  })

  it('allow a number of mails per hour; asking counts nothing', async () => {
    await using group = await start({ mailsSent: { count: 5, refillMs: undefined } })
    await concurrently(group, 20, (each) => each.mail(0))
    expect((await concurrently(group, 20, (each) => each.mail(1))).passed).toHaveLength(5)
    expect(await concurrently(group, 1, (each) => each.mail(0))).toEqual({ passed: [], waits: [HOUR] })
    group.clock.advance(HOUR)
    expect((await concurrently(group, 2, (each) => each.mail(2))).passed).toHaveLength(2)
    expect((await concurrently(group, 3, (each) => each.mail(1))).passed).toHaveLength(1)
  })

  it('allow a burst of SMS, then as many as refill', async () => {
    await using group = await start({ smsSent: { count: 5, refillMs: 1000 } })
    const sms = (each: RateLimits) => each.sms()
    const { passed, waits } = await concurrently(group, 20, sms)
    expect([passed.length, new Set(waits)]).toEqual([5, new Set([1000])])
    group.clock.advance(2500)
    expect(await concurrently(group, 4, sms)).toMatchObject({ passed: [undefined, undefined], waits: [500, 500] })
    group.clock.advance(HOUR)
    expect((await concurrently(group, 20, sms)).passed).toHaveLength(5)
  })

  it('give a key to one of many, until it is released or its holder is gone', async () => {
    await using group = await start()
    const acquire = async () => {
      const { passed } = await concurrently(group, 12, (each) => each.exclusive('key'))
      return passed.filter((release) => release !== undefined)
    }
    const [release, ...others] = await acquire()
    expect(others).toEqual([])
    expect(await acquire()).toEqual([])
    await release?.()
    expect(await acquire()).toHaveLength(1)
    group.clock.advance(9999)
    expect(await acquire()).toEqual([])
    group.clock.advance(1)
    expect(await acquire()).toHaveLength(1)
  })
})

describe.skipIf(!hasPostgres)('budgets in a database', () => {
  test('recover from a clock that was wrong', async () => {
    await using group = await inDatabase({ smsSent: { count: 1, refillMs: 1000 } })
    const both = async (each: RateLimits) => {
      await each.code('ada')
      await each.sms()
    }
    group.clock.jump(30 * 24 * HOUR)
    expect((await concurrently(group, 1, both)).passed).toHaveLength(1)
    group.clock.jump(-30 * 24 * HOUR)
    expect((await concurrently(group, 1, both)).passed).toHaveLength(1)
  })

  test('are deleted once nothing in them counts', async () => {
    await using group = await startNodes()
    const [{ store }] = group.nodes
    const clock = testClock('2026-01-01T00:00:00Z')
    const limiter = rateLimits(policyOf({}), clock, store.shared?.budgets(clock.now))
    await limiter.code('ada')
    clock.advance(HOUR)
    await limiter.code('bob')
    expect(await store.shared?.removeExpired(clock.now())).toEqual({ budgets: 0, lostResponses: 0 })
    clock.advance(1)
    expect(await store.shared?.removeExpired(clock.now())).toEqual({ budgets: 1, lostResponses: 0 })
    expect(await runOn(group.database.url, 'SELECT FROM latchkey.guesses')).toHaveLength(1)
  })
})
