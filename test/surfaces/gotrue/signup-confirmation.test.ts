import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { HOUR, MINUTE } from '../../../src/lib/milliseconds'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import {
  confirmedUser,
  differentCode,
  lastMessageTo,
  mailboxOf,
  open,
  userOf,
  verify,
  WITH_CONFIRMATION,
  WITH_PHONE,
} from '../../support/mail'

const ADA = 'ada@example.com'
const PHONE = '15551230000'
const OTHER_PHONE = '15551239999'
const NEW = 'another-password-1'
const NOW = '2026-01-01T00:00:00Z'

const start = (settings = {}) => startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })
const startWithPhone = (settings = {}) => start({ ...WITH_PHONE, ...settings })
const post = (app: TestApp, path: string, body: object) => app.ask('POST', `/auth/v1${path}`, { body })
const signUp = (app: TestApp, body: object = {}) => post(app, '/signup', { email: ADA, password: PASSWORD, ...body })
const kindsTo = async (app: TestApp, to = ADA) => (await mailboxOf(app, to)).map(({ kind }) => kind)
const usersOf = async (app: TestApp) => (await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users

// By mail.

test('a sign-up returns only the user, and mails a link and a code', async () => {
  await using app = await start()
  const { status, body } = await signUp(app, { data: { name: 'Ada' } })
  expect(status).toBe(200)
  expect(body).toEqual({
    id: expect.any(String),
    aud: 'authenticated',
    role: 'authenticated',
    email: ADA,
    phone: '',
    confirmation_sent_at: NOW,
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { email: ADA, email_verified: false, name: 'Ada', phone_verified: false, sub: body.id },
    identities: [
      {
        identity_id: expect.any(String),
        id: body.id,
        user_id: body.id,
        identity_data: { email: ADA, email_verified: false, name: 'Ada', phone_verified: false, sub: body.id },
        provider: 'email',
        last_sign_in_at: NOW,
        created_at: NOW,
        updated_at: NOW,
        email: ADA,
      },
    ],
    created_at: NOW,
    updated_at: NOW,
    is_anonymous: false,
  })
  const { kind, subject, code, link } = await lastMessageTo(app, ADA)
  expect([kind, subject, code.length]).toEqual(['confirmation', 'Confirm your email address', 6])
  expect(new URLSearchParams(link.split('?')[1]).get('type')).toBe('signup')
})

test('before confirmation, only a correct password reveals that the address is unconfirmed; afterwards it signs in', async () => {
  await using app = await start()
  await signUp(app)
  const { status, body } = await passwordGrant(app, { email: ADA, password: PASSWORD })
  expect([status, body]).toEqual([400, { code: 'email_not_confirmed', message: 'Email not confirmed' }])
  expect((await passwordGrant(app, { email: ADA, password: NEW })).body.code).toBe('invalid_credentials')
  await open(app, (await lastMessageTo(app, ADA)).link)
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).status).toBe(200)
})

test('the audit log contains the request and the confirmation', async () => {
  await using app = await start()
  await signUp(app)
  await open(app, (await lastMessageTo(app, ADA)).link)
  const { body } = await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })
  const actions = body.map(({ payload }: { payload: { action: string } }) => payload.action)
  expect(actions.toSorted()).toEqual(['login', 'user_confirmation_requested', 'user_signedup'])
})

// docs/threat-model.md#t10, docs/wire-contract.md#anti-enumeration: an address that has an account.

test('a sign-up of a registered address returns an invented user', async () => {
  await using app = await start()
  const { body: invited } = await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: ADA } })
  await open(app, (await lastMessageTo(app, ADA)).link)
  await post(app, '/recover', { email: ADA })
  app.clock.advance(MINUTE)
  const { status, body, headers } = await signUp(app, { data: { name: 'Eve' } })
  const now = '2026-01-01T00:01:00Z'
  expect(status).toBe(200)
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    aud: 'authenticated',
    role: '',
    email: ADA,
    phone: '',
    confirmation_sent_at: now,
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { name: 'Eve' },
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  })
  expect(body.id).not.toBe(invited.id)
  expect((await signUp(app)).body.id).not.toBe(body.id)
  const { body: fresh, headers: freshHeaders } = await signUp(app, { email: 'eve@example.com', data: { name: 'Eve' } })
  expect(Object.keys(body)).toEqual(Object.keys(fresh))
  expect([...headers.keys()]).toEqual([...freshHeaders.keys()])
})

