import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'

/** The claims of an access token that an API needs. */
export interface Claims extends JWTPayload {
  /** The id of the user. */
  sub: string
  role: string
  /** `aal2` after a second factor. */
  aal: 'aal1' | 'aal2'
  session_id: string
  is_anonymous: boolean
  email?: string
}

/** The token is not one of a signed-in user: answer 401. Any other error is a fault of this API or the network. */
export class InvalidToken extends Error {}

/** Errors of jose that say nothing about the token: the key set could not be fetched. */
const KEY_SET_ERRORS = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'])

/**
 * Checks access tokens without a request for each: the public keys are fetched once, and again for an unknown key.
 * @param serverUrl for example `http://localhost:7020`
 */
export function tokenVerifier(serverUrl: string) {
  const issuer = `${serverUrl}/auth/v1`
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

  return async function verify(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify<Claims>(token, keys, {
        issuer,
        audience: 'authenticated',
        // Never `none`, and never HS256, whose key would have to be a secret.
        algorithms: ['ES256', 'RS256', 'EdDSA'],
        requiredClaims: ['sub', 'exp', 'role', 'aal', 'session_id'],
      })
      if (payload.role !== 'authenticated') throw new InvalidToken(`the role is ${payload.role}`)
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError && !KEY_SET_ERRORS.has(error.code)) throw new InvalidToken(error.message)
      throw error
    }
  }
}

/**
 * Asks the server whether the session still exists. A token stays valid until it expires, even after a sign-out, a ban
 * or the deletion of the account; the server knows.
 */
export async function isSessionAlive(serverUrl: string, publishableKey: string, token: string): Promise<boolean> {
  const response = await fetch(`${serverUrl}/auth/v1/user`, {
    headers: { apikey: publishableKey, authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5000),
  })
  if (response.ok) return true
  if (response.status === 401 || response.status === 403) return false
  throw new Error(`GET /auth/v1/user answered ${response.status}`)
}
