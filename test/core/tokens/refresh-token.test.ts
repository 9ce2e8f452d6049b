import { expect, test } from 'bun:test'
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