test('such a sign-up changes no password, metadata or session', async () => {
  await using app = await start()
  await confirmedUser(app, ADA, { user_metadata: { name: 'Ada' } })
  const { accessToken } = await app.signIn(ADA)
  await signUp(app, { password: NEW, data: { name: 'Eve' } })
  expect((await userOf(app, accessToken)).user_metadata.name).toBe('Ada')
  expect((await passwordGrant(app, { email: ADA, password: NEW })).body.code).toBe('invalid_credentials')
  expect(await usersOf(app)).toHaveLength(1)
})

// threat T45.
test('its owner is notified by mail, at most once an hour', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  for (const elapsedMs of [0, 0, MINUTE, HOUR - MINUTE - 1]) {
    app.clock.advance(elapsedMs)
    expect((await signUp(app)).status).toBe(200)
  }
  expect(await kindsTo(app)).toEqual(['account_exists'])
  app.clock.advance(1)
  await signUp(app)
  expect(await kindsTo(app)).toEqual(['account_exists', 'account_exists'])
})

// threat T45.
test('50 simultaneous sign-ups of a registered address mail its owner once', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  const replies = await Promise.all(Array.from({ length: 50 }, () => signUp(app)))
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
  expect(await kindsTo(app)).toEqual(['account_exists'])
})

test('that mail contains no credentials, and nothing of the request', async () => {
  await using app = await start()
  await confirmedUser(app, ADA)
  await signUp(app, { data: { name: 'Mallory', locale: 'de' } })
  const { code, token, html, text, subject } = await lastMessageTo(app, ADA)
  expect([code, token]).toEqual(['', ''])
  expect(`${html}${text}`).not.toMatch(/token=|Mallory/)
  expect(subject).not.toBe('')
})

test('with autoconfirm of either kind, a registered address is reported as such', async () => {
  await using app = await startWithPhone({ AUTH_SMS_AUTOCONFIRM: 'true' })
  await confirmedUser(app, ADA)
  const { status, body } = await signUp(app)
  expect([status, body]).toEqual([422, { code: 'user_already_exists', message: 'User already registered' }])
  expect(await kindsTo(app)).toEqual([])
})

test('a repeated sign-up of an unconfirmed address mails again and stores nothing of the request', async () => {
  await using app = await start()
  const { body: first } = await signUp(app, { data: { name: 'Ada' } })
  const older = await lastMessageTo(app, ADA)
  const early = await signUp(app)
  expect([early.status, early.body.code]).toEqual([429, 'over_email_send_rate_limit'])
  app.clock.advance(MINUTE)
  const { status, body } = await signUp(app, { password: NEW, data: { name: 'Eve', more: 1 } })
  expect([status, body.id, body.user_metadata.name]).toEqual([200, first.id, 'Ada'])
  expect(body.user_metadata).not.toHaveProperty('more')
  expect(body.identities).toMatchObject([{ user_id: first.id }])
  expect((await open(app, older.link)).fragment.error_code).toBe('otp_expired')
  await open(app, (await lastMessageTo(app, ADA)).link)
  expect((await passwordGrant(app, { email: ADA, password: NEW })).body.code).toBe('invalid_credentials')
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).status).toBe(200)
})

test('an invited user who signs up does not see the data of the invitation', async () => {
  await using app = await start()
  const { body: guest } = await app.ask('POST', '/auth/v1/invite', {
    token: app.admin,
    body: { email: ADA, data: { salary: 100_000 } },
  })
  app.clock.advance(MINUTE)
  const { status, body } = await signUp(app)
  expect([status, body.id, body.user_metadata, body.identities]).toEqual([200, guest.id, {}, []])
  expect(await kindsTo(app)).toEqual(['confirmation', 'invite'])
  expect((await passwordGrant(app, { email: ADA, password: PASSWORD })).body.code).toBe('invalid_credentials')
})

test('20 simultaneous sign-ups of one new address create one account and send one mail', async () => {
  await using app = await start()
  const replies = await Promise.all(Array.from({ length: 20 }, () => signUp(app)))
  expect(replies.filter(({ status }) => status >= 500)).toEqual([])
  expect([(await usersOf(app)).length, await kindsTo(app)]).toEqual([1, ['confirmation']])
})

test('a sign-up whose mail is refused creates no account', async () => {
  await using app = await start({ AUTH_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES: 'grace@example.com' })
  expect((await signUp(app)).body.code).toBe('email_address_not_authorized')
  expect(await usersOf(app)).toEqual([])
})

