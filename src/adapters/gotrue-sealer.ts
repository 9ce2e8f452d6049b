/**
 * Secrets in tables shared with GoTrue, in GoTrue's form, so that either server reads what the other wrote
 * (docs/decisions.md#d36): plaintext, or an encrypted string, which is JSON with the id of the key and base64 of nonce
 * and ciphertext. AES-256-GCM (NIST SP 800-38D) under a key derived for each row: HKDF-SHA-256 (RFC 5869) without salt,
 * its info being the id of the row.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { decodeBase32IgnorePadding, encodeBase32NoPadding } from '@oslojs/encoding'
import type { Sealer } from '../core/kernel/ports'
import { isJsonObject } from '../lib/json'

/** Keys of 32 bytes, each with its id. */
export interface EncryptionKeys {
  /** The id of the key that encrypts; undefined if secrets are written in plaintext. */
  current: string | undefined
  byId: ReadonlyMap<string, Buffer>
}

/** How a secret is written as text, by column. */
const FORMATS: Record<string, { encode(secret: Uint8Array): string; decode(text: string): Uint8Array }> = {
  'sessions.refresh_token_hmac_key': {
    encode: (key) => Buffer.from(key).toString('base64url'),
    decode: (text) => Buffer.from(text, 'base64url'),
  },
  'mfa_factors.secret': {
    encode: encodeBase32NoPadding,
    decode: (text) => decodeBase32IgnorePadding(text.trim().toUpperCase().replace(/=+$/, '')),
  },
  'custom_oauth_providers.client_secret': {
    encode: (secret) => Buffer.from(secret).toString(),
    decode: (text) => Buffer.from(text),
  },
  'users.encrypted_password': {
    encode: (hash) => Buffer.from(hash).toString(),
    decode: (text) => Buffer.from(text),
  },
}

/** Seals GoTrue's columns in its form. @param ours seals everything else */
export function gotrueSealer(ours: Sealer, keys: EncryptionKeys): Sealer {
  const placeOf = (aad: string) => {
    const [column = '', rowId = ''] = aad.split(':')
    return { format: FORMATS[column], rowId }
  }
  return {
    keyId: ours.keyId,
    seal(secret, aad) {
      const { format, rowId } = placeOf(aad)
      if (!format) return ours.seal(secret, aad)
      const text = format.encode(secret)
      return keys.current === undefined ? text : encrypt(text, rowId, keys.current, keyOf(keys, keys.current))
    },
    open(stored, aad) {
      const { format, rowId } = placeOf(aad)
      if (!format) return ours.open(stored, aad)
      const encrypted = parse(stored)
      const text = encrypted ? decrypt(encrypted, rowId, keyOf(keys, encrypted.key_id)) : stored
      return Buffer.from(format.decode(text))
    },
  }
}

const ALGORITHM = 'aes-gcm-hkdf'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

interface EncryptedString {
  key_id: string
  alg: typeof ALGORITHM
  /** The ciphertext, followed by the tag. */
  data: string
  nonce: string
}

function keyOf(keys: EncryptionKeys, id: string): Buffer {
  const key = keys.byId.get(id)
  if (!key)
    throw new Error(
      `a secret is encrypted with key ${JSON.stringify(id)}; add it to AUTH_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS`,
    )
  return key
}

/** A key for GoTrue's columns, derived from the key of everything else. */
export const derivedKey = (sealingKey: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', sealingKey, '', 'secrets in tables of GoTrue', KEY_BYTES))

const rowKey = (key: Buffer, rowId: string) => Buffer.from(hkdfSync('sha256', key, '', rowId, KEY_BYTES))

function encrypt(text: string, rowId: string, keyId: string, key: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', rowKey(key, rowId), nonce)
  const data = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  const encrypted: EncryptedString = {
    key_id: keyId,
    alg: ALGORITHM,
    data: data.toString('base64'),
    nonce: nonce.toString('base64'),
  }
  return JSON.stringify(encrypted)
}

/** @throws if the text was encrypted for another row or with another key, or was changed */
function decrypt({ data, nonce }: EncryptedString, rowId: string, key: Buffer): string {
  const bytes = Buffer.from(data, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', rowKey(key, rowId), Buffer.from(nonce, 'base64'))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const text = decipher.update(bytes.subarray(0, -TAG_BYTES)).toString()
  try {
    // In this mode it yields no more bytes, and throws if the tag is wrong.
    decipher.final()
  } catch (cause) {
    throw new Error('a secret cannot be decrypted: it was encrypted with another key, or was changed', { cause })
  }
  return text
}

/** @returns undefined for plaintext */
function parse(stored: string): EncryptedString | undefined {
  if (!stored.startsWith('{')) return undefined
  let found: unknown
  try {
    found = JSON.parse(stored)
  } catch {
    return undefined
  }
  if (!isJsonObject(found) || found.alg !== ALGORITHM) return undefined
  const { key_id: id, data, nonce } = found
  const isWhole = typeof id === 'string' && typeof data === 'string' && typeof nonce === 'string'
  const isPossible = isWhole && Buffer.from(nonce, 'base64').length === NONCE_BYTES && decodedLength(data) >= TAG_BYTES
  return isPossible ? { key_id: id, alg: ALGORITHM, data, nonce } : undefined
}

const decodedLength = (base64: string) => Buffer.from(base64, 'base64').length
