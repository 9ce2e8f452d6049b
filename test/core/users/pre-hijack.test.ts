/** threat T46: an attacker signs up with another's address and a password of their own, before the owner does. */
import { expect, test } from 'bun:test'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { lastMessageTo, open, verify, WITH_CONFIRMATION, WITH_PHONE } from '../../support/mail'
import { type FakeGitHub, fakeGitHub, fragmentOf, GITHUB, queryOf, signInAtGitHub } from '../../support/providers'

const OWNER = 'owner@example.com'
const ATTACKERS = 'a-password-of-the-attacker-1'

/** Ways for the owner to sign in by mail. */
const WAYS: Record<string, (app: TestApp) => Promise<void>> = {
  'a code': async (app) => {
    await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
    const { code } = await lastMessageTo(app, OWNER)
    expect((await verify(app, { type: 'email', email: OWNER, token: code })).status).toBe(200)
  },
  'a recovery link': async (app) => {
    await app.ask('POST', '/auth/v1/recover', { body: { email: OWNER } })
    await open(app, (await lastMessageTo(app, OWNER)).link)
  },
  'an invitation': async (app) => {
    await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: OWNER } })
    await open(app, (await lastMessageTo(app, OWNER)).link)
  },
  'a magic link that an administrator made': async (app) => {
    const body = { type: 'magiclink', email: OWNER }
    const { body: made } = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body })
    expect((await verify(app, { type: 'magiclink', token_hash: made.hashed_token })).status).toBe(200)
  },
  'a magic link of the application': async (app) => {
    await app.ask('POST', '/api/auth/magic-link/send', { body: { email: OWNER } })
    const [link = ''] = (await app.core.forTask().listMessages({ to: OWNER, limit: 1 }))[0]?.links ?? []
    const token = new URL(link).searchParams.get('token')
    expect((await app.ask('POST', '/api/auth/magic-link/verify', { body: { token } })).status).toBe(200)
  },
}

test.each(Object.entries(WAYS))('an owner who signs in by %s locks the attacker out', async (_, signInAsOwner) => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } })
  app.clock.advance(61_000)
  await signInAsOwner(app)
  expect((await passwordGrant(app, { email: OWNER, password: ATTACKERS })).body.code).toBe('invalid_credentials')
})

test('a link sent before the attacker signed up locks them out, too', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await app.ask('POST', '/api/auth/magic-link/send', { body: { email: OWNER } })
  const [link = ''] = (await app.core.forTask().listMessages({ to: OWNER, limit: 1 }))[0]?.links ?? []
  await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } })
  const token = new URL(link).searchParams.get('token')
  expect((await app.ask('POST', '/api/auth/magic-link/verify', { body: { token } })).status).toBe(200)
  expect((await passwordGrant(app, { email: OWNER, password: ATTACKERS })).body.code).toBe('invalid_credentials')
})

test('the confirmation mail of a sign-up confirms its password, also when it was sent again', async () => {
  for (const again of [false, true]) {
    await using app = await startApp({ settings: WITH_CONFIRMATION })
    await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: PASSWORD } })
    app.clock.advance(61_000)
    if (again) await app.ask('POST', '/auth/v1/resend', { body: { type: 'signup', email: OWNER } })
    await open(app, (await lastMessageTo(app, OWNER)).link)
    expect([again, (await passwordGrant(app, { email: OWNER, password: PASSWORD })).status]).toEqual([again, 200])
  }
})

test('a mail that the attacker requests again does not restore their password', async () => {
  for (const again of [
    (app: TestApp) => app.ask('POST', '/auth/v1/resend', { body: { type: 'signup', email: OWNER } }),
    (app: TestApp) => app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } }),
  ])
    for (const way of ['invite', 'otp']) {
      await using app = await startApp({ settings: WITH_CONFIRMATION })
      await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } })
      app.clock.advance(61_000)
      await app.ask('POST', `/auth/v1/${way}`, { token: app.admin, body: { email: OWNER } })
      app.clock.advance(61_000)
      expect((await again(app)).status).toBe(200)
      await open(app, (await lastMessageTo(app, OWNER)).link)
      const reply = await passwordGrant(app, { email: OWNER, password: ATTACKERS })
      expect([way, reply.body.code]).toEqual([way, 'invalid_credentials'])
    }
})

