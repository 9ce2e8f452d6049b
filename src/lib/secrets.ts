/** Small operations on secret bytes. */
import { hash, timingSafeEqual } from 'node:crypto'

/** Compares two secrets in constant time (only a different length may show). */
export function secretEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = typeof a === 'string' ? Buffer.from(a) : a
  const right = typeof b === 'string' ? Buffer.from(b) : b
  return left.length === right.length && timingSafeEqual(left, right)
}

/** HMAC-SHA-256 (RFC 2104). Bun's own hasher takes half the time of `node:crypto`. */
export function hmacSha256(key: Uint8Array | string, data: Uint8Array | string): Buffer {
  const digest = () => new Bun.CryptoHasher('sha256', key).update(data).digest()
  try {
    return digest()
  } catch {
    // Bun 1.4.5 throws the error that `crypto.subtle.importKey` has left behind for a wrong key, such as that of another
    // client's security key. It does so once.
    return digest()
  }
}

/** SHA-256 (FIPS 180-4). */
export function sha256(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer')
}

/** The allowed last characters of a text, by its length modulo 4: their unused bits are zero (RFC 4648 §3.5). */
const LAST_CHARACTERS = [/^[\w-]?$/, /^$/, /^[AQgw]$/, /^[AEIMQUYcgkosw048]$/]

/**
 * Decodes unpadded base64url strictly (RFC 4648 §5).
 * @returns undefined if another text would decode to the same bytes
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const { length } = text
  if (!LAST_CHARACTERS[length % 4]?.test(text.slice(-1))) return undefined
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' })
    // The decoder skips white space and accepts padding; with either, there are too few bytes.
    return bytes.length === Math.floor((length * 3) / 4) ? bytes : undefined
  } catch {
    return undefined
  }
}
