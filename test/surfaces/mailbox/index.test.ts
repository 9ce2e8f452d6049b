import { expect, test } from 'bun:test'
import { mailboxPaths } from '../../../src/pages/mailbox'
import type { MailboxSource } from '../../../src/surfaces/mailbox'
import type { Json } from '../../support/app'
import { linkedPaths } from '../../support/links'
import { fakeSource, startMailbox, type TestMailbox } from '../../support/mailbox'

interface Asked {
  method?: string
  headers?: Record<string, string>
  signal?: AbortSignal
}

const OWN = { host: 'localhost:7020' }
const PATHS = [
  ...mailboxPaths,
  ...['messages', 'messages/m1', 'messages/m1/html', 'events'].map((p) => `/mailbox/api/${p}`),
]

function send({ fetch }: TestMailbox, path: string, { headers = OWN, ...init }: Asked = {}): Promise<Response> {
  const request = new Request(`http://localhost:7020${path}`, { ...init, headers })
  return fetch(request, { requestIP: () => ({ address: '127.0.0.1' }) })
}

async function ask(mailbox: TestMailbox, path: string, asked?: Asked): Promise<{ status: number; body: Json }> {
  const response = await send(mailbox, path, asked)
  return { status: response.status, body: await response.json() }
}

test('a message is shown with its code, links and times, and nothing else', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const extra = { content: 'sealed' }
  const { id } = source.put({
    code: '123456',
    sentAt: Date.UTC(2026, 0, 1, 0, 0, 1),
    state: 'failed',
    error: 'no such mailbox',
    links: [
      'http://localhost:3000/welcome',
      'myapp://callback?code=1',
      'javascript:alert(1)',
      ' DATA:text/html,x',
      'x',
    ],
    ...extra,
  })
  const message = {
    id,
    channel: 'email',
    kind: 'magic_link',
    to: 'ada@example.com',
    from: 'auth@example.com',
    subject: 'Your sign-in link',
    text: 'Sign in',
    html: '<p>Sign in</p>',
    code: '123456',
    links: ['http://localhost:3000/welcome', 'myapp://callback?code=1'],
    state: 'failed',
    error: 'no such mailbox',
    created_at: '2026-01-01T00:00:00.000Z',
    sent_at: '2026-01-01T00:00:01.000Z',
  }
  expect(await ask(mailbox, '/mailbox/api/messages')).toEqual({ status: 200, body: [message] })
  expect(await ask(mailbox, `/mailbox/api/messages/${id}`)).toEqual({ status: 200, body: message })
})

test('messages are listed newest first, fifty by default and at most two hundred', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  for (let i = 0; i < 250; i++) source.put({})
  const lengthOf = async (query: string) => (await ask(mailbox, `/mailbox/api/messages${query}`)).body.length
  const queries = ['', '?limit=3', '?limit=200', '?limit=201', '?limit=99999999999', '?limit=']
  expect(await Promise.all(queries.map(lengthOf))).toEqual([50, 3, 200, 200, 200, 50])
  for (const limit of ['0', '-1', '1.5', 'x'])
    expect(await ask(mailbox, `/mailbox/api/messages?limit=${limit}`)).toEqual({
      status: 400,
      body: { error: 'limit_malformed', message: 'limit must be a whole number from 1.' },
    })
  const { body } = await ask(mailbox, '/mailbox/api/messages?limit=2')
  expect(body.map(({ id }: Json) => id)).toEqual(['message-250', 'message-249'])
})

test.each([
  ['to=ada%40example.com', 'ada@example.com'],
  ['to=ADA@Example.com', 'ada@example.com'],
  ['to=ada+test@example.com', 'ada+test@example.com'],
  ['to=ada%2Btest%40example.com', 'ada+test@example.com'],
  ['to=+15551234567', '15551234567'],
  ['to=%2B1%20555%201234567', '15551234567'],
  ['to=%2B1+555+1234567', '15551234567'],
  ['to=15551234567', '15551234567'],
])('the recipient %s is found', async (query, to) => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const addresses = ['ada@example.com', 'ada+test@example.com', 'grace@example.com', '15551234567', '15551234568']
  for (const each of addresses) source.put({ to: each })
  const { body } = await ask(mailbox, `/mailbox/api/messages?kind=magic_link&${query}`)
  expect(body.map((message: Json) => message.to)).toEqual([to])
})

test('messages can be filtered by kind, and an empty filter is ignored', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  source.put({ kind: 'recovery' })
  source.put({ kind: 'invite' })
  expect((await ask(mailbox, '/mailbox/api/messages?kind=recovery')).body).toMatchObject([{ kind: 'recovery' }])
  expect((await ask(mailbox, '/mailbox/api/messages?kind=&to=')).body).toHaveLength(2)
  expect(source.asked.at(-1)).toEqual({ limit: 50 })
})

