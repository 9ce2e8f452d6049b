import { expect, test } from 'bun:test'
import { MINUTE } from '../../src/lib/milliseconds'
import { every, within } from '../../src/lib/timers'

const never = new Promise<never>(() => {})

test('work that ends in time gives its own result', async () => {
  expect(await within(MINUTE, Promise.resolve('done'), () => 'late')).toBe('done')
  const failing = within(MINUTE, Promise.reject(new Error('failed')), () => 'late')
  await expect(failing).rejects.toThrow('failed')
})

test('work that takes too long gives what is returned or thrown instead', async () => {
  expect(await within(1, never, () => 'late')).toBe('late')
  const failing = within(1, never, () => {
    throw new Error('too late')
  })
  await expect(failing).rejects.toThrow('too late')
})

test('work is repeated until its timer is cleared, and keeps no process alive', async () => {
  const { promise: thrice, resolve } = Promise.withResolvers<void>()
  let runs = 0
  const timer = every(1, () => {
    runs += 1
    if (runs === 3) resolve()
  })
  expect(timer.hasRef()).toBe(false)
  await thrice
  clearInterval(timer)
})
