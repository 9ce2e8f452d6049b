/** The executable and a real mail server: what it sends, how it handles failures of that server, and what it reports. */
import { test as bunTest, expect } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binary, run, startBinary } from '../support/binary'
import { type BinaryMailboxEntry, binaryMailboxOf, lastMessageOfKind, openLink } from '../support/binary-mailbox'
import { execute, readRows } from '../support/database'
import { removeFolder } from '../support/remove-folder'
import { type SmtpSink, type SmtpSinkOptions, startSmtp } from '../support/smtp'

const SLOW_MS = 60_000
const test = (name: string, story: () => Promise<void>) => bunTest(name, story, SLOW_MS)
/** Most of their time is spent waiting for retries, the first after 5 s. */
const waitingTest = (name: string, story: () => Promise<void>) => bunTest.concurrent(name, story, SLOW_MS)

const password = 'correct-horse-battery-9'
/** Less than a request would take that waited for a silent mail server (10 s). */
const PROMPT_MS = 8000

const login = { user: 'apikey', password: 'smtp-staple-battery-3' }

/** A folder that is removed at the end. */
function folder() {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-mail-'))
  return { path, [Symbol.dispose]: () => removeFolder(path) }
}

const settings = ({ host, port }: Pick<SmtpSink, 'host' | 'port'>, env: Record<string, string> = {}) => ({
  AUTH_SMTP_HOST: host,
  AUTH_SMTP_PORT: String(port),
  AUTH_SMTP_ADMIN_EMAIL: 'auth@id.example.com',
  AUTH_SMTP_MAX_FREQUENCY: '0s',
  ...env,
})

const withLogin = { AUTH_SMTP_USER: login.user, AUTH_SMTP_PASS: login.password }

/** The executable with a mail server of its own. */
async function started(options: SmtpSinkOptions = {}, env: Record<string, string> = {}) {
  const smtp = await startSmtp(options)
  const server = await startBinary({ env: settings(smtp, env) })
  return {
    smtp,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await smtp.stop()
    },
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(10)
}

/** Requests a mail to an address without an account. The response does not wait for the mail server. */
async function askFor(server: Binary, email: string): Promise<void> {
  const startedAt = performance.now()
  const { status } = await server.ask('POST', '/auth/v1/otp', { body: { email } })
  expect([email, status]).toEqual([email, 200])
  expect(performance.now() - startedAt).toBeLessThan(PROMPT_MS)
}

const addresses = (count: number) => Array.from({ length: count }, (_, index) => `user-${index}@example.com`)
const idsOf = (messages: { headers: Record<string, string[]> }[]) =>
  messages.map(({ headers }) => headers['message-id'])
const logged = ({ log }: Binary, message: string) => log.filter(({ msg }) => msg === message)

async function stateOf(server: Binary, to: string): Promise<BinaryMailboxEntry['state'] | undefined> {
  return (await binaryMailboxOf(server, to))[0]?.state
}

test('mail arrives, and its link leads to this server', async () => {
  const sender = { AUTH_SMTP_SENDER_NAME: 'Example', AUTH_SMTP_HEADERS: '{"X-Kind":["$messageType"]}' }
  await using site = await started({}, sender)
  await askFor(site.server, 'ada@example.com')
  const [mail] = await site.smtp.received(1)
  expect(mail).toMatchObject({ from: 'auth@id.example.com', to: ['ada@example.com'], isSecure: false })
  expect(mail?.headers).toMatchObject({ from: ['Example <auth@id.example.com>'], 'x-kind': ['confirmation'] })
  const [link = ''] = /http:\S+\/auth\/v1\/verify\?\S+/.exec(mail?.text ?? '') ?? []
  expect((await openLink(link)).hash).toContain('access_token=')
})

for (const { tls, security } of [
  { tls: 'starttls', security: 'auto' },
  { tls: 'starttls', security: 'starttls' },
  { tls: 'implicit', security: 'tls' },
  { tls: 'none', security: 'auto' },
] as const)
  test(`mail is sent with a login over ${tls} with AUTH_SMTP_SECURITY=${security}`, async () => {
    await using site = await started({ tls, auth: login }, { ...withLogin, AUTH_SMTP_SECURITY: security })
    await askFor(site.server, 'ada@example.com')
    const [mail] = await site.smtp.received(1)
    expect([mail?.isSecure, mail?.user]).toEqual([tls !== 'none', login.user])
  })