test('an owner who signs in by a code on their phone locks the attacker out', async () => {
  const phone = '4917000001'
  for (const again of [false, true]) {
    await using app = await startApp({ settings: { ...WITH_PHONE, AUTH_SMS_AUTOCONFIRM: 'false' } })
    await app.ask('POST', '/auth/v1/signup', { body: { phone, password: ATTACKERS } })
    app.clock.advance(61_000)
    await app.ask('POST', '/auth/v1/otp', { body: { phone } })
    if (again) {
      app.clock.advance(61_000)
      await app.ask('POST', '/auth/v1/resend', { body: { type: 'sms', phone } })
    }
    const { code } = await lastMessageTo(app, phone)
    expect((await verify(app, { type: 'sms', phone, token: code })).status).toBe(200)
    expect((await passwordGrant(app, { phone, password: ATTACKERS })).body.code).toBe('invalid_credentials')
  }
})

test('the code of a sign-up by phone confirms its password', async () => {
  const phone = '4917000001'
  await using app = await startApp({ settings: { ...WITH_PHONE, AUTH_SMS_AUTOCONFIRM: 'false' } })
  await app.ask('POST', '/auth/v1/signup', { body: { phone, password: PASSWORD } })
  app.clock.advance(61_000)
  await app.ask('POST', '/auth/v1/resend', { body: { type: 'sms', phone } })
  const { code } = await lastMessageTo(app, phone)
  expect((await verify(app, { type: 'sms', phone, token: code })).status).toBe(200)
  expect((await passwordGrant(app, { phone, password: PASSWORD })).status).toBe(200)
})

test('a sign-up link by an administrator sets the password given with it, or none', async () => {
  for (const [password, statuses] of [
    [PASSWORD, [400, 200]],
    [undefined, [400, 400]],
  ] as const) {
    await using app = await startApp({ settings: WITH_CONFIRMATION })
    await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } })
    const body = { type: 'signup', email: OWNER, password }
    const { body: made } = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body })
    expect((await verify(app, { type: 'signup', token_hash: made.hashed_token })).status).toBe(200)
    const grants = [ATTACKERS, PASSWORD].map((each) => passwordGrant(app, { email: OWNER, password: each }))
    expect((await Promise.all(grants)).map(({ status }) => status)).toEqual([...statuses])
  }
})

test('a sign-up link keeps the password of an account that an administrator created', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  const asAdmin = (path: string, body: object) => app.ask('POST', `/auth/v1/admin/${path}`, { token: app.admin, body })
  await asAdmin('users', { email: OWNER, password: PASSWORD })
  const { body: made } = await asAdmin('generate_link', { type: 'signup', email: OWNER, password: 'not-this-one-1' })
  expect((await verify(app, { type: 'signup', token_hash: made.hashed_token })).status).toBe(200)
  expect((await passwordGrant(app, { email: OWNER, password: PASSWORD })).status).toBe(200)
})

test('a weak password in a sign-up link is refused for an existing account, too', async () => {
  await using app = await startApp({ settings: WITH_CONFIRMATION })
  await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } })
  const body = { type: 'signup', email: OWNER, password: '123' }
  const reply = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body })
  expect([reply.status, reply.body.code]).toEqual([422, 'weak_password'])
})

interface Meeting {
  /** How the attacker created the account, and whether the address was confirmed since. */
  local: 'none' | 'password, unconfirmed' | 'code, unconfirmed' | 'confirmed' | 'another provider, unverified'
  /** Whether the provider of the later sign-in has verified the address. */
  provider: 'verified' | 'unverified' | 'absent'
  expected: 'joined' | 'joined, and the attacker is locked out' | 'kept apart' | 'a new account' | 'asked to confirm'
}

