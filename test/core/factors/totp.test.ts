import { expect, test } from 'bun:test'
import { keyUri, matchingStep } from '../../../src/core/factors/totp'

const RFC_SECRET = Buffer.from('12345678901234567890')

test.each([
  [59, '287082', 1],
  [1111111109, '081804', 37037036],
  [1111111111, '050471', 37037037],
  [1234567890, '005924', 41152263],
  [2000000000, '279037', 66666666],
  [20000000000, '353130', 666666666],
])('RFC 6238 appendix B: at %d seconds the code is %s', (seconds, code, step) => {
  expect(matchingStep(RFC_SECRET, code, seconds * 1000)).toBe(step)
})

test.each([
  ['755224', 0],
  ['287082', 1],
  ['359152', 2],
  ['969429', 3],
  ['338314', 4],
  ['254676', 5],
  ['287922', 6],
  ['162583', 7],
  ['399871', 8],
  ['520489', 9],
])('RFC 4226 appendix D: %s is the code of counter %d', (code, counter) => {
  expect(matchingStep(RFC_SECRET, code, counter * 30_000)).toBe(counter)
})

test('threat T29: a code counts one step early and late, and no further', () => {
  const at = (step: number) => matchingStep(RFC_SECRET, '050471', step * 30_000)
  expect([37037035, 37037036, 37037037, 37037038, 37037039].map(at)).toEqual([
    undefined,
    37037037,
    37037037,
    37037037,
    undefined,
  ])
})

test.each(['', '05047', '0504711', '050 471', '०५०४७१', 'abcdef', '-50471'])('%p is not a code', (code) => {
  expect(matchingStep(RFC_SECRET, code, 1111111111000)).toBeUndefined()
})

test.each([' 050471', '050471\n'])('%p is a code, with blanks from copying it', (code) => {
  expect(matchingStep(RFC_SECRET, code, 1111111111000)).toBe(37037037)
})

test('issuer and account are escaped in the URI', () => {
  expect(keyUri(RFC_SECRET, 'A & B: C', 'ada+1@example.com')).toBe(
    'otpauth://totp/A%20%26%20B%3A%20C:ada%2B1%40example.com?algorithm=SHA1&digits=6&issuer=A%20%26%20B%3A%20C&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  )
})
