/** The smoke test of the service endpoints (docs/other-surfaces.md#service-endpoints), with every name of their settings. */
import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../support/app'
import { type Binary, startBinary } from '../support/binary'

const email = 'ada@example.com'
const password = 'correct-horse-battery-9'
const SECRET = 'a-secret-shared-with-services-of-mine-1'

async function smoke(server: Binary): Promise<Json> {
  const registered = await server.ask('POST', '/api/auth/register', { body: { email, password, display_name: 'Ada' } })
  expect(registered.status).toBe(201)
  expect(registered.body.user).toMatchObject({ email, display_name: 'Ada', roles: ['user'], is_admin: false })
  const { status, body: session } = await server.ask('POST', '/api/auth/login', { body: { email, password } })
  expect(status).toBe(200)
  expect((await server.ask('GET', '/api/auth/me', { token: session.access_token })).body.email).toBe(email)
  const heartbeat = await server.ask('POST', '/api/auth/introspect', { body: { token: session.access_token } })
  expect(heartbeat.body).toMatchObject({ active: true, email, name: 'Ada', roles: ['user'] })
  const refresh = (token: string) => server.ask('POST', '/api/auth/refresh', { body: { refresh_token: token } })
  const fresh = await refresh(session.refresh_token)
  expect(fresh.status).toBe(200)
  const out = { body: { refresh_token: fresh.body.refresh_token } }
  expect((await server.ask('POST', '/api/auth/logout', out)).body).toEqual({ status: 'ok' })
  for (const token of [session.refresh_token, fresh.body.refresh_token]) {
    const refused = await refresh(token)
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_refresh_token'])
  }
  return session
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

function isSignedWith(secret: string, token: string): boolean {
  const [header, payload, signature] = token.split('.')
  return createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url') === signature
}

const names = [
  ['AUTH_JWT_SECRET', 'AUTH_JWT_ALGORITHM', 'AUTH_ACCESS_TOKEN_TTL', 'AUTH_REFRESH_TOKEN_TTL'],
  ['JWT_SECRET', 'JWT_ALGO', 'ACCESS_TOKEN_TTL', 'REFRESH_TOKEN_TTL'],
  ['JWT_SECRET', 'JWT_ALGORITHM', 'ACCESS_TOKEN_TTL', 'REFRESH_TOKEN_TTL'],
] as const

test.each(names)('the smoke test, with settings named %s, %s, %s, %s', async (...each) => {
  const [secret, algorithm, accessTtl, refreshTtl] = each
  const short = secret === 'JWT_SECRET'
  await using server = await startBinary({
    env: {
      [secret]: SECRET,
      [algorithm]: 'HS256',
      [accessTtl]: '600',
      [refreshTtl]: '1200',
      [short ? 'BCRYPT_ROUNDS' : 'AUTH_BCRYPT_ROUNDS']: '10',
      [short ? 'DATABASE_URL' : 'AUTH_DATABASE_URL']: 'sqlite:services.db',
      AUTH_SERVICE_ISSUER: 'my-services',
    },
  })
  const { access_token: token, expires_in: lifetime } = await smoke(server)
  const { iat, exp, iss, type, sid } = claimsOf(token)
  expect([exp - iat, lifetime, iss, type, typeof sid]).toEqual([600, 600, 'my-services', 'access', 'string'])
  expect(isSignedWith(SECRET, token)).toBe(true)
  expect(await Bun.file(join(server.folder, 'services.db')).exists()).toBe(true)
})

test('a deleted database is created again at the next start, and no request gets 500', async () => {
  await using first = await startBinary()
  const { access_token: token } = await smoke(first)
  await first.stop()
  for (const end of ['', '-wal', '-shm']) rmSync(`${first.database}${end}`, { force: true })
  await using again = await startBinary({ folder: first.folder })
  expect((await again.ask('GET', '/healthz')).body).toEqual({ status: 'ok' })
  const login = await again.ask('POST', '/api/auth/login', { body: { email, password } })
  expect([login.status, login.body.error]).toEqual([401, 'invalid_credentials'])
  expect((await again.ask('GET', '/api/auth/me', { token })).status).toBe(401)
  await smoke(again)
})
