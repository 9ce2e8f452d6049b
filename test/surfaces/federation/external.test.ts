/** Accounts of other servers on the federation surface (docs/other-surfaces.md#federation, docs/threat-model.md#t51). */
import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerRequest } from '../../../src/core/kernel/ports'
import { HOUR } from '../../../src/lib/milliseconds'
import { PASSWORD, startApp, type TestApp } from '../../support/app'
import { readRows } from '../../support/database'
import { answered, fakePeer, federated, refused, signIn } from '../../support/federation'
import { get, post } from '../../support/native'
import { removeFolder } from '../../support/remove-folder'

const WORK = 'https://auth.work.example'
const UUID = '0b7b8f9c-1d2e-4f30-8a4b-5c6d7e8f9a0b'
const HEX = UUID.replaceAll('-', '')
const UPSTREAM = 'fed_token-of-the-other-server'

const loggedIn = (user: object, more: object = {}) =>
  answered({ success: true, access_token: UPSTREAM, token_type: 'Bearer', server: 'local', user, ...more })

const unavailable = refused(502, 'server_error', 'upstream_unavailable')

async function start(
  answers: Parameters<typeof fakePeer>[0] = {},
  settings: Record<string, string> = {},
  folder?: string,
) {
  const peer = fakePeer({
    '/login': loggedIn({ id: UUID, uid: 5, username: 'grace', email: 'g@work.example' }),
    '/me': answered({ success: true, user: { id: UUID, uid: 5, username: 'grace', email: 'g@work.example' } }),
    '/refresh': answered({ success: true, access_token: `${UPSTREAM}-2`, token_type: 'Bearer' }),
    '/logout': answered({ success: true, message: 'Logged out' }),
    ...answers,
  })
  const app = await startApp({
    settings: { AUTH_FEDERATION_SERVERS: `work=${WORK},https://other.example/base/`, ...settings },
    peers: peer.peers,
    ...(folder !== undefined && { folder }),
  })
  return { app, calls: peer.calls, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const login = (app: TestApp, more: object = {}) => signIn(app, 'grace', { server: 'work', ...more })

async function tokenOf(app: TestApp): Promise<string> {
  const { status, body } = await login(app)
  expect(status).toBe(200)
  return body.access_token
}

test('login calls the server given by name or URL, and returns a token of this server', async () => {
  await using started = await start()
  const { app, calls } = started
  for (const server of ['work', WORK, `${WORK}/`, 'HTTPS://AUTH.WORK.EXAMPLE']) {
    const { status, body } = await login(app, { server })
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        access_token: expect.stringMatching(/^fed_[\w-]{65}$/),
        token_type: 'Bearer',
        server: 'work',
        user_ref: `work@${HEX}`,
      },
    ])
  }
  expect(calls[0]).toMatchObject({ url: `${WORK}/auth/v1/login`, body: { id: 'grace', password: PASSWORD } })
  const unnamed = await login(app, { server: 'https://other.example/base' })
  expect(unnamed.body).toMatchObject({
    server: 'https://other.example/base',
    user_ref: `https://other.example/base@${HEX}`,
  })
  expect(calls.at(-1)?.url).toBe('https://other.example/base/auth/v1/login')
})

test('codes, and the demand for one, are passed on', async () => {
  await using started = await start({
    '/login': ({ body }: PeerRequest) =>
      body?.code === '123456'
        ? loggedIn({ id: UUID })
        : answered({ error: 'unauthorized', reason: 'mfa_required', message: '' }, 401),
  })
  expect(await login(started.app)).toMatchObject(refused(401, 'unauthorized', 'mfa_required'))
  expect((await login(started.app, { code: '123456' })).status).toBe(200)
})

test.each([
  ['its UUID', { id: UUID, uid: 5, user_ref: 'local@5' }, HEX],
  ['its UUID without dashes', { id: HEX }, HEX],
  ['a uid that is a UUID', { uid: UUID.toUpperCase(), user_ref: 'local@5' }, HEX],
  ['a plain uid', { uid: 5, user_ref: `x@${HEX}` }, '5'],
  ['a uid of another form', { uid: 'user-7' }, 'user-7'],
])('the id of the account is %s', async (_, user, id) => {
  await using started = await start({ '/login': loggedIn(user) })
  expect((await login(started.app)).body.user_ref).toBe(`work@${id}`)
})

