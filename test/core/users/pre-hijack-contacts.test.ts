/** threat T46: what an attacker added to an account with another's address, before its owner signed in. */
import { expect, test } from 'bun:test'
import { type RequestOptions, refresh, startApp, type TestApp } from '../../support/app'
import { authenticator } from '../../support/authenticator'
import { execute, readRows } from '../../support/database'
import { enrolled, pass } from '../../support/factors'
import {
  confirmedUser,
  lastMessageTo,
  mailboxOf,
  open,
  verify,
  WITH_CONFIRMATION,
  WITH_PHONE,
} from '../../support/mail'
import {
  fakeGitHub,
  fragmentOf,
  GITHUB,
  queryOf,
  returnFromProvider,
  signInAtGitHub,
  startAuthorization,
} from '../../support/providers'

const OWNER = 'owner@example.com'
const PHONE = '4917000001'
const attacker = { id: 1, login: 'attacker', emails: [{ email: OWNER, verified: false, primary: true }] }
const owner = { id: 2, login: 'owner', emails: [{ email: OWNER, verified: true, primary: true }] }

async function start(settings: Record<string, string> = {}) {
  const github = fakeGitHub()
  github.account = attacker
  const all = { ...GITHUB, ...WITH_CONFIRMATION, ...settings }
  const app = await startApp({ settings: all, fetchProvider: github.fetch })
  return { app, github, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

async function link(app: TestApp, token: string, asked: RequestOptions = {}) {
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token, ...asked })
  return returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
}

const ways: [string, (app: TestApp) => Promise<unknown>][] = [
  [
    'a code',
    async (app) => {
      await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
      const { code: token } = await lastMessageTo(app, OWNER)
      expect((await verify(app, { type: 'email', email: OWNER, token })).status).toBe(200)
    },
  ],
  [
    'a magic link',
    async (app) => {
      await app.ask('POST', '/auth/v1/magiclink', { body: { email: OWNER } })
      await open(app, (await lastMessageTo(app, OWNER)).link)
    },
  ],
  [
    'a recovery link',
    async (app) => {
      await app.ask('POST', '/auth/v1/recover', { body: { email: OWNER } })
      await open(app, (await lastMessageTo(app, OWNER)).link)
    },
  ],
  [
    'an invitation',
    async (app) => {
      await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: OWNER } })
      await open(app, (await lastMessageTo(app, OWNER)).link)
    },
  ],
  [
    'a magic link of the application',
    async (app) => {
      await app.ask('POST', '/api/auth/magic-link/send', { body: { email: OWNER } })
      const body = { token: await applicationToken(app) }
      expect((await app.ask('POST', '/api/auth/magic-link/verify', { body })).status).toBe(200)
    },
  ],
  ['a new password of the application', resetPassword],
]

/** The token of the link in the last mail, which leads to a page of the application. */
async function applicationToken(app: TestApp): Promise<string> {
  const [address = ''] = (await app.core.forTask().listMessages({ to: OWNER, limit: 1 }))[0]?.links ?? []
  return new URL(address).searchParams.get('token') ?? ''
}

async function resetPassword(app: TestApp): Promise<void> {
  await app.ask('POST', '/api/auth/password/reset/request', { body: { email: OWNER } })
  const body = { token: await applicationToken(app), new_password: 'the-owners-own-1' }
  expect((await app.ask('POST', '/api/auth/password/reset/complete', { body })).status).toBe(200)
}

test.each(ways)(
  'threat T46: the attacker’s identity is removed when the owner signs in by %s',
  async (_, signInAsOwner) => {
    await using started = await start()
    const { app } = started
    expect(queryOf(await signInAtGitHub(app)).error_code).toBe('provider_email_needs_verification')
    app.clock.advance(61_000)
    await signInAsOwner(app)
    expect(fragmentOf(await signInAtGitHub(app)).access_token).toBeUndefined()
    const { users } = (await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body
    const { id } = users.find(({ email }: { email: string }) => email === OWNER)
    const { body: user } = await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })
    expect(user.identities.map(({ provider }: { provider: string }) => provider)).toEqual(['email'])
    expect(user.app_metadata.providers).toEqual(['email'])
  },
)

test('threat T46: and when the owner accepts an invitation with a provider account', async () => {
  await using started = await start()
  const { app, github } = started
  await signInAtGitHub(app)
  app.clock.advance(61_000)
  await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: OWNER } })
  const { token } = await lastMessageTo(app, OWNER)
  github.account = owner
  expect(
    fragmentOf(await returnFromProvider(app, await startAuthorization(app, `&invite_token=${token}`))).access_token,
  ).toBeDefined()
  github.account = attacker
  expect(fragmentOf(await signInAtGitHub(app)).access_token).toBeUndefined()
})

test('confirming the address of an identity by mail keeps that identity', async () => {
  await using started = await start()
  const { app } = started
  await signInAtGitHub(app)
  await open(app, (await lastMessageTo(app, OWNER)).link)
  expect(fragmentOf(await signInAtGitHub(app)).access_token).toBeDefined()
})

