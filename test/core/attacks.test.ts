/** Attacks that once worked, or almost did. */
import { expect, test } from 'bun:test'
import { passwordHasher } from '../../src/adapters/password-hasher'
import { adminUpdate } from '../support/accounts'
import { PASSWORD, passwordGrant, startApp, type TestApp } from '../support/app'
import { outdatedHash } from '../support/fakes'

const on = { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_TOKEN_REFRESH: '1000000', AUTH_RATE_LIMIT_OTP: '1000000' }
const put = (app: TestApp, token: string, body: unknown) => app.ask('PUT', '/auth/v1/user', { token, body })

test('an identifier that resembles another account’s counter key does not use up that account’s limit', async () => {
  await using app = await startApp({ settings: on })
  const ada = await app.signUp()
  for (let index = 0; index < 20; index++)
    await passwordGrant(app, { email: `${ada.id} 203.0.113.0/24`, password: 'x' }, { ip: '198.51.100.1' })
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD })).status).toBe(200)
})

test('an attempt whose password was not checked is not counted', async () => {
  await using app = await startApp({ settings: { ...on, AUTH_PASSWORD_HASH_QUEUE: '1' } })
  const ada = await app.signUp()
  const { hasher } = app
  const verify = hasher.verify
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  hasher.verify = async (password, hash) => {
    await held
    return verify(password, hash)
  }
  const ip = '198.51.100.1'
  let refused = 0
  const attempts = Array.from({ length: 60 }, async () => {
    const reply = await passwordGrant(app, { email: ada.email, password: PASSWORD }, { ip })
    if (reply.status === 429) refused += 1
    return reply
  })
  while (refused <= 20) await Bun.sleep(1)
  release()
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(20)
  expect((await passwordGrant(app, { email: ada.email, password: PASSWORD }, { ip: '192.0.2.1' })).status).toBe(200)
})

test('naming another audience does not reveal who has an account', async () => {
  await using app = await startApp({ settings: on })
  const ada = await app.signUp()
  const answers = []
  for (const email of [ada.email, 'nobody@example.com']) {
    for (let index = 0; index < 20; index++)
      await passwordGrant(app, { email, password: 'wrong' }, { ip: `198.51.${index}.1` })
    answers.push(
      (await passwordGrant(app, { email, password: 'wrong' }, { ip: '192.0.2.1', headers: { 'x-jwt-aud': 'zzz' } }))
        .status,
    )
  }
  expect(answers).toEqual([429, 429])
})

test('probing whether a new password equals the old one either changes the password or reveals nothing', async () => {
  await using app = await startApp({ settings: on })
  const ada = await app.signUp()
  const { email } = await app.signUp()
  for (const body of [{ data: { x: '\0' } }, { email }, { phone: 'nope' }]) {
    const { body: wrong } = await put(app, ada.accessToken, { password: 'a-wrong-guess-1', ...body })
    const { body: right } = await put(app, ada.accessToken, { password: PASSWORD, ...body })
    expect(right).toEqual(wrong)
  }
  expect((await put(app, ada.accessToken, { password: 'a-wrong-guess-1' })).status).toBe(200)
  // the limit is used up
  expect((await put(app, ada.accessToken, { password: PASSWORD })).status).toBe(200)
})

test('threat T21: a change that began before its session ended, or before a ban, does not happen', async () => {
  await using app = await startApp()
  const ends: ((app: TestApp, ada: { id: string; accessToken: string; sessionId: string }) => Promise<unknown>)[] = [
    (server, { accessToken: token }) => server.ask('POST', '/auth/v1/logout', { token }),
    (server, { accessToken: token, sessionId }) => server.ask('DELETE', `/auth/v1/sessions/${sessionId}`, { token }),
    (server, { id }) =>
      server.store.updateUserAsAdmin({
        ...adminUpdate(id, server.clock.now()),
        set: { bannedUntil: server.clock.now() + 1000 },
      }),
    (server, { accessToken: token }) => server.ask('DELETE', '/auth/v1/user', { token }),
  ]
  for (const end of ends) {
    const ada = await app.signUp()
    const { hasher } = app
    const { hash } = hasher
    hasher.hash = async (password) => {
      hasher.hash = hash
      await end(app, ada)
      return hash(password)
    }
    expect((await put(app, ada.accessToken, { password: 'another-password-1' })).status).toBe(403)
    expect((await app.store.findUser(ada.id))?.encryptedPassword).not.toBe(await hash('another-password-1'))
  }
})