test('or the part after the @ of its user_ref, or the one from introspection', async () => {
  await using named = await start({ '/login': loggedIn({}, { user_ref: `there@${HEX}` }) })
  expect((await login(named.app)).body.user_ref).toBe(`work@${HEX}`)
  await using local = await start({ '/login': loggedIn({}, { user_ref: 'local@9' }) })
  expect((await login(local.app)).body.user_ref).toBe('work@9')
  await using asked = await start({ '/login': loggedIn({}), '/introspect': answered({ active: true, id: UUID }) })
  expect((await login(asked.app)).body.user_ref).toBe(`work@${HEX}`)
  expect(asked.calls.at(-1)).toMatchObject({ path: '/introspect', body: { token: UPSTREAM } })
})

test.each([
  ['no token', answered({ success: true, user: { id: UUID } })],
  ['a token with line breaks', answered({ access_token: 'a\r\nb', user: { id: UUID } })],
  ['an oversized token', answered({ access_token: 'a'.repeat(8193), user: { id: UUID } })],
  ['nobody', answered({ access_token: UPSTREAM })],
  ['an account with an invalid id', answered({ access_token: UPSTREAM, user: { uid: 'a b\n' } })],
  ['nothing', { outcome: 'unavailable', error: 'down' } as const],
])('threat T51: a login that answers %s is a 502', async (_, answer) => {
  await using started = await start({ '/login': answer })
  expect(await login(started.app)).toMatchObject(unavailable)
})

test('a server that is not listed is never asked', async () => {
  await using started = await start()
  for (const server of [
    ...['https://evil.example', 'http://127.0.0.1:9', 'http://169.254.169.254', 'http://[::ffff:169.254.169.254]'],
    ...['file:///etc/passwd', `${WORK}.evil.example`, `${WORK}/x`, `${WORK}@evil.example`, 'evil', 'LOCAL', ' '],
  ])
    expect(await login(started.app, { server })).toMatchObject(refused(403, 'forbidden', 'server_not_allowed'))
  expect(started.calls).toEqual([])
})

