import { test as bunTest, expect } from 'bun:test'
import { createServer, type Socket } from 'node:net'
import { type SmtpOptions, smtpMailer } from '../../../src/adapters/mail/smtp'
import type { OutgoingMail } from '../../../src/core/kernel/ports'
import { type SmtpSink, type SmtpSinkOptions, startSmtp } from '../../support/smtp'

/** Concurrent, since each server waits 100 ms before its greeting, to catch clients that talk too early. */
const test = bunTest.concurrent

const login = { user: 'apikey', password: 'correct-horse-9' }
/** Resolves to loopback without being recognized as such: stands for another host. */
const ELSEWHERE = '0.0.0.0'

const mail = (changes: Partial<OutgoingMail> = {}): OutgoingMail => ({
  id: '3f1c8f4e-8f0f-4c53-9c0c-0c7a2f5d9b11',
  to: 'ada@example.org',
  template: 'magic_link',
  subject: 'Your sign-in link',
  html: '<p>Grüße, <a href="https://id.example.com/verify?token=abc&type=magiclink">sign in</a></p>',
  text: 'Grüße: https://id.example.com/verify?token=abc&type=magiclink or 483920',
  ...changes,
})

function mailer({ host, port }: Pick<SmtpSink, 'host' | 'port'>, changes: Partial<SmtpOptions> = {}) {
  const made = smtpMailer({
    host,
    port,
    headers: {},
    security: 'auto',
    maxConnections: 2,
    timeoutMs: 5000,
    from: { address: 'auth@id.example.com', name: 'Latchkey' },
    ...changes,
  })
  return Object.assign(made, { [Symbol.dispose]: made.close })
}

async function started(options: SmtpSinkOptions, changes: Partial<SmtpOptions> = {}) {
  const sink = await startSmtp(options)
  const client = mailer(sink, changes)
  return {
    sink,
    client,
    async [Symbol.asyncDispose]() {
      client.close()
      await sink.stop()
    },
  }
}

async function portOfNobody(): Promise<number> {
  const sink = await startSmtp()
  await sink.stop()
  return sink.port
}

test('a mail arrives as text and HTML with its sender, recipient and Message-ID', async () => {
  await using smtp = await started({})
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  const [message] = await smtp.sink.received(1)
  expect(message).toMatchObject({
    from: 'auth@id.example.com',
    to: ['ada@example.org'],
    subject: 'Your sign-in link',
    html: expect.stringContaining('<p>Grüße, <a href="https://id.example.com/verify?token=abc&type=magiclink">'),
    text: expect.stringContaining('Grüße: https://id.example.com/verify?token=abc&type=magiclink or 483920'),
    isSecure: false,
  })
  expect(message?.headers).toMatchObject({
    from: ['Latchkey <auth@id.example.com>'],
    to: ['ada@example.org'],
    'message-id': ['<3f1c8f4e-8f0f-4c53-9c0c-0c7a2f5d9b11@id.example.com>'],
    'auto-submitted': ['auto-generated'],
    'x-auto-response-suppress': ['All'],
    'content-type': [expect.stringContaining('multipart/alternative')],
  })
})

test('a repeated attempt carries the same Message-ID', async () => {
  await using smtp = await started({})
  await smtp.client.send(mail())
  await smtp.client.send(mail())
  const [first, second] = await smtp.sink.received(2)
  expect(second?.headers['message-id']).toEqual(first?.headers['message-id'] as string[])
})

test('connections are reused, and opened up to the limit', async () => {
  await using smtp = await started({}, { maxConnections: 2 })
  await smtp.client.send(mail())
  await smtp.client.send(mail())
  expect(smtp.sink.connections()).toBe(1)
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => smtp.client.send(mail())))
  expect(outcomes).toEqual(Array(10).fill({ outcome: 'sent' }))
  expect(smtp.sink.messages).toHaveLength(12)
  expect(smtp.sink.connections()).toBe(2)
})

test('configured headers are sent with every value, can use the template name, and replace headers of the same name', async () => {
  const headers = { 'X-Kind': ['kind=$messageType', 'again $messageType'], 'auto-submitted': ['no'] }
  await using smtp = await started({}, { headers })
  await smtp.client.send(mail())
  const [message] = await smtp.sink.received(1)
  expect(message?.headers).toMatchObject({
    'x-kind': ['kind=magic_link', 'again magic_link'],
    'auto-submitted': ['no'],
    'x-auto-response-suppress': ['All'],
  })
})

