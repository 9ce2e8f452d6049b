/** Linking and unlinking identities (`/user/identities`). */
import { expect, test } from 'bun:test'
import { claimsOf, type RequestOptions, startApp, type TestApp } from '../../support/app'
import { enrolled, pass, protectedAccount, refusal } from '../../support/factors'
import { lastMessageTo } from '../../support/mail'
import { post } from '../../support/native'
import { fakeGitHub, fragmentOf, GITHUB, queryOf, returnFromProvider, signInAtGitHub } from '../../support/providers'

type Ada = Awaited<ReturnType<TestApp['signUp']>>

async function start(settings: Record<string, string> = {}, github = fakeGitHub()) {
  const app = await startApp({ settings: { ...GITHUB, ...settings }, fetchProvider: github.fetch })
  return { app, github, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

async function link(app: TestApp, token: string, asked: RequestOptions = {}) {
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token, ...asked })
  return returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
}

const userOf = async (app: TestApp, token: string) => (await app.ask('GET', '/auth/v1/user', { token })).body
const unlink = (app: TestApp, token: string, id: string) =>
  app.ask('DELETE', `/auth/v1/user/identities/${id}`, { token })

test('a user links an account of another address, and signs in with it from then on', async () => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  const linked = fragmentOf(await link(app, ada.accessToken))
  expect(claimsOf(linked.access_token).sub).toBe(ada.id)
  const user = await userOf(app, ada.accessToken)
  expect([user.email, user.app_metadata.providers]).toEqual(['ada@example.com', ['email', 'github']])
  expect(claimsOf(fragmentOf(await signInAtGitHub(app)).access_token).sub).toBe(ada.id)
})

test('an identity is linked once, and to one user', async () => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  const bob = await app.signUp('bob@example.com')
  await link(app, ada.accessToken)
  const again = queryOf(await link(app, ada.accessToken))
  expect([again.error_code, again.error_description]).toEqual(['identity_already_exists', 'Identity is already linked'])
  expect(queryOf(await link(app, bob.accessToken)).error_description).toBe('Identity is already linked to another user')
  expect((await userOf(app, bob.accessToken)).app_metadata.providers).toEqual(['email'])
})

test('of several users who link one identity at once, one gets it', async () => {
  await using started = await start()
  const { app } = started
  const users = await Promise.all(['a', 'b', 'c'].map((name) => app.signUp(`${name}@example.com`)))
  const replies = await Promise.all(users.map(({ accessToken }) => link(app, accessToken)))
  const outcomes = replies.map((reply) => queryOf(reply).error_code ?? 'linked').sort()
  expect(outcomes).toEqual(['identity_already_exists', 'identity_already_exists', 'linked'])
})

test('an anonymous user who links an account becomes a permanent one', async () => {
  await using started = await start({ AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
  const { app } = started
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  await link(app, body.access_token)
  const user = await userOf(app, body.access_token)
  expect([user.id, user.is_anonymous, user.email]).toEqual([body.user.id, false, 'octocat@example.com'])
})

test('an anonymous user cannot take an address of another account', async () => {
  await using started = await start({ AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
  const { app } = started
  await app.signUp('octocat@example.com')
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  expect(queryOf(await link(app, body.access_token)).error_code).toBe('email_exists')
  expect((await userOf(app, body.access_token)).identities).toEqual([])
})

test('an identity can be unlinked, unless it is the last, unknown, or another user’s', async () => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  const bob = await app.signUp('bob@example.com')
  const [own] = (await userOf(app, ada.accessToken)).identities
  expect((await unlink(app, ada.accessToken, own.identity_id)).body.code).toBe('single_identity_not_deletable')
  await link(app, ada.accessToken)
  const [bobs] = (await userOf(app, bob.accessToken)).identities
  expect((await unlink(app, ada.accessToken, bobs.identity_id)).body.code).toBe('identity_not_found')
  expect((await unlink(app, ada.accessToken, 'nope')).status).toBe(404)
  const { identities } = await userOf(app, ada.accessToken)
  const github = identities.find(({ provider }: { provider: string }) => provider === 'github')
  const replies = await Promise.all(
    identities.map((each: { identity_id: string }) => unlink(app, ada.accessToken, each.identity_id)),
  )
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 422])
  expect(github).toBeDefined()
})

test('an address removed with its identity is replaced by that of the best one left', async () => {
  await using started = await start({ AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_MAILBOX: 'on' })
  const { app } = started
  const { body } = await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email: 'ada@example.com', password: 'correct-horse-battery-9', email_confirm: true },
  })
  const ada = await app.signIn('ada@example.com')
  await link(app, ada.accessToken)
  const email = body.identities[0].identity_id
  expect((await unlink(app, ada.accessToken, email)).body).toEqual({})
  const user = await userOf(app, ada.accessToken)
  expect([user.email, typeof user.email_confirmed_at, user.app_metadata]).toEqual([
    'octocat@example.com',
    'string',
    { provider: 'github', providers: ['github'] },
  ])
})

