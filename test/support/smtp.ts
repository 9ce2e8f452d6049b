/** A mail server on loopback that stores what it receives, and rejects or drops the messages that a test selects. */
import type { Socket } from 'node:net'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import { freePort } from './free-port'

export interface SmtpMessage {
  from: string
  to: string[]
  raw: string
  /** Unfolded, otherwise as sent; names in lower case. */
  headers: Record<string, string[]>
  subject: string
  html: string
  text: string
  /** Whether it came over TLS. */
  isSecure: boolean
  /** The user that logged in. */
  user?: string
}

/** A rejection such as `550 5.1.1 No such user`; undefined accepts. */
type Reply = string | undefined

/** Hooks are read at each use, so a test can change them on the object it passed. */
export interface SmtpSinkOptions {
  /** `none` by default. The certificate is the one of smtp-server, which is self-signed and expired. */
  tls?: 'none' | 'starttls' | 'implicit'
  /** If given, required from every client, also without TLS. */
  auth?: { user: string; password: string }
  port?: number
  onConnect?(): Reply
  onLogin?(password: string): Reply
  onSender?(address: string): Reply
  onRecipient?(address: string): Reply
  /** `drop` closes the connection without a response. */
  onData?(message: SmtpMessage): Reply | 'drop'
}

export interface SmtpSink {
  host: string
  port: number
  /** The accepted mails, in order of arrival. */
  messages: SmtpMessage[]
  /** All that arrived, accepted or not. */
  attempts: SmtpMessage[]
  /** How many connections were opened so far. */
  connections(): number
  /** Resolves with all accepted messages, once there are this many. */
  received(count: number): Promise<SmtpMessage[]>
  /** Closes the port and every connection. */
  stop(): Promise<void>
  /** Listens again, on the same port. */
  start(): Promise<void>
}

const HOST = '127.0.0.1'

export async function startSmtp(options: SmtpSinkOptions = {}): Promise<SmtpSink & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const waiting: { count: number; resolve(messages: SmtpMessage[]): void }[] = []
  let server: SMTPServer | undefined
  let connections = 0

  const sink: SmtpSink & AsyncDisposable = {
    host: HOST,
    // Listened on again after an outage; meanwhile nothing else is there.
    port: options.port ?? freePort(),
    messages: [],
    attempts: [],
    connections: () => connections,
    received: (count) =>
      new Promise((resolve) => {
        waiting.push({ count, resolve })
        wake()
      }),
    async start() {
      server = new SMTPServer(serverOptions())
      server.on('error', () => {}) // of single connections, such as a client that dislikes the certificate
      server.server.on('connection', (socket) => {
        connections++
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      })
      const listening = Promise.withResolvers<void>()
      server.server.once('error', listening.reject)
      server.listen(sink.port, HOST, listening.resolve)
      await listening.promise
      sink.port = (server.server.address() as { port: number }).port
    },
    async stop() {
      const closed = Promise.withResolvers<void>()
      server ? server.close(closed.resolve) : closed.resolve()
      server = undefined
      for (const socket of sockets) socket.destroy()
      await closed.promise
    },
    [Symbol.asyncDispose]: () => sink.stop(),
  }

  function wake() {
    for (const { count, resolve } of waiting) if (sink.messages.length >= count) resolve(sink.messages)
  }

  function drop({ remotePort }: SMTPServerSession) {
    for (const socket of sockets) if (socket.remotePort === remotePort) socket.destroy()
  }

  const serverOptions = (): ConstructorParameters<typeof SMTPServer>[0] => {
    const { tls = 'none', auth } = options
    return {
      secure: tls === 'implicit',
      disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
      allowInsecureAuth: true,
      disableReverseLookup: true,
      logger: false,
      onConnect: (_session, done) => done(refusal(options.onConnect?.())),
      onAuth({ username, password }, _session, done) {
        const reply = options.onLogin?.(password ?? '')
        if (reply !== undefined) return done(refusal(reply))
        if (username !== auth?.user || password !== auth?.password) return done(refusal('535 5.7.8 Wrong credentials'))
        done(null, { user: username })
      },
      onMailFrom: ({ address }, _session, done) => done(refusal(options.onSender?.(address))),
      onRcptTo: ({ address }, _session, done) => done(refusal(options.onRecipient?.(address))),
      async onData(stream, session, done) {
        const bytes = await Array.fromAsync<Buffer>(stream).catch(() => undefined)
        if (bytes === undefined) return // the client left before the end
        const message = parse(Buffer.concat(bytes), session)
        sink.attempts.push(message)
        const reply = options.onData?.(message)
        if (reply === 'drop') return drop(session)
        if (reply !== undefined) return done(refusal(reply))
        sink.messages.push(message)
        done()
        wake()
      },
    }
  }

  await sink.start()
  return sink
}

function refusal(reply: Reply): Error | null {
  if (reply === undefined) return null
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) })
}

function parse(bytes: Buffer, { envelope, secure, user }: SMTPServerSession): SmtpMessage {
  const raw = bytes.toString('latin1')
  const { headers } = split(raw)
  const parts = leaves(raw)
  const part = (type: string) => parts.find(({ contentType }) => contentType.startsWith(type))?.body ?? ''
  return {
    from: envelope.mailFrom ? envelope.mailFrom.address : '',
    to: envelope.rcptTo.map(({ address }) => address),
    raw,
    headers,
    subject: decodeWords(headers.subject?.[0] ?? ''),
    html: part('text/html'),
    text: part('text/plain'),
    isSecure: secure,
    ...(typeof user === 'string' && { user }),
  }
}

function split(entity: string) {
  const [head = '', ...rest] = entity.split('\r\n\r\n')
  const headers: Record<string, string[]> = {}
  for (const line of head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? []
    headers[name.toLowerCase()] = [...(headers[name.toLowerCase()] ?? []), value]
  }
  return { headers, body: rest.join('\r\n\r\n') }
}

/** The leaf parts of a message, decoded (RFC 2045 §6, RFC 2046 §5.1). */
function leaves(entity: string): { contentType: string; body: string }[] {
  const { headers, body } = split(entity)
  const contentType = headers['content-type']?.[0] ?? 'text/plain'
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  if (boundary === undefined) {
    return [{ contentType, body: decode(body, headers['content-transfer-encoding']?.[0] ?? '') }]
  }
  return `\r\n${body}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => leaves(part.replace(/^\r\n/, '')))
}

function decode(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  return Buffer.from(encoding === 'quoted-printable' ? unquote(body) : body, 'latin1').toString()
}

function unquote(text: string): string {
  return text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** RFC 2047, UTF-8 only. */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b' ? decode(word, 'base64') : decode(word.replaceAll('_', ' '), 'quoted-printable'),
    )
}
