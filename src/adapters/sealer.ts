/** AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce for each value. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Sealer } from '../core/kernel/ports'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Sealed text is `<key id>.<base64url of nonce, ciphertext and tag>`. */
export function aesGcmSealer(key: Buffer): Sealer {
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 8)
  return {
    keyId,
    seal(plain, aad) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad))
      const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      return `${keyId}.${bytes.toString('base64url')}`
    },
    open(sealed, aad) {
      const [id, text = ''] = sealed.split('.')
      if (id !== keyId) throw new Error(`${aad} was sealed with key ${id}, not with ${keyId}`)
      const bytes = Buffer.from(text, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(aad))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
      try {
        // In this mode it yields no more bytes, and throws if the tag is wrong.
        decipher.final()
      } catch (cause) {
        throw new Error(`${aad} cannot be decrypted: it was changed`, { cause })
      }
      return plain
    },
  }
}
