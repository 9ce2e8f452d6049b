/** Sessions: opened, refreshed, listed and ended. */
import type { AuthenticationMethod } from '../../lib/assurance'
import { METHOD_OF } from '../../lib/factor-types'
import { networkPrefix } from '../../lib/ip'
import type { JsonObject } from '../../lib/json'
import { fitIntoToken, type Metadata } from '../../lib/metadata'
import { hmacSha256 } from '../../lib/secrets'
import { isInFuture } from '../../lib/time'
import type { AmrClaim, NewSession, OpenedSession, Proof, Session, User } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import type { Context } from '../kernel/context'
import type { Policy } from '../kernel/policy'
import type { ProviderTokens } from '../kernel/ports'
import { Refusal, type Weakness } from '../kernel/refusal'
import { encodeRefreshToken, isSignatureValid, parseRefreshToken } from '../tokens/refresh-token'
import { newDeviceNotice } from './new-device'
import { isEndedByBan, isLowAalLimited, lowAalEnd, sessionEndReason, sessionPrecedence } from './session-limits'

const KEY_BYTES = 32

/** A session with newly issued tokens. */
export interface IssuedSession extends OpenedSession {
  accessToken: string
  /** Seconds. */
  expiresIn: number
  /** Unix seconds. */
  expiresAt: number
  refreshToken: string
  /** The provider's tokens, returned once. */
  providerTokens?: ProviderTokens | undefined
  /** Set after a password sign-in: how the password violates the current rules, null if it does not. */
  weakness?: Weakness | null
}

/**
 * A session to be stored; its key must be passed to `issueTokens`.
 * @param proof a second factor given with the sign-in
 */
export function newSession(
  context: Context,
  userId: string,
  method: AuthenticationMethod,
  proof?: Proof,
): { row: NewSession; key: Buffer } {
  const { random, sealer, now, client } = context
  const id = random.uuid()
  const key = random.bytes(KEY_BYTES)
  const session: Session = {
    id,
    userId,
    aal: proof ? 'aal2' : 'aal1',
    factorId: proof?.factorId ?? null,
    notAfter: null,
    refreshedAt: null,
    userAgent: client.userAgent ?? null,
    ip: client.ip,
    tag: null,
    refreshTokenHmacKey: sealer.seal(key, keyAad(id)),
    refreshTokenCounter: 0,
    elevatedAtCounter: null,
    createdAt: now,
    updatedAt: now,
  }
  const secondMethod = proof && METHOD_OF[proof.type]
  const noticeOf = newDeviceNotice(context, session)
  return { row: { session, method, secondMethod, network: networkPrefix(client.ip), noticeOf }, key }
}

/** Issues the tokens of a session. @param key of its refresh tokens, in plaintext */
export async function issueTokens(
  { keyring, policy, report, now }: Context,
  opened: OpenedSession,
  key: Uint8Array,
): Promise<IssuedSession> {
  const { rawUserMetaData: user, rawAppMetaData: app } = opened.user
  const metadata = fitIntoToken({ user, app })
  if (metadata.user !== user || metadata.app !== app)
    report('warn', 'metadata does not fit into access tokens', { user: opened.user.id })
  const issuedAt = Math.floor(now / 1000)
  const { session } = opened
  const expiresAt = Math.floor(Math.min(issuedAt * 1000 + policy.accessTokenMs, latestExpiry(policy, opened)) / 1000)
  const expiresIn = expiresAt - issuedAt
  return {
    ...opened,
    accessToken: await keyring.sign(accessClaims(policy, opened, metadata, issuedAt, expiresAt)),
    expiresIn,
    expiresAt,
    refreshToken: encodeRefreshToken(session.id, session.refreshTokenCounter, key),
  }
}

/** A token without its user's second factor does not outlive its session (docs/wire-contract.md#session-lifetime). */
function latestExpiry({ session: limits }: Policy, { session, factors }: OpenedSession): number {
  const lowEnd = lowAalEnd(limits, session)
  return lowEnd !== undefined && factors.some(({ status }) => status === 'verified') ? lowEnd : Number.POSITIVE_INFINITY
}

/** Issues new tokens for an existing session. */
export async function reissueTokens(context: Context, opened: OpenedSession): Promise<IssuedSession> {
  const { id, refreshTokenHmacKey } = opened.session
  return issueTokens(context, opened, context.sealer.open(refreshTokenHmacKey, keyAad(id)))
}

