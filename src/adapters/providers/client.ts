/** An OAuth provider client: where the browser is sent, and the exchange of its code (RFC 6749 §4.1). */
import * as oauth from 'oauth4webapi'
import type { Clock, ExchangeResult, OAuthProvider, ProviderTokens } from '../../core/kernel/ports'
import { Refusal } from '../../core/kernel/refusal'
import { verifyIdToken } from '../../core/oauth/id-token'
import type { JsonObject } from '../../lib/json'
import { PROVIDERS } from '../../providers'
import { asObject, asText, type UntrustedJson } from '../../providers/profile'
import type { IdTokenDeclaration, OAuth2Provider, ProfileContext, ProviderUrl, Setup } from '../../providers/provider'
import type { BoundedFetch } from '../bounded-fetch'
import type { OpenId } from './open-id'

export interface ProviderEnvironment {
  fetch: BoundedFetch
  clock: Clock
  keysOf: OpenId['keysOf']
}

/** A configured provider. */
export function providerClient(world: ProviderEnvironment, provider: OAuth2Provider, setup: Setup): OAuthProvider {
  const { idTokens } = provider
  return {
    name: setup.name,
    isEmailOptional: setup.isEmailOptional,
    async startAuthorization(request) {
      const verifier = provider.needsVerifier ? oauth.generateRandomCodeVerifier() : undefined
      return { url: await authorizeUrl(provider, setup, { ...request, verifier }), verifier }
    },
    exchangeCode: (callback) => exchangeCode(world, provider, setup, callback),
    ...(idTokens && {
      idTokens: {
        isIssuer: (claimed) => isIssuerOf(idTokens, setup, claimed),
        issuer: idTokens.issuer(setup),
        audiences: setup.clientIds,
        keysOf: world.keysOf,
        skipsNonce: setup.skipsNonce || (idTokens.neverChecksNonce ?? false),
        profileOf: async (idToken) => provider.profile(contextOfIdToken(setup, idToken)),
      },
    }),
  }
}

export const isIssuerOf = (
  { issuer, severalIssuers }: IdTokenDeclaration,
  setup: ProviderUrl,
  claimed: string,
): boolean => (severalIssuers ? severalIssuers.includes(claimed, setup) : claimed === issuer(setup))

/** An application presents only the ID token. */
function contextOfIdToken(setup: Setup, idToken: JsonObject): ProfileContext {
  const nothing = async (): Promise<never> => {
    throw new Error('no API can be called with an ID token alone')
  }
  return { accessToken: '', answer: {}, idToken, parameters: new URLSearchParams(), setup, get: nothing }
}

async function authorizeUrl(
  provider: OAuth2Provider,
  setup: Setup,
  {
    state,
    scopes,
    parameters,
    verifier,
  }: Parameters<OAuthProvider['startAuthorization']>[0] & { verifier: string | undefined },
): Promise<string> {
  const url = new URL(provider.endpoints(setup).authorize)
  const forwarded = {
    ...(provider.acceptsNoParameters ? {} : omit(parameters, RENAMED_PARAMETERS)),
    ...renamedParameters(provider, parameters),
  }
  const own = {
    ...provider.parameters,
    client_id: setup.clientIds[0] ?? '',
    redirect_uri: setup.redirectUri,
    response_type: 'code',
    scope: [...new Set([...provider.scopes, ...scopes])].join(provider.scopeSeparator ?? ' '),
    state,
    ...(verifier !== undefined && {
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  }
  const given = Object.entries(own).filter(([, value]) => value !== '')
  // As in GoTrue, `scope` of a client replaces the scopes, while `scopes` adds to them.
  const all = {
    ...forwarded,
    ...Object.fromEntries(given),
    ...(forwarded.scope !== undefined && { scope: forwarded.scope }),
  }
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
  return url.href
}

/** Parameters that only make sense under the name that their provider knows. */
const RENAMED_PARAMETERS = new Set(
  PROVIDERS.flatMap((each) => (each.protocol === undefined ? Object.keys(each.parameterNames ?? {}) : [])),
)

const omit = (parameters: Readonly<Record<string, string>>, names: ReadonlySet<string>) =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.has(name)))

const renamedParameters = ({ parameterNames = {} }: OAuth2Provider, parameters: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(parameterNames).flatMap(([name, theirs]) =>
      parameters[name] === undefined ? [] : [[theirs, parameters[name]]],
    ),
  )

type CallbackInput = Parameters<OAuthProvider['exchangeCode']>[0]

async function exchangeCode(
  world: ProviderEnvironment,
  provider: OAuth2Provider,
  setup: Setup,
  callback: CallbackInput,
): Promise<ExchangeResult> {
  let exchanged: TokenResponse
  try {
    exchanged = await exchangeTokens(world, provider, setup, callback)
  } catch (error) {
    return { outcome: 'exchange_failed', error: describeError(error) }
  }
  try {
    const profile = await provider.profile({
      accessToken: exchanged.tokens.accessToken,
      answer: exchanged.answer,
      idToken: exchanged.idToken,
      setup,
      parameters: callback.parameters,
      get: (url, headers) => fetchJson(world, exchanged.tokens.accessToken, url, headers),
    })
    return { outcome: 'redeemed', profile, tokens: exchanged.tokens }
  } catch (error) {
    return { outcome: 'profile_failed', error: describeError(error) }
  }
}

