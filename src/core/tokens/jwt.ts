/** Access tokens as JWTs (RFC 7519): signed with the current key, verified with every accepted key. */
import type { JWK } from 'jose'
import type { JsonObject } from '../../lib/json'
import { decodeBase64url } from '../../lib/secrets'
import { Refusal } from '../kernel/refusal'
import type { Keyring, RingKey, VerifiedClaims } from '../kernel/server-state'
import { hmacKey, importKey, type Key, publicHalf } from './keys'
import { verifiedTokens } from './verified-tokens'

export interface KeyringOptions {
  /** HS256 secret, as UTF-8 bytes. */
  secret: string
  /** `kid` of tokens signed with the secret. */
  secretKeyId?: string | undefined
  /** Private JWKs from the settings, one of which signs. They replace the secret; without them, the secret signs. */
  jwks?: JsonObject[] | undefined
  /** Accepted algorithms; by default, the algorithms of the keys. */
  validMethods?: string[] | undefined
}

/** @throws if a JWK cannot be imported */
export async function keyring({ secret, secretKeyId, jwks, validMethods }: KeyringOptions): Promise<Keyring> {
  const secretKey = hmacKey(Buffer.from(secret), secretKeyId)
  const besides = jwks === undefined ? [secretKey] : []
  const ringOf = async (keys: readonly RingKey[]) => {
    const listed = await Promise.all(keys.map(async (each) => ({ ...each, key: await importKey(each.jwk as JWK) })))
    const signer = listed.find(({ signs }) => signs)?.key ?? secretKey
    const all = new Map([...besides, ...listed.map(({ key }) => key)].map((key) => [key.kid, key]))
    const accepted = new Set([...(validMethods ?? [...all.values()].map(({ alg }) => alg)), signer.alg])
    const published = listed.filter(({ jwk }) => jwk.kty !== 'oct').map(({ jwk }) => publicHalf(jwk))
    const verified = verifiedTokens()
    return { signer, accepted, published, verified, keys: all as ReadonlyMap<string | undefined, Key> }
  }
  const operations = (jwk: JsonObject) => jwk.key_ops as string[]
  let ring = await ringOf((jwks ?? []).map((jwk) => ({ jwk, signs: operations(jwk).includes('sign') })))
  let lookForKeys: () => Promise<unknown> = async () => undefined

  return {
    sign: async (claims) => ring.signer.sign(claims),
    signWithSecret: async (claims) => (ring.accepted.has('HS256') ? secretKey : ring.signer).sign(claims),
    async verify(token, nowMs) {
      const parts = token.split('.')
      if (parts.length !== 3) throw invalid('token is malformed: token contains an invalid number of segments')
      const [head, body] = parts as [string, string, string]
      if (ring.verified.has(token)) return timelyClaims(body, nowMs)
      const { alg, kid, crit } = decodePart(head)
      if (crit !== undefined) throw invalid('token is unverifiable: critical header parameters are not supported')
      if (typeof kid === 'string' && !ring.keys.has(kid)) await lookForKeys()
      const { accepted, keys, verified } = ring
      if (typeof alg !== 'string' || !accepted.has(alg))
        throw invalid(`token signature is invalid: signing method ${String(alg)} is invalid`)
      const key = keys.get(kid as string | undefined) ?? (alg === 'HS256' ? secretKey : undefined)
      if (!key)
        throw invalid(
          `token is unverifiable: error while executing keyfunc: unrecognized JWT kid ${kid === undefined ? '<nil>' : String(kid)} for algorithm ${alg}`,
        )
      // A key is used with its own algorithm only; otherwise a public key could serve as an HMAC secret (RFC 8725
      // §2.1).
      if (key.alg !== alg || !(await key.verify(token)))
        throw invalid('token signature is invalid: signature is invalid')
      const claims = timelyClaims(body, nowMs)
      verified.add(token)
      return claims
    },
    get publicKeys() {
      return ring.published
    },
    async replaceKeys(keys) {
      ring = await ringOf(keys)
    },
    onUnknownKey(look) {
      lookForKeys = look
    },
  }
}

/** Registered and own claims that are text. */
const TEXT_CLAIMS = ['iss', 'sub', 'email', 'phone', 'role', 'aal', 'session_id'] as const

/** The claims of a payload. `exp` and `nbf` are enforced if present (RFC 7519 §4.1.4–5), without leeway. */
function timelyClaims(body: string, nowMs: number): VerifiedClaims {
  const claims = decodePart(body)
  for (const name of TEXT_CLAIMS) {
    const { [name]: value = null } = claims
    if (value !== null && typeof value !== 'string')
      throw invalid(`token is malformed: could not JSON decode claim: ${name} must be a string`)
  }
  const { exp, nbf } = claims
  for (const time of [exp, nbf])
    if (time !== undefined && typeof time !== 'number')
      throw invalid('token has invalid claims: invalid type for claim')
  if (typeof exp === 'number' && nowMs / 1000 >= exp) throw invalid('token has invalid claims: token is expired')
  if (typeof nbf === 'number' && nowMs / 1000 < nbf) throw invalid('token has invalid claims: token is not valid yet')
  return claims
}

const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true })
const NOTHING = new Uint8Array()

function decodePart(text: string): VerifiedClaims {
  try {
    const value: unknown = JSON.parse(UTF_8.decode(decodeBase64url(text) ?? NOTHING))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as VerifiedClaims
  } catch {
    // reported below, like everything else that is not a JSON object
  }
  throw invalid('token is malformed: could not JSON decode a part of it')
}

const invalid = (detail: string) => new Refusal('token_invalid', { detail })
