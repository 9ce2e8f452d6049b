/** The state of a sign-in with a provider is consumed only by success: after a cancelled attempt, approving signs in. */
import { expect, test } from 'bun:test'
import { claimsOf, startApp, type TestApp } from '../../support/app'
import { execute } from '../../support/database'
import { confirmedUser, lastMessageTo } from '../../support/mail'
import {
  type FakeGitHub,
  fakeGitHub,
  fragmentOf,
  GITHUB,
  queryOf,
  returnFromProvider,
  type StartedAuthorization,
  startAuthorization,
} from '../../support/providers'

const EMAIL = 'octocat@example.com'

async function start(settings: Record<string, string> = {}) {
  const github = fakeGitHub(EMAIL)
  const down = { is: false }
  const fetchProvider = (async (...request: Parameters<typeof fetch>) => {
    if (down.is) throw new TypeError('connection refused')
    return github.fetch(...request)
  }) as typeof fetch
  const app = await startApp({ settings: { ...GITHUB, ...settings }, fetchProvider })
  return { app, github, down }
}

type Started = Awaited<ReturnType<typeof start>>

interface Failure {
  settings?: Record<string, string>
  /** Makes one attempt fail. @returns how to repair it */
  fail(started: Started, authorization: StartedAuthorization): Promise<(() => unknown) | undefined>
}

const refused = async (app: TestApp, authorization: StartedAuthorization, query?: string) => {
  const reply = await returnFromProvider(app, authorization, query)
  expect([reply.status, fragmentOf(reply).access_token]).toEqual([reply.status, undefined])
  expect(queryOf(reply).error).toBeString()
}

const emails = (github: FakeGitHub, verified: boolean) => [
  { ...github.account.emails[0], email: EMAIL, verified, primary: true },
]

const failures: Record<string, Failure> = {
  'the provider says that access was denied': {
    async fail({ app }, authorization) {
      await refused(app, authorization, '&error=access_denied')
      return undefined
    },
  },
  'the provider gives no code': {
    async fail({ app }, authorization) {
      await refused(app, authorization, '')
      return undefined
    },
  },
  'the callback is in another browser': {
    async fail({ app }, authorization) {
      await refused(app, { ...authorization, cookie: `latchkey_oauth=${'x'.repeat(32)}` })
      await refused(app, { ...authorization, cookie: '' })
      return undefined
    },
  },
  'the provider cannot be reached': {
    async fail({ app, down }, authorization) {
      down.is = true
      await refused(app, authorization)
      return () => {
        down.is = false
      }
    },
  },
  'the provider refuses the code': {
    async fail({ app, github }, authorization) {
      github.tokenAnswer = Response.json({ error: 'bad_verification_code' })
      await refused(app, authorization)
      return () => {
        delete github.tokenAnswer
      }
    },
  },
  'the profile has no address': {
    async fail({ app, github }, authorization) {
      const { account } = github
      github.account = { ...account, emails: [] }
      await refused(app, authorization)
      return () => {
        github.account = account
      }
    },
  },
  'the address is not verified': {
    settings: { AUTH_MAILER_AUTOCONFIRM: 'false' },
    async fail({ app, github }, authorization) {
      const { account } = github
      github.account = { ...account, emails: emails(github, false) }
      await refused(app, authorization)
      return () => {
        github.account = account
      }
    },
  },
  'the account is banned': {
    async fail({ app }, authorization) {
      const { id } = await confirmedUser(app, EMAIL, { ban_duration: '1h' })
      await refused(app, authorization)
      return () => app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration: 'none' } })
    },
  },
  'the database refuses the write': {
    async fail({ app }, authorization) {
      const trigger = {
        sqlite: `CREATE TRIGGER full BEFORE INSERT ON sessions BEGIN SELECT raise(ABORT, 'disk full'); END`,
        postgres: 'ALTER TABLE auth.sessions ADD CONSTRAINT "full" CHECK (false) NOT VALID',
      }
      await execute(app.database, trigger)
      expect((await returnFromProvider(app, authorization)).status).toBe(500)
      return () =>
        execute(app.database, {
          sqlite: 'DROP TRIGGER full',
          postgres: 'ALTER TABLE auth.sessions DROP CONSTRAINT "full"',
        })
    },
  },
}

test.each(Object.entries(failures))('%s: afterwards the same state signs in, once', async (_, failure) => {
  const started = await start(failure.settings)
  const { app } = started
  await using _app = app
  const authorization = await startAuthorization(app)
  const repair = await failure.fail(started, authorization)
  await repair?.()
  const reply = await returnFromProvider(app, authorization)
  expect(claimsOf(fragmentOf(reply).access_token).email).toBe(EMAIL)
  expect(queryOf(await returnFromProvider(app, authorization)).error_code).toBe('flow_state_already_used')
})

test('a state without a success still expires', async () => {
  const { app } = await start()
  await using _app = app
  const authorization = await startAuthorization(app)
  await refused(app, authorization, '&error=access_denied')
  app.clock.advance(301_000)
  expect(queryOf(await returnFromProvider(app, authorization)).error_description).toBe('OAuth state has expired')
})

test('states to link an account or accept an invitation are consumed only by success', async () => {
  const { app } = await start()
  await using _app = app
  const ada = await app.signUp('ada@example.com')
  const path = '/auth/v1/user/identities/authorize?provider=github&skip_http_redirect=true'
  const { body } = await app.ask('GET', path, { token: ada.accessToken })
  const linking = { state: new URL(body.url).searchParams.get('state') ?? '', cookie: '' }
  await returnFromProvider(app, linking, '&error=access_denied')
  expect(claimsOf(fragmentOf(await returnFromProvider(app, linking)).access_token).sub).toBe(ada.id)
  expect(queryOf(await returnFromProvider(app, linking)).error_code).toBe('flow_state_already_used')
})

test('an invitation accepted at a provider survives a cancelled attempt', async () => {
  const { app } = await start()
  await using _app = app
  await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email: EMAIL } })
  const { token } = await lastMessageTo(app, EMAIL)
  const authorization = await startAuthorization(app, `&invite_token=${token}`)
  await returnFromProvider(app, authorization, '&error=access_denied')
  expect(claimsOf(fragmentOf(await returnFromProvider(app, authorization)).access_token).email).toBe(EMAIL)
  expect(queryOf(await returnFromProvider(app, authorization)).error_code).toBe('flow_state_already_used')
})
