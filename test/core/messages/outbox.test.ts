/** The mail queue: attempts, delays, leases, and what is stored of a message afterwards. */
import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aesGcmSealer } from '../../../src/adapters/sealer'
import { systemRandom } from '../../../src/adapters/system'
import type { Deps } from '../../../src/core/kernel/context'
import type { Delivery, Mailer, OutgoingMail } from '../../../src/core/kernel/ports'
import { contentOf, listMessages, newMessage } from '../../../src/core/messages/messages'
import { deliverMessages, mailQueue } from '../../../src/core/messages/outbox'
import { HOUR, MINUTE, SECOND } from '../../../src/lib/milliseconds'
import { openStore, type Store } from '../../../src/store'
import { taskContext, testClock } from '../../support/fakes'
import { removeFolder } from '../../support/remove-folder'

const LEASE = 2 * MINUTE

const CODE = '190273846'
const LINK = 'https://app.example.com/magic-link?token=Zm9yLXRoZS1yZWNpcGllbnQtYWxvbmU'
const CONTENT = {
  subject: 'Sign in',
  html: `<a href="${LINK}">${CODE}</a>`,
  text: `${CODE} ${LINK}`,
  code: CODE,
  links: [LINK],
}

const SENT: Delivery = { outcome: 'sent' }
const BUSY: Delivery = { outcome: 'unavailable', error: '451 greylisted' }
const NOBODY: Delivery = { outcome: 'refused', error: '550 no such mailbox' }

/** A fake mail server that gives preset responses, and records what it got. */
function fakeMailer(answer: (mail: OutgoingMail) => Delivery | Promise<Delivery> = () => SENT) {
  const mails: OutgoingMail[] = []
  const mailer: Mailer = {
    async send(mail) {
      mails.push(mail)
      return answer(mail)
    },
  }
  return { ...mailer, mails }
}

async function start({ isMailboxOn = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-outbox-'))
  const path = join(folder, 'latchkey.db')
  const clock = testClock('2026-01-01T00:00:00Z')
  const reports: string[] = []
  const counted: string[] = []
  const opened: Store[] = []
  /** Another process on the same database. */
  const process = async (key = Buffer.alloc(32, 7)) => {
    const store = await openStore(path, clock.now(), { runsWritesTwice: true })
    opened.push(store)
    return {
      store,
      clock,
      sealer: aesGcmSealer(key),
      random: systemRandom,
      policy: { mail: { isMailboxOn } },
      activity: { count: (kind: string, label: string) => void counted.push(`${kind} ${label}`) },
      report: (level: string, message: string, fields: object) =>
        void reports.push(`${level}: ${message} ${JSON.stringify(fields)}`),
    } as unknown as Deps
  }
  const deps = await process()
  return {
    deps,
    clock,
    reports,
    counted,
    process,
    deliver: (mailer: Mailer, from = deps) => deliverMessages(taskContext(from), mailer),
    /** Puts a message into the queue. @returns its id */
    async queue({ to = 'ada@example.com', lifetimeMs = HOUR, isSent = true } = {}): Promise<string> {
      const draft = {
        channel: 'email' as const,
        template: 'magic_link',
        to,
        user: { id: 'ada' },
        content: CONTENT,
        isSent,
      }
      const message = newMessage(taskContext(deps), { ...draft, expiresAt: clock.now() + lifetimeMs })
      await deps.store.saveTokensAndMessages({ now: clock.now(), messages: [message], audit: [] })
      return message.id
    },
    message: async (id: string) => {
      const found = await deps.store.findMessage(id)
      if (!found) throw new Error(`there is no message ${id}`)
      return found
    },
    bytes: () => Buffer.concat([path, `${path}-wal`].filter(existsSync).map((file) => readFileSync(file))),
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close()
      removeFolder(folder)
    },
  }
}

const holdsPlaintext = (bytes: Buffer) =>
  [CODE, LINK, 'Zm9yLXRoZS1yZWNpcGllbnQtYWxvbmU', 'Sign in', Buffer.from(CODE).toString('base64')].some((text) =>
    bytes.includes(text),
  )

test('a mail is handed to the server once, with its id, and then counts as sent', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  const mailer = fakeMailer()
  outbox.clock.advance(3 * SECOND)
  expect(await outbox.deliver(mailer)).toBe(1)
  expect(mailer.mails).toEqual([
    { id, to: 'ada@example.com', template: 'magic_link', subject: 'Sign in', html: CONTENT.html, text: CONTENT.text },
  ])
  expect(await outbox.message(id)).toMatchObject({
    state: 'sent',
    attempts: 1,
    error: null,
    nextAttemptAt: null,
    sentAt: outbox.clock.now(),
  })
  expect(await outbox.deliver(mailer)).toBe(0)
  outbox.clock.advance(24 * HOUR)
  expect(await outbox.deliver(mailer)).toBe(0)
  expect(mailer.mails).toHaveLength(1)
})

