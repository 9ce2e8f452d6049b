/** All metadata is in every token, so its size is limited when it is stored, but never at sign-in. */
import { expect, test } from 'bun:test'
import { MAX_METADATA_BYTES, MAX_USER_METADATA_BYTES } from '../../../src/lib/metadata'
import { claimsOf, PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'
import { lastMessageTo, open, userOf, verify, WITH_CONFIRMATION } from '../../support/mail'
import { fakeGitHub, fragmentOf, GITHUB, signInAtGitHub } from '../../support/providers'

const ADA = 'ada@example.com'
/** The longest header line that nginx and others accept by default. */
const LINE = 8192
const lineOf = (token: string) => `Authorization: Bearer ${token}\r\n`.length
/** JSON of this many bytes. */
const sized = (bytes: number) => ({ note: 'x'.repeat(bytes - '{"note":""}'.length) })
const TOO_LARGE = {
  code: 'validation_failed',
  message: `Metadata is too large: it is part of every access token, so user_metadata is limited to ${MAX_USER_METADATA_BYTES} bytes of JSON, and user_metadata and app_metadata together to ${MAX_METADATA_BYTES}`,
}

const start = (settings: Record<string, string> = {}) => startApp({ settings })

test('with the largest metadata, the longest address, all providers and an asymmetric key, a token fits a proxy’s header limit', async () => {
  await using app = await start()
  const email = `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.com`
  const body = { email, password: PASSWORD, data: sized(MAX_USER_METADATA_BYTES) }
  const signedUp = await app.ask('POST', '/auth/v1/signup', { body })
  expect(signedUp.status).toBe(200)
  const given = {
    app_metadata: { ...sized(MAX_METADATA_BYTES - MAX_USER_METADATA_BYTES), providers: Array(40).fill('provider') },
  }
  const path = `/auth/v1/admin/users/${signedUp.body.user.id}`
  expect((await app.ask('PUT', path, { token: app.admin, body: given })).status).toBe(200)
  const refreshed = await refresh(app, signedUp.body.refresh_token)
  const token = refreshed.body.access_token
  expect(claimsOf(token).user_metadata).toMatchObject(sized(MAX_USER_METADATA_BYTES))
  expect(claimsOf(token).app_metadata).toMatchObject(sized(MAX_METADATA_BYTES - MAX_USER_METADATA_BYTES))
  // 256 bytes more for an RSA signature of 2048 bits than for an HMAC
  expect(lineOf(token) + 300).toBeLessThan(LINE)
  expect((await app.ask('GET', '/auth/v1/user', { token })).status).toBe(200)
  expect((await app.ask('POST', '/auth/v1/logout', { token })).status).toBe(204)
})

test.each<[string, (app: TestApp, token: string, id: string) => Promise<{ status: number; body: unknown }>]>([
  ['PUT /user', (app, token) => app.ask('PUT', '/auth/v1/user', { token, body: { data: sized(12_000) } })],
  [
    'PUT /user, little by little',
    async (app, token) => {
      await app.ask('PUT', '/auth/v1/user', { token, body: { data: { first: 'x'.repeat(2000) } } })
      return app.ask('PUT', '/auth/v1/user', { token, body: { data: { second: 'x'.repeat(2000) } } })
    },
  ],
  [
    'POST /signup',
    (app) =>
      app.ask('POST', '/auth/v1/signup', {
        body: { email: 'new@example.com', password: PASSWORD, data: sized(MAX_USER_METADATA_BYTES + 1) },
      }),
  ],
  ['POST /signup without an address', (app) => app.ask('POST', '/auth/v1/signup', { body: { data: sized(12_000) } })],
  ['POST /otp', (app) => app.ask('POST', '/auth/v1/otp', { body: { email: 'new@example.com', data: sized(12_000) } })],
  [
    'POST /magiclink',
    (app) => app.ask('POST', '/auth/v1/magiclink', { body: { email: 'new@example.com', data: sized(12_000) } }),
  ],
  [
    'POST /invite',
    (app) =>
      app.ask('POST', '/auth/v1/invite', {
        token: app.admin,
        body: { email: 'new@example.com', data: sized(12_000) },
      }),
  ],
  [
    'POST /admin/generate_link',
    (app) =>
      app.ask('POST', '/auth/v1/admin/generate_link', {
        token: app.admin,
        body: { type: 'signup', email: 'new@example.com', password: PASSWORD, data: sized(12_000) },
      }),
  ],
  [
    'POST /admin/users',
    (app) =>
      app.ask('POST', '/auth/v1/admin/users', {
        token: app.admin,
        body: {
          email: 'new@example.com',
          user_metadata: sized(2000),
          app_metadata: { roles: Array.from({ length: 400 }, (_, index) => `role-${index}`) },
        },
      }),
  ],
  [
    'PUT /admin/users/{id}',
    (app, _token, id) =>
      app.ask('PUT', `/auth/v1/admin/users/${id}`, {
        token: app.admin,
        body: { app_metadata: { roles: Array.from({ length: 800 }, (_, index) => `role-${index}`) } },
      }),
  ],
])('%s refuses larger metadata, and stores nothing', async (_name, ask) => {
  await using app = await start({ AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
  const ada = await app.signUp(ADA)
  const { status, body } = await ask(app, ada.accessToken, ada.id)
  expect([status, body]).toEqual([400, TOO_LARGE])
  const { access_token: token } = (await refresh(app, ada.refreshToken)).body
  expect(lineOf(token)).toBeLessThan(LINE)
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users).toHaveLength(1)
})

test('POST /api/auth/register reports a display name that is too long', async () => {
  await using app = await start()
  const body = { email: ADA, password: PASSWORD, display_name: 'x'.repeat(4000) }
  const reply = await app.ask('POST', '/api/auth/register', { body })
  expect([reply.status, reply.body]).toEqual([
    422,
    { error: 'validation_error', message: 'The display name is too long', detail: 'display_name' },
  ])
})

test('role and audience are limited in length, too', async () => {
  await using app = await start()
  const long = 'x'.repeat(256)
  const asAdmin = (body: object) => app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body })
  for (const claim of ['role', 'aud'])
    expect((await asAdmin({ email: ADA, [claim]: long })).body).toEqual({
      code: 'validation_failed',
      message: `${claim} is too long: the limit is 255 bytes`,
    })
  const headers = { 'x-jwt-aud': long }
  const body = { email: ADA, password: PASSWORD }
  expect((await app.ask('POST', '/auth/v1/signup', { headers, body })).status).toBe(400)
  const { id } = await app.signUp(ADA)
  const changed = await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { role: long } })
  expect(changed.status).toBe(400)
})

