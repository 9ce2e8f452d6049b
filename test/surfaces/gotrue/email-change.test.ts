import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import {
  confirmedUser,
  differentCode,
  lastMessageTo,
  mailboxOf,
  open,
  userOf,
  verify,
  WITH_CONFIRMATION,
} from '../../support/mail'

const OLD = 'ada@example.com'
const NEW = 'lovelace@example.com'
const SITE = 'http://localhost:3000'
const HALF = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'

const change = (app: TestApp, token: string, email = NEW, more: object = {}) =>
  app.ask('PUT', '/auth/v1/user', { token, body: { email, ...more } })

/** A user who has requested a new address, and the two mails about it. */
async function changing(settings = {}) {
  const app = await startApp({ settings: { ...WITH_CONFIRMATION, ...settings } })
  const { id } = await confirmedUser(app, OLD)
  const { accessToken, refreshToken } = await app.signIn(OLD)
  const reply = await change(app, accessToken)
  if (reply.status !== 200) throw new Error(reply.text)
  const mails = { old: await lastMessageTo(app, OLD).catch(() => undefined), new: await lastMessageTo(app, NEW) }
  return { app, id, token: accessToken, refreshToken, reply, mails, user: () => userOf(app, accessToken) }
}

type Side = 'old' | 'new'
const ADDRESS: Record<Side, string> = { old: OLD, new: NEW }
const ORDERS: [Side, Side][] = [
  ['old', 'new'],
  ['new', 'old'],
]

test('email change requires verification', async () => {
  const { app, reply, mails, user } = await changing()
  await using _ = app
  expect(reply.body).toMatchObject({ email: OLD, new_email: NEW, email_change_sent_at: expect.any(String) })
  expect(await user()).toMatchObject({ email: OLD, new_email: NEW, identities: [{ email: OLD }] })
  expect((await passwordGrant(app, { email: NEW, password: PASSWORD })).body.code).toBe('invalid_credentials')
  expect([mails.old?.kind, mails.new.kind]).toEqual(['email_change', 'email_change'])
  expect(mails.old?.code).not.toBe(mails.new.code)
  expect(mails.old?.token).not.toBe(mails.new.token)
  for (const side of ['old', 'new'] as const)
    await verify(app, { type: 'email_change', email: ADDRESS[side], token: mails[side]?.code })
  expect(await user()).toMatchObject({ email: NEW, identities: [{ email: NEW }] })
  expect((await passwordGrant(app, { email: NEW, password: PASSWORD })).status).toBe(200)
  expect((await passwordGrant(app, { email: OLD, password: PASSWORD })).body.code).toBe('invalid_credentials')
})

// threat T42.
test.each(ORDERS)('both addresses confirm by link: %s first, then %s', async (first, second) => {
  const { app, mails, user } = await changing()
  await using _ = app
  expect((await open(app, mails[first]?.link ?? '')).location).toBe(
    `${SITE}#message=Confirmation+link+accepted.+Please+proceed+to+confirm+link+sent+to+the+other+email&sb=`,
  )
  expect(await user()).toMatchObject({ email: OLD, new_email: NEW })
  const { fragment } = await open(app, mails[second]?.link ?? '')
  expect(fragment).toMatchObject({ type: 'email_change', token_type: 'bearer' })
  const changed = await userOf(app, fragment.access_token ?? '')
  expect(changed).toMatchObject({
    email: NEW,
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { email_verified: true },
    identities: [{ provider: 'email', email: NEW, identity_data: { email: NEW, email_verified: true } }],
  })
  expect(changed).not.toHaveProperty('new_email')
})

// threat T42.
test.each(ORDERS)('both addresses confirm by code: %s first, then %s', async (first, second) => {
  const { app, mails, user } = await changing()
  await using _ = app
  const answer = (side: Side) => verify(app, { type: 'email_change', email: ADDRESS[side], token: mails[side]?.code })
  const half = await answer(first)
  expect([half.status, half.body]).toEqual([200, { code: '200', msg: HALF }])
  expect((await user()).email).toBe(OLD)
  expect((await answer(first)).body.code).toBe('otp_expired')
  expect((await answer(second)).body.user.email).toBe(NEW)
})

test.each(ORDERS)('one address may use the token (%s), the other the code (%s)', async (first, second) => {
  const { app, mails } = await changing()
  await using _ = app
  const half = await verify(app, { type: 'email_change', token_hash: mails[first]?.token })
  expect(half.body).toEqual({ code: '200', msg: HALF })
  const done = await verify(app, { type: 'email_change', email: ADDRESS[second], token: mails[second]?.code })
  expect(done.body.user.email).toBe(NEW)
})