test('an identity cannot be unlinked if the remaining address belongs to another account', async () => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  await link(app, ada.accessToken)
  await app.signUp('octocat@example.com')
  const { identities } = await userOf(app, ada.accessToken)
  const own = identities.find(({ provider }: { provider: string }) => provider === 'email')
  expect(refusal(await unlink(app, ada.accessToken, own.identity_id))).toEqual([
    422,
    'email_conflict_identity_not_deletable',
  ])
  expect(await userOf(app, ada.accessToken)).toMatchObject({ email: 'ada@example.com', identities })
})

test('a session at aal1 of a user with a second factor, or a personal access token, cannot link or unlink', async () => {
  await using started = await start()
  const { app } = started
  const ada = await protectedAccount(app)
  const low = (await app.signIn(ada.email)).accessToken
  const { body: personal } = await post(app, '/tokens', { name: 'ci' }, { token: ada.raised.accessToken })
  const [own] = (await userOf(app, low)).identities
  await link(app, ada.raised.accessToken)
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  for (const [token, refused] of [
    [low, [401, 'insufficient_aal']],
    [personal.token, [403, 'no_authorization']],
  ]) {
    expect(refusal(await app.ask('GET', path, { token }))).toEqual(refused)
    expect(refusal(await unlink(app, token, own.identity_id))).toEqual(refused)
  }
})

test.each([
  [
    'another device sets a password',
    (app: TestApp, token: string) => app.ask('PUT', '/auth/v1/user', { token, body: { password: 'another-horse-7' } }),
  ],
  ['the user signs out everywhere', (app: TestApp, token: string) => app.ask('POST', '/auth/v1/logout', { token })],
])('a pending link is invalid once %s', async (_, end) => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  const thief = await app.signIn(ada.email)
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token: thief.accessToken })
  await end(app, ada.accessToken)
  const back = await returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
  expect([fragmentOf(back).access_token, queryOf(back).error_code]).toEqual([undefined, 'session_not_found'])
})

test.each([
  [
    'the account has a second factor, even in the session that passed it',
    async (app: TestApp, { accessToken }: Ada) => {
      expect((await pass(app, accessToken, await enrolled(app, accessToken))).status).toBe(200)
    },
    'bad_oauth_state',
  ],
  [
    'a ban has run out',
    async (app: TestApp, { id }: Ada) => {
      const body = { ban_duration: '1m' }
      expect((await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body })).status).toBe(200)
      app.clock.advance(61_000)
    },
    'session_not_found',
  ],
])('a pending link is invalid once %s', async (_, happen, code) => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token: ada.accessToken })
  await happen(app, ada)
  const back = await returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
  expect([fragmentOf(back).access_token, queryOf(back).error_code]).toEqual([undefined, code])
  const { body: account } = await app.ask('GET', `/auth/v1/admin/users/${ada.id}`, { token: app.admin })
  expect(account.app_metadata.providers).toEqual(['email'])
})

