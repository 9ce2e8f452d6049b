/** Hooks that send mails and SMS in place of this server (docs/hooks.md). */

import { expect, test } from 'bun:test'
import type { HttpRequest, HttpResult } from '../../../src/core/kernel/ports'
import { MINUTE } from '../../../src/lib/milliseconds'
import { type Json, PASSWORD, type Reply, startApp, type TestApp, type TestOptions } from '../../support/app'
import { countRows } from '../../support/database'

const SECRETS = ['Zmlyc3Qtc2VjcmV0LWZpcnN0LXNlY3JldA==', 'c2Vjb25kLXNlY3JldC1zZWNvbmQ=']
const whsec = SECRETS.map((secret) => `v1,whsec_${secret}`).join('|')

const MAIL_HOOK = {
  AUTH_HOOK_SEND_EMAIL_ENABLED: 'true',
  AUTH_HOOK_SEND_EMAIL_URI: 'https://hooks.example.com/mail',
  AUTH_HOOK_SEND_EMAIL_SECRETS: whsec,
  AUTH_API_EXTERNAL_URL: 'https://api.example.com/auth/v1',
}
const SMS_HOOK = {
  AUTH_HOOK_SEND_SMS_ENABLED: 'true',
  AUTH_HOOK_SEND_SMS_URI: 'http://localhost:9/sms',
  AUTH_HOOK_SEND_SMS_SECRETS: whsec,
  AUTH_EXTERNAL_PHONE_ENABLED: 'true',
}

type Answered = Extract<HttpResult, { outcome: 'answered' }>

const answered = (status: number, body: unknown = {}, more: Partial<Answered> = {}): HttpResult => ({
  outcome: 'answered',
  status,
  contentType: 'application/json',
  retryAfter: '',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  isTooLarge: false,
  ...more,
})

const OK = answered(200)
const UNREACHABLE: HttpResult = { outcome: 'unreachable', error: 'ECONNREFUSED' }

interface Called extends HttpRequest {
  payload: Json
}

/** A server whose hook gives one of these responses to each call, and then succeeds. */
async function start({ settings = MAIL_HOOK, ...options }: TestOptions = {}) {
  const calls: Called[] = []
  const answers: ((app: TestApp) => HttpResult)[] = []
  let meanwhile: ((call: Called) => Promise<void>) | undefined
  const app: TestApp = await startApp({
    ...options,
    settings,
    async post(request) {
      const call = { ...request, payload: JSON.parse(request.body) }
      calls.push(call)
      await meanwhile?.(call)
      return answers.shift()?.(app) ?? OK
    },
  })
  return {
    app,
    calls,
    answer(...given: (HttpResult | ((app: TestApp) => HttpResult))[]) {
      answers.push(...given.map((each) => (typeof each === 'function' ? each : () => each)))
    },
    /** What happens during each call. */
    during(work: typeof meanwhile) {
      meanwhile = work
    },
    /** Waits until the hook was called this many times; the queue calls it after the response. */
    async called(times: number) {
      while (calls.length < times) await new Promise((resolve) => setImmediate(resolve))
    },
    last(): Called {
      const call = calls.at(-1)
      if (!call) throw new Error('the hook was not called')
      return call
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

const signUp = (app: TestApp, email = 'ada@example.com') =>
  app.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD } })

/** A signed-in user with a confirmed address. */
async function confirmed(app: TestApp, email = 'ada@example.com') {
  const body = { email, password: PASSWORD, email_confirm: true }
  await app.ask('POST', '/auth/v1/admin/users', { body, token: app.admin })
  return app.signIn(email)
}

const verify = (app: TestApp, body: object) => app.ask('POST', '/auth/v1/verify', { body })

/** How many rows each table has. */
function rows(app: TestApp, ...tables: string[]): Promise<number[]> {
  return Promise.all(tables.map((table) => countRows(app.database, table)))
}

const STORED = ['users', 'identities', 'verification_tokens', 'flow_state', 'messages', 'sessions']

