/** The callback of an OAuth sign-in (`GET` and `POST /callback`). */
import { secretEqual } from '../../lib/secrets'
import { hasElapsed } from '../../lib/time'
import { isUuid } from '../../lib/uuid'
import type { OAuthState } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAttempt } from '../kernel/request-facts'
import { mayBePreHijacked } from '../users/pre-hijack'
import { dropUnconfirmedPassword } from '../users/users'
import { externalAccountOf, externalIdentity } from './account-matching'
import { browserHash, stateHash, verifierAad } from './authorization'
import {
  alreadyUsedError,
  type ExternalSignIn,
  endingFor,
  finishSignIn,
  type SignInResult,
  signInExternally,
  storedEnding,
} from './external-sign-in'
import { linkIdentity } from './linking'
import { findProvider } from './providers'

export interface CallbackRequest {
  /** The parameters of the query or the form. */
  parameters: URLSearchParams
  /** The browser's cookie, if it has one. */
  browser: string | undefined
}

export interface CallbackResult {
  redirectTo: string
  /** A refusal is passed to the application that the browser is redirected to. */
  result: SignInResult | { outcome: 'refused'; refusal: Refusal }
}

/**
 * Completes the sign-in that `startAuthorization` started. Only a success consumes the state: after a cancellation, or
 * a callback in another browser, it can still be used until it expires.
 */
export async function handleCallback(context: Context, back: CallbackRequest): Promise<CallbackResult> {
  noteAttempt(context, 'oauth')
  // A failure leaves the state as it is, so without a limit one state would allow any number of requests to the provider.
  context.limits.request('callbacks', context.client.ip)
  const state = await requireState(context, back)
  const redirectTo = context.policy.oauth.forcedRedirect ?? state.redirectTo
  // A provider may revoke its tokens when it sees a code twice, so only one of several concurrent requests exchanges
  // it.
  const done = await context.limits.exclusive(`oauth_state ${state.stateHash}`)
  if (!done) throw new Refusal('oauth_state_used')
  try {
    const unused = await requireState(withCurrentTime(context), back)
    return { redirectTo, result: await completeCallback(context, back, unused) }
  } catch (error) {
    const isAnswered = error instanceof Refusal && error.reason !== 'oauth_state_used'
    if (isAnswered) return { redirectTo, result: { outcome: 'refused', refusal: error } }
    throw error
  } finally {
    await done()
  }
}

async function requireState(
  { store, peppers, policy, now }: Context,
  { parameters, browser }: CallbackRequest,
): Promise<OAuthState> {
  const plain = parameters.get('state') ?? ''
  if (plain === '') throw new Refusal('oauth_state_missing')
  if (!isUuid(plain)) throw new Refusal('oauth_state_malformed')
  const state = await store.findOAuthState(stateHash(peppers[0], plain.toLowerCase()))
  if (!state) throw new Refusal('oauth_state_unknown')
  if (state.usedAt !== null) throw new Refusal('oauth_state_used')
  if (hasElapsed(state.createdAt, policy.flowMs, now)) throw new Refusal('oauth_state_expired')
  const isBound = policy.oauth.bindsBrowser && state.browserHash !== null
  if (isBound && !secretEqual(browserHash(peppers[0], browser ?? ''), state.browserHash ?? ''))
    throw new Refusal('oauth_state_of_another_browser')
  return state
}

async function completeCallback(
  context: Context,
  { parameters }: CallbackRequest,
  state: OAuthState,
): Promise<SignInResult> {
  const provider = await findProvider(context, state.provider)
  if (typeof provider === 'string') throw new Refusal('provider_unsupported', { detail: provider })
  const error = parameters.get('error')
  if (error) throw new Refusal('oauth_refused', { error, detail: parameters.get('error_description') ?? '' })
  if (!parameters.get('code') && !parameters.get('oauth_verifier')) throw new Refusal('oauth_code_missing')
  const sealed = state.upstreamVerifier
  const redeemed = await provider.exchangeCode({
    parameters,
    state: parameters.get('state') ?? '',
    verifier: sealed === null ? undefined : context.sealer.open(sealed, verifierAad(state.stateHash)).toString(),
  })
  if (redeemed.outcome !== 'redeemed') {
    context.report('warn', 'a provider sign-in failed', { provider: provider.name, error: redeemed.error })
    if (redeemed.outcome === 'profile_failed') throw new Refusal('oauth_profile_failed')
    throw new Refusal('oauth_exchange_failed', { detail: (parameters.get('code') ?? '').slice(0, 4) })
  }
  const { codeChallenge: value, codeChallengeMethod: method } = state
  const signIn: ExternalSignIn = {
    account: externalAccountOf(provider.name, redeemed.profile),
    method: 'oauth',
    isEmailOptional: provider.isEmailOptional,
    tokens: redeemed.tokens,
    challenge: value !== null && method !== null ? { value, method } : undefined,
    redirectTo: state.redirectTo,
    once: {
      use: { kind: 'oauth_state', stateHash: state.stateHash },
      refusal: new Refusal('oauth_state_used'),
    },
  }
  const current = withCurrentTime(context)
  if (state.linkingUserId !== null)
    return linkIdentity(current, signIn, {
      userId: state.linkingUserId,
      sessionId: state.linkingSessionId ?? undefined,
    })
  return state.inviteTokenId === null ? signInExternally(current, signIn) : acceptInvitation(current, signIn, state)
}

/** Accepts an invitation with a provider account that has the invited address; the invitation proves its ownership. */
async function acceptInvitation(
  context: Context,
  signIn: ExternalSignIn,
  { invitedUserId, inviteTokenId }: OAuthState,
): Promise<SignInResult> {
  const { store, now } = context
  const { account } = signIn
  const user = invitedUserId === null ? undefined : await store.findUser(invitedUserId)
  if (!user || user.deletedAt !== null || inviteTokenId === null) throw new Refusal('invite_unknown')
  if (!account.emails.some(({ address }) => address === user.email)) throw new Refusal('invite_email_mismatch')
  const identity = externalIdentity(context, user.id, account)
  const ending = endingFor(context, signIn, user.id)
  const accepted = await store.acceptInvitation({
    id: user.id,
    now,
    emailBefore: user.email,
    tokenUse: { id: inviteTokenId },
    identity,
    dropped: dropUnconfirmedPassword(user),
    isPreHijacked: mayBePreHijacked(user),
    ending: storedEnding(ending, signIn),
    audit: [auditEntry(context, 'invite_accepted', user, { provider: account.provider })],
  })
  switch (accepted.outcome) {
    case 'changed':
      return finishSignIn(context, signIn, ending, accepted.opened, [{ kind: 'token', id: inviteTokenId }])
    case 'used_before':
      throw alreadyUsedError(signIn)
    case 'token_unknown':
    case 'token_used':
    case 'token_expired':
    case 'user_gone':
    case 'changed_concurrently':
      throw new Refusal('invite_unknown')
    case 'identity_of_another':
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(accepted.outcome)
  }
}
