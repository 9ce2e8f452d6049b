/** A provider that an administrator set up, by OpenID discovery or by its URLs. */
import type { CustomSetup, ExternalProfile } from '../../core/ports'
import type { JsonObject } from '../../lib/json'
import { type Foreign, object, openIdProfile, type Provider, text, type Vouched } from './provider'

export function customProvider(custom: CustomSetup): Provider {
  const { openId, endpoints } = custom
  const ways = openId?.token_endpoint_auth_methods_supported
  return {
    scopes: custom.scopes,
    endpoints: () => endpoints,
    ...(openId && { issuer: () => openId.issuer }),
    takesIdTokens: openId !== undefined,
    parameters: custom.parameters,
    // what an OpenID provider does unless it says something else (OpenID Connect Discovery 1.0 §3), and any should (RFC 6749 §2.3.1)
    usesBasic: ways === undefined || ways.includes('client_secret_basic'),
    triesBothWays: ways === undefined,
    needsVerifier: custom.usesPkce,
    namesIssuer: openId?.authorization_response_iss_parameter_supported === true,
    profile: (vouched) => profileFrom(custom, vouched),
  }
}

async function profileFrom(custom: CustomSetup, { idToken, accessToken, get }: Vouched): Promise<ExternalProfile> {
  const { attributeMapping, customClaims, endpoints } = custom
  const wanted = ['email', ...Object.values(attributeMapping).filter((source) => typeof source === 'string')]
  const isToldAll = idToken && [...wanted, ...customClaims].every((name) => Object.hasOwn(idToken, name))
  const canAsk = accessToken !== '' && endpoints.userinfo !== undefined
  const answered = !isToldAll && canAsk ? object(await get(endpoints.userinfo ?? '')) : undefined
  // OpenID Connect Core 1.0 §5.3.2
  if (idToken && answered && answered.sub !== idToken.sub) throw new Error('userinfo is of another account')
  const documents: Foreign[] = [idToken, answered].filter((each) => each !== undefined)
  if (documents.length === 0) throw new Error('there is neither an ID token nor userinfo')
  const claims: Foreign = { ...answered, ...idToken }
  const mapped = { ...claims, ...mappedBy(attributeMapping, claims) }
  const allowed = Object.fromEntries(own(claims, customClaims))
  return openIdProfile(
    { ...mapped, email_verified: isVerified(text(mapped.email), documents) },
    {
      ...Object.fromEntries(own(mapped, MORE)),
      custom_claims: { ...object(mappedBy(attributeMapping, claims).custom_claims), ...allowed },
    },
  )
}

/** GoTrue's names beside the standard ones (contract 2.3). */
const MORE = ['full_name', 'avatar_url', 'slug', 'user_name', 'phone', 'updated_at']

const own = (claims: Foreign, names: readonly string[]): [string, unknown][] =>
  names.flatMap((name): [string, unknown][] => (Object.hasOwn(claims, name) ? [[name, claims[name]]] : []))

/** Text names a claim, anything else is the value itself. */
function mappedBy(mapping: JsonObject, claims: Foreign): Foreign {
  const found = Object.entries(mapping).flatMap(([target, source]): [string, unknown][] => {
    if (typeof source !== 'string') return [[target, source]]
    return Object.hasOwn(claims, source) ? [[target, claims[source]]] : []
  })
  return Object.fromEntries(found)
}

/** Whether the provider vouches for that very address, and not for another that it names beside it. */
function isVerified(address: string, documents: readonly Foreign[]): boolean {
  const said = documents.filter(
    ({ email, email_verified: verified }) => verified !== undefined && (email === undefined || email === address),
  )
  return said.length > 0 && said.every(({ email_verified: verified }) => verified === true || verified === 'true')
}