// threat T42: one address cannot confirm for the other.
test.each<Side>(['old', 'new'])(
  'the %s address alone never changes the address, however often it confirms',
  async (side) => {
    const { app, mails, user } = await changing()
    await using _ = app
    const { link = '', code, token } = mails[side] ?? {}
    await Promise.all(
      Array.from({ length: 30 }, (_each, index) =>
        index % 3 === 0
          ? open(app, link)
          : index % 3 === 1
            ? verify(app, { type: 'email_change', token_hash: token })
            : verify(app, { type: 'email_change', email: ADDRESS[side], token: code }),
      ),
    )
    expect(await user()).toMatchObject({ email: OLD, new_email: NEW })
    const other = side === 'old' ? 'new' : 'old'
    if (mails.old?.code !== mails.new.code)
      expect((await verify(app, { type: 'email_change', email: ADDRESS[other], token: code })).body.code).toBe(
        'otp_expired',
      )
    expect((await user()).email).toBe(OLD)
  },
)

test('simultaneous confirmations by both addresses change the address', async () => {
  const { app, mails, user } = await changing()
  await using _ = app
  const both = await Promise.all([open(app, mails.old?.link ?? ''), open(app, mails.new.link)])
  expect(both.filter(({ fragment }) => fragment.message !== undefined)).toHaveLength(1)
  expect(both.filter(({ fragment }) => fragment.access_token !== undefined)).toHaveLength(1)
  expect((await user()).email).toBe(NEW)
})

test('with secure change off, only the new address gets a mail', async () => {
  const { app, mails, user } = await changing({ AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' })
  await using _ = app
  expect(mails.old).toBeUndefined()
  expect((await open(app, mails.new.link)).fragment.type).toBe('email_change')
  expect((await user()).email).toBe(NEW)
})

test('with autoconfirm on, one click is required and enough', async () => {
  const { app, mails, user } = await changing({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  await using _ = app
  expect((await user()).email).toBe(OLD)
  expect((await open(app, mails.new.link)).fragment.access_token).toBeString()
  expect((await user()).email).toBe(NEW)
})

test('with autoconfirm on, the link to the current address proves nothing about the new one', async () => {
  const { app, mails, user } = await changing({ AUTH_MAILER_AUTOCONFIRM: 'true' })
  await using _ = app
  expect((await open(app, mails.old?.link ?? '')).fragment.message).toBe(HALF)
  expect((await user()).email).toBe(OLD)
  expect((await open(app, mails.new.link)).fragment.access_token).toBeString()
  expect((await user()).email).toBe(NEW)
})

test('a repeated request for a change that one address has confirmed mails only the other', async () => {
  for (const [first, second] of ORDERS) {
    const { app, mails, user } = await changing()
    await using _ = app
    await open(app, mails[first]?.link ?? '')
    app.clock.advance(61_000)
    await app.ask('POST', '/auth/v1/resend', { body: { type: 'email_change', email: OLD } })
    expect((await mailboxOf(app, ADDRESS[first])).length).toBe(1)
    expect((await open(app, (await lastMessageTo(app, ADDRESS[second])).link)).fragment.access_token).toBeString()
    expect((await user()).email).toBe(NEW)
  }
})

test('an anonymous user becomes permanent with the confirmation, and not before', async () => {
  await using app = await startApp({
    settings: { ...WITH_CONFIRMATION, AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' },
  })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: { data: { theme: 'dark' } } })
  const reply = await change(app, body.access_token)
  expect(reply.body).toMatchObject({ is_anonymous: true, email: '', new_email: NEW })
  const { fragment } = await open(app, (await lastMessageTo(app, NEW)).link)
  expect(await userOf(app, fragment.access_token ?? '')).toMatchObject({
    id: body.user.id,
    is_anonymous: false,
    email: NEW,
    email_confirmed_at: expect.any(String),
    user_metadata: { theme: 'dark', email_verified: true },
    app_metadata: { provider: 'email', providers: ['email'] },
    identities: [{ provider: 'email', identity_data: { email: NEW, email_verified: true } }],
  })
})

// threat T42: an address taken meanwhile stays with its new owner.
test.each(['link', 'code'])('an address that was taken meanwhile is refused on confirmation (%s)', async (way) => {
  const { app, mails, user } = await changing()
  await using _ = app
  await verify(app, { type: 'email_change', email: OLD, token: mails.old?.code })
  const { id } = await confirmedUser(app, NEW)
  const { link, code } = mails.new
  const refused =
    way === 'link'
      ? (await open(app, link)).fragment.error_code
      : (await verify(app, { type: 'email_change', email: NEW, token: code })).body.code
  expect(refused).toBe('email_exists')
  expect(await user()).toMatchObject({ email: OLD, identities: [{ email: OLD, identity_data: { email: OLD } }] })
  expect((await app.signIn(NEW)).id).toBe(id)
})

test('an address with an account is refused at once, and no mail is sent', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await confirmedUser(app, OLD)
  await confirmedUser(app, NEW)
  const { accessToken } = await app.signIn(OLD)
  const { status, body } = await change(app, accessToken)
  expect([status, body]).toEqual([
    422,
    { code: 'email_exists', message: 'A user with this email address has already been registered' },
  ])
  expect([await mailboxOf(app, OLD), await mailboxOf(app, NEW)]).toEqual([[], []])
})

// threat T41.
test('a new request invalidates the links of the previous one, for both addresses', async () => {
  const { app, token, mails, user } = await changing()
  await using _ = app
  app.clock.advance(60_000)
  const third = 'countess@example.com'
  expect((await change(app, token, third)).body.new_email).toBe(third)
  for (const mail of [mails.old, mails.new])
    expect((await open(app, mail?.link ?? '')).fragment.error_code).toBe('otp_expired')
  for (const to of [OLD, third]) await open(app, (await lastMessageTo(app, to)).link)
  expect((await user()).email).toBe(third)
})

test('a new request starts over: an earlier confirmation does not count for another address', async () => {
  const { app, token, mails, user } = await changing()
  await using _ = app
  await open(app, mails.old?.link ?? '')
  app.clock.advance(60_000)
  await change(app, token, 'mallory@example.com')
  const { link } = await lastMessageTo(app, 'mallory@example.com')
  expect((await open(app, link)).fragment.message).toBe(HALF)
  expect((await user()).email).toBe(OLD)
})

test('a repeated request for the same address sends mails again after a minute', async () => {
  const { app, token, mails } = await changing()
  await using _ = app
  app.clock.advance(59_999)
  const { status, headers, body } = await change(app, token)
  expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'over_email_send_rate_limit', null])
  expect(body.message).toBe('For security purposes, you can only request this after 0 seconds.')
  app.clock.advance(1)
  expect((await change(app, token)).status).toBe(200)
  expect((await open(app, mails.new.link)).fragment.error_code).toBe('otp_expired')
  expect(await mailboxOf(app, NEW)).toHaveLength(2)
})