// At rest.

test('confirmation tokens hashed', () => expectNothingAtRest('database'))

test('tokens of the memory backend are not on disk', () => expectNothingAtRest('memory'))

/** Requests every kind of token, and searches the raw bytes of the database, its WAL and the log for them. */
async function expectNothingAtRest(backend: string) {
  await using app = await startWithPhone({
    AUTH_VERIFICATION_BACKEND: backend,
    // long enough not to occur by chance
    AUTH_MAILER_OTP_LENGTH: '10',
    AUTH_SMS_OTP_LENGTH: '10',
  })
  await signUp(app)
  await post(app, '/recover', { email: ADA })
  await post(app, '/otp', {
    email: 'grace@example.com',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'plain',
  })
  await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: 'joan@example.com' } })
  await confirmedUser(app, 'eve@example.com')
  const { accessToken: token } = await app.signIn('eve@example.com')
  await app.ask('PUT', '/auth/v1/user', { token, body: { email: 'mallory@example.com' } })
  await app.ask('GET', '/auth/v1/reauthenticate', { token })
  await post(app, '/otp', { phone: PHONE })
  const messages = await app.core.forTask().listMessages({ limit: 100 })
  const kinds = ['confirmation', 'email_change', 'invite', 'phone_confirmation', 'reauthentication', 'recovery']
  expect([...new Set(messages.map(({ kind }) => kind))].toSorted()).toEqual(kinds)
  const secrets = messages.flatMap(({ code, links }) => [
    ...(code === null ? [] : [code]),
    ...links.flatMap((link) => new URL(link).searchParams.get('token')?.replace('pkce_', '') ?? []),
  ])
  expect(secrets.length).toBeGreaterThan(12)
  const files = [app.database, `${app.database}-wal`].filter(existsSync).map((file) => readFileSync(file))
  expect(files.some((bytes) => bytes.includes(ADA))).toBe(true) // what is looked for would be found
  for (const secret of secrets) expect(files.some((bytes) => bytes.includes(secret))).toBe(false)
  for (const secret of secrets) expect(JSON.stringify(app.log())).not.toContain(secret)
}

// By phone.

test('a sign-up with a phone number returns only the user, and sends a code by SMS', async () => {
  await using app = await startWithPhone()
  const { status, body } = await post(app, '/signup', { phone: '+1 555 123 0000', password: PASSWORD })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    phone: PHONE,
    email: '',
    confirmation_sent_at: NOW,
    app_metadata: { provider: 'phone', providers: ['phone'] },
    identities: [{ provider: 'phone', identity_data: { phone_verified: false } }],
  })
  expect(body).not.toHaveProperty('access_token')
  const { kind, code, text } = await lastMessageTo(app, PHONE)
  expect([kind, text]).toEqual(['phone_confirmation', `Your code is ${code}`])
  const grant = () => passwordGrant(app, { phone: PHONE, password: PASSWORD })
  expect((await grant()).body).toEqual({ code: 'phone_not_confirmed', message: 'Phone not confirmed' })
  const { body: session } = await verify(app, { type: 'sms', phone: '+15551230000', token: code })
  expect(await userOf(app, session.access_token)).toMatchObject({
    phone: PHONE,
    phone_confirmed_at: NOW,
    confirmed_at: NOW,
  })
  expect((await grant()).status).toBe(200)
})

test('a code for a number drops the metadata of an earlier sign-up, and leaves that of a new one', async () => {
  await using app = await startWithPhone()
  const { body } = await post(app, '/signup', { phone: PHONE, password: PASSWORD, data: { name: 'Eve' } })
  app.clock.advance(MINUTE)
  await post(app, '/otp', { phone: PHONE })
  const { code } = await lastMessageTo(app, PHONE)
  const { body: session } = await verify(app, { type: 'sms', phone: PHONE, token: code })
  expect(session.user.user_metadata).toEqual({ email_verified: false, phone_verified: false, sub: body.id })
})