/** Claims of an access token in GoTrue's order (docs/wire-contract.md#access-token). Times in Unix seconds. */
function accessClaims(
  policy: Policy,
  { user, session, amr }: OpenedSession,
  metadata: Metadata,
  issuedAt: number,
  expiresAt: number,
): JsonObject {
  return {
    ...(policy.issuer !== '' && { iss: policy.issuer }),
    sub: user.id,
    aud: user.aud,
    exp: expiresAt,
    iat: issuedAt,
    email: user.email ?? '',
    phone: user.phone ?? '',
    app_metadata: metadata.app,
    user_metadata: metadata.user,
    role: user.role,
    aal: session.aal,
    amr: amrClaim(amr),
    session_id: session.id,
    is_anonymous: user.isAnonymous,
  }
}

export function amrClaim(amr: AmrClaim[]): { method: string; timestamp: number }[] {
  return amr.map(({ authenticationMethod, updatedAt }) => ({
    method: authenticationMethod,
    timestamp: Math.floor(updatedAt / 1000),
  }))
}

/** Exchanges a refresh token for a new pair (`POST /token?grant_type=refresh_token`). */
export async function refreshSession(
  context: Context,
  { refreshToken }: { refreshToken: string },
): Promise<IssuedSession> {
  const { store, sealer, policy, limits, now, client } = context
  limits.request('tokens', client.ip)
  const presented = await identifyRefreshToken(context, refreshToken)
  const found = await store.findSession(presented.sessionId)
  if (!found || isEndedByBan(found.session, found.user, now)) throw new Refusal('refresh_token_unknown')
  const key = sealer.open(found.session.refreshTokenHmacKey, keyAad(found.session.id))
  if (presented.token && !isSignatureValid(presented.token, key)) throw new Refusal('refresh_token_unknown')
  if (isInFuture(found.user.bannedUntil, now)) throw new Refusal('refresh_of_banned_user')
  const isLowLimited = await isLowAalLimited(context, found.user)
  const over = sessionEndReason(policy.session, found.session, now, isLowLimited)
  if (over) throw new Refusal(over)
  const refreshed = await store.rotateRefreshToken({
    sessionId: found.session.id,
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
      return issueTokens(context, refreshed.opened, key)
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

/** The session and counter of a refresh token. An imported token precedes the first counter. */
async function identifyRefreshToken({ store, peppers }: Context, refreshToken: string) {
  const token = parseRefreshToken(refreshToken)
  if (!token) throw new Refusal('refresh_token_malformed')
  if (token.kind === 'counter') return { sessionId: token.sessionId, counter: token.counter, token }
  const hashes = peppers.map((pepper) => importedTokenHash(pepper, token.token))
  const imported = (await Promise.all(hashes.map((hash) => store.findImportedToken(hash)))).find(Boolean)
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

export interface ListedSession {
  session: Session
  amr: AmrClaim[]
  isCurrent: boolean
}

/** The caller's sessions that can still be refreshed, newest first. */
export async function listSessions(
  context: Context,
  caller: { user: User; session: Session | undefined },
): Promise<ListedSession[]> {
  const { now } = context
  const all = await context.store.listSessions(caller.user.id)
  const { session: limits } = context.policy
  const isLowLimited = await isLowAalLimited(context, caller.user)
  const precedence = sessionPrecedence(limits, now, isLowLimited)
  const live = all.filter(
    ({ session }) =>
      !isEndedByBan(session, caller.user, now) &&
      sessionEndReason(limits, session, now, isLowLimited) === undefined &&
      !(precedence && all.some((other) => precedence.supersedes(other.session, session))),
  )
  return live.map((each) => ({ ...each, isCurrent: each.session.id === caller.session?.id }))
}

/** Ends one of the caller's sessions. @throws {Refusal} also for another user's session */
export async function endSession(context: Context, { caller, id }: { caller: Caller; id: string }): Promise<void> {
  forbidPersonalToken(caller)
  const audit = [auditEntry(context, 'logout', caller.user)]
  const ended = await context.store.endUserSessions({ userId: caller.user.id, which: { only: id }, audit })
  if (ended === 0) throw new Refusal('session_unknown')
}

export type SignOutScope = 'global' | 'local' | 'others'

/** Signs the caller out globally, locally, or everywhere else. For a token without a session, globally. */
export async function signOut(
  context: Context,
  { caller, scope }: { caller: Caller; scope: SignOutScope },
): Promise<void> {
  const { user, session } = forbidPersonalToken(caller)
  const which =
    scope === 'global' || !session ? 'all' : scope === 'local' ? { only: session.id } : { allBut: session.id }
  await context.store.endUserSessions({
    userId: user.id,
    which,
    audit: [auditEntry(context, 'logout', user)],
  })
}

const keyAad = (sessionId: string) => `sessions.refresh_token_hmac_key:${sessionId}`
