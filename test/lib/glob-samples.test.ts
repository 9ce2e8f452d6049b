import { expect, test } from 'bun:test'
import { parseGlob } from '../../src/lib/glob'
import { samplesOf } from '../../src/lib/glob-samples'

test.each([
  'https://app.example.com/**',
  'https://*.example.com/[a-c]?\\*',
  'https://{a,b}.example.com/[!a]x',
  '**',
  'exp://**',
])('each sample of %s matches it', (pattern) => {
  const glob = parseGlob(pattern)
  const samples = samplesOf(pattern)
  expect(samples.filter((sample) => !glob.test(sample))).toEqual([])
  expect(samples.length).toBeGreaterThan(0)
})
