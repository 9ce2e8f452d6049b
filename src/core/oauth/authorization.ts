/** The start of an OAuth sign-in (`GET /authorize`). */
import { isLoopbackHost } from '../../lib/ip'
import { hmacSha256 } from '../../lib/secrets'
import type { VerificationToken } from '../../store'
import type { Caller } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import type { OAuthProvider } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { type CodeChallengeParameters, parseCodeChallenge } from '../tokens/pkce'
import { findToken } from '../tokens/verification-token'
import { requireLinkingAllowed } from './linking'
import { findProvider } from './providers'
import { isReservedParameter } from './reserved-parameters'

export interface AuthorizationRequest extends CodeChallengeParameters {
  provider: string
  scopes: string
  /** Where the browser is redirected in the end. */
  redirectTo: string
  inviteToken: string | undefined
  /** Additional parameters from the client, for the provider. */
  parameters: Readonly<Record<string, string>>
  /** The browser's cookie, if it has one. */
  browser: string | undefined
  /** Host and port of the request, to which its cookie is limited. */
  host: string
  /** The account to link the identity to. */
  linkingUser?: Caller
}

/** Parameters that this server uses itself and does not forward. */
const OWN_PARAMETERS = new Set(['provider', 'scopes', 'invite_token'])

const BROWSER_BYTES = 24
const BROWSER = /^[\w-]{32}$/

/**
 * Starts a sign-in at a provider.
 * @returns the authorization URL, and the cookie that identifies the browser
 */
export async function startAuthorization(
  context: Context,
  request: AuthorizationRequest,
): Promise<{ url: string; browser: string }> {
  const { store, random, sealer, limits, peppers, policy } = context
  if (request.linkingUser && !policy.oauth.manualLinking) throw new Refusal('linking_disabled')
  limits.request('providers', context.client.ip)
  if (request.linkingUser) await requireLinkingAllowed(context, request.linkingUser)
  const provider = await findProvider(context, request.provider.toLowerCase())
  if (typeof provider === 'string') throw new Refusal('provider_unsupported', { detail: provider })
  const challenge = parseCodeChallenge(request)
  const invitation = request.inviteToken ? await invitationOf(context, request.inviteToken) : undefined
  const state = random.uuid()
  const browser = BROWSER.test(request.browser ?? '')
    ? (request.browser as string)
    : random.bytes(BROWSER_BYTES).toString('base64url')
  const { url, verifier } = await requestAuthorizationUrl(context, provider, state, request)
  const hash = stateHash(peppers[0], state)
  await store.putOAuthState({
    stateHash: hash,
    provider: provider.name,
    browserHash: bindsToBrowser(context, request, challenge) ? browserHash(peppers[0], browser) : null,
    redirectTo: request.redirectTo,
    codeChallenge: challenge?.value ?? null,
    codeChallengeMethod: challenge?.method ?? null,
    upstreamVerifier: verifier === undefined ? null : sealer.seal(Buffer.from(verifier), verifierAad(hash)),
    linkingUserId: request.linkingUser?.user.id ?? null,
    linkingSessionId: request.linkingUser?.session?.id ?? null,
    inviteTokenId: invitation?.id ?? null,
    invitedUserId: invitation?.userId ?? null,
    createdAt: withCurrentTime(context).now,
    usedAt: null,
  })
  return { url, browser }
}

/**
 * Whether the browser that returns must be the one that started the sign-in. A PKCE challenge is a stronger binding; a
 * link request may come from a client without cookies. A server on the developer's machine has several names, and no
 * outsider can send a victim there.
 */
function bindsToBrowser(
  { policy }: Context,
  { host, linkingUser: linker }: AuthorizationRequest,
  challenge: object | undefined,
): boolean {
  const own = new URL(policy.apiUrl)
  const isElsewhere = host !== own.host && isLoopbackHost(own.hostname)
  return !challenge && !linker && !isElsewhere
}

async function requestAuthorizationUrl(
  { report }: Context,
  provider: OAuthProvider,
  state: string,
  { scopes, parameters }: AuthorizationRequest,
) {
  const passedOn = Object.entries(parameters).filter(([name]) => isForwarded(name))
  try {
    return await provider.startAuthorization({
      state,
      scopes: scopesOf(scopes),
      parameters: Object.fromEntries(passedOn),
    })
  } catch (error) {
    report('warn', 'a provider is unreachable', { provider: provider.name, error: String(error) })
    throw new Refusal('provider_unreachable')
  }
}

const isForwarded = (name: string) => !isReservedParameter(name) && !OWN_PARAMETERS.has(name)

/** Separated by commas or spaces. */
const scopesOf = (text: string) => text.split(/[ ,]+/).filter(Boolean)

export const stateHash = (pepper: Buffer, state: string) => hmacSha256(pepper, `state:${state}`).toString('hex')
export const browserHash = (pepper: Buffer, browser: string) => hmacSha256(pepper, `browser:${browser}`).toString('hex')
export const verifierAad = (hash: string) => `oauth_states.upstream_verifier:${hash}`

async function invitationOf(context: Context, plaintext: string): Promise<VerificationToken> {
  try {
    return (await findToken(context, { plaintext, family: 'supabase', kinds: ['invite'] })).token
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('invite_token_unknown') : error
  }
}
