import { expect, test } from 'bun:test'
import { oneAtATime } from '../../src/lib/one-at-a-time'

/** Work that ends when told to. */
function manual() {
  const ends: { resolve(): void; reject(error: Error): void }[] = []
  const run = oneAtATime(() => new Promise((resolve, reject) => ends.push({ resolve, reject })))
  return { run, ends }
}

test('calls during a run share one that begins after it', async () => {
  const { run, ends } = manual()
  const first = run()
  const others = [run(), run(), run()]
  expect(ends).toHaveLength(1)
  ends[0]?.resolve()
  await first
  await Promise.resolve()
  expect(ends).toHaveLength(2)
  ends[1]?.resolve()
  await Promise.all(others)
  expect(ends).toHaveLength(2)
})

test('a run that fails fails its own callers only', async () => {
  const { run, ends } = manual()
  const first = run()
  const second = run()
  ends[0]?.reject(new Error('the database is away'))
  await expect(first).rejects.toThrow('the database is away')
  await Promise.resolve()
  ends[1]?.resolve()
  await second
  const third = run()
  ends[2]?.resolve()
  await third
})
