/** ID tokens signed by providers (OpenID Connect Core 1.0 §3.1.3.7, GoTrue's id_token grant). */
import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import type { JsonObject } from '../../lib/json'
import { secretEqual } from '../../lib/secrets'
import { providerNamed } from '../../providers'
import type { BuiltInProvider } from '../../providers/provider'
import { authenticateUser } from '../authentication/authenticate'
import type { Credentials } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import type { OAuthProvider, OAuthProviders } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { noteAttempt } from '../kernel/request-facts'
import type { IssuedSession } from '../sessions/issue-tokens'
import { externalAccountOf } from './account-matching'
import { isCustom } from './custom-provider-rules'
import { type ExternalSignIn, signInExternally } from './external-sign-in'
import { linkIdentity, requireLinkingAllowed } from './linking'
import { loadCustomProvider } from './providers'

/** Asymmetric only: a public key must not verify an HMAC. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA'.split(' ')
/** Longer than any provider's token. */
export const MAX_ID_TOKEN_LENGTH = 16_384

export interface IdTokenSignIn {
  idToken: string
  provider: string
  clientId: string
  issuer: string
  accessToken: string
  nonce: string
  linksIdentity: boolean
  credentials: Credentials
}

/** Signs in, or links an identity, with an ID token that an application obtained from a provider. */
export async function signInWithIdToken(context: Context, given: IdTokenSignIn): Promise<IssuedSession> {
  noteAttempt(context, 'oauth')
  context.limits.request('tokens', context.client.ip)
  if (given.idToken === '') throw new Refusal('id_token_missing')
  if (given.provider === '' && (given.clientId === '' || given.issuer === ''))
    throw new Refusal('id_token_provider_missing')
  if (given.linksIdentity && given.credentials.bearer === undefined) throw new Refusal('id_token_link_without_user')
  const { provider, issuer, rules } = await providerOf(context, given)
  const audiences = rules?.audiences ?? [given.clientId]
  const expected = { token: given.idToken, issuer, audiences }
  const claims = await verifyIdToken(rules ?? context.providers, context.now, expected)
  checkAccessToken(given, claims)
  if (!rules?.skipsNonce) checkNonce(given.nonce, claims)
  const profile = await (rules ?? UNLISTED_ISSUER_RULES).profileOf(claims)
  const signIn: ExternalSignIn = {
    account: externalAccountOf(provider?.name ?? issuer, profile),
    method: 'oauth',
    isEmailOptional: provider?.isEmailOptional ?? false,
    tokens: undefined,
    challenge: undefined,
    redirectTo: context.policy.redirects.siteUrl,
  }
  // The provider's keys may have been fetched.
  const current = withCurrentTime(context)
  const arrived = given.linksIdentity
    ? await linkIdentity(current, signIn, await linkerOf(current, given.credentials))
    : await signInExternally(current, signIn)
  if (arrived.outcome !== 'session') throw new Error('an ID token sign-in returned a code')
  return arrived.issued
}

async function linkerOf(context: Context, credentials: Credentials) {
  const { user, session } = await requireLinkingAllowed(context, await authenticateUser(context, credentials))
  return { userId: user.id, sessionId: session?.id }
}

/** For issuers without a configured provider. */
const UNLISTED_ISSUER_RULES = {
  profileOf: async (claims: JsonObject & { sub: string }) => ({
    claims,
    emails:
      typeof claims.email === 'string'
        ? [{ address: claims.email, isVerified: claims.email_verified === true, isPrimary: true }]
        : [],
  }),
}

async function providerOf(context: Context, given: IdTokenSignIn) {
  if (isCustom(given.provider)) return customProviderOf(context, given.provider)
  const { providers, policy } = context
  const named = providerNamed(given.provider)
  const declared = named?.idTokens ? named : providerNamed(providers.nameOfIssuer(given.issuer) ?? '')
  if (declared) {
    const found = providers.findForIdTokens(declared.name)
    const provider = typeof found === 'string' ? undefined : found
    const issuer = issuerFor(declared, provider, given)
    // The issuer of a disabled provider is not accepted for a client id of the request either, even if it is listed.
    if (!provider?.idTokens) throw new Refusal('id_token_provider_disabled', { detail: issuer })
    return { provider, issuer, rules: provider.idTokens }
  }
  const isAllowed = given.provider === '' && policy.oauth.idTokenIssuers.includes(given.issuer)
  if (!isAllowed) throw new Refusal('id_token_provider_unknown', { detail: given.provider })
  return { provider: undefined, issuer: given.issuer, rules: undefined }
}

