/** Accounts of this server on the federation surface (docs/other-surfaces.md#federation). */
import { expect, test } from 'bun:test'
import { HOUR } from '../../../src/lib/milliseconds'
import { PASSWORD, startApp, type TestApp } from '../../support/app'
import { protectedAccount } from '../../support/factors'
import { federated, refused, signIn } from '../../support/federation'
import { get, minted, post } from '../../support/native'
import { codeAt } from '../../support/totp'

async function tokenOf(app: TestApp, email: string): Promise<string> {
  const { status, body } = await signIn(app, email)
  expect(status).toBe(200)
  return body.access_token
}

const me = (app: TestApp, token: string) => federated(app, 'GET', '/me', { token })

test('login accepts an email address, username or uid, as id or username, under three names of this server', async () => {
  await using app = await startApp()
  const { email, id } = await app.signUp()
  const user = {
    id,
    uid: 1,
    username: 'u1',
    email,
    is_active: true,
    is_verified: true,
    server: 'local',
    user_ref: 'local@1',
  }
  for (const body of [
    { id: email },
    { id: email.toUpperCase(), server: '' },
    { id: 'u1', server: 'local' },
    { id: '1' },
    { id: 1 },
    { username: 'U1' },
  ])
    expect(await federated(app, 'POST', '/login', { body: { ...body, password: PASSWORD } })).toMatchObject({
      status: 200,
      body: {
        success: true,
        access_token: expect.stringMatching(/^fed_[\w-]{65}$/),
        token_type: 'Bearer',
        server: 'local',
        user_ref: 'local@1',
        user,
      },
    })
})

test('me accepts a token of any surface', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { accessToken: native } = await minted(app, ada.email)
  for (const token of [await tokenOf(app, ada.email), ada.accessToken, native])
    expect((await me(app, token)).body).toMatchObject({ success: true, user: { id: ada.id, user_ref: 'local@1' } })
})

test('a federation token authenticates on every surface', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const token = await tokenOf(app, ada.email)
  expect((await app.ask('GET', '/auth/v1/user', { token })).body.id).toBe(ada.id)
  expect((await get(app, '/me', { token })).body.id).toBe(ada.id)
  expect((await post(app, '/introspect', { token })).body).toMatchObject({ active: true, sub: ada.id })
})

test('an unknown user gets the same response as a wrong password', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const replies = [
    await signIn(app, email, { password: 'wrong' }),
    await signIn(app, 'nobody@example.com'),
    await signIn(app, 'nobody'),
    await signIn(app, '4294967296'),
    await signIn(app, '99'),
  ]
  for (const reply of replies) expect(reply).toMatchObject(refused(401, 'unauthorized', 'invalid_credentials'))
  expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
})

test('missing and malformed fields are named', async () => {
  await using app = await startApp()
  const invalid = refused(400, 'validation', 'invalid_input')
  for (const body of [{}, { id: 'ada' }, { password: PASSWORD }, { id: '', password: PASSWORD }, { id: {} }, [], 'x'])
    expect(await federated(app, 'POST', '/login', { body })).toMatchObject(invalid)
  expect(await federated(app, 'POST', '/login', { raw: '{' })).toMatchObject(invalid)
  expect((await federated(app, 'POST', '/login', { raw: `"${'x'.repeat(1_048_577)}"` })).status).toBe(413)
})

test('a ban is reported only after a correct password', async () => {
  await using app = await startApp()
  const { email, id } = await app.signUp()
  await app.ask('PUT', `/auth/v1/admin/users/${id}`, { token: app.admin, body: { ban_duration: '1h' } })
  expect(await signIn(app, email)).toMatchObject(refused(403, 'forbidden', 'user_inactive'))
  expect((await signIn(app, email, { password: 'wrong' })).body.reason).toBe('invalid_credentials')
})

test('a user with a second factor needs a code, which works once', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  expect(await signIn(app, ada.email)).toMatchObject(refused(401, 'unauthorized', 'mfa_required'))
  const code = codeAt(ada.factor.secret, app.clock.now())
  expect((await signIn(app, ada.email, { code })).status).toBe(200)
  expect((await signIn(app, ada.email, { code })).body.reason).toBe('mfa_required')
})

test('refresh returns a new token, and invalidates the old one', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const old = await tokenOf(app, email)
  const refreshed = await federated(app, 'POST', '/refresh', { token: old })
  expect(refreshed).toMatchObject({ status: 200, body: { success: true, token_type: 'Bearer' } })
  const { access_token: token } = refreshed.body
  expect((await me(app, token)).status).toBe(200)
  for (const path of ['/refresh', '/logout'])
    expect(await federated(app, 'POST', path, { token: old })).toMatchObject(
      refused(401, 'unauthorized', 'token_invalid'),
    )
  expect((await me(app, token)).status).toBe(200)
})