test('a configured header adds no recipient', async () => {
  await using smtp = await started({}, { headers: { Bcc: ['eve@x.dev'], Cc: ['eve@x.dev'], To: ['eve@x.dev'] } })
  await smtp.client.send(mail())
  expect((await smtp.sink.received(1))[0]?.to).toEqual(['ada@example.org'])
})

test.each([
  ['auto', 'starttls', true],
  ['auto', 'none', false],
  ['starttls', 'starttls', true],
  ['tls', 'implicit', true],
  ['none', 'starttls', false],
] as const)('security %s with a server of %s on loopback: encrypted %p', async (security, tls, isSecure) => {
  await using smtp = await started({ tls }, { security })
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  expect((await smtp.sink.received(1))[0]?.isSecure).toBe(isSecure)
})

test('nothing is sent if STARTTLS is required but not offered', async () => {
  await using smtp = await started({}, { security: 'starttls' })
  expect(await smtp.client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  expect(smtp.sink.attempts).toEqual([])
})

test.each([
  ['auto', 'starttls'],
  ['starttls', 'starttls'],
  ['tls', 'implicit'],
] as const)('security %s: a self-signed certificate of another host is not accepted', async (security, tls) => {
  await using smtp = await started({ tls }, { security, host: ELSEWHERE })
  const outcome = await smtp.client.send(mail())
  expect(outcome).toMatchObject({ outcome: 'unavailable', error: expect.stringMatching(/certificate/i) })
  expect(smtp.sink.attempts).toEqual([])
})

test.each(['auto', 'none'] as const)(
  'security %s: a mail without a login may go to another host unencrypted',
  async (security) => {
    await using smtp = await started({}, { security, host: ELSEWHERE })
    expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  },
)

test.each([
  ['auto', 'none'],
  ['none', 'none'],
  ['none', 'starttls'],
] as const)('security %s, a server of %s on another host: a login is never sent unencrypted', async (security, tls) => {
  const tried: string[] = []
  const onLogin = (password: string) => void tried.push(password)
  await using smtp = await started({ tls, auth: login, onLogin }, { security, host: ELSEWHERE, ...login })
  expect(await smtp.client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  expect(await smtp.client.verify()).toMatchObject({ outcome: 'unavailable' })
  expect(tried).toEqual([])
  expect(smtp.sink.attempts).toEqual([])
})

test.each(['none', 'starttls', 'implicit'] as const)('a login is accepted over %s', async (tls) => {
  const security = tls === 'implicit' ? 'tls' : 'auto'
  await using smtp = await started({ tls, auth: login }, { security, ...login })
  expect(await smtp.client.verify()).toEqual({ outcome: 'sent' })
  expect(smtp.sink.attempts).toEqual([])
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  expect((await smtp.sink.received(1))[0]?.user).toBe('apikey')
})

test('a rejected login does not fail the mail, and no error text contains the password', async () => {
  await using smtp = await started({ auth: login }, { user: 'apikey', password: 'wrong-horse-1' })
  for (const outcome of [await smtp.client.send(mail()), await smtp.client.verify()]) {
    expect(outcome).toMatchObject({ outcome: 'unavailable', error: expect.stringContaining('535') })
  }
  expect(smtp.sink.attempts).toEqual([])
})

test('a password that the server repeats is left out of the error text', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const onLogin = (password: string) =>
    `535 not ${password} nor ${base64(password)} nor ${base64(`\0apikey\0${password}`)}`
  await using smtp = await started({ auth: login, onLogin }, login)
  const outcome = await smtp.client.send(mail())
  expect(outcome).toEqual({ outcome: 'unavailable', error: expect.stringContaining('535 not … nor … nor …') })
})

test('a server that requires a login, where none is configured, does not fail the mail', async () => {
  await using smtp = await started({ auth: login })
  expect(await smtp.client.send(mail())).toMatchObject({
    outcome: 'unavailable',
    error: expect.stringContaining('530'),
  })
})

test.each<[string, SmtpSinkOptions]>([
  ['sender', { onSender: () => '550 5.7.1 Not yours' }],
  ['recipient', { onRecipient: () => '550 5.7.1 Not yours' }],
  ['message', { onData: () => '554 5.7.1 Not yours' }],
])('a %s rejected permanently fails the mail, and the connection is used for the next one', async (_step, options) => {
  await using smtp = await started(options, { maxConnections: 1 })
  const outcome = await smtp.client.send(mail())
  expect(outcome).toEqual({ outcome: 'refused', error: expect.stringMatching(/55[04] 5\.7\.1 Not yours$/) })
  expect(smtp.sink.messages).toEqual([])

  Object.assign(options, { onSender: undefined, onRecipient: undefined, onData: undefined })
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  expect(smtp.sink.connections()).toBe(1)
})

test.each<[string, SmtpSinkOptions]>([
  ['sender', { onSender: () => '451 4.3.0 Later' }],
  ['recipient', { onRecipient: () => '451 4.3.0 Later' }],
  ['message', { onData: () => '451 4.3.0 Later' }],
  ['connection', { onConnect: () => '421 4.3.0 Later' }],
])('a %s rejected temporarily counts as unavailable', async (_step, options) => {
  await using smtp = await started(options)
  const outcome = await smtp.client.send(mail())
  expect(outcome).toEqual({ outcome: 'unavailable', error: expect.stringContaining('4.3.0 Later') })
  expect(smtp.sink.messages).toEqual([])
})

test('a connection rejected permanently does not fail the mail', async () => {
  await using smtp = await started({ onConnect: () => '554 5.7.1 Your address is on a list' })
  for (const outcome of [await smtp.client.send(mail()), await smtp.client.verify()]) {
    expect(outcome).toMatchObject({ outcome: 'unavailable', error: expect.stringContaining('on a list') })
  }
})

test('an error text is short and quotes no code, link or word with a digit from the mail', async () => {
  const quoted = 'https://id.example.com/verify?token=abc123&type=magiclink'
  const onData = () => `554 5.7.1 Bad: "${quoted}", token=abc123, 483920. See https://spam.example/7 ${'x'.repeat(300)}`
  await using smtp = await started({ onData })
  const outcome = await smtp.client.send(mail({ html: `<a href="${quoted}">`, text: `${quoted} or 483920` }))
  if (outcome.outcome !== 'refused') throw new Error(outcome.outcome)
  expect(outcome.error).toContain('554 5.7.1 Bad: "…", …, …. See https://spam.example/7 xxx')
  expect(outcome.error.length).toBe(200)
})

test('an error text names a rejected sender, but no recipient', async () => {
  const options: SmtpSinkOptions = { onRecipient: (to) => `550 5.1.1 <${to}>: no such user; ask postmaster@x.example` }
  await using smtp = await started(options)
  expect(await smtp.client.send(mail({ to: "o'neil+label@example.org" }))).toEqual({
    outcome: 'refused',
    error: expect.stringContaining('550 5.1.1 <…>: no such user; ask …'),
  })
  options.onRecipient = undefined
  options.onSender = (from) => `553 5.7.1 <${from}>: Sender address rejected`
  expect(await smtp.client.send(mail())).toEqual({
    outcome: 'refused',
    error: expect.stringContaining('553 5.7.1 <auth@id.example.com>: Sender address rejected'),
  })
})

test('a connection that closes right after the message counts as unavailable, and the message is sent once', async () => {
  const options: SmtpSinkOptions = { onData: () => 'drop' }
  await using smtp = await started(options)
  expect(await smtp.client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  expect(smtp.sink.attempts).toHaveLength(1)

  options.onData = undefined
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  expect(smtp.sink.attempts).toHaveLength(2)
})

test('nor is a message sent again on a reused connection that closes after it', async () => {
  const options: SmtpSinkOptions = {}
  await using smtp = await started(options)
  await smtp.client.send(mail())
  options.onData = () => 'drop'
  expect(await smtp.client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  expect(smtp.sink.attempts).toHaveLength(2)
})

test('a port without a listener counts as unavailable', async () => {
  using client = mailer({ host: '127.0.0.1', port: await portOfNobody() })
  for (const outcome of [await client.send(mail()), await client.verify()]) {
    expect(outcome).toEqual({ outcome: 'unavailable', error: expect.stringMatching(/\S/) })
  }
})

test('the mailer works again after its server was restarted', async () => {
  await using smtp = await started({})
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  await smtp.sink.stop()
  expect(await smtp.client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  await smtp.sink.start()
  expect(await smtp.client.send(mail())).toEqual({ outcome: 'sent' })
  expect(smtp.sink.messages).toHaveLength(2)
})

test.each([
  ['greets', ''],
  ['answers after its greeting', '220 quiet ESMTP\r\n'],
])('a server that never %s is given up on within the timeout', async (_what, greeting) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    socket.write(greeting)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  using client = mailer({ host: '127.0.0.1', port: (server.address() as { port: number }).port }, { timeoutMs: 30 })
  expect(await client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  expect(await client.verify()).toMatchObject({ outcome: 'unavailable' })
  for (const socket of sockets) socket.destroy()
  server.close()
})

test.each([
  'a@b.dev, evil@x.dev',
  'a@b.dev,evil@x.dev',
  'a@b.dev; evil@x.dev',
  'x:evil@x.dev;',
  'Ada <evil@x.dev>',
  '<evil@x.dev>',
  'a@b.dev\r\nBcc: evil@x.dev',
  'a@b.dev>\r\nRCPT TO:<evil@x.dev',
  'a@b.dev\nevil@x.dev',
  'a@b.dev\0evil@x.dev',
  'a@b.dev evil@x.dev',
  'a@b.dev\u2028evil@x.dev',
  'a@b.dev@x.dev',
  '"a@b.dev, evil"@x.dev',
  'evil@x.dev(a@b.dev)',
  'ada',
  '@x.dev',
  '',
])('%j is rejected as a recipient, and nobody gets the mail', async (to) => {
  await using smtp = await started({})
  expect(await smtp.client.send(mail({ to }))).toEqual({
    outcome: 'refused',
    error: 'the recipient is not a plain mail address',
  })
  expect(smtp.sink.connections()).toBe(0)
})

test.each(['ada+label@example.org', "o'neil@example.org", 'a.b_c-d@sub.example.org', 'ädä@example.org', '{a}@x.dev'])(
  '%s is accepted as a recipient',
  async (to) => {
    await using smtp = await started({})
    expect(await smtp.client.send(mail({ to }))).toEqual({ outcome: 'sent' })
    expect((await smtp.sink.received(1))[0]?.to).toEqual([to])
  },
)

test('a line break in any field adds no header', async () => {
  const evil = 'x\r\nBcc: evil@x.dev\r\nX-Evil: 1\r\n\r\nbody'
  const changes = { from: { address: 'auth@id.example.com', name: evil }, headers: { 'X-Own': [evil], [evil]: ['1'] } }
  await using smtp = await started({}, changes)
  expect(await smtp.client.send(mail({ subject: evil, id: evil }))).toEqual({ outcome: 'sent' })
  const [message] = await smtp.sink.received(1)
  expect(message?.to).toEqual(['ada@example.org'])
  expect(Object.keys(message?.headers ?? {})).not.toContain('bcc')
  expect(Object.keys(message?.headers ?? {})).not.toContain('x-evil')
  expect(message?.text).toContain('483920')
})

test('a text cannot end the message early', async () => {
  const text = 'one\r\n.\r\nRSET\r\nMAIL FROM:<evil@x.dev>\r\n\n.\n\r.\rtwo'
  await using smtp = await started({})
  await smtp.client.send(mail({ text }))
  const [message] = await smtp.sink.received(1)
  expect(message?.text).toContain('two')
  expect(smtp.sink.attempts).toHaveLength(1)
})

test('text and HTML are sent as given, never read from a file or URL', async () => {
  await using smtp = await started({})
  const path = { path: import.meta.path } as unknown as string
  expect(await smtp.client.send(mail({ html: path }))).toMatchObject({ outcome: 'unavailable' })
  expect(await smtp.client.send(mail({ html: import.meta.path }))).toEqual({ outcome: 'sent' })
  expect((await smtp.sink.received(1))[0]?.html).toContain(import.meta.path)
})

test('after closing, nothing is sent', async () => {
  await using smtp = await started({})
  await smtp.client.send(mail())
  smtp.client.close()
  expect(await smtp.client.send(mail())).toMatchObject({ outcome: 'unavailable' })
  expect(smtp.sink.messages).toHaveLength(1)
})
