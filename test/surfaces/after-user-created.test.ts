/** The hook After User Created (docs/hooks.md#after-user-created): from the queue, and during requests as in GoTrue. */
import { describe, expect, test } from 'bun:test'
import { PASSWORD, type Reply, startApp, type TestApp, type TestOptions } from '../support/app'
import { execute, readRows } from '../support/database'
import { eachEngine } from '../support/engines'
import { EVENTS, eventReceiver } from '../support/event-receiver'
import { type HookServer, startHookServer } from '../support/hook-server'
import { lastMessageTo } from '../support/mail'
import { post } from '../support/native'
import { fakeGitHub, fragmentOf, GITHUB, queryOf, returnFromProvider, signInAtGitHub } from '../support/providers'
import { ethereumWallet, messageOf } from '../support/wallets'

const NAME = 'AFTER_USER_CREATED'
const INLINE = { AUTH_HOOK_AFTER_USER_CREATED_MODE: 'inline' }
const UNCONFIRMED = { AUTH_MAILER_AUTOCONFIRM: 'false' }
const EVERYTHING = {
  ...GITHUB,
  AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
  AUTH_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
  AUTH_SITE_URL: 'https://app.example',
}

async function start(settings: Record<string, string> = {}, options: TestOptions = {}) {
  const hooks = await startHookServer()
  const app = await startApp({
    settings: { ...EVERYTHING, ...hooks.settings(NAME), ...settings },
    fetchProvider: fakeGitHub().fetch,
    ...options,
  })
  return {
    app,
    hooks,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await hooks[Symbol.asyncDispose]()
    },
  }
}

const signUp = (app: TestApp) =>
  app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
const admin = (app: TestApp, path: string, body: object) =>
  app.ask('POST', `/auth/v1${path}`, { token: app.admin, body })
const invite = (app: TestApp) => admin(app, '/invite', { email: 'ada@example.com' })
const generate = (app: TestApp, type: string, more: object = {}) =>
  admin(app, '/admin/generate_link', { type, email: 'ada@example.com', ...more })

async function signInWithWallet(app: TestApp, wallet = ethereumWallet()): Promise<Reply> {
  const message = messageOf(wallet, app.clock.now())
  const body = { chain: wallet.chain, message, signature: await wallet.sign(message) }
  return app.ask('POST', '/auth/v1/token?grant_type=web3', { body })
}

/** What waits for the hook or was delivered to it. */
const queued = async ({ store }: TestApp) =>
  (await store.listEvents({ limit: 100 })).filter(({ destination }) => destination === 'after_user_created')

