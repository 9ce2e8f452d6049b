import { expect, test } from 'bun:test'
import { lowLimitWarning, openFileLimit } from '../../src/cli/open-files'

const limits = (soft: string) =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}    4096   files\n`

test('the soft limit of open files is read if the system provides it', () => {
  expect(openFileLimit(() => limits('64'))).toBe(64)
  expect(openFileLimit(() => limits('unlimited'))).toBe(Number.POSITIVE_INFINITY)
  expect(
    openFileLimit(() => {
      throw new Error('ENOENT')
    }),
  ).toBeUndefined()
})

test('a low limit is reported with its value', () => {
  expect(lowLimitWarning(64)).toBe(
    'this process may open only 64 files (ulimit -n), which is enough for about 24 connections at once; raise the limit to 1024 or more',
  )
  expect(lowLimitWarning(1024)).toBeUndefined()
  expect(lowLimitWarning(undefined)).toBeUndefined()
})