test('an account above the limits can sign in, be confirmed, sign out, and be corrected', async () => {
  await using app = await start()
  const ada = await app.signUp(ADA)
  const legacy = { avatar: 'x'.repeat(12_000), name: 'Ada', theme: 'dark' }
  const roles = { provider: 'email', providers: ['email'], plan: 'pro', all: 'y'.repeat(9000) }
  await execute(
    app.database,
    {
      sqlite: 'UPDATE users SET raw_user_meta_data = ?, raw_app_meta_data = ?',
      postgres: 'UPDATE auth.users SET raw_user_meta_data = ?::text::jsonb, raw_app_meta_data = ?::text::jsonb',
    },
    JSON.stringify(legacy),
    JSON.stringify(roles),
  )
  const { status, body } = await passwordGrant(app, { email: ADA, password: PASSWORD })
  expect(status).toBe(200)
  const { access_token: token } = body
  expect(lineOf(token)).toBeLessThan(LINE)
  expect(claimsOf(token)).toMatchObject({
    user_metadata: { name: 'Ada', theme: 'dark' },
    app_metadata: { provider: 'email', providers: ['email'], plan: 'pro' },
  })
  expect(claimsOf(token).user_metadata).not.toHaveProperty('avatar')
  const warned = app.log().filter(({ level }) => level === 'warn')
  expect(warned).toMatchObject([{ msg: 'metadata does not fit into access tokens', user: ada.id }])
  const put = (data: object) => app.ask('PUT', '/auth/v1/user', { token, body: { data } })
  expect((await app.ask('GET', '/auth/v1/user', { token })).body.user_metadata).toEqual(legacy)
  expect((await put({ more: 'z' })).status).toBe(400)
  expect((await put({ theme: 'dim!' })).status).toBe(200)
  expect((await put({ avatar: null })).status).toBe(200)
  expect((await put({ more: 'z' })).body.user_metadata).toEqual({ more: 'z', name: 'Ada', theme: 'dim!' })
  expect((await app.ask('POST', '/auth/v1/logout', { token })).status).toBe(204)
})

