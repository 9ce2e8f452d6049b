/** A server on the database of GoTrue, with the rows that it left (docs/decisions.md#d36, #d37). */
import { beforeAll, describe, expect, spyOn, test } from 'bun:test'
import { createCipheriv, hkdfSync } from 'node:crypto'
import { SQL } from 'bun'
import { claimsOf, PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import { authenticator } from '../../support/authenticator'
import { custom, OAUTH2 } from '../../support/custom-provider'
import { challenge, enrolled, pass, refusal, verify } from '../../support/factors'
import { outdatedHash } from '../../support/fakes'
import {
  gotrueFactor,
  gotrueRefreshToken,
  gotrueSession,
  gotrueToken,
  gotrueTokenHash,
  gotrueUser,
} from '../../support/gotrue-rows'
import { get, post } from '../../support/native'
import { hasPostgres, postgresDatabase } from '../../support/postgres'

const KEY = Buffer.alloc(32, 9)
const SETTINGS = {
  AUTH_JWT_SECRET: 's'.repeat(40),
  AUTH_ENCRYPTION_KEY: Buffer.alloc(32, 3).toString('hex'),
  GOTRUE_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS: `k1:${KEY.toString('base64url')}`,
}

interface Server extends AsyncDisposable {
  app: TestApp
  db: SQL
}

async function start(settings: Record<string, string> = {}): Promise<Server> {
  const database = await postgresDatabase()
  const db = new SQL(database.url, { max: 2 })
  const app = await startApp({ settings: { ...SETTINGS, AUTH_DATABASE_URL: database.url, ...settings } })
  return {
    app,
    db,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await db.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** As GoTrue encrypts a secret of a row. */
function encrypted(text: string, rowId: string): string {
  const nonce = Buffer.alloc(12, 1)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', KEY, '', rowId, 32)), nonce)
  const data = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return JSON.stringify({
    key_id: 'k1',
    alg: 'aes-gcm-hkdf',
    data: data.toString('base64'),
    nonce: nonce.toString('base64'),
  })
}

const signIn = (app: TestApp, email: string) => passwordGrant(app, { email, password: PASSWORD })
const one = async (db: SQL, query: string, ...values: unknown[]) => (await db.unsafe(query, values))[0]

describe.skipIf(!hasPostgres)('rows of GoTrue', () => {
  beforeAll(async () => {
    await (await postgresDatabase())[Symbol.asyncDispose]()
  }, 60_000)

  test('a ban that was set in SQL and has run out has ended every token of before', async () => {
    await using server = await start()
    const { app, db } = server
    const ada = await app.signUp()
    const { body: service } = await post(app, '/login', { email: ada.email, password: PASSWORD })
    const { body: native } = await post(app, '/token', { grantType: 'password', email: ada.email, password: PASSWORD })
    const { body: personal } = await post(app, '/tokens', { name: 'ci' }, { token: ada.accessToken })
    const until = new Date(app.clock.now() + 60_000)
    await one(db, 'UPDATE auth.users SET banned_until = $1 WHERE id = $2', until, ada.id)
    app.clock.advance(61_000)
    for (const token of [ada.accessToken, service.access_token, native.accessToken, personal.token])
      expect((await get(app, '/me', { token })).status).toBe(401)
    for (const body of [{ refresh_token: service.refresh_token }, { refreshToken: native.refreshToken }])
      expect((await post(app, '/refresh', body)).status).toBe(401)
    expect((await refresh(app, ada.refreshToken)).body.code).toBe('refresh_token_not_found')
    const later = await post(app, '/token', { grantType: 'password', email: ada.email, password: PASSWORD })
    expect((await get(app, '/me', { token: later.body.accessToken })).status).toBe(200)
  })

  test('an account with an address in capitals signs in, and GoTrue can read it afterwards', async () => {
    await using server = await start()
    const { app, db } = server
    const id = await gotrueUser(db, { email: 'Ada@Example.com' })
    const { status, body } = await signIn(app, 'ada@example.com')
    expect([status, body.user.id, body.user.email]).toEqual([200, id, 'ada@example.com'])
    expect((await signIn(app, 'ADA@example.com')).status).toBe(200)
    const user = await one(db, 'SELECT * FROM auth.users WHERE id = $1', id)
    // The outdated hash was replaced, nothing else.
    expect(user.encrypted_password).toStartWith('fake$')
    expect(user).toMatchObject({
      email: 'Ada@Example.com',
      confirmation_token: '',
      recovery_token: '',
      email_change: '',
      phone_change: '',
      instance_id: '00000000-0000-0000-0000-000000000000',
    })
  })

  test('an account made in SQL, with NULL wherever it is allowed, signs in', async () => {
    await using server = await start()
    const { app, db } = server
    const missing = ['role', 'raw_app_meta_data', 'raw_user_meta_data', 'created_at', 'updated_at']
    const tokens = ['confirmation_token', 'recovery_token', 'email_change_token_new', 'email_change']
    const nulls = Object.fromEntries([...missing, ...tokens].map((column) => [column, null]))
    const id = await gotrueUser(db, { ...nulls, email: 'bare@example.com' })
    const { status, body } = await signIn(app, 'bare@example.com')
    expect(status).toBe(200)
    expect(body.user).toMatchObject({ id, role: '', app_metadata: {}, user_metadata: {} })
    const asked = await app.ask('GET', '/auth/v1/user', { token: body.access_token })
    expect(asked.status).toBe(200)
    expect((await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })).body.users).toHaveLength(1)
    const changed = { token: body.access_token, body: { data: { name: 'Bare' } } }
    expect((await app.ask('PUT', '/auth/v1/user', changed)).body.user_metadata).toEqual({ name: 'Bare' })
  })

  test.each(['null', '["a"]', '"text"'])('metadata that is %s counts as empty', async (json) => {
    await using server = await start()
    const { app, db } = server
    const id = await gotrueUser(db, { email: 'ada@example.com' })
    await db.unsafe('UPDATE auth.users SET raw_app_meta_data = $1::text::jsonb, raw_user_meta_data = $1::text::jsonb', [
      json,
    ])
    await db.unsafe(
      `INSERT INTO auth.identities (provider_id, user_id, identity_data, provider) VALUES ('1', $1, $2::text::jsonb, 'github')`,
      [id, json],
    )
    const { status, body } = await signIn(app, 'ada@example.com')
    expect(status).toBe(200)
    expect(body.user).toMatchObject({ app_metadata: {}, user_metadata: {}, identities: [{ id: '1' }] })
    const listed = await app.ask('GET', '/auth/v1/admin/users', { token: app.admin })
    expect([listed.status, listed.body.users.length]).toEqual([200, 1])
    const changed = { token: body.access_token, body: { data: { name: 'Ada' } } }
    expect((await app.ask('PUT', '/auth/v1/user', changed)).body.user_metadata).toEqual({ name: 'Ada' })
  })

  test('an account without an audience is not found, as by GoTrue', async () => {
    await using server = await start()
    await gotrueUser(server.db, { aud: null, email: 'bare@example.com' })
    expect(refusal(await signIn(server.app, 'bare@example.com'))).toEqual([400, 'invalid_credentials'])
  })

  test('a password hash that GoTrue encrypted is verified, and replaced by one in plaintext', async () => {
    await using server = await start()
    const { app, db } = server
    const id = crypto.randomUUID()
    await gotrueUser(db, { id, email: 'ada@example.com', encrypted_password: encrypted(outdatedHash(PASSWORD), id) })
    expect((await passwordGrant(app, { email: 'ada@example.com', password: 'another-1' })).status).toBe(400)
    expect((await signIn(app, 'ada@example.com')).status).toBe(200)
    const { encrypted_password: hash } = await one(db, 'SELECT encrypted_password FROM auth.users WHERE id = $1', id)
    expect(hash).toStartWith('fake$')
  })

  test('a hash encrypted with a key that the server lacks fails the request', async () => {
    await using server = await start({ GOTRUE_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS: '' })
    const { app, db } = server
    const id = crypto.randomUUID()
    await gotrueUser(db, { id, email: 'ada@example.com', encrypted_password: encrypted(outdatedHash(PASSWORD), id) })
    expect((await signIn(app, 'ada@example.com')).status).toBe(500)
    expect(JSON.stringify(app.log())).toContain('add it to AUTH_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS')
  })

  test('a refresh token of version 1 is exchanged for one of version 2, and its family ends', async () => {
    await using server = await start()
    const { app, db } = server
    const userId = await gotrueUser(db)
    const sessionId = await gotrueSession(db, userId, { aal: null })
    await gotrueRefreshToken(db, { userId, sessionId, token: 'aaaaaaaaaaaa', revoked: true })
    await gotrueRefreshToken(db, { userId, sessionId, token: 'bbbbbbbbbbbb', parent: 'aaaaaaaaaaaa', revoked: true })
    await gotrueRefreshToken(db, { userId, sessionId, token: 'cccccccccccc', parent: 'bbbbbbbbbbbb' })
    const first = await refresh(app, 'cccccccccccc')
    expect(first.status).toBe(200)
    expect(claimsOf(first.body.access_token)).toMatchObject({ session_id: sessionId, sub: userId, aal: 'aal1' })
    const tokens = await db.unsafe('SELECT DISTINCT revoked FROM auth.refresh_tokens')
    expect([...tokens]).toEqual([{ revoked: true }])
    const { refresh_token_counter: counter, refresh_token_hmac_key: key } = await one(
      db,
      'SELECT * FROM auth.sessions WHERE id = $1',
      sessionId,
    )
    expect([counter, JSON.parse(key)]).toEqual(['0', expect.objectContaining({ key_id: 'latchkey' })])
    // The answer may have been lost.
    expect((await refresh(app, 'cccccccccccc')).body.refresh_token).toBe(first.body.refresh_token)
    const next = await refresh(app, first.body.refresh_token)
    expect(next.status).toBe(200)
    expect(refusal(await refresh(app, 'cccccccccccc'))).toEqual([400, 'refresh_token_already_used'])
    expect((await refresh(app, next.body.refresh_token)).status).toBe(400)
    expect(await one(db, 'SELECT count(*) FROM auth.refresh_tokens')).toEqual({ count: '0' })
  })

  test('a reused token of version 1 ends its session', async () => {
    await using server = await start()
    const { app, db } = server
    const userId = await gotrueUser(db)
    const sessionId = await gotrueSession(db, userId)
    await gotrueRefreshToken(db, { userId, sessionId, token: 'aaaaaaaaaaaa', revoked: true })
    await gotrueRefreshToken(db, { userId, sessionId, token: 'bbbbbbbbbbbb', parent: 'aaaaaaaaaaaa', revoked: true })
    await gotrueRefreshToken(db, { userId, sessionId, token: 'cccccccccccc', parent: 'bbbbbbbbbbbb' })
    expect((await refresh(app, 'dddddddddddd')).status).toBe(400)
    expect(refusal(await refresh(app, 'aaaaaaaaaaaa'))).toEqual([400, 'refresh_token_already_used'])
    expect((await refresh(app, 'cccccccccccc')).status).toBe(400)
  })

  test('sessions of version 2 are refreshed, whether their key is encrypted or not', async () => {
    await using server = await start()
    const { app, db } = server
    const userId = await gotrueUser(db)
    const { encodeRefreshToken } = await import('../../../src/core/tokens/refresh-token')
    const key = Buffer.alloc(32, 5)
    for (const isEncrypted of [false, true]) {
      const id = crypto.randomUUID()
      const text = key.toString('base64url')
      await gotrueSession(db, userId, {
        id,
        refresh_token_hmac_key: isEncrypted ? encrypted(text, id) : text,
        refresh_token_counter: 4,
      })
      expect((await refresh(app, encodeRefreshToken(id, 4, Buffer.alloc(32)))).status).toBe(400)
      const { status, body } = await refresh(app, encodeRefreshToken(id, 4, key))
      expect([status, body.refresh_token]).toEqual([200, encodeRefreshToken(id, 5, key)])
    }
  })

  test('TOTP factors work, encrypted or not; a session of version 1 is raised', async () => {
    await using server = await start()
    const { app, db } = server
    const email = 'ada@example.com'
    const userId = await gotrueUser(db, { email })
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const plain = await gotrueFactor(db, userId)
    const sealed = crypto.randomUUID()
    await gotrueFactor(db, userId, { id: sealed, friendly_name: 'second', secret: encrypted(secret, sealed) })
    const sessionId = await gotrueSession(db, userId)
    await gotrueRefreshToken(db, { userId, sessionId, token: 'cccccccccccc' })
    const { body } = await signIn(app, email)
    expect(body.user.factors).toHaveLength(2)
    for (const id of [plain, sealed]) {
      app.clock.advance(60_000)
      const passed = await pass(app, body.access_token, { id, secret })
      expect([passed.status, claimsOf(passed.body.access_token).aal]).toEqual([200, 'aal2'])
    }
    // It has the assurance level aal1, so it ended.
    expect((await refresh(app, 'cccccccccccc')).status).toBe(400)
  })

  test('a session without a key gets one when it is raised', async () => {
    await using server = await start()
    const { app, db } = server
    const userId = await gotrueUser(db)
    const factor = { id: await gotrueFactor(db, userId), secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }
    const sessionId = await gotrueSession(db, userId)
    const now = Math.floor(app.clock.now() / 1000)
    const claims = { sub: userId, session_id: sessionId, aud: 'authenticated', role: 'authenticated', aal: 'aal1' }
    const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
    const payload = Buffer.from(JSON.stringify({ ...claims, iat: now, exp: now + 3600 })).toString('base64url')
    const signature = new Bun.CryptoHasher('sha256', SETTINGS.AUTH_JWT_SECRET).update(`${header}.${payload}`)
    const token = `${header}.${payload}.${signature.digest('base64url')}`
    const passed = await pass(app, token, factor)
    expect([passed.status, claimsOf(passed.body.access_token).aal]).toEqual([200, 'aal2'])
    expect((await refresh(app, passed.body.refresh_token)).status).toBe(200)
  })

  test('secrets that this server stores are encrypted as GoTrue does it', async () => {
    await using server = await start()
    const { app, db } = server
    const ada = await app.signUp()
    await enrolled(app, ada.accessToken)
    const rows = await db.unsafe(
      'SELECT secret FROM auth.mfa_factors UNION ALL SELECT refresh_token_hmac_key FROM auth.sessions',
    )
    expect(rows).toHaveLength(2)
    for (const { secret } of rows) expect(JSON.parse(secret)).toMatchObject({ key_id: 'latchkey', alg: 'aes-gcm-hkdf' })
  })

  describe('links and codes', () => {
    const AT = '2025-12-31T23:50:00Z'
    const follow = (app: TestApp, token: string, type: string) =>
      app.ask('GET', `/auth/v1/verify?token=${token}&type=${type}`)
    const tokensLeft = (db: SQL) => one(db, 'SELECT count(*)::int AS count FROM auth.one_time_tokens')

    async function unconfirmed(db: SQL, given: { createdAt?: string; prefix?: string } = {}) {
      const email = 'new@example.com'
      const userId = await gotrueUser(db, { email, email_confirmed_at: null, raw_user_meta_data: { name: 'New' } })
      const hash = (given.prefix ?? '') + gotrueTokenHash(email, '123456')
      const createdAt = given.createdAt ?? AT
      await gotrueToken(db, { userId, type: 'confirmation_token', hash, address: email, createdAt })
      return { email, userId, hash }
    }

    test('a link confirms a sign-up once, and its password remains', async () => {
      await using server = await start()
      const { app, db } = server
      const { email, userId, hash } = await unconfirmed(db)
      const followed = await follow(app, hash, 'signup')
      expect(followed.headers.get('location')).toContain('access_token=')
      expect(await tokensLeft(db)).toEqual({ count: 0 })
      expect(await one(db, 'SELECT confirmation_token FROM auth.users WHERE id = $1', userId)).toEqual({
        confirmation_token: '',
      })
      expect((await follow(app, hash, 'signup')).headers.get('location')).toContain('otp_expired')
      expect((await signIn(app, email)).body.user.user_metadata).toMatchObject({ name: 'New' })
    })

    test('a code confirms once; wrong codes use up the guesses', async () => {
      await using server = await start({ AUTH_RATE_LIMITS: 'on' })
      const { app, db } = server
      const { email } = await unconfirmed(db, { prefix: 'pkce_' })
      const say = (token: string) => app.ask('POST', '/auth/v1/verify', { body: { type: 'signup', email, token } })
      expect(refusal(await say('654321'))).toEqual([403, 'otp_expired'])
      expect((await say('123456')).status).toBe(200)
      expect(refusal(await say('123456'))).toEqual([403, 'otp_expired'])
    })

    test('guesses at a code are limited', async () => {
      await using server = await start({ AUTH_RATE_LIMITS: 'on' })
      const { app, db } = server
      const { email } = await unconfirmed(db)
      const say = (token: string, ip: string) =>
        app.ask('POST', '/auth/v1/verify', { body: { type: 'signup', email, token }, ip })
      for (let guess = 0; guess < 20; guess++) await say('654321', `198.51.100.${guess}`)
      expect((await say('123456', '203.0.113.9')).status).toBe(429)
      expect(await tokensLeft(db)).toEqual({ count: 1 })
    })

    test('guesses at a link are limited for all clients together, because a code and an address make one', async () => {
      await using server = await start({ AUTH_RATE_LIMITS: 'on' })
      const { app, db } = server
      const { email, userId, hash } = await unconfirmed(db)
      const guess = (index: number) => {
        const token = gotrueTokenHash(email, String(200_000 + index))
        const ip = `198.51.100.${index}`
        if (index % 2 === 0) return app.ask('GET', `/auth/v1/verify?token=${token}&type=signup`, { ip })
        return app.ask('POST', '/auth/v1/verify', { body: { type: 'signup', token_hash: token }, ip })
      }
      await Promise.all(Array.from({ length: 199 }, (_, index) => guess(index)))
      // Only failures count, and only those of tokens that GoTrue may have made.
      await follow(app, 'x'.repeat(43), 'signup')
      expect((await follow(app, hash, 'signup')).headers.get('location')).toContain('access_token=')
      const next = gotrueTokenHash(email, '111111')
      const sent = { userId, hash: next, address: email, createdAt: AT }
      await gotrueToken(db, { ...sent, type: 'recovery_token' })
      await guess(199)
      expect((await follow(app, next, 'magiclink')).headers.get('location')).toContain('otp_expired')
      expect(await tokensLeft(db)).toEqual({ count: 1 })
      // The code has its own limit, of the address.
      const entered = { body: { type: 'magiclink', email, token: '111111' } }
      expect((await app.ask('POST', '/auth/v1/verify', entered)).status).toBe(200)
    })

    test('codes for addresses without one do not wait for each other', async () => {
      await using server = await start()
      const { app, db } = server
      await app.store.probe(0)
      await db.begin(async (tx) => {
        await tx`SELECT FROM latchkey.meta FOR UPDATE`
        const body = { type: 'signup', email: 'nobody@example.com', token: '123456' }
        expect(refusal(await app.ask('POST', '/auth/v1/verify', { body }))).toEqual([403, 'otp_expired'])
      })
      expect(await one(db, "SELECT count(*)::int AS count FROM latchkey.meta WHERE key LIKE 'code %'")).toEqual({
        count: 0,
      })
    })

    test('an unknown link or code writes no account, and is looked up by a read', async () => {
      await using server = await start()
      const { app } = server
      const writes = spyOn(app.store, 'adoptGotrueToken')
      await follow(app, gotrueTokenHash('ada@example.com', '1'), 'signup')
      const body = { type: 'signup', email: 'ada@example.com', token: '123456' }
      expect((await app.ask('POST', '/auth/v1/verify', { body })).status).toBe(403)
      expect(writes).not.toHaveBeenCalled()
    })

    test('two requests with one link: one gets the session', async () => {
      await using server = await start()
      const { app, db } = server
      const { hash } = await unconfirmed(db)
      const all = await Promise.all(Array.from({ length: 4 }, () => follow(app, hash, 'signup')))
      const signedIn = all.filter(({ headers }) => headers.get('location')?.includes('access_token='))
      expect(signedIn).toHaveLength(1)
    })

    test('an old link is refused', async () => {
      await using server = await start()
      const { app, db } = server
      const { hash } = await unconfirmed(db, { createdAt: '2025-12-30T23:59:59Z' })
      expect((await follow(app, hash, 'signup')).headers.get('location')).toContain('otp_expired')
      expect(await tokensLeft(db)).toEqual({ count: 1 })
    })

    test('a magic link and a recovery code work, and a link is not accepted for another purpose', async () => {
      await using server = await start()
      const { app, db } = server
      const email = 'ada@example.com'
      const userId = await gotrueUser(db, { email })
      const hash = gotrueTokenHash(email, '111111')
      await gotrueToken(db, { userId, type: 'recovery_token', hash, address: email, createdAt: AT })
      expect((await follow(app, hash, 'signup')).headers.get('location')).toContain('otp_expired')
      expect((await follow(app, hash, 'magiclink')).headers.get('location')).toContain('access_token=')
      const other = gotrueTokenHash(email, '222222')
      await gotrueToken(db, { userId, type: 'recovery_token', hash: other, address: email, createdAt: AT })
      const recovered = await app.ask('POST', '/auth/v1/verify', { body: { type: 'recovery', email, token: '222222' } })
      expect(recovered.status).toBe(200)
    })

    test('a link of the PKCE flow leads to a code for the client’s verifier', async () => {
      await using server = await start()
      const { app, db } = server
      const { userId, hash } = await unconfirmed(db, { prefix: 'pkce_' })
      await db.unsafe(
        `INSERT INTO auth.flow_state (id, user_id, code_challenge, code_challenge_method, provider_type,
          authentication_method, created_at) VALUES (gen_random_uuid(), $1, $2, 'plain', 'email', 'email/signup', $3)`,
        [userId, 'v'.repeat(43), AT],
      )
      const location = (await follow(app, hash, 'signup')).headers.get('location') ?? ''
      const code = new URL(location).searchParams.get('code')
      const body = { auth_code: code, code_verifier: 'v'.repeat(43) }
      const exchanged = await app.ask('POST', '/auth/v1/token?grant_type=pkce', { body })
      expect([exchanged.status, exchanged.body.user?.id]).toEqual([200, userId])
    })

    test('a change of address needs both of its links', async () => {
      await using server = await start()
      const { app, db } = server
      const [email, wanted] = ['old@example.com', 'new@example.com']
      const userId = await gotrueUser(db, { email, email_change: wanted, email_change_sent_at: AT })
      const [current, next] = [gotrueTokenHash(email, '111111'), gotrueTokenHash(wanted, '222222')]
      const sent = { userId, createdAt: AT }
      await gotrueToken(db, { ...sent, type: 'email_change_token_current', hash: current, address: email })
      await gotrueToken(db, { ...sent, type: 'email_change_token_new', hash: next, address: wanted })
      expect((await follow(app, current, 'email_change')).headers.get('location')).toContain('message=')
      expect((await follow(app, next, 'email_change')).headers.get('location')).toContain('access_token=')
      expect((await signIn(app, wanted)).body.user.id).toBe(userId)
    })

    test('a changed password and a new link end those of GoTrue', async () => {
      await using server = await start()
      const { app, db } = server
      const email = 'ada@example.com'
      const userId = await gotrueUser(db, { email })
      const recovery = { userId, type: 'recovery_token', address: email, createdAt: AT }
      await gotrueToken(db, { ...recovery, hash: gotrueTokenHash(email, '1') })
      await gotrueToken(db, { ...recovery, type: 'reauthentication_token', hash: gotrueTokenHash(email, '2') })
      expect((await app.ask('POST', '/auth/v1/recover', { body: { email } })).status).toBe(200)
      expect(await one(db, 'SELECT token_type::text FROM auth.one_time_tokens')).toEqual({
        token_type: 'reauthentication_token',
      })
      const { body } = await signIn(app, email)
      const password = 'another-correct-horse-7'
      expect((await app.ask('PUT', '/auth/v1/user', { token: body.access_token, body: { password } })).status).toBe(200)
      expect(await tokensLeft(db)).toEqual({ count: 0 })
      expect(
        await one(db, 'SELECT recovery_token, reauthentication_token FROM auth.users WHERE id = $1', userId),
      ).toEqual({ recovery_token: '', reauthentication_token: '' })
    })
  })

  test('custom providers are in GoTrue’s columns, which accept https only', async () => {
    await using server = await start({ AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS: 'keycloak.lan' })
    const { app, db } = server
    const insecure = { ...OAUTH2, token_url: 'http://keycloak.lan/token' }
    const refused = await custom(app).create(insecure)
    expect([refused.status, refused.body.message]).toEqual([400, 'URL must use HTTPS'])
    const made = await custom(app).create({ ...OAUTH2, acceptable_client_ids: ['ios', 'a "quoted", one'] })
    expect(made.status).toBe(201)
    const row = await one(db, 'SELECT * FROM auth.custom_oauth_providers')
    expect(row).toMatchObject({
      acceptable_client_ids: ['ios', 'a "quoted", one'],
      scopes: ['read'],
      attribute_mapping: {},
    })
    expect(JSON.parse(row.client_secret)).toMatchObject({ key_id: 'latchkey' })
    await db.unsafe('UPDATE auth.custom_oauth_providers SET client_secret = $1', [encrypted('from GoTrue', row.id)])
    const started = await app.ask('GET', `/auth/v1/authorize?provider=${OAUTH2.identifier}`)
    expect(started.headers.get('location')).toStartWith(OAUTH2.authorization_url)
    expect((await custom(app).get(OAUTH2.identifier)).body).toEqual(made.body)
  })

  test('the audit log is newest first, also among entries of one request, and has those of GoTrue', async () => {
    await using server = await start()
    const { app, db } = server
    await db.unsafe(`INSERT INTO auth.audit_log_entries (id, payload, created_at)
      VALUES (gen_random_uuid(), '{"action":"login","actor_username":"old@example.com"}', '2025-12-01T00:00:00Z')`)
    for (let number = 0; number < 5; number++) {
      app.clock.advance(1)
      await app.signUp(`user-${number}@example.com`)
    }
    const { body } = await app.ask('GET', '/auth/v1/admin/audit', { token: app.admin })
    const names = body.map(({ payload }: { payload: { actor_username: string } }) => payload.actor_username)
    expect(names).toEqual([...names.slice(0, -1).toSorted().toReversed(), 'old@example.com'])
    const found = await app.ask('GET', '/auth/v1/admin/audit?query=author:user-3', { token: app.admin })
    expect(
      new Set(found.body.map((each: { payload: { actor_username: string } }) => each.payload.actor_username)),
    ).toEqual(new Set(['user-3@example.com']))
  })

  test('a WebAuthn factor has the JSON of go-webauthn, and is used from it', async () => {
    await using server = await start()
    const { app, db } = server
    const ada = await app.signUp()
    const device = authenticator('http://localhost:3000', 'd548826e-79b4-db40-a3d8-11116f7e8349')
    const body = { factor_type: 'webauthn', friendly_name: 'key' }
    const { id } = (await app.ask('POST', '/auth/v1/factors', { token: ada.accessToken, body })).body
    const show = async (token: string) => {
      const begun = (await challenge(app, token, id)).body
      const { type, credential_options: options } = begun.webauthn
      const credential_response = type === 'create' ? device.create(options.publicKey) : device.get(options.publicKey)
      return verify(app, token, id, { challenge_id: begun.id, webauthn: { type, credential_response } })
    }
    expect((await show(ada.accessToken)).status).toBe(200)
    const stored = () => one(db, 'SELECT web_authn_credential AS key, web_authn_aaguid AS aaguid FROM auth.mfa_factors')
    const { key, aaguid } = await stored()
    expect(aaguid).toBe('d548826e-79b4-db40-a3d8-11116f7e8349')
    const [credential] = device.credentials
    expect(key).toEqual({
      id: credential?.id.toString('base64'),
      publicKey: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
      attestationType: 'none',
      transport: expect.any(Array),
      flags: { userPresent: true, userVerified: false, backupEligible: false, backupState: false },
      authenticator: {
        AAGUID: Buffer.from('d548826e79b4db40a3d811116f7e8349', 'hex').toString('base64'),
        signCount: 0,
        cloneWarning: false,
        attachment: '',
      },
    })
    // As GoTrue writes it, with members of its own.
    const attestation = { clientDataJSON: null, object: null }
    await db.unsafe('UPDATE auth.mfa_factors SET web_authn_credential = $1', [{ ...key, transport: null, attestation }])
    const later = await app.signIn(ada.email)
    const again = await show(later.accessToken)
    expect([again.status, claimsOf(again.body.access_token).aal]).toEqual([200, 'aal2'])
    expect((await stored()).key).toMatchObject({ attestation, authenticator: { signCount: credential?.counter ?? -1 } })
  })
})
