/** Token pairs, cookies and personal access tokens (docs/other-surfaces.md#native-clients, #personal-access-tokens). */
import { describe, expect, test } from 'bun:test'
import { DAY, MINUTE } from '../../../src/lib/milliseconds'
import { PASSWORD, refresh, startApp, type TestApp } from '../../support/app'
import { countRows, readRows } from '../../support/database'
import { protectedAccount } from '../../support/factors'
import { cookieOf, get, JSON_TYPE, login, mint, minted, ORIGIN, post } from '../../support/native'
import { codeAt } from '../../support/totp'

const refused = (code: string, status = 401) => ({ status, body: { error: code, message: expect.any(String) } })

describe('token pairs', () => {
  test('mint with right credentials', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const { status, body, headers } = await mint(app, email)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      tokenType: 'Bearer',
      accessToken: expect.stringMatching(/^cat_[\w-]{65}$/),
      accessTokenExpiresAt: '2026-01-01T00:15:00.000Z',
      refreshToken: expect.stringMatching(/^crt_[\w-]{65}$/),
      refreshTokenExpiresAt: '2026-01-31T00:00:00.000Z',
    })
  })

  test('username may be given as email, and a uid or username as both', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const request = { grantType: 'password', password: PASSWORD }
    for (const named of [{ username: email.toUpperCase() }, { username: 'u1' }, { email: '1' }, { username: 'U1' }])
      expect(await post(app, '/token', { ...request, ...named })).toMatchObject({ status: 200 })
    for (const username of ['u2', '2', 'u01', '01x', '99999999999999999999', "' OR 1=1"])
      expect(await post(app, '/token', { ...request, username })).toMatchObject(refused('invalid_credentials'))
  })

  test('mint with wrong password', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    expect(await mint(app, email, { password: 'wrong' })).toMatchObject(refused('invalid_credentials'))
  })

  test('mint for unknown account looks the same', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const wrong = await mint(app, email, { password: 'wrong' })
    const compared = app.hasher.verified.length
    const unknown = await mint(app, 'nobody@example.com', { password: 'wrong' })
    expect(app.hasher.verified).toHaveLength(compared + 1)
    expect([unknown.status, unknown.text]).toEqual([wrong.status, wrong.text])
  })

  test('unsupported grant', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    expect(await mint(app, email, { grantType: 'magic' })).toMatchObject(refused('unsupported_grant_type', 400))
    for (const body of [{}, { grantType: 'password' }, { grantType: 'password', email }, { email, password: PASSWORD }])
      expect(await post(app, '/token', body)).toMatchObject(refused('invalid_request', 400))
    for (const raw of ['', '[]', '{"grantType":1}', '{'])
      expect(await app.ask('POST', '/api/auth/token', { raw })).toMatchObject(refused('invalid_request', 400))
  })

  test('mint is rate limited', async () => {
    await using app = await startApp({ settings: { AUTH_RATE_LIMITS: 'on' } })
    const { email } = await app.signUp()
    const answers = []
    for (let guess = 0; guess < 25; guess++) answers.push(await mint(app, email, { password: 'wrong' }))
    const last = answers.at(-1)
    expect(last).toMatchObject(refused('rate_limited', 429))
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('refresh rotates', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const first = await minted(app, email)
    const { status, body } = await post(app, '/refresh', { refreshToken: first.refreshToken })
    expect(status).toBe(200)
    expect(body.accessToken).not.toBe(first.accessToken)
    expect(body.refreshToken).not.toBe(first.refreshToken)
    expect(await get(app, '/me', { token: body.accessToken })).toMatchObject({ status: 200, body: { email } })
  })

  test('old access token of a rotated pair still lives to its expiry', async () => {
    await using app = await startApp()
    const first = await minted(app, (await app.signUp()).email)
    app.clock.advance(10 * MINUTE)
    await post(app, '/refresh', { refreshToken: first.refreshToken })
    app.clock.advance(5 * MINUTE - 1)
    expect((await get(app, '/me', { token: first.accessToken })).status).toBe(200)
    app.clock.advance(1)
    expect(await get(app, '/me', { token: first.accessToken })).toMatchObject(refused('invalid_token'))
  })

  test('refresh reuse burns the family', async () => {
    await using app = await startApp()
    const { email, accessToken } = await app.signUp()
    const first = await minted(app, email)
    const { body: second } = await post(app, '/refresh', { refreshToken: first.refreshToken })
    expect(await post(app, '/refresh', { refreshToken: first.refreshToken })).toMatchObject(
      refused('invalid_refresh_token'),
    )
    for (const token of [first.accessToken, second.accessToken])
      expect(await get(app, '/me', { token })).toMatchObject(refused('invalid_token'))
    expect((await get(app, '/me', { token: accessToken })).status).toBe(200)
  })

  test('burned family cannot refresh, nor after a restart', async () => {
    await using app = await startApp()
    const first = await minted(app, (await app.signUp()).email)
    const { body: second } = await post(app, '/refresh', { refreshToken: first.refreshToken })
    await post(app, '/refresh', { refreshToken: first.refreshToken })
    for (const refreshToken of [second.refreshToken, first.refreshToken])
      expect(await post(app, '/refresh', { refreshToken })).toMatchObject(refused('invalid_refresh_token'))
  })

  test('of two concurrent refreshes one wins and the other counts as reuse', async () => {
    await using app = await startApp()
    const first = await minted(app, (await app.signUp()).email)
    const { refreshToken } = first
    const both = await Promise.all([post(app, '/refresh', { refreshToken }), post(app, '/refresh', { refreshToken })])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401])
    const winner = both.find(({ status }) => status === 200)
    expect((await get(app, '/me', { token: winner?.body.accessToken })).status).toBe(401)
  })

  test('expired refresh is refused without burning', async () => {
    await using app = await startApp({ settings: { AUTH_REFRESH_TOKEN_TTL_SECONDS: '600' } })
    const first = await minted(app, (await app.signUp()).email)
    app.clock.advance(10 * MINUTE)
    const expired = await post(app, '/refresh', { refreshToken: first.refreshToken })
    expect(expired).toMatchObject(refused('invalid_refresh_token'))
    expect((await get(app, '/me', { token: first.accessToken })).status).toBe(200)
    for (const refreshToken of ['crt_', `crt_${'A'.repeat(65)}`, `${first.refreshToken}x`, first.accessToken, ''])
      expect((await post(app, '/refresh', { refreshToken })).text).toBe(expired.text)
  })

  test('bearer works on a domain endpoint', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const { accessToken: token } = await minted(app, email)
    expect(await app.ask('GET', '/auth/v1/user', { token })).toMatchObject({ status: 200, body: { email } })
    expect((await app.ask('GET', '/auth/v1/sessions', { token })).body).toHaveLength(2)
    const data = { data: { colour: 'red' } }
    expect((await app.ask('PUT', '/auth/v1/user', { token, body: data })).status).toBe(200)
    expect((await app.ask('GET', '/auth/v1/admin/users', { token })).status).toBe(403)
  })

  test('two bearers are isolated', async () => {
    await using app = await startApp()
    const [ada, bob] = [await app.signUp(), await app.signUp()]
    const [one, other] = [await minted(app, ada.email), await minted(app, bob.email)]
    expect((await get(app, '/me', { token: one.accessToken })).body.email).toBe(ada.email)
    await post(app, '/logout', undefined, { token: one.accessToken })
    expect((await get(app, '/me', { token: one.accessToken })).status).toBe(401)
    expect((await get(app, '/me', { token: other.accessToken })).body.email).toBe(bob.email)
  })

  test('expired access token refused', async () => {
    await using app = await startApp()
    const { accessToken: token } = await minted(app, (await app.signUp()).email)
    app.clock.advance(15 * MINUTE)
    expect(await get(app, '/me', { token })).toMatchObject(refused('invalid_token'))
    expect((await app.ask('GET', '/auth/v1/user', { token })).status).toBe(403)
  })

  test('revoked access token refused', async () => {
    await using app = await startApp()
    const { accessToken: token, refreshToken } = await minted(app, (await app.signUp()).email)
    const out = await post(app, '/logout', { refreshToken })
    expect([out.status, out.text]).toEqual([204, ''])
    expect(await get(app, '/me', { token })).toMatchObject(refused('invalid_token'))
    expect(await post(app, '/logout', { refreshToken })).toMatchObject(refused('invalid_refresh_token'))
  })

  test('malformed bearer refused', async () => {
    await using app = await startApp()
    const { accessToken } = await minted(app, (await app.signUp()).email)
    const flipped = accessToken.slice(0, -2) + (accessToken.at(-2) === 'A' ? 'B' : 'A') + accessToken.at(-1)
    for (const token of ['cat_', 'cat_x', `${accessToken}x`, flipped, 'xyz_abc', 'carol_pat_', 'fed_1', 'a.b.c'])
      expect(await get(app, '/me', { token })).toMatchObject(refused('invalid_token'))
    expect(await get(app, '/me')).toMatchObject(refused('invalid_token'))
  })

  test('access tokens, refresh tokens and cookies are not interchangeable, and no surface accepts another’s refresh token', async () => {
    await using app = await startApp()
    const ada = await app.signUp()
    const pair = await minted(app, ada.email)
    const signedIn = await login(app, ada.email)
    const cookie = cookieOf(signedIn.headers).split('=')[1] ?? ''
    for (const token of [pair.refreshToken, signedIn.body.refresh_token, cookie, ada.refreshToken])
      expect((await get(app, '/me', { token })).status).toBe(401)
    // threat T20
    for (const refreshToken of [ada.refreshToken, signedIn.body.refresh_token, pair.accessToken])
      expect((await post(app, '/refresh', { refreshToken })).status).toBe(401)
    for (const refresh_token of [ada.refreshToken, pair.refreshToken])
      expect((await post(app, '/refresh', { refresh_token })).status).toBe(401)
    for (const refresh_token of [pair.refreshToken, signedIn.body.refresh_token])
      expect(
        (await app.ask('POST', '/auth/v1/token?grant_type=refresh_token', { body: { refresh_token } })).status,
      ).toBe(400)
    expect((await post(app, '/refresh', { refreshToken: pair.refreshToken })).status).toBe(200)
  })

  test('the database contains no plaintext token, and expired ones are removed', async () => {
    await using app = await startApp()
    const pair = await minted(app, (await app.signUp()).email)
    const rows = JSON.stringify(await readRows(app.database, 'SELECT * FROM session_tokens'))
    for (const token of [pair.accessToken, pair.refreshToken]) expect(rows).not.toContain(token.slice(-43))
    app.clock.advance(32 * DAY)
    expect(await app.core.forTask().sweep()).toMatchObject({ sessionTokens: 2 })
    expect(await countRows(app.database, 'session_tokens')).toBe(0)
  })
})

