/** A provider at work: where the browser goes, and what its code is worth (RFC 6749 §4.1). */
import * as oauth from 'oauth4webapi'
import { checkIdToken } from '../../core/oauth/id-token'
import type { Clock, OAuthProvider, ProviderTokens, Redeemed } from '../../core/ports'
import { Refusal } from '../../core/refusal'
import type { JsonObject } from '../../lib/json'
import type { BoundedFetch } from '../bounded-fetch'
import type { OpenId } from './open-id'
import { type Foreign, object, type Provider, type Setup, text, type Vouched } from './provider'

export interface World {
  fetch: BoundedFetch
  clock: Clock
  keysOf: OpenId['keysOf']
}

/** A provider as it is set up. */
export function providerClient(world: World, provider: Provider, setup: Setup): OAuthProvider {
  const { issuer, isIssuer = (claimed: string) => claimed === issuer?.(setup) } = provider
  return {
    name: setup.name,
    isEmailOptional: setup.isEmailOptional,
    async leave(leaving) {
      const verifier = provider.needsVerifier ? oauth.generateRandomCodeVerifier() : undefined
      return { url: await authorizeUrl(provider, setup, { ...leaving, verifier }), proof: verifier }
    },
    redeem: (returned) => redeem(world, provider, setup, returned),
    ...(provider.takesIdTokens && {
      idTokens: {
        isIssuer: (claimed) => isIssuer(claimed, setup),
        issuer: issuer?.(setup),
        audiences: setup.clientIds,
        keysOf: world.keysOf,
        skipsNonce: setup.skipsNonce || (provider.neverChecksNonce ?? false),
        profileOf: async (idToken) => provider.profile(vouchedByToken(setup, idToken)),
      },
    }),
  }
}

/** What an application shows is the ID token and nothing else. */
function vouchedByToken(setup: Setup, idToken: JsonObject): Vouched {
  const nothing = async (): Promise<never> => {
    throw new Error('an ID token alone opens no API')
  }
  return { accessToken: '', answer: {}, idToken, parameters: new URLSearchParams(), setup, get: nothing }
}

async function authorizeUrl(
  provider: Provider,
  setup: Setup,
  { state, scopes, parameters, verifier }: Parameters<OAuthProvider['leave']>[0] & { verifier: string | undefined },
): Promise<string> {
  const url = new URL(provider.endpoints(setup).authorize)
  const { workos_provider: connection, ...others } = parameters
  const own = {
    ...(provider.takesNoParameters ? {} : others),
    ...(connection !== undefined && setup.name === 'workos' && { provider: connection }),
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
  for (const [name, value] of Object.entries(own)) if (value !== '') url.searchParams.set(name, value)
  return url.href
}

type Returned = Parameters<OAuthProvider['redeem']>[0]

async function redeem(world: World, provider: Provider, setup: Setup, returned: Returned): Promise<Redeemed> {
  let exchanged: Exchanged
  try {
    exchanged = await exchange(world, provider, setup, returned)
  } catch (error) {
    return { outcome: 'exchange_failed', error: described(error) }
  }
  try {
    const profile = await provider.profile({
      ...{ accessToken: exchanged.tokens.accessToken, answer: exchanged.answer, idToken: exchanged.idToken, setup },
      parameters: returned.parameters,
      get: (url, headers) => ask(world, exchanged.tokens.accessToken, url, headers),
    })
    return { outcome: 'redeemed', profile, tokens: exchanged.tokens }
  } catch (error) {
    return { outcome: 'profile_failed', error: described(error) }
  }
}

/** What went wrong, without anything that a provider or a client sent. */
export function described(error: unknown): string {
  if (error instanceof Refusal) return error.reason
  if (error instanceof oauth.ResponseBodyError) return `the provider says ${text(error.error).slice(0, 100)}`
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown'
}

interface Exchanged {
  tokens: ProviderTokens
  answer: Foreign
  idToken: JsonObject | undefined
}

/**
 * HTTP Basic with no more escaped than forms escape (RFC 6749 §2.3.1): not everybody undoes it, and most ids and secrets
 * need none then.
 */
const clientSecretBasic =
  (secret: string): oauth.ClientAuth =>
  (_, { client_id: id }, __, headers) => {
    const [user, password] = [id, secret].map((each) => new URLSearchParams([['', each]]).toString().slice(1))
    headers.set('authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`)
  }

async function exchange(world: World, provider: Provider, setup: Setup, returned: Returned): Promise<Exchanged> {
  const { authorize, token } = provider.endpoints(setup)
  const issuer = provider.issuer?.(setup)
  const server: oauth.AuthorizationServer = {
    issuer: issuer ?? new URL(authorize).origin,
    authorization_endpoint: authorize,
    token_endpoint: token,
    authorization_response_iss_parameter_supported: provider.namesIssuer ?? false,
  }
  const client = { client_id: setup.clientIds[0] ?? '' }
  const shown = new URLSearchParams(returned.parameters)
  // RFC 9207 says who answers; where we do not know its name, it says nothing
  if (issuer === undefined) shown.delete('iss')
  // some name their token with it; it is looked at by ourselves, signature and all
  shown.delete('id_token')
  const checked = oauth.validateAuthResponse(server, client, shown, returned.state)
  const seen = { answer: {} as Foreign }
  const options = {
    [oauth.customFetch]: (async (url: string, init: RequestInit) => {
      const answered = await world.fetch(url, init)
      if (answered.status !== 200) return answered
      seen.answer = object(await answered.json())
      // Some leave the type out (RFC 6749 §5.1), or have one of their own; all of them mean this.
      // Nobody here asks what was granted, which some tell as a list.
      const { id_token: _, scope: __, ...rest } = seen.answer
      const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
      return Response.json({ ...plain, token_type: 'bearer' })
    }) as never,
    [oauth.allowInsecureRequests]: new URL(token).protocol === 'http:',
  }
  const show = (authenticate: (secret: string) => oauth.ClientAuth) =>
    oauth.authorizationCodeGrantRequest(
      ...([server, client, authenticate(setup.secret), checked, setup.redirectUri] as const),
      ...([returned.proof ?? oauth.nopkce, options] as const),
    )
  const [first, second] = provider.usesBasic
    ? [clientSecretBasic, oauth.ClientSecretPost]
    : [oauth.ClientSecretPost, clientSecretBasic]
  let response = await show(first)
  if (provider.triesBothWays && response.status >= 400 && response.status < 500) response = await show(second)
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
  { keysOf, clock }: World,
  { issuer, isIssuer }: Provider,
  setup: Setup,
  { id_token: token }: Foreign,
): Promise<JsonObject | undefined> {
  if (typeof token !== 'string' || !issuer) return undefined
  const claimed = text(unverifiedIssuer(token))
  const expected = isIssuer?.(claimed, setup) ? claimed : issuer(setup)
  return checkIdToken({ keysOf }, clock.now(), { token, issuer: expected, audiences: setup.clientIds })
}

function unverifiedIssuer(token: string): unknown {
  try {
    return object(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).iss
  } catch {
    return undefined
  }
}

async function ask(
  { fetch }: World,
  accessToken: string,
  url: string,
  headers: Record<string, string> = {},
): Promise<Foreign> {
  const response = await fetch(url, {
    headers: {
      accept: 'application/json',
      'user-agent': 'latchkey',
      authorization: `Bearer ${accessToken}`,
      ...headers,
    },
  })
  if (response.status !== 200) throw new Error(`${new URL(url).host} answers ${response.status}`)
  return (await response.json()) as Foreign
}
