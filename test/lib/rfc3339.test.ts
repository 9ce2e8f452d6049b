import { expect, test } from 'bun:test'
import { goTime, goTimeOr, isoTime, memoize } from '../../src/lib/rfc3339'

/** Instants that share a slot with others, and ones on either side of a second, a day and the epoch. */
const INSTANTS = [0, 1, 10, 100, 120, 256, 512, 999, 1000, 1120, -1, -256, 86_399_999, 86_400_000, 1_767_225_600_000]

test('formatting an instant does not depend on earlier ones', () => {
  for (let round = 0; round < 2; round++)
    for (const ms of [...INSTANTS, ...INSTANTS.toReversed()]) expect(isoTime(ms)).toBe(new Date(ms).toISOString())
})

test('trailing zeros of a fraction are omitted, as in Go', () => {
  expect([0, 120, 100, 1001, 2000].map(goTime)).toEqual([
    '1970-01-01T00:00:00Z',
    '1970-01-01T00:00:00.12Z',
    '1970-01-01T00:00:00.1Z',
    '1970-01-01T00:00:01.001Z',
    '1970-01-01T00:00:02Z',
  ])
})

test('a repeated instant is formatted once', () => {
  const asked: number[] = []
  const format = memoize((ms) => {
    asked.push(ms)
    return String(ms)
  })
  expect([5, 5, 261, 5].map(format)).toEqual(['5', '5', '261', '5'])
  expect(asked).toEqual([5, 261, 5])
})

test('an invalid instant is refused, also the second time', () => {
  for (let round = 0; round < 2; round++) expect(() => isoTime(Number.NaN)).toThrow(RangeError)
})

test('a time that is missing is another value', () => {
  expect([goTimeOr(0, null), goTimeOr(null, null), goTimeOr(null, '')]).toEqual(['1970-01-01T00:00:00Z', null, ''])
})