test('a mail that the server rejects permanently fails at once', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  const mailer = fakeMailer(() => NOBODY)
  await outbox.deliver(mailer)
  expect(await outbox.message(id)).toMatchObject({
    state: 'failed',
    attempts: 1,
    error: NOBODY.error,
    nextAttemptAt: null,
    sentAt: null,
    // An administrator can have it sent again.
    content: expect.any(String),
  })
  expect(outbox.counted).toEqual(['mail failed'])
  outbox.clock.advance(24 * HOUR)
  expect(await outbox.deliver(mailer)).toBe(0)
})

test('while a server is down, retries wait 5 s, then twice as long each time, up to ten minutes', async () => {
  await using outbox = await start()
  const id = await outbox.queue({ lifetimeMs: 24 * HOUR })
  const mailer = fakeMailer(() => BUSY)
  const waits: number[] = []
  for (let attempt = 1; attempt <= 12; attempt++) {
    expect(await outbox.deliver(mailer)).toBe(1)
    const { nextAttemptAt, state, attempts, error } = await outbox.message(id)
    expect([state, attempts, error]).toEqual(['queued', attempt, '451 greylisted'])
    const waitMs = (nextAttemptAt ?? 0) - outbox.clock.now()
    waits.push(waitMs / SECOND)
    outbox.clock.advance(waitMs - 1)
    expect(await outbox.deliver(mailer)).toBe(0) // not a moment before
    outbox.clock.advance(1)
  }
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600])
})

for (const [what, lifetimeMs, triedMs] of [
  ['what expires in a minute is tried for an hour', MINUTE, HOUR],
  ['what expires in a day is tried for a day', 24 * HOUR, 24 * HOUR],
] as const)
  test(`a server that stays down: ${what}, and then it has failed`, async () => {
    await using outbox = await start()
    const id = await outbox.queue({ lifetimeMs })
    const startedAt = outbox.clock.now()
    const mailer = fakeMailer(() => BUSY)
    let lastQueuedMs = 0
    while ((await outbox.message(id)).state === 'queued') {
      lastQueuedMs = outbox.clock.now() - startedAt
      outbox.clock.advance((await mailQueue(taskContext(outbox.deps))).nextInMs ?? 0)
      await outbox.deliver(mailer)
    }
    const failedMs = outbox.clock.now() - startedAt
    expect(lastQueuedMs).toBeLessThan(triedMs)
    expect(failedMs).toBeGreaterThanOrEqual(triedMs)
    expect(failedMs).toBeLessThanOrEqual(triedMs + 10 * MINUTE)
    expect(await outbox.message(id)).toMatchObject({ state: 'failed', nextAttemptAt: null, content: null })
    expect(outbox.reports.at(-1)).toStartWith('error: mail could not be sent')
  })

test('a server that comes back gets the mail it missed', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  let answer: Delivery = BUSY
  const mailer = fakeMailer(() => answer)
  await outbox.deliver(mailer)
  answer = SENT
  outbox.clock.advance(5 * SECOND)
  await outbox.deliver(mailer)
  expect(await outbox.message(id)).toMatchObject({ state: 'sent', attempts: 2, error: null })
  expect(new Set(mailer.mails.map((mail) => mail.id))).toEqual(new Set([id])) // one Message-ID for both
})

test('a mailer that throws counts as temporarily unavailable', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  await outbox.deliver(
    fakeMailer(() => {
      throw new Error('ECONNRESET')
    }),
  )
  expect(await outbox.message(id)).toMatchObject({ state: 'queued', error: 'ECONNRESET' })
})

test('a mail that cannot be sent does not delay others', async () => {
  await using outbox = await start()
  const [bad, good] = [await outbox.queue({ to: 'bad@example.com' }), await outbox.queue()]
  await outbox.deliver(fakeMailer(({ to }) => (to === 'bad@example.com' ? BUSY : SENT)))
  expect([(await outbox.message(bad)).state, (await outbox.message(good)).state]).toEqual(['queued', 'sent'])
})

