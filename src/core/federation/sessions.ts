/** Operations on a federated session; for an account of another server, that server is asked. */
import type { JsonObject } from '../../lib/json'
import { DAY } from '../../lib/milliseconds'
import type { User } from '../../store'
import { updateAccount } from '../accounts/account'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { isLowAalLimited, sessionEndReason, sessionPrecedence } from '../sessions/session-limits'
import { signOut } from '../sessions/sessions'
import { lookupIdOf, mintOpaqueToken, mintSessionToken } from '../tokens/opaque'
import { type ExternalCaller, type FederatedCaller, sealToken, upstreamToken } from './authentication'
import { objectOf, peerLabel, requestPeer, revokePeerToken, tokenOf } from './peers'

/** How long after sign-in a session can be refreshed (docs/decisions.md#d9). */
export const FEDERATED_SESSION_MS = 30 * DAY

interface FederatedRequest {
  caller: FederatedCaller
}

export async function getFederatedUser(
  context: Context,
  { caller }: FederatedRequest,
): Promise<{ user: User } | { external: JsonObject }> {
  if (caller.kind === 'local') return { user: caller.caller.user }
  const { session, peer, userRef } = caller
  const answer = await requestPeer(context, peer, {
    method: 'GET',
    path: '/me',
    token: upstreamToken(context, session),
  })
  if (!answer.isSuccess) throw new Refusal('external_auth_failed')
  const user = objectOf(answer.body.user)
  if (!user) throw new Refusal('upstream_unavailable')
  return { external: { ...user, server: peerLabel(peer), user_ref: userRef } }
}

/** Replaces the token, which becomes invalid. */
export async function refreshFederated(context: Context, { caller }: FederatedRequest): Promise<string> {
  context.limits.request('tokens', context.client.ip)
  return caller.kind === 'local' ? refreshHere(context, caller) : refreshAtPeer(context, caller)
}

async function refreshHere(
  context: Context,
  { caller: { user, session }, bearer = '' }: FederatedCaller & { kind: 'local' },
): Promise<string> {
  const { userAgent, ip } = context.client
  const { store, policy, now } = context
  const lookupId = lookupIdOf('federation', bearer)
  if (!session || lookupId === undefined) throw new Refusal('refresh_refused')
  const isLowLimited = await isLowAalLimited(context, user)
  if (sessionEndReason(policy.session, session, now, isLowLimited)) throw new Refusal('refresh_refused')
  const lifetimeMs = lifetimeOf(context, session.createdAt)
  const { token, row } = mintSessionToken(context, { kind: 'federation', familyId: session.id, lifetimeMs })
  const outcome = await store.replaceSessionToken({
    lookupId,
    next: row,
    now,
    userAgent,
    ip,
    supersedes: sessionPrecedence(policy.session, now, isLowLimited),
    audit: [auditEntry(context, 'token_refreshed', user)],
  })
  if (outcome !== 'replaced') throw new Refusal('refresh_refused')
  return token
}

async function refreshAtPeer(context: Context, { session, peer }: ExternalCaller): Promise<string> {
  const { store, now } = context
  const lifetimeMs = lifetimeOf(context, session.createdAt)
  const answer = await requestPeer(context, peer, {
    method: 'POST',
    path: '/refresh',
    token: upstreamToken(context, session),
  })
  if (!answer.isSuccess) throw new Refusal('refresh_refused')
  const upstream = tokenOf(answer)
  const { token, lookupId: nextLookupId, tokenHash } = mintOpaqueToken(context, 'federation')
  const isRenewed = await store.renewExternalSession({
    id: session.id,
    lookupId: session.lookupId,
    nextLookupId,
    tokenHash,
    upstreamToken: sealToken(context, session.id, upstream),
    expiresAt: now + lifetimeMs,
  })
  if (isRenewed) return token
  // Signed out or refreshed by a concurrent request.
  context.background(revokePeerToken(context, peer, upstream))
  throw new Refusal('refresh_refused')
}

/** @throws {Refusal} if the session has reached its maximum lifetime */
function lifetimeOf({ policy, now }: Context, createdAt: number): number {
  const lifetimeMs = Math.min(policy.federation.tokenMs, createdAt + FEDERATED_SESSION_MS - now)
  if (lifetimeMs <= 0) throw new Refusal('refresh_refused')
  return lifetimeMs
}

/**
 * Ends the session, and for an account of another server its session there first. A session that has already ended
 * there ends here too.
 * @throws {Refusal} if the other server does not end the session; then it remains here, too
 */
export async function signOutFederated(context: Context, { caller }: FederatedRequest): Promise<void> {
  if (caller.kind === 'local') return signOut(context, { caller: caller.caller, scope: 'local' })
  const { session, peer, userRef } = caller
  const answer = await requestPeer(context, peer, {
    method: 'POST',
    path: '/logout',
    token: upstreamToken(context, session),
  })
  if (!answer.isSuccess && ![401, 403, 404].includes(answer.status)) throw new Refusal('logout_failed')
  const audit = [auditEntry(context, 'logout', userRef)]
  await context.store.endExternalSession({ id: session.id, audit })
}

/** @throws {Refusal} as `updateAccount` does */
export async function changePasswordFederated(
  context: Context,
  { caller, oldPassword, newPassword }: FederatedRequest & { oldPassword: string; newPassword: string },
): Promise<void> {
  if (caller.kind === 'external') throw new Refusal('external_user')
  if (newPassword === '') throw new Refusal('password_missing')
  await updateAccount(context, {
    caller: caller.caller,
    redirectTo: context.policy.redirects.siteUrl,
    needsCurrentPassword: true,
    change: { password: newPassword, currentPassword: oldPassword },
  })
}
