/** How long a session can be refreshed (contract 4.5). What is not limited costs nothing. */
import type { Session, User } from '../store'
import type { Deps } from './deps'
import { hasVerifiedFactor } from './factors/own'
import type { Policy } from './policy'
import type { Reason } from './refusal'

type Limits = Policy['session']

export type SessionEnd = Reason & ('session_expired' | 'session_inactive' | 'session_aal_low' | 'session_superseded')

/** Why a session can no longer be refreshed, if so. */
export async function endOf(
  deps: Pick<Deps, 'store' | 'policy'>,
  { user, session }: { user: User; session: Session },
  now: number,
): Promise<SessionEnd | undefined> {
  const { session: limits } = deps.policy
  const ended = endOfTime(limits, session, now)
  if (ended) return ended
  const lowEnd = lowAalEnd(limits, session)
  if (lowEnd !== undefined && now > lowEnd && (await hasVerifiedFactor(deps, user))) return 'session_aal_low'
  if (!limits.singlePerUser) return undefined
  const others = (await deps.store.listSessions(user.id)).map((each) => each.session)
  return isSuperseded(limits, session, others, now) ? 'session_superseded' : undefined
}

/** Those of a user's sessions that can still be refreshed. */
export async function refreshable<Listed extends { session: Session }>(
  deps: Pick<Deps, 'store' | 'policy'>,
  user: User,
  listed: Listed[],
  now: number,
): Promise<Listed[]> {
  const { session: limits } = deps.policy
  const isLimited = limits.lowAalMs !== undefined && (await hasVerifiedFactor(deps, user))
  const all = listed.map(({ session }) => session)
  return listed.filter(({ session }) => {
    const lowEnd = isLimited ? lowAalEnd(limits, session) : undefined
    return (
      !endOfTime(limits, session, now) &&
      !(lowEnd !== undefined && now > lowEnd) &&
      !(limits.singlePerUser && isSuperseded(limits, session, all, now))
    )
  })
}

/** Until when a session may do without a second factor that its user has; undefined where that is not limited. */
export function lowAalEnd({ lowAalMs }: Limits, { aal, createdAt }: Session): number | undefined {
  return lowAalMs === undefined || aal !== 'aal1' ? undefined : createdAt + lowAalMs
}

function endOfTime(limits: Limits, session: Session, now: number): 'session_expired' | 'session_inactive' | undefined {
  if (session.notAfter !== null && now > session.notAfter) return 'session_expired'
  if (limits.timeboxMs && now > session.createdAt + limits.timeboxMs) return 'session_expired'
  return limits.inactivityMs && now > lastRefresh(session) + limits.inactivityMs ? 'session_inactive' : undefined
}

/** Whether another session of the same kind was used later. */
function isSuperseded(limits: Limits, session: Session, all: readonly Session[], now: number): boolean {
  return all.some(
    (other) =>
      other.id !== session.id &&
      tagOf(limits, other) === tagOf(limits, session) &&
      lastRefresh(other) > lastRefresh(session) &&
      !endOfTime(limits, other, now),
  )
}

/** What a session counts among; one that says nothing known counts among the first. */
function tagOf({ tags }: Limits, { tag }: Session): string {
  return tags.find((each) => each === tag) ?? tags[0] ?? ''
}

const lastRefresh = ({ refreshedAt, createdAt }: Session): number => refreshedAt ?? createdAt
