import { expect, test } from 'bun:test'
import { backgroundTasks } from '../../src/compose/background-tasks'

test('the end waits for every task, and failures are reported', async () => {
  const seen: unknown[] = []
  const fault = new Error('unreachable')
  const tasks = backgroundTasks((error) => seen.push(error))
  const { promise, resolve } = Promise.withResolvers<void>()
  tasks.add(promise.then(() => seen.push('done')))
  tasks.add(Promise.reject(fault))
  const ending = tasks.end()
  expect(Bun.peek.status(ending)).toBe('pending')
  resolve()
  await ending
  expect(seen).toEqual([fault, 'done'])
})