describe('what ends a family', () => {
  test.each(['password', 'ban', 'delete', 'sessions'])('%s', async (how) => {
    await using app = await startApp()
    const ada = await app.signUp()
    const pair = await minted(app, ada.email)
    const admin = { token: app.admin }
    if (how === 'password')
      await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: 'another-horse-7' } })
    if (how === 'ban') {
      await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { ...admin, body: { ban_duration: '1h' } })
      await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { ...admin, body: { ban_duration: 'none' } })
    }
    if (how === 'delete') await app.ask('DELETE', '/auth/v1/user', { token: ada.accessToken })
    if (how === 'sessions') {
      const { body } = await app.ask('GET', '/auth/v1/sessions', { token: pair.accessToken })
      const { id } = body.find((session: { current: boolean }) => session.current)
      await app.ask('DELETE', `/auth/v1/sessions/${id}`, { token: ada.accessToken })
    }
    expect((await get(app, '/me', { token: pair.accessToken })).status).toBe(401)
    expect(await post(app, '/refresh', { refreshToken: pair.refreshToken })).toMatchObject(
      refused('invalid_refresh_token'),
    )
  })

  test('with one session per user, the one used last can be refreshed, whatever surface it started on', async () => {
    await using app = await startApp({ settings: { AUTH_SESSIONS_SINGLE_PER_USER: 'true' } })
    const ada = await app.signUp()
    app.clock.advance(MINUTE)
    const { refreshToken } = await minted(app, ada.email)
    expect((await refresh(app, ada.refreshToken)).status).toBe(400)
    app.clock.advance(MINUTE)
    const { body: session } = await login(app, ada.email)
    expect(await post(app, '/refresh', { refreshToken })).toMatchObject(refused('invalid_refresh_token'))
    await post(app, '/logout', { refresh_token: session.refresh_token })
    expect((await post(app, '/refresh', { refreshToken })).status).toBe(200)
  })
})