test('a wrong password for the mail server is reported at start, and not printed', async () => {
  await using site = await started({ auth: login }, { ...withLogin, AUTH_SMTP_PASS: 'wrong-staple-4' })
  await until(() => logged(site.server, 'the mail server check failed').length > 0)
  expect(logged(site.server, 'the mail server check failed')[0]).toMatchObject({
    level: 'warn',
    error: expect.stringContaining('535'),
  })
  expect(JSON.stringify(site.server.log)).not.toContain('wrong-staple-4')
})

test('with the Send Email hook, the mail server is neither checked at start nor tested by `latchkey mail test`', async () => {
  using own = folder()
  await using unused = await startSmtp()
  await unused.stop()
  await using hook = Bun.serve({ port: 0, fetch: () => Response.json({}) })
  const env = settings(unused, {
    AUTH_HOOK_SEND_EMAIL_ENABLED: 'true',
    AUTH_HOOK_SEND_EMAIL_URI: `http://localhost:${hook.port}`,
  })
  const server = await startBinary({ env })
  await askFor(server, 'ada@example.com')
  await server[Symbol.asyncDispose]()
  expect(logged(server, 'the mail server check failed')).toEqual([])
  const { status, stderr } = await run(['mail', 'test', 'ada@example.com'], { env, cwd: own.path })
  expect([status, stderr]).toEqual([1, expect.stringContaining('latchkey hook test send_email')])
})

test('a rejected recipient fails alone, and does not change the response', async () => {
  const onRecipient = (to: string) => (to.startsWith('refused') ? `550 5.1.1 <${to}>: no such user here` : undefined)
  await using site = await started({ onRecipient }, { AUTH_MAILBOX: 'true' })
  const { server, smtp } = site
  for (const to of ['before@example.com', 'refused@example.com', 'after@example.com']) await askFor(server, to)
  const mails = await smtp.received(2)
  expect(mails.map(({ to }) => to[0]).sort()).toEqual(['after@example.com', 'before@example.com'])
  await until(async () => (await stateOf(server, 'refused@example.com')) === 'failed')
  const [failed] = await binaryMailboxOf(server, 'refused@example.com')
  expect(failed?.error).toContain('550')
  await until(async () => (await stateOf(server, 'after@example.com')) === 'sent')

  await server.settled()
  expect(logged(server, 'mail could not be sent')).toEqual([expect.objectContaining({ level: 'error', attempts: 1 })])
  expect(JSON.stringify(server.log)).not.toContain('refused@')
  const list = await run(['mail', 'list'], { cwd: server.folder })
  expect(list.stdout.split('\n').filter((line) => /confirmation +failed +attempts 1 .*550/.test(line))).toHaveLength(1)
  expect(list.stdout.split('\n').filter((line) => /confirmation +sent +attempts 1/.test(line))).toHaveLength(2)
  expect(list.stdout).toMatch(/ refused@example\.com +Confirm your email address/)
})

