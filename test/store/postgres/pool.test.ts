/** The connections of a server whose database is gone. */
import { expect, test } from 'bun:test'
import type { SQL } from 'bun'
import { poolOf } from '../../../src/store/postgres/pool'

test('a connection that cannot be given back fails nothing, and its place is free', async () => {
  const lost = { release: () => Promise.reject(new Error('connection closed')) }
  const pool = poolOf(() => ({ reserve: async () => lost }) as unknown as SQL, 1)
  for (let time = 0; time < 2; time++) await pool.release(await pool.reserve())
  expect(pool.connections()).toEqual({ max: 1, reserved: 0, waiting: 0 })
})
