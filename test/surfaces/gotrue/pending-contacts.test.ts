/** threat T41: a new address or number that someone requested before the user secured the account. */
import { expect, test } from 'bun:test'
import { PASSWORD, startApp, type TestApp } from '../../support/app'
import { confirmedUser, lastMessageTo, mailboxOf, verify, WITH_CONFIRMATION, WITH_PHONE } from '../../support/mail'

const OWN = { email: 'ada@example.com', phone: '4917000001' }
const THIEFS = { email: 'thief@example.com', phone: '4917000002' }
const NEW_PASSWORD = 'another-password-1'
const SETTINGS = {
  ...WITH_CONFIRMATION,
  ...WITH_PHONE,
  AUTH_SMS_AUTOCONFIRM: 'false',
  AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false',
}

const ways: [string, (app: TestApp, id: string) => Promise<{ status: number }>][] = [
  [
    'in another session',
    async (app) => {
      const { accessToken: token } = await app.signIn(OWN.email)
      return app.ask('PUT', '/auth/v1/user', { token, body: { password: NEW_PASSWORD } })
    },
  ],
  [
    'by a recovery',
    async (app) => {
      await app.ask('POST', '/auth/v1/recover', { body: { email: OWN.email } })
      const { token } = await lastMessageTo(app, OWN.email, 'recovery')
      return verify(app, { type: 'recovery', token, password: NEW_PASSWORD })
    },
  ],
  [
    'by a reset of the application',
    async (app) => {
      await app.ask('POST', '/api/auth/password/reset/request', { body: { email: OWN.email } })
      const { token } = await lastMessageTo(app, OWN.email, 'recovery')
      const body = { token, new_password: NEW_PASSWORD }
      return app.ask('POST', '/api/auth/password/reset/complete', { body })
    },
  ],
  [
    'by an administrator',
    (app, id) => app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { password: NEW_PASSWORD } }),
  ],
]

test.each(ways)('threat T41: a pending change cannot be sent again once a password is set %s', async (_, secure) => {
  await using app = await startApp({ settings: SETTINGS })
  const { id } = await confirmedUser(app, OWN.email, { phone: OWN.phone, phone_confirm: true, password: PASSWORD })
  const thief = await app.signIn(OWN.email)
  expect((await app.ask('PUT', '/auth/v1/user', { token: thief.accessToken, body: THIEFS })).status).toBe(200)
  app.clock.advance(61_000)
  expect((await secure(app, id)).status).toBe(200)
  for (const [type, contact] of [
    ['email_change', { email: OWN.email }],
    ['phone_change', { phone: OWN.phone }],
  ])
    expect((await app.ask('POST', '/auth/v1/resend', { body: { type, ...(contact as object) } })).status).toBe(200)
  const sent = await Promise.all(Object.values(THIEFS).map((to) => mailboxOf(app, to)))
  expect(sent.map(({ length }) => length)).toEqual([1, 1])
  const { body: user } = await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })
  expect([user.email, user.phone, user.new_email, user.new_phone]).toEqual([OWN.email, OWN.phone, undefined, undefined])
})

test('threat T41: nor once a ban was lifted', async () => {
  await using app = await startApp({ settings: SETTINGS })
  const { id } = await confirmedUser(app, OWN.email, { phone: OWN.phone, phone_confirm: true, password: PASSWORD })
  const { accessToken: token } = await app.signIn(OWN.email)
  expect((await app.ask('PUT', '/auth/v1/user', { token, body: THIEFS })).status).toBe(200)
  for (const ban_duration of ['1h', 'none'])
    await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration } })
  const { body: user } = await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })
  expect([user.new_email, user.new_phone]).toEqual([undefined, undefined])
})

test('threat T41: nor confirmed or sent again once a ban has run out', async () => {
  await using app = await startApp({ settings: SETTINGS })
  const { id } = await confirmedUser(app, OWN.email, { phone: OWN.phone, phone_confirm: true, password: PASSWORD })
  const { accessToken } = await app.signIn(OWN.email)
  expect((await app.ask('PUT', '/auth/v1/user', { token: accessToken, body: THIEFS })).status).toBe(200)
  const { token } = await lastMessageTo(app, THIEFS.email, 'email_change')
  const { code } = await lastMessageTo(app, THIEFS.phone)
  const proofs = [
    { type: 'email_change', token_hash: token },
    { type: 'phone_change', phone: THIEFS.phone, token: code },
  ]
  const answers = async () => {
    const all: [number, string][] = []
    for (const body of proofs) {
      const { status, body: answer } = await app.ask('POST', '/auth/v1/verify', { body })
      all.push([status, answer.code])
    }
    return all
  }
  await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration: '2m' } })
  expect(await answers()).toEqual([
    [403, 'user_banned'],
    [403, 'user_banned'],
  ])
  app.clock.advance(121_000)
  expect(await answers()).toEqual([
    [403, 'otp_expired'],
    [403, 'otp_expired'],
  ])
  for (const body of [
    { type: 'email_change', email: OWN.email },
    { type: 'phone_change', phone: OWN.phone },
  ])
    expect((await app.ask('POST', '/auth/v1/resend', { body })).status).toBe(200)
  const sent = await Promise.all(Object.values(THIEFS).map((to) => mailboxOf(app, to)))
  expect(sent.map(({ length }) => length)).toEqual([1, 1])

  const { accessToken: own } = await app.signIn(OWN.email)
  const wanted = { phone: '4917000003' }
  expect((await app.ask('PUT', '/auth/v1/user', { token: own, body: wanted })).status).toBe(200)
  const next = await lastMessageTo(app, wanted.phone)
  expect((await verify(app, { type: 'phone_change', ...wanted, token: next.code })).body.user.phone).toBe(wanted.phone)
})

test('a change that comes with a new password replaces an earlier one, and can be sent again', async () => {
  await using app = await startApp({ settings: SETTINGS })
  const { id } = await confirmedUser(app, OWN.email, { phone: OWN.phone, phone_confirm: true, password: PASSWORD })
  const { accessToken: token } = await app.signIn(OWN.email)
  const put = (body: object) => app.ask('PUT', '/auth/v1/user', { token, body })
  expect((await put(THIEFS)).status).toBe(200)
  app.clock.advance(61_000)
  const wanted = { email: 'lovelace@example.com', phone: '4917000003' }
  expect((await put({ ...wanted, password: NEW_PASSWORD })).status).toBe(200)
  const { body: user } = await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })
  expect([user.new_email, user.new_phone]).toEqual([wanted.email, wanted.phone])
  const { code } = await lastMessageTo(app, wanted.phone)
  expect((await verify(app, { type: 'phone_change', phone: wanted.phone, token: code })).body.user.phone).toBe(
    wanted.phone,
  )
})
