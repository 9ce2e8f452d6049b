import { expect, test } from 'bun:test'
import { HOUR, MINUTE } from '../../../src/lib/milliseconds'
import { PASSWORD, passwordGrant, type Reply, refresh, startApp, type TestApp } from '../../support/app'
import { countRows, readRows } from '../../support/database'
import {
  confirmedUser,
  differentCode,
  lastMessageTo,
  mailboxOf,
  open,
  verify,
  WITH_CONFIRMATION,
  WITH_PHONE,
} from '../../support/mail'

const ADA = 'ada@example.com'
const PHONE = '15551230000'
const NEW = 'another-password-1'

const start = (settings = {}) => startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })
const post = (app: TestApp, path: string, body: object, headers?: Record<string, string>) =>
  app.ask('POST', `/auth/v1${path}`, { body, ...(headers && { headers }) })
const words = ({ status, body }: Reply) => [status, body.code, body.message]
const kindsTo = async (app: TestApp, to = ADA) => (await mailboxOf(app, to)).map(({ kind }) => kind)
const usersOf = async (app: TestApp) => (await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users

// Requests for a link.

test('a confirmed user gets a magic link with a code', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const { status, body } = await post(app, '/otp', { email: 'ADA@example.com' })
  expect([status, body]).toEqual([200, {}])
  const mail = await lastMessageTo(app, ADA)
  expect([mail.kind, mail.code]).toEqual(['magic_link', expect.stringMatching(/^\d{6}$/)])
  expect(mail.text).toContain(mail.code)
  expect(mail.html).toContain(mail.token)
  const { body: session } = await verify(app, { type: 'magiclink', email: ADA, token: mail.code })
  expect(session.user).toMatchObject({ email: ADA, recovery_sent_at: '2026-01-01T00:00:00Z' })
})

test('magiclink creates a token', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const { status, body } = await post(app, '/magiclink', { email: ADA })
  expect([status, body]).toEqual([200, { message: 'Magic link sent if email exists' }])
  expect(await readRows(app.database, 'SELECT kind, email, consumed_at FROM verification_tokens')).toEqual([
    { kind: 'magic_link', email: ADA, consumed_at: null },
  ])
  expect((await open(app, (await lastMessageTo(app, ADA)).link)).fragment).toMatchObject({ type: 'magiclink' })
})

test.each(['/otp', '/magiclink'])('%s creates a new user, whose first mail is a confirmation', async (path) => {
  await using app = await start()
  expect((await post(app, path, { email: ADA, data: { name: 'Ada' } })).status).toBe(200)
  expect(await usersOf(app)).toMatchObject([{ email: ADA, user_metadata: { name: 'Ada', email_verified: false } }])
  const { kind, code } = await lastMessageTo(app, ADA)
  expect(kind).toBe('confirmation')
  expect((await verify(app, { type: 'magiclink', email: ADA, token: code })).body.code).toBe('otp_expired')
  expect((await verify(app, { type: 'email', email: ADA, token: code })).status).toBe(200)
})

