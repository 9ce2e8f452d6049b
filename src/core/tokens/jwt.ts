/** Access tokens as JWTs (RFC 7519): signing with the current key, verifying with every key still accepted. */
import type { JWK } from 'jose'
import type { JsonObject } from '../../lib/json'
import { decodeBase64url } from '../../lib/secrets'
import { Refusal } from '../refusal'
import { hmacKey, importKey, type Key, publicHalf } from './keys'

/** Claims of a token whose signature and times are right; nothing else about it has been looked at. */
export type VerifiedClaims = Record<string, unknown>

export interface Keyring {
  /** @param claims in the order they are to appear */
  sign(claims: JsonObject): Promise<string>
  /** Signs what outlives the keys: with the secret, wherever that is accepted. */
  signLasting(claims: JsonObject): Promise<string>
  /** @throws {Refusal<'token_invalid'>} whose detail is GoTrue's text (contract 0.5) */
  verify(token: string, nowMs: number): Promise<VerifiedClaims>
  /** Public halves of the asymmetric keys (RFC 7517), members in alphabetical order; a shared secret has none. */
  readonly publicKeys: JsonObject[]
  /** Puts other keys beside the secret, all at once; requests that run see the old ones or the new ones. */
  use(keys: readonly RingKey[]): Promise<void>
  /** Asked before a token is refused whose key is not here; it may be new in the database. */
  onUnknownKey(look: () => Promise<unknown>): void
}

/** A private JWK, and whether it is the one that signs. */
export interface RingKey {
  jwk: JsonObject
  signs: boolean
}

export interface KeyringOptions {
  /** HS256 secret, as UTF-8 bytes. */
  secret: string
  /** `kid` of tokens signed with the secret. */
  secretKeyId?: string | undefined
  /** Private JWKs of the settings, one of which signs. They stand in place of the secret; none: it signs. */
  jwks?: JsonObject[] | undefined
  /** Accepted algorithms; none: those of the keys. */
  validMethods?: string[] | undefined
}

/** @throws where a JWK cannot be imported */
export async function keyring({ secret, secretKeyId, jwks, validMethods }: KeyringOptions): Promise<Keyring> {
  const secretKey = hmacKey(Buffer.from(secret), secretKeyId)
  const besides = jwks === undefined ? [secretKey] : []
  const ringOf = async (keys: readonly RingKey[]) => {
    const listed = await Promise.all(keys.map(async (each) => ({ ...each, key: await importKey(each.jwk as JWK) })))
    const signer = listed.find(({ signs }) => signs)?.key ?? secretKey
    const all = new Map([...besides, ...listed.map(({ key }) => key)].map((key) => [key.kid, key]))
    const accepted = new Set([...(validMethods ?? [...all.values()].map(({ alg }) => alg)), signer.alg])
    const published = listed.filter(({ jwk }) => jwk.kty !== 'oct').map(({ jwk }) => publicHalf(jwk))
    return { signer, accepted, published, keys: all as ReadonlyMap<string | undefined, Key> }
  }
  const operations = (jwk: JsonObject) => jwk.key_ops as string[]
  let ring = await ringOf((jwks ?? []).map((jwk) => ({ jwk, signs: operations(jwk).includes('sign') })))
  let lookForKeys: () => Promise<unknown> = async () => undefined

  return {
    sign: async (claims) => ring.signer.sign(claims),
    signLasting: async (claims) => (ring.accepted.has('HS256') ? secretKey : ring.signer).sign(claims),
    async verify(token, nowMs) {
      const parts = token.split('.')
      if (parts.length !== 3) throw invalid('token is malformed: token contains an invalid number of segments')
      const [head, body] = parts as [string, string, string]
      const { alg, kid, crit } = decodePart(head)
      if (crit !== undefined) throw invalid('token is unverifiable: critical header parameters are not supported')
      if (typeof kid === 'string' && !ring.keys.has(kid)) await lookForKeys()
      const { accepted, keys } = ring
      if (typeof alg !== 'string' || !accepted.has(alg))
        throw invalid(`token signature is invalid: signing method ${String(alg)} is invalid`)
      const key = keys.get(kid as string | undefined) ?? (alg === 'HS256' ? secretKey : undefined)
      if (!key)
        throw invalid(
          `token is unverifiable: error while executing keyfunc: unrecognized JWT kid ${kid === undefined ? '<nil>' : String(kid)} for algorithm ${alg}`,
        )
      // A key serves its own algorithm alone; otherwise a public key could be taken for an HMAC secret (RFC 8725 §2.1).
      if (key.alg !== alg || !(await key.verify(token)))
        throw invalid('token signature is invalid: signature is invalid')
      const claims = decodePart(body)
      requireTimely(claims, nowMs)
      return claims
    },
    get publicKeys() {
      return ring.published
    },
    async use(keys) {
      ring = await ringOf(keys)
    },
    onUnknownKey(look) {
      lookForKeys = look
    },
  }
}

/** `exp` and `nbf` hold where present (RFC 7519 §4.1.4–5), with no leeway. */
function requireTimely({ exp, nbf }: VerifiedClaims, nowMs: number): void {
  for (const time of [exp, nbf])
    if (time !== undefined && typeof time !== 'number')
      throw invalid('token has invalid claims: invalid type for claim')
  if (typeof exp === 'number' && nowMs / 1000 >= exp) throw invalid('token has invalid claims: token is expired')
  if (typeof nbf === 'number' && nowMs / 1000 < nbf) throw invalid('token has invalid claims: token is not valid yet')
}

function decodePart(text: string): VerifiedClaims {
  try {
    const value: unknown = JSON.parse(decodeBase64url(text)?.toString() ?? '')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as VerifiedClaims
  } catch {
    // told below, like everything else that is no JSON object
  }
  throw invalid('token is malformed: could not JSON decode a part of it')
}

const invalid = (detail: string) => new Refusal('token_invalid', { detail })
