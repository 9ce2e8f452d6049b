/** Operations on a federated session; for an account of another server, that server is asked. */

import type { JsonObject } from '../../lib/json'
import type { User } from '../../store'
import { updateAccount } from '../accounts/account'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { Refusal } from '../refusal'
import { isLowAalLimited, sessionEndReason, supersedes } from '../sessions/session-limits'
import { signOut } from '../sessions/sessions'
import { lookupIdOf, mintOpaqueToken, mintSessionToken } from '../tokens/opaque'
import { type ExternalCaller, type FederatedCaller, sealToken, upstreamToken } from './callers'
import { objectOf, peerLabel, requestPeer, revokePeerToken, tokenOf } from './peers'

/** How long after sign-in a session can be refreshed (docs/decisions.md#d9). */
const SESSION_MS = 30 * 86_400_000

interface FederatedRequest {
  caller: FederatedCaller
  client: Client
}

/** @throws {Refusal<'external_auth_failed' | 'upstream_unavailable'>} */
export async function getFederatedUser(
  deps: Deps,
  { caller }: { caller: FederatedCaller },
): Promise<{ user: User } | { external: JsonObject }> {
  if (caller.kind === 'local') return { user: caller.caller.user }
  const { session, peer, userRef } = caller
  const answer = await requestPeer(deps, peer, { method: 'GET', path: '/me', token: upstreamToken(deps, session) })
  if (!answer.isSuccess) throw new Refusal('external_auth_failed')
  const user = objectOf(answer.body.user)
  if (!user) throw new Refusal('upstream_unavailable')
  return { external: { ...user, server: peerLabel(peer), user_ref: userRef } }
}

/**
 * Replaces the token, which becomes invalid.
 * @throws {Refusal<'refresh_refused' | 'token_invalid' | 'upstream_unavailable'>}
 */
export async function refreshFederated(deps: Deps, { caller, client }: FederatedRequest): Promise<string> {
  deps.limits.request('tokens', client.ip)
  return caller.kind === 'local' ? refreshHere(deps, caller, client) : refreshAtPeer(deps, caller)
}

async function refreshHere(
  deps: Deps,
  { caller: { user, session }, bearer = '' }: FederatedCaller & { kind: 'local' },
  { userAgent, ip }: Client,
): Promise<string> {
  const { clock, store, policy } = deps
  const lookupId = lookupIdOf('federation', bearer)
  if (!session || lookupId === undefined) throw new Refusal('refresh_refused')
  const now = clock.now()
  const isLowLimited = await isLowAalLimited(deps, user)
  if (sessionEndReason(policy.session, session, now, isLowLimited)) throw new Refusal('refresh_refused')
  const lifetimeMs = lifetimeOf(deps, now, session.createdAt)
  const { token, row } = mintSessionToken(deps, now, { kind: 'federation', familyId: session.id, lifetimeMs })
  const outcome = await store.replaceSessionToken({
    ...{ lookupId, next: row, now, userAgent, ip, supersedes: supersedes(policy.session, now, isLowLimited) },
    audit: [auditEntry(deps, now, 'token_refreshed', user)],
  })
  if (outcome !== 'replaced') throw new Refusal('refresh_refused')
  return token
}

async function refreshAtPeer(deps: Deps, { session, peer }: ExternalCaller): Promise<string> {
  const { clock, store } = deps
  const lifetimeMs = lifetimeOf(deps, clock.now(), session.createdAt)
  const answer = await requestPeer(deps, peer, {
    method: 'POST',
    path: '/refresh',
    token: upstreamToken(deps, session),
  })
  if (!answer.isSuccess) throw new Refusal('refresh_refused')
  const upstream = tokenOf(answer)
  const { token, lookupId: nextLookupId, tokenHash } = mintOpaqueToken(deps, 'federation')
  const isRenewed = await store.renewExternalSession({
    ...{ id: session.id, lookupId: session.lookupId, nextLookupId, tokenHash },
    ...{ upstreamToken: sealToken(deps, session.id, upstream), expiresAt: clock.now() + lifetimeMs },
  })
  if (isRenewed) return token
  // Signed out or refreshed by a concurrent request.
  deps.background(revokePeerToken(deps, peer, upstream))
  throw new Refusal('refresh_refused')
}

/** @throws {Refusal<'refresh_refused'>} if the session has reached its maximum lifetime */
function lifetimeOf({ policy }: Deps, now: number, createdAt: number): number {
  const lifetimeMs = Math.min(policy.federation.tokenMs, createdAt + SESSION_MS - now)
  if (lifetimeMs <= 0) throw new Refusal('refresh_refused')
  return lifetimeMs
}

/**
 * Ends the session, for an account of another server there as well. If it has already ended there, it ends here too.
 * @throws {Refusal<'logout_failed' | 'upstream_unavailable'>} and the session stays
 */
export async function signOutFederated(deps: Deps, { caller }: { caller: FederatedCaller }): Promise<void> {
  if (caller.kind === 'local') return signOut(deps, { caller: caller.caller, scope: 'local' })
  const { session, peer, userRef } = caller
  const answer = await requestPeer(deps, peer, { method: 'POST', path: '/logout', token: upstreamToken(deps, session) })
  if (!answer.isSuccess && ![401, 403, 404].includes(answer.status)) throw new Refusal('logout_failed')
  const audit = [auditEntry(deps, deps.clock.now(), 'logout', userRef)]
  await deps.store.endExternalSession({ id: session.id, audit })
}

/** @throws {Refusal<'external_user' | 'current_password_wrong' | 'password_weak' | …>} as `updateAccount` does */
export async function changePasswordFederated(
  deps: Deps,
  { caller, client, oldPassword, newPassword }: FederatedRequest & { oldPassword: string; newPassword: string },
): Promise<void> {
  if (caller.kind === 'external') throw new Refusal('external_user')
  if (newPassword === '') throw new Refusal('password_missing')
  await updateAccount(deps, {
    ...{ caller: caller.caller, client, redirectTo: deps.policy.redirects.siteUrl, needsCurrentPassword: true },
    change: { password: newPassword, currentPassword: oldPassword },
  })
}
