/** A user's sessions: listed and ended. */
import type { AmrClaim, Session, User } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { isEndedByBan, isLowAalLimited, sessionEndReason, sessionPrecedence } from './session-limits'

export interface ListedSession {
  session: Session
  amr: AmrClaim[]
  isCurrent: boolean
}

/** A stored session, and whether it can still be refreshed. */
export interface DescribedSession {
  session: Session
  amr: AmrClaim[]
  isActive: boolean
}

/** The sessions of a user, newest first. */
export async function describeSessions(context: Context, user: User): Promise<DescribedSession[]> {
  const { now } = context
  const all = await context.store.listSessions(user.id)
  const { session: limits } = context.policy
  const isLowLimited = await isLowAalLimited(context, user)
  const precedence = sessionPrecedence(limits, now, isLowLimited)
  const isActive = (session: Session) =>
    !isEndedByBan(session, user, now) &&
    sessionEndReason(limits, session, now, isLowLimited) === undefined &&
    !(precedence && all.some((other) => precedence.supersedes(other.session, session)))
  return all.map((each) => ({ ...each, isActive: isActive(each.session) }))
}

/** The caller's sessions that can still be refreshed, newest first. */
export async function listSessions(
  context: Context,
  caller: { user: User; session: Session | undefined },
): Promise<ListedSession[]> {
  const described = await describeSessions(context, caller.user)
  return described.flatMap(({ session, amr, isActive }) =>
    isActive ? [{ session, amr, isCurrent: session.id === caller.session?.id }] : [],
  )
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
