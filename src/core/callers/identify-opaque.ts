/** Authentication with an opaque token: its prefix determines the lookup before anything is hashed or queried. */
import { isAhead, isExpired, isWithin } from '../../lib/time'
import type { ExternalSession, Session, User } from '../../store'
import type { Caller } from '../caller'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { isEndedByBan, isLowAalLimited, sessionEndReason, supersedes } from '../sessions/session-limits'
import { isValidOpaqueToken, lookupIdOf, type OpaqueKind } from '../tokens/opaque'

/** Resolution of the recorded last use, so that most uses write nothing. */
const USE_STEP_MS = 60_000

/** Kinds allowed in an Authorization header. */
const BEARERS: readonly OpaqueKind[] = ['access', 'personal', 'federation']

export const isBearerKind = (kind: OpaqueKind | undefined): kind is OpaqueKind =>
  kind !== undefined && BEARERS.includes(kind)

export interface OpaqueCaller extends Caller {
  /** Unix milliseconds; null for never. */
  expiresAt: number | null
}

/** @throws {Refusal<'token_invalid' | 'external_user' | 'user_gone' | 'user_banned' | 'session_over'>} */
export async function identifyOpaqueToken(deps: Deps, kind: OpaqueKind, bearer: string): Promise<OpaqueCaller> {
  const lookupId = lookupIdOf(kind, bearer)
  if (lookupId === undefined) throw invalid('malformed')
  const found = kind === 'personal' ? await findPersonal(deps, lookupId) : await findOfSession(deps, kind, lookupId)
  if (!found && kind === 'federation' && (await externalSessionByToken(deps, bearer)))
    throw new Refusal('external_user')
  if (!found || !isValidOpaqueToken(deps, bearer, found.tokenHash)) throw invalid('unknown')
  const { user, session, expiresAt } = found
  const now = deps.clock.now()
  if (found.isExpired(now)) throw invalid('expired')
  if (user.deletedAt !== null) throw new Refusal('user_gone')
  if (isAhead(user.bannedUntil, now)) throw new Refusal('user_banned')
  if (session) await requireSessionLimits(deps, { kind, user, session, now })
  const { usedAt } = found
  if (usedAt && !isWithin(usedAt.last, USE_STEP_MS, now)) await deps.store.notePersonalTokenUse({ id: usedAt.id, now })
  return { user, session, expiresAt, isPersonalToken: kind === 'personal', claims: claimsOf(user, session) }
}

/**
 * The session limits (docs/wire-contract.md#session-lifetime). They are checked on refresh; a cookie is never
 * refreshed, so every use of it is checked.
 */
async function requireSessionLimits(
  deps: Deps,
  { kind, user, session, now }: { kind: OpaqueKind; user: User; session: Session; now: number },
): Promise<void> {
  const { store, policy } = deps
  const isLowLimited = await isLowAalLimited(deps, user)
  if (isEndedByBan(session, user, now) || sessionEndReason(policy.session, session, now, isLowLimited))
    throw new Refusal('session_over')
  if (kind !== 'cookie') return
  const standsInTheWay = supersedes(policy.session, now, isLowLimited)
  if (standsInTheWay && (await store.isSessionSuperseded({ session, supersedes: standsInTheWay })))
    throw new Refusal('session_over')
  if (!isWithin(session.refreshedAt ?? session.createdAt, USE_STEP_MS, now))
    await store.recordSessionUse({ id: session.id, now })
}

/**
 * The session of an account of another server, which is not an identity here (docs/decisions.md#d9); undefined if the
 * token is not one.
 */
export async function externalSessionByToken(deps: Deps, bearer: string): Promise<ExternalSession | undefined> {
  const lookupId = lookupIdOf('federation', bearer)
  const found = lookupId === undefined ? undefined : await deps.store.findExternalSession(lookupId)
  const isRight = found && isValidOpaqueToken(deps, bearer, found.tokenHash) && deps.clock.now() < found.expiresAt
  return isRight ? found : undefined
}

interface FoundToken {
  tokenHash: string
  expiresAt: number | null
  isExpired(now: number): boolean
  user: User
  session: Session | undefined
  usedAt?: { id: string; last: number }
}

async function findPersonal({ store }: Deps, lookupId: string): Promise<FoundToken | undefined> {
  const found = await store.findPersonalToken(lookupId)
  if (!found) return undefined
  const { tokenHash, expiresAt, id, lastUsedAt } = found.token
  return {
    ...{ tokenHash, expiresAt, user: found.user, session: undefined, usedAt: { id, last: lastUsedAt ?? 0 } },
    // The user chose the expiry.
    isExpired: (now) => expiresAt !== null && now >= expiresAt,
  }
}

async function findOfSession({ store }: Deps, kind: OpaqueKind, lookupId: string): Promise<FoundToken | undefined> {
  const found = await store.findSessionToken(lookupId)
  if (found?.token.kind !== kind || found.token.revokedAt !== null) return undefined
  const { tokenHash, expiresAt } = found.token
  return {
    ...{ tokenHash, expiresAt, user: found.user, session: found.session },
    isExpired: (now) => isExpired(found.token, now),
  }
}

/** The audience and role that a JWT of the same session would contain; without a session there is no role. */
const claimsOf = ({ id, aud, role }: User, session: Session | undefined) => ({
  ...{ sub: id, aud },
  ...(session && { role, session_id: session.id }),
})

const invalid = (how: string) => new Refusal('token_invalid', { detail: `token is ${how}` })
