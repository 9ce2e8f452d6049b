/**
 * Supabase refresh tokens, version 2 (docs/wire-contract.md#refresh-tokens): a counter signed with the session's key,
 * so that nothing is stored per token. Base64url of: 0x00, the session id, the counter as an unsigned varint, 16 bytes
 * of HMAC-SHA-256 over these, and 4 bytes of SHA-256 over everything before.
 */
import { decodeBase64url, hmacSha256, secretEqual, sha256 } from '../../lib/secrets'

const VERSION = 0
const MAC_BYTES = 16
const CHECKSUM_BYTES = 4
const ID_BYTES = 16
/** Minimum length: a counter of one byte. */
const MIN_BYTES = 1 + ID_BYTES + 1 + MAC_BYTES + CHECKSUM_BYTES

export interface SignedToken {
  kind: 'counter'
  sessionId: string
  counter: number
  signed: Uint8Array
  mac: Uint8Array
}

export type RefreshToken =
  | SignedToken
  /** GoTrue's older format: 12 characters, looked up by hash. */
  | { kind: 'imported'; token: string }

/** @param sessionId a UUID @param key 32 bytes */
export function encodeRefreshToken(sessionId: string, counter: number, key: Uint8Array): string {
  const signed = Buffer.concat([
    Buffer.of(VERSION),
    Buffer.from(sessionId.replaceAll('-', ''), 'hex'),
    uvarint(counter),
  ])
  const mac = hmacSha256(key, signed).subarray(0, MAC_BYTES)
  const body = Buffer.concat([signed, mac])
  return Buffer.concat([body, checksum(body)]).toString('base64url')
}

/** Parses a token without trusting it. @returns undefined if it has neither format */
export function parseRefreshToken(token: string): RefreshToken | undefined {
  if (/^[a-z0-9]{12}$/.test(token)) return { kind: 'imported', token }
  const bytes = decodeBase64url(token)
  if (!bytes || bytes.length < MIN_BYTES || bytes[0] !== VERSION) return undefined
  const body = bytes.subarray(0, -CHECKSUM_BYTES)
  if (!checksum(body).equals(bytes.subarray(-CHECKSUM_BYTES))) return undefined
  const signed = body.subarray(0, -MAC_BYTES)
  const counter = readUvarint(signed.subarray(1 + ID_BYTES))
  if (counter === undefined) return undefined
  const hex = signed.subarray(1, 1 + ID_BYTES).toHex()
  const sessionId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { kind: 'counter', sessionId, counter, signed, mac: body.subarray(-MAC_BYTES) }
}

/** Whether the session's key signed the token. */
export function isSignatureValid(token: SignedToken, key: Uint8Array): boolean {
  return secretEqual(token.mac, hmacSha256(key, token.signed).subarray(0, MAC_BYTES))
}

const checksum = (bytes: Uint8Array) => sha256(bytes).subarray(0, CHECKSUM_BYTES)

function uvarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Buffer.from([...bytes, rest])
}

function readUvarint(bytes: Uint8Array): number | undefined {
  let value = 0
  for (const [index, byte] of bytes.entries()) value += (byte & 0x7f) * 2 ** (7 * index)
  const isWhole = bytes.every((byte, index) => byte >= 0x80 === index < bytes.length - 1)
  return isWhole && Number.isSafeInteger(value) ? value : undefined
}