test('with autoconfirm, a new user gets a magic link at once', async () => {
  await using app = await start({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  await post(app, '/otp', { email: ADA })
  expect(await kindsTo(app)).toEqual(['magic_link'])
  expect((await open(app, (await lastMessageTo(app, ADA)).link)).fragment.type).toBe('magiclink')
})

test('a user who signed up by code has a random password', async () => {
  await using app = await start()
  await post(app, '/otp', { email: ADA })
  await open(app, (await lastMessageTo(app, ADA)).link)
  for (const password of ['', PASSWORD])
    expect((await passwordGrant(app, { email: ADA, password })).body.code).toBe('invalid_credentials')
})

test('an unconfirmed user gets the confirmation mail again, and nothing of the request is stored', async () => {
  await using app = await start()
  await post(app, '/signup', { email: ADA, password: PASSWORD, data: { name: 'Ada' } })
  app.clock.advance(MINUTE)
  await post(app, '/otp', { email: ADA, data: { name: 'Eve' } })
  expect(await kindsTo(app)).toEqual(['confirmation', 'confirmation'])
  // The metadata of the sign-up is dropped with its password.
  expect((await usersOf(app))[0].user_metadata).not.toHaveProperty('name')
})

test('create_user: false creates no user', async () => {
  await using app = await start()
  const refused = [422, 'otp_disabled', 'Signups not allowed for otp']
  for (const body of [{ email: ADA }, { email: 'nope' }, { phone: PHONE }, { phone: 'nope' }])
    expect(words(await post(app, '/otp', { ...body, create_user: false }))).toEqual(refused)
  expect([await usersOf(app), await kindsTo(app)]).toEqual([[], []])
  await confirmedUser(app, ADA)
  expect((await post(app, '/otp', { email: ADA, create_user: false })).status).toBe(200)
  expect(await kindsTo(app)).toEqual(['magic_link'])
})

const CHALLENGE = { code_challenge: 'x'.repeat(43) }
const INCOMPLETE = 'PKCE flow requires code_challenge_method and code_challenge'
const CHANNEL =
  "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if Twilio or Twilio Verify is used as the provider."

/** The first problem is reported (docs/wire-contract.md#links-and-codes). */
test.each<[string, object, [number, string, string], object?]>([
  [
    '/otp',
    { email: ADA, phone: PHONE, channel: 'x', ...CHALLENGE },
    [400, 'validation_failed', 'Only an email address or phone number should be provided'],
  ],
  [
    '/otp',
    { email: ADA, channel: 'sms', ...CHALLENGE },
    [400, 'validation_failed', 'Channel should only be specified with Phone OTP'],
  ],
  ['/otp', { email: ADA, create_user: false, ...CHALLENGE }, [400, 'validation_failed', INCOMPLETE]],
  ['/otp', {}, [400, 'validation_failed', 'One of email or phone must be set']],
  ['/otp', { create_user: false }, [400, 'validation_failed', 'One of email or phone must be set']],
  ['/otp', { email: 'nope' }, [400, 'validation_failed', 'Unable to validate email address: invalid format']],
  [
    '/otp',
    { email: ADA },
    [422, 'email_provider_disabled', 'Email logins are disabled'],
    { AUTH_EXTERNAL_EMAIL_ENABLED: 'false', AUTH_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED: 'false' },
  ],
  [
    '/otp',
    { email: 'nope' },
    [422, 'email_provider_disabled', 'Login with magic link is disabled'],
    { AUTH_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED: 'false' },
  ],
  [
    '/otp',
    { email: ADA },
    [422, 'signup_disabled', 'Signups not allowed for this instance'],
    { AUTH_DISABLE_SIGNUP: 'true' },
  ],
  ['/otp', { phone: '0', channel: 'x' }, [400, 'phone_provider_disabled', 'Unsupported phone provider']],
  ['/otp', { phone: '0', channel: 'pigeon' }, [400, 'validation_failed', CHANNEL], WITH_PHONE],
  ['/otp', { phone: PHONE, channel: 'whatsapp' }, [400, 'validation_failed', CHANNEL], WITH_PHONE],
  ['/otp', { phone: '0' }, [400, 'validation_failed', 'Invalid phone number format (E.164 required)'], WITH_PHONE],
  [
    '/otp',
    { phone: PHONE },
    [422, 'signup_disabled', 'Signups not allowed for this instance'],
    { ...WITH_PHONE, AUTH_DISABLE_SIGNUP: 'true' },
  ],
  ['/magiclink', {}, [422, 'validation_failed', 'Password recovery requires an email']],
  ['/magiclink', { email: 'nope' }, [400, 'validation_failed', 'Unable to validate email address: invalid format']],
  [
    '/magiclink',
    { email: ADA },
    [422, 'email_provider_disabled', 'Login with magic link is disabled'],
    { AUTH_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED: 'false' },
  ],
  [
    '/recover',
    {},
    [400, 'email_provider_disabled', 'Email logins are disabled'],
    { AUTH_EXTERNAL_EMAIL_ENABLED: 'false' },
  ],
  ['/recover', { ...CHALLENGE }, [400, 'validation_failed', 'Password recovery requires an email']],
  ['/recover', { email: 'nope', ...CHALLENGE }, [400, 'validation_failed', INCOMPLETE]],
  ['/recover', { email: 'nope' }, [400, 'validation_failed', 'Unable to validate email address: invalid format']],
  ['/resend', {}, [400, 'validation_failed', 'Missing one of these types: signup, email_change, sms, phone_change']],
  [
    '/resend',
    { type: 'magiclink', email: ADA },
    [400, 'validation_failed', 'Missing one of these types: signup, email_change, sms, phone_change'],
  ],
  ['/resend', { type: 'signup', phone: PHONE }, [400, 'validation_failed', 'Type provided requires an email address']],
  ['/resend', { type: 'sms', email: ADA }, [400, 'validation_failed', 'Type provided requires a phone number']],
  [
    '/resend',
    { type: 'signup', email: ADA, phone: PHONE },
    [400, 'validation_failed', 'Only an email address or phone number should be provided.'],
  ],
  ['/resend', { type: 'email_change' }, [400, 'validation_failed', 'Missing email address or phone number']],
  ['/resend', { type: 'phone_change' }, [400, 'validation_failed', 'Missing email address or phone number']],
  [
    '/resend',
    { type: 'signup', email: 'nope' },
    [400, 'email_provider_disabled', 'Email logins are disabled'],
    { AUTH_EXTERNAL_EMAIL_ENABLED: 'false' },
  ],
  [
    '/resend',
    { type: 'signup', email: 'nope' },
    [400, 'validation_failed', 'Unable to validate email address: invalid format'],
  ],
  ['/resend', { type: 'sms', phone: '0' }, [400, 'phone_provider_disabled', 'Phone logins are disabled']],
  [
    '/resend',
    { type: 'sms', phone: '0' },
    [400, 'validation_failed', 'Invalid phone number format (E.164 required)'],
    WITH_PHONE,
  ],
])('%s refuses %j with %j where the settings are %j', async (path, body, expected, settings = {}) => {
  await using app = await start(settings)
  expect(words(await post(app, path, body))).toEqual(expected)
})

test('/magiclink has its own message for an invalid body', async () => {
  await using app = await start()
  const { status, body } = await app.ask('POST', '/auth/v1/magiclink', { raw: '{"email":' })
  expect([status, body.code]).toEqual([400, 'bad_json'])
  expect(body.message).toStartWith('Could not read verification params: ')
})

test('resend repeats only pending messages', async () => {
  await using app = await start()
  await post(app, '/signup', { email: ADA, password: PASSWORD })
  const first = await lastMessageTo(app, ADA)
  app.clock.advance(MINUTE)
  const resend = () => post(app, '/resend', { type: 'signup', email: ADA })
  expect((await resend()).body).toEqual({})
  expect((await open(app, first.link)).fragment.error_code).toBe('otp_expired')
  const { link } = await lastMessageTo(app, ADA)
  expect((await open(app, link)).fragment.type).toBe('signup')
  app.clock.advance(MINUTE)
  for (const type of ['signup', 'email_change'])
    expect((await post(app, '/resend', { type, email: ADA })).body).toEqual({})
  expect(await kindsTo(app)).toEqual(['confirmation', 'confirmation'])
})

// Cooldowns. threat T45: limits on mails by address.

const TOO_SOON = (seconds: number) => [
  429,
  'over_email_send_rate_limit',
  `For security purposes, you can only request this after ${seconds} seconds.`,
]

test.each<[string, object, string]>([
  ['/otp', { email: ADA }, 'magic_link'],
  ['/magiclink', { email: ADA }, 'magic_link'],
  ['/recover', { email: ADA }, 'recovery'],
])('%s mails one user once a minute', async (path, body, kind) => {
  await using app = await start()
  await confirmedUser(app, ADA)
  expect((await post(app, path, body)).status).toBe(200)
  for (const [elapsedMs, seconds] of [
    [0, 60],
    [1000, 59],
    [58_500, 0],
  ] as const) {
    app.clock.advance(elapsedMs)
    const reply = await post(app, path, body)
    expect(words(reply)).toEqual(TOO_SOON(seconds))
    expect(reply.headers.get('retry-after')).toBeNull()
  }
  app.clock.advance(500)
  expect((await post(app, path, body)).status).toBe(200)
  expect(await kindsTo(app)).toEqual([kind, kind])
})

test('sign-ups, codes for them and repeats are spaced together', async () => {
  await using app = await start()
  await post(app, '/signup', { email: ADA, password: PASSWORD })
  for (const [path, body] of [
    ['/signup', { email: ADA, password: PASSWORD }],
    ['/otp', { email: ADA }],
    ['/resend', { type: 'signup', email: ADA }],
  ] as const)
    expect(words(await post(app, path, body))).toEqual(TOO_SOON(60))
  expect(await kindsTo(app)).toEqual(['confirmation'])
})

test('the interval between mails can be set', async () => {
  await using app = await start({ AUTH_SMTP_MAX_FREQUENCY: '5s' })
  await confirmedUser(app, ADA)
  await post(app, '/otp', { email: ADA })
  expect(words(await post(app, '/otp', { email: ADA }))).toEqual(TOO_SOON(5))
  app.clock.advance(5000)
  expect((await post(app, '/otp', { email: ADA })).status).toBe(200)
})

// threat T45.
test.each<[string, object, boolean]>([
  ['/otp', { email: ADA }, true],
  ['/otp', { email: ADA }, false],
  ['/magiclink', { email: ADA }, true],
  ['/recover', { email: ADA }, true],
  ['/resend', { type: 'signup', email: ADA }, false],
])(
  '50 simultaneous requests to %s with %j send one mail (to a confirmed user: %j)',
  async (path, body, isConfirmed) => {
    await using app = await start()
    if (isConfirmed) await confirmedUser(app, ADA)
    else await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: { email: ADA } })
    const replies = await Promise.all(Array.from({ length: 50 }, () => post(app, path, body)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(replies.filter((reply) => reply.body.code === 'over_email_send_rate_limit')).toHaveLength(49)
    expect(await kindsTo(app)).toHaveLength(1)
  },
)

test('50 simultaneous requests for one new address create one account and send one mail', async () => {
  await using app = await start()
  await Promise.all(Array.from({ length: 50 }, () => post(app, '/otp', { email: ADA })))
  expect([(await usersOf(app)).length, await kindsTo(app)]).toEqual([1, ['confirmation']])
})

// One cooldown for magic link and recovery (decision D14).

test('magic link and recovery share one cooldown, and the newer invalidates the older', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  for (const [first, second] of [
    ['/otp', '/recover'],
    ['/recover', '/otp'],
  ] as const) {
    app.clock.advance(MINUTE)
    await post(app, first, { email: ADA })
    const older = await lastMessageTo(app, ADA)
    expect(words(await post(app, second, { email: ADA }))).toEqual(TOO_SOON(60))
    app.clock.advance(MINUTE)
    await post(app, second, { email: ADA })
    const newer = await lastMessageTo(app, ADA)
    expect((await open(app, older.link)).fragment.error_code).toBe('otp_expired')
    expect((await open(app, newer.link)).fragment.access_token).toBeString()
  }
})

test('both types accept tokens of both kinds', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  for (const [path, type] of [
    ['/otp', 'recovery'],
    ['/recover', 'magiclink'],
    ['/recover', 'email'],
  ] as const) {
    await post(app, path, { email: ADA })
    const { code } = await lastMessageTo(app, ADA)
    expect((await verify(app, { type, email: ADA, token: code })).status).toBe(200)
    app.clock.advance(MINUTE)
  }
})