test('the content is sealed until it is sent, and deleted afterwards without a mailbox', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  await outbox.deliver(fakeMailer(() => BUSY))
  const waiting = await outbox.message(id)
  expect(contentOf(taskContext(outbox.deps), waiting)).toEqual(CONTENT)
  expect(outbox.bytes().includes('ada@example.com')).toBe(true) // it is the right file that is searched
  expect(holdsPlaintext(outbox.bytes())).toBe(false)
  outbox.clock.advance(5 * SECOND)
  await outbox.deliver(fakeMailer())
  expect((await outbox.message(id)).content).toBeNull()
  expect(holdsPlaintext(outbox.bytes())).toBe(false)
  expect(JSON.stringify(outbox.reports)).not.toContain(CODE)
  expect(JSON.stringify(outbox.reports)).not.toContain('token=')
  expect(JSON.stringify(outbox.reports)).not.toContain('ada@example.com')
})

test('with a mailbox, the content stays visible there, sent or failed', async () => {
  await using outbox = await start({ isMailboxOn: true })
  await outbox.queue({ to: 'sent@example.com' })
  await outbox.queue({ to: 'failed@example.com' })
  await outbox.deliver(fakeMailer(({ to }) => (to === 'sent@example.com' ? SENT : NOBODY)))
  const deps = { ...outbox.deps, policy: { mail: { from: 'auth@example.com' } } } as Deps
  const shown = await listMessages(taskContext(deps), { limit: 10 })
  expect(shown.map(({ to, state, error, code }) => [to, state, error, code])).toEqual([
    ['failed@example.com', 'failed', NOBODY.error, CODE],
    ['sent@example.com', 'sent', null, CODE],
  ])
  expect(holdsPlaintext(outbox.bytes())).toBe(false)
})

test('a message can be unsealed only in its own row, and is otherwise never sent', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  const otherKey = await outbox.process(Buffer.alloc(32, 8)) // a process with another key
  const mailer = fakeMailer()
  await outbox.deliver(mailer, otherKey)
  expect(mailer.mails).toEqual([])
  expect((await outbox.message(id)).state).toBe('queued')
  const message = await outbox.message(id)
  expect(() => contentOf(taskContext(outbox.deps), { ...message, id: crypto.randomUUID() })).toThrow()
})

test('messages for the mailbox alone are never sent', async () => {
  await using outbox = await start({ isMailboxOn: true })
  const id = await outbox.queue({ isSent: false })
  outbox.clock.advance(24 * HOUR)
  const mailer = fakeMailer()
  expect(await outbox.deliver(mailer)).toBe(0)
  expect([mailer.mails.length, (await outbox.message(id)).state]).toEqual([0, 'kept'])
})

test('clearing the mailbox keeps messages that are still to be sent', async () => {
  await using outbox = await start({ isMailboxOn: true })
  await outbox.queue()
  await outbox.deps.store.clearMessages()
  const mailer = fakeMailer()
  expect(await outbox.deliver(mailer)).toBe(1)
  expect(mailer.mails[0]?.text).toBe(CONTENT.text)
})

test('a mail claimed by a process that died is claimed by another after two minutes', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  const dead = await outbox.process()
  const forever = new Promise<Delivery>(() => {})
  void outbox.deliver(
    fakeMailer(() => forever),
    dead,
  )
  const mailer = fakeMailer()
  // Writes of one store are ordered, so after this one the claim is on disk.
  await dead.store.probe(0)
  expect((await outbox.message(id)).nextAttemptAt).toBe(outbox.clock.now() + LEASE)
  outbox.clock.advance(LEASE - 1)
  expect(await outbox.deliver(mailer)).toBe(0)
  outbox.clock.advance(1)
  expect(await outbox.deliver(mailer)).toBe(1)
  expect(mailer.mails.map((mail) => mail.id)).toEqual([id])
  expect(await outbox.message(id)).toMatchObject({ state: 'sent', attempts: 2 })
})

for (const [late, answer] of [
  ['that the server was busy', BUSY],
  ['that nobody is there', NOBODY],
  ['the same', SENT],
] as const)
  test(`a process that reports ${late} after its lease has expired changes nothing`, async () => {
    await using outbox = await start()
    const id = await outbox.queue()
    const { promise, resolve } = Promise.withResolvers<Delivery>()
    const slow = await outbox.process()
    const delivering = outbox.deliver(
      fakeMailer(() => promise),
      slow,
    )
    await slow.store.probe(0)
    outbox.clock.advance(LEASE)
    await outbox.deliver(fakeMailer())
    const settled = await outbox.message(id)
    outbox.clock.advance(SECOND)
    resolve(answer)
    await delivering
    expect(await outbox.message(id)).toEqual(settled)
    expect(settled.state).toBe('sent')
  })

