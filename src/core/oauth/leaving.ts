/** Sending a browser to a provider (contract 1.8). */
import { isLoopback } from '../../lib/ip'
import { hmacSha256 } from '../../lib/secrets'
import type { VerificationToken } from '../../store'
import type { Caller } from '../caller'
import type { Deps } from '../deps'
import type { OAuthProvider } from '../ports'
import { Refusal } from '../refusal'
import { type ChallengeGiven, challengeOf } from '../sign-in/pkce'
import { identifyToken } from '../tokens/verification-token'
import { requireLinker } from './linking'
import { findProvider } from './providers'
import { isReservedParameter } from './reserved'

export interface Leaving extends ChallengeGiven {
  provider: string
  scopes: string
  /** Where the browser is led to in the end. */
  redirectTo: string
  inviteToken: string | undefined
  /** Further parameters of the client, for the provider. */
  parameters: Readonly<Record<string, string>>
  /** The cookie of the browser, if it has one. */
  browser: string | undefined
  /** Host and port that the browser asked, which alone get its cookie back. */
  host: string
  /** Whose account the identity is to be linked to. */
  linker?: Caller
  ip: string
}

/** Those that this server reads itself and does not pass on. */
const OWN = new Set(['provider', 'scopes', 'invite_token'])

const BROWSER_BYTES = 24
const BROWSER = /^[\w-]{32}$/

/**
 * Notes that a browser is expected back.
 * @returns where it goes, and the cookie by which it is known again
 * @throws {Refusal<'provider_unsupported' | 'provider_unreachable' | 'challenge_incomplete' | 'challenge_length' | 'challenge_characters' |
 *   'challenge_method_unknown' | 'invite_token_unknown' | 'linking_disabled' | 'not_in_person' | 'aal_too_low' |
 *   'too_many_requests'>}
 */
export async function leaveForProvider(deps: Deps, leaving: Leaving): Promise<{ url: string; browser: string }> {
  const { store, clock, random, sealer, limits, peppers, policy } = deps
  if (leaving.linker && !policy.oauth.manualLinking) throw new Refusal('linking_disabled')
  limits.request('providers', leaving.ip)
  if (leaving.linker) await requireLinker(deps, leaving.linker)
  const provider = await findProvider(deps, leaving.provider.toLowerCase())
  if (typeof provider === 'string') throw new Refusal('provider_unsupported', { detail: provider })
  const challenge = challengeOf(leaving)
  const invitation = leaving.inviteToken ? await invitationOf(deps, leaving.inviteToken) : undefined
  const state = random.uuid()
  const browser = BROWSER.test(leaving.browser ?? '')
    ? (leaving.browser as string)
    : random.bytes(BROWSER_BYTES).toString('base64url')
  const { url, proof } = await askToLeave(deps, provider, state, leaving)
  const hash = stateHash(peppers[0], state)
  await store.putOAuthState({
    stateHash: hash,
    provider: provider.name,
    browserHash: isBound(deps, leaving, challenge) ? browserHash(peppers[0], browser) : null,
    redirectTo: leaving.redirectTo,
    codeChallenge: challenge?.value ?? null,
    codeChallengeMethod: challenge?.method ?? null,
    upstreamVerifier: proof === undefined ? null : sealer.seal(Buffer.from(proof), verifierPlace(hash)),
    linkingUserId: leaving.linker?.user.id ?? null,
    linkingSessionId: leaving.linker?.session?.id ?? null,
    inviteTokenId: invitation?.id ?? null,
    invitedUserId: invitation?.userId ?? null,
    createdAt: clock.now(),
    usedAt: null,
  })
  return { url, browser }
}

/**
 * Whether the browser that comes back must be the one that leaves. A challenge binds better; a link is asked for by a
 * request that may keep no cookie. A server on the developer's own machine goes by several names, and no outsider can
 * send anybody there.
 */
function isBound({ policy }: Deps, { host, linker }: Leaving, challenge: object | undefined): boolean {
  const own = new URL(policy.apiUrl)
  const isElsewhere = host !== own.host && (own.hostname === 'localhost' || isLoopback(own.hostname))
  return !challenge && !linker && !isElsewhere
}

async function askToLeave({ report }: Deps, provider: OAuthProvider, state: string, { scopes, parameters }: Leaving) {
  const passedOn = Object.entries(parameters).filter(([name]) => isPassedOn(name))
  try {
    return await provider.leave({ state, scopes: scopesOf(scopes), parameters: Object.fromEntries(passedOn) })
  } catch (error) {
    report('warn', 'a provider cannot be reached', { provider: provider.name, error: String(error) })
    throw new Refusal('provider_unreachable')
  }
}

const isPassedOn = (name: string) => !isReservedParameter(name) && !OWN.has(name)

/** A comma or a space stands between two. */
const scopesOf = (text: string) => text.split(/[ ,]+/).filter(Boolean)

export const stateHash = (pepper: Buffer, state: string) => hmacSha256(pepper, `state:${state}`).toString('hex')
export const browserHash = (pepper: Buffer, browser: string) => hmacSha256(pepper, `browser:${browser}`).toString('hex')
export const verifierPlace = (hash: string) => `oauth_states.upstream_verifier:${hash}`

async function invitationOf(deps: Deps, plaintext: string): Promise<VerificationToken> {
  try {
    return (await identifyToken(deps, { plaintext, family: 'supabase', kinds: ['invite'] })).token
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('invite_token_unknown') : error
  }
}
