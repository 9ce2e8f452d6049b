/** Exchanging a code for a session (`POST /token?grant_type=pkce`). */
import { createHash } from 'node:crypto'
import type { AuthenticationMethod } from '../../lib/assurance'
import { secretEqual } from '../../lib/secrets'
import { hasElapsed } from '../../lib/time'
import type { User } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAccount, noteAttempt } from '../kernel/request-facts'
import { type IssuedSession, issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { isRefreshable } from '../sessions/session-limits'
import { authCodeHash, openProviderTokens } from '../tokens/pkce'

/** Exchanges a code for a session, once (`POST /token?grant_type=pkce`). A wrong verifier does not consume the code. */
export async function exchangeCode(
  context: Context,
  { authCode, codeVerifier }: { authCode: string; codeVerifier: string },
): Promise<IssuedSession> {
  const { store, policy, peppers, limits, now, client } = context
  limits.request('tokens', client.ip)
  if (authCode === '' || codeVerifier === '') throw new Refusal('exchange_incomplete')
  const hash = authCodeHash(peppers[0], authCode)
  const flow = await store.findFlow(hash)
  if (!flow?.userId) throw new Refusal('flow_unknown')
  noteAccount(context, flow.userId)
  noteAttempt(context, flow.authenticationMethod as AuthenticationMethod)
  if (hasElapsed(flow.authCodeIssuedAt ?? 0, policy.flowMs, now)) throw new Refusal('flow_expired')
  const shown =
    flow.codeChallengeMethod === 'plain' ? codeVerifier : createHash('sha256').update(codeVerifier).digest('base64url')
  if (!secretEqual(shown, flow.codeChallenge)) throw new Refusal('verifier_wrong')
  const user = await store.findUser(flow.userId)
  if (!user) throw new Refusal('flow_unknown')
  if (flow.sessionId !== null) await requireContinuable(context, user, flow.sessionId)
  const session = newSession(context, user.id, flow.authenticationMethod as AuthenticationMethod)
  const exchanged = await store.exchangeFlow({
    authCodeHash: hash,
    session: session.row,
    now,
    audit: [auditEntry(context, 'login', user, flow.sessionId === null ? undefined : { provider: 'account' })],
  })
  switch (exchanged.outcome) {
    case 'opened':
      return {
        ...(await issueFirstTokens(context, exchanged.opened, session, [{ kind: 'flow', flow }])),
        providerTokens: openProviderTokens(context, flow),
      }
    case 'user_banned':
      throw new Refusal('user_banned')
    default:
      throw new Refusal('flow_unknown')
  }
}

/** @throws {Refusal} if the session has ended, or has reached one of its limits, since the code was issued */
async function requireContinuable(context: Context, user: User, sessionId: string): Promise<void> {
  const found = await context.store.findSession(sessionId)
  if (!found || !(await isRefreshable(context, user, found.session))) throw new Refusal('flow_unknown')
}
