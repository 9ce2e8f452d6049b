/** A browser that comes back from a provider (contract 1.8). */
import { providersMetadata } from '../../lib/account-metadata'
import { secretEqual } from '../../lib/secrets'
import { isOver } from '../../lib/time'
import { isUuid } from '../../lib/uuid'
import type { OAuthState } from '../../store'
import { mayBeStrangers, WAYS_IN } from '../accounts/strangers'
import { withoutUnprovenPassword } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { Refusal } from '../refusal'
import { browserHash, stateHash, verifierPlace } from './leaving'
import { linkIdentity } from './linking'
import { externalIdentity, strangerOf } from './owners'
import { findProvider } from './providers'
import { type Arrived, arrive, type ExternalSignIn, endingOf, signInExternally, usedBefore } from './sign-in'

export interface ComingBack {
  /** Of the query, or of the form. */
  parameters: URLSearchParams
  /** The cookie of the browser, if it has one. */
  browser: string | undefined
  client: Client
}

export interface CameBack {
  redirectTo: string
  /** A refusal is told to the application that the browser is led to. */
  result: Arrived | { outcome: 'refused'; refusal: Refusal }
}

/**
 * Ends what `leaveForProvider` began. Only a success uses the state up: who cancels, or comes back in another browser
 * first, can still sign in with it until it expires.
 * @throws {Refusal<'oauth_state_missing' | 'oauth_state_malformed' | 'oauth_state_unknown' | 'oauth_state_expired' |
 *   'oauth_state_used' | 'oauth_state_of_another_browser' | 'too_many_requests'>}
 */
export async function comeBackFromProvider(deps: Deps, back: ComingBack): Promise<CameBack> {
  const state = await requireState(deps, back)
  const redirectTo = deps.policy.oauth.forcedRedirect ?? state.redirectTo
  // A provider may revoke what it gave where it sees a code twice, so of several requests at once one asks it.
  const done = deps.limits.alone(`oauth_state ${state.stateHash}`)
  if (!done) throw new Refusal('oauth_state_used')
  try {
    return { redirectTo, result: await conclude(deps, back, await requireState(deps, back)) }
  } catch (error) {
    const isAnswered = error instanceof Refusal && error.reason !== 'oauth_state_used'
    if (isAnswered) return { redirectTo, result: { outcome: 'refused', refusal: error } }
    throw error
  } finally {
    done()
  }
}

async function requireState(
  { store, clock, peppers, policy }: Deps,
  { parameters, browser }: ComingBack,
): Promise<OAuthState> {
  const plain = parameters.get('state') ?? ''
  if (plain === '') throw new Refusal('oauth_state_missing')
  if (!isUuid(plain)) throw new Refusal('oauth_state_malformed')
  const now = clock.now()
  const state = await store.findOAuthState(stateHash(peppers[0], plain.toLowerCase()))
  if (!state) throw new Refusal('oauth_state_unknown')
  if (state.usedAt !== null) throw new Refusal('oauth_state_used')
  if (isOver(state.createdAt, policy.flowMs, now)) throw new Refusal('oauth_state_expired')
  const isBound = policy.oauth.bindsBrowser && state.browserHash !== null
  if (isBound && !secretEqual(browserHash(peppers[0], browser ?? ''), state.browserHash ?? ''))
    throw new Refusal('oauth_state_of_another_browser')
  return state
}

async function conclude(deps: Deps, { parameters, client }: ComingBack, state: OAuthState): Promise<Arrived> {
  const provider = await findProvider(deps, state.provider)
  if (typeof provider === 'string') throw new Refusal('provider_unsupported', { detail: provider })
  const error = parameters.get('error')
  if (error) throw new Refusal('oauth_refused', { error, detail: parameters.get('error_description') ?? '' })
  if (!parameters.get('code') && !parameters.get('oauth_verifier')) throw new Refusal('oauth_code_missing')
  const sealed = state.upstreamVerifier
  const redeemed = await provider.redeem({
    parameters,
    state: parameters.get('state') ?? '',
    proof: sealed === null ? undefined : deps.sealer.open(sealed, verifierPlace(state.stateHash)).toString(),
  })
  if (redeemed.outcome !== 'redeemed') {
    deps.report('warn', 'a provider did not vouch for a sign-in', { provider: provider.name, error: redeemed.error })
    if (redeemed.outcome === 'profile_failed') throw new Refusal('oauth_profile_failed')
    throw new Refusal('oauth_exchange_failed', { detail: (parameters.get('code') ?? '').slice(0, 4) })
  }
  const { codeChallenge: value, codeChallengeMethod: method } = state
  const signIn: ExternalSignIn = {
    stranger: strangerOf(provider.name, redeemed.profile),
    method: 'oauth',
    isEmailOptional: provider.isEmailOptional,
    tokens: redeemed.tokens,
    challenge: value !== null && method !== null ? { value, method } : undefined,
    redirectTo: state.redirectTo,
    once: {
      use: { kind: 'oauth_state', stateHash: state.stateHash },
      refusal: new Refusal('oauth_state_used'),
    },
    client,
  }
  if (state.linkingUserId !== null)
    return linkIdentity(deps, signIn, { userId: state.linkingUserId, sessionId: state.linkingSessionId ?? undefined })
  return state.inviteTokenId === null ? signInExternally(deps, signIn) : acceptInvitation(deps, signIn, state)
}

/**
 * Accepts an invitation with an account at a provider that has the invited address; the invitation shows whose it is.
 * @throws {Refusal<'invite_unknown' | 'invite_email_mismatch' | 'identity_of_another' | 'user_banned'>}
 */
async function acceptInvitation(
  deps: Deps,
  signIn: ExternalSignIn,
  { invitedUserId, inviteTokenId }: OAuthState,
): Promise<Arrived> {
  const { store, clock } = deps
  const { stranger } = signIn
  const user = invitedUserId === null ? undefined : await store.findUser(invitedUserId)
  if (!user || user.deletedAt !== null || inviteTokenId === null) throw new Refusal('invite_unknown')
  if (!stranger.emails.some(({ address }) => address === user.email)) throw new Refusal('invite_email_mismatch')
  const now = clock.now()
  const identity = externalIdentity(deps, now, user.id, stranger)
  const ending = endingOf(deps, now, signIn, user.id)
  const changed = await store.changeUser({
    ...{ id: user.id, now, actor: { sessionId: undefined }, onlyIf: { email: user.email } },
    // who signed up with the address before need not be who is invited
    set: withoutUnprovenPassword(user),
    ...(mayBeStrangers(user) && { ...WAYS_IN, dropIdentities: 'others' as const }),
    spend: { id: inviteTokenId },
    use: signIn.once?.use,
    confirm: { email: true, phone: false },
    putIdentity: identity,
    profile: identity.identityData,
    describeProviders: providersMetadata,
    killTokens: true,
    flow: ending.flow,
    session: ending.session?.row,
    audit: [auditEntry(deps, now, 'invite_accepted', user, { provider: stranger.provider })],
  })
  switch (changed.outcome) {
    case 'changed':
      return arrive(deps, now, signIn, ending, changed.opened)
    case 'used_before':
      throw usedBefore(signIn)
    case 'token_unknown':
    case 'token_used':
    case 'token_expired':
    case 'user_gone':
    case 'changed_meanwhile':
      throw new Refusal('invite_unknown')
    case 'identity_of_another':
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(changed.outcome)
    default:
      throw new Error(`accepting an invitation came out as ${changed.outcome}`)
  }
}
