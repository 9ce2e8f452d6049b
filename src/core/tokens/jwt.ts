/** Access tokens as JWTs (RFC 7519): signing with the current key, verifying with every key still accepted. */
import { CompactSign, compactVerify, importJWK, type JWK } from 'jose'
import type { JsonObject } from '../../lib/json'
import { decodeBase64url, hmacSha256, secretEqual } from '../../lib/secrets'
import { Refusal } from '../refusal'

/** Claims of a token whose signature and times are right; nothing else about it has been looked at. */
export type VerifiedClaims = Record<string, unknown>

export interface Keyring {
  /** @param claims in the order they are to appear */
  sign(claims: JsonObject): Promise<string>
  /** @throws {Refusal<'token_invalid'>} whose detail is GoTrue's text (contract 0.5) */
  verify(token: string, nowMs: number): Promise<VerifiedClaims>
  /** Public halves of the asymmetric keys (RFC 7517), members in alphabetical order; a shared secret has none. */
  publicKeys: JsonObject[]
}

export interface KeyringOptions {
  /** HS256 secret, as UTF-8 bytes. */
  secret: string
  /** `kid` of tokens signed with the secret. */
  secretKeyId?: string | undefined
  /** Private JWKs, one of which signs; none: the secret signs. */
  jwks?: JsonObject[] | undefined
  /** Accepted algorithms; none: those of the keys. */
  validMethods?: string[] | undefined
}

interface Key {
  alg: string
  kid: string | undefined
  sign(claims: JsonObject): Promise<string> | string
  /** Whether the signature of a token of three parts is right. */
  verify(token: string): Promise<boolean> | boolean
}

/** @throws where a JWK cannot be imported */
export async function keyring({ secret, secretKeyId, jwks = [], validMethods }: KeyringOptions): Promise<Keyring> {
  const secretKey = hmacKey(Buffer.from(secret), secretKeyId)
  const listed = await Promise.all(jwks.map(async (jwk) => ({ jwk, key: await importKey(jwk as JWK) })))
  const signer = listed.find(({ jwk }) => (jwk.key_ops as string[]).includes('sign'))?.key ?? secretKey
  const keys = new Map(
    [...listed.map(({ key }) => key), ...(listed.length === 0 ? [secretKey] : [])].map((key) => [key.kid, key]),
  )
  const accepted = new Set(validMethods ?? [...keys.values()].map(({ alg }) => alg))

  return {
    sign: async (claims) => signer.sign(claims),
    async verify(token, nowMs) {
      const parts = token.split('.')
      if (parts.length !== 3) throw invalid('token is malformed: token contains an invalid number of segments')
      const [head, body] = parts as [string, string, string]
      const { alg, kid, crit } = decodePart(head)
      if (crit !== undefined) throw invalid('token is unverifiable: critical header parameters are not supported')
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
    publicKeys: listed.filter(({ jwk }) => jwk.kty !== 'oct').map(({ jwk }) => publicHalf(jwk)),
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

/** HS256 by hand: a library's asynchronous WebCrypto costs eight times as much for each request. */
function hmacKey(secret: Uint8Array, kid: string | undefined): Key {
  const alg = 'HS256'
  const header = encodePart(headerOf(alg, kid))
  return {
    alg,
    kid,
    sign(claims) {
      const input = `${header}.${encodePart(claims)}`
      return `${input}.${hmacSha256(secret, input).toString('base64url')}`
    },
    verify(token) {
      const end = token.lastIndexOf('.')
      const signature = decodeBase64url(token.slice(end + 1))
      return signature !== undefined && secretEqual(signature, hmacSha256(secret, token.slice(0, end)))
    },
  }
}

async function importKey(jwk: JWK): Promise<Key> {
  const { alg = '', kid } = jwk
  if (jwk.kty === 'oct') return hmacKey(Buffer.from(jwk.k ?? '', 'base64url'), kid)
  // GoTrue lists both operations in one key; WebCrypto wants those of the half it is given
  const privateKey = await importJWK({ ...jwk, key_ops: ['sign'] }, alg)
  const publicKey = await importJWK(publicHalf(jwk as JsonObject) as JWK, alg)
  return {
    alg,
    kid,
    sign: (claims) =>
      new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(headerOf(alg, kid)).sign(privateKey),
    verify: (token) =>
      compactVerify(token, publicKey, { algorithms: [alg] }).then(
        () => true,
        () => false,
      ),
  }
}

const headerOf = (alg: string, kid: string | undefined) => ({ alg, ...(kid === undefined ? {} : { kid }), typ: 'JWT' })

/** The public members of an RSA, EC or OKP key (RFC 7518 §6, RFC 8037 §2), as GoTrue publishes them. */
function publicHalf(jwk: JsonObject): JsonObject {
  const { alg, crv, e, kid, kty, n, x, y } = jwk
  const all = { alg, crv, e, key_ops: ['verify'], kid, kty, n, use: 'sig', x, y }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function encodePart(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
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