describe('the session cookie', () => {
  test('cookie session still works and needs no bearer', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const { headers } = await login(app, email)
    expect(headers.get('set-cookie')).toMatch(
      /^latchkey_session=csn_[\w-]{65}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=2592000$/,
    )
    const cookie = cookieOf(headers)
    const ownPages: Record<string, string>[] = [{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]
    for (const more of ownPages)
      expect(await get(app, '/me', { headers: { cookie, ...more } })).toMatchObject({ status: 200, body: { email } })
    const fromPage = { headers: { cookie, origin: ORIGIN, ...JSON_TYPE } }
    expect((await app.ask('PUT', '/auth/v1/user', { ...fromPage, body: { data: { a: 1 } } })).status).toBe(200)
    const out = await post(app, '/logout', undefined, { headers: { cookie, origin: ORIGIN } })
    expect([out.status, out.headers.get('set-cookie')]).toEqual([
      204,
      'latchkey_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
    ])
    expect((await get(app, '/me', { headers: { cookie } })).status).toBe(401)
  })

  test('signing out clears it if it is no longer valid', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const cookie = cookieOf((await login(app, email)).headers)
    app.clock.advance(31 * 86_400_000)
    for (const each of [cookie, 'latchkey_session=csn_nonsense']) {
      const out = await post(app, '/logout', undefined, { headers: { cookie: each, origin: ORIGIN } })
      expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
    }
  })

  test('signing out with a token also ends the session of the cookie, only on a page of the same origin', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const cookie = cookieOf((await login(app, email)).headers)
    const alive = async () => (await get(app, '/me', { headers: { cookie } })).status
    const { body: first } = await login(app, email)
    const elsewhere = { headers: { cookie, origin: 'http://localhost:7021' } }
    const there = await post(app, '/logout', { refresh_token: first.refresh_token }, elsewhere)
    expect([there.status, there.headers.get('set-cookie'), await alive()]).toEqual([200, null, 200])
    const { body: second } = await login(app, email)
    const here = await post(app, '/logout', undefined, {
      token: second.access_token,
      headers: { cookie, origin: ORIGIN },
    })
    expect([here.status, here.headers.get('set-cookie'), await alive()]).toEqual([
      ...[200, expect.stringContaining('Max-Age=0'), 401],
    ])
  })

  test('with https it has the __Host- prefix and is Secure', async () => {
    await using app = await startApp({ settings: { AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1' } })
    const { email } = await app.signUp()
    const { headers } = await login(app, email)
    expect(headers.get('set-cookie')).toMatch(/^__Host-latchkey_session=.*; Secure$/)
    const cookie = cookieOf(headers)
    expect((await get(app, '/me', { headers: { cookie } })).status).toBe(200)
    expect((await get(app, '/me', { headers: { cookie: cookie.replace('__Host-', '') } })).status).toBe(401)
  })

  test('threat T55: no page of another origin can use it', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const cookie = cookieOf((await login(app, email)).headers)
    const rejected = refused('csrf_rejected', 403)
    for (const site of ['cross-site', 'same-site', 'x'])
      expect(await get(app, '/me', { headers: { cookie, 'sec-fetch-site': site } })).toMatchObject(rejected)
    const requests: Record<string, string>[] = [
      { origin: 'https://evil.example', ...JSON_TYPE },
      { origin: 'null', ...JSON_TYPE },
      { origin: 'http://localhost:7021', ...JSON_TYPE },
      { 'sec-fetch-site': 'cross-site', ...JSON_TYPE },
      { 'sec-fetch-site': 'same-origin', ...JSON_TYPE },
      { origin: ORIGIN, 'content-type': 'text/plain' },
      { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
    ]
    for (const headers of requests)
      expect(await post(app, '/tokens', { name: 'x' }, { headers: { cookie, ...headers } })).toMatchObject(rejected)
    expect((await post(app, '/tokens', { name: 'x' }, { headers: { cookie, origin: ORIGIN } })).status).toBe(201)
  })

  test('is ignored beside an Authorization header', async () => {
    await using app = await startApp()
    const cookie = cookieOf((await login(app, (await app.signUp()).email)).headers)
    const bob = await app.signUp()
    const { body } = await get(app, '/me', {
      token: bob.accessToken,
      headers: { cookie, 'sec-fetch-site': 'cross-site' },
    })
    expect(body.email).toBe(bob.email)
    expect((await get(app, '/me', { token: 'cat_x', headers: { cookie } })).status).toBe(401)
  })

  test('is not set for a page of another origin, which could sign a visitor in as someone else', async () => {
    await using app = await startApp()
    const { email } = await app.signUp()
    const foreign: Record<string, string>[] = [{ origin: 'https://evil.example' }, { 'content-type': 'text/plain' }]
    for (const headers of foreign) {
      const answer = await login(app, email, {}, { headers })
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null])
    }
  })
})