test('an anonymous user who links an account without an address is permanent as well', async () => {
  const github = fakeGitHub()
  const settings = { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true', AUTH_EXTERNAL_GITHUB_EMAIL_OPTIONAL: 'true' }
  await using started = await start(settings, github)
  const { app } = started
  github.account = { id: 7, login: 'nobody', emails: [] }
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  await link(app, body.access_token)
  expect((await userOf(app, body.access_token)).is_anonymous).toBe(false)
  app.clock.advance(31 * 86_400_000)
  expect((await app.core.forTask().sweep()).anonymousUsers).toBe(0)
})

test('manual linking and unlinking must be enabled', async () => {
  await using started = await start({ AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'false' })
  const { app } = started
  const { accessToken: token } = await app.signUp('ada@example.com')
  const replies = [
    await app.ask('GET', '/auth/v1/user/identities/authorize?provider=github', { token }),
    await unlink(app, token, crypto.randomUUID()),
  ]
  for (const { status, body } of replies) expect([status, body.code]).toEqual([404, 'manual_linking_disabled'])
})

const PASSWORD = 'correct-horse-battery-9'

const passwords: [string, (app: TestApp, id: string, token: string) => Promise<unknown>][] = [
  ['its owner sets', (app, _, token) => app.ask('PUT', '/auth/v1/user', { token, body: { password: PASSWORD } })],
  [
    'an administrator sets',
    (app, id) => app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { password: PASSWORD } }),
  ],
  [
    'is set by a recovery',
    async (app) => {
      await app.ask('POST', '/auth/v1/recover', { body: { email: 'octocat@example.com' } })
      const { token } = await lastMessageTo(app, 'octocat@example.com')
      await app.ask('POST', '/auth/v1/verify', { body: { type: 'recovery', token, password: PASSWORD } })
    },
  ],
  [
    'is set by a reset of the application',
    async (app) => {
      await app.ask('POST', '/api/auth/password/reset/request', { body: { email: 'octocat@example.com' } })
      const { token } = await lastMessageTo(app, 'octocat@example.com')
      await app.ask('POST', '/api/auth/password/reset/complete', { body: { token, new_password: PASSWORD } })
    },
  ],
]

test.each(passwords)('a password that %s on a provider account adds an email identity', async (_, set) => {
  await using started = await start()
  const { app } = started
  const { access_token: token } = fragmentOf(await signInAtGitHub(app))
  const { sub: id } = claimsOf(token)
  await set(app, id, token)
  const signedIn = await app.signIn('octocat@example.com', PASSWORD)
  const user = await userOf(app, signedIn.accessToken)
  expect(user.app_metadata).toEqual({ provider: 'github', providers: ['github', 'email'] })
  // Both are of the same millisecond, so their order is not given.
  const byProvider = (a: { provider: string }, b: { provider: string }) => (a.provider < b.provider ? -1 : 1)
  const [own, github] = user.identities.toSorted(byProvider)
  expect([own.provider, own.id, own.identity_data]).toEqual([
    'email',
    id,
    { email: 'octocat@example.com', email_verified: true, phone_verified: false, sub: id },
  ])
  expect((await unlink(app, signedIn.accessToken, github.identity_id)).status).toBe(200)
  const { accessToken } = await app.signIn('octocat@example.com', PASSWORD)
  const left = await userOf(app, accessToken)
  expect([left.email, left.app_metadata]).toEqual(['octocat@example.com', { provider: 'email', providers: ['email'] }])
  expect((await unlink(app, accessToken, own.identity_id)).body.code).toBe('single_identity_not_deletable')
})

test('a second password makes no second identity, and an account without a password has none of its address', async () => {
  await using started = await start()
  const { app } = started
  const ada = await app.signUp('ada@example.com')
  await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: `${PASSWORD}!` } })
  expect((await userOf(app, ada.accessToken)).identities).toHaveLength(1)
  const { access_token: token } = fragmentOf(await signInAtGitHub(app))
  await app.ask('PUT', '/auth/v1/user', { token, body: { data: { a: 1 } } })
  expect((await userOf(app, token)).identities).toHaveLength(1)
})