test('a mail server that accepts connections and stays silent delays no request', async () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  await using server = await startBinary({ env: settings({ host: '127.0.0.1', port }) })
  for (const email of addresses(20)) await askFor(server, email)
  expect((await server.ask('GET', '/ready')).body).toMatchObject({ status: 'ok', mail_queue: { length: 20 } })
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('with SMTP_LOGGING_ENABLED the log has the recipient of each mail, and nothing of its content', async () => {
  await using smtp = await startSmtp()
  for (const isOn of [true, false]) {
    await using server = await startBinary({ env: { ...settings(smtp), GOTRUE_SMTP_LOGGING_ENABLED: String(isOn) } })
    await askFor(server, 'ada@example.com')
    await until(() => logged(server, 'mail sent').length === 1)
    expect(logged(server, 'mail sent')[0].to).toBe(isOn ? 'ada@example.com' : undefined)
    expect(JSON.stringify(server.log)).not.toMatch(/subject|token=/i)
  }
})

test('a mail during which it is killed is sent again with the same Message-ID', async () => {
  let server: Binary | undefined
  const options: SmtpSinkOptions = {
    onData() {
      void server?.stop('SIGKILL')
      return 'drop'
    },
  }
  await using smtp = await startSmtp(options)
  const env = settings(smtp)
  await using before = await startBinary({ env })
  server = before
  await askFor(before, 'ada@example.com')
  await until(() => smtp.attempts.length > 0)
  expect(await before.stop('SIGKILL')).not.toBe(0)

  const queued = await readRows<{ state: string; next: number }>(
    before.database,
    'SELECT state, next_attempt_at AS next FROM messages',
  )
  expect(queued).toEqual([{ state: 'queued', next: expect.any(Number) }])
  // As if the two minutes of the dead process's claim had passed.
  expect((queued[0]?.next ?? 0) - Date.now()).toBeLessThanOrEqual(120_000)
  await execute(before.database, 'UPDATE messages SET next_attempt_at = ?', Date.now())
  delete options.onData
  await using after = await startBinary({ env, folder: before.folder })
  const [mail] = await smtp.received(1)
  expect([mail?.to, idsOf(smtp.attempts).flat()]).toEqual([
    ['ada@example.com'],
    [mail?.headers['message-id']?.[0] ?? '', mail?.headers['message-id']?.[0] ?? ''],
  ])
  await until(async () => (await after.ask('GET', '/ready')).body.mail_queue.length === 0)
})

test('with a mail server the mailbox is off unless enabled', async () => {
  await using plain = await started()
  await using watched = await started({}, { AUTH_MAILBOX: 'true' })
  for (const path of ['/mailbox', '/mailbox/api/messages', '/mailbox/api/events', '/mailbox/app.js'])
    expect([path, (await plain.server.ask('GET', path)).status]).toEqual([path, 404])
  expect((await watched.server.ask('GET', '/mailbox')).status).toBe(200)
  expect(logged(watched.server, 'listening')[0].mailbox).toBe(
    `http://localhost:${new URL(watched.server.url).port}/mailbox`,
  )
  await askFor(watched.server, 'ada@example.com')
  await watched.smtp.received(1)
  await until(async () => (await stateOf(watched.server, 'ada@example.com')) === 'sent')
})

test('no link, code, address or password of a mail is logged, whatever happens to it', async () => {
  const quoting: SmtpSinkOptions = {
    auth: login,
    onRecipient: (to) => (to.startsWith('nobody') ? `550 5.1.1 ${to} is unknown` : undefined),
    onData: ({ to, text }) =>
      to[0]?.startsWith('quoted') ? `554 5.7.1 to ${to[0]}: ${text.slice(0, 400).replace(/\s+/g, ' ')}` : undefined,
  }
  const env = { ...withLogin, AUTH_MAILBOX: 'true', AUTH_LOG_LEVEL: 'debug', AUTH_METRICS_PORT: '0' }
  await using site = await started(quoting, env)
  const { server } = site
  const ask = (path: string, body: object, token?: string) =>
    server.ask('POST', `/auth/v1${path}`, { body, ...(token && { token }) })
  const email = 'lovelace@example.com'
  await ask('/signup', { email, password })
  const { token, code, link } = await lastMessageOfKind(server, email, 'confirmation')
  await ask('/verify', { type: 'email', email, token: code === '000000' ? '111111' : '000000' })
  const tokens = new URLSearchParams((await openLink(link)).hash.slice(1))
  await openLink(link)
  await ask('/token?grant_type=password', { email, password: 'wrong-secret-6' })
  await ask('/recover?redirect_to=https://evil.example/%3Fsecret=hidden-in-query', { email })
  const recovery = await lastMessageOfKind(server, email, 'recovery')
  const verified = await ask('/verify', { type: 'recovery', token_hash: recovery.token })
  await server.ask('PUT', '/auth/v1/user', {
    body: { email: 'next@example.com' },
    token: verified.body.access_token,
  })
  const change = await lastMessageOfKind(server, 'next@example.com', 'email_change')
  for (const refused of ['nobody@example.com', 'quoted@example.com']) await askFor(server, refused)
  const quoted = await lastMessageOfKind(server, 'quoted@example.com', 'confirmation')
  await until(() => logged(server, 'mail could not be sent').length === 2)
  await server.settled()

  const text = JSON.stringify(server.log)
  expect(text).toContain('550')
  expect(text).toContain('554')
  for (const mail of [{ token, code }, recovery, change, quoted]) {
    expect(text).not.toContain(mail.token)
    expect(text).not.toMatch(new RegExp(`\\b${mail.code}\\b`))
  }
  for (const name of ['access_token', 'refresh_token']) expect(text).not.toContain(tokens.get(name) as string)
  for (const secret of ['lovelace', 'next@', 'nobody@', 'quoted@', password, 'wrong-secret', login.password])
    expect(text).not.toContain(secret)
  expect(text).not.toContain('hidden-in-query')
  expect(await server.metrics()).not.toContain('@example.com')
})

test('latchkey mail test prints the mail server’s response', async () => {
  using own = folder()
  await using good = await startSmtp({ auth: login })
  await using picky = await startSmtp({ onRecipient: () => '550 5.1.1 no such user here' })
  await using gone = await startSmtp()
  await gone.stop()
  const mailTest = (env: Record<string, string>) => run(['mail', 'test', 'ada@example.com'], { env, cwd: own.path })
  const [sent, wrongPassword, refused, unreachable, unset] = await Promise.all([
    mailTest(settings(good, withLogin)),
    mailTest(settings(good, { ...withLogin, AUTH_SMTP_PASS: 'wrong-staple-4' })),
    mailTest(settings(picky)),
    mailTest(settings(gone)),
    mailTest({}),
  ])
  expect([sent.status, sent.stdout]).toEqual([
    0,
    `127.0.0.1:${good.port} accepted a mail from auth@id.example.com to ada@example.com.\n`,
  ])
  expect(good.messages.map(({ to, subject }) => [to, subject])).toEqual([
    [['ada@example.com'], 'Latchkey can send mail'],
  ])
  const failures = [
    [wrongPassword, '535'],
    [refused, '550 5.1.1 no such user here'],
    [unreachable, 'ECONNREFUSED'],
    [unset, 'no SMTP server is set (AUTH_SMTP_HOST)'],
  ] as const
  for (const [{ status, stdout, stderr }, reason] of failures) {
    expect([status, stdout, stderr.trimEnd().split('\n').length]).toEqual([1, '', 1])
    expect(stderr).toContain(reason)
    expect(stderr).not.toContain('wrong-staple-4')
  }
  expect(readdirSync(own.path)).toEqual([])
})

/** A confirmation mail without the parts that differ each time. */
async function confirmationOf(server: Binary) {
  await askFor(server, 'ada@example.com')
  const { subject, html, text, token, code } = await lastMessageOfKind(server, 'ada@example.com', 'confirmation')
  const port = new URL(server.url).port
  const plain = (part: string | null) => part?.replaceAll(token, 'T').replaceAll(code, 'C').replaceAll(port, 'P')
  return { subject, html: plain(html), text: plain(text) }
}

test('latchkey mail templates writes the built-in mails, and a changed one is sent instead', async () => {
  using own = folder()
  const mails = join(own.path, 'mails')
  const written = await run(['mail', 'templates', mails])
  expect([written.status, written.stdout]).toEqual([0, expect.stringContaining(`AUTH_MAILER_TEMPLATES_DIR=${mails}`)])
  const again = await run(['mail', 'templates', mails])
  expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('already exists; nothing was written')])

  const env = { AUTH_MAILER_AUTOCONFIRM: 'false' }
  await using builtIn = await startBinary({ env })
  await using exported = await startBinary({ env: { ...env, AUTH_MAILER_TEMPLATES_DIR: mails } })
  expect(exported.log.filter(({ level }) => level !== 'info')).toEqual([])
  expect(await confirmationOf(exported)).toEqual(await confirmationOf(builtIn))

  const path = join(mails, 'confirmation.html')
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(/<!-- subject: .*? -->/, '<!-- subject: Hello {{ .Email }} -->'),
  )
  await using changed = await startBinary({ env: { ...env, AUTH_MAILER_TEMPLATES_DIR: mails } })
  expect((await confirmationOf(changed)).subject).toBe('Hello ada@example.com')
})