// threat T41: a password change invalidates every pending token.
test('a new password invalidates every pending link and code', async () => {
  const { app, token, mails, user } = await changing()
  await using _ = app
  await app.ask('POST', '/auth/v1/recover', { body: { email: OLD } })
  const recovery = await lastMessageTo(app, OLD, 'recovery')
  await app.ask('GET', '/auth/v1/reauthenticate', { token })
  const reply = await app.ask('PUT', '/auth/v1/user', { token, body: { password: 'another-password-1' } })
  expect(reply.status).toBe(200)
  for (const mail of [mails.old, mails.new])
    expect((await open(app, mail?.link ?? '')).fragment.error_code).toBe('otp_expired')
  for (const body of [{ token_hash: recovery.token }, { email: OLD, token: recovery.code }])
    expect((await verify(app, { type: 'recovery', ...body })).body.code).toBe('otp_expired')
  expect((await user()).email).toBe(OLD)
})

// threat T41: so does a reset, and a change of address.
test.each(['a reset', 'a change of address'])('%s invalidates every other link', async (what) => {
  const { app, mails } = await changing()
  await using _ = app
  await app.ask('POST', '/auth/v1/recover', { body: { email: OLD } })
  const recovery = await lastMessageTo(app, OLD, 'recovery')
  if (what === 'a reset') {
    const done = await verify(app, { type: 'recovery', token: recovery.token, password: 'another-password-1' })
    expect(done.status).toBe(200)
    for (const mail of [mails.old, mails.new])
      expect((await open(app, mail?.link ?? '')).fragment.error_code).toBe('otp_expired')
  } else {
    for (const mail of [mails.old, mails.new]) await open(app, mail?.link ?? '')
    expect((await verify(app, { type: 'recovery', token_hash: recovery.token })).body.code).toBe('otp_expired')
  }
})

