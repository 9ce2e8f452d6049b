/** Small operations on secret bytes. */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** Compares two secrets in constant time (only a different length may show). */
export function secretEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = typeof a === 'string' ? Buffer.from(a) : a
  const right = typeof b === 'string' ? Buffer.from(b) : b
  return left.length === right.length && timingSafeEqual(left, right)
}

/** HMAC-SHA-256 (RFC 2104). */
export function hmacSha256(key: Uint8Array | string, data: Uint8Array | string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/**
 * Decodes unpadded base64url strictly (RFC 4648 §5). @returns undefined if another text would decode to the same bytes
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
