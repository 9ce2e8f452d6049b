/** Refusals, activity, messages, events and the audit log, as administrators look them up. */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { type Json, PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import { countRows } from '../../support/database'

const get = (app: TestApp, path: string) => app.ask('GET', `/auth/v1/admin/${path}`, { token: app.admin })
const post = (app: TestApp, path: string) => app.ask('POST', `/auth/v1/admin/${path}`, { token: app.admin })

test('a request id leads to the reason, the account and the audit log around it', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  await app.signUp('bob@example.com')
  const { headers, status } = await passwordGrant(app, { email: ada.email, password: 'wrong-password-1' })
  const id = headers.get('x-request-id') as string
  expect(status).toBe(400)
  const { body, text } = await get(app, `refusals/${id}`)
  expect(body.items).toEqual([
    {
      request_id: id,
      created_at: '2026-01-01T00:00:00Z',
      method: 'POST',
      route: '/auth/v1/token',
      status: 400,
      reason: 'credentials_wrong',
      code: 'invalid_credentials',
      message: 'Invalid login credentials',
      advice: expect.stringContaining('The password is wrong'),
      limit: null,
      user_id: ada.id,
      ip: '203.0.113.7',
    },
  ])
  expect(body.audit.map(({ payload }: Json) => [payload.action, payload.actor_id])).toEqual([
    ['login', ada.id],
    ['user_signedup', ada.id],
  ])
  expect(text).not.toContain('wrong-password-1')
  expect((await get(app, 'refusals/unknown')).status).toBe(404)
  expect((await get(app, `refusals/${id}%00`)).status).toBe(404)
})

test('a request id that several clients chose leads to the audit log of each account', async () => {
  await using app = await startApp()
  const [ada, bob] = [await app.signUp('ada@example.com'), await app.signUp('bob@example.com')]
  const refused = (email: string) =>
    app.ask('POST', '/auth/v1/token?grant_type=password', {
      headers: { 'x-request-id': 'chosen' },
      body: { email, password: 'wrong-password-1' },
    })
  for (const email of [ada.email, bob.email, 'unknown@example.com']) await refused(email)
  const { body } = await get(app, 'refusals/chosen')
  expect(body.items.map((item: Json) => item.user_id)).toEqual([null, bob.id, ada.id])
  const actors = body.audit.map(({ payload }: Json) => payload.actor_id)
  expect([new Set(actors), actors.length]).toEqual([new Set([ada.id, bob.id]), 4])

  const alone = await app.ask('GET', '/auth/v1/user', { headers: { 'x-request-id': 'alone' } })
  expect([alone.status, (await get(app, 'refusals/alone')).body.audit]).toEqual([401, []])
})

test('refusals are found by account, reason, address and time, page by page', async () => {
  await using app = await startApp()
  const [ada, bob] = [await app.signUp('ada@example.com'), await app.signUp('bob@example.com')]
  for (let time = 0; time < 3; time++) {
    await passwordGrant(app, { email: ada.email, password: 'wrong-password-1' }, { ip: '198.51.100.1' })
    await app.ask('GET', '/auth/v1/user')
    app.clock.advance(60_000)
  }
  await passwordGrant(app, { email: bob.email, password: 'wrong-password-1' }, { ip: '198.51.100.2' })
  await refresh(app, `${ada.refreshToken}x`)
  const found = async (query: string): Promise<Json> => (await get(app, `refusals?${query}`)).body.items
  expect(await found('')).toHaveLength(8)
  expect((await found(`user_id=${ada.id.toUpperCase()}`)).map(({ reason }: Json) => reason)).toEqual(
    Array(3).fill('credentials_wrong'),
  )
  expect(await found(`user_id=${randomUUID()}`)).toEqual([])
  expect(await found('user_id=x')).toEqual([])
  expect(await found('reason=bearer_missing')).toHaveLength(3)
  expect(await found('reason=credentials_wrong')).toHaveLength(4)
  expect(await found('ip=198.51.100.2')).toMatchObject([{ user_id: bob.id }])
  expect(await found(`ip=198.51.100.2&user_id=${ada.id}`)).toEqual([])
  expect(await found('reason=bearer_missing&since=2026-01-01T00:01:00Z&until=2026-01-01T00:02:00Z')).toHaveLength(1)

  const pages: string[] = []
  let cursor = ''
  do {
    const { body } = await get(app, `refusals?limit=3&cursor=${cursor}`)
    pages.push(...body.items.map(({ request_id }: Json) => request_id))
    cursor = body.next_cursor
  } while (cursor)
  expect(new Set(pages).size).toBe(8)
  expect(pages).toHaveLength(8)
})

