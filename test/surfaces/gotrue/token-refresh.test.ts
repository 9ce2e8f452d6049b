import { expect, test } from 'bun:test'
import { IMPORTED_COUNTER, importedTokenHash } from '../../../src/core/sessions/refresh'
import { encodeRefreshToken } from '../../../src/core/tokens/refresh-token'
import { DAY, HOUR, SECOND } from '../../../src/lib/milliseconds'
import { claimsOf, PASSWORD, refresh, startApp, type TestApp } from '../../support/app'
import { storedBytes } from '../../support/database'

const used = { code: 'refresh_token_already_used', message: 'Invalid Refresh Token: Already Used' }
const unknown = { code: 'refresh_token_not_found', message: 'Invalid Refresh Token: Refresh Token Not Found' }

test('a refresh keeps the session, rotates the token and issues a new JWT', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  app.clock.advance(10 * SECOND)
  const { status, body, headers } = await refresh(app, ada.refreshToken)
  expect(status).toBe(200)
  expect(headers.get('sb-auth-refresh-token-counter')).toBe('1')
  expect(body.refresh_token).not.toBe(ada.refreshToken)
  expect(claimsOf(body.access_token)).toMatchObject({ session_id: ada.sessionId, amr: claimsOf(ada.accessToken).amr })
  expect(claimsOf(body.access_token).iat).toBe(claimsOf(ada.accessToken).iat + 10)
})

test('threat T16: the parent of the live token gets the same successor again, 1 s, 1 h and 20 days later', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { body } = await refresh(app, ada.refreshToken)
  for (const wait of [SECOND, HOUR, 20 * DAY]) {
    app.clock.advance(wait)
    const again = await refresh(app, ada.refreshToken)
    expect([again.status, again.body.refresh_token]).toEqual([200, body.refresh_token])
  }
})

test('threat T15: 50 parallel refreshes of one token give one successor to all', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const replies = await Promise.all(Array.from({ length: 50 }, () => refresh(app, ada.refreshToken)))
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(replies.map(({ body }) => body.refresh_token)).size).toBe(1)
})

test('threat T17: reuse of the parent, once its child was used, ends the session permanently', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const { body: child } = await refresh(app, ada.refreshToken)
  const { body: grandchild } = await refresh(app, child.refresh_token)
  expect((await refresh(app, ada.refreshToken)).body).toEqual(used)
  for (const token of [child.refresh_token, grandchild.refresh_token, ada.refreshToken])
    expect((await refresh(app, token)).body).toEqual(unknown)
  expect((await app.ask('GET', '/auth/v1/user', { token: grandchild.access_token })).body.code).toBe(
    'session_not_found',
  )
  app.clock.jump(-DAY)
  expect((await refresh(app, grandchild.refresh_token)).body).toEqual(unknown)
})

test('a reuse interval accepts older tokens until it ends, and no longer', async () => {
  await using app = await startApp({ settings: { GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL: '10' } })
  const ada = await app.signUp()
  const { body: child } = await refresh(app, ada.refreshToken)
  const { body: grandchild } = await refresh(app, child.refresh_token)
  app.clock.advance(9 * SECOND)
  expect((await refresh(app, ada.refreshToken)).body.refresh_token).toBe(grandchild.refresh_token)
  app.clock.advance(SECOND)
  expect((await refresh(app, ada.refreshToken)).body).toEqual(used)
  expect((await refresh(app, grandchild.refresh_token)).body).toEqual(unknown)
})

test('without rotation reuse is refused and the session stays', async () => {
  await using app = await startApp({ settings: { AUTH_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED: 'false' } })
  const ada = await app.signUp()
  const { body: child } = await refresh(app, ada.refreshToken)
  const { body: grandchild } = await refresh(app, child.refresh_token)
  expect((await refresh(app, ada.refreshToken)).body).toEqual(used)
  expect((await refresh(app, grandchild.refresh_token)).status).toBe(200)
})