// threat T10: no response reveals whether an account exists.

/** Everything in a response except what differs with each request. */
const seen = ({ status, headers, text }: Reply) => {
  const kept = [...headers].filter(([name]) => !/^(x-request-id|date)$/i.test(name))
  return { status, text, headers: Object.fromEntries(kept) }
}

test.each<[string, object]>([
  ['/recover', {}],
  ['/otp', {}],
  ['/magiclink', {}],
  ['/resend', { type: 'signup' }],
  ['/resend', { type: 'email_change' }],
])(
  '%s with %j gives the same response for known, unconfirmed, banned, invited and unknown addresses',
  async (path, body) => {
    await using app = await start()
    await confirmedUser(app, 'known@example.com')
    await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: { email: 'unconfirmed@example.com' } })
    await confirmedUser(app, 'banned@example.com', { ban_duration: '24h' })
    await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: 'invited@example.com' } })
    app.clock.advance(MINUTE)
    const replies = []
    for (const name of ['known', 'unconfirmed', 'banned', 'invited', 'unknown'])
      replies.push(seen(await post(app, path, { ...body, email: `${name}@example.com` })))
    expect(replies[0]?.status).toBe(200)
    for (const reply of replies) expect(reply).toEqual(replies[0] as (typeof replies)[0])
  },
)

