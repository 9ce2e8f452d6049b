/** Sessions: how one begins, is refreshed, is listed and ends. */
import { METHOD_OF } from '../../lib/factor-types'
import { neighbourhood } from '../../lib/ip'
import type { JsonObject } from '../../lib/json'
import { fittingToken, type Metadata } from '../../lib/metadata'
import { hmacSha256 } from '../../lib/secrets'
import { isAhead } from '../../lib/time'
import type { AmrClaim, NewSession, Opened, Proof, Session, User } from '../../store'
import { auditEntry } from '../audit'
import { type Caller, requireInPerson } from '../caller'
import type { Client, Deps } from '../deps'
import type { Policy } from '../policy'
import type { ProviderTokens } from '../ports'
import { Refusal, type Weakness } from '../refusal'
import { encodeRefreshToken, isGenuine, parseRefreshToken } from '../tokens/refresh-token'
import { newDeviceNotice } from './new-device'
import { endOf, isEndedByBan, isLowAalLimited, lowAalEnd, supersedes } from './session-limits'

const KEY_BYTES = 32

/** How a session was authenticated, as `amr` names it (contract 3.2). */
export type Method =
  | 'password'
  | 'anonymous'
  | 'otp'
  | 'magiclink'
  | 'recovery'
  | 'invite'
  | 'email/signup'
  | 'email_change'
  | 'oauth'
  | 'passkey'
  | 'web3'

/** A session with the tokens that were made for it just now. */
export interface IssuedSession extends Opened {
  accessToken: string
  /** Seconds. */
  expiresIn: number
  /** Unix seconds. */
  expiresAt: number
  refreshToken: string
  /** Of whoever vouched for the user, handed out once. */
  providerTokens?: ProviderTokens | undefined
  /** Set after a password sign-in: how the password falls short of today's rules, null where it does not. */
  weakness?: Weakness | null
}

/**
 * A session about to be stored; its key must go with it to `issue`.
 * @param now Unix milliseconds @param proof what was shown of a second factor along with it
 */
export function newSession(
  deps: Deps,
  now: number,
  userId: string,
  method: Method,
  client: Client,
  proof?: Proof,
): { row: NewSession; key: Buffer } {
  const { random, sealer } = deps
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
    refreshTokenHmacKey: sealer.seal(key, keyPlace(id)),
    refreshTokenCounter: 0,
    createdAt: now,
    updatedAt: now,
  }
  const secondMethod = proof && METHOD_OF[proof.type]
  const noticeOf = newDeviceNotice(deps, now, session)
  return { row: { session, method, secondMethod, network: neighbourhood(client.ip), noticeOf }, key }
}

