import { expect, test } from 'bun:test'
import { logOutput } from '../../src/adapters/log-output'

const lost = (lines: number) => `lost ${lines}\n`

/** A file descriptor whose writes end as the test decides. */
function descriptor() {
  const texts: string[] = []
  const ends: { resolve: () => void; reject: (error: unknown) => void }[] = []
  return {
    texts,
    send(text: string) {
      texts.push(text)
      return new Promise<void>((resolve, reject) => ends.push({ resolve, reject }))
    },
    async end(error?: Error) {
      const { resolve, reject } = ends.shift() as (typeof ends)[0]
      if (error) reject(error)
      else resolve()
      await Promise.resolve()
      await Promise.resolve()
    },
  }
}

test('one write runs at a time, and the next one takes everything logged in between', async () => {
  const { texts, send, end } = descriptor()
  const output = logOutput(send, lost)
  output.write('a\n')
  output.write('b\n')
  output.write('c\n')
  await end()
  expect(texts).toEqual(['a\n', 'b\nc\n'])
})

test('lines beyond the buffer are dropped and counted once', async () => {
  const { texts, send, end } = descriptor()
  const output = logOutput(send, lost)
  output.write('a\n')
  const large = `${'x'.repeat(1_000_000)}\n`
  output.write(large)
  output.write(large)
  output.write(`y\n${large}`)
  await end()
  expect(texts[1]).toBe(`lost 3\n${large}`)
  output.write('b\n')
  await end()
  expect(texts[2]).toBe('b\n')
})

test('after a failed write there is a pause, then a line with the number of lost lines', async () => {
  const { texts, send, end } = descriptor()
  const output = logOutput(send, lost)
  output.write('a\nb\n')
  await end(new Error('ENOSPC'))
  output.write('c\n')
  expect(texts).toEqual(['a\nb\n'])
  while (texts.length < 2) await Bun.sleep(10)
  expect(texts[1]).toBe('\nlost 2\nc\n')
  await end(new Error('ENOSPC'))
  while (texts.length < 3) await Bun.sleep(10)
  expect(texts[2]).toBe('\nlost 3\n')
  await end()
})

test('closing waits until everything logged is written', async () => {
  const { texts, send, end } = descriptor()
  const output = logOutput(send, lost)
  output.write('a\n')
  let isClosed = false
  const closed = output.end().then(() => {
    isClosed = true
  })
  output.write('b\n')
  await end()
  expect([texts, isClosed]).toEqual([['a\n', 'b\n'], false])
  await end()
  await closed
})

test('closing tries no write again that has failed', async () => {
  const { texts, send, end } = descriptor()
  const output = logOutput(send, lost)
  output.write('a\n')
  const closed = output.end()
  await end(new Error('the disk is full'))
  await closed
  expect(texts).toEqual(['a\n'])
})

test('closing does not wait forever for a write that does not end', async () => {
  const { texts, send } = descriptor()
  const output = logOutput(send, lost)
  output.write('a\n')
  await output.end()
  expect(texts).toEqual(['a\n'])
})
