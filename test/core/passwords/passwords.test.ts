import { expect, test } from 'bun:test'
import { passwordHasher } from '../../../src/adapters/password-hasher'
import type { PasswordHasher } from '../../../src/core/kernel/ports'
import { passwords } from '../../../src/core/passwords/passwords'
import { fakeHasher, testClock } from '../../support/fakes'

/** A hasher whose results a test releases. */
function slowHasher() {
  const running: (() => void)[] = []
  let peak = 0
  const hasher: PasswordHasher = {
    ...fakeHasher(),
    async hash(password) {
      const done = new Promise<void>((resolve) => running.push(resolve))
      peak = Math.max(peak, running.length)
      await done
      return password
    },
  }
  return { hasher, running, peak: () => peak }
}

const settled = async (promises: Promise<unknown>[]) => (await Promise.allSettled(promises)).map(({ status }) => status)
const reasons = async (promises: Promise<unknown>[]) =>
  (await Promise.allSettled(promises)).map((each) =>
    each.status === 'rejected' ? (each.reason as { reason: string }).reason : each.value,
  )

test('the number of running hashes is bounded by the slots, and of waiting ones by the queue', async () => {
  const { hasher, running, peak } = slowHasher()
  const hashing = passwords(hasher, testClock('2026-01-01T00:00:00Z'), { slots: 2, queue: 3, maxWaitMs: 10_000 })
  const all = Array.from({ length: 7 }, (_, index) => hashing.hash(`p${index}`))
  const outcome = reasons(all)
  for (let finished = 0; finished < 5; finished++) {
    await Bun.sleep(0)
    running.shift()?.()
  }
  expect(await outcome).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'too_many_requests', 'too_many_requests'])
  expect(peak()).toBe(2)
})

test('a request that waited too long fails without hashing, and the next one proceeds', async () => {
  const { hasher, running } = slowHasher()
  const clock = testClock('2026-01-01T00:00:00Z')
  const hashing = passwords(hasher, clock, { slots: 1, queue: 10, maxWaitMs: 1000 })
  const all = [hashing.hash('a'), hashing.hash('b')]
  await Bun.sleep(0)
  clock.advance(1001)
  all.push(hashing.hash('c'))
  const outcome = reasons(all)
  running.shift()?.()
  await Bun.sleep(0)
  running.shift()?.()
  expect(await outcome).toEqual(['a', 'request_timeout', 'c'])
})

test('a hash that fails frees its slot', async () => {
  let fails = true
  const hasher = { ...fakeHasher(), hash: async () => (fails ? Promise.reject(new Error('broken')) : 'ok') }
  const hashing = passwords(hasher, testClock('2026-01-01T00:00:00Z'), { slots: 1, queue: 1, maxWaitMs: 1000 })
  expect(await settled([hashing.hash('a')])).toEqual(['rejected'])
  fails = false
  expect(await hashing.hash('b')).toBe('ok')
})

test('an unusable hash still costs a comparison', async () => {
  const hasher = fakeHasher()
  const hashing = passwords(hasher, testClock('2026-01-01T00:00:00Z'), { slots: 1, queue: 1, maxWaitMs: 1000 })
  const hash = await hasher.hash('right')
  const cases: [string, string | null, boolean][] = [
    ['right', hash, true],
    ['wrong', hash, false],
    ['right', null, false],
    ['', hash, false],
    ['right', 'plain text', false],
    ['x'.repeat(73), hash, false],
    ['no password', hasher.decoy, false],
  ]
  for (const [password, stored, expected] of cases) expect(await hashing.verify(password, stored)).toBe(expected)
  expect(hasher.verified).toHaveLength(cases.length)
})

/** Hashes from other implementations, with their passwords. */
const foreign = {
  'bcrypt of PHP': ['test', '$2y$10$SXEz2HeT8PUIGQXo9yeUIem8KzNxgG0d7o/.eGj2rj8KbRgAuRVlq'],
  "Firebase's scrypt, its published sample": [
    'user1password',
    '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  ],
} as const

test('imported hashes verify, and are replaced', async () => {
  const hasher = passwordHasher({})
  const other = await Bun.password.hash('test', { algorithm: 'argon2id', memoryCost: 64, timeCost: 1 })
  const argon2i = await Bun.password.hash('test', { algorithm: 'argon2i', memoryCost: 64, timeCost: 3 })
  const hashes = [...Object.values(foreign), ['test', other], ['test', argon2i]] as [string, string][]
  for (const [password, hash] of hashes) {
    expect([hash, hasher.accepts(hash), hasher.isOutdated(hash)]).toEqual([hash, true, true])
    expect(await hasher.verify(password, hash)).toBe(true)
    expect(await hasher.verify(`${password}x`, hash)).toBe(false)
  }
})

test('own hashes are current, and the dummy hash costs the same and matches no password', async () => {
  for (const options of [{}, { bcryptRounds: 10 }]) {
    const hasher = passwordHasher(options)
    const hash = await hasher.hash('test')
    expect([hasher.accepts(hash), hasher.isOutdated(hash), await hasher.verify('test', hash)]).toEqual([
      true,
      false,
      true,
    ])
    expect([
      hasher.accepts(hasher.decoy),
      hasher.isOutdated(hasher.decoy),
      await hasher.verify('no password', hasher.decoy),
    ]).toEqual([true, false, false])
  }
  expect(passwordHasher({}).isOutdated(await passwordHasher({ bcryptRounds: 10 }).hash('test'))).toBe(true)
})

test.each([
  '',
  'plain',
  '$1$md5$hash',
  '$2a$31$SXEz2HeT8PUIGQXo9yeUIem8KzNxgG0d7o/.eGj2rj8KbRgAuRVlq',
  '$2y$10$short',
  '$argon2d$v=19$m=32,t=2,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk',
  '$argon2id$v=19$m=4194304,t=2,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk',
  '$argon2id$v=19$m=32,t=21,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk',
  '$argon2id$v=19$m=32,t=2,p=17$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk',
  '$fbscrypt$v=1,n=30,r=8,p=1,ss=Bw==,sk=AAAA$c2FsdA==$aGFzaA==',
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$c2FsdA==$aGFzaA==',
])('%s is rejected, and verifies no password', async (hash) => {
  const hasher = passwordHasher({})
  expect(hasher.accepts(hash)).toBe(false)
  expect(await hasher.verify('test', hash)).toBe(false)
})
