/** Fakes: a clock that a test sets, and a password hash that costs nothing. */
import { createHash } from 'node:crypto'
import { type Context, contextFactory, type Deps, NO_CLIENT } from '../../src/core/kernel/context'
import type { Clock, PasswordHasher } from '../../src/core/kernel/ports'
import { currentEngine } from './engines'

export interface TestClock extends Clock {
  /** @param ms milliseconds to go forward */
  advance(ms: number): void
  /** Sets the wall clock alone, not the monotonic one. @param ms milliseconds, forward or back */
  jump(ms: number): void
}

/** @param start ISO 8601 */
export function testClock(start: string): TestClock {
  let now = Date.parse(start)
  let monotonic = 1000
  return {
    now: () => now,
    monotonic: () => monotonic,
    // sleeping takes hardly any time, but longer sleeps end later
    async sleep(ms) {
      if (currentEngine() === 'postgres') await Bun.sleep(ms / 20)
      else for (let turn = 0; turn <= ms / 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
    advance(ms) {
      now += ms
      monotonic += ms
    },
    jump(ms) {
      now += ms
    },
  }
}

export interface CountingHasher extends PasswordHasher {
  /** The hashes that passwords were compared with. */
  verified: string[]
}

/** Recognizes its own hashes, and `outdated$…` as outdated ones. */
export function fakeHasher(): CountingHasher {
  const digest = (password: string) => createHash('sha256').update(password).digest('hex')
  const verified: string[] = []
  return {
    verified,
    hash: async (password) => `fake$${digest(password)}`,
    async verify(password, hash) {
      verified.push(hash)
      return hash.split('$')[1] === digest(password)
    },
    accepts: (hash) => /^(fake|outdated)\$/.test(hash),
    isOutdated: (hash) => !hash.startsWith('fake$'),
    decoy: `fake$${digest('decoy')}x`,
  }
}

/** A hash as it may come from an import. */
export const outdatedHash = (password: string) => `outdated$${createHash('sha256').update(password).digest('hex')}`

/** The context of background work that starts now. */
export const taskContext = (deps: Deps): Context => contextFactory(deps)(() => NO_CLIENT)
