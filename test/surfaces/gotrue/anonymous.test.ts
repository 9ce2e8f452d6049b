/** Anonymous users: every confirmed contact makes the account permanent. */
import { expect, test } from 'bun:test'
import { type Json, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'
import { lastMessageTo, open, userOf, verify, WITH_CONFIRMATION, WITH_PHONE } from '../../support/mail'
import { fakeGitHub, GITHUB, returnFromProvider } from '../../support/providers'

const EMAIL = 'ada@example.com'
const PHONE = '4917000001'
const MONTH = 30 * 86_400_000

async function start(settings: Record<string, string> = {}) {
  const github = fakeGitHub(EMAIL)
  const all = { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true', ...WITH_CONFIRMATION, ...WITH_PHONE, ...GITHUB }
  const app = await startApp({ settings: { ...all, ...settings }, fetchProvider: github.fetch })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  return { app, id: body.user.id as string, token: body.access_token as string }
}

const admin = (app: TestApp, id: string, body: object) =>
  app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body })
const own = (app: TestApp, token: string, body: object) => app.ask('PUT', '/auth/v1/user', { token, body })
const code = async (app: TestApp, to: string) => (await lastMessageTo(app, to)).code

interface Way {
  settings?: Record<string, string>
  providers: string[]
  /** As in GoTrue, which adds no provider here. */
  metadata?: object
  go(app: TestApp, id: string, token: string): Promise<unknown>
}

const byEmail = (go: Way['go'], more: Partial<Way> = {}): Way => ({ providers: ['email'], go, ...more })
const byPhone = (go: Way['go'], more: Partial<Way> = {}): Way => ({ providers: ['phone'], go, ...more })

const ways: Record<string, Way> = {
  'an administrator confirms an address': byEmail((app, id) => admin(app, id, { email: EMAIL, email_confirm: true })),
  'an administrator confirms an address in a second call': byEmail(async (app, id) => {
    await admin(app, id, { email: EMAIL })
    await admin(app, id, { email_confirm: true })
  }),
  'an administrator confirms a number': byPhone((app, id) => admin(app, id, { phone: PHONE, phone_confirm: true })),
  'an administrator confirms a number in a second call': byPhone(async (app, id) => {
    await admin(app, id, { phone: PHONE })
    await admin(app, id, { phone_confirm: true })
  }),
  'an address is confirmed by its link': byEmail(async (app, _, token) => {
    await own(app, token, { email: EMAIL })
    await open(app, (await lastMessageTo(app, EMAIL)).link)
  }),
  'an address counts at once': byEmail((app, _, token) => own(app, token, { email: EMAIL }), {
    settings: { AUTH_MAILER_AUTOCONFIRM: 'true' },
    metadata: {},
  }),
  'a number is confirmed by its code': byPhone(async (app, _, token) => {
    await own(app, token, { phone: PHONE })
    await verify(app, { type: 'phone_change', phone: PHONE, token: await code(app, PHONE) })
  }),
  'a number counts at once': byPhone((app, _, token) => own(app, token, { phone: PHONE }), {
    settings: { AUTH_SMS_AUTOCONFIRM: 'true' },
    metadata: {},
  }),
  'an address is confirmed below /api/auth': byEmail(async (app, _, token) => {
    await app.ask('POST', '/api/auth/email/change/request', { token, body: { new_email: EMAIL } })
    const { token: shown } = await lastMessageTo(app, EMAIL)
    await app.ask('POST', '/api/auth/email/change/confirm', { body: { token: shown } })
  }),
  'a code for an address that an administrator set': byEmail(async (app, id) => {
    await admin(app, id, { email: EMAIL })
    await app.ask('POST', '/auth/v1/otp', { body: { email: EMAIL } })
    await verify(app, { type: 'email', email: EMAIL, token: await code(app, EMAIL) })
  }),
  'a recovery link for an address that an administrator set': byEmail(async (app, id) => {
    await admin(app, id, { email: EMAIL })
    await app.ask('POST', '/auth/v1/recover', { body: { email: EMAIL } })
    await open(app, (await lastMessageTo(app, EMAIL)).link)
  }),
  'an SMS to a number that an administrator set': byPhone(async (app, id) => {
    await admin(app, id, { phone: PHONE })
    await app.ask('POST', '/auth/v1/otp', { body: { phone: PHONE } })
    await verify(app, { type: 'sms', phone: PHONE, token: await code(app, PHONE) })
  }),
  'a generated link': byEmail(async (app, id) => {
    await admin(app, id, { email: EMAIL })
    const { body } = await app.ask('POST', '/auth/v1/admin/generate_link', {
      token: app.admin,
      body: { type: 'magiclink', email: EMAIL },
    })
    await verify(app, { type: 'magiclink', token_hash: body.hashed_token })
  }),
  'an invitation': byEmail(async (app, id) => {
    await admin(app, id, { email: EMAIL })
    await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: EMAIL } })
    await open(app, (await lastMessageTo(app, EMAIL)).link)
  }),
  'an account at a provider': {
    providers: ['github'],
    async go(app, _, token) {
      const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
      const { body } = await app.ask('GET', path, { token })
      await returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
    },
  },
}