test('of two simultaneous refreshes one gets the new token, and the session continues', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const token = await tokenOf(app, email)
  const replies = await Promise.all([1, 2].map(() => federated(app, 'POST', '/refresh', { token })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 401])
  const fresh = replies.find(({ status }) => status === 200)?.body.access_token
  expect((await me(app, fresh)).status).toBe(200)
})

test('only tokens of this surface are refreshed here', async () => {
  await using app = await startApp()
  const { accessToken } = await app.signUp()
  expect(await federated(app, 'POST', '/refresh', { token: accessToken })).toMatchObject(
    refused(401, 'unauthorized', 'refresh_failed'),
  )
})

test('a token lives an hour, and its session 30 days, however often it is refreshed', async () => {
  await using app = await startApp()
  const { email } = await app.signUp()
  const expired = await tokenOf(app, email)
  app.clock.advance(HOUR)
  expect((await me(app, expired)).body.reason).toBe('token_invalid')
  let token: string | undefined = await tokenOf(app, email)
  let refreshes = 0
  while (token !== undefined) {
    app.clock.advance(0.9 * HOUR)
    const { body } = await federated(app, 'POST', '/refresh', { token })
    token = body.access_token
    if (token !== undefined) refreshes++
  }
  expect(refreshes).toBe((30 * 24) / 0.9 - 1)
}, 60_000)

test('logout is handled by the surface that issued the token', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const token = await tokenOf(app, ada.email)
  const out = await federated(app, 'POST', '/logout', { token })
  expect([out.status, out.body]).toEqual([200, { success: true, message: 'Logged out' }])
  expect((await me(app, token)).body.reason).toBe('token_invalid')
  expect((await federated(app, 'POST', '/logout', { token })).body.error).toBe('unauthorized')
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).status).toBe(200)
  expect((await app.ask('POST', '/auth/v1/logout', { token: ada.accessToken })).status).toBe(204)
  expect((await app.ask('POST', '/auth/v1/logout')).body.code).toBe('no_authorization')
})

test('threat T24: a global sign-out, a ban and a deletion end federation tokens', async () => {
  await using app = await startApp()
  for (const how of ['logout', 'ban', 'delete']) {
    const ada = await app.signUp()
    const token = await tokenOf(app, ada.email)
    const path = `/auth/v1/admin/users/${ada.id}`
    if (how === 'logout') await app.ask('POST', '/auth/v1/logout', { token: ada.accessToken })
    if (how === 'ban') await app.ask('PUT', path, { token: app.admin, body: { ban_duration: '1h' } })
    if (how === 'delete') await app.ask('DELETE', path, { token: app.admin })
    expect((await me(app, token)).status).not.toBe(200)
    expect((await federated(app, 'POST', '/introspect', { body: { token } })).body.active).toBe(false)
  }
})

test('change-password requires the current password, and ends the other sessions', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const token = await tokenOf(app, ada.email)
  const change = (old_password: string, new_password: string, as = token) =>
    federated(app, 'POST', '/change-password', { token: as, body: { old_password, new_password } })
  expect(await change('wrong', 'another-horse-7')).toMatchObject(refused(401, 'unauthorized', 'invalid_credentials'))
  expect(await change('', 'another-horse-7')).toMatchObject(refused(400, 'validation', 'invalid_input'))
  expect(await change(PASSWORD, '')).toMatchObject(refused(400, 'validation', 'invalid_input'))
  expect(await change(PASSWORD, 'short')).toMatchObject(refused(400, 'validation', 'weak_password'))
  expect(await change(PASSWORD, 'x'.repeat(73))).toMatchObject(refused(400, 'validation', 'weak_password'))
  expect(await change(PASSWORD, PASSWORD)).toMatchObject(refused(400, 'validation', 'weak_password'))
  const { body: personal } = await post(app, '/tokens', { name: 'ci' }, { token: ada.accessToken })
  expect((await change(PASSWORD, 'another-horse-7', personal.token)).status).toBe(403)
  expect((await change(PASSWORD, 'another-horse-7')).body).toEqual({ success: true })
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken })).status).toBe(403)
  expect((await me(app, token)).status).toBe(200)
  expect((await signIn(app, ada.email)).status).toBe(401)
  expect((await signIn(app, ada.email, { password: 'another-horse-7' })).status).toBe(200)
})

test('a session at aal1 of a user with a second factor cannot change the password', async () => {
  await using app = await startApp()
  const ada = await protectedAccount(app)
  const { accessToken } = await app.signIn(ada.email)
  const body = { old_password: PASSWORD, new_password: 'another-horse-7' }
  expect(await federated(app, 'POST', '/change-password', { token: accessToken, body })).toMatchObject(
    refused(401, 'unauthorized', 'mfa_required'),
  )
})