test('malformed, forged and future tokens are refused without effect', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const eve = await app.signUp()
  const malformed = { code: 'validation_failed', message: 'Refresh token is not valid' }
  for (const token of [
    '',
    'x',
    'abcdefghijk',
    'ABCDEFGHIJKL',
    "' OR 1=1 --",
    ada.accessToken,
    `${ada.refreshToken}A`,
    ada.refreshToken.slice(0, -1),
  ])
    expect((await refresh(app, token)).body).toEqual(malformed)
  expect((await refresh(app, 'abcdefghijkl')).body).toEqual(unknown)
  const wrongKey = encodeRefreshToken(ada.sessionId, 0, Buffer.alloc(32))
  expect((await refresh(app, wrongKey)).body).toEqual(unknown)
  const bits = Buffer.from(ada.refreshToken, 'base64url')
  for (let index = 0; index < bits.length; index++) {
    const flipped = Buffer.from(bits)
    flipped[index] = (flipped[index] as number) ^ 1
    expect((await refresh(app, flipped.toString('base64url'))).status).toBe(400)
  }
  expect((await refresh(app, ada.refreshToken)).status).toBe(200)
  expect((await refresh(app, eve.refreshToken)).status).toBe(200)
})

test('a counter beyond the newest is refused', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const row = await app.store.findSession(ada.sessionId)
  const key = app.sealer.open(
    row?.session.refreshTokenHmacKey ?? '',
    `sessions.refresh_token_hmac_key:${ada.sessionId}`,
  )
  const { status, body } = await refresh(app, encodeRefreshToken(ada.sessionId, 7, key))
  expect([status, body.message]).toEqual([400, 'Invalid Refresh Token: Not Issued By This Server'])
})

test('a refresh needs no bearer token, and ignores a wrong one', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  expect((await refresh(app, ada.refreshToken, { token: 'x.y.z' })).status).toBe(200)
})

test('threat T24: bans, deletions and sign-outs invalidate the refresh token', async () => {
  await using app = await startApp()
  const [banned, deleted, erased, out] = [
    await app.signUp(),
    await app.signUp(),
    await app.signUp(),
    await app.signUp(),
  ]
  const admin = (method: string, id: string, body?: object) =>
    app.ask(method, `/auth/v1/admin/users/${id}`, { token: app.admin, body })
  await admin('PUT', banned.id, { ban_duration: '24h' })
  await admin('DELETE', deleted.id)
  await admin('DELETE', erased.id, { should_soft_delete: true })
  await app.ask('POST', '/auth/v1/logout', { token: out.accessToken })
  expect((await refresh(app, banned.refreshToken)).body).toEqual({
    code: 'user_banned',
    message: 'Invalid Refresh Token: User Banned',
  })
  for (const { refreshToken } of [deleted, erased, out])
    expect((await refresh(app, refreshToken)).body).toEqual(unknown)
  await admin('PUT', banned.id, { ban_duration: 'none' })
  expect((await refresh(app, banned.refreshToken)).body).toEqual(unknown)
})

test('threat T21: a refresh that races a sign-out never leaves a live token', async () => {
  await using app = await startApp()
  for (let round = 0; round < 20; round++) {
    const ada = await app.signUp()
    const [refreshed] = await Promise.all([
      refresh(app, ada.refreshToken),
      app.ask('POST', '/auth/v1/logout', { token: ada.accessToken }),
    ])
    if (refreshed.status === 200) {
      expect((await app.ask('GET', '/auth/v1/user', { token: refreshed.body.access_token })).body.code).toBe(
        'session_not_found',
      )
      expect((await refresh(app, refreshed.body.refresh_token)).body).toEqual(unknown)
    }
  }
})

test('a timebox and an inactivity limit end a session, each with its own message', async () => {
  await using app = await startApp({
    settings: { AUTH_SESSIONS_TIMEBOX: '24h', AUTH_SESSIONS_INACTIVITY_TIMEOUT: '2h' },
  })
  const idle = await app.signUp()
  const busy = await app.signUp()
  let token = busy.refreshToken
  for (let hours = 0; hours < 24; hours += 1) {
    const { body } = await refresh(app, token)
    token = body.refresh_token
    app.clock.advance(HOUR)
  }
  app.clock.advance(1)
  expect((await refresh(app, token)).body).toEqual({
    code: 'session_expired',
    message: 'Invalid Refresh Token: Session Expired',
  })
  const fresh = await app.signIn(idle.email)
  app.clock.advance(2 * HOUR + 1)
  expect((await refresh(app, fresh.refreshToken)).body.message).toBe(
    'Invalid Refresh Token: Session Expired (Inactivity)',
  )
})

