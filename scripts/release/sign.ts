/** Signs files as minisign does, with a secret key without a password (`minisign -G -W`). */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { PREHASHED, TRUSTED } from '../../src/lib/minisign'

interface SecretKey {
  id: Buffer
  /** Ed25519: 32 bytes each. */
  seed: Buffer
  publicKey: Buffer
}

/** @param text the file `minisign.key` */
export function parseSecretKey(text: string): SecretKey {
  const bytes = Buffer.from(text.trim().split(/\r?\n/).at(-1) ?? '', 'base64')
  if (bytes.length !== 158 || bytes.toString('latin1', 0, 2) !== 'Ed')
    throw new Error('it is not a secret key of minisign')
  if (!bytes.subarray(2, 4).equals(Buffer.alloc(2)))
    throw new Error('the secret key has a password; make one without: minisign -G -W, or minisign -C -W')
  return { id: bytes.subarray(54, 62), seed: bytes.subarray(62, 94), publicKey: bytes.subarray(94, 126) }
}

/** The line that `minisign.pub` ends with. */
export const publicKeyOf = ({ id, publicKey }: SecretKey): string =>
  Buffer.concat([Buffer.from('Ed'), id, publicKey]).toString('base64')

/** @returns the `.minisig` file. @param comment is signed as well */
export function signatureOf(content: Uint8Array, { id, seed, publicKey }: SecretKey, comment: string): string {
  const key = createPrivateKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', d: seed.toString('base64url'), x: publicKey.toString('base64url') },
  })
  const own = sign(null, createHash('blake2b512').update(content).digest(), key)
  const second = sign(null, Buffer.concat([own, Buffer.from(comment)]), key)
  return [
    'untrusted comment: signature of a Latchkey release',
    Buffer.concat([Buffer.from(PREHASHED), id, own]).toString('base64'),
    `${TRUSTED}${comment}`,
    second.toString('base64'),
    '',
  ].join('\n')
}