test('an unknown message is not found', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const { id } = source.put({ channel: 'sms', html: null })
  const missing = (error: string) => ({ status: 404, body: { error, message: expect.stringMatching(/^[A-Z].*\.$/) } })
  expect(await ask(mailbox, '/mailbox/api/messages/other')).toEqual(missing('message_not_found'))
  expect(await ask(mailbox, '/mailbox/api/messages/other/html')).toEqual(missing('message_not_found'))
  expect(await ask(mailbox, `/mailbox/api/messages/${id}/html`)).toEqual(missing('html_not_found'))
  expect((await send(mailbox, '/mailbox/api/other')).status).toBe(404)
  expect((await send(mailbox, '/mailbox/api/messages/')).status).toBe(404)
})

test('a mail is served without origin or scripts, and its links open in a new tab', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const { id } = source.put({ html: '<!doctype html><html lang="de"><p>Grüße</p>' })
  const answer = await send(mailbox, `/mailbox/api/messages/${id}/html`)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; base-uri 'none'; form-action 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  expect(await answer.text()).toBe('<!doctype html><base target="_blank"><!doctype html><html lang="de"><p>Grüße</p>')
})

test('the page and its assets are served, under a policy that allows nothing else', async () => {
  const mailbox = startMailbox(fakeSource())
  for (const path of ['/mailbox', '/mailbox/', '/mailbox?to=ada@example.com']) {
    const page = await send(mailbox, path)
    expect([path, page.status]).toEqual([path, 200])
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    const text = await page.text()
    expect(text).not.toMatch(/<script>|onload=|style="/)
    const linked = linkedPaths(path, text)
    expect(linked).toHaveLength(2)
    for (const url of linked) expect([url, (await send(mailbox, url)).status]).toEqual([url, 200])
  }
})

test('the page’s script creates no markup from text', async () => {
  const script = await (await send(startMailbox(fakeSource()), '/mailbox/app.js')).text()
  expect(script).toContain('textContent')
  expect(script.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|Function\(/g)).toBeNull()
})

test.each(PATHS)('%s answers only for its own host names', async (path) => {
  const source = fakeSource()
  const mailbox = startMailbox(source, { apiExternalUrl: 'https://auth.example.com/auth/v1' })
  source.put({ id: 'm1' })
  const statusOf = async (host: string) => {
    const { status, body } = await send(mailbox, path, { headers: { host } })
    await body?.cancel()
    return [host, status]
  }
  const own = ['localhost', 'localhost:7020', 'app.localhost:7020', '127.0.0.1:7020', '192.168.1.4', '[::1]:7020']
  for (const host of [...own, 'auth:9999', 'LOCALHOST', 'auth.example.com', 'AUTH.example.com:7020'])
    expect(await statusOf(host)).toEqual([host, 200])
  const foreign = ['evil.example', 'evil.example:7020', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.']
  for (const host of [...foreign, 'example.com', 'auth.example.com.evil.example', 'notlocalhost.com', ''])
    expect(await statusOf(host)).toEqual([host, 403])
})

test('the response to an unknown host name says which setting would allow it', async () => {
  const { status, body } = await ask(startMailbox(fakeSource()), '/mailbox/api/messages', {
    headers: { host: 'auth.example.com' },
  })
  expect([status, body.error]).toEqual([403, 'host_not_allowed'])
  expect(body.message).toContain('AUTH_API_EXTERNAL_URL')
})

test('clearing removes all messages', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  source.put({})
  const answer = await send(mailbox, '/mailbox/api/messages', { method: 'DELETE' })
  expect([answer.status, await answer.text()]).toEqual([204, ''])
  expect((await ask(mailbox, '/mailbox/api/messages')).body).toEqual([])
})

test.each<[Record<string, string>, number]>([
  [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:7020' }, 204],
  [{ 'sec-fetch-site': 'none' }, 204],
  [{ origin: 'http://localhost:7020' }, 204],
  [{ origin: 'https://auth.example.com', 'sec-fetch-site': 'same-origin' }, 204],
  [{ origin: 'https://localhost', host: 'localhost:443' }, 204],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost:7020' }, 403],
  [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, 403],
  [{ origin: 'http://localhost:3000' }, 403],
  [{ origin: 'https://evil.example' }, 403],
  [{ origin: 'null' }, 403],
  [{ origin: '' }, 403],
])('a request to clear with %j is answered %i', async (headers, status) => {
  const source = fakeSource()
  const mailbox = startMailbox(source, { apiExternalUrl: 'https://auth.example.com/auth/v1' })
  source.put({})
  const answer = await send(mailbox, '/mailbox/api/messages', { method: 'DELETE', headers: { ...OWN, ...headers } })
  expect(answer.status).toBe(status)
  if (status === 403) expect(await answer.json()).toMatchObject({ error: 'cross_site_request' })
  expect((await ask(mailbox, '/mailbox/api/messages')).body).toHaveLength(status === 403 ? 1 : 0)
})

test('no response permits pages of other origins', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  source.put({ id: 'm1' })
  const crossOrigin = { ...OWN, origin: 'http://localhost:3000' }
  const preflight = { ...crossOrigin, 'access-control-request-method': 'DELETE' }
  const foreign = { host: 'evil.example', origin: 'http://evil.example' }
  const permissions = async (path: string, asked: Asked) => {
    const { headers, body } = await send(mailbox, path, asked)
    await body?.cancel()
    return [path, [...headers.keys()].filter((name) => name.startsWith('access-control-'))]
  }
  for (const path of [...PATHS, '/mailbox/api/messages/unknown', '/mailbox/unknown']) {
    expect(await permissions(path, { headers: crossOrigin })).toEqual([path, []])
    expect(await permissions(path, { headers: foreign })).toEqual([path, []])
    expect(await permissions(path, { headers: crossOrigin, method: 'DELETE' })).toEqual([path, []])
    expect(await permissions(path, { headers: preflight, method: 'OPTIONS' })).toEqual([path, []])
  }
  const [, elsewhere] = await permissions('/mailboxes', { headers: crossOrigin })
  expect(elsewhere).toContain('access-control-allow-origin')
})

test('responses of the API are not cached', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  source.put({ id: 'm1' })
  for (const path of [...PATHS.filter((each) => each.includes('/api/')), '/mailbox/api/messages/unknown']) {
    const { headers, body } = await send(mailbox, path)
    await body?.cancel()
    expect([path, headers.get('cache-control')]).toEqual([path, 'no-store'])
  }
})

