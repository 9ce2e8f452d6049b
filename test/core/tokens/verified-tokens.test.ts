import { expect, test } from 'bun:test'
import { exportJWK, generateKeyPair } from 'jose'
import { keyring } from '../../../src/core/tokens/jwt'
import { verifiedTokens } from '../../../src/core/tokens/verified-tokens'
import type { JsonObject } from '../../../src/lib/json'

const SECRET = 'a-secret-of-this-test-with-at-least-32-bytes'
const NOW = 1_767_225_600_000
const CLAIMS = { sub: 'ada', exp: NOW / 1000 + 60 }
const refused = { reason: 'token_invalid' }

async function signingKey(kid: string) {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'ES256', key_ops: ['sign', 'verify'] } as JsonObject
  return { jwk, signs: true }
}

test('a cached token still expires, and is not valid before nbf', async () => {
  const ring = await keyring({ secret: SECRET })
  const token = await ring.sign({ ...CLAIMS, nbf: NOW / 1000 })
  for (let round = 0; round < 2; round++) expect(await ring.verify(token, NOW)).toMatchObject({ sub: 'ada' })
  await expect(ring.verify(token, NOW + 60_000)).rejects.toMatchObject(refused)
  await expect(ring.verify(token, NOW - 1)).rejects.toMatchObject(refused)
})

test('a cached token is refused once its key is revoked', async () => {
  const ring = await keyring({ secret: SECRET })
  const [first, second] = [await signingKey('first'), await signingKey('second')]
  await ring.replaceKeys([first])
  const token = await ring.sign(CLAIMS)
  for (let round = 0; round < 2; round++) expect(await ring.verify(token, NOW)).toEqual(CLAIMS)
  await ring.replaceKeys([second])
  await expect(ring.verify(token, NOW)).rejects.toMatchObject(refused)
  await ring.replaceKeys([first])
  expect(await ring.verify(token, NOW)).toEqual(CLAIMS)
})

test('a cached verification does not apply to another encoding, claims or signature', async () => {
  const ring = await keyring({ secret: SECRET })
  const token = await ring.sign(CLAIMS)
  const [head = '', body = '', signature = ''] = token.split('.')
  await ring.verify(token, NOW)
  const other = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'eve' })).toString('base64url')
  for (const forged of [
    `${head}.${other}.${signature}`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${signature}.`,
    ` ${token}`,
  ])
    await expect(ring.verify(forged, NOW)).rejects.toMatchObject(refused)
})

test('a refused token is refused again', async () => {
  const ring = await keyring({ secret: SECRET })
  const other = await keyring({ secret: `another-${SECRET}` })
  const token = await other.sign(CLAIMS)
  for (let round = 0; round < 2; round++) await expect(ring.verify(token, NOW)).rejects.toMatchObject(refused)
})

test('each request gets claims of its own', async () => {
  const ring = await keyring({ secret: SECRET })
  const token = await ring.sign({ ...CLAIMS, amr: ['password'] })
  for (let round = 0; round < 3; round++) {
    const claims = await ring.verify(token, NOW)
    expect(claims).toEqual({ ...CLAIMS, amr: ['password'] })
    Object.assign(claims, { sub: 'eve' })
    ;(claims.amr as unknown as string[]).push('totp')
  }
})

test('ten thousand tokens are remembered; beyond that, the oldest is dropped', () => {
  const tokens = verifiedTokens()
  for (let index = 0; index <= 10_000; index++) tokens.add(`token-${index}`)
  expect(['token-0', 'token-1', 'token-10000'].map(tokens.has)).toEqual([false, true, true])
})