test('a change together with a new password keeps its own links, and the password changes at once', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await confirmedUser(app, OLD)
  const { accessToken } = await app.signIn(OLD)
  expect((await change(app, accessToken, NEW, { password: 'another-password-1' })).status).toBe(200)
  expect((await passwordGrant(app, { email: OLD, password: 'another-password-1' })).status).toBe(200)
  for (const to of [OLD, NEW]) await open(app, (await lastMessageTo(app, to)).link)
  expect((await passwordGrant(app, { email: NEW, password: 'another-password-1' })).status).toBe(200)
})

test('the links are valid for a day', async () => {
  const { app, mails, user } = await changing()
  await using _ = app
  app.clock.advance(86_400_000 - 1)
  expect((await open(app, mails.old?.link ?? '')).fragment.message).toBe(HALF)
  app.clock.advance(1)
  expect((await open(app, mails.new.link)).fragment.error_code).toBe('otp_expired')
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users).toMatchObject([
    { email: OLD },
  ])
  expect((await user()).code).toBe('bad_jwt')
})

test('five wrong codes for one address do not affect the other address or the links', async () => {
  const { app, mails } = await changing()
  await using _ = app
  const code = mails.new.code
  for (let by = 1; by <= 5; by++)
    await verify(app, { type: 'email_change', email: NEW, token: differentCode(code, by) })
  expect((await verify(app, { type: 'email_change', email: NEW, token: code })).body.code).toBe('otp_expired')
  expect((await verify(app, { type: 'email_change', email: OLD, token: mails.old?.code })).body.msg).toBe(HALF)
  expect((await open(app, mails.new.link)).fragment.access_token).toBeString()
})

test('earlier sessions continue under the new address', async () => {
  const { app, mails, token, refreshToken } = await changing({ AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' })
  await using _ = app
  await open(app, mails.new.link)
  expect((await userOf(app, token)).email).toBe(NEW)
  expect((await refresh(app, refreshToken)).body.user.email).toBe(NEW)
})

test.each([
  [{}, 0],
  [{ AUTH_MAILER_NOTIFICATIONS_EMAIL_CHANGED_ENABLED: 'true' }, 1],
])('the old address is notified of the change if %j is set', async (settings, expected) => {
  const { app, mails } = await changing(settings)
  await using _ = app
  for (const mail of [mails.old, mails.new]) await open(app, mail?.link ?? '')
  const notices = (await mailboxOf(app, OLD)).filter(({ kind }) => kind === 'email_changed_notification')
  expect(notices).toHaveLength(expected)
  for (const { link, code, text } of notices) expect([link, code, text.includes(NEW)]).toEqual(['', '', true])
  expect((await mailboxOf(app, NEW)).map(({ kind }) => kind)).toEqual(['email_change'])
})

test('resend, by the current address, mails both again, and nothing if nothing is pending', async () => {
  const { app, mails, user } = await changing()
  await using _ = app
  const resend = (email: string) => app.ask('POST', '/auth/v1/resend', { body: { type: 'email_change', email } })
  app.clock.advance(60_000)
  for (const email of [NEW, 'nobody@example.com']) expect((await resend(email)).body).toEqual({})
  expect(await mailboxOf(app, NEW)).toHaveLength(1)
  expect((await resend(OLD)).body).toEqual({})
  expect([(await mailboxOf(app, OLD)).length, (await mailboxOf(app, NEW)).length]).toEqual([2, 2])
  expect((await open(app, mails.old?.link ?? '')).fragment.error_code).toBe('otp_expired')
  for (const to of [OLD, NEW]) await open(app, (await lastMessageTo(app, to)).link)
  expect((await user()).email).toBe(NEW)
})

test('two users can request one address, and one of them gets it', async () => {
  const { app, mails, user } = await changing({ AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' })
  await using _ = app
  await confirmedUser(app, 'eve@example.com')
  const eve = await app.signIn('eve@example.com')
  expect((await change(app, eve.accessToken)).status).toBe(200)
  const second = await lastMessageTo(app, NEW)
  const both = await Promise.all([open(app, mails.new.link), open(app, second.link)])
  expect(both.filter(({ fragment }) => fragment.access_token !== undefined)).toHaveLength(1)
  const holders = [await user(), await userOf(app, eve.accessToken)].filter(({ email }) => email === NEW)
  expect(holders).toHaveLength(1)
})

test('each mail says which address is to be replaced by which', async () => {
  const { app, mails } = await changing()
  await using _ = app
  for (const mail of [mails.old, mails.new]) expect(mail?.text).toContain(NEW)
  expect(mails.old?.link).toContain('type=email_change')
})
