/** One key of the keyring: signing and verification by its algorithm. */
import { CompactSign, compactVerify, importJWK, type JWK } from 'jose'
import type { JsonObject } from '../../lib/json'
import { decodeBase64url, hmacSha256, secretEqual } from '../../lib/secrets'

export interface Key {
  alg: string
  kid: string | undefined
  sign(claims: JsonObject): Promise<string> | string
  /** Whether the signature of a three-part token is valid. */
  verify(token: string): Promise<boolean> | boolean
}

/** HS256 implemented directly: a library's asynchronous WebCrypto costs eight times as much per request. */
export function hmacKey(secret: Uint8Array, kid: string | undefined): Key {
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

/** @throws if the JWK cannot be used */
export async function importKey(jwk: JWK): Promise<Key> {
  const { alg = '', kid } = jwk
  if (jwk.kty === 'oct') return hmacKey(Buffer.from(jwk.k ?? '', 'base64url'), kid)
  // GoTrue lists both operations in one key; WebCrypto requires exactly the operations of the imported half
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

/** The public members of an RSA, EC or OKP key (RFC 7518 §6, RFC 8037 §2), as GoTrue publishes them. */
export function publicHalf(jwk: JsonObject): JsonObject {
  const { alg, crv, e, kid, kty, n, x, y } = jwk
  const all = { alg, crv, e, key_ops: ['verify'], kid, kty, n, use: 'sig', x, y }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

const headerOf = (alg: string, kid: string | undefined) => ({ alg, ...(kid === undefined ? {} : { kid }), typ: 'JWT' })

function encodePart(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
