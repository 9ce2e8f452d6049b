/** The events that requests cause (docs/events.md), each exactly once and in order. */
import { expect, test } from 'bun:test'
import { type Json, PASSWORD, type Reply, startApp, type TestApp, type TestOptions } from '../support/app'
import { authenticator } from '../support/authenticator'
import { EVENTS, eventReceiver } from '../support/event-receiver'
import { enrolled, pass, unenrol } from '../support/factors'
import { lastMessageTo } from '../support/mail'
import { login, mint, post } from '../support/native'
import { fakeGitHub, GITHUB, returnFromProvider, signInAtGitHub } from '../support/providers'

async function start(settings: Record<string, string> = {}, options: TestOptions = {}) {
  const receiver = eventReceiver()
  const app = await startApp({ settings: { ...EVENTS, ...settings }, post: receiver.post, ...options })
  let seen = 0
  return {
    app,
    receiver,
    /** The events since the last call, as they are stored. */
    async events(): Promise<{ type: string; data: Json }[]> {
      const all = await app.store.listEvents({ limit: 1000 })
      const fresh = all.reverse().filter(({ seq }) => seq > seen)
      seen = Math.max(seen, ...fresh.map(({ seq }) => seq))
      return fresh.map(({ payload }) => JSON.parse(payload))
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

type Started = Awaited<ReturnType<typeof start>>

const types = async ({ events }: Started) => (await events()).map(({ type }) => type)

const requests: Record<string, { settings?: Record<string, string>; run(started: Started): Promise<void> }> = {
  'a sign-up that is confirmed at once': {
    async run(started) {
      const ada = await started.app.signUp('ada@example.com')
      const events = await started.events()
      expect(events.map(({ type }) => type)).toEqual(['user.created', 'user.confirmed', 'user.signed_in'])
      for (const { data } of events) expect(data.user).toMatchObject({ id: ada.id, email: 'ada@example.com' })
      expect(events[2]?.data.session).toEqual({
        id: ada.sessionId,
        aal: 'aal1',
        methods: ['password'],
        ip: '203.0.113.7',
        created_at: '2026-01-01T00:00:00.000Z',
      })
    },
  },
  'a sign-up, and its confirmation': {
    settings: { AUTH_MAILER_AUTOCONFIRM: 'false' },
    async run(started) {
      const { app } = started
      await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
      expect(await types(started)).toEqual(['user.created'])
      const { code } = await lastMessageTo(app, 'ada@example.com')
      const body = { type: 'signup', email: 'ada@example.com', token: code }
      expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(200)
      expect(await types(started)).toEqual(['user.confirmed', 'user.updated', 'user.signed_in'])
    },
  },
  'an anonymous sign-up': {
    settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' },
    async run(started) {
      await started.app.ask('POST', '/auth/v1/signup', { body: {} })
      expect(await types(started)).toEqual(['user.created', 'user.signed_in'])
    },
  },
  'a sign-in, a refresh, a wrong password, and a sign-out': {
    async run(started) {
      const { app } = started
      const first = await app.signUp('ada@example.com')
      await started.events()
      const second = await app.signIn('ada@example.com')
      expect(await types(started)).toEqual(['user.signed_in'])
      const grant = (kind: string, body: object) => app.ask('POST', `/auth/v1/token?grant_type=${kind}`, { body })
      expect((await grant('refresh_token', { refresh_token: second.refreshToken })).status).toBe(200)
      expect((await grant('password', { email: 'ada@example.com', password: 'wrong-password' })).status).toBe(400)
      expect(await types(started)).toEqual([])
      await app.ask('POST', '/auth/v1/logout?scope=global', { token: first.accessToken })
      const [signedOut, ...others] = await started.events()
      expect([signedOut?.type, others]).toEqual(['user.signed_out', []])
      expect(signedOut?.data.session_ids.sort()).toEqual([first.sessionId, second.sessionId].sort())
    },
  },
  'changes of the own account': {
    async run(started) {
      const { app } = started
      const ada = await app.signUp()
      const other = await app.signIn(ada.email)
      await started.events()
      const change = (body: object) => app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body })
      await change({ data: { nickname: 'countess' } })
      const [updated] = await started.events()
      expect([updated?.type, updated?.data.user.user_metadata.nickname]).toEqual(['user.updated', 'countess'])
      await change({ data: { nickname: 'countess' } })
      expect(await started.events()).toEqual([])
      await change({ password: 'another-correct-horse-3' })
      const events = await started.events()
      expect(events.map(({ type }) => type)).toEqual(['user.password_changed', 'user.signed_out'])
      expect(events[1]?.data.session_ids).toEqual([other.sessionId])
    },
  },
  'a reused refresh token': {
    async run(started) {
      const { app } = started
      const ada = await app.signUp()
      const refresh = (token: string): Promise<Reply> =>
        app.ask('POST', '/auth/v1/token?grant_type=refresh_token', { body: { refresh_token: token } })
      const { body: second } = await refresh(ada.refreshToken)
      await refresh(second.refresh_token)
      await started.events()
      expect((await refresh(ada.refreshToken)).status).toBe(400)
      const [signedOut, ...others] = await started.events()
      expect([signedOut?.data.session_ids, others]).toEqual([[ada.sessionId], []])
    },
  },
  'an administrator': {
    async run(started) {
      const { app } = started
      const admin = (method: string, path: string, body?: object) =>
        app.ask(method, `/auth/v1/admin/users${path}`, { token: app.admin, body })
      const given = { email: 'ada@example.com', password: PASSWORD, email_confirm: true }
      const { id } = (await admin('POST', '', given)).body
      expect(await types(started)).toEqual(['user.created', 'user.confirmed'])
      await admin('PUT', `/${id}`, { ban_duration: '24h' })
      const banned = await started.events()
      expect(banned.map(({ type }) => type)).toEqual(['user.banned', 'user.updated'])
      expect(banned[0]?.data.user.banned_until).toBe('2026-01-02T00:00:00.000Z')
      await admin('PUT', `/${id}`, { ban_duration: 'none' })
      expect(await types(started)).toEqual(['user.unbanned', 'user.updated'])
      await admin('PUT', `/${id}`, { password: 'another-correct-horse-3' })
      expect(await types(started)).toEqual(['user.password_changed'])
      await admin('PUT', `/${id}`, { role: 'editor' })
      expect(await types(started)).toEqual(['user.updated'])
      await admin('DELETE', `/${id}`)
      const [deleted, ...others] = await started.events()
      expect([deleted?.type, deleted?.data.user.email, others]).toEqual(['user.deleted', 'ada@example.com', []])
      await admin('DELETE', `/${id}`)
      expect(await started.events()).toEqual([])
    },
  },
  'a soft deletion': {
    async run(started) {
      const { app } = started
      const ada = await app.signUp()
      await started.events()
      const remove = () =>
        app.ask('DELETE', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { should_soft_delete: true } })
      await remove()
      expect(await types(started)).toEqual(['user.deleted'])
      await remove()
      expect(await started.events()).toEqual([])
    },
  },
  'a second factor': {
    async run(started) {
      const { app } = started
      const ada = await app.signUp()
      const other = await app.signIn(ada.email)
      await started.events()
      const factor = await enrolled(app, ada.accessToken)
      expect(await types(started)).toEqual(['factor.enrolled'])
      const { body } = await pass(app, ada.accessToken, factor)
      const verified = await started.events()
      expect(verified.map(({ type }) => type)).toEqual(['factor.verified', 'user.signed_out'])
      expect(verified[0]?.data.factor).toMatchObject({ id: factor.id, factor_type: 'totp', status: 'verified' })
      expect(verified[1]?.data.session_ids).toEqual([other.sessionId])
      app.clock.advance(30_000)
      await pass(app, body.access_token, factor)
      expect(await started.events()).toEqual([])
      await unenrol(app, body.access_token, factor.id)
      expect(await types(started)).toEqual(['factor.removed'])
    },
  },
  'a passkey': {
    async run(started) {
      const { app } = started
      const { accessToken: token } = await app.signUp()
      await started.events()
      const begun = await app.ask('POST', '/auth/v1/passkeys/registration/options', { token })
      const credential = authenticator().create(begun.body.options, {})
      const body = { challenge_id: begun.body.challenge_id, credential }
      const { body: passkey } = await app.ask('POST', '/auth/v1/passkeys/registration/verify', { token, body })
      const [created, ...others] = await started.events()
      expect([created?.type, created?.data.passkey.id, others]).toEqual(['passkey.created', passkey.id, []])
      await app.ask('DELETE', `/auth/v1/passkeys/${passkey.id}`, { token })
      expect(await types(started)).toEqual(['passkey.removed'])
    },
  },
  'an account of a provider': {
    settings: GITHUB,
    async run(started) {
      const { app } = started
      await signInAtGitHub(app)
      const created = await started.events()
      expect(created.map(({ type }) => type)).toEqual(['user.created', 'user.confirmed', 'user.signed_in'])
      expect(created[0]?.data.user.identities).toMatchObject([{ provider: 'github', id: '583231' }])
      await signInAtGitHub(app)
      expect(await types(started)).toEqual(['user.signed_in'])
    },
  },
  'linked accounts': {
    settings: GITHUB,
    async run(started) {
      const { app } = started
      const { accessToken: token } = await app.signUp('ada@example.com')
      await started.events()
      const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
      const { body } = await app.ask('GET', path, { token })
      await returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
      const linked = await started.events()
      expect(linked.map(({ type }) => type)).toEqual(['identity.linked', 'user.updated', 'user.signed_in'])
      const { identity } = linked[0]?.data ?? {}
      expect(identity).toMatchObject({ provider: 'github', id: '583231' })
      await app.ask('DELETE', `/auth/v1/user/identities/${identity.identity_id}`, { token })
      expect(await types(started)).toEqual(['identity.unlinked', 'user.updated'])
    },
  },
  'a sign-in and a sign-out of a service, and a native client': {
    async run(started) {
      const { app } = started
      const ada = await app.signUp()
      await started.events()
      const { body } = await login(app, ada.email)
      expect(await types(started)).toEqual(['user.signed_in'])
      await post(app, '/logout', {}, { token: body.access_token })
      expect(await types(started)).toEqual(['user.signed_out'])
      await mint(app, ada.email)
      expect(await types(started)).toEqual(['user.signed_in'])
    },
  },
  'a password that is reset by mail': {
    async run(started) {
      const { app } = started
      const ada = await app.signUp('ada@example.com')
      await started.events()
      expect((await post(app, '/password/reset/request', { email: ada.email })).status).toBeLessThan(300)
      expect(await started.events()).toEqual([])
      const { token } = await lastMessageTo(app, ada.email)
      const done = await post(app, '/password/reset/complete', { token, new_password: 'another-correct-horse-3' })
      expect(done.status).toBeLessThan(300)
      const events = await started.events()
      expect(events.map(({ type }) => type)).toEqual(['user.password_changed', 'user.signed_out'])
      expect(events[1]?.data.session_ids).toEqual([ada.sessionId])
    },
  },
  'a new address that has to be confirmed': {
    settings: { AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_MAILER_SECURE_EMAIL_CHANGE_ENABLED: 'false' },
    async run(started) {
      const { app } = started
      const given = { email: 'ada@example.com', password: PASSWORD, email_confirm: true }
      await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body: given })
      const { accessToken: token } = await app.signIn('ada@example.com')
      await started.events()
      await app.ask('PUT', '/auth/v1/user', { token, body: { email: 'countess@example.com' } })
      expect(await started.events()).toEqual([])
      const { code } = await lastMessageTo(app, 'countess@example.com')
      const body = { type: 'email_change', email: 'countess@example.com', token: code }
      expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(200)
      const events = await started.events()
      expect(events.map(({ type }) => type)).toEqual(['user.updated', 'user.signed_in'])
      expect(events[0]?.data.user.email).toBe('countess@example.com')
    },
  },
  'a role': {
    async run(started) {
      const { app } = started
      const { id } = await app.signUp()
      await started.events()
      const ask = (method: string) => app.ask(method, `/api/auth/admin/users/${id}/roles/admin`, { token: app.admin })
      await ask('PUT')
      const granted = await started.events()
      expect(granted).toMatchObject([{ type: 'role.granted', data: { role: 'admin', user: { id } } }])
      await ask('PUT')
      expect(await started.events()).toEqual([])
      await ask('DELETE')
      expect(await types(started)).toEqual(['role.revoked'])
    },
  },
}

