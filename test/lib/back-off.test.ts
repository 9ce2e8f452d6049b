import { expect, test } from 'bun:test'
import { backOffMs } from '../../src/lib/back-off'

test('the delay doubles from five seconds up to the maximum', () => {
  expect([1, 2, 3, 7, 8].map((attempts) => backOffMs(attempts, 600_000))).toEqual([
    5000, 10_000, 20_000, 320_000, 600_000,
  ])
})

test('the delay stays finite after any number of attempts', () => {
  expect(backOffMs(100_000, Number.MAX_SAFE_INTEGER)).toBe(5_120_000)
})
