/** Stand-ins for the world: a clock that a test sets, and a password hash that costs nothing. */
import { createHash } from 'node:crypto'
import { type Context, contextFactory, type Deps, NO_CLIENT } from '../../src/core/context'
import type { Clock, PasswordHasher } from '../../src/core/ports'

export interface TestClock extends Clock {
  /** @param ms milliseconds to go forward */
  advance(ms: number): void
  /** Sets the wall clock alone, as an operator or a leap might. @param ms milliseconds, either way */
  jump(ms: number): void
}

/** @param start ISO 8601 */
export function testClock(start: string): TestClock {
  let now = Date.parse(start)
  let monotonic = 1000
  return {
    now: () => now,
    monotonic: () => monotonic,
    // nobody waits, and no time passes by itself; but whoever sleeps longer wakes later
    async sleep(ms) {
      for (let turn = 0; turn <= ms / 100; turn++) await new Promise((resolve) => setImmediate(resolve))
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
  /** How many passwords were compared, and with what. */
  verified: string[]
}

/** Recognises its own hashes, and `outdated$…` as those of another age. */
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
    isOutdated: (hash) => hash.startsWith('outdated$'),
    decoy: `fake$${digest('decoy')}x`,
  }
}

/** A hash as an import might have brought it. */
export const outdatedHash = (password: string) => `outdated$${createHash('sha256').update(password).digest('hex')}`

/** The context of background work that begins now. */
export const taskContext = (deps: Deps): Context => contextFactory(deps)(() => NO_CLIENT)
