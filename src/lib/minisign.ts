/**
 * Signatures of minisign (https://jedisct1.github.io/minisign/#signature-format): Ed25519 over BLAKE2b-512, with a
 * trusted comment that is signed as well.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'

interface PublicKey {
  /** 8 bytes that name the key. */
  id: Buffer
  /** 32 bytes, Ed25519. */
  key: Buffer
}

/** @param text the file `minisign.pub`, or its last line alone. @throws if it is neither */
export function parsePublicKey(text: string): PublicKey {
  const bytes = Buffer.from(linesOf(text).at(-1) ?? '', 'base64')
  if (bytes.length !== 42 || bytes.toString('latin1', 0, 2) !== 'Ed')
    throw new Error(
      'it is not a public key of minisign, such as RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3',
    )
  return { id: bytes.subarray(2, 10), key: bytes.subarray(10) }
}

/**
 * @param signature the `.minisig` file
 * @returns the trusted comment; undefined if the signature does not fit, or is of another key
 */
export function verifiedComment(content: Uint8Array, signature: string, publicKey: PublicKey): string | undefined {
  const [, first = '', comment = '', second = ''] = linesOf(signature)
  const bytes = Buffer.from(first, 'base64')
  if (bytes.length !== 74 || !comment.startsWith(TRUSTED)) return undefined
  const [algorithm, id, own] = [bytes.toString('latin1', 0, 2), bytes.subarray(2, 10), bytes.subarray(10)]
  if (algorithm !== PREHASHED || !id.equals(publicKey.id)) return undefined
  const trusted = comment.slice(TRUSTED.length)
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.key.toString('base64url') },
  })
  const isValid =
    verify(null, createHash('blake2b512').update(content).digest(), key, own) &&
    verify(null, Buffer.concat([own, Buffer.from(trusted)]), key, Buffer.from(second, 'base64'))
  return isValid ? trusted : undefined
}

/** The algorithm in which the BLAKE2b-512 hash is signed, not the content itself. */
export const PREHASHED = 'ED'

export const TRUSTED = 'trusted comment: '

const linesOf = (text: string) => text.trim().split(/\r?\n/)