async function customProviderOf(context: Context, identifier: string) {
  const found = await loadCustomProvider(context, identifier)
  if (found.outcome === 'off') throw new Refusal('id_token_custom_off')
  if (found.outcome !== 'found') throw new Refusal(`id_token_custom_${found.outcome}`, { detail: identifier })
  const { idTokens: rules } = found.provider
  if (rules?.issuer === undefined) throw new Refusal('id_token_custom_without_issuer', { detail: identifier })
  return { provider: found.provider, issuer: rules.issuer, rules }
}

/** @param provider undefined if it is disabled: then its default issuers count */
function issuerFor(
  { idTokens: declared, requiresUrl }: BuiltInProvider,
  provider: OAuthProvider | undefined,
  { idToken, issuer: given }: IdTokenSignIn,
): string {
  const byDefault = { url: undefined }
  const several = declared?.severalIssuers
  if (!several) {
    const issuerByDefault = requiresUrl === undefined ? declared?.issuer(byDefault) : undefined
    return provider?.idTokens?.issuer ?? issuerByDefault ?? ''
  }
  const { company } = several
  const detected = issuerIn(idToken)
  if (detected === undefined) throw new Refusal('id_token_issuer_undetected', { detail: company })
  const isIts = provider?.idTokens ? provider.idTokens.isIssuer(detected) : several.includes(detected, byDefault)
  if (!isIts) throw new Refusal('id_token_issuer_foreign', { detail: company })
  if (given !== '' && given !== detected) throw new Refusal('id_token_issuer_mismatch')
  return detected
}

function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss || undefined
  } catch {
    return undefined
  }
}

export interface IdTokenExpected {
  token: string
  issuer: string
  /** Accepted client ids. */
  audiences: readonly string[]
}

/**
 * The claims of an ID token with a valid signature, issuer, audience and times.
 * @param now Unix milliseconds
 */
export async function verifyIdToken(
  providers: Pick<OAuthProviders, 'keysOf'>,
  now: number,
  { token, issuer, audiences }: IdTokenExpected,
): Promise<JsonObject & { sub: string }> {
  const claims = await verified(providers, now, token, issuer)
  const { sub, aud, azp } = claims
  if (typeof sub !== 'string' || sub === '') throw new Refusal('id_token_without_subject')
  const all = (Array.isArray(aud) ? aud : [aud]).filter((each) => typeof each === 'string')
  const isOurs = (id: unknown) => typeof id === 'string' && audiences.includes(id)
  // a token with several audiences must name the authorized party
  if (!all.some(isOurs) || (all.length > 1 && !isOurs(azp)))
    throw new Refusal('id_token_audience_wrong', { detail: all.join(' ') })
  return claims as JsonObject & { sub: string }
}

async function verified(
  providers: Pick<OAuthProviders, 'keysOf'>,
  now: number,
  token: string,
  issuer: string,
): Promise<JsonObject> {
  if (token.length > MAX_ID_TOKEN_LENGTH || issuer === '') throw new Refusal('id_token_bad')
  const verify = async (fresh: boolean) => {
    const keys = (await providers.keysOf(issuer, { fresh })) as unknown as JSONWebKeySet
    const options = { issuer, algorithms: ALGORITHMS, currentDate: new Date(now), requiredClaims: ['exp', 'iat'] }
    return (await jwtVerify(token, createLocalJWKSet(keys), options)).payload as JsonObject
  }
  try {
    if (!ALGORITHMS.includes(decodeProtectedHeader(token).alg ?? '')) throw new Refusal('id_token_bad')
    try {
      return await verify(false)
    } catch (error) {
      // the provider may have a new key
      if (error instanceof errors.JWKSNoMatchingKey) return await verify(true)
      throw error
    }
  } catch {
    throw new Refusal('id_token_bad')
  }
}

/** The hash of the access token, if both are present (OpenID Connect Core 1.0 §3.1.3.6). */
function checkAccessToken({ accessToken, idToken }: IdTokenSignIn, { at_hash: expected }: JsonObject): void {
  if (accessToken === '' || typeof expected !== 'string') return
  const bits = /\d{3}$/.exec(decodeProtectedHeader(idToken).alg ?? '')?.[0] ?? '512'
  const digest = createHash(`sha${bits}`).update(accessToken).digest()
  if (!secretEqual(digest.subarray(0, digest.length / 2).toString('base64url'), expected))
    throw new Refusal('id_token_bad')
}

/** The claim contains the hash of the nonce that the application knows. */
function checkNonce(given: string, { nonce }: JsonObject): void {
  const claimed = typeof nonce === 'string' ? nonce : ''
  if ((given === '') !== (claimed === '')) throw new Refusal('id_token_nonce_half')
  if (given === '') return
  if (!secretEqual(createHash('sha256').update(given).digest('hex'), claimed)) throw new Refusal('id_token_nonce_wrong')
}
