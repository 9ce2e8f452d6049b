import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { SignJWT, UnsecuredJWT } from 'jose'
import { createApp } from '../src/app.ts'
import { newKey, type SigningKey, sign, startAuthServer } from './auth-server.ts'

let auth: Awaited<ReturnType<typeof startAuthServer>>
let key: SigningKey
let app: ReturnType<typeof createApp>

before(async () => {
  auth = await startAuthServer()
  key = await newKey('first')
  auth.publish(key)
  app = createApp({ serverUrl: auth.url, publishableKey: 'sb_publishable_test' })
})

after(() => auth.close())

const ask = (method: string, path: string, token?: string) =>
  app.request(path, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })

async function statusOfMe(token?: string): Promise<number> {
  return (await ask('GET', '/me', token)).status
}

test('a token of a signed-in user is accepted', async () => {
  const response = await ask('GET', '/me', await sign(auth.claims({ email: 'ada@example.com' }), key))
  assert.equal(response.status, 200)
  const { email, aal } = (await response.json()) as { email: string; aal: string }
  assert.deepEqual({ email, aal }, { email: 'ada@example.com', aal: 'aal1' })
})

test('a request without a token is refused', async () => {
  const response = await ask('GET', '/me')
  assert.equal(response.status, 401)
  assert.equal(response.headers.get('www-authenticate'), 'Bearer')
})

test('a token signed with another key of the same id is refused', async () => {
  assert.equal(await statusOfMe(await sign(auth.claims(), await newKey('first'))), 401)
})

test('a changed token is refused', async () => {
  const [header, , signature] = (await sign(auth.claims(), key)).split('.')
  const payload = Buffer.from(JSON.stringify(auth.claims({ aal: 'aal2' }))).toString('base64url')
  assert.equal(await statusOfMe(`${header}.${payload}.${signature}`), 401)
})

for (const [name, changes] of Object.entries({
  'an expired token': { exp: Math.floor(Date.now() / 1000) - 1 },
  'a token without an expiry time': { exp: undefined },
  'a token for another audience': { aud: 'billing' },
  'a token of another issuer': { iss: 'https://other.example.com/auth/v1' },
  'a token without a session': { session_id: undefined },
  'a token of another role': { role: 'service_role' },
}))
  test(`${name} is refused`, async () => assert.equal(await statusOfMe(await sign(auth.claims(changes), key)), 401))

test('an unsigned token (alg: none) is refused', async () => {
  assert.equal(await statusOfMe(new UnsecuredJWT(auth.claims()).encode()), 401)
})

test('a token signed with HS256 and the public key as its secret is refused', async () => {
  const secret = new TextEncoder().encode(JSON.stringify(key.publicJwk))
  const forged = await new SignJWT(auth.claims()).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret)
  assert.equal(await statusOfMe(forged), 401)
})

test('payouts need a second factor', async () => {
  assert.equal((await ask('POST', '/payouts', await sign(auth.claims(), key))).status, 403)
  assert.equal((await ask('POST', '/payouts', await sign(auth.claims({ aal: 'aal2' }), key))).status, 200)
})

test('after a sign-out, the token reads, but deletes nothing', async () => {
  const token = await sign(auth.claims(), key)
  assert.equal((await ask('DELETE', '/files', token)).status, 200)
  auth.endSessionOf(token)
  assert.equal((await ask('DELETE', '/files', token)).status, 401)
  assert.equal(await statusOfMe(token), 200)
})

test('after a rotation, tokens of both keys are accepted', async () => {
  const next = await newKey('second')
  assert.equal(await statusOfMe(await sign(auth.claims(), next)), 401)
  auth.publish(next)
  // An unknown key makes jose fetch the key set again, at most every 30 seconds.
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 31_000 })
  assert.equal(await statusOfMe(await sign(auth.claims(), next)), 200)
  assert.equal(await statusOfMe(await sign(auth.claims(), key)), 200)
  mock.timers.reset()
})

test('without the key set, the API fails and does not blame the token', async () => {
  const logged = mock.method(console, 'error', () => {})
  const orphan = createApp({ serverUrl: 'http://127.0.0.1:9', publishableKey: '' })
  const headers = { authorization: `Bearer ${await sign(auth.claims(), key)}` }
  assert.equal((await orphan.request('/me', { headers })).status, 500)
  assert.equal(logged.mock.callCount(), 1)
})