test('a code of an SMS works once, for its own number, until five wrong attempts', async () => {
  await using app = await startWithPhone()
  await post(app, '/otp', { phone: PHONE })
  const { code } = await lastMessageTo(app, PHONE)
  const answer = (token: string, phone = PHONE, type = 'sms') => verify(app, { type, phone, token })
  expect((await answer(code, OTHER_PHONE)).body.code).toBe('otp_expired')
  for (const type of ['phone_change', 'signup', 'email', 'recovery'])
    expect([type, (await answer(code, PHONE, type)).body.code]).toEqual([type, 'otp_expired'])
  expect((await answer(code)).status).toBe(200)
  expect((await answer(code)).body.code).toBe('otp_expired')
  app.clock.advance(MINUTE)
  await post(app, '/otp', { phone: PHONE })
  const { code: second } = await lastMessageTo(app, PHONE)
  for (let by = 1; by <= 5; by++) await answer(differentCode(second, by))
  expect((await answer(second)).body.code).toBe('otp_expired')
})

// threat T37.
test('of 100 simultaneous verifications of one SMS, one succeeds', async () => {
  await using app = await startWithPhone()
  await post(app, '/otp', { phone: PHONE })
  const { code } = await lastMessageTo(app, PHONE)
  const replies = await Promise.all(
    Array.from({ length: 100 }, () => verify(app, { type: 'sms', phone: PHONE, token: code })),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
})

test.each<[string, object, number]>([
  ['a minute', {}, MINUTE],
  ['as long as is set', { AUTH_SMS_OTP_EXP: '300' }, 5 * MINUTE],
  ['a minute, whatever is set for mails', { AUTH_MAILER_OTP_EXP: '7200' }, MINUTE],
])('a code of an SMS is valid for %s', async (_, settings, ms) => {
  for (const [elapsedMs, status] of [
    [ms - 1, 200],
    [ms, 403],
  ] as const) {
    await using app = await startWithPhone(settings)
    await post(app, '/otp', { phone: PHONE })
    const { code } = await lastMessageTo(app, PHONE)
    app.clock.advance(elapsedMs)
    expect((await verify(app, { type: 'sms', phone: PHONE, token: code })).status).toBe(status)
  }
})

test('SMS to one user are a minute apart, and 50 simultaneous requests send one', async () => {
  await using app = await startWithPhone()
  const replies = await Promise.all(Array.from({ length: 50 }, () => post(app, '/otp', { phone: PHONE })))
  expect(replies.filter(({ status }) => status >= 500)).toEqual([])
  expect(await mailboxOf(app, PHONE)).toHaveLength(1)
  app.clock.advance(1500)
  for (const [path, body] of [
    ['/otp', { phone: PHONE }],
    ['/signup', { phone: PHONE, password: PASSWORD }],
    ['/resend', { type: 'sms', phone: PHONE }],
  ] as const) {
    const { status, headers, body: answer } = await post(app, path, body)
    expect([status, headers.get('retry-after'), answer]).toEqual([
      429,
      null,
      {
        code: 'over_sms_send_rate_limit',
        message: 'For security purposes, you can only request this after 58 seconds.',
      },
    ])
  }
  app.clock.advance(MINUTE)
  expect((await post(app, '/resend', { type: 'sms', phone: PHONE })).body).toEqual({})
  const [newer, older] = await mailboxOf(app, PHONE)
  if (newer?.code !== older?.code)
    expect((await verify(app, { type: 'sms', phone: PHONE, token: older?.code })).body.code).toBe('otp_expired')
  expect((await verify(app, { type: 'sms', phone: PHONE, token: newer?.code })).status).toBe(200)
})

test('a sign-up does not reveal that a number is registered', async () => {
  await using app = await startWithPhone()
  const account = { phone: PHONE, phone_confirm: true, password: PASSWORD }
  const { body: owner } = await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: account })
  const { status, body } = await post(app, '/signup', { phone: PHONE, password: NEW, data: { name: 'Eve' } })
  expect([status, body.role, body.identities, body.user_metadata]).toEqual([200, '', [], { name: 'Eve' }])
  expect(body.id).not.toBe(owner.id)
  const { body: fresh } = await post(app, '/signup', { phone: OTHER_PHONE, password: NEW, data: { name: 'Eve' } })
  expect(Object.keys(body)).toEqual(Object.keys(fresh))
  expect(await mailboxOf(app, PHONE)).toEqual([])
  expect((await passwordGrant(app, { phone: PHONE, password: NEW })).body.code).toBe('invalid_credentials')
})

