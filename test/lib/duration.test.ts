import { expect, test } from 'bun:test'
import { parseDuration } from '../../src/lib/duration'

test.each([
  ['0', 0],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['24h', 86_400_000],
  ['-1h', -3_600_000],
  ['+5m', 300_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['300ms', 300],
  ['1h1h', 7_200_000],
])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

test.each(['', ' ', '1', '1d', '1 day', 'forever', '1h 30m', 'h', '-', '--1h', '1e3s', '999999999999h', '1h30'])(
  '%p is not a duration',
  (text) => expect(parseDuration(text)).toBeUndefined(),
)
