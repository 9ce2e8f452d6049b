/**
 * From the account page to an application (docs/account.md#hand-over): a code, which the application exchanges for a
 * session of its own. That session continues the one of the account page: as old, and with the same authentication.
 */
import type { AuthenticationMethod } from '../../lib/assurance'
import { isSecondFactorMethod } from '../../lib/factor-types'
import type { AmrClaim } from '../../store'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { isAllowedRedirect } from '../kernel/redirects'
import { Refusal } from '../kernel/refusal'
import { requireLatestToken } from '../sessions/refresh'
import { isRefreshable } from '../sessions/session-limits'
import { type CodeChallengeParameters, newAuthCode, newFlow, parseCodeChallenge } from '../tokens/pkce'

export interface ContinuationRequest extends CodeChallengeParameters {
  caller: Caller
  /** Of the caller's session: an access token alone, which services see, cannot be turned into a session. */
  refreshToken: string
  /** Where the application receives the code. */
  redirectTo: string
}

/**
 * Issues a code that continues the caller's session (`POST /account/code`).
 * @throws {Refusal} also for a target that is not allowed, instead of using the site URL
 */
export async function issueContinuation(
  context: Context,
  { caller, refreshToken, redirectTo, ...given }: ContinuationRequest,
): Promise<{ code: string; redirectTo: string }> {
  const { limits, client, store, now } = context
  limits.request('tokens', client.ip)
  const { user, session } = forbidPersonalToken(caller)
  const challenge = requireChallenge(given)
  const target = redirectTo.replaceAll(' ', '%20')
  if (!isAllowedRedirect(context, target, 'no code was issued')) throw new Refusal('continuation_elsewhere')
  if (!session) throw new Refusal('continuation_without_session')
  await requireLatestToken(context, session, refreshToken)
  // Otherwise, continuing the session would extend it beyond its limits.
  if (!(await isRefreshable(context, user, session))) throw new Refusal('session_over')
  const method = firstMethod(await store.findAmr(session.id))
  const { code, hash } = newAuthCode(context)
  const flow = {
    ...newFlow(context, user.id, challenge, method),
    userId: user.id,
    authCodeHash: hash,
    authCodeIssuedAt: now,
    sessionId: session.id,
    aal: session.aal,
  }
  if (!(await store.addContinuation({ flow }))) throw new Refusal('session_gone')
  return { code, redirectTo: target }
}

/** The account page cannot hand anything over without a challenge. */
export function requireChallenge(given: CodeChallengeParameters) {
  const challenge = parseCodeChallenge(given)
  if (!challenge) throw new Refusal('continuation_without_challenge')
  return challenge
}

/** How the sign-in began: with the earliest method that is not a second factor. */
function firstMethod(amr: readonly AmrClaim[]): AuthenticationMethod {
  const methods = amr.map(({ authenticationMethod }) => authenticationMethod)
  return (methods.findLast((method) => !isSecondFactorMethod(method)) ?? 'password') as AuthenticationMethod
}