test('a code by SMS creates a user with the data of the request, or signs in an existing one', async () => {
  await using app = await startWithPhone()
  await post(app, '/otp', { phone: PHONE, data: { name: 'Ada' } })
  const answer = async () => verify(app, { type: 'sms', phone: PHONE, token: (await lastMessageTo(app, PHONE)).code })
  const { body: first } = await answer()
  expect(first.user.user_metadata.name).toBe('Ada')
  app.clock.advance(MINUTE)
  await post(app, '/otp', { phone: PHONE, data: { name: 'Eve' } })
  const { body: second } = await answer()
  expect([second.user.id, second.user.user_metadata.name]).toEqual([first.user.id, 'Ada'])
})

// A new number.

/** A user who has requested a new number. */
async function changingNumber(settings = {}) {
  const app = await startWithPhone(settings)
  await confirmedUser(app, ADA)
  const { accessToken: token } = await app.signIn(ADA)
  const reply = await app.ask('PUT', '/auth/v1/user', { token, body: { phone: '+1 555 123 0000' } })
  return { app, token, reply }
}

test('a new number takes effect once its code is verified', async () => {
  const { app, token, reply } = await changingNumber()
  await using _ = app
  expect(reply.body).toMatchObject({ phone: '', new_phone: PHONE, phone_change_sent_at: NOW })
  const { kind, code } = await lastMessageTo(app, PHONE)
  expect(kind).toBe('phone_change')
  expect((await verify(app, { type: 'sms', phone: PHONE, token: code })).body.code).toBe('otp_expired')
  const { status, body } = await verify(app, { type: 'phone_change', phone: PHONE, token: code })
  expect(status).toBe(200)
  expect(body.user).toMatchObject({
    phone: PHONE,
    phone_confirmed_at: NOW,
    app_metadata: { provider: 'email', providers: ['email', 'phone'] },
    identities: [{ provider: 'email' }, { provider: 'phone', identity_data: { phone: PHONE, phone_verified: true } }],
  })
  expect(await userOf(app, token)).not.toHaveProperty('new_phone')
  expect((await passwordGrant(app, { phone: PHONE, password: PASSWORD })).status).toBe(200)
})

test('a number that was taken meanwhile is refused', async () => {
  const { app, token } = await changingNumber()
  await using _ = app
  const { code } = await lastMessageTo(app, PHONE)
  await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: { phone: PHONE, phone_confirm: true } })
  const { status, body } = await verify(app, { type: 'phone_change', phone: PHONE, token: code })
  expect([status, body.code]).toEqual([422, 'phone_exists'])
  expect((await userOf(app, token)).phone).toBe('')
})

test('a newer number invalidates the code for the older one, after a minute', async () => {
  const { app, token } = await changingNumber({ AUTH_SMS_OTP_EXP: '300' })
  await using _ = app
  const { code } = await lastMessageTo(app, PHONE)
  const ask = (phone: string) => app.ask('PUT', '/auth/v1/user', { token, body: { phone } })
  expect((await ask(OTHER_PHONE)).body.code).toBe('over_sms_send_rate_limit')
  app.clock.advance(MINUTE)
  expect((await ask(OTHER_PHONE)).body.new_phone).toBe(OTHER_PHONE)
  expect((await verify(app, { type: 'phone_change', phone: PHONE, token: code })).body.code).toBe('otp_expired')
  const { code: second } = await lastMessageTo(app, OTHER_PHONE)
  expect((await verify(app, { type: 'phone_change', phone: OTHER_PHONE, token: second })).status).toBe(200)
})

test('a new password invalidates the code for a new number', async () => {
  const { app, token } = await changingNumber()
  await using _ = app
  await app.ask('PUT', '/auth/v1/user', { token, body: { password: NEW } })
  const { code } = await lastMessageTo(app, PHONE)
  expect((await verify(app, { type: 'phone_change', phone: PHONE, token: code })).body.code).toBe('otp_expired')
})

test('resend, by the current number, repeats the code for a new number', async () => {
  const { app, token } = await changingNumber({ AUTH_SMS_OTP_EXP: '300' })
  await using _ = app
  const { code } = await lastMessageTo(app, PHONE)
  await verify(app, { type: 'phone_change', phone: PHONE, token: code })
  app.clock.advance(MINUTE)
  await app.ask('PUT', '/auth/v1/user', { token, body: { phone: OTHER_PHONE } })
  app.clock.advance(MINUTE)
  expect((await post(app, '/resend', { type: 'phone_change', phone: PHONE })).body).toEqual({})
  const [newest] = await mailboxOf(app, OTHER_PHONE)
  expect(await mailboxOf(app, OTHER_PHONE)).toHaveLength(2)
  expect((await verify(app, { type: 'phone_change', phone: OTHER_PHONE, token: newest?.code })).status).toBe(200)
})