test('limits, cursors and instants that are not ours are refused', async () => {
  await using app = await startApp()
  for (let time = 0; time < 3; time++) await app.ask('GET', '/auth/v1/user')
  const { body } = await get(app, 'refusals?limit=1')
  const cursor: string = body.next_cursor
  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [mark] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  for (const query of [
    'limit=0',
    'limit=-1',
    'limit=x',
    'limit=1e3',
    'cursor=x',
    `cursor=${cursor.slice(0, -3)}`,
    `reason=bearer_missing&cursor=${cursor}`,
    `cursor=${forged([mark, 'x'])}`,
    `cursor=${forged([mark, 1.5])}`,
    `cursor=${forged([mark, null])}`,
    `cursor=${forged([mark, { a: 1 }])}`,
    `cursor=${forged({ 0: mark, 1: 5 })}`,
    'since=yesterday',
    'until=2026-13-01T00:00:00Z',
    'since=0000-01-01',
    'reason=a%00b',
  ])
    expect([query, await get(app, `refusals?${query}`)]).toMatchObject([
      query,
      { status: 400, body: { code: 'validation_failed' } },
    ])
  expect((await get(app, `messages?cursor=${cursor}`)).status).toBe(400)
  expect((await get(app, 'refusals?limit=999999')).status).toBe(200)
})

test('a flood of refusals fills neither the table nor the share of others', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const flood = async (count: number) => {
    for (let time = 0; time < count; time++) await app.ask('GET', '/auth/v1/user', { ip: '198.51.100.66' })
  }
  await flood(300)
  await passwordGrant(app, { email: ada.email, password: 'wrong-password-1' })
  const { body } = await get(app, 'refusals?limit=200')
  expect(body.items).toHaveLength(21)
  expect(body.items[0]).toMatchObject({ user_id: ada.id })
  // Each batch has its share, up to that of an hour.
  for (let batch = 0; batch < 40; batch++) {
    await flood(20)
    await get(app, 'refusals?limit=1')
  }
  expect(await countRows(app.database, "refusals WHERE ip_address = '198.51.100.66'")).toBe(500)
  app.clock.advance(3_600_000)
  await flood(1)
  const { body: activity } = await get(app, 'activity')
  expect(await countRows(app.database, "refusals WHERE ip_address = '198.51.100.66'")).toBe(501)
  const counted = activity.series.find(({ label }: Json) => label === 'bearer_missing')
  expect(counted.points.map(({ count }: Json) => count)).toEqual([1100, 1])
})

test('without a retention no refusals are kept, and without addresses none of those', async () => {
  await using silent = await startApp({ settings: { AUTH_REFUSALS_RETENTION: '0' } })
  await silent.ask('GET', '/auth/v1/user')
  expect((await get(silent, 'refusals')).body.items).toEqual([])
  await using discreet = await startApp({ settings: { AUTH_AUDIT_LOG_IP_ADDRESSES: 'false' } })
  await discreet.ask('GET', '/auth/v1/user')
  expect((await get(discreet, 'refusals')).body.items).toMatchObject([{ ip: '' }])
  expect((await get(discreet, 'refusals?ip=203.0.113.7')).body.items).toEqual([])
})

test('old refusals are deleted, and counts of hours before those of days', async () => {
  await using app = await startApp()
  await app.ask('GET', '/auth/v1/user')
  expect((await get(app, 'refusals')).body.items).toHaveLength(1)
  app.clock.advance(8 * 86_400_000)
  await app.core.forTask().sweep()
  expect((await get(app, 'refusals')).body.items).toEqual([])
  app.clock.advance(30 * 86_400_000)
  await app.core.forTask().sweep()
  const kinds = async (step: string) =>
    (await get(app, `activity?step=${step}&since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z`)).body.series
  expect(await kinds('hour')).toEqual([])
  expect(await kinds('day')).toMatchObject([{ kind: 'refusal', label: 'bearer_missing' }])
})

