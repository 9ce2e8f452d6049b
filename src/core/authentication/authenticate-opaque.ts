/** Authentication with an opaque token: its prefix determines the lookup before anything is hashed or queried. */
import { MINUTE } from '../../lib/milliseconds'
import { isExpired, isInFuture, isWithin } from '../../lib/time'
import type { ExternalSession, Session, User } from '../../store'
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAccount } from '../kernel/request-facts'
import { isEndedByBan, isLowAalLimited, isRefreshable, sessionEndReason } from '../sessions/session-limits'
import { isValidOpaqueToken, lookupIdOf, type OpaqueKind } from '../tokens/opaque'

/** Resolution of the recorded last use, so that most uses write nothing. */
const USE_STEP_MS = MINUTE

/** Kinds allowed in an Authorization header. */
const BEARERS: readonly OpaqueKind[] = ['access', 'personal', 'federation']

export const isBearerKind = (kind: OpaqueKind | undefined): kind is OpaqueKind =>
  kind !== undefined && BEARERS.includes(kind)

export interface OpaqueCaller extends Caller {
  /** Unix milliseconds; null for never. */
  expiresAt: number | null
}

/** The user of an opaque token of a known kind. */
export async function authenticateOpaqueToken(
  context: Context,
  kind: OpaqueKind,
  bearer: string,
): Promise<OpaqueCaller> {
  const { now } = context
  const lookupId = lookupIdOf(kind, bearer)
  if (lookupId === undefined) throw invalid('malformed')
  const found =
    kind === 'personal' ? await findPersonal(context, lookupId) : await findOfSession(context, kind, lookupId)
  if (!found && kind === 'federation' && (await externalSessionByToken(context, bearer)))
    throw new Refusal('external_user')
  if (!found || !isValidOpaqueToken(context, bearer, found.tokenHash)) throw invalid('unknown')
  const { user, session, expiresAt } = found
  if (found.isExpired(now) || user.deletedAt !== null || isInFuture(user.bannedUntil, now))
    noteAccount(context, user.id)
  if (found.isExpired(now)) throw invalid('expired')
  if (user.deletedAt !== null) throw new Refusal('user_gone')
  if (isInFuture(user.bannedUntil, now)) throw new Refusal('user_banned')
  if (isEndedByBan(found, user, now)) throw new Refusal('session_over')
  if (session) await requireSessionLimits(context, { kind, user, session })
  const { usedAt } = found
  if (usedAt && !isWithin(usedAt.last, USE_STEP_MS, now))
    await context.store.notePersonalTokenUse({ id: usedAt.id, now })
  return { user, session, expiresAt, isPersonalToken: kind === 'personal', claims: claimsOf(user, session) }
}

/**
 * The session limits (docs/wire-contract.md#session-lifetime). They are checked on refresh; a cookie is never
 * refreshed, so every use of it is checked.
 */
async function requireSessionLimits(
  context: Context,
  { kind, user, session }: { kind: OpaqueKind; user: User; session: Session },
): Promise<void> {
  const { store, policy, now } = context
  if (kind !== 'cookie') {
    const isLowLimited = await isLowAalLimited(context, user)
    if (sessionEndReason(policy.session, session, now, isLowLimited)) throw new Refusal('session_over')
    return
  }
  if (!(await isRefreshable(context, user, session))) throw new Refusal('session_over')
  if (!isWithin(session.refreshedAt ?? session.createdAt, USE_STEP_MS, now))
    await store.recordSessionUse({ id: session.id, now })
}

/**
 * The session of an account of another server, which is not an identity here (docs/decisions.md#d9); undefined if the
 * token is not one.
 */
export async function externalSessionByToken(context: Context, bearer: string): Promise<ExternalSession | undefined> {
  const lookupId = lookupIdOf('federation', bearer)
  const found = lookupId === undefined ? undefined : await context.store.findExternalSession(lookupId)
  const isRight = found && isValidOpaqueToken(context, bearer, found.tokenHash) && context.now < found.expiresAt
  return isRight ? found : undefined
}

interface FoundToken {
  tokenHash: string
  /** Of the session or, for a personal access token, of the token. */
  createdAt: number
  expiresAt: number | null
  isExpired(now: number): boolean
  user: User
  session: Session | undefined
  usedAt?: { id: string; last: number }
}

async function findPersonal({ store }: Context, lookupId: string): Promise<FoundToken | undefined> {
  const found = await store.findPersonalToken(lookupId)
  if (!found) return undefined
  const { tokenHash, createdAt, expiresAt, id, lastUsedAt } = found.token
  return {
    tokenHash,
    createdAt,
    expiresAt,
    user: found.user,
    session: undefined,
    usedAt: { id, last: lastUsedAt ?? 0 },
    // The user chose the expiry.
    isExpired: (now) => expiresAt !== null && now >= expiresAt,
  }
}

async function findOfSession({ store }: Context, kind: OpaqueKind, lookupId: string): Promise<FoundToken | undefined> {
  const found = await store.findSessionToken(lookupId)
  if (found?.token.kind !== kind || found.token.revokedAt !== null) return undefined
  const { tokenHash, expiresAt } = found.token
  return {
    tokenHash,
    createdAt: found.session.createdAt,
    expiresAt,
    user: found.user,
    session: found.session,
    isExpired: (now) => isExpired(found.token, now),
  }
}

/** The audience and role that a JWT of the same session would contain; without a session there is no role. */
const claimsOf = ({ id, aud, role }: User, session: Session | undefined) => ({
  sub: id,
  aud,
  ...(session && { role, session_id: session.id }),
})

const invalid = (how: string) => new Refusal('token_invalid', { detail: `token is ${how}` })
