import { expect, test } from 'bun:test'
import { breachedPasswords } from '../../src/adapters/breached-passwords'

/** A service that gives preset responses, and counts requests. */
function service(answer: () => Response | Promise<Response>) {
  let asked = 0
  const server = Bun.serve({
    port: 0,
    fetch() {
      asked += 1
      return answer()
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, asked: () => asked, [Symbol.dispose]: () => void server.stop(true) }
}

const LINES = `${'A'.repeat(35)}:3`

test('after a timeout, lookups are skipped for half a minute instead of delaying every request', async () => {
  let answer: () => Response | Promise<Response> = () => new Promise<Response>(() => {})
  using hung = service(() => answer())
  let now = 0
  const look = breachedPasswords({ url: hung.url, userAgent: 'test', timeoutMs: 1000, monotonic: () => now })
  expect((await look('ABCDE')).outcome).toBe('failed')
  for (let request = 0; request < 20; request++) expect((await look('ABCDE')).outcome).toBe('failed')
  expect(hung.asked()).toBe(1)
  answer = () => new Response(LINES)
  now = 30_000
  expect(await look('ABCDE')).toEqual({ outcome: 'answered', lines: [LINES] })
  expect(await look('ABCDE')).toEqual({ outcome: 'answered', lines: [LINES] })
  expect(hung.asked()).toBe(3)
})