test.each(Object.entries(requests))('%s', async (_, { settings, run }) => {
  await using started = await start(settings, { fetchProvider: fakeGitHub().fetch })
  await run(started)
})

test('events arrive in order, signed, with the time and the user, and without secrets', async () => {
  await using started = await start()
  const { app, receiver } = started
  const ada = await app.signUp('ada@example.com')
  await receiver.arrived(3)
  expect(receiver.received.map(({ type }) => type)).toEqual(['user.created', 'user.confirmed', 'user.signed_in'])
  const [created] = receiver.received
  expect(created).toMatchObject({
    type: 'user.created',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: {
      user: {
        id: ada.id,
        aud: 'authenticated',
        email: 'ada@example.com',
        app_metadata: { provider: 'email', providers: ['email'] },
        identities: [{ provider: 'email', id: ada.id }],
      },
    },
  })
  expect(created?.headers['webhook-timestamp']).toBe(String(Date.parse('2026-01-01T00:00:00Z') / 1000))
  const sent = receiver.received.map(({ body }) => body).join()
  for (const secret of [PASSWORD, 'fake$', ada.refreshToken, ada.accessToken]) expect(sent).not.toContain(secret)
})

test('only the chosen types are stored', async () => {
  await using started = await start({ AUTH_EVENTS_TYPES: 'user.signed_in, factor.*' })
  await started.app.signUp()
  expect(await types(started)).toEqual(['user.signed_in'])
})

