import { beforeAll, describe, expect, test } from 'bun:test'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Damaged } from '../../../src/adapters/backup/archive'
import { type DecryptionKeys, decrypt, type Encryption, encrypt, lockOf } from '../../../src/adapters/backup/encryption'

/** Several chunks of age, which have 64 KiB. */
const PLAIN = Buffer.alloc(200_000, 'a database ')
const PASSPHRASE = 'correct horse battery staple'

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
}

const encrypted = async (encryption: Encryption) =>
  Buffer.concat(await Array.fromAsync(await encrypt(inPieces(PLAIN), encryption)))

const plainOf = async (bytes: Uint8Array, keys: DecryptionKeys) =>
  Buffer.concat(await Array.fromAsync(await decrypt(new Blob([bytes]).stream(), keys)))

const refusalOf = (bytes: Uint8Array, keys: DecryptionKeys) =>
  plainOf(bytes, keys).then(
    () => undefined,
    (error: unknown) => (error instanceof Damaged ? error.message : `not a refusal: ${error}`),
  )

const identity = await generateX25519Identity()

describe('for a recipient', () => {
  let bytes: Buffer
  beforeAll(async () => {
    bytes = await encrypted({ recipients: [await identityToRecipient(identity)] })
  })

  test('its identity decrypts', async () => {
    expect(lockOf(bytes)).toBe('recipient')
    expect(bytes.includes('a database')).toBe(false)
    expect((await plainOf(bytes, { identities: [identity] })).equals(PLAIN)).toBe(true)
  })

  test('another identity does not', async () => {
    const other = await generateX25519Identity()
    expect(await refusalOf(bytes, { identities: [other] })).toBe('it is encrypted for another identity')
  })

  test('a flipped byte is refused, wherever it is', async () => {
    const body = bytes.length - PLAIN.length
    const places = [30, 60, 120, body - 60, body + 5, body + 70_000, body + 140_000, bytes.length - 1]
    for (const at of places) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect([at, await refusalOf(changed, { identities: [identity] })]).toEqual([
        at,
        expect.stringMatching(/was changed or is truncated|another identity/),
      ])
    }
  })

  test('a truncated file is refused, also at the end of a chunk', async () => {
    const chunk = 65_536 + 16
    const body = bytes.length - (3 * 16 + PLAIN.length + 16)
    for (const length of [40, 120, body + 16, body + 16 + chunk, body + 16 + 2 * chunk, bytes.length - 1])
      expect(await refusalOf(bytes.subarray(0, length), { identities: [identity] })).toMatch(/is truncated$/)
  })
})

test('a passphrase decrypts, another one does not', async () => {
  const bytes = await encrypted({ passphrase: PASSPHRASE })
  expect(lockOf(bytes)).toBe('passphrase')
  expect(bytes.includes(PASSPHRASE)).toBe(false)
  expect((await plainOf(bytes, { passphrase: PASSPHRASE })).equals(PLAIN)).toBe(true)
  expect(await refusalOf(bytes, { passphrase: `${PASSPHRASE}!` })).toBe('the passphrase is wrong')
}, 60_000)
