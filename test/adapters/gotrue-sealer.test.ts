import { describe, expect, test } from 'bun:test'
import { createDecipheriv, createHmac } from 'node:crypto'
import { type EncryptionKeys, gotrueSealer } from '../../src/adapters/gotrue-sealer'
import { aesGcmSealer } from '../../src/adapters/sealer'

const ROW = '1f6bdee5-5b6a-4b9e-9a8e-2d8c1a0f3b77'
const KEY = Buffer.from('pwFoiPyybQMqNmYVN0gUnpbfpGQV2sDv9vp0ZAxi_Y4', 'base64url')
const ours = aesGcmSealer(Buffer.alloc(32, 7))

const sealerWith = (keys: Record<string, Buffer>, current?: string) =>
  gotrueSealer(ours, { current, byId: new Map(Object.entries(keys)) } satisfies EncryptionKeys)
const encrypting = sealerWith({ k1: KEY }, 'k1')
const plain = sealerWith({ k1: KEY })

const HMAC_KEY = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
/** Each column with a secret, and the text that GoTrue stores for it. */
const COLUMNS = [
  ['sessions.refresh_token_hmac_key', HMAC_KEY, 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'],
  ['mfa_factors.secret', Buffer.from('12345678901234567890'), 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'],
  ['custom_oauth_providers.client_secret', Buffer.from('s3cr3t ü'), 's3cr3t ü'],
  ['users.encrypted_password', Buffer.from('$2b$10$abc'), '$2b$10$abc'],
] as const

/** HKDF-SHA-256 without salt, written out (RFC 5869 §2), for one block of output. */
function rowKey(key: Buffer, info: string): Buffer {
  const prk = createHmac('sha256', Buffer.alloc(32)).update(key).digest()
  return createHmac('sha256', prk).update(info).update(Buffer.of(1)).digest()
}

function decrypt(stored: string, row: string): string {
  const { data, nonce } = JSON.parse(stored)
  const bytes = Buffer.from(data, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', rowKey(KEY, row), Buffer.from(nonce, 'base64'))
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString()
}

describe.each(COLUMNS)('%s', (column, secret, text) => {
  const aad = `${column}:${ROW}`

  test('is encrypted as GoTrue does it, for its row', () => {
    const stored = encrypting.seal(secret, aad)
    expect(Object.keys(JSON.parse(stored))).toEqual(['key_id', 'alg', 'data', 'nonce'])
    expect(JSON.parse(stored)).toMatchObject({ key_id: 'k1', alg: 'aes-gcm-hkdf' })
    expect(decrypt(stored, ROW)).toBe(text)
    expect(encrypting.open(stored, aad)).toEqual(secret)
    expect(encrypting.seal(secret, aad)).not.toBe(stored)
    expect(() => encrypting.open(stored, `${column}:${ROW.replace('1', '2')}`)).toThrow()
  })

  test('is read in plaintext, and written so if encryption is off', () => {
    expect(plain.seal(secret, aad)).toBe(text)
    expect(encrypting.open(text, aad)).toEqual(secret)
    expect(plain.open(encrypting.seal(secret, aad), aad)).toEqual(secret)
  })
})

/** Encrypted with the key above for the row above, by a few lines of Python's `cryptography`. */
test('a string encrypted by other code opens', () => {
  const stored = '{"key_id":"k1","alg":"aes-gcm-hkdf","data":"5arWykgZf8xWik/0FdIMTkhv9q4=","nonce":"AAECAwQFBgcICQoL"}'
  expect(encrypting.open(stored, `custom_oauth_providers.client_secret:${ROW}`).toString()).toBe('data')
})

test('a changed string does not open', () => {
  const aad = `mfa_factors.secret:${ROW}`
  const stored = JSON.parse(encrypting.seal(Buffer.alloc(20, 1), aad))
  for (const field of ['data', 'nonce']) {
    const bytes = Buffer.from(stored[field], 'base64')
    for (let index = 0; index < bytes.length; index++) {
      const flipped = Buffer.from(bytes)
      flipped[index] = (flipped[index] as number) ^ 1
      const changed = JSON.stringify({ ...stored, [field]: flipped.toString('base64') })
      expect(() => encrypting.open(changed, aad)).toThrow()
    }
  }
})

test('a string of another key opens with the keys that have its id', () => {
  const aad = `sessions.refresh_token_hmac_key:${ROW}`
  const stored = encrypting.seal(HMAC_KEY, aad)
  expect(sealerWith({ k2: Buffer.alloc(32), k1: KEY }, 'k2').open(stored, aad)).toEqual(HMAC_KEY)
  expect(() => sealerWith({ k2: KEY }, 'k2').open(stored, aad)).toThrow(
    'a secret is encrypted with key "k1"; add it to AUTH_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS',
  )
  expect(() => sealerWith({ k1: Buffer.alloc(32) }, 'k1').open(stored, aad)).toThrow(
    'a secret cannot be decrypted: it was encrypted with another key, or was changed',
  )
})

test.each([
  '{"a":1}',
  '{not JSON',
  '{"key_id":"k1","alg":"rot13","data":"AQABAQABAQABAQABAQABAQABAQAB","nonce":"AAECAwQFBgcICQoL"}',
  '{"key_id":"k1","alg":"aes-gcm-hkdf","data":"AQABAQABAQABAQABAQABAQABAQAB","nonce":"AAECAwQF"}',
  '{"key_id":1,"alg":"aes-gcm-hkdf","data":"AQABAQABAQABAQABAQABAQABAQAB","nonce":"AAECAwQFBgcICQoL"}',
])('a client secret that only looks encrypted is plaintext: %s', (text) => {
  expect(encrypting.open(text, `custom_oauth_providers.client_secret:${ROW}`).toString()).toBe(text)
})

test('a TOTP secret may be written in lower case, with padding', () => {
  const read = (text: string) => plain.open(text, `mfa_factors.secret:${ROW}`).toString()
  expect(read('gezdgnbvgy3tqojqgezdgnbvgy3tqojq')).toBe('12345678901234567890')
  expect(read('GEZDGNBV====')).toBe('12345')
})

test('all other secrets are sealed with our key', () => {
  const sealed = encrypting.seal(Buffer.from('mail'), 'messages.content:1')
  expect(ours.open(sealed, 'messages.content:1').toString()).toBe('mail')
  expect(encrypting.open(sealed, 'messages.content:1').toString()).toBe('mail')
  expect(encrypting.keyId).toBe(ours.keyId)
})