test('a fault is logged and not described', async () => {
  const broken: MailboxSource = { ...fakeSource(), listMessages: () => Promise.reject(new Error('disk on fire')) }
  const mailbox = startMailbox(broken)
  const { status, body } = await ask(mailbox, '/mailbox/api/messages')
  expect([status, body.error]).toEqual([500, 'unexpected_failure'])
  expect(JSON.stringify(body)).not.toContain('fire')
  expect(mailbox.faults.map(String)).toEqual(['Error: disk on fire'])
})

test('metrics are counted by route', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  source.put({ id: 'm1' })
  await send(mailbox, '/mailbox/api/messages/m1')
  await send(mailbox, '/mailbox')
  expect(mailbox.metrics()).toContain('route="/mailbox/api/messages/:id",status="200"')
  expect(mailbox.metrics()).toContain('route="/mailbox",status="200"')
})

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>
}

/** Reads a stream until it contains a text. */
async function readUntil(reader: Reader, wanted: string): Promise<string> {
  let text = ''
  while (!text.includes(wanted)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`the stream ended after ${JSON.stringify(text)}`)
    text += new TextDecoder().decode(value)
  }
  return text
}

async function listen(mailbox: TestMailbox) {
  const { status, headers, body } = await send(mailbox, '/mailbox/api/events')
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  return (body as ReadableStream<Uint8Array>).getReader()
}

test('each new message is announced on all event streams', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const readers = [await listen(mailbox), await listen(mailbox)]
  source.put({ id: 'm1', to: 'a\nb@example.com' })
  source.put({ id: 'm2', to: '15551234567' })
  const [first, second] = [
    'event: message\ndata: {"id":"m1","to":"a\\nb@example.com"}\n\n',
    'event: message\ndata: {"id":"m2","to":"15551234567"}\n\n',
  ]
  for (const reader of readers) expect(await readUntil(reader, second)).toBe(`:\n\n${first}${second}`)
})

test('a stream starts at once, and sends keep-alives', async () => {
  const reader = await listen(startMailbox(fakeSource(), { pingMs: 1 }))
  let pings = 0
  while (pings < 3) {
    expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^(:\n\n)+$/)
    pings += 1
  }
  await reader.cancel()
})

test('a stream unsubscribes when its client disconnects, and when the surface closes', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const leaving = await listen(mailbox)
  const staying = await listen(mailbox)
  expect(source.listeners).toBe(2)
  await leaving.cancel()
  expect(source.listeners).toBe(1)
  mailbox.close()
  expect(source.listeners).toBe(0)
  await staying.read()
  expect((await staying.read()).done).toBe(true)
  const late = await listen(mailbox)
  await late.read()
  expect((await late.read()).done).toBe(true)
  expect(source.listeners).toBe(0)
})

