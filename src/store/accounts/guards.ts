/**
 * Checks that can refuse a change of an account. An operation commits even if it returns a refusal, so all checks come
 * before the first write, in the order of their outcomes' priority.
 */
import { isInFuture, isWithin } from '../../lib/time'
import type { Tx } from '../engine'
import type { Identity, User } from '../schema'
import { lockUser, sessionById, userById } from '../statements'
import { refuseTokenUse, type TokenRefusal, type TokenUse } from '../verification/operations'
import { findEmailOwner, identityByProvider, userByPhone } from './account-rows'

/** The account to change; undefined if it does not exist or is soft-deleted. */
export async function findLiveUser(tx: Tx, id: string): Promise<User | undefined> {
  const user = await tx.one(userById, { id })
  return user?.deletedAt === null ? user : undefined
}

/** The same, locked as by `lockUser`. */
export async function lockLiveUser(tx: Tx, id: string): Promise<User | undefined> {
  const user = await lockUser(tx, id)
  return user?.deletedAt === null ? user : undefined
}

/**
 * Whether a token allows the change. It comes before all other checks: a wrong code must not learn anything about the
 * account.
 */
export async function refuseToken(
  tx: Tx,
  tokenUse: TokenUse | undefined,
  now: number,
): Promise<{ outcome: TokenRefusal } | undefined> {
  const outcome = tokenUse && (await refuseTokenUse(tx, tokenUse, now))
  return outcome && { outcome }
}

export const refuseBanned = ({ bannedUntil }: User, now: number): { outcome: 'user_banned' } | undefined =>
  isInFuture(bannedUntil, now) ? { outcome: 'user_banned' } : undefined

/** The session of a user's own request; undefined for a request without one. */
export interface RequestSession {
  sessionId: string | undefined
}

/** A user's own request is allowed only while they are not banned and its session has not ended. */
export async function refuseEndedSession(
  tx: Tx,
  user: User,
  { sessionId }: RequestSession,
  now: number,
): Promise<{ outcome: 'user_banned' | 'session_gone' } | undefined> {
  const banned = refuseBanned(user, now)
  if (banned) return banned
  const isEnded = sessionId !== undefined && !(await tx.one(sessionById, { id: sessionId }))
  return isEnded ? { outcome: 'session_gone' } : undefined
}

/** @param expected the columns as the caller read them */
export function refuseChanged(user: User, expected: Partial<User>): { outcome: 'changed_concurrently' } | undefined {
  const isOther = ([column, value]: [string, unknown]) => user[column as keyof User] !== value
  return Object.entries(expected).some(isOther) ? { outcome: 'changed_concurrently' } : undefined
}

/** Columns with the time of the last message of each purpose. */
export type SentAtColumn =
  | 'confirmationSentAt'
  | 'recoverySentAt'
  | 'emailChangeSentAt'
  | 'phoneChangeSentAt'
  | 'reauthenticationSentAt'

export interface SendCooldown {
  column: SentAtColumn
  /** The minimum time after the last message of this purpose; none without it. */
  cooldownMs?: number | undefined
}

export function refuseCooldown(
  user: User,
  { column, cooldownMs }: SendCooldown,
  now: number,
): { outcome: 'sent_recently'; sentAt: number } | undefined {
  const sentAt = user[column]
  return cooldownMs !== undefined && isWithin(sentAt, cooldownMs, now)
    ? { outcome: 'sent_recently', sentAt }
    : undefined
}

/** @param email undefined to leave it unchanged */
export async function refuseEmail(
  tx: Tx,
  user: User,
  email: string | null | undefined,
): Promise<{ outcome: 'email_taken' } | undefined> {
  if (!email || email === user.email) return undefined
  return (await findEmailOwner(tx, { email, isSsoUser: user.isSsoUser })) && { outcome: 'email_taken' }
}

/** @param phone undefined to leave it unchanged */
export async function refusePhone(
  tx: Tx,
  user: User,
  phone: string | undefined,
): Promise<{ outcome: 'phone_taken' } | undefined> {
  if (!phone || phone === user.phone) return undefined
  return (await tx.one(userByPhone, { phone })) && { outcome: 'phone_taken' }
}

/** An account at a provider is an identity of one user at most. */
export async function refuseIdentityOfAnother(
  tx: Tx,
  user: User,
  identity: Identity,
): Promise<{ outcome: 'identity_of_another' } | undefined> {
  const present = await tx.one(identityByProvider, identity)
  return present && present.userId !== user.id ? { outcome: 'identity_of_another' } : undefined
}
