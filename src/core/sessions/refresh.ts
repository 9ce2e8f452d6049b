/** The refresh of a session. */
import { hmacSha256 } from '../../lib/secrets'
import { isInFuture } from '../../lib/time'
import type { Session } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAccount, noteAttempt } from '../kernel/request-facts'
import { isSignatureValid, parseRefreshToken, type SignedToken } from '../tokens/refresh-token'
import { type IssuedSession, issueTokens, keyAad, newKeyFor, reissueTokens } from './issue-tokens'
import { isEndedByBan, isLowAalLimited, sessionEndReason, sessionPrecedence } from './session-limits'

/** Exchanges a refresh token for a new pair (`POST /token?grant_type=refresh_token`). */
export async function refreshSession(
  context: Context,
  { refreshToken }: { refreshToken: string },
): Promise<IssuedSession> {
  const { store, policy, limits, now, client } = context
  noteAttempt(context, 'refresh')
  limits.request('tokens', client.ip)
  const presented = await identifyRefreshToken(context, refreshToken)
  const found = await store.findSession(presented.sessionId)
  if (found) noteAccount(context, found.user.id)
  if (!found || isEndedByBan(found.session, found.user, now)) throw new Refusal('refresh_token_unknown')
  const { id: sessionId } = found.session
  const key = keyOf(context, found.session, presented)
  if (isInFuture(found.user.bannedUntil, now)) throw new Refusal('refresh_of_banned_user')
  const isLowLimited = await isLowAalLimited(context, found.user)
  const over = sessionEndReason(policy.session, found.session, now, isLowLimited)
  if (over) throw new Refusal(over)
  const refreshed = await store.rotateRefreshToken({
    found,
    sessionId,
    newKey: newKeyFor(context, sessionId),
    counter: presented.counter,
    now,
    userAgent: client.userAgent,
    ip: client.ip,
    ...policy.session,
    supersedes: sessionPrecedence(policy.session, now, isLowLimited),
    audit: {
      rotated: [auditEntry(context, 'token_refreshed', found.user)],
      reused: [auditEntry(context, 'token_revoked', found.user, { reason: 'refresh_token_reuse' })],
    },
  })
  switch (refreshed.outcome) {
    case 'rotated':
    case 'repeated':
      // If a hook fails, the presented token is the parent of the current one, and gets the same successor again.
      return key
        ? issueTokens(context, refreshed.opened, { key, occasion: 'token_refresh' })
        : reissueTokens(context, refreshed.opened, 'token_refresh')
    case 'session_gone':
    case 'user_gone':
      throw new Refusal('refresh_token_unknown')
    case 'user_banned':
      throw new Refusal('refresh_of_banned_user')
    case 'not_issued':
      throw new Refusal('refresh_token_not_issued')
    case 'superseded':
      throw new Refusal('session_superseded')
    case 'reused':
      throw new Refusal('refresh_token_used')
  }
}

/**
 * Requires the latest refresh token of a session, or its parent: the latest may not have arrived.
 * @throws {Refusal} for any other token
 */
export async function requireLatestToken(context: Context, session: Session, refreshToken: string): Promise<void> {
  const presented = await identifyRefreshToken(context, refreshToken)
  const { id, refreshTokenCounter: latest } = session
  const isLatest = presented.counter === latest || presented.counter === latest - 1
  if (presented.sessionId !== id || !isLatest) throw new Refusal('refresh_token_unknown')
  keyOf(context, session, presented)
}

/**
 * The key that signs the refresh tokens of a session. A session that GoTrue opened with tokens of version 1 has none yet.
 * @throws {Refusal} if the presented token is not signed with it
 */
function keyOf({ sealer }: Context, { id, refreshTokenHmacKey: sealed }: Session, { token }: PresentedToken) {
  const key = sealed === '' ? undefined : sealer.open(sealed, keyAad(id))
  if (token && !(key && isSignatureValid(token, key))) throw new Refusal('refresh_token_unknown')
  return key
}

interface PresentedToken {
  sessionId: string
  counter: number
  /** Undefined for an imported token, which is looked up instead of signed. */
  token: SignedToken | undefined
}

/** The session and counter of a refresh token. An imported token precedes the first counter. */
async function identifyRefreshToken({ store, peppers }: Context, refreshToken: string): Promise<PresentedToken> {
  const token = parseRefreshToken(refreshToken)
  if (!token) throw new Refusal('refresh_token_malformed')
  if (token.kind === 'counter') return { sessionId: token.sessionId, counter: token.counter, token }
  const hashes = peppers.map((pepper) => importedTokenHash(pepper, token.token))
  // GoTrue stores them in plaintext. Those that were moved there from SQLite are hashes.
  const stored = store.isShared ? [token.token, ...hashes] : hashes
  const imported = (await Promise.all(stored.map((each) => store.findImportedToken(each)))).find(Boolean)
  if (!imported) throw new Refusal('refresh_token_unknown')
  return {
    sessionId: imported.sessionId,
    counter: imported.isLive ? IMPORTED_COUNTER : IMPORTED_COUNTER - 2,
    token: undefined,
  }
}

/** `refresh_token_counter` of a session with imported tokens only. */
export const IMPORTED_COUNTER = -1

/** The stored form of an imported 12-character token: hex HMAC-SHA-256 under the pepper. */
export function importedTokenHash(pepper: Uint8Array, token: string): string {
  return hmacSha256(pepper, token).toString('hex')
}