/** Description of the failure, without any text that a provider or a client sent. */
export function describeError(error: unknown): string {
  if (error instanceof Refusal) return error.reason
  if (error instanceof oauth.ResponseBodyError) return `the provider says ${asText(error.error).slice(0, 100)}`
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown'
}

interface TokenResponse {
  tokens: ProviderTokens
  answer: UntrustedJson
  idToken: JsonObject | undefined
}

/**
 * HTTP Basic with only the form-encoding escapes (RFC 6749 §2.3.1): not every server decodes them, and most ids and
 * secrets then need none.
 */
const clientSecretBasic =
  (secret: string): oauth.ClientAuth =>
  (_, { client_id: id }, __, headers) => {
    const [user, password] = [id, secret].map((each) => new URLSearchParams([['', each]]).toString().slice(1))
    headers.set('authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`)
  }

async function exchangeTokens(
  world: ProviderEnvironment,
  provider: OAuth2Provider,
  setup: Setup,
  callback: CallbackInput,
): Promise<TokenResponse> {
  const { authorize, token } = provider.endpoints(setup)
  const issuer = provider.idTokens?.issuer(setup)
  const server: oauth.AuthorizationServer = {
    issuer: issuer ?? new URL(authorize).origin,
    authorization_endpoint: authorize,
    token_endpoint: token,
    authorization_response_iss_parameter_supported: provider.requiresIssuerParameter ?? false,
  }
  const client = { client_id: setup.clientIds[0] ?? '' }
  const shown = new URLSearchParams(callback.parameters)
  // RFC 9207 names the responder; without a known issuer there is nothing to compare
  if (issuer === undefined) shown.delete('iss')
  // some use their own token type; we verify the token ourselves, including its signature
  shown.delete('id_token')
  const checked = oauth.validateAuthResponse(server, client, shown, callback.state)
  const seen = { answer: {} as UntrustedJson }
  const options = {
    [oauth.customFetch]: (async (url: string, init: RequestInit) => {
      const answered = await world.fetch(url, init)
      if (answered.status !== 200) return answered
      seen.answer = asObject(await answered.json())
      // Some providers omit the token type (RFC 6749 §5.1) or send another one, but they all mean Bearer.
      // The granted scopes are not used, and some send them as a list.
      const { id_token: _, scope: __, ...rest } = seen.answer
      const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
      return Response.json({ ...plain, token_type: 'bearer' })
    }) as never,
    [oauth.allowInsecureRequests]: new URL(token).protocol === 'http:',
  }
  const show = (authenticate: (secret: string) => oauth.ClientAuth) =>
    oauth.authorizationCodeGrantRequest(
      ...([server, client, authenticate(setup.secret), checked, setup.redirectUri] as const),
      ...([callback.verifier ?? oauth.nopkce, options] as const),
    )
  const [first, second] = provider.usesBasicAuth
    ? [clientSecretBasic, oauth.ClientSecretPost]
    : [oauth.ClientSecretPost, clientSecretBasic]
  let response = await show(first)
  if (provider.triesBothAuthMethods && response.status >= 400 && response.status < 500) response = await show(second)
  const { access_token: accessToken, refresh_token: refreshToken } = await oauth.processGenericTokenEndpointResponse(
    server,
    client,
    response,
  )
  return {
    tokens: { accessToken, refreshToken },
    answer: seen.answer,
    idToken: await claimsOf(world, provider, setup, seen.answer),
  }
}

async function claimsOf(
  { keysOf, clock }: ProviderEnvironment,
  { idTokens }: OAuth2Provider,
  setup: Setup,
  { id_token: token }: UntrustedJson,
): Promise<JsonObject | undefined> {
  if (typeof token !== 'string' || !idTokens) return undefined
  const claimed = asText(unverifiedIssuer(token))
  const expected = isIssuerOf(idTokens, setup, claimed) ? claimed : idTokens.issuer(setup)
  return verifyIdToken({ keysOf }, clock.now(), { token, issuer: expected, audiences: setup.clientIds })
}

function unverifiedIssuer(token: string): unknown {
  try {
    return asObject(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).iss
  } catch {
    return undefined
  }
}

async function fetchJson(
  { fetch }: ProviderEnvironment,
  accessToken: string,
  url: string,
  headers: Record<string, string> = {},
): Promise<UntrustedJson> {
  const response = await fetch(url, {
    headers: {
      accept: 'application/json',
      'user-agent': 'latchkey',
      authorization: `Bearer ${accessToken}`,
      ...headers,
    },
  })
  if (response.status !== 200) throw new Error(`${new URL(url).host} responded with ${response.status}`)
  return (await response.json()) as UntrustedJson
}
