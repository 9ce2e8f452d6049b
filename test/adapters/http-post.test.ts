import { afterAll, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { httpPost } from '../../src/adapters/http-post'

const asked: { method: string; path: string; headers: Headers; body: string }[] = []
const endlessCancelled = Promise.withResolvers<void>()

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/hook': async (request) => {
      asked.push({
        method: request.method,
        path: new URL(request.url).pathname,
        headers: request.headers,
        body: await request.text(),
      })
      return Response.json({ ok: 'ja, Grüße' }, { status: 202 })
    },
    '/empty': () => new Response(null, { status: 204 }),
    '/busy': () =>
      new Response('later', { status: 503, headers: { 'retry-after': '3', 'content-type': 'x/Y; z="1"' } }),
    '/moved': () => Response.redirect('/hook', 307),
    '/found': () => Response.redirect('/hook', 302),
    '/ten': () => new Response('0123456789'),
    '/packed': () =>
      new Response(gzipSync('0'.repeat(1_000_000)), { headers: { 'content-encoding': 'gzip', 'content-type': 'a/b' } }),
    '/silent': () => new Promise<Response>(() => {}),
    '/stuck': () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue('{"half":')
          },
        }),
      ),
    '/endless': () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue('0123456789'.repeat(1000)),
          cancel: () => endlessCancelled.resolve(),
        }),
      ),
  },
})
afterAll(() => server.stop(true))

const post = (path: string, changes: Partial<Parameters<typeof httpPost>[0]> = {}) =>
  httpPost({
    url: new URL(path, server.url).href,
    headers: { 'content-type': 'application/json', 'webhook-id': 'w1' },
    body: '{"otp":"1"}',
    timeoutMs: 5000,
    maxBytes: 1000,
    ...changes,
  })

test('headers and body are posted unchanged, and the response is returned unparsed', async () => {
  expect(await post('/hook')).toEqual({
    outcome: 'answered',
    status: 202,
    contentType: 'application/json;charset=utf-8',
    retryAfter: '',
    body: '{"ok":"ja, Grüße"}',
    isTooLarge: false,
  })
  const [request] = asked.splice(0)
  expect(request).toMatchObject({ method: 'POST', path: '/hook', body: '{"otp":"1"}' })
  expect(request?.headers.get('content-type')).toBe('application/json')
  expect(request?.headers.get('webhook-id')).toBe('w1')
})

test('a response without a content type or body has empty ones', async () => {
  expect(await post('/empty')).toMatchObject({
    status: 204,
    contentType: '',
    retryAfter: '',
    body: '',
    isTooLarge: false,
  })
})

test('an error status is returned like any other response', async () => {
  expect(await post('/busy')).toMatchObject({
    outcome: 'answered',
    status: 503,
    contentType: 'x/Y; z="1"',
    retryAfter: '3',
    body: 'later',
  })
})

test.each([
  ['/moved', 307],
  ['/found', 302],
])('a redirect to %s is returned and not followed', async (path, status) => {
  expect(await post(path)).toMatchObject({ outcome: 'answered', status })
  expect(asked).toEqual([])
})

test.each([
  [9, '012345678', true],
  [10, '0123456789', false],
  [11, '0123456789', false],
])('at most %d of ten bytes are read', async (maxBytes, body, isTooLarge) => {
  expect(await post('/ten', { maxBytes })).toMatchObject({ body, isTooLarge })
})

test('a compressed response is limited by its decompressed size', async () => {
  expect(await post('/packed', { maxBytes: 5000 })).toMatchObject({ body: '0'.repeat(5000), isTooLarge: true })
  expect(await post('/packed', { maxBytes: 1_000_000 })).toMatchObject({ isTooLarge: false })
})

test('an endless response is truncated and its transfer aborted', async () => {
  const answer = await post('/endless', { maxBytes: 25_000 })
  expect(answer).toMatchObject({ outcome: 'answered', isTooLarge: true, body: '0123456789'.repeat(2500) })
  await endlessCancelled.promise
})

test.each(['/silent', '/stuck'])('%s that never finishes times out', async (path) => {
  expect(await post(path, { timeoutMs: 20 })).toEqual({ outcome: 'timed_out' })
})

test('a port without a listener is unreachable', async () => {
  const nobody = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const url = nobody.url.href
  await nobody.stop(true)
  expect(await httpPost({ url, headers: {}, body: '', timeoutMs: 5000, maxBytes: 1 })).toEqual({
    outcome: 'unreachable',
    error: expect.stringMatching(/\S/),
  })
})

test.each([
  ['no HTTP', 'hello\r\n'],
  ['half an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
])('%s is unreachable', async (_what, text) => {
  const broken = createServer((socket) => socket.on('error', () => {}).end(text))
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  const { port } = broken.address() as { port: number }
  const url = `http://127.0.0.1:${port}/secret-path?key=s3cret`
  const answer = await httpPost({ url, headers: {}, body: '', timeoutMs: 5000, maxBytes: 1000 })
  expect(answer).toEqual({ outcome: 'unreachable', error: expect.not.stringContaining('s3cret') })
  broken.close()
})

test('an invalid address is unreachable', async () => {
  expect(await httpPost({ url: 'not a url', headers: {}, body: '', timeoutMs: 50, maxBytes: 1 })).toMatchObject({
    outcome: 'unreachable',
  })
})