test('a recovery for an unknown address sends no mail and stores nothing', async () => {
  await using app = await start()
  expect((await post(app, '/recover', { email: ADA })).body).toEqual({})
  expect([await kindsTo(app), await usersOf(app)]).toEqual([[], []])
  expect(await countRows(app.database, 'verification_tokens')).toBe(0)
})

// Codes and their lifetimes.

test.each(['6', '8', '10'])('codes have the configured number of digits: %s', async (length) => {
  await using app = await start({ ...WITH_PHONE, AUTH_MAILER_OTP_LENGTH: length, AUTH_SMS_OTP_LENGTH: length })
  await post(app, '/otp', { email: ADA })
  await post(app, '/otp', { phone: PHONE })
  for (const [type, to] of [
    ['email', { email: ADA }],
    ['sms', { phone: PHONE }],
  ] as const) {
    const { code } = await lastMessageTo(app, Object.values(to)[0] as string)
    expect(code).toMatch(new RegExp(`^\\d{${length}}$`))
    expect((await verify(app, { type, ...to, token: code })).status).toBe(200)
  }
})

/** The preconditions of each kind of mail, and its request (docs/other-surfaces.md#verification-tokens). */
const LIVES: Record<string, { ms: number; type: string; ask(app: TestApp): Promise<unknown> }> = {
  'a recovery': {
    ms: 30 * MINUTE,
    type: 'recovery',
    ask: async (app) => [await confirmedUser(app, ADA), await post(app, '/recover', { email: ADA })],
  },
  'a magic link': {
    ms: 15 * MINUTE,
    type: 'magiclink',
    ask: async (app) => [await confirmedUser(app, ADA), await post(app, '/otp', { email: ADA })],
  },
  'a sign-up': { ms: HOUR, type: 'signup', ask: (app) => post(app, '/otp', { email: ADA }) },
  'an invitation': {
    ms: HOUR,
    type: 'invite',
    ask: (app) => app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: ADA } }),
  },
}

