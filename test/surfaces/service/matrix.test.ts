/** Matrix accounts of users who register with a service (docs/other-surfaces.md#matrix-accounts, docs/threat-model.md#t52). */
import { expect, test } from 'bun:test'
import type { ProvisionResult } from '../../../src/core/kernel/ports'
import { SECOND } from '../../../src/lib/milliseconds'
import { PASSWORD, startApp, type TestApp, type TestOptions } from '../../support/app'
import { execute, readRows } from '../../support/database'
import { get, login, post } from '../../support/native'

/** A homeserver with preset responses, and the requests it got. */
function fakeHomeserver() {
  const taken = new Set<string>()
  const asked: { localpart: string; displayName: string }[] = []
  const state = { isDown: false }
  return {
    taken,
    asked,
    state,
    provisioner: {
      async register(account: { localpart: string; displayName: string }): Promise<ProvisionResult> {
        asked.push(account)
        if (state.isDown) return { outcome: 'unavailable', error: 'down' }
        if (taken.has(account.localpart)) return { outcome: 'taken' }
        taken.add(account.localpart)
        return { outcome: 'made', matrixUserId: `@${account.localpart}:hs` }
      },
    },
  }
}

async function start(options: TestOptions = {}) {
  const homeserver = fakeHomeserver()
  const app = await startApp({ ...options, provisioner: homeserver.provisioner })
  return { app, ...homeserver, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const register = (app: TestApp, email: string, display_name = 'Ada') =>
  post(app, '/register', { email, password: PASSWORD, display_name })

async function matrixIdOf(app: TestApp, email: string) {
  const { body } = await login(app, email)
  expect((await get(app, '/me', { token: body.access_token })).body.matrix_user_id).toBe(body.user.matrix_user_id)
  return body.user.matrix_user_id
}

test('registering creates a Matrix account with the display name', async () => {
  await using started = await start()
  const { app, asked } = started
  const { status, body } = await register(app, 'ada@example.com')
  expect([status, body.matrix_user_id, body.user.matrix_user_id]).toEqual([201, '@u1:hs', '@u1:hs'])
  expect(asked).toMatchObject([{ localpart: 'u1', displayName: 'Ada' }])
  expect(await matrixIdOf(app, 'ada@example.com')).toBe('@u1:hs')
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(0)
})

test('threat T52: the name of the account contains nothing that users choose', async () => {
  await using started = await start()
  await register(started.app, 'x:evil.example/@admin@example.com', '@admin:hs')
  await register(started.app, 'bob@example.com', 'x'.repeat(500))
  expect(started.asked).toMatchObject([{ localpart: 'u1', displayName: 'x'.repeat(100) }])
})

test('a homeserver that is down does not fail the sign-up, and is called again with growing delays', async () => {
  await using started = await start()
  const { app, asked, state } = started
  state.isDown = true
  const { status, body } = await register(app, 'ada@example.com')
  expect([status, body.matrix_user_id]).toEqual([201, null])
  expect(await matrixIdOf(app, 'ada@example.com')).toBeNull()
  for (const waitMs of [5, 10, 20, 40, 80, 160, 320, 600, 600].map((seconds) => seconds * SECOND)) {
    expect(await app.core.forTask().nextMatrixAttemptInMs()).toBe(waitMs)
    app.clock.advance(waitMs - 1)
    expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(0)
    app.clock.advance(1)
    expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(1)
  }
  expect(asked).toHaveLength(10)
  state.isDown = false
  app.clock.advance(600 * SECOND)
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(1)
  expect(await matrixIdOf(app, 'ada@example.com')).toBe('@u1:hs')
  expect(await app.core.forTask().nextMatrixAttemptInMs()).toBeUndefined()
})

test('a name that is taken gets a suffix', async () => {
  await using started = await start()
  const { app, taken } = started
  taken.add('u1').add('u1-2')
  expect((await register(app, 'ada@example.com')).body.matrix_user_id).toBe('@u1-3:hs')
  for (const name of ['u2', 'u2-2', 'u2-3', 'u2-4']) taken.add(name)
  expect((await register(app, 'bob@example.com')).body.matrix_user_id).toBeNull()
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(0)
  app.clock.advance(5 * SECOND)
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(1)
  expect(await matrixIdOf(app, 'bob@example.com')).toBe('@u2-5:hs')
})

test('a homeserver that reports every name as taken is called no more often than one that is down', async () => {
  await using started = await start()
  const { app, asked, taken } = started
  taken.has = () => true
  expect((await register(app, 'ada@example.com')).body.matrix_user_id).toBeNull()
  for (const waitMs of [5, 10, 20].map((seconds) => seconds * SECOND)) {
    expect(await app.core.forTask().nextMatrixAttemptInMs()).toBe(waitMs)
    app.clock.advance(waitMs)
    expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(1)
  }
  expect(asked).toHaveLength(12)
})

test('a sign-up waits for a slow homeserver only briefly, and the Matrix account is still assigned', async () => {
  const answer = Promise.withResolvers<ProvisionResult>()
  const asked: string[] = []
  const register = ({ localpart }: { localpart: string }) => {
    asked.push(localpart)
    return answer.promise
  }
  await using app = await startApp({ provisioner: { register } })
  const { status, body } = await post(app, '/register', { email: 'ada@example.com', password: PASSWORD })
  expect([status, body.matrix_user_id]).toEqual([201, null])
  app.clock.advance(60 * SECOND)
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(0)
  answer.resolve({ outcome: 'made', matrixUserId: '@u1:hs' })
  await answer.promise
  expect(await matrixIdOf(app, 'ada@example.com')).toBe('@u1:hs')
  expect(asked).toEqual(['u1'])
  expect(await app.core.forTask().nextMatrixAttemptInMs()).toBeUndefined()
})

test('a display name truncated within a character is still valid text', async () => {
  await using started = await start()
  await register(started.app, 'ada@example.com', `${'a'.repeat(99)}😀`)
  expect(started.asked[0]?.displayName).toBe(`${'a'.repeat(99)}\ufffd`)
})

test('with confirmation, the response does not reveal a new account by its Matrix id', async () => {
  await using started = await start({ settings: { AUTH_MAILER_AUTOCONFIRM: 'false', AUTH_MAILBOX: 'on' } })
  const { app, asked } = started
  const first = await register(app, 'ada@example.com')
  app.clock.advance(120 * SECOND)
  const again = await register(app, 'ada@example.com')
  expect([first.body.matrix_user_id, again.body.matrix_user_id, asked]).toEqual([null, null, []])
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(1)
  expect(asked).toHaveLength(1)
})

test('an unfinished attempt is retried once its time is over', async () => {
  await using started = await start()
  const { app, asked } = started
  await register(app, 'ada@example.com')
  await execute(app.database, {
    sqlite: 'UPDATE users SET matrix_user_id = NULL',
    postgres: 'UPDATE accounts SET matrix_user_id = NULL',
  })
  const insert =
    'INSERT INTO matrix_registrations (user_id, suffix, attempts, next_attempt_at) SELECT id, 1, 0, ? FROM users'
  await execute(app.database, insert, app.clock.now() + 120_000)
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(0)
  app.clock.advance(120_000)
  const tries = await Promise.all([
    app.core.forTask().provisionDueMatrixAccounts(),
    app.core.forTask().provisionDueMatrixAccounts(),
  ])
  expect(tries.sort()).toEqual([0, 1])
  expect(asked.slice(1).map(({ localpart }) => localpart)).toEqual(['u1', 'u1-2'])
})

test('a user who is deleted meanwhile gets no Matrix account', async () => {
  await using started = await start()
  const { app, asked, state } = started
  state.isDown = true
  for (const how of ['soft', 'hard']) {
    const { body } = await register(app, `${how}@example.com`)
    const path = `/auth/v1/admin/users/${body.user.id}`
    await app.ask('DELETE', path, { token: app.admin, body: { should_soft_delete: how === 'soft' } })
  }
  const before = asked.length
  app.clock.advance(600 * SECOND)
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(0)
  expect(asked.length).toBe(before)
})

test('a sign-up on another surface creates no Matrix account, nor does one without a homeserver', async () => {
  await using started = await start()
  await started.app.signUp()
  expect(started.asked).toEqual([])
  await using alone = await startApp()
  expect((await register(alone, 'ada@example.com')).body.matrix_user_id).toBeNull()
  expect(await alone.core.forTask().nextMatrixAttemptInMs()).toBeUndefined()
})

test('a stopping server waits for the homeserver’s response to attempts that outlived their request', async () => {
  const answer = Promise.withResolvers<ProvisionResult>()
  await using app = await startApp({ provisioner: { register: () => answer.promise } })
  await post(app, '/register', { email: 'ada@example.com', password: PASSWORD })
  const closed = app.close()
  answer.resolve({ outcome: 'made', matrixUserId: '@u1:hs' })
  await closed
  expect(app.log().map(({ msg }) => msg)).toContain('a Matrix account was created')
})

test('an attempt whose response was lost is recognized by its password, which is stored sealed until then', async () => {
  const passwords: string[] = []
  const made = new Map<string, string>()
  let isLost = true
  const register = async ({
    localpart,
    password,
  }: {
    localpart: string
    password: string
  }): Promise<ProvisionResult> => {
    passwords.push(password)
    const known = made.get(localpart)
    if (known !== undefined && known !== password) return { outcome: 'taken' }
    made.set(localpart, password)
    return isLost ? { outcome: 'unavailable', error: 'lost' } : { outcome: 'made', matrixUserId: `@${localpart}:hs` }
  }
  await using app = await startApp({ provisioner: { register } })
  await post(app, '/register', { email: 'ada@example.com', password: PASSWORD, display_name: 'Ada' })
  const rows = () => readRows<{ password: string }>(app.database, 'SELECT password FROM matrix_registrations')
  const [{ password: sealed } = { password: '' }] = await rows()
  expect(passwords[0]).toMatch(/^[\w-]{43}$/)
  expect(sealed).not.toContain(passwords[0] ?? '')
  isLost = false
  app.clock.advance(5 * SECOND)
  expect(await app.core.forTask().provisionDueMatrixAccounts()).toBe(1)
  expect([new Set(passwords).size, [...made.keys()]]).toEqual([1, ['u1']])
  expect(await matrixIdOf(app, 'ada@example.com')).toBe('@u1:hs')
  expect(await rows()).toEqual([])
})
