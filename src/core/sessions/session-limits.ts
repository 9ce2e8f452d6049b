/** How long a session can be refreshed (contract 4.5). What is not limited costs nothing. */
import { isAhead, isOver } from '../../lib/time'
import type { Session, Supersedes, User } from '../../store'
import type { Deps } from '../deps'
import { hasVerifiedFactor } from '../factors/own'
import type { Policy } from '../policy'
import type { Reason } from '../refusal'

type Limits = Policy['session']

export type SessionEnd = Reason & ('session_expired' | 'session_inactive' | 'session_aal_low')

/** Whether sessions of a user that have passed no factor are limited: that is set, and the user has one to pass. */
export const isLowAalLimited = async (
  { store, policy }: Pick<Deps, 'store' | 'policy'>,
  user: User,
): Promise<boolean> => policy.session.lowAalMs !== undefined && hasVerifiedFactor({ store }, user)

/** Why a session can no longer be refreshed, if so. @param isLowLimited what `isLowAalLimited` says of its user */
export function endOf(limits: Limits, session: Session, now: number, isLowLimited: boolean): SessionEnd | undefined {
  if (session.notAfter !== null && now > session.notAfter) return 'session_expired'
  if (limits.timeboxMs && isOver(session.createdAt, limits.timeboxMs, now)) return 'session_expired'
  if (limits.inactivityMs && isOver(lastRefresh(session), limits.inactivityMs, now)) return 'session_inactive'
  const lowEnd = isLowLimited ? lowAalEnd(limits, session) : undefined
  return lowEnd !== undefined && now > lowEnd ? 'session_aal_low' : undefined
}

/** A ban ends the sessions there were (settled 4); as long as it lasts, it is the ban that is answered. */
export const isEndedByBan = ({ createdAt }: Session, { bannedUntil }: User, now: number): boolean =>
  bannedUntil !== null && bannedUntil <= now && createdAt < bannedUntil

/** Until when a session may do without a second factor that its user has; undefined where that is not limited. */
export function lowAalEnd({ lowAalMs }: Limits, { aal, createdAt }: Session): number | undefined {
  return lowAalMs === undefined || aal !== 'aal1' ? undefined : createdAt + lowAalMs
}

/**
 * Where a user may have one session of each tag: another one does that was used later and can itself be refreshed. At a
 * refresh it is asked in its transaction, since two refreshes at once would each find themselves the later.
 * @returns undefined where users may have several
 */
export function supersedes(limits: Limits, now: number, isLowLimited: boolean): Supersedes | undefined {
  if (!limits.singlePerUser) return undefined
  // What was used while the clock ran ahead must not stand in the way of every session that begins afterwards.
  const lastUse = (session: Session) => {
    const at = lastRefresh(session)
    return isAhead(at, now) ? 0 : at
  }
  return {
    lastUse,
    isInTheWay: (other, session) =>
      other.id !== session.id &&
      tagOf(limits, other) === tagOf(limits, session) &&
      lastUse(other) > lastUse(session) &&
      endOf(limits, other, now, isLowLimited) === undefined,
  }
}

/** What a session counts among; one that says nothing known counts among the first. */
function tagOf({ tags }: Limits, { tag }: Session): string {
  return tags.find((each) => each === tag) ?? tags[0] ?? ''
}

const lastRefresh = ({ refreshedAt, createdAt }: Session): number => refreshedAt ?? createdAt
