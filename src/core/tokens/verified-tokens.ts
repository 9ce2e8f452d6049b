/**
 * Tokens whose signature was valid, so that the next request with the same token does not have to verify it again: an
 * application sends one token for an hour. Only the signature is remembered. Times, session and user are checked for
 * each request, and a change of the keys starts a new list.
 */
import { sha256 } from '../../lib/secrets'
import type { VerifiedClaims } from '../kernel/server-state'

/** About a megabyte, at the usual size of the claims. */
const MAX_TOKENS = 1000

export interface VerifiedTokens {
  /** The claims of a token that was added. */
  find(token: string): VerifiedClaims | undefined
  /** Drops the token added first if there are too many. */
  add(token: string, claims: VerifiedClaims): void
}

export function verifiedTokens(): VerifiedTokens {
  /** Claims by the hash of their token, so that no valid token is kept in memory. */
  const known = new Map<string, VerifiedClaims>()
  return {
    find: (token) => known.get(idOf(token)),
    add(token, claims) {
      const [first] = known.keys()
      if (known.size >= MAX_TOKENS && first !== undefined) known.delete(first)
      // Several requests share them.
      known.set(idOf(token), Object.freeze(claims))
    },
  }
}

const idOf = (token: string) => sha256(token).toString('base64url')
