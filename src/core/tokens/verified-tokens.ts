/**
 * Tokens whose signature was valid, so that the next request with the same token does not have to verify it again: an
 * application sends one token for an hour. Only the signature is remembered. Times, session and user are checked for
 * each request, and a change of the keys starts a new list.
 */
import { sha256 } from '../../lib/secrets'

/** About a megabyte of hashes. */
const MAX_TOKENS = 10_000

export interface VerifiedTokens {
  has(token: string): boolean
  /** Drops the token added first if there are too many. */
  add(token: string): void
}

export function verifiedTokens(): VerifiedTokens {
  /** Hashes, so that no valid token is kept in memory. */
  const known = new Set<string>()
  return {
    has: (token) => known.has(hashOf(token)),
    add(token) {
      const [first] = known
      if (known.size >= MAX_TOKENS && first !== undefined) known.delete(first)
      known.add(hashOf(token))
    },
  }
}

const hashOf = (token: string) => sha256(token).toString('base64url')