test('a login that the other server refuses is external_auth_failed, and counts as an attempt', async () => {
  await using started = await start(
    { '/login': answered({ error: 'unauthorized', reason: 'invalid_credentials', message: '' }, 401) },
    { AUTH_RATE_LIMITS: 'on' },
  )
  const { app, calls } = started
  const replies = []
  for (let guess = 0; guess < 25; guess++)
    replies.push(await signIn(app, 'grace', { server: 'work' }, { ip: `198.51.${guess}.9` }))
  expect(replies[0]).toMatchObject(refused(401, 'unauthorized', 'external_auth_failed'))
  expect(replies.at(-1)).toMatchObject(refused(429, 'rate_limit', 'too_many_requests'))
  expect(Number(replies.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(calls.length).toBeLessThanOrEqual(20)
})

test('me returns the other server’s profile, with our server name added', async () => {
  await using started = await start({
    '/me': answered({
      user: { id: UUID, email: 'g@work.example', colour: 'blue', server: 'local', user_ref: 'local@5' },
    }),
  })
  const { app, calls } = started
  const token = await tokenOf(app)
  expect((await federated(app, 'GET', '/me', { token })).body).toEqual({
    success: true,
    user: { id: UUID, email: 'g@work.example', colour: 'blue', server: 'work', user_ref: `work@${HEX}` },
  })
  expect(calls.at(-1)).toMatchObject({ method: 'GET', token: UPSTREAM })
})

test('me fails if the session has ended there, or the server answers nonsense', async () => {
  await using over = await start({ '/me': answered({ error: 'unauthorized' }, 401) })
  expect(await federated(over.app, 'GET', '/me', { token: await tokenOf(over.app) })).toMatchObject(
    refused(401, 'unauthorized', 'external_auth_failed'),
  )
  await using odd = await start({ '/me': answered({ success: true, user: 'grace' }) })
  expect(await federated(odd.app, 'GET', '/me', { token: await tokenOf(odd.app) })).toMatchObject(unavailable)
})

test('refresh renews both tokens, and invalidates our old one', async () => {
  await using started = await start()
  const { app, calls } = started
  const old = await tokenOf(app)
  const { status, body } = await federated(app, 'POST', '/refresh', { token: old })
  expect([status, body]).toEqual([
    200,
    { success: true, access_token: expect.stringMatching(/^fed_/), token_type: 'Bearer' },
  ])
  expect(await federated(app, 'GET', '/me', { token: old })).toMatchObject(
    refused(401, 'unauthorized', 'token_invalid'),
  )
  expect((await federated(app, 'GET', '/me', { token: body.access_token })).status).toBe(200)
  expect(calls.map(({ path, token }) => [path, token])).toEqual([
    ['/login', undefined],
    ['/refresh', UPSTREAM],
    ['/me', `${UPSTREAM}-2`],
  ])
})

test('of two simultaneous refreshes one gets the new token', async () => {
  await using started = await start()
  const token = await tokenOf(started.app)
  const replies = await Promise.all([1, 2].map(() => federated(started.app, 'POST', '/refresh', { token })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 401])
})

test('a refresh that the other server refuses, or does not answer, leaves the session unchanged', async () => {
  let isDown = false
  await using started = await start({
    '/refresh': () => (isDown ? { outcome: 'unavailable', error: 'down' } : answered({ error: 'unauthorized' }, 401)),
  })
  const { app } = started
  const token = await tokenOf(app)
  expect(await federated(app, 'POST', '/refresh', { token })).toMatchObject(
    refused(401, 'unauthorized', 'refresh_failed'),
  )
  isDown = true
  expect(await federated(app, 'POST', '/refresh', { token })).toMatchObject(unavailable)
  expect((await federated(app, 'GET', '/me', { token })).status).toBe(200)
})

test('tokens expire here independently of the other server, and sessions last 30 days at most', async () => {
  await using started = await start()
  const { app } = started
  const expired = await tokenOf(app)
  app.clock.advance(HOUR)
  expect((await federated(app, 'GET', '/me', { token: expired })).body.reason).toBe('token_invalid')
  let token: string | undefined = await tokenOf(app)
  let refreshes = 0
  while (token !== undefined) {
    app.clock.advance(0.9 * HOUR)
    token = (await federated(app, 'POST', '/refresh', { token })).body.access_token
    if (token !== undefined) refreshes++
  }
  expect(refreshes).toBe((30 * 24) / 0.9 - 1)
}, 60_000)

test('logout ends the session there and here, or neither while the other server is down', async () => {
  let answer = answered({ error: 'rate_limit' }, 400)
  await using started = await start({ '/logout': () => answer })
  const { app, calls } = started
  const token = await tokenOf(app)
  expect(await federated(app, 'POST', '/logout', { token })).toMatchObject(
    refused(401, 'unauthorized', 'logout_failed'),
  )
  answer = { outcome: 'unavailable', error: 'down' }
  expect(await federated(app, 'POST', '/logout', { token })).toMatchObject(unavailable)
  expect((await federated(app, 'GET', '/me', { token })).status).toBe(200)
  answer = answered({ success: true })
  expect((await federated(app, 'POST', '/logout', { token })).body).toEqual({ success: true, message: 'Logged out' })
  expect(calls.filter(({ path, token: shown }) => path === '/logout' && shown === UPSTREAM)).toHaveLength(3)
  expect((await federated(app, 'GET', '/me', { token })).body.reason).toBe('token_invalid')
})

test('a session that has already ended there can be ended here', async () => {
  await using started = await start({ '/logout': answered({ error: 'unauthorized' }, 401) })
  const token = await tokenOf(started.app)
  expect((await federated(started.app, 'POST', '/logout', { token })).status).toBe(200)
})

test('an account of another server cannot change its password here, and is not a user on other surfaces', async () => {
  await using started = await start()
  const { app } = started
  const token = await tokenOf(app)
  const change = { token, body: { old_password: PASSWORD, new_password: 'another-horse-7' } }
  expect(await federated(app, 'POST', '/change-password', change)).toMatchObject(
    refused(403, 'forbidden', 'external_user'),
  )
  for (const [method, path] of [
    ...[
      ['GET', '/auth/v1/user'],
      ['PUT', '/auth/v1/user'],
      ['DELETE', '/auth/v1/user'],
      ['GET', '/auth/v1/sessions'],
    ],
    ...[
      ['POST', '/auth/v1/factors'],
      ['GET', '/auth/v1/admin/users'],
      ['POST', '/logout'],
    ],
  ] as [string, string][]) {
    const { status, body } = await app.ask(method, path, { token, ...(method !== 'GET' && { body: {} }) })
    expect([path, status, body.code]).toEqual([path, 403, 'no_authorization'])
  }
  for (const [method, path] of [
    ['GET', '/me'],
    ['GET', '/tokens'],
    ['POST', '/logout'],
    ['PUT', `/admin/users/${UUID}/roles/admin`],
  ] as [string, string][]) {
    const { status, body } = await app.ask(method, `/api/auth${path}`, { token })
    expect([path, status, body.error]).toEqual([path, 403, 'external_user'])
  }
  expect(await federated(app, 'POST', '/users', { token, body: {} })).toMatchObject(
    refused(403, 'forbidden', 'external_user'),
  )
  expect((await post(app, '/introspect', { token })).body).toEqual({ active: false })
  expect((await federated(app, 'GET', '/me', { token })).status).toBe(200)
})

test('threat T51: the other server’s claims about a user grant nothing here', async () => {
  const { id } = { id: UUID }
  await using started = await start({
    '/login': loggedIn({ id, uid: 1, user_ref: 'local@1', roles: ['admin'], role: 'service_role', is_admin: true }),
  })
  const { app } = started
  const ada = await app.signUp()
  await app.ask('PUT', `/api/auth/admin/users/${ada.id}/roles/admin`, { token: app.admin })
  const { body } = await login(app)
  expect(body.user_ref).toBe(`work@${HEX}`)
  const { access_token: token } = body
  expect((await app.ask('GET', '/auth/v1/admin/users', { token })).status).toBe(403)
  expect((await get(app, '/me', { token })).status).toBe(403)
})

test('introspect names it <server>@<hex> without asking the other server', async () => {
  await using started = await start()
  const { app, calls } = started
  const token = await tokenOf(app)
  const before = calls.length
  expect((await federated(app, 'POST', '/introspect', { body: { token } })).body).toEqual({
    active: true,
    user_ref: `work@${HEX}`,
    exp: app.clock.now() / 1000 + 3600,
    uid: 5,
    username: 'grace',
    email: 'g@work.example',
  })
  expect(calls.length).toBe(before)
})

test('a server that was removed from the list is no longer called', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const before = await start({}, {}, folder)
  const token = await tokenOf(before.app)
  await before[Symbol.asyncDispose]()
  await using started = await start({}, { AUTH_FEDERATION_SERVERS: 'https://other.example' }, folder)
  const { app, calls } = started
  for (const [method, path] of [
    ['GET', '/me'],
    ['POST', '/refresh'],
    ['POST', '/logout'],
  ] as [string, string][])
    expect(await federated(app, method, path, { token })).toMatchObject(refused(403, 'forbidden', 'server_not_allowed'))
  expect((await federated(app, 'POST', '/introspect', { body: { token } })).body.active).toBe(false)
  expect(calls).toEqual([])
  removeFolder(folder)
})

test('neither token is stored or logged in plaintext, and ended sessions are swept', async () => {
  await using started = await start()
  const { app } = started
  const token = await tokenOf(app)
  const kept = JSON.stringify(await readRows(app.database, 'SELECT * FROM external_sessions'))
  const said = JSON.stringify(app.log())
  for (const secret of [token.slice(-43), UPSTREAM, PASSWORD]) {
    expect(kept).not.toContain(secret)
    expect(said).not.toContain(secret)
  }
  app.clock.advance(HOUR + 1)
  expect((await app.core.forTask().sweep()).externalSessions).toBe(1)
})

test('me passes on the whole profile, also if the other server uses the same format', async () => {
  const user = {
    id: UUID,
    uid: 5,
    username: 'grace',
    email: 'g@work.example',
    is_active: true,
    is_verified: true,
  }
  const said = { ...user, server: 'local', user_ref: 'local@5', roles: ['admin'], plan: { seats: 3 } }
  await using started = await start({ '/me': answered({ success: true, user: said }) })
  const token = await tokenOf(started.app)
  const { body } = await federated(started.app, 'GET', '/me', { token })
  expect(body).toEqual({ success: true, user: { ...said, server: 'work', user_ref: `work@${HEX}` } })
})

test('a token that the other server issued to a session that ended meanwhile is revoked there', async () => {
  const live = new Set<unknown>([UPSTREAM])
  let signOut = async () => {}
  await using started = await start({
    '/refresh': async ({ token }: PeerRequest) => {
      live.delete(token)
      live.add(`${UPSTREAM}-2`)
      await signOut()
      return answered({ success: true, access_token: `${UPSTREAM}-2`, token_type: 'Bearer' })
    },
    '/logout': ({ token }: PeerRequest) => (live.delete(token) ? answered({ success: true }) : answered({}, 401)),
  })
  const { app } = started
  const token = await tokenOf(app)
  signOut = async () => {
    expect((await federated(app, 'POST', '/logout', { token })).status).toBe(200)
  }
  expect((await federated(app, 'POST', '/refresh', { token })).status).toBe(401)
  expect([...live]).toEqual([])
})

test('a login whose account cannot be identified leaves no token at the other server', async () => {
  await using started = await start({
    '/login': answered({ success: true, access_token: UPSTREAM, token_type: 'Bearer' }),
    '/introspect': answered({ active: true }),
  })
  expect(await login(started.app)).toMatchObject(unavailable)
  expect(started.calls.map(({ path }) => path)).toEqual(['/login', '/introspect', '/logout'])
  expect(started.calls.at(-1)?.token).toBe(UPSTREAM)
})

test('introspection names the account by its id if the other server says nothing else about it', async () => {
  await using started = await start({ '/login': loggedIn({ uid: UUID }) })
  const { app } = started
  const token = await tokenOf(app)
  const { body } = await federated(app, 'POST', '/introspect', { body: { token } })
  expect(body).toMatchObject({ active: true, uid: UUID, username: '', email: '' })
})

const SESSIONS = '/auth/v1/admin/federation/sessions'

test('administrators list the sessions of accounts of other servers, page by page, and end them', async () => {
  await using started = await start()
  const { app, calls } = started
  const token = await tokenOf(app)
  app.clock.advance(1000)
  await login(app, { server: 'https://other.example/base' })
  const list = (query = '') => app.ask('GET', SESSIONS + query, { token: app.admin })
  const { body, headers } = await list()
  expect(body).toMatchObject([
    { server: 'https://other.example/base', user_ref: `https://other.example/base@${HEX}` },
    { server: 'work', user_ref: `work@${HEX}`, username: 'grace', email: 'g@work.example' },
  ])
  expect(body[1]).toMatchObject({ created_at: '2026-01-01T00:00:00Z', expires_at: '2026-01-01T01:00:00Z' })
  expect(JSON.stringify(body)).not.toContain(UPSTREAM)
  expect(headers.get('x-total-count')).toBe('2')
  expect((await list('?page=2&per_page=1')).body).toEqual([body[1]])
  const end = (id: string, asked = { token: app.admin }) => app.ask('DELETE', `${SESSIONS}/${id}`, asked)
  expect((await end(body[1].id)).status).toBe(204)
  expect((await end(body[1].id)).status).toBe(404)
  expect((await end('nonsense')).status).toBe(404)
  expect((await federated(app, 'GET', '/me', { token })).status).toBe(401)
  expect(calls.at(-1)).toMatchObject({ url: `${WORK}/auth/v1/logout`, token: UPSTREAM })
  expect((await list()).body).toEqual([body[0]])
  app.clock.advance(HOUR)
  expect((await list()).body).toEqual([])
  const { body: log } = await app.ask('GET', '/auth/v1/admin/audit?query=action:logout', { token: app.admin })
  expect(log[0].payload.traits).toEqual({ session_id: body[1].id, user_ref: `work@${HEX}` })
})

test('only administrators list or end them', async () => {
  await using started = await start()
  const { app } = started
  const token = await tokenOf(app)
  const ada = await app.signUp()
  for (const shown of [token, ada.accessToken]) {
    expect((await app.ask('GET', SESSIONS, { token: shown })).status).toBe(403)
    expect((await app.ask('DELETE', `${SESSIONS}/${UUID}`, { token: shown })).status).toBe(403)
  }
})
