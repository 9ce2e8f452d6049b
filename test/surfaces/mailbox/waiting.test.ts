/** `GET /mailbox/api/messages?wait=`: answered when a message is there. */
import { expect, test } from 'bun:test'
import { type Json, PASSWORD, startApp } from '../../support/app'
import { WITH_CONFIRMATION } from '../../support/mail'
import { type FakeSource, fakeSource, startMailbox, type TestMailbox } from '../../support/mailbox'

function send({ fetch }: TestMailbox, query: string, signal?: AbortSignal): Promise<Response> {
  const url = `http://localhost:7020/mailbox/api/messages?${query}`
  const request = new Request(url, { headers: { host: 'localhost:7020' }, ...(signal && { signal }) })
  return fetch(request, { requestIP: () => ({ address: '127.0.0.1' }) })
}

const idsOf = async (response: Promise<Response>) => ((await (await response).json()) as Json[]).map(({ id }) => id)

/** Resolves once so many lists were read. */
async function untilAsked(source: FakeSource, times: number): Promise<void> {
  while (source.asked.length < times) await Bun.sleep(1)
}

test('a message that is there is returned at once', async () => {
  const source = fakeSource()
  const { id } = source.put({})
  expect(await idsOf(send(startMailbox(source), 'to=ada@example.com&wait=30'))).toEqual([id])
  expect(source.listeners).toBe(0)
})

test('a request waits for the message it asks for, and others do not answer it', async () => {
  const source = fakeSource()
  const asked = idsOf(send(startMailbox(source), 'to=ada@example.com&kind=recovery&wait=30'))
  await untilAsked(source, 1)
  source.put({ to: 'grace@example.com', kind: 'recovery' })
  await untilAsked(source, 2)
  source.put({ kind: 'magic_link' })
  await untilAsked(source, 3)
  const { id } = source.put({ kind: 'recovery' })
  expect(await asked).toEqual([id])
  expect(source.listeners).toBe(0)
})

test('a message that arrives while the list is read is not missed', async () => {
  const source = fakeSource()
  const list = source.listMessages
  let isFirst = true
  source.listMessages = async (filter) => {
    const found = await list(filter)
    if (isFirst) source.put({})
    isFirst = false
    return found
  }
  expect(await idsOf(send(startMailbox(source), 'wait=30'))).toEqual(['message-1'])
})

test('without a message, the list is empty when the time is up', async () => {
  const source = fakeSource()
  expect(await idsOf(send(startMailbox(source), 'wait=0.01'))).toEqual([])
  for (const wait of ['', '0', '0.0'])
    expect([wait, await idsOf(send(startMailbox(source), `wait=${wait}`))]).toEqual([wait, []])
  for (const wait of ['-1', 'x', 'NaN', '1e3'])
    expect([wait, (await send(startMailbox(source), `wait=${wait}`)).status]).toEqual([wait, 400])
  expect(source.listeners).toBe(0)
})

test('only messages newer than the one named by after are returned', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const [first, second] = [source.put({}), source.put({})]
  expect(await idsOf(send(mailbox, `after=${first.id}`))).toEqual([second.id])
  expect(await idsOf(send(mailbox, 'after='))).toEqual([second.id, first.id])
  expect(await idsOf(send(mailbox, 'after=unknown'))).toEqual([second.id, first.id])
  const asked = idsOf(send(mailbox, `after=${second.id}&wait=30`))
  await untilAsked(source, 4)
  const third = source.put({})
  expect(await asked).toEqual([third.id])
})

test('waiting ends when the client goes, and when the server stops', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const client = new AbortController()
  const left = send(mailbox, 'wait=30', client.signal).catch(() => undefined)
  const stopped = idsOf(send(mailbox, 'wait=30'))
  await untilAsked(source, 2)
  client.abort()
  await left
  while (source.listeners > 1) await Bun.sleep(1)
  mailbox.close()
  expect(await stopped).toEqual([])
  expect(source.listeners).toBe(0)
  expect(await idsOf(send(mailbox, 'wait=30'))).toEqual([])
})

test('a hundred requests wait; further ones are answered at once', async () => {
  const source = fakeSource()
  const mailbox = startMailbox(source)
  const waiting = Array.from({ length: 100 }, () => idsOf(send(mailbox, 'wait=30')))
  await untilAsked(source, 100)
  expect(await idsOf(send(mailbox, 'wait=30'))).toEqual([])
  const { id } = source.put({})
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => [id]))
})

test('of one address, messages of all kinds count for after', async () => {
  await using app = await startApp({ settings: { ...WITH_CONFIRMATION, AUTH_SMTP_MAX_FREQUENCY: '0' } })
  const list = async (query: string): Promise<Json[]> =>
    (await app.ask('GET', `/mailbox/api/messages?to=ada@example.com&${query}`)).body
  const body = { email: 'ada@example.com', password: PASSWORD }
  await app.ask('POST', '/auth/v1/signup', { body })
  const [signUp] = await list('')
  await app.ask('POST', '/auth/v1/recover', { body: { email: body.email } })
  const [recovery, ...others] = await list(`after=${signUp?.id}`)
  expect([recovery?.kind, others]).toEqual(['recovery', []])
  expect(await list(`after=${signUp?.id}&kind=confirmation`)).toEqual([])
  expect(await list(`after=${recovery?.id}`)).toEqual([])
})