test('without a URL, nothing is stored', async () => {
  await using app: TestApp = await startApp()
  await app.signUp()
  expect(await app.store.listEvents({ limit: 10 })).toEqual([])
})

test('anonymous accounts that are deleted because they were not used cause an event', async () => {
  await using started = await start({ AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' })
  const { app } = started
  await app.signUp()
  const ids: string[] = []
  for (let index = 0; index < 3; index++)
    ids.push((await app.ask('POST', '/auth/v1/signup', { body: {} })).body.user.id)
  await started.events()
  app.clock.advance(31 * 86_400_000)
  expect(await app.core.forTask().sweep()).toMatchObject({ anonymousUsers: 3 })
  const events = await started.events()
  expect(events.map(({ type }) => type)).toEqual(Array(3).fill('user.deleted'))
  expect(events.map(({ data }) => data.user.id).sort()).toEqual(ids.sort())
})

test('an account whose confirmation cannot be sent is created, and deleted again', async () => {
  await using started = await start(
    {
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_HOOK_SEND_EMAIL_ENABLED: 'true',
      AUTH_HOOK_SEND_EMAIL_URI: 'https://hooks.example.com/mail',
      AUTH_HOOK_SEND_EMAIL_SECRETS: EVENTS.AUTH_EVENTS_SECRETS,
    },
    {
      post: async ({ url }) =>
        url === EVENTS.AUTH_EVENTS_URL
          ? { outcome: 'timed_out' }
          : { outcome: 'answered', status: 400, contentType: '', retryAfter: '', body: '', isTooLarge: false },
    },
  )
  const body = { email: 'ada@example.com', password: PASSWORD }
  expect((await started.app.ask('POST', '/auth/v1/signup', { body })).status).toBe(500)
  const events = await started.events()
  expect(events.map(({ type }) => type)).toEqual(['user.created', 'user.deleted'])
  expect(events[1]?.data.user.id).toBe(events[0]?.data.user.id)
})

test('a hook that refuses a second factor ends every session, which is an event', async () => {
  const receiver = eventReceiver()
  await using started = await start(
    {
      AUTH_HOOK_MFA_VERIFICATION_ATTEMPT_ENABLED: 'true',
      AUTH_HOOK_MFA_VERIFICATION_ATTEMPT_URI: 'https://hooks.example.com/mfa',
      AUTH_HOOK_MFA_VERIFICATION_ATTEMPT_SECRETS: EVENTS.AUTH_EVENTS_SECRETS,
    },
    {
      post: async (request) =>
        request.url === EVENTS.AUTH_EVENTS_URL
          ? receiver.post(request)
          : {
              outcome: 'answered',
              status: 200,
              contentType: 'application/json',
              retryAfter: '',
              body: '{"decision":"reject"}',
              isTooLarge: false,
            },
    },
  )
  const { app } = started
  const ada = await app.signUp()
  const other = await app.signIn(ada.email)
  const factor = await enrolled(app, ada.accessToken)
  await started.events()
  expect((await pass(app, ada.accessToken, factor)).status).toBe(403)
  const events = await started.events()
  expect(events.map(({ type }) => type)).toEqual(['user.signed_out'])
  expect(events[0]?.data.session_ids.sort()).toEqual([ada.sessionId, other.sessionId].sort())
})
