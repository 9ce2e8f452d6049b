/** A software authenticator, written from the WebAuthn specification (Level 3 §6 and §7) without the server's libraries. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Json } from './app'

interface Credential {
  id: Buffer
  userHandle: string
  key: KeyObject
  counter: number
}

/** Deviations from a correct response. */
export interface Deviations {
  origin?: string
  rpId?: string
  challenge?: string
  /** Whether it claims user verification. */
  isUserVerified?: boolean
  counter?: number
  userHandle?: string
  /** Signs with a key other than the registered one. */
  forges?: boolean
  type?: string
}

export interface Authenticator {
  /** What `navigator.credentials.create` would return, as JSON. */
  create(options: Json, liberties?: Deviations): Json
  /** What `navigator.credentials.get` would return, as JSON, with the credential registered last. */
  get(options: Json, liberties?: Deviations): Json
  credentials: Credential[]
}

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const ATTESTED = 0x40

export function authenticator(origin = 'http://localhost:3000', aaguid = '00'.repeat(16)): Authenticator {
  const credentials: Credential[] = []
  const flags = (liberties: Deviations) => USER_PRESENT | (liberties.isUserVerified === false ? 0 : USER_VERIFIED)
  const clientData = (type: string, options: Json, liberties: Deviations) =>
    Buffer.from(
      JSON.stringify({
        type: liberties.type ?? type,
        challenge: liberties.challenge ?? options.challenge,
        origin: liberties.origin ?? origin,
        crossOrigin: false,
      }),
    )
  return {
    credentials,
    create(options, liberties = {}) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const id = randomBytes(32)
      credentials.push({ id, userHandle: options.user.id, key: privateKey, counter: 0 })
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
      const coseKey = cborMap([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ])
      const authData = Buffer.concat([
        authenticatorData(liberties.rpId ?? options.rp.id, flags(liberties) | ATTESTED, liberties.counter ?? 0),
        Buffer.from(aaguid.replaceAll('-', ''), 'hex'),
        Buffer.from([0, id.length]),
        id,
        coseKey,
      ])
      const attestationObject = cborMap([
        ['fmt', 'none'],
        ['attStmt', cborMap([])],
        ['authData', authData],
      ])
      return credentialJson(id, {
        clientDataJSON: clientData('webauthn.create', options, liberties).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal', 'hybrid'],
      })
    },
    get(options, liberties = {}) {
      const credential = credentials.at(-1)
      if (!credential) throw new Error('this authenticator has no credential')
      const data = clientData('webauthn.get', options, liberties)
      const counter = liberties.counter ?? ++credential.counter
      const authData = authenticatorData(liberties.rpId ?? options.rpId, flags(liberties), counter)
      const signed = Buffer.concat([authData, createHash('sha256').update(data).digest()])
      const key = liberties.forges ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : credential.key
      return credentialJson(credential.id, {
        clientDataJSON: data.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', signed, key).toString('base64url'),
        userHandle: liberties.userHandle ?? credential.userHandle,
      })
    },
  }
}

function credentialJson(id: Buffer, response: Record<string, unknown>): Json {
  const text = id.toString('base64url')
  return { id: text, rawId: text, type: 'public-key', response, clientExtensionResults: {} }
}

function authenticatorData(rpId: string, flags: number, counter: number): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), count])
}

/**
 * Buffers that contain an encoded map, which are inserted unchanged; other Buffers are byte strings. Only the part of
 * CBOR (RFC 8949) that these structures need is supported.
 */
const maps = new WeakSet<Buffer>()

function cborMap(entries: [string | number, string | number | Buffer][]): Buffer {
  const map = Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [cbor(key), cbor(value)])])
  maps.add(map)
  return map
}

function cbor(value: string | number | Buffer): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)])
  return maps.has(value) ? value : Buffer.concat([head(2, value.length), value])
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  return length < 256
    ? Buffer.from([(major << 5) | 24, length])
    : Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}