test('the number of streams is limited, per address and in total, and closed ones do not count', async () => {
  const mailbox = startMailbox(fakeSource())
  const open = async (ip: string) => {
    const request = new Request('http://localhost:7020/mailbox/api/events', { headers: OWN })
    const { status, headers, body } = await mailbox.fetch(request, { requestIP: () => ({ address: ip }) })
    if (status === 200) return { status, reader: (body as ReadableStream<Uint8Array>).getReader() }
    return { status, retryAfter: headers.get('retry-after'), error: ((await new Response(body).json()) as Json).error }
  }
  const first = await open('10.0.0.1')
  for (let i = 1; i < 20; i++) expect((await open('10.0.0.1')).status).toBe(200)
  const refused = { status: 429, retryAfter: '30', error: 'too_many_streams' }
  expect(await open('10.0.0.1')).toEqual(refused as never)
  for (let i = 20; i < 100; i++) expect((await open(`10.0.1.${i}`)).status).toBe(200)
  expect(await open('10.0.2.1')).toEqual({ status: 503, retryAfter: '30', error: 'streams_exhausted' } as never)
  await first.reader?.cancel()
  expect((await open('10.0.0.1')).status).toBe(200)
  mailbox.close()
})

test('a message can be deleted by its own page or a program, but not while it is queued', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const [one, other] = [source.put({}), source.put({ state: 'queued' })]
  const remove = async (id: string, headers: Record<string, string> = OWN) =>
    (await send(mailbox, `/mailbox/api/messages/${id}`, { method: 'DELETE', headers })).status
  expect(await remove(one.id, { ...OWN, origin: 'https://evil.example' })).toBe(403)
  expect([await remove(one.id), await remove(one.id), await remove(other.id)]).toEqual([204, 404, 409])
  expect((await ask(mailbox, '/mailbox/api/messages')).body).toMatchObject([{ id: other.id }])
})

test('a client that does not read is disconnected', async () => {
  const source = fakeSource()
  const reader = await listen(startMailbox(source))
  for (let i = 0; i < 100; i++) source.put({})
  expect(source.listeners).toBe(1)
  for (let i = 0; i < 100; i++) source.put({})
  expect(source.listeners).toBe(0)
  while (!(await reader.read()).done);
})

test('over a connection, a stream ends when the client or the server closes it', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  await using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: mailbox.fetch })
  const leaving = new AbortController()
  const url = `${server.url}mailbox/api/events`
  const first = (await fetch(url, { signal: leaving.signal })).body as ReadableStream<Uint8Array>
  const second = (await fetch(url)).body as ReadableStream<Uint8Array>
  const reader = second.getReader()
  source.put({ id: 'm1' })
  expect(await readUntil(reader, '"m1"')).toContain('event: message')
  expect(source.listeners).toBe(2)
  leaving.abort()
  await first.cancel().catch(() => {})
  while (source.listeners > 1) await new Promise(setImmediate)
  mailbox.close()
  while (!(await reader.read()).done);
  expect(source.listeners).toBe(0)
})

test('the API is documented, the pages are not', () => {
  const { routes } = startMailbox(fakeSource())
  const documented = routes.routes
    .map(({ method, path, hooks }) => ({ name: `${method} ${path}`, detail: (hooks as Json).detail }))
    .filter(({ detail }) => !detail.hide)
  expect(documented.map(({ name }) => name).sort()).toEqual([
    'DELETE /mailbox/api/messages',
    'DELETE /mailbox/api/messages/:id',
    'GET /mailbox/api/events',
    'GET /mailbox/api/messages',
    'GET /mailbox/api/messages/:id',
    'GET /mailbox/api/messages/:id/html',
  ])
  for (const { detail } of documented)
    expect(detail).toMatchObject({ tags: ['Mailbox'], operationId: expect.any(String), summary: expect.any(String) })
})

test('with a public URL, the mailbox answers only requests from loopback', async () => {
  const source = fakeSource()
  source.put({})
  const mailbox = startMailbox(source, {
    apiExternalUrl: 'https://auth.example.com/auth/v1',
    isForThisMachine: true,
  })
  const statusOf = async (headers: Record<string, string>, address = '127.0.0.1') => {
    const request = new Request('http://localhost:7020/mailbox/api/messages', { headers })
    return (await mailbox.fetch(request, { requestIP: () => ({ address }) })).status
  }
  expect(await statusOf(OWN)).toBe(200)
  expect(await statusOf({ host: '[::1]:7020' }, '::1')).toBe(200)
  expect(await statusOf({ host: 'auth.example.com' })).toBe(403)
  expect(await statusOf({ host: 'latchkey:7020' })).toBe(403)
  expect(await statusOf(OWN, '203.0.113.7')).toBe(403)
  for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host', 'x-forwarded-proto'])
    expect([header, await statusOf({ ...OWN, [header]: '127.0.0.1' })]).toEqual([header, 403])
})
