import { expect, test } from 'bun:test'
import { aesGcmSealer } from '../../src/adapters/sealer'

const KEY = Buffer.alloc(32, 7)

test('a sealed value opens only unchanged, in its place and with its key', () => {
  const sealer = aesGcmSealer(KEY)
  const sealed = sealer.seal(Buffer.from('secret'), 'sessions.key:1')
  expect(sealer.open(sealed, 'sessions.key:1').toString()).toBe('secret')
  expect(sealer.seal(Buffer.from('secret'), 'sessions.key:1')).not.toBe(sealed)
  expect(() => sealer.open(sealed, 'sessions.key:2')).toThrow('sessions.key:2 cannot be decrypted: it was changed')
  expect(() => aesGcmSealer(Buffer.alloc(32)).open(sealed, 'sessions.key:1')).toThrow('was sealed with key')
  const [id, text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    const flipped = Buffer.from(bytes)
    flipped[index] = (flipped[index] as number) ^ 1
    expect(() => sealer.open(`${id}.${flipped.toString('base64url')}`, 'sessions.key:1')).toThrow()
  }
})