test.each(Object.entries(LIVES))(
  '%s is valid for the lifetime of its kind, by link and by code',
  async (_, { ms, type, ask }) => {
    for (const [elapsedMs, status] of [
      [ms - 1, 200],
      [ms, 403],
    ] as const)
      for (const way of ['token', 'code'] as const) {
        await using app = await start()
        await ask(app)
        const { token, code } = await lastMessageTo(app, ADA)
        app.clock.advance(elapsedMs)
        const shown = way === 'token' ? { token_hash: token } : { email: ADA, token: code }
        expect([way, (await verify(app, { type, ...shown })).status]).toEqual([way, status])
      }
  },
)

test.each(Object.entries(LIVES))('AUTH_MAILER_OTP_EXP sets the lifetime of %s', async (_, { type, ask }) => {
  for (const [elapsedMs, status] of [
    [2 * HOUR - 1, 200],
    [2 * HOUR, 403],
  ] as const) {
    await using app = await start({ AUTH_MAILER_OTP_EXP: '7200' })
    await ask(app)
    const { token } = await lastMessageTo(app, ADA)
    app.clock.advance(elapsedMs)
    expect((await verify(app, { type, token_hash: token })).status).toBe(status)
  }
})

// Limits of the whole server.

const OVER = [429, 'over_email_send_rate_limit', 'email rate limit exceeded']

test('mails of the whole server can be limited by the hour, and a sign-up over the limit stores nothing', async () => {
  await using app = await start({ AUTH_RATE_LIMIT_EMAIL_SENT: '2' })
  for (const name of ['a', 'b']) expect((await post(app, '/otp', { email: `${name}@example.com` })).status).toBe(200)
  for (const [path, body] of [
    ['/otp', { email: 'c@example.com' }],
    ['/signup', { email: 'c@example.com', password: PASSWORD }],
    ['/recover', { email: 'nobody@example.com' }],
  ] as const) {
    const reply = await post(app, path, body)
    expect(words(reply)).toEqual(OVER)
    expect(reply.headers.get('retry-after')).toBeNull()
  }
  expect((await usersOf(app)).map(({ email }: { email: string }) => email)).not.toContain('c@example.com')
  app.clock.advance(HOUR)
  expect((await post(app, '/otp', { email: 'c@example.com' })).status).toBe(200)
})

