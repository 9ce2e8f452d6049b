/**
 * Password hashes: argon2id by default, bcrypt on request. bcrypt, argon2i, argon2id and Firebase scrypt hashes of
 * imported accounts are verified as well (docs/wire-contract.md#passwords). Parameters: OWASP Password Storage Cheat
 * Sheet, argon2id m=19 MiB, t=2, p=1.
 */
import { createCipheriv, scrypt } from 'node:crypto'
import type { PasswordHasher } from '../core/kernel/ports'
import { secretEqual } from '../lib/secrets'

const ARGON2ID = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const

/** Cost limits for imported hashes, so that one row cannot occupy a hashing slot for minutes. Same limits as GoTrue. */
const MAX_MEMORY_KIB = 1_048_576
const MAX_PASSES = 20
const MAX_LANES = 16
const MAX_SCRYPT_BYTES = 64 * 1024 * 1024
const MIN_SIGNER_KEY_BYTES = 16

const BCRYPT = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const ARGON2 = /^\$(argon2id?)\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}$/
const BASE64 = '([A-Za-z0-9+/]{2,}={0,2})'
const FIREBASE = new RegExp(
  `^\\$fbscrypt\\$v=1,n=(\\d{1,2}),r=(\\d{1,5}),p=(\\d{1,2})(?:,ss=${BASE64})?,sk=${BASE64}\\$${BASE64}\\$${BASE64}$`,
)

export function passwordHasher(options: { bcryptRounds?: number | undefined }): PasswordHasher {
  const rounds = options.bcryptRounds
  const target = rounds === undefined ? ARGON2ID : ({ algorithm: 'bcrypt', cost: rounds } as const)
  return {
    hash: (password) => Bun.password.hash(password, target),
    async verify(password, hash) {
      if (!accepts(hash)) return false
      const firebase = FIREBASE.exec(hash)
      if (firebase) return verifyFirebase(password, firebase)
      return Bun.password.verify(password, hash).catch(() => false)
    },
    accepts,
    isOutdated: (hash) => (rounds === undefined ? !isCurrentArgon2(hash) : Number(BCRYPT.exec(hash)?.[1]) !== rounds),
    decoy: rounds === undefined ? decoyArgon2() : `$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(53)}`,
  }
}

function accepts(hash: string): boolean {
  const bcrypt = BCRYPT.exec(hash)
  if (bcrypt) return Number(bcrypt[1]) >= 4 && Number(bcrypt[1]) <= 15
  const argon2 = ARGON2.exec(hash)
  if (argon2) {
    const [memory, passes, lanes] = argon2.slice(2).map(Number) as [number, number, number]
    return (
      memory >= 8 * lanes &&
      memory <= MAX_MEMORY_KIB &&
      passes >= 1 &&
      passes <= MAX_PASSES &&
      lanes >= 1 &&
      lanes <= MAX_LANES
    )
  }
  const firebase = FIREBASE.exec(hash)
  if (!firebase) return false
  const [logN, r, p] = firebase.slice(1, 4).map(Number) as [number, number, number]
  const [signerKey, hashed] = [firebase[5], firebase[7]].map((text) => Buffer.from(text ?? '', 'base64').length)
  const bytes = 128 * r * (2 ** logN + p)
  const isAffordable = logN >= 1 && r >= 1 && p >= 1 && p <= MAX_LANES && bytes <= MAX_SCRYPT_BYTES
  // An empty hash would be the encryption under an empty key, whatever the password.
  return isAffordable && signerKey === hashed && Number(signerKey) >= MIN_SIGNER_KEY_BYTES
}

function isCurrentArgon2(hash: string): boolean {
  return hash.startsWith(`$argon2id$v=19$m=${ARGON2ID.memoryCost},t=${ARGON2ID.timeCost},p=1$`)
}

function decoyArgon2(): string {
  const { memoryCost, timeCost } = ARGON2ID
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=1$${'A'.repeat(43)}$${'A'.repeat(43)}`
}

/** Firebase's scrypt variant: the derived key encrypts the project's signer key, and that ciphertext is the hash. */
async function verifyFirebase(password: string, parts: RegExpExecArray): Promise<boolean> {
  const [logN, r, p] = parts.slice(1, 4).map(Number) as [number, number, number]
  const [separator, signerKey, salt, hash] = parts.slice(4, 8).map((text) => Buffer.from(text ?? '', 'base64')) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const key = await new Promise<Buffer>((resolve, reject) =>
    scrypt(
      password,
      Buffer.concat([salt, separator]),
      32,
      { N: 2 ** logN, r, p, maxmem: 2 * MAX_SCRYPT_BYTES },
      (error, derived) => (error ? reject(error) : resolve(derived)),
    ),
  )
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return secretEqual(Buffer.concat([cipher.update(signerKey), cipher.final()]), hash)
}
