import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { claimsOf, startApp, type TestApp } from '../../support/app'

const SECRET = 'a-secret-of-this-test-with-at-least-32-bytes'
const settings = { AUTH_JWT_SECRET: SECRET }
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A handmade token, which can be as invalid as an attacker likes. */
function forge(claims: object, { header = {}, secret = SECRET }: { header?: object; secret?: string } = {}): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(claims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const who = async (app: TestApp, token: string, headers?: Record<string, string>) => {
  const { status, body } = await app.ask('GET', '/auth/v1/user', { token, headers })
  return [status, body.code, body.message]
}
const in1h = () => Date.parse('2026-01-01T01:00:00Z') / 1000
const invalid = (why: string) => [403, 'bad_jwt', `invalid JWT: unable to parse or verify signature, ${why}`]

test('the scheme is case-insensitive, and other schemes are no bearer token', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const ask = async (authorization: string) =>
    (await app.ask('GET', '/auth/v1/user', { headers: { authorization } })).status
  expect(await ask(`bearer ${ada.accessToken}`)).toBe(200)
  for (const wrong of [
    '',
    ada.accessToken,
    `Bearer  ${ada.accessToken}`,
    'Basic dXNlcjpwYXNz',
    'Bearer',
    `Bearer ${ada.accessToken} x`,
  ])
    expect(await ask(wrong)).toBe(401)
  expect((await app.ask('GET', '/auth/v1/user', { headers: { apikey: ada.accessToken } })).status).toBe(401)
  expect((await app.ask('GET', `/auth/v1/user?access_token=${ada.accessToken}`)).status).toBe(401)
})

test('claims are checked in a fixed order', async () => {
  await using app = await startApp({ settings })
  const ada = await app.signUp()
  const nobody = crypto.randomUUID()
  const of = (claims: object) =>
    who(app, forge({ aud: 'authenticated', role: 'authenticated', exp: in1h(), ...claims }))
  expect(await of({})).toEqual([403, 'bad_jwt', 'invalid claim: missing sub claim'])
  expect(await of({ sub: '42' })).toEqual([400, 'bad_jwt', 'invalid claim: sub claim must be a UUID'])
  expect(await of({ sub: nobody, session_id: 'x' })).toEqual([
    403,
    'user_not_found',
    'User from sub claim in JWT does not exist',
  ])
  expect(await of({ sub: ada.id, session_id: 'x' })).toEqual([
    403,
    'bad_jwt',
    'invalid claim: session_id claim must be a UUID',
  ])
  expect(await of({ sub: ada.id, session_id: nobody })).toEqual([
    403,
    'session_not_found',
    'Session from session_id claim in JWT does not exist',
  ])
  expect((await of({ sub: ada.id, session_id: ada.sessionId }))[0]).toBe(200)
  expect((await of({ sub: ada.id, session_id: '00000000-0000-0000-0000-000000000000' }))[0]).toBe(200)
  expect((await of({ sub: ada.id, exp: undefined }))[0]).toBe(200)
})

test.each(['sub', 'role', 'session_id', 'email', 'iss'])('a token whose %s is no text is malformed', async (name) => {
  await using app = await startApp({ settings })
  const ada = await app.signUp()
  for (const value of [42, true, ['x'], {}])
    expect(await who(app, forge({ sub: ada.id, aud: 'authenticated', exp: in1h(), [name]: value }))).toEqual(
      invalid(`token is malformed: could not JSON decode claim: ${name} must be a string`),
    )
  const token = forge({ role: ['service_role'], exp: in1h() })
  expect((await app.ask('GET', '/auth/v1/admin/users', { token })).body.code).toBe('bad_jwt')
})

test('the audience of a token is its first aud claim', async () => {
  await using app = await startApp({ settings })
  const ada = await app.signUp()
  const of = async (aud: unknown, headers = {}) => {
    const token = forge({ sub: ada.id, aud, exp: in1h() })
    return (await app.ask('GET', '/auth/v1/user', { token, headers })).body.message ?? 'fine'
  }
  const mismatch = "Token audience doesn't match request audience"
  expect(await of('authenticated')).toBe('fine')
  expect(await of(['authenticated', 'x'])).toBe('fine')
  expect(await of('elsewhere')).toBe('fine')
  for (const none of [undefined, '', [], ['']]) expect(await of(none)).toBe(mismatch)
  expect(await of('authenticated', { 'x-jwt-aud': 'elsewhere' })).toBe(mismatch)
  expect(await of('elsewhere', { 'x-jwt-aud': 'elsewhere' })).toBe('fine')
})