test('parallel sign-ins of an imported account all succeed, though the first one renews the hash', async () => {
  await using app = await startApp()
  await app.ask('POST', '/auth/v1/admin/users', {
    token: app.admin,
    body: { email: 'ada@example.com', password_hash: outdatedHash('imported-1'), email_confirm: true },
  })
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => passwordGrant(app, { email: 'ada@example.com', password: 'imported-1' })),
  )
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
})

test('an empty hash matches no password', async () => {
  const hasher = passwordHasher({})
  for (const hash of [
    '$fbscrypt$v=1,n=1,r=1,p=1,ss=!!,sk=!!$AAAA$!!',
    '$fbscrypt$v=1,n=1,r=1,p=1,ss=AA==,sk=AAAA$AAAA$=',
    '$fbscrypt$v=1,n=1,r=1,p=1,ss=AA==,sk=AAAA$AAAA$AAAAAAAA',
    '$fbscrypt$v=1,n=1,r=262144,p=16,ss=AA==,sk=AAAA$AAAA$AAAA',
  ])
    expect([hash, hasher.accepts(hash), await hasher.verify('anything', hash)]).toEqual([hash, false, false])
})

test('the size of an account is limited', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect((await put(app, ada.accessToken, { data: { a: 'x'.repeat(2000) } })).status).toBe(200)
  const { status, body } = await put(app, ada.accessToken, { data: { b: 'x'.repeat(2000) } })
  expect([status, body.code]).toEqual([400, 'validation_failed'])
  expect((await put(app, ada.accessToken, { data: { a: null } })).status).toBe(200)
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]))
  expect((await put(app, ada.accessToken, { data: many })).status).toBe(400)
  expect(
    (await app.ask('POST', '/auth/v1/signup', { body: { email: 'b@example.com', password: PASSWORD, data: many } }))
      .status,
  ).toBe(400)
  expect(
    (
      await app.ask('POST', '/auth/v1/admin/users', {
        token: app.admin,
        body: { email: 'c@example.com', app_metadata: many },
      })
    ).status,
  ).toBe(400)
})

test('a long name does not grow the audit log', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await put(app, ada.accessToken, { data: { full_name: 'x'.repeat(100_000) } })
  await app.signIn(ada.email)
  expect(JSON.stringify((await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })).body).length).toBeLessThan(
    5000,
  )
})

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  'the audit log has no field %s to search in',
  async (field) => {
    await using app = await startApp()
    expect((await app.ask('GET', `/auth/v1/admin/audit?query=${field}:x`, { token: app.admin })).status).toBe(400)
  },
)

test('an admin role works only with a valid session', async () => {
  await using app = await startApp({ settings: { AUTH_SESSIONS_TIMEBOX: '1h', AUTH_JWT_EXP: '86400' } })
  const ada = await app.signUp()
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  const ask = async () => {
    const { status, body } = await app.ask('GET', '/auth/v1/admin/users', { token: ada.accessToken })
    return [status, body.code]
  }
  expect((await ask())[0]).toBe(200)
  app.clock.advance(2 * 3_600_000)
  expect(await ask()).toEqual([403, 'session_expired'])
})

test('after losing the admin role, a user cannot change app_metadata with an older token', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const role = (name: string) =>
    app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { role: name } })
  await role('admin')
  const { accessToken } = await app.signIn(ada.email)
  expect((await put(app, accessToken, { app_metadata: { a: 1 } })).status).toBe(200)
  await role('authenticated')
  expect((await put(app, accessToken, { app_metadata: { a: 2 } })).body.code).toBe('not_admin')
})

test('soft deletion also removes roles and known networks', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.store.grantRole({ userId: ada.id, role: 'admin', now: app.clock.now() })
  await app.ask('DELETE', '/auth/v1/user', { token: ada.accessToken })
  expect(await app.store.hasRole({ userId: ada.id, role: 'admin' })).toBe(false)
  expect(await app.store.isKnownNetwork({ userId: ada.id, network: '203.0.113.0/24', since: 0 })).toBe(false)
})