test('a mail that was delivered late is not sent again, although another process has just claimed it', async () => {
  await using outbox = await start()
  const id = await outbox.queue()
  const [first, second] = [Promise.withResolvers<Delivery>(), Promise.withResolvers<Delivery>()]
  const [slow, other] = [await outbox.process(), await outbox.process()]
  const delivering = [
    outbox.deliver(
      fakeMailer(() => first.promise),
      slow,
    ),
  ]
  await slow.store.probe(0)
  outbox.clock.advance(LEASE)
  delivering.push(
    outbox.deliver(
      fakeMailer(() => second.promise),
      other,
    ),
  )
  await other.store.probe(0)
  first.resolve(SENT)
  await delivering[0]
  expect((await outbox.message(id)).state).toBe('sent')
  second.resolve(BUSY)
  await delivering[1]
  expect(await outbox.message(id)).toMatchObject({ state: 'sent', nextAttemptAt: null })
})

test('many concurrent deliverers in two processes send every mail exactly once', async () => {
  await using outbox = await start()
  const ids: string[] = []
  for (let index = 0; index < 200; index++) ids.push(await outbox.queue({ to: `user-${index}@example.com` }))
  const processes = [outbox.deps, await outbox.process()]
  const mailer = fakeMailer()
  const drain = async (from: Deps) => {
    while ((await outbox.deliver(mailer, from)) > 0);
  }
  await Promise.all([...processes, ...processes, ...processes].map(drain))
  expect(mailer.mails.map(({ id }) => id).sort()).toEqual(ids.sort())
  expect(await mailQueue(taskContext(outbox.deps))).toEqual({ length: 0, oldestMs: 0, nextInMs: undefined })
})

test('at most two mails are claimed at once', async () => {
  await using outbox = await start()
  for (let index = 0; index < 5; index++) await outbox.queue()
  const mailer = fakeMailer()
  const taken: number[] = []
  for (let count = 1; count > 0; taken.push(count)) count = await outbox.deliver(mailer)
  expect(taken).toEqual([2, 2, 1, 0])
})

test('the queue reports how many mails wait, since when, and when the next attempt is due', async () => {
  await using outbox = await start()
  expect(await mailQueue(taskContext(outbox.deps))).toEqual({ length: 0, oldestMs: 0, nextInMs: undefined })
  await outbox.queue()
  outbox.clock.advance(MINUTE)
  await outbox.queue()
  await outbox.queue({ isSent: false })
  expect(await mailQueue(taskContext(outbox.deps))).toEqual({ length: 2, oldestMs: MINUTE, nextInMs: 0 })
  await outbox.deliver(fakeMailer(() => BUSY))
  expect(await mailQueue(taskContext(outbox.deps))).toEqual({ length: 2, oldestMs: MINUTE, nextInMs: 5 * SECOND })
  outbox.clock.jump(-HOUR) // an operator sets the clock back
  expect((await mailQueue(taskContext(outbox.deps))).oldestMs).toBe(0)
})

test('a mail queued while the clock ran a day ahead is sent once the clock is right, and keeps its lifetime', async () => {
  await using outbox = await start()
  outbox.clock.jump(24 * HOUR)
  const id = await outbox.queue({ lifetimeMs: 2 * HOUR })
  outbox.clock.jump(-24 * HOUR)
  expect(await mailQueue(taskContext(outbox.deps))).toMatchObject({ length: 1, nextInMs: 0 })
  await outbox.deliver(fakeMailer(() => BUSY))
  const now = outbox.clock.now()
  expect(await outbox.message(id)).toMatchObject({ createdAt: now, expiresAt: now + 2 * HOUR, state: 'queued' })
  outbox.clock.advance(6 * MINUTE)
  expect((await mailQueue(taskContext(outbox.deps))).oldestMs).toBe(6 * MINUTE)
  await outbox.deliver(fakeMailer())
  expect((await outbox.message(id)).state).toBe('sent')
})

test('a mail deferred while the clock ran ahead does not wait for that day', async () => {
  await using outbox = await start()
  const id = await outbox.queue({ lifetimeMs: 48 * HOUR })
  outbox.clock.jump(24 * HOUR)
  await outbox.deliver(fakeMailer(() => BUSY))
  outbox.clock.jump(-24 * HOUR)
  expect((await mailQueue(taskContext(outbox.deps))).nextInMs).toBe(0)
  await outbox.deliver(fakeMailer())
  expect((await outbox.message(id)).state).toBe('sent')
})