// threat T10: the limit of the server does not reveal accounts, and others cannot use it up.
test.each(['2', '2/1h'])(
  'requests for unknown addresses do not count against a limit of %s, but are refused once it is reached',
  async (limit) => {
    await using app = await start({ AUTH_RATE_LIMIT_EMAIL_SENT: limit })
    await confirmedUser(app, ADA)
    const toNobody = (path: string) => post(app, path, { type: 'signup', email: 'nobody@example.com' })
    for (let request = 0; request < 10; request++)
      for (const path of ['/recover', '/resend']) expect((await toNobody(path)).status).toBe(200)
    expect((await post(app, '/recover', { email: ADA })).status).toBe(200)
    app.clock.advance(MINUTE)
    expect((await post(app, '/recover', { email: ADA })).status).toBe(200)
    app.clock.advance(MINUTE)
    const refused = words(await post(app, '/recover', { email: ADA }))
    expect(refused).toEqual(OVER)
    for (const path of ['/recover', '/resend']) expect(words(await toNobody(path))).toEqual(refused)
  },
)

test('as a bucket, the limit gains one mail in every interval', async () => {
  await using app = await start({ AUTH_RATE_LIMIT_EMAIL_SENT: '2/1h' })
  const statuses = []
  for (const elapsedMs of [0, 0, 0, HOUR - MINUTE, MINUTE + 1, 0, HOUR, 0]) {
    app.clock.advance(elapsedMs)
    statuses.push((await post(app, '/otp', { email: `u${statuses.length}@example.com` })).status)
  }
  expect(statuses).toEqual([200, 200, 429, 429, 200, 429, 200, 429])
})

test('with autoconfirm, mails do not count', async () => {
  await using app = await start({ AUTH_RATE_LIMIT_EMAIL_SENT: '1', AUTH_MAILER_AUTOCONFIRM: 'true' })
  for (const name of ['a', 'b', 'c'])
    expect((await post(app, '/otp', { email: `${name}@example.com` })).status).toBe(200)
})

test.each(['true', 'false'])('a limit of zero refuses every mail (autoconfirm %s)', async (autoconfirm) => {
  await using app = await start({ AUTH_RATE_LIMIT_EMAIL_SENT: '0', AUTH_MAILER_AUTOCONFIRM: autoconfirm })
  await confirmedUser(app, ADA)
  expect(words(await post(app, '/recover', { email: ADA }))).toEqual(OVER)
  expect(await kindsTo(app)).toEqual([])
})

test('SMS of the whole server can be limited, too', async () => {
  await using app = await start({ ...WITH_PHONE, AUTH_RATE_LIMIT_SMS_SENT: '1' })
  expect((await post(app, '/otp', { phone: PHONE })).status).toBe(200)
  expect(words(await post(app, '/otp', { phone: '15551230001' }))).toEqual([
    429,
    'over_sms_send_rate_limit',
    'SMS rate limit exceeded',
  ])
})

test('a change that needs two mails sends none if the limit allows one', async () => {
  await using app = await start({ AUTH_RATE_LIMIT_EMAIL_SENT: '1' })
  await confirmedUser(app, ADA)
  const { accessToken: token } = await app.signIn(ADA)
  const reply = await app.ask('PUT', '/auth/v1/user', { token, body: { email: 'new@example.com' } })
  expect(words(reply)).toEqual(OVER)
  expect((await app.ask('GET', '/auth/v1/user', { token })).body).not.toHaveProperty('new_email')
  expect([await kindsTo(app), await kindsTo(app, 'new@example.com')]).toEqual([[], []])
})

// Allowed recipients and languages.

test('with an address allow list, no other address gets mail; labels and letter case are ignored', async () => {
  await using app = await start({ AUTH_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES: 'ada@example.com,Grace@example.com' })
  for (const email of ['ada@example.com', 'ADA+test@example.com', 'grace+a+b@Example.com'])
    expect((await post(app, '/otp', { email })).status).toBe(200)
  for (const email of ['eve@example.com', 'ada@example.org', 'xada@example.com'])
    for (const path of ['/otp', '/recover'])
      expect(words(await post(app, path, { email }))).toEqual([
        400,
        'email_address_not_authorized',
        `Email address "${email}" cannot be used as it is not authorized`,
      ])
  expect(await usersOf(app)).toHaveLength(3)
})