test.each(Object.entries(ways))('%s: the account is permanent', async (_, { settings, providers, metadata, go }) => {
  const { app, id, token } = await start(settings)
  await using _app = app
  await go(app, id, token)
  const { body } = await app.ask('GET', `/auth/v1/admin/users/${id}`, { token: app.admin })
  expect(body.is_anonymous).toBe(false)
  expect(body.app_metadata).toEqual(metadata ?? { provider: providers[0], providers })
  expect(body.identities.map(({ provider }: Json) => provider)).toEqual(providers)
  const [{ identity_data: data }] = body.identities
  if (providers[0] !== 'phone') expect([data.email, data.email_verified]).toEqual([EMAIL, true])
  else expect([data.phone, data.phone_verified]).toEqual([PHONE, true])
  app.clock.advance(2 * MONTH)
  expect((await app.core.forTask().sweep()).anonymousUsers).toBe(0)
  expect(await app.store.findUser(id)).toBeDefined()
})

test('an unconfirmed address leaves the account anonymous', async () => {
  const { app, id, token } = await start()
  await using _app = app
  await admin(app, id, { email: EMAIL })
  expect((await userOf(app, token)).is_anonymous).toBe(true)
})

test.each([
  ['a confirmed address', `UPDATE users SET email = 'x@example.com', email_confirmed_at = 1`],
  ['a confirmed number', `UPDATE users SET phone = '4917000002', phone_confirmed_at = 1`],
  ['a password', `UPDATE users SET encrypted_password = 'hash'`],
  ['a username', `UPDATE users SET username = 'ada'`],
  [
    'an identity',
    `INSERT INTO identities SELECT 'i', id, 'github', '1', '{}', NULL, 0, 0 FROM users`.replace(
      'identities',
      'identities (id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)',
    ),
  ],
  [
    'a passkey',
    `INSERT INTO webauthn_credentials SELECT 'c', id, NULL, 'c', 'k', 0, '[]', '', 0, 0, '', NULL, 0, 0 FROM users`,
  ],
  [
    'a personal access token',
    `INSERT INTO personal_access_tokens SELECT 'p', 'l', id, 'n', 'h', 0, NULL, NULL FROM users`,
  ],
])('an account with %s is not swept, even if it is marked as anonymous', async (_, sql) => {
  const { app, id } = await start()
  await using _app = app
  await execute(app.database, sql)
  app.clock.advance(2 * MONTH)
  expect((await app.core.forTask().sweep()).anonymousUsers).toBe(0)
  expect(await app.store.findUser(id)).toBeDefined()
})
