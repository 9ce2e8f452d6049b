/** Probes of a database that may have failed. */
import { expect, test } from 'bun:test'
import { healthOf } from '../../../src/store/postgres/health'
import type { Pool } from '../../../src/store/postgres/pool'
import { supervise } from '../../../src/store/postgres/supervision'

test('a probe that fails after the database was closed reports nothing', async () => {
  const problems: unknown[] = []
  const probing = Promise.withResolvers<void>()
  const probed = Promise.withResolvers<void>()
  const supervision = supervise({
    pool: { replace() {}, endOverdue() {}, close: async () => {} } as unknown as Pool,
    health: healthOf((problem) => problems.push(problem)),
    probe() {
      probing.resolve()
      return probed.promise
    },
  })
  const slow = Promise.withResolvers<void>()
  const read = supervision.run('read', () => slow.promise)
  await probing.promise // begins once the read is slow
  slow.resolve()
  await read
  await supervision.close()
  probed.reject(Object.assign(new Error('Failed to connect'), { code: 'ERR_POSTGRES_CONNECTION_REFUSED' }))
  await Promise.allSettled([probed.promise])
  expect(problems).toEqual([])
})