/** Makes the tokens of a session. @param key of its refresh tokens, in the clear */
export async function issue(
  { keyring, policy, report }: Deps,
  now: number,
  opened: Opened,
  key: Uint8Array,
): Promise<IssuedSession> {
  const { rawUserMetaData: user, rawAppMetaData: app } = opened.user
  const metadata = fittingToken({ user, app })
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

/** A token of a session that lacks its user's second factor does not outlive the session (contract 4.5). */
function latestExpiry({ session: limits }: Policy, { session, factors }: Opened): number {
  const lowEnd = lowAalEnd(limits, session)
  return lowEnd !== undefined && factors.some(({ status }) => status === 'verified') ? lowEnd : Number.POSITIVE_INFINITY
}

/** Makes new tokens of a session that is there already. */
export async function issueAgain(deps: Deps, now: number, opened: Opened): Promise<IssuedSession> {
  const { id, refreshTokenHmacKey } = opened.session
  return issue(deps, now, opened, deps.sealer.open(refreshTokenHmacKey, keyPlace(id)))
}

/** Claims of an access token in their order (contract 3.2). Times in Unix seconds. */
function accessClaims(
  policy: Policy,
  { user, session, amr }: Opened,
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

/**
 * Answers a refresh token with a fresh pair (contract 4.2 and 4.4).
 * @throws {Refusal<'refresh_token_malformed' | 'refresh_token_unknown' | 'refresh_token_not_issued' | 'refresh_token_used' |
 *   'refresh_of_banned_user' | 'session_expired' | 'session_inactive' | 'session_aal_low' | 'session_superseded' | 'too_many_requests'>}
 */
export async function refreshSession(
  deps: Deps,
  { refreshToken, client }: { refreshToken: string; client: Client },
): Promise<IssuedSession> {
  const { store, sealer, clock, policy, limits } = deps
  limits.request('tokens', client.ip)
  const now = clock.now()
  const presented = await identify(deps, refreshToken)
  const found = await store.findSession(presented.sessionId)
  if (!found || isEndedByBan(found.session, found.user, now)) throw new Refusal('refresh_token_unknown')
  const key = sealer.open(found.session.refreshTokenHmacKey, keyPlace(found.session.id))
  if (presented.token && !isGenuine(presented.token, key)) throw new Refusal('refresh_token_unknown')
  if (isAhead(found.user.bannedUntil, now)) throw new Refusal('refresh_of_banned_user')
  const isLowLimited = await isLowAalLimited(deps, found.user)
  const over = endOf(policy.session, found.session, now, isLowLimited)
  if (over) throw new Refusal(over)
  const refreshed = await store.rotateRefresh({
    sessionId: found.session.id,
    counter: presented.counter,
    now,
    userAgent: client.userAgent,
    ip: client.ip,
    ...policy.session,
    supersedes: supersedes(policy.session, now, isLowLimited),
    audit: {
      rotated: [auditEntry(deps, now, 'token_refreshed', found.user)],
      reused: [auditEntry(deps, now, 'token_revoked', found.user, { reason: 'refresh_token_reuse' })],
    },
  })
  switch (refreshed.outcome) {
    case 'rotated':
    case 'repeated':
      return issue(deps, now, refreshed.opened, key)
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

/** Which session a refresh token names, and at which counter it stands. An imported token stands before the first. */
async function identify({ store, peppers }: Deps, refreshToken: string) {
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

/** `refresh_token_counter` of a session for which only imported tokens were given out. */
export const IMPORTED_COUNTER = -1

/** How an imported token of 12 characters is stored: hex HMAC-SHA-256 under the pepper. */
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
  deps: Deps,
  caller: { user: User; session: Session | undefined },
): Promise<ListedSession[]> {
  const all = await deps.store.listSessions(caller.user.id)
  const { session: limits } = deps.policy
  const now = deps.clock.now()
  const isLowLimited = await isLowAalLimited(deps, caller.user)
  const standsInTheWay = supersedes(limits, now, isLowLimited)
  const live = all.filter(
    ({ session }) =>
      !isEndedByBan(session, caller.user, now) &&
      endOf(limits, session, now, isLowLimited) === undefined &&
      !(standsInTheWay && all.some((other) => standsInTheWay.isInTheWay(other.session, session))),
  )
  return live.map((each) => ({ ...each, isCurrent: each.session.id === caller.session?.id }))
}

/** Ends one of the caller's own sessions. @throws {Refusal<'session_unknown'>} also where it is somebody else's */
export async function endSession(deps: Deps, { caller, id }: { caller: Caller; id: string }): Promise<void> {
  requireInPerson(caller)
  const audit = [auditEntry(deps, deps.clock.now(), 'logout', caller.user)]
  const ended = await deps.store.endUserSessions({ userId: caller.user.id, which: { only: id }, audit })
  if (ended === 0) throw new Refusal('session_unknown')
}

export type SignOutScope = 'global' | 'local' | 'others'

/** Signs the caller out: everywhere, here, or everywhere else. A token without a session means everywhere. */
export async function signOut(deps: Deps, { caller, scope }: { caller: Caller; scope: SignOutScope }): Promise<void> {
  const { user, session } = requireInPerson(caller)
  const which =
    scope === 'global' || !session ? 'all' : scope === 'local' ? { only: session.id } : { allBut: session.id }
  await deps.store.endUserSessions({
    userId: user.id,
    which,
    audit: [auditEntry(deps, deps.clock.now(), 'logout', user)],
  })
}

const keyPlace = (sessionId: string) => `sessions.refresh_token_hmac_key:${sessionId}`