test('a token with another user’s session is refused', async () => {
  await using app = await startApp({ settings })
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  expect((await who(app, forge({ sub: ada.id, session_id: eve.sessionId, exp: in1h() })))[1]).toBe('session_not_found')
})

test('threat T25: times are checked without leeway', async () => {
  await using app = await startApp({ settings })
  const ada = await app.signUp()
  const now = in1h() - 3600
  const of = (claims: object) =>
    who(app, forge({ sub: ada.id, aud: 'authenticated', session_id: ada.sessionId, ...claims }))
  expect(await of({ exp: now })).toEqual(invalid('token has invalid claims: token is expired'))
  expect((await of({ exp: now + 1 }))[0]).toBe(200)
  expect(await of({ exp: in1h(), nbf: now + 1 })).toEqual(invalid('token has invalid claims: token is not valid yet'))
  for (const exp of ['tomorrow', null, {}, true]) expect((await of({ exp }))[1]).toBe('bad_jwt')
})

test('threat T25: unsigned tokens, and those signed by another key or an embedded key, are refused', async () => {
  await using app = await startApp({ settings })
  const ada = await app.signUp()
  const claims = { sub: ada.id, session_id: ada.sessionId, role: 'service_role', exp: in1h() }
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const foreign = await new SignJWT(claims)
    .setProtectedHeader({
      alg: 'ES256',
      jwk,
      jku: 'https://evil.example/jwks',
      x5u: 'https://evil.example/cert',
      kid: '../../dev/null',
    })
    .sign(privateKey)
  const [head, body] = forge(claims).split('.')
  const tokens = {
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
    'alg None': `${encode({ alg: 'None', typ: 'JWT' })}.${body}.`,
    'no signature': `${head}.${body}.`,
    'another secret': forge(claims, { secret: 'another-secret-another-secret-another' }),
    'an empty secret': forge(claims, { secret: '' }),
    'HS512 in the header': forge(claims, { header: { alg: 'HS512' } }),
    'an unknown critical header': forge(claims, { header: { crit: ['exp'], b64: false } }),
    'a key of its own': foreign,
    'claims put in afterwards': `${head}.${encode({ ...claims, sub: crypto.randomUUID() })}.${forge(claims).split('.')[2]}`,
    'two parts': `${head}.${body}`,
    'four parts': `${forge(claims)}.x`,
    'a padded signature': `${forge(claims)}=`,
    'no JSON': 'x.y.z',
    'a list for claims': `${head}.${Buffer.from('[]').toString('base64url')}.x`,
  }
  for (const [name, token] of Object.entries(tokens))
    expect([name, (await who(app, token))[1]]).toEqual([name, 'bad_jwt'])
  for (const token of Object.values(tokens))
    expect((await app.ask('GET', '/auth/v1/admin/users', { token })).status).toBe(403)
})

test('threat T25: of a duplicate claim the last one counts, and it does not change whose token it is', async () => {
  await using app = await startApp({ settings })
  const [ada, eve] = [await app.signUp(), await app.signUp()]
  const [head] = forge({}).split('.')
  const twice = `{"sub":"${eve.id}","exp":${in1h()},"session_id":"${ada.sessionId}","sub":"${ada.id}","exp":${in1h() - 7200}}`
  const input = `${head}.${Buffer.from(twice).toString('base64url')}`
  const token = `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`
  expect(await who(app, token)).toEqual(invalid('token has invalid claims: token is expired'))
})

test('every bit of a signature counts', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const end = ada.accessToken.lastIndexOf('.') + 1
  const signature = Buffer.from(ada.accessToken.slice(end), 'base64url')
  for (let bit = 0; bit < signature.length * 8; bit += 7) {
    const flipped = Buffer.from(signature)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect((await who(app, ada.accessToken.slice(0, end) + flipped.toString('base64url')))[0]).toBe(403)
  }
})