test.each(['a provider', 'a code'])(
  'threat T46: an unverified address of a linked identity does not identify the account, for %s',
  async (way) => {
    await using started = await start({ ...WITH_PHONE, AUTH_SMS_AUTOCONFIRM: 'false' })
    const { app, github } = started
    await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
    const { code } = await lastMessageTo(app, PHONE)
    const { body: session } = await verify(app, { type: 'sms', phone: PHONE, token: code })
    expect(queryOf(await link(app, session.access_token)).error_code).toBe('email_not_confirmed')
    const { body: linked } = await app.ask('GET', '/auth/v1/user', { token: session.access_token })
    expect([linked.email, linked.new_email]).toEqual(['', OWNER])
    app.clock.advance(61_000)
    github.account = owner
    let id: string
    if (way === 'a provider') {
      const { access_token: token } = fragmentOf(await signInAtGitHub(app))
      id = (await app.ask('GET', '/auth/v1/user', { token })).body.id
    } else {
      await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
      const { code: token } = await lastMessageTo(app, OWNER)
      id = (await verify(app, { type: 'email', email: OWNER, token })).body.user.id
    }
    expect(id).not.toBe(session.user.id)
    // and once it belongs to another account, the pending change is refused
    expect((await refresh(app, session.refresh_token)).body.user.email).toBe('')
  },
)

test('threat T46: unlinking an identity promotes no unverified address, and no passkey to it', async () => {
  await using started = await start()
  const { app, github } = started
  await confirmedUser(app, 'attacker@evil.example')
  const { accessToken: token, id } = await app.signIn('attacker@evil.example')
  const device = authenticator()
  const { body: begun } = await app.ask('POST', '/auth/v1/passkeys/registration/options', { token })
  const credential = device.create(begun.options)
  const answer = { challenge_id: begun.challenge_id, credential }
  expect((await app.ask('POST', '/auth/v1/passkeys/registration/verify', { token, body: answer })).status).toBe(200)
  await link(app, token)
  const { body: before } = await app.ask('GET', '/auth/v1/user', { token })
  const own = before.identities.find(({ provider }: { provider: string }) => provider === 'email')
  await app.ask('DELETE', `/auth/v1/user/identities/${own.identity_id}`, { token })
  expect((await app.ask('GET', '/auth/v1/user', { token })).body.email).toBe('')
  github.account = owner
  const { access_token: owners } = fragmentOf(await signInAtGitHub(app))
  expect((await app.ask('GET', '/auth/v1/user', { token: owners })).body.id).not.toBe(id)
})

test.each([...ways, ['a provider', signInAtGitHub]] as [string, (app: TestApp) => Promise<unknown>][])(
  'threat T46: contacts that an attacker added before the address was confirmed are gone when the owner signs in by %s',
  async (_, signInAsOwner) => {
    await using started = await start({
      ...WITH_PHONE,
      AUTH_SMS_AUTOCONFIRM: 'false',
      AUTH_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS: 'true',
      AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false',
    })
    const { app, github } = started
    const { access_token: token } = fragmentOf(await signInAtGitHub(app))
    const put = (body: object) => app.ask('PUT', '/auth/v1/user', { token, body })
    expect((await put({ phone: PHONE })).body.code).toBe('email_not_confirmed')
    const evil = 'attacker@evil.example'
    expect((await put({ email: evil, password: 'the-attackers-own-1' })).status).toBe(200)
    app.clock.advance(61_000)
    github.account = owner
    await signInAsOwner(app)
    app.clock.advance(61_000)
    await app.ask('POST', '/auth/v1/resend', { body: { type: 'email_change', email: OWNER } })
    expect(await mailboxOf(app, evil)).toHaveLength(1)
    expect((await app.ask('GET', '/auth/v1/user', { token })).status).toBe(403)
    const body = { email: OWNER, password: 'the-attackers-own-1' }
    expect((await app.ask('POST', '/auth/v1/token?grant_type=password', { body })).status).toBe(400)
  },
)

/** An account with the attacker's factor and the owner's address, unconfirmed. */
async function withAttackersFactor(app: TestApp): Promise<string> {
  await confirmedUser(app, 'attacker@evil.example')
  const { accessToken, id } = await app.signIn('attacker@evil.example')
  const factor = await enrolled(app, accessToken)
  expect((await pass(app, accessToken, factor)).status).toBe(200)
  const update = (table: string) => `UPDATE ${table} SET email = ?, email_confirmed_at = NULL WHERE id = ?`
  await execute(app.database, { sqlite: update('users'), postgres: update('auth.users') }, OWNER, id)
  return id
}

test('threat T46: factors that an attacker added under their own address do not lock the owner out', async () => {
  await using started = await start()
  const { app, github } = started
  const id = await withAttackersFactor(app)
  github.account = owner
  const { access_token: token } = fragmentOf(await signInAtGitHub(app))
  const { body: user } = await app.ask('GET', '/auth/v1/user', { token })
  expect([user.id, user.factors ?? []]).toEqual([id, []])
  expect(await readRows(app.database, 'SELECT factor_count FROM users')).toEqual([{ factor_count: 0 }])
})

test.each(ways)('threat T46: nor do they when the owner signs in by %s', async (_, signInAsOwner) => {
  await using started = await start()
  const { app } = started
  await withAttackersFactor(app)
  await signInAsOwner(app)
  expect(await readRows(app.database, 'SELECT factor_count FROM users')).toEqual([{ factor_count: 0 }])
})
