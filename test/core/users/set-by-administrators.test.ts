/** What an administrator set before the owner's first sign-in is not an attacker's, and is kept. */
import { expect, test } from 'bun:test'
import { type Json, PASSWORD, passwordGrant, startApp, type TestApp } from '../../support/app'
import { lastMessageTo, open, verify, WITH_CONFIRMATION, WITH_PHONE } from '../../support/mail'
import { fakeGitHub, GITHUB, returnFromProvider, signInAtGitHub, startAuthorization } from '../../support/providers'

const OWNER = 'owner@example.com'
const PHONE = '4917000001'
const OTHER = 'another-horse-battery-7'
const ATTACKERS_SIGN_UP = { email: OWNER, password: OTHER, data: { planted: true } }

async function start() {
  const github = fakeGitHub(OWNER)
  const settings = { ...GITHUB, ...WITH_CONFIRMATION, ...WITH_PHONE }
  return startApp({ settings, fetchProvider: github.fetch })
}

const create = async (app: TestApp, more: object = {}): Promise<Json> => {
  const body = { email: OWNER, password: PASSWORD, user_metadata: { plan: 'pro' }, ...more }
  return (await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body })).body
}
const invite = (app: TestApp) => app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: OWNER } })

const ways: [string, (app: TestApp) => Promise<unknown>][] = [
  [
    'an invitation',
    async (app) => {
      expect((await invite(app)).status).toBe(200)
      await open(app, (await lastMessageTo(app, OWNER)).link)
    },
  ],
  [
    'an invitation accepted with an account at a provider',
    async (app) => {
      await invite(app)
      const { token } = await lastMessageTo(app, OWNER)
      await returnFromProvider(app, await startAuthorization(app, `&invite_token=${token}`))
    },
  ],
  [
    'a code',
    async (app) => {
      await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
      await verify(app, { type: 'email', email: OWNER, token: (await lastMessageTo(app, OWNER)).code })
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
    'a sign-up of the same address with another password',
    async (app) => {
      await app.ask('POST', '/auth/v1/signup', { body: { email: OWNER, password: OTHER } })
      await open(app, (await lastMessageTo(app, OWNER)).link)
    },
  ],
  [
    'a generated link',
    async (app) => {
      const body = { type: 'signup', email: OWNER, password: OTHER }
      const link = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body })
      await verify(app, { type: 'signup', token_hash: link.body.hashed_token })
    },
  ],
  [
    'a magic link of the application',
    async (app) => {
      await app.ask('POST', '/api/auth/magic-link/send', { body: { email: OWNER } })
      const { token } = await lastMessageTo(app, OWNER)
      expect((await app.ask('POST', '/api/auth/magic-link/verify', { body: { token } })).status).toBe(200)
    },
  ],
  ['a provider that vouches for the address', (app) => signInAtGitHub(app)],
]

test.each(ways)('%s keeps the password, metadata and phone number that an administrator set', async (_, come) => {
  await using app = await start()
  const { id } = await create(app, { phone: PHONE })
  await come(app)
  const signedIn = await passwordGrant(app, { email: OWNER, password: PASSWORD })
  expect([signedIn.status, signedIn.body.user?.id]).toEqual([200, id])
  expect(signedIn.body.user.user_metadata.plan).toBe('pro')
  expect(signedIn.body.user.identities.map(({ provider }: Json) => provider)).toContain('phone')
})

test.each(ways.filter(([name]) => !/generated|another password/.test(name)))(
  '%s keeps the password that an administrator set after an unconfirmed sign-up, but not the sign-up’s metadata',
  async (_, come) => {
    await using app = await start()
    const { body } = await app.ask('POST', '/auth/v1/signup', { body: ATTACKERS_SIGN_UP })
    app.clock.advance(3_600_000)
    const change = { password: PASSWORD, user_metadata: { plan: 'pro' } }
    await app.ask('PUT', `/auth/v1/admin/users/${body.id}`, { token: app.admin, body: change })
    await come(app)
    const signedIn = await passwordGrant(app, { email: OWNER, password: PASSWORD })
    expect(signedIn.status).toBe(200)
    expect(signedIn.body.user.user_metadata).toMatchObject({ plan: 'pro' })
    expect(JSON.stringify(signedIn.body.user)).not.toContain('planted')
  },
)

test('a generated link with a password drops both the metadata and the password of an unconfirmed sign-up', async () => {
  await using app = await start()
  await app.ask('POST', '/auth/v1/signup', { body: ATTACKERS_SIGN_UP })
  const body = { type: 'signup', email: OWNER, password: PASSWORD, data: { plan: 'pro' } }
  const link = await app.ask('POST', '/auth/v1/admin/generate_link', { token: app.admin, body })
  const { user } = (await verify(app, { type: 'signup', token_hash: link.body.hashed_token })).body
  expect(user.user_metadata).toMatchObject({ plan: 'pro', email_verified: true })
  expect(JSON.stringify(user)).not.toContain('planted')
  expect((await passwordGrant(app, { email: OWNER, password: PASSWORD })).status).toBe(200)
  expect((await passwordGrant(app, { email: OWNER, password: OTHER })).status).toBe(400)
})

test('metadata of a sign-up by code is kept when an administrator then sets a password', async () => {
  await using app = await start()
  await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER, data: { name: 'Ada' } } })
  app.clock.advance(3_600_000)
  const [{ id }] = (await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users
  for (const password of [OTHER, PASSWORD])
    await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { password } })
  await app.ask('POST', '/auth/v1/otp', { body: { email: OWNER } })
  const { code } = await lastMessageTo(app, OWNER)
  const { body } = await verify(app, { type: 'email', email: OWNER, token: code })
  expect(body.user.user_metadata.name).toBe('Ada')
  expect((await passwordGrant(app, { email: OWNER, password: PASSWORD })).status).toBe(200)
})

test('once the owner has signed in, they alone control the account', async () => {
  await using app = await start()
  const { id } = await create(app)
  expect(await app.store.findUser(id)).toMatchObject({ isAdminCreated: true, isPasswordFromAdmin: true })
  await ways[0]?.[1](app)
  expect(await app.store.findUser(id)).toMatchObject({ isAdminCreated: false, isPasswordFromAdmin: false })
})
