import { expect, test } from 'bun:test'
import type { Policy } from '../../../src/core/kernel/policy'
import { rateLimits } from '../../../src/core/kernel/rate-limits'
import type { Refusal } from '../../../src/core/kernel/refusal'
import { HOUR } from '../../../src/lib/milliseconds'
import { testClock } from '../../support/fakes'

const limits = {
  enabled: true,
  tokensPer5Minutes: 150,
  signUpsPer5Minutes: 30,
  anonymousPerHour: 30,
  guessesPerAccountAndHour: 20,
  guessesPerNetworkAndHour: 100,
  codeGuessesPerHour: 20,
  messagesPerRecipientAndHour: 30,
  verificationsPer5Minutes: 30,
  mailsSent: undefined as Policy['limits']['mailsSent'],
  smsSent: undefined as Policy['limits']['smsSent'],
}

function start(changes: Partial<typeof limits> = {}) {
  const clock = testClock('2026-01-01T00:00:00Z')
  const limiter = rateLimits(
    { limits: { ...limits, ...changes }, signup: { autoconfirmsEmail: false, autoconfirmsPhone: false } } as Policy,
    clock,
  )
  const passes = async (work: () => unknown): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      // Not two `expect`s, which would take seconds for the refusals of a flood.
      const { reason, detail } = error as Refusal
      if (reason !== 'too_many_requests' || !((detail.retryAfterMs ?? 0) > 0)) throw error
      return false
    }
  }
  const count = async (times: number, work: (index: number) => unknown) => {
    let passed = 0
    for (let index = 0; index < times; index++) if (await passes(() => work(index))) passed++
    return passed
  }
  return { clock, limiter, count }
}

test('a bucket allows a burst of 30 requests, then as many as refill', async () => {
  const { clock, limiter, count } = start()
  const ask = () => limiter.request('tokens', '1.2.3.4')
  expect(await count(100, ask)).toBe(30)
  clock.advance(10_000) // 150 in 5 minutes are 5 in 10 seconds
  expect(await count(100, ask)).toBe(5)
  clock.advance(HOUR)
  expect(await count(100, ask)).toBe(30)
})

test('every bucket and every client has its own counter; a /64 is one client', async () => {
  const { limiter, count } = start()
  expect(await count(100, () => limiter.request('tokens', '2001:db8::1'))).toBe(30)
  expect(await count(100, (index) => limiter.request('tokens', `2001:db8::${index + 2}`))).toBe(0)
  expect(await count(100, () => limiter.request('tokens', '2001:db8:0:1::1'))).toBe(30)
  expect(await count(100, () => limiter.request('signUps', '2001:db8::1'))).toBe(30)
  expect(await count(100, () => limiter.request('anonymous', '2001:db8::1'))).toBe(30)
})

test('a wall clock set forward or back changes nothing', async () => {
  const { clock, limiter, count } = start()
  const ask = () => limiter.request('anonymous', '1.2.3.4')
  expect(await count(50, ask)).toBe(30)
  for (const jump of [24 * HOUR, -48 * HOUR]) {
    clock.jump(jump)
    expect(await count(50, ask)).toBe(0)
  }
})

test('an account allows 20 attempts per hour, from all clients together', async () => {
  const { clock, limiter, count } = start()
  const guess = (index: number) =>
    limiter.guess({ account: 'ada', identifier: '', ip: `198.51.${index % 250}.1`, isKnownNetwork: false })
  expect(await count(10, guess)).toBe(10)
  clock.advance(HOUR / 2)
  expect(await count(10_000, guess)).toBe(10)
  clock.advance(HOUR / 2)
  expect(await count(100, guess)).toBe(10)
})

test('successful attempts do not count', async () => {
  const { limiter, count } = start()
  const guess = () => limiter.guess({ account: 'ada', identifier: '', ip: '1.2.3.4', isKnownNetwork: false })
  expect(await count(100, async () => (await guess())())).toBe(100)
  expect(await count(100, guess)).toBe(20)
})

test('attackers cannot lock the owner out of a known network', async () => {
  const { limiter, count } = start()
  const from = (ip: string, isKnownNetwork: boolean) => () =>
    limiter.guess({ account: 'ada', identifier: '', ip, isKnownNetwork })
  expect(await count(100, from('198.51.100.1', false))).toBe(20)
  expect(await count(100, from('203.0.113.7', true))).toBe(20)
  expect(await count(100, from('203.0.113.99', true))).toBe(0) // the same /24
})

test('single attempts at many accounts from one /24 are limited', async () => {
  const { limiter, count } = start()
  const spray = (index: number) =>
    limiter.guess({ account: `user-${index}`, identifier: '', ip: `198.51.100.${index % 250}`, isKnownNetwork: false })
  expect(await count(10_000, spray)).toBe(100)
  expect(
    await count(10, () => limiter.guess({ account: 'ada', identifier: '', ip: '198.51.101.1', isKnownNetwork: false })),
  ).toBe(10)
})

test('a flood of invented identifiers and addresses evicts no counter and uses up no account’s limit', async () => {
  const { limiter, count } = start()
  const attack = () => limiter.guess({ account: 'ada', identifier: '', ip: '1.2.3.4', isKnownNetwork: false })
  expect(await count(100, attack)).toBe(20)
  for (let index = 0; index < 120_000; index++) {
    const ip = `${11 + (index % 200)}.${(index >> 8) & 255}.${index & 255}.1`
    await count(1, () => limiter.guess({ account: undefined, identifier: `flood-${index}`, ip, isKnownNetwork: false }))
  }
  expect(await count(100, attack)).toBe(0)
  expect(
    await count(100, () => limiter.guess({ account: 'eve', identifier: '', ip: '9.9.9.9', isKnownNetwork: true })),
  ).toBe(20)
  // 120,000 refusals take seconds on a busy machine
}, 60_000)

test('an IPv6 /48 is allowed as many requests as sixteen clients', async () => {
  const { limiter, count } = start()
  const ask = (index: number) => limiter.request('tokens', `2001:db8:0:${index.toString(16)}::1`)
  expect(await count(2000, ask)).toBe(16 * 30)
  expect(await count(10, () => limiter.request('tokens', '2001:db8:1::1'))).toBe(10)
})

test('a long identifier takes no more memory than a short one', async () => {
  const { limiter } = start()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < 200; index++) {
    try {
      await limiter.guess({
        account: undefined,
        identifier: `${index}${'x'.repeat(1_000_000)}`,
        ip: '1.2.3.4',
        isKnownNetwork: false,
      })
    } catch {}
  }
  Bun.gc(true)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
})

test('limits can be disabled', async () => {
  const { limiter, count } = start({ enabled: false })
  expect(await count(1000, () => limiter.request('tokens', '1.2.3.4'))).toBe(1000)
  expect(
    await count(1000, () => limiter.guess({ account: 'ada', identifier: '', ip: '1.2.3.4', isKnownNetwork: false })),
  ).toBe(1000)
})
