/** A key pair as `minisign -G -W` makes it. */
import { createHash, generateKeyPairSync } from 'node:crypto'

/** @returns the text of the file with the secret key */
export function minisignSecretKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' })
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(8)))
  const bytes = Buffer.concat([
    Buffer.from('Ed\0\0B2'),
    Buffer.alloc(48), // salt and limits of the password, which it does not have
    ...[id, Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')],
    createHash('sha256').update(id).digest(), // its checksum, which only minisign reads
  ])
  return `untrusted comment: minisign secret key\n${bytes.toString('base64')}\n`
}
