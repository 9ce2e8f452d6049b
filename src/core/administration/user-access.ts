/** What gives access to an account, seen and ended by administrators: its sessions and personal access tokens. */
import type { JsonObject } from '../../lib/json'
import { isUuid, NIL_UUID } from '../../lib/uuid'
import type { PersonalAccessToken, Session, User } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { newSession, nextClaims } from '../sessions/issue-tokens'
import { type DescribedSession, describeSessions } from '../sessions/sessions'

interface Target {
  admin: Admin
  userId: string
}

/** Every stored session, also those that can no longer be refreshed; newest first. */
export async function listSessionsOf(context: Context, userId: string): Promise<DescribedSession[]> {
  return describeSessions(context, await requireUser(context, userId))
}

/** Signs the user out everywhere. @returns how many sessions ended */
export async function endSessionsOf(context: Context, { admin, userId }: Target): Promise<number> {
  await requireUser(context, userId)
  const audit = [auditEntry(context, 'logout', actorOf(admin), { user_id: userId })]
  return context.store.endUserSessions({ userId, which: 'all', audit })
}

/** @throws {Refusal} also for another user's session */
export async function endSessionOf(context: Context, { admin, userId, id }: Target & { id: string }): Promise<void> {
  await requireUser(context, userId)
  if (!isUuid(id)) throw new Refusal('session_unknown')
  const sessionId = id.toLowerCase()
  const traits = { user_id: userId, session_id: sessionId }
  const audit = [auditEntry(context, 'logout', actorOf(admin), traits)]
  if ((await context.store.endUserSessions({ userId, which: { only: sessionId }, audit })) === 0)
    throw new Refusal('session_unknown')
}

/** Newest first. */
export async function listPersonalTokensOf(context: Context, userId: string): Promise<PersonalAccessToken[]> {
  await requireUser(context, userId)
  return context.store.listPersonalTokens(userId)
}

/** @throws {Refusal} also for another user's token */
export async function revokePersonalTokenOf(
  context: Context,
  { admin, userId, id }: Target & { id: string },
): Promise<void> {
  await requireUser(context, userId)
  const traits = { user_id: userId, token_id: id }
  const audit = [auditEntry(context, 'personal_token_revoked', actorOf(admin), traits)]
  if (!(await context.store.revokePersonalToken({ id, userId, audit }))) throw new Refusal('personal_token_unknown')
}

export interface TokenPreview {
  claims: JsonObject
  /** Whether a Custom Access Token hook would see them first. It is not called. */
  hasHook: boolean
}

/**
 * The claims of the next access token: of the latest session or, if there is none, of one with a password. They are not
 * signed, and no token.
 */
export async function previewToken(context: Context, userId: string): Promise<TokenPreview> {
  const account = await context.store.findAccount(userId)
  if (!account) throw new Refusal('user_unknown')
  const { user, identities, factors } = account
  const latest = (await describeSessions(context, user)).find(({ isActive }) => isActive)
  const session: Session = latest?.session ?? {
    ...newSession(context, user.id, 'password').row.session,
    id: NIL_UUID,
  }
  const { claims } = await nextClaims(context, { user, identities, factors, session, amr: latest?.amr ?? [] })
  return {
    claims: { ...claims, session_id: latest?.session.id ?? null },
    hasHook: context.policy.hooks.customAccessToken !== undefined,
  }
}

async function requireUser({ store }: Pick<Context, 'store'>, id: string): Promise<User> {
  const user = await store.findUser(id)
  if (!user) throw new Refusal('user_unknown')
  return user
}
