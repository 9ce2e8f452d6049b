/** Encryption of backups in the format of age (https://age-encryption.org/v1), which the `age` tool decrypts as well. */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Damaged } from './archive'

/** Shorter passphrases can be guessed from the file. */
export const MIN_PASSPHRASE_BYTES = 12

export type Encryption = { passphrase: string } | { recipients: readonly string[] }

/** How a file is encrypted, by its first bytes. */
export type Lock = 'none' | 'passphrase' | 'recipient'

const MAGIC = 'age-encryption.org/v1\n'
/** Enough of a file for `lockOf`. */
export const HEAD_BYTES = 64

export function lockOf(head: Uint8Array): Lock {
  const text = Buffer.from(head).toString('latin1')
  if (!text.startsWith(MAGIC)) return 'none'
  return text.startsWith('-> scrypt ', MAGIC.length) ? 'passphrase' : 'recipient'
}

/** @throws if it is not a recipient, such as `age1…` */
export function requireRecipient(recipient: string): void {
  new Encrypter().addRecipient(recipient)
}

/** @throws if it is not an identity, such as `AGE-SECRET-KEY-1…` */
export function requireIdentity(identity: string): void {
  new Decrypter().addIdentity(identity)
}

export async function encrypt(
  plain: AsyncIterable<Uint8Array>,
  encryption: Encryption,
): Promise<AsyncIterable<Uint8Array>> {
  const encrypter = new Encrypter()
  if ('passphrase' in encryption) encrypter.setPassphrase(encryption.passphrase)
  else for (const recipient of encryption.recipients) encrypter.addRecipient(recipient)
  return encrypter.encrypt(streamOf(plain))
}

/** What may decrypt a file. */
export interface DecryptionKeys {
  passphrase?: string | undefined
  identities?: readonly string[]
}

/** @throws {Damaged} also later, when a changed piece is reached */
export async function decrypt(
  encrypted: ReadableStream<Uint8Array>,
  { passphrase, identities = [] }: DecryptionKeys,
): Promise<AsyncIterable<Uint8Array>> {
  const decrypter = new Decrypter()
  if (passphrase !== undefined) decrypter.addPassphrase(passphrase)
  for (const identity of identities) decrypter.addIdentity(identity)
  try {
    return pieces(await decrypter.decrypt(encrypted))
  } catch (error) {
    const isWrongKey = (error as Error).message.startsWith('no identity matched')
    throw new Damaged(
      !isWrongKey
        ? 'the header of its encryption was changed or is truncated'
        : passphrase === undefined
          ? 'it is encrypted for another identity'
          : 'the passphrase is wrong',
    )
  }
}

async function* pieces(plain: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* plain
  } catch {
    throw new Damaged('its encrypted content was changed or is truncated')
  }
}

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const { value, done } = await iterator.next()
        if (done) return controller.close()
        if (value.length > 0) return controller.enqueue(value)
      }
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/**
 * Also lets this process decrypt what it encrypts for recipients: with an identity that is never written down, so that
 * the file can be tried before it counts.
 */
export async function withTrialKey(encryption: Encryption): Promise<{ encryption: Encryption; keys: DecryptionKeys }> {
  if ('passphrase' in encryption) return { encryption, keys: encryption }
  const identity = await generateX25519Identity()
  const recipients = [...encryption.recipients, await identityToRecipient(identity)]
  return { encryption: { recipients }, keys: { identities: [identity] } }
}