describe('personal access tokens', () => {
  const create = async (app: Awaited<ReturnType<typeof startApp>>, token: string, body: object = { name: 'script' }) =>
    post(app, '/tokens', body, { token })

  test('are shown once, listed without the secret, used, and revoked', async () => {
    await using app = await startApp()
    const ada = await app.signUp()
    const made = await create(app, ada.accessToken)
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: expect.any(String),
        name: 'script',
        token: expect.stringMatching(/^carol_pat_[\w-]{65}$/),
        createdAt: '2026-01-01T00:00:00.000Z',
        expiresAt: null,
        lastUsedAt: null,
      },
    ])
    const { token, ...shown } = made.body
    app.clock.advance(DAY)
    expect(await get(app, '/me', { token })).toMatchObject({ status: 200, body: { email: ada.email } })
    expect((await app.ask('GET', '/auth/v1/user', { token })).status).toBe(200)
    const listed = await get(app, '/tokens', { token })
    expect(listed.body).toEqual([{ ...shown, lastUsedAt: '2026-01-02T00:00:00.000Z' }])
    const { accessToken } = await app.signIn(ada.email)
    expect((await app.ask('DELETE', `/api/auth/tokens/${shown.id}`, { token: accessToken })).status).toBe(204)
    expect((await get(app, '/me', { token })).status).toBe(401)
    expect(await app.ask('DELETE', `/api/auth/tokens/${shown.id}`, { token: accessToken })).toMatchObject(
      refused('not_found', 404),
    )
  })

  test('expire as requested, which must be in the future', async () => {
    await using app = await startApp()
    const ada = await app.signUp()
    const { body } = await create(app, ada.accessToken, { name: 'x', expiresAt: '2026-01-01T01:00:00Z' })
    app.clock.advance(60 * MINUTE - 1)
    expect((await get(app, '/me', { token: body.token })).status).toBe(200)
    app.clock.advance(1)
    expect((await get(app, '/me', { token: body.token })).status).toBe(401)
    const bob = await app.signUp()
    for (const wrong of [{ name: 'x', expiresAt: '2026-01-01' }, { name: 'x', expiresAt: 'soon' }, { name: ' ' }, {}])
      expect(await create(app, bob.accessToken, wrong)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      })
  })

  test('of other users are not found', async () => {
    await using app = await startApp()
    const [ada, bob] = [await app.signUp(), await app.signUp()]
    const { body } = await create(app, ada.accessToken)
    expect(await app.ask('DELETE', `/api/auth/tokens/${body.id}`, { token: bob.accessToken })).toMatchObject(
      refused('not_found', 404),
    )
    expect((await get(app, '/tokens', { token: bob.accessToken })).body).toEqual([])
    expect((await get(app, '/me', { token: body.token })).status).toBe(200)
  })

  test('cannot create tokens, change credentials, delete the account or end sessions', async () => {
    await using app = await startApp()
    const ada = await app.signUp()
    const { body } = await create(app, ada.accessToken)
    const { token } = body
    const attempts: [string, string, object?][] = [
      ['POST', '/api/auth/tokens', { name: 'more' }],
      ['DELETE', `/api/auth/tokens/${body.id}`],
      ['POST', '/api/auth/logout'],
      ['POST', '/api/auth/email/change/request', { new_email: 'new@example.com' }],
      ['PUT', '/auth/v1/user', { password: 'another-horse-7' }],
      ['PUT', '/auth/v1/user', { email: 'new@example.com' }],
      ['DELETE', '/auth/v1/user'],
      ['POST', '/auth/v1/logout'],
      ['DELETE', `/auth/v1/sessions/${ada.sessionId}`],
      ['POST', '/auth/v1/factors', { factor_type: 'totp', friendly_name: 'x' }],
      ['POST', '/auth/v1/factors/recovery-codes', {}],
      ['POST', '/auth/v1/passkeys/registration/options', {}],
    ]
    for (const [method, path, sent] of attempts)
      expect([path, (await app.ask(method, path, { token, ...(sent && { body: sent }) })).status]).toEqual([path, 403])
    expect((await get(app, '/me', { token: ada.accessToken })).body.email).toBe(ada.email)
  })

  test('need aal2 if there is a second factor, and give no access to the admin API', async () => {
    await using app = await startApp()
    const ada = await protectedAccount(app)
    const pair = await mint(app, ada.email, { code: codeAt(ada.factor.secret, app.clock.now()) })
    expect(pair.status).toBe(200)
    expect((await create(app, pair.body.accessToken)).status).toBe(201)
    const made = await create(app, ada.raised.accessToken)
    await app.store.grantRole({ userId: ada.id, role: 'admin', now: 1 })
    expect((await app.ask('GET', '/auth/v1/admin/users', { token: ada.raised.accessToken })).status).toBe(200)
    expect((await app.ask('GET', '/auth/v1/admin/users', { token: made.body.token })).status).toBe(403)
  })

  test('are revoked by a change of the password', async () => {
    await using app = await startApp()
    const ada = await app.signUp()
    const { body } = await create(app, ada.accessToken)
    await app.ask('PUT', '/auth/v1/user', { token: ada.accessToken, body: { password: 'another-horse-7' } })
    expect((await get(app, '/me', { token: body.token })).status).toBe(401)
  })
})

