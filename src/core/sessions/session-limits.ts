/** Session limits (docs/wire-contract.md#session-lifetime). Disabled limits cost nothing. */
import { hasElapsed, isInFuture } from '../../lib/time'
import type { Session, SessionPrecedence, User } from '../../store'
import type { Context } from '../kernel/context'
import type { Policy } from '../kernel/policy'
import type { Reason } from '../kernel/refusal'
import { hasVerifiedFactor } from '../users/second-factor-status'

type Limits = Policy['session']

export type SessionEndReason = Reason & ('session_expired' | 'session_inactive' | 'session_aal_low')

/** Whether a user's aal1 sessions are limited: the limit is set, and the user has a factor. */
export const isLowAalLimited = async (
  { store, policy }: Pick<Context, 'store' | 'policy'>,
  user: User,
): Promise<boolean> => policy.session.lowAalMs !== undefined && hasVerifiedFactor({ store }, user)

/** Why a session can no longer be refreshed, if so. @param isLowLimited the result of `isLowAalLimited` for its user */
export function sessionEndReason(
  limits: Limits,
  session: Session,
  now: number,
  isLowLimited: boolean,
): SessionEndReason | undefined {
  if (session.notAfter !== null && now > session.notAfter) return 'session_expired'
  if (limits.timeboxMs && hasElapsed(session.createdAt, limits.timeboxMs, now)) return 'session_expired'
  if (limits.inactivityMs && hasElapsed(lastRefresh(session), limits.inactivityMs, now)) return 'session_inactive'
  const lowEnd = isLowLimited ? lowAalEnd(limits, session) : undefined
  return lowEnd !== undefined && now > lowEnd ? 'session_aal_low' : undefined
}

/** Whether a session can still be refreshed, and is not superseded by another one. */
export async function isRefreshable(
  context: Pick<Context, 'store' | 'policy' | 'now'>,
  user: User,
  session: Session,
): Promise<boolean> {
  const { store, policy, now } = context
  const isLowLimited = await isLowAalLimited(context, user)
  if (isEndedByBan(session, user, now) || sessionEndReason(policy.session, session, now, isLowLimited)) return false
  const supersedes = sessionPrecedence(policy.session, now, isLowLimited)
  return !supersedes || !(await store.isSessionSuperseded({ session, supersedes }))
}

/**
 * A ban ends existing sessions and personal access tokens (docs/decisions.md#d4); while it lasts, the ban itself is the
 * answer.
 */
export const isEndedByBan = (
  { createdAt }: { createdAt: number },
  { bannedUntil }: Pick<User, 'bannedUntil'>,
  now: number,
): boolean => bannedUntil !== null && bannedUntil <= now && createdAt < bannedUntil

/** Until when a session may go without the second factor of its user; undefined if not limited. */
export function lowAalEnd({ lowAalMs }: Limits, { aal, createdAt }: Session): number | undefined {
  return lowAalMs === undefined || aal !== 'aal1' ? undefined : createdAt + lowAalMs
}

/**
 * With one session per tag, a session is superseded by one that was used later and can itself be refreshed. On a
 * refresh, this is checked in its transaction: two concurrent refreshes would each consider themselves the later.
 * @returns undefined if several sessions are allowed
 */
export function sessionPrecedence(limits: Limits, now: number, isLowLimited: boolean): SessionPrecedence | undefined {
  if (!limits.singlePerUser) return undefined
  // A time from a clock that was ahead must not block all later sessions.
  const lastUse = (session: Session) => {
    const at = lastRefresh(session)
    return isInFuture(at, now) ? 0 : at
  }
  return {
    lastUse,
    supersedes: (other, session) =>
      other.id !== session.id &&
      tagOf(limits, other) === tagOf(limits, session) &&
      lastUse(other) > lastUse(session) &&
      sessionEndReason(limits, other, now, isLowLimited) === undefined,
  }
}

/** The tag of a session; unknown tags are treated as the first. */
function tagOf({ tags }: Limits, { tag }: Session): string {
  return tags.find((each) => each === tag) ?? tags[0] ?? ''
}

const lastRefresh = ({ refreshedAt, createdAt }: Session): number => refreshedAt ?? createdAt