const MEETINGS: Meeting[] = [
  { local: 'none', provider: 'verified', expected: 'a new account' },
  { local: 'none', provider: 'unverified', expected: 'asked to confirm' },
  { local: 'none', provider: 'absent', expected: 'asked to confirm' },
  { local: 'password, unconfirmed', provider: 'verified', expected: 'joined, and the attacker is locked out' },
  { local: 'password, unconfirmed', provider: 'unverified', expected: 'kept apart' },
  { local: 'password, unconfirmed', provider: 'absent', expected: 'kept apart' },
  { local: 'code, unconfirmed', provider: 'verified', expected: 'joined, and the attacker is locked out' },
  { local: 'code, unconfirmed', provider: 'unverified', expected: 'kept apart' },
  { local: 'code, unconfirmed', provider: 'absent', expected: 'kept apart' },
  { local: 'confirmed', provider: 'verified', expected: 'joined' },
  { local: 'confirmed', provider: 'unverified', expected: 'kept apart' },
  { local: 'confirmed', provider: 'absent', expected: 'kept apart' },
  { local: 'another provider, unverified', provider: 'verified', expected: 'joined, and the attacker is locked out' },
  { local: 'another provider, unverified', provider: 'unverified', expected: 'kept apart' },
  { local: 'another provider, unverified', provider: 'absent', expected: 'kept apart' },
]

async function meet(app: TestApp, github: FakeGitHub, { local, provider }: Meeting): Promise<Meeting['expected']> {
  const asAdmin = { token: app.admin }
  if (local === 'password, unconfirmed')
    await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: ATTACKERS } })
  if (local === 'code, unconfirmed') await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
  if (local === 'confirmed') {
    const body = { email: OWNER, password: PASSWORD, email_confirm: true }
    await app.ask('POST', '/auth/v1/admin/users', { ...asAdmin, body })
  }
  if (local === 'another provider, unverified') {
    github.account = { id: 1, login: 'attacker', emails: [{ email: OWNER, verified: false, primary: true }] }
    await signInAtGitHub(app)
  }
  const before = (await app.ask('GET', '/auth/v1/admin/users', asAdmin)).body.users
  const verified = { verified: true, unverified: false, absent: undefined }[provider] as boolean
  github.account = { id: 2, login: 'owner', emails: [{ email: OWNER, verified, primary: true }] }
  const reply = await signInAtGitHub(app)
  const after = (await app.ask('GET', '/auth/v1/admin/users', asAdmin)).body.users
  if (queryOf(reply).error_code === 'provider_email_needs_verification')
    return before.length === 0 ? 'asked to confirm' : 'kept apart'
  const { access_token: token } = fragmentOf(reply)
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token })
  expect(user.email).toBe(OWNER)
  if (before.length === 0) return 'a new account'
  expect(after.length).toBe(1)
  const providers = user.identities.map((each: { provider: string }) => each.provider)
  return providers.length === 1 ? 'joined, and the attacker is locked out' : 'joined'
}

test.each(MEETINGS)('threat T46: local $local, provider $provider: $expected', async (meeting) => {
  const github = fakeGitHub()
  await using app = await startApp({ settings: { ...GITHUB, ...WITH_CONFIRMATION }, fetchProvider: github.fetch })
  expect(await meet(app, github, meeting)).toBe(meeting.expected)
  // in every case the attacker's password does not work and the owner's is kept
  expect((await passwordGrant(app, { email: OWNER, password: ATTACKERS })).status).toBe(400)
  if (meeting.local === 'confirmed')
    expect((await passwordGrant(app, { email: OWNER, password: PASSWORD })).status).toBe(200)
})

test('threat T46: with autoconfirm, too, an address that the provider has not verified does not link to an account', async () => {
  const github = fakeGitHub(OWNER, false)
  await using app = await startApp({ settings: GITHUB, fetchProvider: github.fetch })
  const ada = await app.signUp(OWNER)
  const { access_token: token } = fragmentOf(await signInAtGitHub(app))
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token })
  expect([user.id === ada.id, user.email]).toEqual([false, ''])
})