describe('a refresh whose answer never reached the client', () => {
  const surfaces = [
    ['native', 'refreshToken', async (app: TestApp) => (await minted(app, EMAIL)).refreshToken],
    ['service', 'refresh_token', async (app: TestApp) => (await login(app, EMAIL)).body.refresh_token as string],
  ] as const
  const EMAIL = 'ada@example.com'

  async function lost(app: TestApp, key: string, token: string) {
    const gone = new AbortController()
    gone.abort()
    const { status, body } = await post(app, '/refresh', { [key]: token }, { signal: gone.signal })
    expect(status).toBe(200)
    return body[key] as string
  }

  test.each(surfaces)('can be repeated: %s', async (_name, key, begin) => {
    await using app = await startApp()
    await app.signUp(EMAIL)
    const first = await begin(app)
    const unseen = await lost(app, key, first)
    const again = await post(app, '/refresh', { [key]: first })
    expect(again.status).toBe(200)
    // Tokens that were never received do not work, and do no harm.
    expect(again.body[key]).not.toBe(unseen)
    const { status, body } = await post(app, '/refresh', { [key]: again.body[key] })
    expect(status).toBe(200)
    expect((await post(app, '/refresh', { [key]: unseen })).status).toBe(401)
    expect((await post(app, '/refresh', { [key]: body[key] })).status).toBe(200)
    // The first one has been used by now: from here on its reuse indicates theft.
    expect((await post(app, '/refresh', { [key]: first })).status).toBe(401)
    expect((await post(app, '/refresh', { [key]: body[key] })).status).toBe(401)
  })

  test.each(surfaces)('but not after ten seconds: %s', async (_name, key, begin) => {
    await using app = await startApp()
    await app.signUp(EMAIL)
    const first = await begin(app)
    await lost(app, key, first)
    app.clock.advance(10_000)
    expect((await post(app, '/refresh', { [key]: first })).status).toBe(401)
  })

  test.each(surfaces)('but not if its tokens were used after all: %s', async (_name, key, begin) => {
    await using app = await startApp()
    await app.signUp(EMAIL)
    const first = await begin(app)
    const { body } = await post(app, '/refresh', { [key]: await lost(app, key, first) })
    expect((await post(app, '/refresh', { [key]: first })).status).toBe(401)
    expect((await post(app, '/refresh', { [key]: body[key] })).status).toBe(401)
  })

  test.each(surfaces)('can be lost twice: %s', async (_name, key, begin) => {
    await using app = await startApp()
    await app.signUp(EMAIL)
    const first = await begin(app)
    await lost(app, key, first)
    await lost(app, key, first)
    expect((await post(app, '/refresh', { [key]: first })).status).toBe(200)
  })
})