test('a template in the data folder is used without any setting, for its language', async () => {
  using own = folder()
  const templates = join(own.path, 'latchkey-data/templates')
  mkdirSync(templates, { recursive: true })
  writeFileSync(join(templates, 'confirmation.de.html'), '<!-- subject: Guten Tag --><p>{{ .Token }}</p>')
  await using server = await startBinary({ folder: own.path, env: { AUTH_MAILER_AUTOCONFIRM: 'false' } })
  const subject = async (email: string, language: string) => {
    await server.ask('POST', '/auth/v1/otp', { body: { email }, headers: { 'accept-language': language } })
    return (await lastMessageOfKind(server, email, 'confirmation')).subject
  }
  expect(await subject('ada@example.com', 'de-AT,en;q=0.5')).toBe('Guten Tag')
  expect(await subject('grace@example.com', 'en')).not.toBe('Guten Tag')
})

test('an invalid template prevents the start and is reported with its line, also by check', async () => {
  using own = folder()
  const path = join(own.path, 'confirmation.html')
  const env = { AUTH_MAILER_TEMPLATES_DIR: own.path }
  const broken = [
    ['<h1>Welcome</h1>\n<p>\n<a href="{{ .ConfirmationUrl }}">Go</a>\n', 'did you mean .ConfirmationURL?', 3],
    ['<h1>Welcome</h1>\n<p>{{ .Token }\n</p>', '', 2],
    ['<p>{{ .Token }}</p>\n\n\n{{ if .Data.name }}<b>', '', 4],
  ] as const
  for (const [html, advice, line] of broken) {
    writeFileSync(path, html)
    const [start, check] = await Promise.all([
      run(['serve', '--port', '0'], { env, cwd: own.path }),
      run(['check'], { env, cwd: own.path }),
    ])
    expect([start.status, start.stderr]).toEqual([1, expect.stringContaining(`${path}: line ${line}`)])
    expect(start.stderr).toContain(advice)
    expect([check.status, check.stdout]).toEqual([1, expect.stringContaining(`error: ${path}: line ${line}`)])
  }
})

