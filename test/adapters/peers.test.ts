/** Other servers with invalid responses (docs/other-surfaces.md#federation, docs/threat-model.md#t51). */
import { expect, test } from 'bun:test'
import { httpPeers } from '../../src/adapters/peers'
import type { Lookup } from '../../src/adapters/public-fetch'
import { selfSigned } from '../support/self-signed'

const ask = (url: string, lookup?: Lookup, timeoutMs = 60_000) =>
  httpPeers({
    localHosts: [new URL(url).host].filter((host) => host.startsWith('localhost')),
    timeoutMs,
    ...(lookup && { lookup }),
  }).ask({
    url,
    method: 'POST',
    token: 'secret',
    body: { a: 1 },
  })

async function answering(fetch: (request: Request) => Response | Promise<Response>, timeoutMs?: number) {
  await using server = Bun.serve({ port: 0, fetch })
  return await ask(`http://localhost:${server.port}/auth/v1/login`, undefined, timeoutMs)
}

test('a request is JSON and carries the token', async () => {
  const seen: unknown[] = []
  const answer = await answering(async (request) => {
    seen.push(request.method, new URL(request.url).pathname, request.headers.get('authorization'), await request.json())
    return Response.json({ fine: true }, { status: 401 })
  })
  expect(answer).toEqual({ outcome: 'answered', status: 401, body: { fine: true } })
  expect(seen).toEqual(['POST', '/auth/v1/login', 'Bearer secret', { a: 1 }])
})

const { promise: never } = Promise.withResolvers<Response>()
const endless = () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue('{'),
      pull: () => never.then(() => undefined),
    }),
  )

test.each([
  ['a redirect', () => Response.redirect('http://localhost:1/', 302), 'it responded with 302'],
  ['a fault', () => Response.json({}, { status: 503 }), 'it responded with 503'],
  ['1 MiB', () => Response.json({ a: 'x'.repeat(1_048_576) }), expect.stringContaining('more than 65536 bytes')],
  [
    'HTML',
    () => new Response('<html></html>', { headers: { 'content-type': 'text/html' } }),
    'its response is not a JSON object',
  ],
  ['a JSON list', () => Response.json([]), 'its response is not a JSON object'],
  ['JSON null', () => Response.json(null), 'its response is not a JSON object'],
  ['nothing', () => new Response(''), 'its response is not a JSON object'],
  [
    'JSON that nests without end',
    () => new Response(`{"user":${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
    'its response is not a JSON object',
  ],
])('threat T51: %s is not accepted as a response', async (_, fetch, error) => {
  expect(await answering(fetch)).toEqual({ outcome: 'unavailable', error })
})

test.each([
  ['answers nothing in time', () => never],
  ['never ends its answer', endless],
])('threat T51: a server that %s is given up on', async (_, fetch) => {
  expect(await answering(fetch, 100)).toMatchObject({ outcome: 'unavailable' })
})

test('threat T51: a server that is down is unavailable', async () => {
  const server = Bun.serve({ port: 0, fetch: () => new Response() })
  const { port } = server
  await server.stop(true)
  expect(await ask(`http://localhost:${port}/`)).toMatchObject({ outcome: 'unavailable' })
})

test.each([
  ['127.0.0.1'],
  ['10.1.2.3'],
  ['192.168.1.1'],
  ['169.254.169.254'],
  ['::ffff:169.254.169.254'],
  ['::1'],
  ['fd00::1'],
  ['0.0.0.0'],
  ['100.64.0.1'],
])('threat T51: a listed name that resolves to %s is not connected to', async (address) => {
  const answers = [
    await ask('https://auth.example.com/auth/v1/login', async () => [address]),
    await ask('https://auth.example.com/auth/v1/login', async () => ['93.184.216.34', address]),
  ]
  for (const answer of answers)
    expect(answer).toEqual({ outcome: 'unavailable', error: 'auth.example.com is not public' })
})

test('a certificate of an unknown authority is refused', async () => {
  await using server = Bun.serve({ port: 0, tls: selfSigned, fetch: () => Response.json({}) })
  const answer = await ask(`https://localhost:${server.port}/`)
  expect(answer).toEqual({ outcome: 'unavailable', error: expect.stringContaining('self signed certificate') })
})