/** The call of the hook, once the result of its first attempt is stored. */
async function settled(app: TestApp) {
  for (;;) {
    const [event] = await queued(app)
    if (event && (event.state === 'delivered' || event.error !== null)) return event
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('from the queue', () => {
  const ways: Record<string, { settings?: Record<string, string>; create(app: TestApp): Promise<Reply> }> = {
    'a sign-up that is confirmed at once': { create: signUp },
    'a sign-up that has to be confirmed': { settings: UNCONFIRMED, create: signUp },
    'a sign-up with a code': {
      create: (app) => app.ask('POST', '/auth/v1/otp', { body: { email: 'ada@example.com' } }),
    },
    'an anonymous sign-up': { create: (app) => app.ask('POST', '/auth/v1/signup', { body: {} }) },
    'an invitation': { create: invite },
    'a generated link': { create: (app) => generate(app, 'signup', { password: PASSWORD }) },
    'a provider': { create: signInAtGitHub },
    'a wallet': { create: (app) => signInWithWallet(app) },
    'a registration with a service': {
      create: (app) => post(app, '/register', { email: 'ada@example.com', password: PASSWORD }),
    },
  }

  test.each(Object.entries(ways))('%s: the hook is called once', async (_, { settings = {}, create }) => {
    await using started = await start(settings)
    const { app, hooks } = started
    expect((await create(app)).status).toBeLessThan(400)
    await hooks.called(1)
    const { name, payload, headers, metadata } = hooks.last()
    const { users } = (await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body
    expect([name, payload.user.id, Object.keys(payload)]).toEqual(['after-user-created', users[0].id, ['user']])
    // A repetition is recognized by both.
    expect(headers['webhook-id']).toBe(metadata.uuid)
    expect((await queued(app)).map(({ id }) => id)).toEqual([metadata.uuid])
  })

  test('it receives the user with its identities', async () => {
    await using started = await start()
    const { id } = await started.app.signUp('ada@example.com')
    await started.hooks.called(1)
    expect(started.hooks.last().payload.user).toMatchObject({
      id,
      aud: 'authenticated',
      role: 'authenticated',
      email: 'ada@example.com',
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'] },
      is_anonymous: false,
      created_at: '2026-01-01T00:00:00.000Z',
      identities: [{ provider: 'email', id, user_id: id }],
    })
  })

  test('it is not called for accounts that an administrator creates, and not for sign-ins', async () => {
    await using started = await start({}, {})
    const { app } = started
    await admin(app, '/admin/users', { email: 'ada@example.com', password: PASSWORD, email_confirm: true })
    await app.signIn('ada@example.com')
    await invite(app)
    expect(await queued(app)).toEqual([])
  })

  test('an account that has to be confirmed is reported once, however often it is asked to be', async () => {
    await using started = await start(UNCONFIRMED)
    const { app } = started
    await signUp(app)
    app.clock.advance(120_000)
    await signUp(app)
    const { code } = await lastMessageTo(app, 'ada@example.com')
    const body = { type: 'signup', email: 'ada@example.com', token: code }
    expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(200)
    expect((await queued(app)).length).toBe(1)
  })

  test.each([
    ['refuses', { body: { error: { http_code: 403, message: 'no' } } }, 'hook_refused: no'],
    ['is down', { status: 503 }, 'hook_unavailable'],
    ['answers nonsense', { body: 'nonsense' }, 'hook_answer_malformed'],
  ])('a hook that %s fails no request, and is called again with the same id', async (_, answer, error) => {
    await using started = await start()
    const { app, hooks } = started
    hooks.always(answer)
    expect((await signUp(app)).status).toBe(200)
    await hooks.called(1)
    expect(await settled(app)).toMatchObject({ state: 'pending', error, attempts: 1 })
    hooks.always({})
    app.clock.advance(5000)
    expect(await app.core.forTask().deliverEvents()).toBe(1)
    expect((await queued(app))[0]).toMatchObject({ state: 'delivered', attempts: 2 })
    const [first, second] = [hooks.calls.at(0), hooks.calls.at(-1)]
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'] ?? '')
    expect(second?.payload).toEqual(first?.payload)
  })

  test('events and the hook do not wait for each other', async () => {
    const receiver = eventReceiver()
    receiver.answer = () => 500
    await using app = await startApp({
      settings: {
        ...EVENTS,
        AUTH_HOOK_AFTER_USER_CREATED_ENABLED: 'true',
        AUTH_HOOK_AFTER_USER_CREATED_URI: 'https://hooks.example.com/created',
        AUTH_HOOK_AFTER_USER_CREATED_SECRETS: EVENTS.AUTH_EVENTS_SECRETS,
      },
      post: async (request) =>
        request.url === EVENTS.AUTH_EVENTS_URL
          ? receiver.post(request)
          : { outcome: 'answered', status: 204, contentType: '', retryAfter: '', body: '', isTooLarge: false },
    })
    await app.signUp()
    await settled(app)
    const events = await app.store.listEvents({ limit: 10, type: 'user.created' })
    expect(events.map(({ destination, state }) => [destination, state]).sort()).toEqual([
      ['after_user_created', 'delivered'],
      ['webhook', 'pending'],
    ])
  })
})

describe('inline', () => {
  interface Way {
    settings?: Record<string, string>
    run(app: TestApp, hooks: HookServer): Promise<Reply>
    calls: number
    /** How a refusal with status 403 reaches the client; undefined if it cannot. */
    refused?: (reply: Reply) => void
  }

  const asItIs = ({ status, body }: Reply) => expect([status, body.message]).toEqual([403, 'not today'])
  const hidden = ({ status, body }: Reply) =>
    expect([status, body.code, body.message]).toEqual([500, 'unexpected_failure', 'Error invoking hook'])
  const redirected = (reply: Reply) =>
    expect([reply.status, queryOf(reply).error_description]).toEqual([302, 'not today'])

  const ways: Record<string, Way> = {
    'a sign-up that has to be confirmed': { settings: UNCONFIRMED, run: signUp, calls: 1, refused: hidden },
    'the same sign-up again': {
      settings: UNCONFIRMED,
      async run(app, hooks) {
        await signUp(app)
        await hooks.called(1)
        app.clock.advance(120_000)
        return signUp(app)
      },
      calls: 2,
      refused: hidden,
    },
    'a sign-up that is confirmed at once': { run: signUp, calls: 0 },
    'an anonymous sign-up': {
      run: (app) => app.ask('POST', '/auth/v1/signup', { body: {} }),
      calls: 1,
      refused: asItIs,
    },
    'an invitation': { run: invite, calls: 1, refused: asItIs },
    'an invitation again': {
      async run(app) {
        await invite(app)
        app.clock.advance(120_000)
        return invite(app)
      },
      calls: 2,
      refused: asItIs,
    },
    'a generated link for a new user': {
      run: (app) => generate(app, 'signup', { password: PASSWORD }),
      calls: 1,
      refused: asItIs,
    },
    'a generated link for a user who exists': {
      async run(app) {
        await app.signUp('ada@example.com')
        return generate(app, 'magiclink')
      },
      calls: 0,
    },
    'a sign-in at a provider': { run: signInAtGitHub, calls: 1, refused: redirected },
    'a second sign-in at a provider': {
      async run(app) {
        await signInAtGitHub(app)
        return signInAtGitHub(app)
      },
      calls: 2,
      refused: redirected,
    },
    'an account of a provider that is linked': {
      async run(app) {
        const { accessToken: token } = await app.signUp('ada@example.com')
        const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
        const { body } = await app.ask('GET', path, { token })
        return returnFromProvider(app, { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' })
      },
      calls: 0,
    },
    'a new wallet': { run: (app) => signInWithWallet(app), calls: 1, refused: asItIs },
    'a wallet that is known': {
      async run(app) {
        const wallet = ethereumWallet()
        await signInWithWallet(app, wallet)
        app.clock.advance(60_000)
        return signInWithWallet(app, wallet)
      },
      calls: 1,
    },
    'an account that an administrator creates': {
      run: (app) => admin(app, '/admin/users', { email: 'ada@example.com', password: PASSWORD }),
      calls: 0,
    },
  }

  test.each(Object.entries(ways))('%s', async (_, { settings = {}, run, calls }) => {
    await using started = await start({ ...INLINE, ...settings })
    const reply = await run(started.app, started.hooks)
    expect(reply.status).toBeLessThan(400)
    if (reply.status === 302) expect(fragmentOf(reply).access_token).toBeDefined()
    expect(started.hooks.calls.map(({ name }) => name)).toEqual(Array(calls).fill('after-user-created'))
    expect(await queued(started.app)).toEqual([])
  })

  const refusable = Object.entries(ways).filter(([, { refused }]) => refused)
  test.each(refusable)(
    '%s, and the hook refuses: the user stays',
    async (_, { settings = {}, run, calls, refused }) => {
      await using started = await start({ ...INLINE, ...settings })
      const { app, hooks } = started
      hooks.next(...Array(calls - 1).fill({}), { body: { error: { http_code: 403, message: 'not today' } } })
      refused?.(await run(app, hooks))
      expect((await readRows(app.database, 'SELECT id FROM users')).length).toBe(1)
    },
  )

  test('a hook that is down fails the request with the words of GoTrue', async () => {
    await using started = await start(INLINE)
    started.hooks.always({ status: 500 })
    const { status, body } = await started.app.ask('POST', '/auth/v1/signup', { body: {} })
    expect([status, body.message]).toEqual([500, 'Unexpected status code returned from hook: 500'])
  })
})

eachEngine((engine) => {
  test.skipIf(engine === 'sqlite')('a function of the database is called from the queue', async () => {
    await using app = await startApp({
      settings: {
        AUTH_HOOK_AFTER_USER_CREATED_ENABLED: 'true',
        AUTH_HOOK_AFTER_USER_CREATED_URI: 'pg-functions://postgres/public/created',
      },
    })
    await execute(app.database, 'CREATE TABLE public.profiles (id uuid PRIMARY KEY, hook text)')
    await execute(
      app.database,
      `CREATE FUNCTION public.created(event jsonb) RETURNS jsonb LANGUAGE sql AS $$
        INSERT INTO public.profiles VALUES ((event->'user'->>'id')::uuid, event->'metadata'->>'name') RETURNING '{}'::jsonb $$`,
    )
    try {
      const { id } = await app.signUp()
      expect(await settled(app)).toMatchObject({ state: 'delivered', error: null })
      expect(await readRows(app.database, 'SELECT id::text, hook FROM public.profiles')).toEqual([
        { id, hook: 'after-user-created' },
      ])
    } finally {
      await execute(app.database, 'DROP FUNCTION public.created')
      await execute(app.database, 'DROP TABLE public.profiles')
    }
  })
})
