import { expect, test } from 'bun:test'
import { workers } from '../../src/adapters/worker'

/** A queue of messages; the test releases deliveries of `slow` ones. */
function queueOf() {
  const waiting: string[] = []
  const delivered: string[] = []
  const slow: (() => void)[] = []
  return {
    waiting,
    delivered,
    finish() {
      for (const end of slow.splice(0)) end()
    },
    options: {
      async work() {
        const next = waiting.shift()
        if (next === undefined) return 0
        if (next.startsWith('slow')) await new Promise<void>((resolve) => slow.push(resolve))
        delivered.push(next)
        return 1
      },
      nextInMs: async () => undefined,
      onFault(error: unknown) {
        throw error
      },
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a slow recipient does not delay others', async () => {
  const queue = queueOf()
  const crew = workers(2, queue.options)
  for (const message of ['slow', 'a', 'b', 'c']) {
    queue.waiting.push(message)
    crew.wake()
    await turn()
  }
  expect(queue.delivered).toEqual(['a', 'b', 'c'])
  queue.finish()
  await crew.stop()
  expect(queue.delivered).toEqual(['a', 'b', 'c', 'slow'])
})

test('a message that arrives while all slots are busy is taken by the first free one', async () => {
  const queue = queueOf()
  const crew = workers(2, queue.options)
  for (const message of ['slow 1', 'slow 2', 'a']) {
    queue.waiting.push(message)
    crew.wake()
    await turn()
  }
  expect(queue.delivered).toEqual([])
  queue.finish()
  await turn()
  expect(queue.delivered).toContain('a')
  await crew.stop()
})

test('stopping waits for deliveries in progress and starts no more', async () => {
  const queue = queueOf()
  const crew = workers(1, queue.options)
  queue.waiting.push('slow', 'a')
  crew.wake()
  await turn()
  const stopped = crew.stop()
  queue.finish()
  await stopped
  expect([queue.delivered, queue.waiting]).toEqual([['slow'], ['a']])
})