test('activity counts sign-ups, sign-ins by method and result, refreshes and refusals', async () => {
  await using app = await startApp({
    settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' },
  })
  const ada = await app.signUp('ada@example.com')
  await app.signIn(ada.email)
  await passwordGrant(app, { email: ada.email, password: 'wrong-password-1' })
  await app.ask('POST', '/auth/v1/signup', { body: {} })
  await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: { email: 'made@example.com' } })
  app.clock.advance(3_600_000)
  await refresh(app, ada.refreshToken)
  await refresh(app, 'not-a-refresh-token')
  await app.ask('POST', '/auth/v1/verify', { body: { type: 'email', email: ada.email, token: '000000' } })
  const { body } = await get(app, 'activity')
  const counts = (shown: Json) =>
    Object.fromEntries(shown.series.map(({ kind, label, points }: Json) => [`${kind} ${label}`, points]))
  const [first, second] = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z']
  expect(counts(body)).toEqual({
    'sign_up email': [{ at: first, count: 1 }],
    'sign_up anonymous': [{ at: first, count: 1 }],
    'sign_up admin': [{ at: first, count: 1 }],
    'sign_in password:success': [{ at: first, count: 2 }],
    'sign_in password:refused': [{ at: first, count: 1 }],
    'sign_in anonymous:success': [{ at: first, count: 1 }],
    'sign_in otp:refused': [{ at: second, count: 1 }],
    'refresh success': [{ at: second, count: 1 }],
    'refresh refused': [{ at: second, count: 1 }],
    'refusal credentials_wrong': [{ at: first, count: 1 }],
    'refusal refresh_token_malformed': [{ at: second, count: 1 }],
    'refusal code_wrong': [{ at: second, count: 1 }],
  })
  const days = (await get(app, 'activity?step=day')).body
  expect(days).toMatchObject({ step: 'day', since: '2025-12-03T00:00:00Z', until: '2026-01-02T00:00:00Z' })
  expect(counts(days)['sign_in password:success']).toEqual([{ at: first, count: 2 }])
  expect(app.core.forTask().activityTotals()).toContainEqual({ kind: 'sign_in', label: 'password:success', count: 2 })
  for (const query of ['step=week', 'since=x', 'step=__proto__'])
    expect([query, (await get(app, `activity?${query}`)).status]).toEqual([query, 400])
})

/** A server that confirms addresses by mail, which the test sends by itself. */
async function startWithMail(): Promise<TestApp> {
  const app = await startApp({
    settings: {
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_SMTP_HOST: '127.0.0.1',
      AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com',
    },
  })
  await app.mailWorker?.stop()
  return app
}

test('messages are listed by state and recipient, without what is in them', async () => {
  await using app = await startWithMail()
  for (const name of ['ada', 'bob', 'cyd'])
    await app.ask('POST', '/auth/v1/signup', { body: { email: `${name}@example.com`, password: PASSWORD } })
  const { body, text } = await get(app, 'messages')
  expect(body.items.map(({ recipient, state, template }: Json) => [recipient, state, template])).toEqual(
    ['cyd', 'bob', 'ada'].map((name) => [`${name}@example.com`, 'queued', 'confirmation']),
  )
  expect(body.counts).toEqual({ queued: 3, sent: 0, failed: 0, kept: 0 })
  expect(text).not.toMatch(/content|subject|http|token/)
  const found = async (query: string) => (await get(app, `messages?${query}`)).body.items.length
  expect(await found('recipient=Ada@Example.com')).toBe(1)
  expect(await found('recipient=ada@example.com&state=sent')).toBe(0)
  expect(await found('state=queued&limit=2')).toBe(2)
  expect(await found('state=sent')).toBe(0)
  expect((await get(app, 'messages?state=lost')).status).toBe(400)
})

test('a mail that the server refused is sent again by an administrator, while its link works', async () => {
  await using app = await startWithMail()
  await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  const task = app.core.forTask()
  const refusing = { send: async () => ({ outcome: 'refused', error: '550 no' }) as const }
  expect(await task.deliverMessages(refusing)).toBe(1)
  const [message] = (await get(app, 'messages?state=failed')).body.items
  expect(message).toMatchObject({ error: '550 no', attempts: 1, next_attempt_at: null })
  const retried = await post(app, `messages/${message.id}/retry`)
  expect([retried.status, retried.body]).toMatchObject([
    200,
    { state: 'queued', next_attempt_at: '2026-01-01T00:00:00Z' },
  ])
  const sent: string[] = []
  await task.deliverMessages({
    send: async ({ html }) => {
      sent.push(html)
      return { outcome: 'sent' }
    },
  })
  const [link = ''] = /http[^"]*\/verify[^"]*/.exec(sent[0] ?? '') ?? []
  const { pathname, search } = new URL(link.replaceAll('&amp;', '&'))
  expect((await app.ask('GET', pathname + search)).status).toBe(303)
  expect((await post(app, `messages/${message.id}/retry`)).body).toMatchObject({ code: 'conflict' })
  for (const id of [randomUUID(), 'x']) expect((await post(app, `messages/${id}/retry`)).status).toBe(404)
  const { body: series } = await get(app, 'activity')
  expect(series.series.filter(({ kind }: Json) => kind === 'mail')).toMatchObject([
    { label: 'failed', points: [{ count: 1 }] },
    { label: 'sent', points: [{ count: 1 }] },
  ])
  expect((await get(app, 'audit?action=message_retried')).body).toMatchObject([
    { payload: { actor_username: 'service_role', traits: { message_id: message.id } } },
  ])
})

