import { expect, test } from 'bun:test'
import { readAtMost } from '../../src/lib/read-at-most'

/** A stream of chunks, and whether its reader gave up on the rest. */
function streamOf(...chunks: string[]) {
  const state = { isCancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = chunks.shift()
        if (next === undefined) controller.close()
        else controller.enqueue(Buffer.from(next))
      },
      cancel() {
        state.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

test('a stream up to the limit is read to its end', async () => {
  const { stream } = streamOf('abc', '', 'de')
  const { bytes, isTooLarge } = await readAtMost(5, stream)
  expect([bytes.toString(), isTooLarge]).toEqual(['abcde', false])
})

test('a longer one is truncated, marked, and its rest not transferred', async () => {
  const { stream, state } = streamOf('abc', 'def', 'ghi')
  const { bytes, isTooLarge } = await readAtMost(5, stream)
  expect([bytes.toString(), isTooLarge, state.isCancelled]).toEqual(['abcde', true, true])
})

test('an absent stream counts as empty', async () => {
  const { bytes, isTooLarge } = await readAtMost(0, null)
  expect([bytes.length, isTooLarge]).toEqual([0, false])
})

test('an interrupted stream does not count as a short one', async () => {
  const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('reset')) })
  expect(readAtMost(5, stream)).rejects.toThrow('reset')
})