test('the log reports a refused redirect with the entry to add, and that entry allows it', async () => {
  const redirectTo = 'https://app.example.org/after/sign-in'
  const target = async (server: Binary) => {
    const path = `/auth/v1/otp?redirect_to=${encodeURIComponent(redirectTo)}`
    await server.ask('POST', path, { body: { email: 'ada@example.com' } })
    const { link } = await lastMessageOfKind(server, 'ada@example.com', 'confirmation')
    return (await openLink(link)).href.split('#')[0]
  }
  const env = { AUTH_MAILER_AUTOCONFIRM: 'false' }
  await using refusing = await startBinary({ env })
  expect(await target(refusing)).toBe('http://localhost:3000/')
  await refusing.settled()
  const [line] = refusing.log.filter(({ redirect_to }) => redirect_to !== undefined)
  expect(line).toMatchObject({
    level: 'warn',
    msg: expect.stringContaining('redirect target was rejected'),
    redirect_to: redirectTo,
    add_to_AUTH_URI_ALLOW_LIST: 'https://app.example.org/**',
  })
  await using allowing = await startBinary({
    env: { ...env, AUTH_URI_ALLOW_LIST: line.add_to_AUTH_URI_ALLOW_LIST },
  })
  expect(await target(allowing)).toBe(redirectTo)
})

waitingTest(
  'a connection that drops after the mail was sent causes at most a second copy, with the same Message-ID',
  async () => {
    let drops = 0
    await using site = await started({ onData: () => (drops++ < 1 ? 'drop' : undefined) })
    await askFor(site.server, 'ada@example.com')
    const [mail] = await site.smtp.received(1)
    expect(mail?.to).toEqual(['ada@example.com'])
    expect(site.smtp.attempts).toHaveLength(2)
    expect(new Set(idsOf(site.smtp.attempts).flat()).size).toBe(1)
  },
)

waitingTest(
  'during an outage requests are answered and the queue is reported, and afterwards every mail arrives once',
  async () => {
    await using site = await started({}, { AUTH_METRICS_PORT: '0' })
    const { server, smtp } = site
    await smtp.stop()
    for (const email of addresses(20)) await askFor(server, email)

    const ready = async () => (await server.ask('GET', '/ready')).body
    await until(async () => (await ready()).mail_queue.oldest_seconds >= 1)
    expect(await ready()).toMatchObject({
      status: 'ok',
      mail_queue: { length: 20, oldest_seconds: expect.any(Number) },
    })
    const metric = async (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await server.metrics())?.[1])
    expect(await metric('latchkey_mail_queue_length')).toBe(20)
    expect(await metric('latchkey_mail_queue_oldest_seconds')).toBeGreaterThanOrEqual(1)
    await until(() => logged(server, 'mail will be retried').length >= 20)
    expect(smtp.messages).toEqual([])

    await smtp.start()
    await smtp.received(20)
    await until(async () => (await metric('latchkey_mail_queue_length')) === 0)
    expect(await metric('latchkey_mail_queue_oldest_seconds')).toBe(0)
    expect(await metric('latchkey_messages_total\\{channel="mail",outcome="sent"\\}')).toBe(20)
    await until(async () => (await ready()).mail_queue.length === 0)
    expect(smtp.messages.map(({ to }) => to[0]).sort()).toEqual(addresses(20).sort())
  },
)

waitingTest('mails that wait when it is killed are sent exactly once after the next start', async () => {
  await using smtp = await startSmtp()
  const env = settings(smtp)
  await using before = await startBinary({ env })
  await askFor(before, 'early@example.com')
  await smtp.received(1)
  await until(() => logged(before, 'mail sent').length === 1)
  await smtp.stop()
  for (const email of addresses(10)) await askFor(before, email)
  await until(() => logged(before, 'mail will be retried').length >= 10)
  await before.stop('SIGKILL')

  await smtp.start()
  await using after = await startBinary({ env, folder: before.folder })
  await smtp.received(11)
  await until(async () => (await after.ask('GET', '/ready')).body.mail_queue.length === 0)
  expect(smtp.messages.map(({ to }) => to[0]).sort()).toEqual(['early@example.com', ...addresses(10)].sort())
})