test('a provider’s profile is truncated to fit, so that its users can sign in', async () => {
  const github = fakeGitHub()
  await using app = await startApp({ settings: GITHUB, fetchProvider: github.fetch })
  github.account.name = 'x'.repeat(10_000)
  const first = fragmentOf(await signInAtGitHub(app)).access_token
  expect(lineOf(first)).toBeLessThan(LINE)
  expect(claimsOf(first).user_metadata).toMatchObject({ user_name: 'octocat', email: 'octocat@example.com' })
  expect(claimsOf(first).user_metadata).not.toHaveProperty('full_name')
  const full = await app.ask('PUT', '/auth/v1/user', { token: first, body: { data: { mine: 'x'.repeat(2000) } } })
  expect(full.status).toBe(200)
  github.account.name = 'y'.repeat(1000)
  const again = claimsOf(fragmentOf(await signInAtGitHub(app)).access_token)
  expect(again.sub).toBe(claimsOf(first).sub)
  expect(again.user_metadata.mine).toBe('x'.repeat(2000))
})

test('values that a confirmation adds always fit', async () => {
  await using app = await start(WITH_CONFIRMATION)
  const body = { email: ADA, data: sized(MAX_USER_METADATA_BYTES) }
  expect((await app.ask('POST', '/auth/v1/invite', { token: app.admin, body })).status).toBe(200)
  const { fragment } = await open(app, (await lastMessageTo(app, ADA)).link)
  expect(lineOf(fragment.access_token ?? '')).toBeLessThan(LINE)
  expect((await userOf(app, fragment.access_token ?? '')).user_metadata).toEqual({
    ...sized(MAX_USER_METADATA_BYTES),
    email_verified: true,
  })
})

test.each(['magiclink', 'recovery', 'invite'] as const)(
  'the metadata of an unconfirmed sign-up is dropped together with its password, by %s',
  async (way) => {
    await using app = await start(WITH_CONFIRMATION)
    const signUp = { email: ADA, password: 'an-attackers-password-1', data: { role: 'admin', note: 'x'.repeat(3000) } }
    await app.ask('POST', '/auth/v1/signup', { body: signUp })
    app.clock.advance(61_000)
    if (way === 'invite') await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: ADA } })
    else await app.ask('POST', way === 'recovery' ? '/auth/v1/recover' : '/auth/v1/otp', { body: { email: ADA } })
    const { code } = await lastMessageTo(app, ADA)
    const reply = await verify(app, { type: way === 'magiclink' ? 'email' : way, email: ADA, token: code })
    expect(reply.status).toBe(200)
    const { user } = reply.body
    const own = { email: ADA, email_verified: true, phone_verified: false, sub: user.id }
    expect(user.user_metadata).toEqual(own)
    expect(claimsOf(reply.body.access_token).user_metadata).toEqual(own)
    expect(user.identities).toMatchObject([{ provider: 'email' }])
    expect(user.identities[0].identity_data).toEqual({ ...own, email_verified: expect.any(Boolean) })
  },
)

test('the metadata of the sign-up that a link confirms is kept, and that of a sign-up by code', async () => {
  await using app = await start(WITH_CONFIRMATION)
  await app.ask('POST', '/auth/v1/signup', { body: { email: ADA, password: PASSWORD, data: { name: 'Ada' } } })
  const { fragment } = await open(app, (await lastMessageTo(app, ADA)).link)
  expect((await userOf(app, fragment.access_token ?? '')).user_metadata.name).toBe('Ada')
  const email = 'grace@example.com'
  await app.ask('POST', '/auth/v1/otp', { body: { email, data: { name: 'Grace' } } })
  const { body } = await verify(app, { type: 'email', email, token: (await lastMessageTo(app, email)).code })
  expect(body.user.user_metadata.name).toBe('Grace')
})
