import { expect, test } from 'bun:test'
import { aesGcmSealer } from '../../../src/adapters/sealer'
import { keyring } from '../../../src/core/tokens/jwt'
import { encodeRefreshToken, isSignatureValid, parseRefreshToken } from '../../../src/core/tokens/refresh-token'

const SESSION = '0ef1c9a2-6f0e-4b7e-9a51-3a4d8c2b1f00'
const KEY = Buffer.alloc(32, 7)

test.each([0, 1, 127, 128, 300, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER])(
  'a refresh token of counter %d reads back',
  (counter) => {
    const text = encodeRefreshToken(SESSION, counter, KEY)
    const token = parseRefreshToken(text)
    if (token?.kind !== 'counter') throw new Error('not a counter token')
    expect([
      token.sessionId,
      token.counter,
      isSignatureValid(token, KEY),
      isSignatureValid(token, Buffer.alloc(32)),
    ]).toEqual([SESSION, counter, true, false])
  },
)

test('its layout equals GoTrue’s: version, session, counter, 16 bytes of MAC, 4 of checksum', () => {
  const bytes = Buffer.from(encodeRefreshToken(SESSION, 300, KEY), 'base64url')
  expect(bytes.length).toBe(1 + 16 + 2 + 16 + 4)
  expect(bytes.subarray(0, 19).toString('hex')).toBe(`00${SESSION.replaceAll('-', '')}ac02`)
})

test('a counter encoded with more bytes than needed, or too few, is invalid', () => {
  for (const tail of ['8080', 'ff', 'ffffffffffffffffff01']) {
    const bytes = Buffer.from(`00${SESSION.replaceAll('-', '')}${tail}`, 'hex')
    const body = Buffer.concat([bytes, Buffer.alloc(16)])
    const sum = new Bun.CryptoHasher('sha256').update(body).digest().subarray(0, 4)
    expect(parseRefreshToken(Buffer.concat([body, sum]).toString('base64url'))).toBeUndefined()
  }
})

test('12 characters of the older alphabet are an imported token, and others invalid', () => {
  expect(parseRefreshToken('abcdefgh2345')).toEqual({ kind: 'imported', token: 'abcdefgh2345' })
  for (const text of ['', 'abcdefgh234', 'abcdefgh23456', 'ABCDEFGH2345', 'abcdefgh234-'])
    expect(parseRefreshToken(text)).toBeUndefined()
})

test('a token is valid up to its last second, and no longer', async () => {
  const ring = await keyring({ secret: 'a-secret-of-this-test-with-at-least-32-bytes' })
  const signed = await ring.sign({ iss: 'joe', exp: 1300819380 })
  expect(await ring.verify(signed, 1300819379_000)).toEqual({ iss: 'joe', exp: 1300819380 })
  await expect(ring.verify(signed, 1300819380_000)).rejects.toMatchObject({ reason: 'token_invalid' })
})

test('a sealed value opens only unchanged, in its place and with its key', () => {
  const sealer = aesGcmSealer(KEY)
  const sealed = sealer.seal(Buffer.from('secret'), 'sessions.key:1')
  expect(sealer.open(sealed, 'sessions.key:1').toString()).toBe('secret')
  expect(sealer.seal(Buffer.from('secret'), 'sessions.key:1')).not.toBe(sealed)
  expect(() => sealer.open(sealed, 'sessions.key:2')).toThrow()
  expect(() => aesGcmSealer(Buffer.alloc(32)).open(sealed, 'sessions.key:1')).toThrow('was sealed with key')
  const [id, text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    const flipped = Buffer.from(bytes)
    flipped[index] = (flipped[index] as number) ^ 1
    expect(() => sealer.open(`${id}.${flipped.toString('base64url')}`, 'sessions.key:1')).toThrow()
  }
})

test('RFC 7515 appendix A.1: the published key verifies the published token', async () => {
  const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
  const token =
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  // the token has no kid, so the key has none either
  const ring = await keyring({ secret: 'unused', jwks: [{ kty: 'oct', k, alg: 'HS256', key_ops: ['sign', 'verify'] }] })
  expect(await ring.verify(token, 1300819379_000)).toMatchObject({ iss: 'joe', 'http://example.com/is_root': true })
  await expect(ring.verify(token, 1300819380_000)).rejects.toMatchObject({ reason: 'token_invalid' })
})