test('a mail whose link has expired is not sent again', async () => {
  await using app = await startWithMail()
  await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  const [message] = (await get(app, 'messages')).body.items
  app.clock.advance(Date.parse(message.expires_at) - app.clock.now())
  expect((await post(app, `messages/${message.id}/retry`)).body).toMatchObject({ code: 'conflict' })
})

test('events are listed and sent again', async () => {
  await using app = await startApp({
    post: async () => ({ outcome: 'unreachable', error: 'refused' }),
    settings: {
      AUTH_EVENTS_URL: 'https://events.example.com/',
      AUTH_EVENTS_SECRETS: 'v1,whsec_c2VjcmV0LW9mLXRoaXMtdGVzdA==',
    },
  })
  const ada = await app.signUp()
  const { body } = await get(app, `events?user_id=${ada.id}`)
  expect(body.items.length).toBeGreaterThan(0)
  expect(body.items.at(-1)).toMatchObject({ type: 'user.created', user_id: ada.id, state: 'pending' })
  expect(Object.keys(body.items[0])).not.toContain('payload')
  const { id } = body.items[0]
  expect((await post(app, `events/${id}/replay`)).body).toMatchObject({ id, state: 'pending' })
  expect((await post(app, 'events/unknown/replay')).status).toBe(404)
  expect((await get(app, 'events?state=failed')).body.items).toEqual([])
  expect((await get(app, 'events?state=x')).status).toBe(400)
  expect((await get(app, `events?user_id=${randomUUID()}`)).body.items).toEqual([])
})

test('the audit log is filtered by account, action, address, request and time', async () => {
  await using app = await startApp()
  const ada = await app.signUp('ada@example.com')
  app.clock.advance(60_000)
  const bob = await app.signUp('bob@example.com')
  app.clock.advance(60_000)
  const { headers } = await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, {
    token: app.admin,
    body: { user_metadata: { name: 'Ada' } },
    ip: '198.51.100.9',
  })
  await app.signIn(bob.email)
  const found = async (query: string): Promise<string[][]> =>
    (await get(app, `audit?${query}`)).body.map(({ payload }: Json) => [payload.action, payload.actor_username])
  expect(await found(`user_id=${ada.id}`)).toEqual([
    ['user_modified', 'service_role'],
    ['login', ada.email],
    ['user_signedup', ada.email],
  ])
  expect(await found(`user_id=${ada.id}&action=login`)).toEqual([['login', ada.email]])
  expect(await found(`user_id=${ada.id}&query=action:user`)).toHaveLength(2)
  expect(await found('action=login')).toHaveLength(3)
  expect(await found('ip=198.51.100.9')).toEqual([['user_modified', 'service_role']])
  expect(await found(`request_id=${headers.get('x-request-id')}`)).toEqual([['user_modified', 'service_role']])
  expect(await found('since=2026-01-01T00:01:00Z&until=2026-01-01T00:02:00Z')).toEqual([
    ['login', bob.email],
    ['user_signedup', bob.email],
  ])
  expect(await found(`user_id=${ada.id}&since=2026-01-01T00:01:00Z`)).toEqual([['user_modified', 'service_role']])
  expect(await found(`user_id=${randomUUID()}`)).toEqual([])
  expect(await found('user_id=x')).toEqual([])
  const page = await get(app, `audit?user_id=${ada.id}&per_page=2&page=2`)
  expect([page.body.length, page.headers.get('x-total-count')]).toEqual([1, '3'])
  expect((await get(app, 'audit?since=x')).status).toBe(400)
})