/** Standard Webhooks 1.0, worked out independently of the server. */
async function signatureOf(secret: string, { headers, body }: HttpRequest): Promise<string> {
  const key = Uint8Array.from(atob(secret), (character) => character.charCodeAt(0))
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', key, hmac, false, ['sign'])
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const signature = await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text))
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`
}

// The request

test('a hook is called with a POST of JSON, signed with each of its secrets', async () => {
  await using hook = await start({ now: '2026-01-01T00:00:00.999Z' })
  expect((await signUp(hook.app)).status).toBe(200)
  expect(hook.calls).toHaveLength(1)
  const call = hook.last()
  expect(call.url).toBe('https://hooks.example.com/mail')
  expect(call.timeoutMs).toBeLessThanOrEqual(5000)
  expect(call.maxBytes).toBe(204_800)
  expect(Object.keys(call.headers).sort()).toEqual([
    ...['accept-encoding', 'content-type', 'webhook-id', 'webhook-signature', 'webhook-timestamp'],
  ])
  expect(call.headers['content-type']).toBe('application/json')
  expect(call.headers['webhook-timestamp']).toBe('1767225600')
  expect(call.headers['webhook-id']).toMatch(/^[0-9a-f-]{36}$/)
  const expected = await Promise.all(SECRETS.map((secret) => signatureOf(secret, call)))
  expect(call.headers['webhook-signature']).toBe(expected.join(', '))
})

test('each attempt has an id and a signature of its own, over the same body', async () => {
  await using hook = await start()
  hook.answer(UNREACHABLE, answered(503, '', { retryAfter: '1' }))
  expect((await signUp(hook.app)).status).toBe(200)
  expect(hook.calls).toHaveLength(3)
  expect(new Set(hook.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
  expect(new Set(hook.calls.map(({ body }) => body)).size).toBe(1)
  for (const call of hook.calls)
    expect(call.headers['webhook-signature']?.split(', ')[1]).toBe(await signatureOf(SECRETS[1] ?? '', call))
})

// The payload of the Send Email hook

test('the payload begins with its metadata, then the account, then the mail, every key always there', async () => {
  await using hook = await start()
  await signUp(hook.app)
  const { payload } = hook.last()
  expect(Object.keys(payload)).toEqual(['metadata', 'user', 'email_data'])
  expect(payload.metadata).toEqual({
    uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    time: '2026-01-01T00:00:00.000Z',
    name: 'send-email',
    ip_address: '203.0.113.7',
  })
  expect(payload.user).toMatchObject({
    aud: 'authenticated',
    role: 'authenticated',
    email: 'ada@example.com',
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { email: 'ada@example.com', email_verified: false },
    is_anonymous: false,
    confirmation_sent_at: '2026-01-01T00:00:00.000Z',
  })
  expect(Object.keys(payload.email_data).sort()).toEqual([
    ...['email_action_type', 'factor_type', 'old_email', 'old_phone', 'provider', 'redirect_to', 'site_url'],
    ...['token', 'token_hash', 'token_hash_new', 'token_new'],
  ])
  expect(hook.last().body).not.toContain(PASSWORD)
  expect(hook.last().body).not.toContain('fake$')
})

test('sign-up: the code and the token that confirm the address', async () => {
  for (const way of ['code', 'token'] as const) {
    await using hook = await start()
    await signUp(hook.app)
    const { email_data: mail, user } = hook.last().payload
    expect(mail).toEqual({
      token: expect.stringMatching(/^\d{6}$/),
      token_hash: expect.stringMatching(/^[\w-]{43}$/),
      redirect_to: 'http://localhost:3000',
      email_action_type: 'signup',
      site_url: 'https://api.example.com/auth/v1',
      token_new: '',
      token_hash_new: '',
      old_email: '',
      old_phone: '',
      provider: '',
      factor_type: '',
    })
    const shown = { code: { email: 'ada@example.com', token: mail.token }, token: { token_hash: mail.token_hash } }[way]
    const { status, body } = await verify(hook.app, { type: 'signup', ...shown })
    expect([status, body.user?.id]).toEqual([200, user.id])
  }
})

test('recovery, magic link, invitation and reauthentication: each with its action and a token that works', async () => {
  await using hook = await start()
  const { app } = hook
  const ada = await confirmed(app)
  expect(hook.calls).toEqual([])
  const asked: [action: string, type: string, request: () => Promise<Reply>][] = [
    ['recovery', 'recovery', () => app.ask('POST', '/auth/v1/recover', { body: { email: ada.email } })],
    ['magiclink', 'magiclink', () => app.ask('POST', '/auth/v1/otp', { body: { email: ada.email } })],
    ['magiclink', 'email', () => app.ask('POST', '/auth/v1/magiclink', { body: { email: ada.email } })],
    [
      ...(['invite', 'invite'] as const),
      () => app.ask('POST', '/auth/v1/invite', { body: { email: 'new@example.com' }, token: app.admin }),
    ],
  ]
  for (const [action, type, request] of asked) {
    app.clock.advance(MINUTE)
    expect((await request()).status).toBe(200)
    const { email_data: mail, user } = hook.last().payload
    expect([mail.email_action_type, mail.token_new, mail.token_hash_new]).toEqual([action, '', ''])
    const { status, body } = await verify(app, { type, token_hash: mail.token_hash })
    expect([action, status, body.user?.email]).toEqual([action, 200, user.email])
  }
  expect((await app.ask('GET', '/auth/v1/reauthenticate', { token: ada.accessToken })).status).toBe(200)
  expect(hook.last().payload.email_data).toMatchObject({ email_action_type: 'reauthentication' })
  expect(hook.last().payload.email_data.token).toMatch(/^\d{6}$/)
  expect(hook.calls).toHaveLength(5)
})

test('the payload contains the redirect target', async () => {
  await using hook = await start({ settings: { ...MAIL_HOOK, AUTH_URI_ALLOW_LIST: 'myapp://*' } })
  const body = { email: 'ada@example.com', password: PASSWORD }
  await hook.app.ask('POST', '/auth/v1/signup?redirect_to=myapp://cb', { body })
  expect(hook.last().payload.email_data.redirect_to).toBe('myapp://cb')
})

test('a flow with PKCE has the prefix before its token', async () => {
  await using hook = await start()
  const body = {
    email: 'ada@example.com',
    password: PASSWORD,
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 's256',
  }
  await hook.app.ask('POST', '/auth/v1/signup', { body })
  expect(hook.last().payload.email_data.token_hash).toMatch(/^pkce_[\w-]{43}$/)
})

test('a change of address with two confirmations is one call, and each hash stands with the code of the other address', async () => {
  await using hook = await start()
  const { app } = hook
  const ada = await confirmed(app)
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email: 'new@example.com' } })
  expect(hook.calls).toHaveLength(1)
  const { email_data: mail, user } = hook.last().payload
  expect([user.email, user.new_email, mail.email_action_type]).toEqual([
    ...['ada@example.com', 'new@example.com', 'email_change'],
  ])
  for (const token of [mail.token, mail.token_new]) expect(token).toMatch(/^\d{6}$/)
  // `token` is for the current address, `token_hash` for the new one
  const change = { type: 'email_change' }
  expect(await verify(app, { ...change, email: 'ada@example.com', token: mail.token })).toMatchObject({
    status: 200,
    body: { code: '200' },
  })
  // so the other hash is for the current address, too, and is no second confirmation
  expect((await verify(app, { ...change, token_hash: mail.token_hash_new })).body.code).toBe('otp_expired')
  const { status, body } = await verify(app, { ...change, token_hash: mail.token_hash })
  expect([status, body.user?.email]).toEqual([200, 'new@example.com'])
})

test('a change of address with two confirmations: the new address has `token_new` and `token_hash`', async () => {
  await using hook = await start()
  const { app } = hook
  const ada = await confirmed(app)
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email: 'new@example.com' } })
  const { email_data: mail } = hook.last().payload
  const change = { type: 'email_change' }
  expect((await verify(app, { ...change, email: 'new@example.com', token: mail.token_new })).body.code).toBe('200')
  expect((await verify(app, { ...change, token_hash: mail.token_hash })).body.code).toBe('otp_expired')
  expect((await verify(app, { ...change, token_hash: mail.token_hash_new })).body.user.email).toBe('new@example.com')
})

test('a change of address with one confirmation has one token, for the new address', async () => {
  await using hook = await start({ settings: { ...MAIL_HOOK, AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' } })
  const { app } = hook
  const ada = await confirmed(app)
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email: 'new@example.com' } })
  const { email_data: mail } = hook.last().payload
  expect(mail).toMatchObject({ email_action_type: 'email_change', token_new: '', token_hash_new: '' })
  const { body } = await verify(app, { type: 'email_change', email: 'new@example.com', token: mail.token })
  expect(body.user.email).toBe('new@example.com')
})

test('notices contain the previous value, if enabled', async () => {
  await using hook = await start({
    settings: {
      ...MAIL_HOOK,
      AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false',
      AUTH_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED: 'true',
      AUTH_MAILER_NOTIFICATIONS_EMAIL_CHANGED_ENABLED: 'true',
    },
  })
  const { app } = hook
  const ada = await confirmed(app)
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: 'another-horse-battery-7' } })
  await hook.called(1)
  expect(hook.last().payload.email_data).toMatchObject({
    email_action_type: 'password_changed_notification',
    token: '',
    token_hash: '',
  })
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email: 'new@example.com' } })
  const { token_hash } = hook.last().payload.email_data
  await verify(app, { type: 'email_change', token_hash })
  await hook.called(3)
  expect(hook.last().payload.email_data).toMatchObject({
    email_action_type: 'email_changed_notification',
    old_email: 'ada@example.com',
    token: '',
    token_hash: '',
  })
})

test('a failed notice does not undo the change', async () => {
  await using hook = await start({
    settings: { ...MAIL_HOOK, AUTH_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED: 'true' },
  })
  const { app } = hook
  const ada = await confirmed(app)
  hook.answer(answered(400))
  const body = { password: 'another-horse-battery-7' }
  expect((await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })).status).toBe(200)
  await hook.called(1)
  expect(hook.calls).toHaveLength(1)
  expect((await app.signIn(ada.email, body.password)).id).toBe(ada.id)
})

test('mails of kinds unknown to hooks are not sent', async () => {
  await using hook = await start()
  await confirmed(hook.app)
  expect((await signUp(hook.app)).status).toBe(200) // the owner would be told that there is an account already
  expect(hook.calls).toEqual([])
  expect(await rows(hook.app, 'messages')).toEqual([0])
})

test('with a hook, nothing is queued, and no code or token is logged', async () => {
  await using hook = await start()
  await signUp(hook.app)
  const { token, token_hash } = hook.last().payload.email_data
  expect(await rows(hook.app, 'messages')).toEqual([0])
  const log = JSON.stringify(hook.app.log())
  for (const secret of [token, token_hash, ...SECRETS]) expect(log).not.toContain(secret)
})

// Responses of the hook

const SLOW = (ms: number, then: HttpResult) => (app: TestApp) => {
  app.clock.advance(ms)
  return then
}

const huge = 'x'.repeat(204_800)
const RETRY = { retryAfter: '1' }
const TABLE: [what: string, answers: HttpResult[], status: number, code: string, message: string][] = [
  ['a status of 400', [answered(400)], 500, 'unexpected_failure', 'Invalid payload sent to hook'],
  ['a status of 401', [answered(401)], 500, 'unexpected_failure', 'Hook requires authorization token'],
  ['a status of 429', [answered(429)], 500, 'unexpected_failure', 'Service currently unavailable due to hook'],
  ['a status of 503', [answered(503)], 500, 'unexpected_failure', 'Service currently unavailable due to hook'],
  ['a status of 500', [answered(500)], 500, 'unexpected_failure', 'Unexpected status code returned from hook: 500'],
  ['a redirect', [answered(302)], 500, 'unexpected_failure', 'Unexpected status code returned from hook: 302'],
  ['a status of 201', [answered(201)], 500, 'unexpected_failure', 'Unexpected status code returned from hook: 201'],
  ['a status of 403', [answered(403)], 500, 'unexpected_failure', 'Unexpected status code returned from hook: 403'],
  [
    'no content type',
    [answered(200, {}, { contentType: '' })],
    ...([400, 'hook_payload_invalid_content_type', 'Invalid Content-Type: Missing Content-Type header'] as const),
  ],
  [
    'another content type',
    [answered(200, '<p>', { contentType: 'text/html' })],
    ...([400, 'hook_payload_invalid_content_type'] as const),
    'Invalid JSON response. Received content-type: text/html',
  ],
  [
    'a content type that only begins so',
    [answered(200, '{}', { contentType: 'application/jsonp' })],
    ...([400, 'hook_payload_invalid_content_type'] as const),
    'Invalid JSON response. Received content-type: application/jsonp',
  ],
  [
    'an answer over 200 KiB',
    [answered(200, huge, { isTooLarge: true })],
    ...([422, 'hook_payload_over_size_limit', 'Payload size exceeded size limit of 204800 bytes'] as const),
  ],
  ['no JSON', [answered(200, '{"error":')], 500, 'unexpected_failure', 'Error unmarshaling JSON output.'],
  [
    'nothing in time',
    [{ outcome: 'timed_out' }],
    ...([422, 'hook_timeout', 'Failed to reach hook within maximum time of 5.000000 seconds'] as const),
  ],
  [
    'nothing at three attempts',
    [UNREACHABLE, UNREACHABLE, UNREACHABLE],
    ...([422, 'hook_timeout_after_retry', 'Failed to reach hook after maximum retries'] as const),
  ],
  [
    'to come back later, three times',
    [answered(429, '', RETRY), answered(503, '', RETRY), answered(429, '', RETRY)],
    ...([500, 'unexpected_failure', 'Service currently unavailable due to hook'] as const),
  ],
  [
    'an error with a status',
    [answered(200, { error: { http_code: 403, message: 'Not this domain' } })],
    ...([403, 'unknown', 'Not this domain'] as const),
  ],
  [
    'an error with 202',
    [answered(202, { error: { http_code: 422, message: 'Not this domain' } })],
    ...([422, 'unknown', 'Not this domain'] as const),
  ],
  [
    'an error without a status',
    [answered(200, { error: { message: 'Not this domain' } })],
    ...([500, 'unexpected_failure', 'Not this domain'] as const),
  ],
  [
    'an error with status 0',
    [answered(200, { error: { http_code: 0, message: 'Not this domain' } })],
    ...([500, 'unexpected_failure', 'Not this domain'] as const),
  ],
  [
    'an error with status 500',
    [answered(200, { error: { http_code: 500, message: 'Mail is down' } })],
    ...([500, 'unexpected_failure', 'Mail is down'] as const),
  ],
  [
    'an error with a status that is none',
    [answered(200, { error: { http_code: 99_999, message: 'Odd' } })],
    ...([500, 'unexpected_failure', 'Odd'] as const),
  ],
]

for (const [what, answers, status, code, message] of TABLE)
  test(`a hook that answers ${what}: ${status} ${code}, and nothing is stored`, async () => {
    await using hook = await start()
    const before = await rows(hook.app, ...STORED)
    hook.answer(...answers)
    const reply = await signUp(hook.app)
    expect([reply.status, reply.body]).toEqual([status, { code, message }])
    expect(hook.calls).toHaveLength(answers.length)
    expect(await rows(hook.app, ...STORED)).toEqual(before)
    // and the next attempt starts over
    expect((await signUp(hook.app)).status).toBe(200)
    expect(await rows(hook.app, 'users', 'verification_tokens')).toEqual([1, 1])
  })

const FINE: [what: string, answer: HttpResult][] = [
  ['204 without a body', answered(204, '', { contentType: '' })],
  ['200 with an empty object', answered(200)],
  ['202 with an empty object', answered(202)],
  ['200 with an empty body', answered(200, '')],
  ['JSON with a character set', answered(200, '{}', { contentType: 'Application/JSON; charset=utf-8' })],
  ['more than it was asked for', answered(200, { success: true, n: [1] })],
  ['an error that is null', answered(200, { error: null })],
  ['an error with an empty message', answered(200, { error: { http_code: 500, message: '' } })],
  ['an error without a message', answered(200, { error: { http_code: 500 } })],
  ['null', answered(200, 'null')],
]

for (const [what, answer] of FINE)
  test(`a hook that answers ${what} has sent the mail`, async () => {
    await using hook = await start()
    hook.answer(answer)
    expect((await signUp(hook.app)).status).toBe(200)
    expect(hook.calls).toHaveLength(1)
    expect(await rows(hook.app, 'users')).toEqual([1])
  })

// Attempts and time

test('a hook that is unreachable or busy is called up to three times', async () => {
  for (const trouble of [UNREACHABLE, answered(429, '', RETRY), answered(503, '', RETRY)])
    for (const failures of [1, 2]) {
      await using hook = await start()
      hook.answer(...Array(failures).fill(trouble))
      expect((await signUp(hook.app)).status).toBe(200)
      expect(hook.calls).toHaveLength(failures + 1)
    }
})

test('permanent errors are not retried', async () => {
  for (const trouble of [answered(429), answered(503), answered(500, '', RETRY), answered(400, '', RETRY)]) {
    await using hook = await start()
    hook.answer(trouble)
    expect((await signUp(hook.app)).status).toBe(500)
    expect(hook.calls).toHaveLength(1)
  }
})

test('all attempts together take at most five seconds', async () => {
  await using hook = await start()
  hook.answer(SLOW(3000, UNREACHABLE), SLOW(1999, UNREACHABLE), SLOW(1, UNREACHABLE))
  const reply = await signUp(hook.app)
  expect(hook.calls.map(({ timeoutMs }) => timeoutMs)).toEqual([5000, 2000, 1])
  expect([reply.status, reply.body.code]).toEqual([422, 'hook_timeout_after_retry'])
})

test('attempts are two seconds apart while time remains', async () => {
  await using hook = await start()
  const { clock } = hook.app
  const waits: number[] = []
  const { sleep } = clock
  clock.sleep = async (ms) => {
    await sleep(ms)
    if (ms < 100) return // the short waits that even out answers
    waits.push(ms)
    clock.advance(ms)
  }
  hook.answer(SLOW(1500, UNREACHABLE), SLOW(1000, UNREACHABLE))
  expect((await signUp(hook.app)).body.code).toBe('hook_timeout')
  expect([waits, hook.calls.map(({ timeoutMs }) => timeoutMs)]).toEqual([
    [2000, 500],
    [5000, 1500],
  ])
})

test('after the timeout there are no further attempts', async () => {
  await using hook = await start()
  hook.answer(SLOW(5000, UNREACHABLE))
  expect((await signUp(hook.app)).body.code).toBe('hook_timeout')
  expect(hook.calls).toHaveLength(1)
})

// What stays unchanged

test('a rejected mail leaves the previous one usable, and does not count as sent', async () => {
  await using hook = await start()
  const { app } = hook
  await confirmed(app)
  const recover = () => app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } })
  await recover()
  const { token_hash } = hook.last().payload.email_data
  app.clock.advance(MINUTE)
  hook.answer(answered(500))
  expect((await recover()).status).toBe(500)
  expect((await verify(app, { type: 'recovery', token_hash })).status).toBe(200)
  expect((await recover()).status).toBe(200)
  expect((await recover()).status).toBe(429) // that one went out
})

test('a rejected change of address leaves no pending change', async () => {
  await using hook = await start()
  const { app } = hook
  const ada = await confirmed(app)
  hook.answer(answered(200, { error: { http_code: 403, message: 'no' } }))
  const body = { email: 'new@example.com', data: { name: 'Ada' } }
  expect((await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })).status).toBe(403)
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })
  expect([user.new_email, user.user_metadata.name]).toEqual([undefined, undefined])
  expect(await rows(app, 'verification_tokens')).toEqual([0])
})

test('a rejected invitation creates no account', async () => {
  await using hook = await start()
  hook.answer(answered(401))
  const body = { email: 'new@example.com' }
  expect((await hook.app.ask('POST', '/auth/v1/invite', { body, token: hook.app.admin })).status).toBe(500)
  expect(await rows(hook.app, ...STORED)).toEqual([0, 0, 0, 0, 0, 0])
})

// The endpoints below /api/auth

test('below /api/auth a hook is called from the queue: while it is down the response is the same, and the mail follows later', async () => {
  await using hook = await start()
  const { app } = hook
  await confirmed(app)
  for (const [index, path] of ['/password/reset/request', '/magic-link/send'].entries()) {
    hook.answer(answered(500))
    const known = await app.ask('POST', `/api/auth${path}`, { body: { email: 'ada@example.com' } })
    expect(known.status).toBe(200)
    await hook.called(2 * index + 1)
    while (app.log().filter(({ msg }) => msg === 'mail will be retried').length <= index)
      await new Promise((resolve) => setImmediate(resolve))
    app.clock.advance(10_000)
    app.mailWorker?.wake()
    await hook.called(2 * index + 2)
  }
  expect(hook.calls.map(({ payload }) => payload.email_data.email_action_type)).toEqual([
    ...['recovery', 'recovery', 'magiclink', 'magiclink'],
  ])
  expect(hook.last().payload.metadata.ip_address).toBe('203.0.113.7')
  const token = new URL(hook.last().payload.email_data.redirect_to).searchParams.get('token')
  expect((await app.ask('POST', '/api/auth/magic-link/verify', { body: { token } })).status).toBe(200)
})

test('a registration succeeds while the hook is down, and its mail follows later', async () => {
  await using hook = await start()
  const { app } = hook
  hook.answer(UNREACHABLE, UNREACHABLE, UNREACHABLE)
  const registered = await app.ask('POST', '/api/auth/register', {
    body: { email: 'ada@example.com', password: PASSWORD },
  })
  expect(registered.status).toBe(201)
  expect(await rows(app, 'users')).toEqual([1])
  await hook.called(3)
  while (!app.log().some(({ msg }) => msg === 'mail will be retried'))
    await new Promise((resolve) => setImmediate(resolve))
  app.clock.advance(10_000)
  app.mailWorker?.wake()
  await hook.called(4)
  const { token } = hook.last().payload.email_data
  expect((await verify(app, { type: 'signup', email: 'ada@example.com', token })).status).toBe(200)
})

test('with a hook, too, an address without an account gets one sign-in link a minute', async () => {
  await using hook = await start()
  const send = () => hook.app.ask('POST', '/api/auth/magic-link/send', { body: { email: 'new@example.com' } })
  await send()
  await send()
  await Promise.all(Array.from({ length: 5 }, send))
  await hook.called(1)
  expect(hook.calls).toHaveLength(1)
  hook.app.clock.advance(MINUTE)
  await send()
  await hook.called(2)
  expect(hook.calls).toHaveLength(2)
})

// The Send SMS hook

test('the SMS hook gets the code, and the code signs in', async () => {
  await using hook = await start({ settings: SMS_HOOK })
  const { app } = hook
  const reply = await app.ask('POST', '/auth/v1/otp', { body: { phone: '+1 555 123 0000' } })
  expect(reply.status).toBe(200)
  const call = hook.last()
  expect(call.url).toBe('http://localhost:9/sms')
  expect(Object.keys(call.payload)).toEqual(['metadata', 'user', 'sms'])
  expect(call.payload.metadata).toMatchObject({ name: 'send-sms', ip_address: '203.0.113.7' })
  expect(call.payload.user).toMatchObject({ phone: '15551230000', email: '' })
  expect(call.payload.sms).toEqual({ otp: expect.any(String), phone: '15551230000' })
  expect(call.headers['webhook-signature']).toBe(
    (await Promise.all(SECRETS.map((secret) => signatureOf(secret, call)))).join(', '),
  )
  const { otp } = JSON.parse(call.body).sms
  const { status, body } = await verify(app, { type: 'sms', phone: '15551230000', token: otp })
  expect([status, body.user?.phone]).toEqual([200, '15551230000'])
  expect(JSON.stringify(app.log())).not.toContain(otp)
})

test('a rejected SMS leaves no account, and the hook’s message is returned', async () => {
  await using hook = await start({ settings: SMS_HOOK })
  const { app } = hook
  hook.answer(answered(200, { error: { http_code: 422, message: 'Not this country' } }))
  const reply = await app.ask('POST', '/auth/v1/otp', { body: { phone: '15551230000' } })
  expect([reply.status, reply.body]).toEqual([422, { code: 'unknown', message: 'Not this country' }])
  expect(await rows(app, ...STORED)).toEqual([0, 0, 0, 0, 0, 0])
  hook.answer(UNREACHABLE, UNREACHABLE, UNREACHABLE)
  const second = await app.ask('POST', '/auth/v1/otp', { body: { phone: '15551230000' } })
  expect([second.status, second.body.code]).toEqual([422, 'hook_timeout_after_retry'])
  expect(await rows(app, ...STORED)).toEqual([0, 0, 0, 0, 0, 0])
})

test('a new number is confirmed by the code that the SMS hook got', async () => {
  await using hook = await start({ settings: SMS_HOOK })
  const { app } = hook
  const ada = await app.signUp('ada@example.com')
  const put = (body: object) => app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })
  expect((await put({ phone: '+15551230001' })).status).toBe(200)
  const { sms, user } = hook.last().payload
  expect([user.new_phone, sms.phone]).toEqual(['15551230001', '15551230001'])
  const { body } = await verify(app, { type: 'phone_change', phone: '15551230001', token: sms.otp })
  expect(body.user.phone).toBe('15551230001')
})

test('test numbers have their fixed code, and the hook is not called', async () => {
  await using hook = await start({ settings: { ...SMS_HOOK, AUTH_SMS_TEST_OTP: '15551230000:123456' } })
  const { app } = hook
  const { body } = await app.ask('POST', '/auth/v1/otp', { body: { phone: '15551230000' } })
  expect(body).toEqual({ message_id: 'test-otp' })
  expect(hook.calls).toEqual([])
  expect((await verify(app, { type: 'sms', phone: '15551230000', token: '123456' })).status).toBe(200)
})

test('in the two mails of a change of address, neither redirect target contains the other’s token', async () => {
  await using hook = await start({ settings: { ...MAIL_HOOK, AUTH_MAILER_AUTOCONFIRM: 'false' } })
  const ada = await confirmed(hook.app)
  const body = { new_email: 'new@example.com' }
  const asked = await hook.app.ask('POST', '/api/auth/email/change/request', { body, token: ada.accessToken })
  expect(asked.status).toBe(200)
  await hook.called(1)
  const { redirect_to, token_hash, token_hash_new } = hook.last().payload.email_data
  expect([redirect_to.includes('token='), token_hash === token_hash_new]).toEqual([false, false])
})

test('notices are sent even if others have used up the limit on mails', async () => {
  await using hook = await start({
    settings: {
      ...MAIL_HOOK,
      AUTH_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED: 'true',
      AUTH_RATE_LIMITS: 'on',
      AUTH_RATE_LIMIT_EMAIL_SENT: '1',
    },
  })
  const { app } = hook
  const ada = await confirmed(app)
  const otp = (email: string) => app.ask('POST', '/auth/v1/otp', { body: { email } })
  expect([(await otp('a@example.com')).status, (await otp('b@example.com')).status]).toEqual([200, 429])
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: 'another-horse-battery-7' } })
  await hook.called(2)
  expect(hook.last().payload.email_data.email_action_type).toBe('password_changed_notification')
})

// What a message refers to is stored before it is sent

/** A hook that rejects after it did something. */
const REFUSED = answered(200, { error: { http_code: 403, message: 'no' } })

/** The response of a hook that uses its payload before it responds. */
function during(hook: Awaited<ReturnType<typeof start>>, use: (call: Called) => Promise<void>, then: HttpResult = OK) {
  hook.during(async (call) => {
    hook.during(undefined)
    await use(call)
  })
  hook.answer(then)
}

test('a link or code works before the hook has answered, whatever it is for', async () => {
  await using hook = await start()
  const { app } = hook
  const used: [string, number][] = []
  const verifying = (type: string) => async (call: Called) => {
    const { status } = await verify(app, { type, token_hash: call.payload.email_data.token_hash })
    used.push([type, status])
  }
  const post = (path: string, body: object, token?: string) => app.ask('POST', path, { body, ...(token && { token }) })
  during(hook, verifying('signup'))
  expect((await signUp(app)).status).toBe(200)
  during(hook, verifying('recovery'))
  expect((await post('/auth/v1/recover', { email: 'ada@example.com' })).status).toBe(200)
  app.clock.advance(MINUTE)
  during(hook, verifying('magiclink'))
  expect((await post('/auth/v1/otp', { email: 'ada@example.com' })).status).toBe(200)
  during(hook, verifying('signup'))
  expect((await post('/auth/v1/otp', { email: 'new@example.com' })).status).toBe(200)
  during(hook, verifying('invite'))
  expect((await post('/auth/v1/invite', { email: 'guest@example.com' }, app.admin)).status).toBe(200)
  const ada = await app.signIn('ada@example.com')
  during(hook, async (call) => {
    const { token, token_hash } = call.payload.email_data
    const change = { type: 'email_change' }
    used.push(['first', (await verify(app, { ...change, email: 'ada@example.com', token })).status])
    used.push(['second', (await verify(app, { ...change, token_hash })).status])
  })
  const body = { email: 'ada@new.example.com', data: { name: 'Ada' }, password: 'another-horse-battery-7' }
  expect((await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })).status).toBe(200)
  const done = ['signup', 'recovery', 'magiclink', 'signup', 'invite', 'first', 'second']
  expect(used).toEqual(done.map((what) => [what, 200]))
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })
  expect([user.email, user.new_email, user.user_metadata.name]).toEqual(['ada@new.example.com', undefined, 'Ada'])
})

test('a code works before the SMS hook has answered, whatever it is for', async () => {
  await using hook = await start({ settings: SMS_HOOK })
  const { app } = hook
  const used: number[] = []
  const verifying = (type: string) => async (call: Called) => {
    const { phone, otp } = call.payload.sms
    used.push((await verify(app, { type, phone, token: otp })).status)
  }
  for (const _ of ['new', 'known']) {
    during(hook, verifying('sms'))
    const body = { phone: '15551230000' }
    expect((await app.ask('POST', '/auth/v1/otp', { body })).status).toBe(200)
    app.clock.advance(MINUTE)
  }
  const ada = await app.signUp('ada@example.com')
  during(hook, verifying('phone_change'))
  const put = await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { phone: '15551230001' } })
  expect([put.status, used]).toEqual([200, [200, 200, 200]])
})

test('an address changed together with the password keeps the tokens that were sent for it', async () => {
  await using hook = await start()
  const { app } = hook
  const ada = await confirmed(app)
  const body = { email: 'new@example.com', password: 'another-horse-battery-7' }
  expect((await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })).status).toBe(200)
  const { token, token_hash } = hook.last().payload.email_data
  await verify(app, { type: 'email_change', email: 'ada@example.com', token })
  expect((await verify(app, { type: 'email_change', token_hash })).body.user.email).toBe('new@example.com')
})

test('a failed change of address leaves the change before it pending, with its tokens', async () => {
  await using hook = await start()
  const { app } = hook
  const ada = await confirmed(app)
  const change = (email: string) => app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { email } })
  expect((await change('first@example.com')).status).toBe(200)
  const { token, token_hash } = hook.last().payload.email_data
  app.clock.advance(MINUTE)
  hook.answer(REFUSED)
  expect((await change('second@example.com')).status).toBe(403)
  await verify(app, { type: 'email_change', email: 'ada@example.com', token })
  expect((await verify(app, { type: 'email_change', token_hash })).body.user.email).toBe('first@example.com')
})

test('a token withdrawn from a failed call no longer works', async () => {
  await using hook = await start()
  const { app } = hook
  await confirmed(app)
  hook.answer(REFUSED)
  expect((await app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } })).status).toBe(403)
  const { token_hash } = hook.last().payload.email_data
  expect((await verify(app, { type: 'recovery', token_hash })).body.code).toBe('otp_expired')
  expect(await rows(app, 'verification_tokens')).toEqual([0])
})

test('a token replaced by one that was used does not come back when the call fails', async () => {
  await using hook = await start()
  const { app } = hook
  await confirmed(app)
  const recover = () => app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } })
  await recover()
  const { token_hash: older } = hook.last().payload.email_data
  app.clock.advance(MINUTE)
  const use = async (call: Called) => {
    const { token_hash } = call.payload.email_data
    expect((await verify(app, { type: 'recovery', token_hash })).status).toBe(200)
  }
  during(hook, use, REFUSED)
  expect((await recover()).status).toBe(403)
  expect((await verify(app, { type: 'recovery', token_hash: older })).body.code).toBe('otp_expired')
})

test('a sign-up whose hook fails leaves an account that was confirmed meanwhile', async () => {
  await using hook = await start()
  const { app } = hook
  const use = async (call: Called) => {
    const { token_hash } = call.payload.email_data
    expect((await verify(app, { type: 'signup', token_hash })).status).toBe(200)
  }
  during(hook, use, REFUSED)
  expect((await signUp(app)).status).toBe(403)
  expect((await app.signIn('ada@example.com')).email).toBe('ada@example.com')
})

test('a sign-up whose hook fails leaves an account that an administrator changed meanwhile', async () => {
  await using hook = await start()
  const { app } = hook
  const use = async (call: Called) => {
    app.clock.advance(1)
    const body = { app_metadata: { plan: 'pro' } }
    await app.ask('PUT', `/auth/v1/admin/users/${call.payload.user.id}`, { body, token: app.admin })
  }
  during(hook, use, REFUSED)
  expect((await signUp(app)).status).toBe(403)
  expect(await rows(app, 'users', 'verification_tokens')).toEqual([1, 0])
})

test('of two simultaneous sign-ups one calls the hook, and if it fails neither creates an account', async () => {
  await using hook = await start()
  const { app } = hook
  const again = async () => {
    expect((await signUp(app)).status).toBe(429)
  }
  during(hook, again, REFUSED)
  expect((await signUp(app)).status).toBe(403)
  expect([hook.calls.length, ...(await rows(app, ...STORED))]).toEqual([1, 0, 0, 0, 0, 0, 0])
})

test('an unsent one-time code keeps the password of the unconfirmed sign-up', async () => {
  await using hook = await start()
  const { app } = hook
  await signUp(app)
  const { token_hash } = hook.last().payload.email_data
  app.clock.advance(MINUTE)
  hook.answer(REFUSED)
  expect((await app.ask('POST', '/auth/v1/otp', { body: { email: 'ada@example.com' } })).status).toBe(403)
  expect((await verify(app, { type: 'signup', token_hash })).status).toBe(200)
  expect((await app.signIn('ada@example.com')).email).toBe('ada@example.com')
})

test('of a hanging hook, 32 calls run; others wait for their turn', async () => {
  await using hook = await start()
  const { app } = hook
  const { sleep } = app.clock
  app.clock.sleep = (ms) => (ms === 5000 ? new Promise(() => {}) : sleep(ms))
  const gate = Promise.withResolvers<void>()
  hook.during(() => gate.promise)
  const waiting = Array.from({ length: 40 }, (_, index) => signUp(app, `user${index}@example.com`))
  await hook.called(32)
  expect((await app.ask('GET', '/auth/v1/settings')).status).toBe(200)
  expect(hook.calls).toHaveLength(32)
  gate.resolve()
  expect((await Promise.all(waiting)).map((reply) => reply.status)).toEqual(Array(40).fill(200))
})