test('the next token has the current role and metadata', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, {
    token: app.admin,
    body: { role: 'editor', app_metadata: { plan: 'gold' } },
  })
  const { body } = await refresh(app, ada.refreshToken)
  expect(claimsOf(body.access_token)).toMatchObject({
    role: 'editor',
    app_metadata: { plan: 'gold', provider: 'email' },
  })
})

/** A session as imported from GoTrue: tokens of the older format, stored as hashes. */
async function importSession(
  app: TestApp,
  tokens: { token: string; parent?: string; revoked: boolean }[],
  { hasKey = true } = {},
) {
  const ada = await app.signUp()
  const row = await app.store.findSession(ada.sessionId)
  if (!row) throw new Error('no session')
  const hash = (token: string) => importedTokenHash(Buffer.from(app.secrets.tokenPepper), token)
  const id = crypto.randomUUID()
  await app.store.importSession({
    session: {
      session: {
        ...row.session,
        id,
        refreshTokenCounter: IMPORTED_COUNTER,
        refreshTokenHmacKey: hasKey
          ? app.sealer.seal(crypto.getRandomValues(new Uint8Array(32)), `sessions.refresh_token_hmac_key:${id}`)
          : '',
      },
      method: 'password',
      network: undefined,
    },
    tokens: tokens.map(({ token, parent, revoked }) => ({
      tokenHash: hash(token),
      parentHash: parent === undefined ? null : hash(parent),
      revoked,
    })),
  })
  return id
}

const IMPORTED = [
  { token: 'aaaaaaaaaaaa', revoked: true },
  { token: 'bbbbbbbbbbbb', parent: 'aaaaaaaaaaaa', revoked: true },
  { token: 'cccccccccccc', parent: 'bbbbbbbbbbbb', revoked: false },
]

test('an imported token works once, and again while its successor is unused', async () => {
  await using app = await startApp()
  const id = await importSession(app, IMPORTED)
  const first = await refresh(app, 'cccccccccccc')
  expect(claimsOf(first.body.access_token).session_id).toBe(id)
  expect((await refresh(app, 'cccccccccccc')).body.refresh_token).toBe(first.body.refresh_token)
  expect((await refresh(app, 'bbbbbbbbbbbb')).body.refresh_token).toBe(first.body.refresh_token)
  expect((await refresh(app, first.body.refresh_token)).status).toBe(200)
  expect((await refresh(app, 'cccccccccccc')).body).toEqual(used)
  expect((await refresh(app, first.body.refresh_token)).body).toEqual(unknown)
})

test('an imported token older than the parent of the live one ends the session', async () => {
  await using app = await startApp()
  await importSession(app, IMPORTED)
  expect((await refresh(app, 'aaaaaaaaaaaa')).body).toEqual(used)
  expect((await refresh(app, 'cccccccccccc')).body).toEqual(unknown)
})

test('a session without a key gets one at the first refresh, also if two come at once', async () => {
  await using app = await startApp()
  const id = await importSession(app, IMPORTED, { hasKey: false })
  const forged = encodeRefreshToken(id, 0, Buffer.alloc(32))
  expect((await refresh(app, forged)).body).toEqual(unknown)
  const [one, other] = await Promise.all([refresh(app, 'cccccccccccc'), refresh(app, 'bbbbbbbbbbbb')])
  expect([one.status, other.body.refresh_token]).toEqual([200, one.body.refresh_token])
  expect((await refresh(app, one.body.refresh_token)).status).toBe(200)
})

test('the database contains no plaintext token, password or key', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  await importSession(app, IMPORTED)
  const content = (await storedBytes(app.database)).toString('latin1')
  for (const secret of [ada.refreshToken, ada.accessToken, PASSWORD, 'cccccccccccc', app.keys.secret])
    expect(content.includes(secret)).toBe(false)
})