test('administrators create users with a username', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const make = (body: object, token = app.admin) => federated(app, 'POST', '/users', { token, body })
  const grace = { username: 'Grace.H', email: 'Grace@example.com', password: PASSWORD }
  expect(await make(grace)).toMatchObject({
    status: 201,
    body: { success: true, username: 'grace.h', uid: 2, user_ref: 'local@2' },
  })
  expect((await signIn(app, 'GRACE.h')).body.user).toMatchObject({ email: 'grace@example.com', is_verified: true })
  expect(await make(grace, ada.accessToken)).toMatchObject(refused(403, 'forbidden', 'admin_required'))
  expect(await federated(app, 'POST', '/users', { body: grace })).toMatchObject(
    refused(401, 'unauthorized', 'token_missing'),
  )
  const taken = refused(409, 'validation', 'user_exists')
  expect(await make({ ...grace, email: 'other@example.com' })).toMatchObject(taken)
  expect(await make({ ...grace, username: 'other' })).toMatchObject(taken)
  for (const username of ['', 'ab', '1ab', 'a b', 'a@b', 'a'.repeat(33), 'u2', 'ädä'])
    expect(await make({ ...grace, username })).toMatchObject(refused(400, 'validation', 'invalid_username'))
  for (const email of ['', 'x', `${'a'.repeat(250)}@example.com`])
    expect(await make({ ...grace, username: 'other', email })).toMatchObject(
      refused(400, 'validation', 'invalid_email'),
    )
  expect(await make({ ...grace, username: 'other', email: 'o@example.com', password: 'x' })).toMatchObject(
    refused(400, 'validation', 'weak_password'),
  )
})

test('of several users created at once with one name, one gets it', async () => {
  await using app = await startApp()
  const replies = await Promise.all(
    [1, 2, 3].map((n) =>
      federated(app, 'POST', '/users', {
        token: app.admin,
        body: { username: 'grace', email: `g${n}@example.com`, password: PASSWORD },
      }),
    ),
  )
  expect(replies.map(({ status }) => status).sort()).toEqual([201, 409, 409])
})

test('introspect describes a token of any surface, always with 200', async () => {
  await using app = await startApp()
  const { email, id, accessToken } = await app.signUp()
  const { accessToken: native } = await minted(app, email)
  const ask = async (body?: object) => {
    const { status, body: found } = await federated(app, 'POST', '/introspect', body ? { body } : {})
    expect(status).toBe(200)
    return found
  }
  const token = await tokenOf(app, email)
  const now = app.clock.now() / 1000
  const active = { active: true, id, uid: 1, username: 'u1', email, user_ref: 'local@1' }
  expect(await ask({ token })).toEqual({ ...active, exp: now + 3600 })
  expect(await ask({ token: native })).toEqual({ ...active, exp: now + 900 })
  expect(await ask({ token: accessToken })).toEqual({ ...active, exp: now + 3600 })
  for (const body of [undefined, {}, { token: '' }])
    expect(await ask(body)).toEqual({ active: false, reason: 'missing_token' })
  for (const bad of ['x', 'fed_', `${token}x`, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`])
    expect(await ask({ token: bad })).toEqual({ active: false, reason: 'token_invalid' })
})

test('a wrong method on a federation path is a method_error, and unknown paths answer as in GoTrue', async () => {
  await using app = await startApp()
  const wrong = await federated(app, 'PUT', '/login')
  expect(wrong).toMatchObject(refused(405, 'method_error', 'method_not_allowed'))
  expect(wrong.headers.get('allow')).toBe('POST')
  expect((await federated(app, 'POST', '/me')).headers.get('allow')).toBe('GET')
  expect((await federated(app, 'GET', '/nope')).text).toBe('404 page not found\n')
  // no alias at the root
  expect((await app.ask('POST', '/login', { body: {} })).text).toBe('404 page not found\n')
})

test('health has one response for both surfaces', async () => {
  await using app = await startApp()
  expect((await federated(app, 'GET', '/health')).body).toMatchObject({ name: 'GoTrue', status: 'ok' })
})

test('a server name of a megabyte is refused before it is processed', async () => {
  await using app = await startApp()
  const server = `https://a${'/'.repeat(1_000_000)}x`
  const { status, body } = await federated(app, 'POST', '/login', { body: { id: 'a', password: 'b', server } })
  expect([status, body.reason]).toEqual([403, 'server_not_allowed'])
})

test('introspection answers 200 whatever the token is', async () => {
  await using app = await startApp()
  const say = async (body?: object) => {
    const { status, body: said } = await federated(app, 'POST', '/introspect', body && { body })
    return [status, said.active, said.reason]
  }
  for (const body of [undefined, {}, { token: '' }, { token: null }])
    expect(await say(body)).toEqual([200, false, 'missing_token'])
  for (const token of ['nonsense', 'fed_x', 5, {}, ['fed_x'], 'x'.repeat(100_000), '\0'])
    expect(await say({ token })).toEqual([200, false, 'token_invalid'])
})