test.each(['ES256', 'RS256', 'EdDSA'])(
  'threat T25: tokens signed with %s verify here and with the published keys, and HS256 tokens are refused',
  async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(privateKey)), alg, kid: 'key-1', key_ops: ['sign', 'verify'] }
    await using app = await startApp({ settings: { ...settings, AUTH_JWT_KEYS: JSON.stringify([jwk]) } })
    const ada = await app.signUp()
    expect(JSON.parse(Buffer.from(ada.accessToken.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg,
      kid: 'key-1',
      typ: 'JWT',
    })
    expect((await who(app, ada.accessToken))[0]).toBe(200)
    const { body, headers } = await app.ask('GET', '/auth/v1/.well-known/jwks.json')
    expect(headers.get('cache-control')).toBe('public, max-age=600')
    expect(body.keys).toHaveLength(1)
    expect(body.keys[0]).toMatchObject({ alg, kid: 'key-1', key_ops: ['verify'], use: 'sig' })
    for (const secretMember of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
      expect(body.keys[0]).not.toHaveProperty(secretMember)
    const { createLocalJWKSet, jwtVerify } = await import('jose')
    const { payload } = await jwtVerify(ada.accessToken, createLocalJWKSet(body), {
      currentDate: new Date(app.clock.now()),
    })
    expect(payload.sub).toBe(ada.id)
    // the secret is not accepted here, and the public key is not an HMAC secret (RFC 8725 §2.1)
    expect((await who(app, forge({ ...claimsOf(ada.accessToken) })))[1]).toBe('bad_jwt')
    expect(
      (
        await who(
          app,
          forge(claimsOf(ada.accessToken), { header: { kid: 'key-1' }, secret: JSON.stringify(body.keys[0]) }),
        )
      )[1],
    ).toBe('bad_jwt')
  },
)

test('HS256 stays valid beside other keys if it is listed', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'key-1', key_ops: ['sign'] }
  await using app = await startApp({
    settings: { ...settings, AUTH_JWT_KEYS: JSON.stringify([jwk]), AUTH_JWT_VALID_METHODS: 'ES256,HS256' },
  })
  const ada = await app.signUp()
  expect((await who(app, forge({ sub: ada.id, aud: 'authenticated', exp: in1h() })))[0]).toBe(200)
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: forge({ role: 'service_role' }) })).status).toBe(200)
})

test('API keys are not users: public endpoints ignore them, and user endpoints require a user', async () => {
  await using app = await startApp()
  for (const key of [app.keys.publishable, app.keys.secret, app.keys.anon]) {
    const headers = { apikey: key }
    expect((await app.ask('GET', '/auth/v1/settings', { token: key, headers })).status).toBe(200)
    expect(
      (
        await app.ask('POST', '/auth/v1/signup', {
          token: key,
          headers,
          body: { email: `${Math.random()}@example.com`, password: 'long-enough-1' },
        })
      ).status,
    ).toBe(200)
    expect(await who(app, key, headers)).toEqual([403, 'bad_jwt', 'invalid claim: missing sub claim'])
  }
  expect((await who(app, 'sb_secret_of-another-server-00000000000000'))[1]).toBe('bad_jwt')
})

test('an expiry with fractions (RFC 7519 §2) is accepted on every surface', async () => {
  await using app = await startApp({ settings })
  const ada = await app.signUp()
  const token = forge({ sub: ada.id, session_id: ada.sessionId, aud: 'authenticated', exp: in1h() + 0.5 })
  expect((await who(app, token))[0]).toBe(200)
  for (const path of ['/api/auth/introspect', '/auth/v1/introspect'])
    expect((await app.ask('POST', path, { body: { token } })).body).toMatchObject({ active: true, exp: in1h() })
})

test('an API key of another server is reported as such, in either header, and other credentials still count', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  const wrong = [403, 'bad_jwt', 'Invalid API key: it does not belong to this server']
  for (const key of [
    'sb_secret_of_another_server_0123456789',
    'sb_publishable_of_another_server_0123456',
    'sb_secret_',
  ])
    for (const path of ['/auth/v1/user', '/auth/v1/admin/users']) {
      const shown: Record<string, string>[] = [
        { apikey: key },
        { apikey: key, authorization: `Bearer ${key}` },
        { authorization: `Bearer ${key}` },
      ]
      for (const headers of shown) {
        const { status, body } = await app.ask('GET', path, { headers })
        expect([status, body.code, body.message]).toEqual(wrong)
      }
    }
  const apikey = 'sb_publishable_of_another_server_0123456'
  expect((await app.ask('GET', '/auth/v1/user', { token: ada.accessToken, headers: { apikey } })).status).toBe(200)
  expect((await app.ask('GET', '/auth/v1/settings', { headers: { apikey } })).status).toBe(200)
  const native = await app.ask('GET', '/api/auth/me', { headers: { authorization: `Bearer ${apikey}` } })
  expect([native.status, native.body.error]).toEqual([401, 'invalid_api_key'])
})
