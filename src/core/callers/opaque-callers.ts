/** Who is asking with an opaque token: its prefix says where to look before anything is hashed or looked up. */
import { isAhead, isExpired, isWithin } from '../../lib/time'
import type { ExternalSession, Session, User } from '../../store'
import type { Caller } from '../caller'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { endOf, isEndedByBan, isLowAalLimited, supersedes } from '../sessions/session-limits'
import { isGenuineOpaque, lookupIdOf, type OpaqueKind } from '../tokens/opaque'

/** How exact the last use of a token is known, so that most uses write nothing. */
const USE_STEP_MS = 60_000

/** Kinds that may stand in an Authorization header. */
const BEARERS: readonly OpaqueKind[] = ['access', 'personal', 'federation']

export const isBearerKind = (kind: OpaqueKind | undefined): kind is OpaqueKind =>
  kind !== undefined && BEARERS.includes(kind)

export interface OpaqueCaller extends Caller {
  /** Unix milliseconds; null for never. */
  expiresAt: number | null
}

/** @throws {Refusal<'token_invalid' | 'external_user' | 'user_gone' | 'user_banned' | 'session_over'>} */
export async function opaqueCaller(deps: Deps, kind: OpaqueKind, bearer: string): Promise<OpaqueCaller> {
  const lookupId = lookupIdOf(kind, bearer)
  if (lookupId === undefined) throw invalid('malformed')
  const found = kind === 'personal' ? await personal(deps, lookupId) : await ofSession(deps, kind, lookupId)
  if (!found && kind === 'federation' && (await externalSessionOf(deps, bearer))) throw new Refusal('external_user')
  if (!found || !isGenuineOpaque(deps, bearer, found.tokenHash)) throw invalid('unknown')
  const { user, session, expiresAt } = found
  const now = deps.clock.now()
  if (found.isExpired(now)) throw invalid('expired')
  if (user.deletedAt !== null) throw new Refusal('user_gone')
  if (isAhead(user.bannedUntil, now)) throw new Refusal('user_banned')
  if (session) await requireLive(deps, { kind, user, session, now })
  const { usedAt } = found
  if (usedAt && !isWithin(usedAt.last, USE_STEP_MS, now)) await deps.store.notePersonalTokenUse({ id: usedAt.id, now })
  return { user, session, expiresAt, isPersonalToken: kind === 'personal', claims: claimsOf(user, session) }
}

/**
 * The limits of sessions (contract 4.5). They are asked when a session is refreshed; a cookie never is, so it is one
 * that has been used.
 */
async function requireLive(
  deps: Deps,
  { kind, user, session, now }: { kind: OpaqueKind; user: User; session: Session; now: number },
): Promise<void> {
  const { store, policy } = deps
  const isLowLimited = await isLowAalLimited(deps, user)
  if (isEndedByBan(session, user, now) || endOf(policy.session, session, now, isLowLimited))
    throw new Refusal('session_over')
  if (kind !== 'cookie') return
  const standsInTheWay = supersedes(policy.session, now, isLowLimited)
  if (standsInTheWay && (await store.isSessionSuperseded({ session, supersedes: standsInTheWay })))
    throw new Refusal('session_over')
  if (!isWithin(session.refreshedAt ?? session.createdAt, USE_STEP_MS, now))
    await store.noteSessionUse({ id: session.id, now })
}

/** The session of an account of another server, which is nobody here (settled 9); undefined where the token is none of one. */
export async function externalSessionOf(deps: Deps, bearer: string): Promise<ExternalSession | undefined> {
  const lookupId = lookupIdOf('federation', bearer)
  const found = lookupId === undefined ? undefined : await deps.store.findExternalSession(lookupId)
  const isRight = found && isGenuineOpaque(deps, bearer, found.tokenHash) && deps.clock.now() < found.expiresAt
  return isRight ? found : undefined
}

interface Found {
  tokenHash: string
  expiresAt: number | null
  isExpired(now: number): boolean
  user: User
  session: Session | undefined
  usedAt?: { id: string; last: number }
}

async function personal({ store }: Deps, lookupId: string): Promise<Found | undefined> {
  const found = await store.findPersonalToken(lookupId)
  if (!found) return undefined
  const { tokenHash, expiresAt, id, lastUsedAt } = found.token
  return {
    ...{ tokenHash, expiresAt, user: found.user, session: undefined, usedAt: { id, last: lastUsedAt ?? 0 } },
    // The instant was chosen by its user.
    isExpired: (now) => expiresAt !== null && now >= expiresAt,
  }
}

async function ofSession({ store }: Deps, kind: OpaqueKind, lookupId: string): Promise<Found | undefined> {
  const found = await store.findSessionToken(lookupId)
  if (found?.token.kind !== kind || found.token.revokedAt !== null) return undefined
  const { tokenHash, expiresAt } = found.token
  return {
    ...{ tokenHash, expiresAt, user: found.user, session: found.session },
    isExpired: (now) => isExpired(found.token, now),
  }
}

/** What a JWT of the same session would say of its audience and role; without a session there is no role to speak of. */
const claimsOf = ({ id, aud, role }: User, session: Session | undefined) => ({
  ...{ sub: id, aud },
  ...(session && { role, session_id: session.id }),
})

const invalid = (how: string) => new Refusal('token_invalid', { detail: `token is ${how}` })
