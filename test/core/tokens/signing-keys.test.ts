/** Signing keys over time, in a server whose clock the test sets. */
import { expect, test } from 'bun:test'
import { calculateJwkThumbprint, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import {
  createSigningKey,
  importSigningKey,
  listSigningKeys,
  revokeSigningKey,
  scheduleSigningKey,
} from '../../../src/core/tokens/signing-keys'
import { HOUR, MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, refresh, startApp, type TestApp, type TestOptions } from '../../support/app'
import { currentEngine } from '../../support/engines'

/** A server, and the command line beside it. */
async function start(options: TestOptions = {}) {
  const app = await startApp(options)
  const deps = { ...app, policy: app.core.policy }
  const rotate = async (isUrgent = false, alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256') => {
    const kid = await createSigningKey(deps, alg)
    await scheduleSigningKey(deps, { kid, isUrgent })
    await app.refreshKeys()
    return kid
  }
  const statuses = async () => Object.fromEntries((await listSigningKeys(deps)).map(({ kid, status }) => [kid, status]))
  return { app, deps, rotate, statuses, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
const who = async (app: TestApp, token: string) => (await app.ask('GET', '/auth/v1/user', { token })).status
const published = async (app: TestApp) => (await app.ask('GET', '/auth/v1/.well-known/jwks.json')).body

test('a new key is published first, and starts to sign once verifiers can have seen it', async () => {
  await using server = await start()
  const { app, rotate, statuses } = server
  const ada = await app.signUp()
  expect(headerOf(ada.accessToken)).toEqual({ alg: 'HS256', typ: 'JWT' })
  const kid = await rotate()
  expect((await published(app)).keys).toMatchObject([{ kid, alg: 'ES256', key_ops: ['verify'], use: 'sig' }])
  expect(await statuses()).toEqual({ [kid]: 'standby' })
  app.clock.advance(10 * MINUTE - 1)
  await app.refreshKeys()
  expect(headerOf((await app.signIn(ada.email)).accessToken).alg).toBe('HS256')
  app.clock.advance(1)
  await app.refreshKeys()
  const signed = (await app.signIn(ada.email)).accessToken
  expect([headerOf(signed), await statuses()]).toEqual([{ alg: 'ES256', kid, typ: 'JWT' }, { [kid]: 'in_use' }])
  const { payload } = await jwtVerify(signed, createLocalJWKSet(await published(app)), {
    currentDate: new Date(app.clock.now()),
  })
  expect(payload.sub).toBe(ada.id)
  // tokens signed with the secret stay valid, and so do the role keys
  expect([await who(app, ada.accessToken), await who(app, signed)]).toEqual([200, 200])
  expect((await app.ask('GET', '/auth/v1/admin/users', { token: app.keys.serviceRole })).status).toBe(200)
})

test('threat T26: a key verifies until its last token has expired, and no longer', async () => {
  await using server = await start({ settings: { AUTH_JWT_EXP: '3600' } })
  const { app, rotate, statuses } = server
  const ada = await app.signUp()
  const first = await rotate(true)
  app.clock.advance(MINUTE)
  const second = await rotate()
  app.clock.advance(10 * MINUTE - 1)
  const last = (await app.signIn(ada.email)).accessToken
  expect(headerOf(last).kid).toBe(first)
  app.clock.advance(1)
  await app.refreshKeys()
  const fresh = await app.signIn(ada.email)
  expect(headerOf(fresh.accessToken).kid).toBe(second)
  expect(await statuses()).toEqual({ [first]: 'previously_used', [second]: 'in_use' })
  expect((await published(app)).keys.map(({ kid }: { kid: string }) => kid).sort()).toEqual([first, second].sort())
  app.clock.advance(HOUR - 2000)
  await app.refreshKeys()
  expect(await who(app, last)).toBe(200)
  app.clock.advance(2000)
  await app.refreshKeys()
  expect(await statuses()).toEqual({ [first]: 'retired', [second]: 'in_use' })
  expect((await published(app)).keys.map(({ kid }: { kid: string }) => kid)).toEqual([second])
  const refused = await app.ask('GET', '/auth/v1/user', { token: last })
  expect([refused.status, refused.body.message]).toEqual([403, expect.stringContaining('unrecognized JWT kid')])
  expect(headerOf((await refresh(app, fresh.refreshToken)).body.access_token).kid).toBe(second)
})

test('a generated kid never looks like an option of the command line', async () => {
  await using server = await start()
  const names: string[] = []
  for (let index = 0; index < 400; index++) names.push(await createSigningKey(server.deps, 'ES256'))
  expect(names.filter((kid) => kid.startsWith('-'))).toEqual([])
})

test('threat T26: a revoked key is refused at once; the secret signs until the next rotation', async () => {
  await using server = await start()
  const { app, deps, rotate, statuses } = server
  const kid = await rotate(true)
  const ada = await app.signUp()
  expect(headerOf(ada.accessToken).kid).toBe(kid)
  expect(await revokeSigningKey(deps, kid)).toBe(true)
  expect(await revokeSigningKey(deps, kid)).toBe(false)
  await app.refreshKeys()
  expect([await who(app, ada.accessToken), await statuses(), (await published(app)).keys]).toEqual([
    403,
    { [kid]: 'revoked' },
    [],
  ])
  const refreshed = await refresh(app, ada.refreshToken)
  expect([headerOf(refreshed.body.access_token).alg, await who(app, refreshed.body.access_token)]).toEqual([
    'HS256',
    200,
  ])
  expect(await scheduleSigningKey(deps, { kid, isUrgent: true })).toBeUndefined()
})

test('a change of the keys that the database reports is followed at once', async () => {
  await using server = await start()
  const { app, deps } = server
  const kid = await createSigningKey(deps, 'ES256')
  // The keys are being read. The response is made without waiting for anything, so the database would never get a turn.
  while ((await published(app)).keys.length === 0) await Bun.sleep(1)
  expect((await published(app)).keys).toMatchObject([{ kid }])
})

test('revoking a key before it signs leaves the previous one signing', async () => {
  await using server = await start()
  const { app, deps, rotate, statuses } = server
  const first = await rotate(true)
  app.clock.advance(MINUTE)
  const second = await rotate()
  expect(await revokeSigningKey(deps, second)).toBe(true)
  app.clock.advance(2 * HOUR)
  await app.refreshKeys()
  expect(await statuses()).toEqual({ [first]: 'in_use', [second]: 'revoked' })
  expect(headerOf((await app.signUp()).accessToken).kid).toBe(first)
})

test('many requests with a new key share one reload of the keys', async () => {
  await using server = await start()
  const { app, deps } = server
  const ada = await app.signUp()
  await using other = await startApp({ folder: app.folder, now: new Date(app.clock.now()).toISOString() })
  const kid = await createSigningKey(deps, 'ES256')
  await scheduleSigningKey(deps, { kid, isUrgent: true })
  await app.refreshKeys()
  const signed = (await refresh(app, ada.refreshToken)).body.access_token
  const replies = await Promise.all(Array.from({ length: 10 }, () => who(other, signed)))
  expect(replies).toEqual(Array(10).fill(200))
})

// On Postgres, the other server is told of the key.
test.skipIf(currentEngine() === 'postgres')('keys are reloaded for an unknown kid at most once a second', async () => {
  await using server = await start()
  const { app, deps } = server
  const ada = await app.signUp()
  await using other = await startApp({ folder: app.folder, now: new Date(app.clock.now()).toISOString() })
  const kid = await createSigningKey(deps, 'ES256')
  await scheduleSigningKey(deps, { kid, isUrgent: true })
  await app.refreshKeys()
  const signed = (await refresh(app, ada.refreshToken)).body.access_token
  expect(await who(other, signed)).toBe(200)
  app.clock.advance(1)
  const second = await createSigningKey(deps, 'ES256')
  await scheduleSigningKey(deps, { kid: second, isUrgent: true })
  await app.refreshKeys()
  const next = (await app.signIn(ada.email)).accessToken
  expect(await who(other, next)).toBe(403)
  other.clock.advance(1000)
  expect(await who(other, next)).toBe(200)
})

test.each(['ES256', 'RS256', 'EdDSA'] as const)(
  '%s keys are named by their thumbprint, and stored sealed',
  async (alg) => {
    await using server = await start()
    const { app, rotate } = server
    const kid = await rotate(true, alg)
    const { keys } = await published(app)
    expect(await calculateJwkThumbprint(keys[0])).toBe(kid)
    expect(await who(app, (await app.signUp()).accessToken)).toBe(200)
    const [row] = await app.store.listSigningKeys()
    expect(row?.privateJwk).not.toContain('"d"')
    expect(() => app.sealer.open(row?.privateJwk ?? '', 'signing_keys.private_jwk:another')).toThrow()
  },
)

test('of several keys due to sign at the same moment one signs', async () => {
  await using server = await start()
  const { app, rotate, statuses } = server
  for (let time = 0; time < 4; time++) await rotate(true)
  expect(Object.values(await statuses()).sort()).toEqual([
    'in_use',
    'previously_used',
    'previously_used',
    'previously_used',
  ])
  const { kid } = headerOf((await app.signUp()).accessToken)
  expect((await statuses())[kid]).toBe('in_use')
})

test('the last rotation counts: a key that was to sign later stays on standby', async () => {
  await using server = await start()
  const { app, rotate, statuses } = server
  const earlier = await rotate()
  const urgent = await rotate(true, 'EdDSA')
  app.clock.advance(10 * MINUTE)
  await app.refreshKeys()
  expect(await statuses()).toEqual({ [earlier]: 'standby', [urgent]: 'in_use' })
  expect(headerOf((await app.signUp()).accessToken).kid).toBe(urgent)
})

test('an imported key keeps its kid if it has one', async () => {
  await using server = await start()
  const { app, deps, statuses } = server
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'of-my-project', key_ops: ['sign'], use: 'sig' }
  expect(await importSigningKey(deps, jwk)).toBe('of-my-project')
  expect(await importSigningKey(deps, jwk)).toBeUndefined()
  await app.refreshKeys()
  expect((await published(app)).keys).toMatchObject([{ kid: 'of-my-project' }])
  expect(await statuses()).toEqual({ 'of-my-project': 'standby' })
  app.clock.advance(HOUR)
  // it has been published long enough
  expect(await scheduleSigningKey(deps, { kid: 'of-my-project', isUrgent: false })).toBe(app.clock.now())
})

test('anything but a private key of a supported type is not imported', async () => {
  await using server = await start()
  const { deps } = server
  const pair = await generateKeyPair('ES256', { extractable: true })
  const other = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)
  const whole = { ...(await exportJWK(pair.privateKey)), alg: 'ES256' }
  const wrong = [
    { kty: 'oct', k: 'c2VjcmV0' },
    { ...(await exportJWK(pair.publicKey)), alg: 'ES256' },
    { ...whole, alg: 'HS256' },
    { ...whole, alg: 'RS256' },
    { ...whole, x: other.x, y: other.y },
    { kty: 'EC', crv: 'P-256', d: 'x', x: 'y', y: 'z' },
    {},
  ]
  for (const jwk of wrong) await expect(importSigningKey(deps, jwk)).rejects.toThrow()
  expect(await listSigningKeys(deps)).toEqual([])
})

test('keys from the settings are the only ones', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'of-settings', key_ops: ['sign', 'verify'] }
  await using server = await start({ settings: { AUTH_JWT_KEYS: JSON.stringify([jwk]) } })
  await server.rotate(true)
  expect(headerOf((await server.app.signUp()).accessToken).kid).toBe('of-settings')
  expect(claimsOf((await server.app.signUp()).accessToken).role).toBe('authenticated')
})
