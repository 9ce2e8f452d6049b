import { expect, test } from 'bun:test'
import { createHash, createHmac } from 'node:crypto'
import { decodeBase64url, hmacSha256, secretEqual, sha256 } from '../../src/lib/secrets'

test('base64url is decoded, with no padding and every length', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = createHash('sha512').update(String(length)).digest().subarray(0, length)
    const text = bytes.toString('base64url')
    expect(decodeBase64url(text)?.toHex()).toBe(bytes.toString('hex'))
  }
})

/** RFC 4648 §3.3, §3.5: other alphabets, padding, white space, a lone character, and unused bits that are not zero. */
const REFUSED = ['+A', 'AA/A', 'AA==', 'AAA=', 'AA A', ' AAAA', 'AAAA\n', 'A', 'AAAAA', 'AB', 'AAB', 'é', 'AAAA.', '=']

for (const text of REFUSED)
  test(`${JSON.stringify(text)} is no base64url`, () => {
    expect(decodeBase64url(text)).toBeUndefined()
  })

test('hashes are those of node:crypto', () => {
  for (const data of ['', 'a', 'ü', 'x'.repeat(1000), Buffer.from([0, 255])]) {
    expect(sha256(data).toString('hex')).toBe(createHash('sha256').update(data).digest('hex'))
    for (const key of ['', 'key', 'x'.repeat(100), Buffer.from([1, 2])])
      expect(hmacSha256(key, data).toString('hex')).toBe(createHmac('sha256', key).update(data).digest('hex'))
  }
})

test('a wrong key of a client does not make the next hash fail', async () => {
  const isNoPoint = new Uint8Array(65).fill(4)
  const wrong = crypto.subtle.importKey('raw', isNoPoint, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
  expect(await wrong.then(() => 'imported').catch(() => 'refused')).toBe('refused')
  expect(hmacSha256('key', 'data').toString('hex')).toBe(createHmac('sha256', 'key').update('data').digest('hex'))
})

test('secrets are equal by their bytes', () => {
  expect(secretEqual('abc', Buffer.from('abc'))).toBe(true)
  expect(secretEqual('abc', 'abd')).toBe(false)
  expect(secretEqual('abc', 'ab')).toBe(false)
})