test.each<[string, object, string, string]>([
  ['the language of the user', { locale: 'de' }, '', 'Bestätigen Sie Ihre E-Mail-Adresse'],
  ['that of a region', { locale: 'de_AT' }, '', 'Bestätigen Sie Ihre E-Mail-Adresse'],
  ['that of the user before that of the browser', { locale: 'de' }, 'fr', 'Bestätigen Sie Ihre E-Mail-Adresse'],
  ['that of the browser', {}, 'nope, de-CH;q=0.9, fr;q=0.8', 'Bestätigen Sie Ihre E-Mail-Adresse'],
  [
    'that of the browser where the user names none that is known',
    { locale: 'tlh' },
    'de',
    'Bestätigen Sie Ihre E-Mail-Adresse',
  ],
  ['English', {}, '', 'Confirm your email address'],
  ['English for nonsense', { locale: { a: 1 } }, '*;q=x', 'Confirm your email address'],
])('a mail is in %s: %j, %j', async (_, data, acceptLanguage, subject) => {
  await using app = await start()
  await post(app, '/otp', { email: ADA, data }, { 'accept-language': acceptLanguage })
  expect((await lastMessageTo(app, ADA)).subject).toBe(subject)
})

// Reauthentication.

const WITH_NONCE = { AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true' }
const putPassword = (app: TestApp, token: string, nonce?: string, password = NEW) =>
  app.ask('PUT', '/auth/v1/user', { token, body: { password, nonce } })
const reauthenticate = (app: TestApp, token: string) => app.ask('GET', '/auth/v1/reauthenticate', { token })

/** A user who signed in just over a day ago and has refreshed the session since. */
async function longSignedIn(settings = {}) {
  const app = await start({ ...WITH_NONCE, ...settings })
  await confirmedUser(app, ADA)
  const { refreshToken } = await app.signIn(ADA)
  app.clock.advance(24 * HOUR + 1)
  const { body } = await refresh(app, refreshToken)
  return { app, token: body.access_token as string }
}

test('a session of the last 24 hours sets a password without a code', async () => {
  await using app = await start(WITH_NONCE)
  await confirmedUser(app, ADA)
  const { refreshToken } = await app.signIn(ADA)
  app.clock.advance(24 * HOUR)
  const { body } = await refresh(app, refreshToken)
  expect((await putPassword(app, body.access_token)).status).toBe(200)
})

test('an older session needs a mailed code, which works once', async () => {
  const { app, token } = await longSignedIn()
  await using _ = app
  expect(words(await putPassword(app, token))).toEqual([
    400,
    'reauthentication_needed',
    'Password update requires reauthentication',
  ])
  const reply = await reauthenticate(app, token)
  expect([reply.status, reply.body]).toEqual([200, {}])
  const mail = await lastMessageTo(app, ADA)
  expect([mail.kind, mail.link, mail.subject]).toEqual([
    'reauthentication',
    '',
    `${mail.code} is your verification code`,
  ])
  const wrong = [422, 'reauthentication_not_valid', 'Nonce has expired or is invalid']
  expect(words(await putPassword(app, token, differentCode(mail.code)))).toEqual(wrong)
  expect((await putPassword(app, token, mail.code)).status).toBe(200)
  expect((await passwordGrant(app, { email: ADA, password: NEW })).status).toBe(200)
  expect(words(await putPassword(app, token, mail.code, 'and-one-more-1'))).toEqual(wrong)
})

test('a refused password does not consume the code', async () => {
  const { app, token } = await longSignedIn()
  await using _ = app
  await reauthenticate(app, token)
  const { code } = await lastMessageTo(app, ADA)
  expect((await putPassword(app, token, code, 'abc')).body.code).toBe('weak_password')
  expect((await putPassword(app, token, code, PASSWORD)).body.code).toBe('same_password')
  expect((await putPassword(app, token, code)).status).toBe(200)
})

test('a code and the current password can both be required, and a wrong password does not consume the code', async () => {
  const { app, token } = await longSignedIn({ AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true' })
  await using _ = app
  const put = (body: object) => app.ask('PUT', '/auth/v1/user', { token, body: { password: NEW, ...body } })
  expect((await put({ current_password: PASSWORD })).body.code).toBe('reauthentication_needed')
  await reauthenticate(app, token)
  const { code: nonce } = await lastMessageTo(app, ADA)
  expect((await put({ nonce })).body.code).toBe('current_password_required')
  expect((await put({ nonce, current_password: 'wrong-password-1' })).body.code).toBe('current_password_invalid')
  expect((await put({ nonce, current_password: PASSWORD })).status).toBe(200)
})

test('five wrong codes end a reauthentication, at once or one by one', async () => {
  const { app, token } = await longSignedIn()
  await using _ = app
  await reauthenticate(app, token)
  const { code } = await lastMessageTo(app, ADA)
  await Promise.all([1, 2, 3, 4, 5].map((by) => putPassword(app, token, differentCode(code, by))))
  expect((await putPassword(app, token, code)).body.code).toBe('reauthentication_not_valid')
})

test('of 20 simultaneous changes with one code, one succeeds', async () => {
  const { app, token } = await longSignedIn()
  await using _ = app
  await reauthenticate(app, token)
  const { code } = await lastMessageTo(app, ADA)
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_each, index) => putPassword(app, token, code, `another-password-${index}`)),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(replies.filter(({ status }) => status >= 500)).toEqual([])
})

test('the code of a reauthentication does not sign in, and no other code replaces it', async () => {
  const { app, token } = await longSignedIn()
  await using _ = app
  await reauthenticate(app, token)
  const { code } = await lastMessageTo(app, ADA)
  for (const type of ['reauthentication', 'email', 'magiclink', 'recovery', 'signup', 'email_change'])
    expect((await verify(app, { type, email: ADA, token: code })).body.code).toBe('otp_expired')
  await post(app, '/recover', { email: ADA })
  const recovery = await lastMessageTo(app, ADA, 'recovery')
  if (recovery.code !== code)
    expect((await putPassword(app, token, recovery.code)).body.code).toBe('reauthentication_not_valid')
  expect((await putPassword(app, token, code)).status).toBe(200)
})

test('another user’s code is refused', async () => {
  const { app, token } = await longSignedIn()
  await using _ = app
  await confirmedUser(app, 'eve@example.com')
  await reauthenticate(app, (await app.signIn('eve@example.com')).accessToken)
  const { code } = await lastMessageTo(app, 'eve@example.com')
  expect((await putPassword(app, token, code)).body.code).toBe('reauthentication_not_valid')
})

test('a code is valid for an hour and is sent once a minute', async () => {
  const { app, token } = await longSignedIn({ AUTH_JWT_EXP: '86400' })
  await using _ = app
  await reauthenticate(app, token)
  expect(words(await reauthenticate(app, token))).toEqual(TOO_SOON(60))
  app.clock.advance(HOUR)
  const { code } = await lastMessageTo(app, ADA)
  expect((await putPassword(app, token, code)).body.code).toBe('reauthentication_not_valid')
  expect((await reauthenticate(app, token)).status).toBe(200)
})

test('a user with only a phone number gets the code by SMS', async () => {
  await using app = await start({ ...WITH_NONCE, ...WITH_PHONE })
  await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { phone: PHONE, phone_confirm: true, password: PASSWORD },
  })
  const { body: first } = await passwordGrant(app, { phone: PHONE, password: PASSWORD })
  app.clock.advance(24 * HOUR + 1)
  const { body } = await refresh(app, first.refresh_token)
  expect((await reauthenticate(app, body.access_token)).body).toEqual({})
  const { code } = await lastMessageTo(app, PHONE)
  expect((await reauthenticate(app, body.access_token)).body.code).toBe('over_sms_send_rate_limit')
  expect((await putPassword(app, body.access_token, code)).status).toBe(200)
})

test('a user without a confirmed address or number cannot reauthenticate', async () => {
  await using app = await start({ ...WITH_PHONE, AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
  const { body: anonymous } = await post(app, '/signup', {})
  expect(words(await reauthenticate(app, anonymous.access_token))).toEqual([
    400,
    'validation_failed',
    'Reauthentication requires the user to have an email or a phone number',
  ])
  await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email: ADA, phone: PHONE, phone_confirm: true, password: PASSWORD },
  })
  const { body } = await passwordGrant(app, { phone: PHONE, password: PASSWORD })
  expect(words(await reauthenticate(app, body.access_token))).toEqual([
    422,
    'email_not_confirmed',
    'Please verify your email first.',
  ])
  expect((await app.ask('GET', '/auth/v1/reauthenticate')).body.code).toBe('no_authorization')
})