test('the owner is notified of a new number by mail, if enabled', async () => {
  const { app } = await changingNumber({ AUTH_MAILER_NOTIFICATIONS_PHONE_CHANGED_ENABLED: 'true' })
  await using _ = app
  const { code } = await lastMessageTo(app, PHONE)
  await verify(app, { type: 'phone_change', phone: PHONE, token: code })
  expect(await kindsTo(app)).toEqual(['phone_changed_notification'])
})

// Test numbers.

const WITH_TEST_NUMBER = { AUTH_SMS_TEST_OTP: `${PHONE}:123456` }

test('a test number gets no SMS, and its fixed code is valid', async () => {
  await using app = await startWithPhone(WITH_TEST_NUMBER)
  const { status, body } = await post(app, '/otp', { phone: PHONE })
  expect([status, body]).toEqual([200, { message_id: 'test-otp' }])
  expect(await mailboxOf(app, PHONE)).toEqual([])
  expect((await post(app, '/otp', { phone: PHONE })).body.code).toBe('over_sms_send_rate_limit')
  expect((await verify(app, { type: 'sms', phone: PHONE, token: '123457' })).body.code).toBe('otp_expired')
  expect((await verify(app, { type: 'sms', phone: PHONE, token: '123456' })).body.user.phone).toBe(PHONE)
})

test('the code of a test number is valid repeatedly and without a request, and a wrong one is refused', async () => {
  await using app = await startWithPhone(WITH_TEST_NUMBER)
  const answer = (token: string) => verify(app, { type: 'sms', phone: PHONE, token })
  expect((await answer('123456')).body.code).toBe('otp_expired') // nobody has this number yet
  await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: { phone: PHONE, phone_confirm: true } })
  for (const [token, status] of [
    ['123456', 200],
    ['123457', 403],
    ['', 400],
    ['123456', 200],
  ] as const)
    expect([token, (await answer(token)).status]).toEqual([token, status])
  expect((await verify(app, { type: 'sms', phone: OTHER_PHONE, token: '123456' })).status).toBe(403)
  expect(await mailboxOf(app, PHONE)).toEqual([])
})

test('a banned user of a test number is refused', async () => {
  await using app = await startWithPhone(WITH_TEST_NUMBER)
  await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: { phone: PHONE, ban_duration: '24h' } })
  expect((await verify(app, { type: 'sms', phone: PHONE, token: '123456' })).body.code).toBe('user_banned')
})

test('a new number can be a test number', async () => {
  const { app, token, reply } = await changingNumber(WITH_TEST_NUMBER)
  await using _ = app
  expect([reply.status, await mailboxOf(app, PHONE)]).toEqual([200, []])
  expect((await verify(app, { type: 'phone_change', phone: PHONE, token: '123456' })).status).toBe(200)
  expect((await userOf(app, token)).phone).toBe(PHONE)
})

test('test numbers expire on the configured day', async () => {
  await using app = await startWithPhone({
    ...WITH_TEST_NUMBER,
    AUTH_SMS_TEST_OTP_VALID_UNTIL: '2026-01-02T00:00:00Z',
  })
  await post(app, '/otp', { phone: PHONE })
  expect(await mailboxOf(app, PHONE)).toEqual([])
  app.clock.advance(24 * HOUR + 1)
  expect((await verify(app, { type: 'sms', phone: PHONE, token: '123456' })).body.code).toBe('otp_expired')
  await post(app, '/otp', { phone: PHONE })
  expect(await kindsTo(app, PHONE)).toEqual(['phone_confirmation'])
})

test('attempts at the fixed code of a test number are limited like any other', async () => {
  await using app = await startApp({
    settings: { ...WITH_TEST_NUMBER, ...WITH_PHONE, AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_VERIFY: '1000000' },
  })
  await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
  const guess = async (token: string) =>
    (await app.ask('POST', '/auth/v1/verify', { body: { type: 'sms', phone: PHONE, token } })).status
  const statuses = []
  for (let index = 0; index < 25; index++) statuses.push(await guess(String(200000 + index)))
  expect(statuses).toEqual([...Array(20).fill(403), ...Array(5).fill(429)])
  expect(await guess('123456')).toBe(429)
  app.clock.advance(3_600_000)
  expect(await guess('123456')).toBe(200)
})
