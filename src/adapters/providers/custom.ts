/** A provider configured by an administrator, by OpenID discovery or by its URLs. */
import type { CustomSetup } from '../../core/kernel/ports'
import type { JsonObject } from '../../lib/json'
import type { ExternalProfile } from '../../providers/profile'
import { asObject, asText, openIdProfile, type UntrustedJson } from '../../providers/profile'
import type { OAuth2Provider, ProfileContext } from '../../providers/provider'

export function customProvider(custom: CustomSetup): OAuth2Provider {
  const { openId, endpoints } = custom
  const ways = openId?.token_endpoint_auth_methods_supported
  return {
    scopes: custom.scopes,
    endpoints: () => endpoints,
    ...(openId && { idTokens: { issuer: () => openId.issuer } }),
    parameters: custom.parameters,
    // the default of OpenID providers (OpenID Connect Discovery 1.0 §3), and what every server should accept (RFC 6749
    // §2.3.1)
    usesBasicAuth: ways === undefined || ways.includes('client_secret_basic'),
    triesBothAuthMethods: ways === undefined,
    needsVerifier: custom.usesPkce,
    requiresIssuerParameter: openId?.authorization_response_iss_parameter_supported === true,
    profile: (vouched) => profileFrom(custom, vouched),
  }
}

async function profileFrom(
  custom: CustomSetup,
  { idToken, accessToken, get }: ProfileContext,
): Promise<ExternalProfile> {
  const { attributeMapping, customClaims, endpoints } = custom
  const wanted = ['email', ...Object.values(attributeMapping).filter((source) => typeof source === 'string')]
  const hasAllClaims = idToken && [...wanted, ...customClaims].every((name) => Object.hasOwn(idToken, name))
  const canAsk = accessToken !== '' && endpoints.userinfo !== undefined
  const answered = !hasAllClaims && canAsk ? asObject(await get(endpoints.userinfo ?? '')) : undefined
  // OpenID Connect Core 1.0 §5.3.2
  if (idToken && answered && answered.sub !== idToken.sub) throw new Error('userinfo belongs to another account')
  const documents: UntrustedJson[] = [idToken, answered].filter((each) => each !== undefined)
  if (documents.length === 0) throw new Error('the provider returned neither an ID token nor a userinfo response')
  const claims: UntrustedJson = { ...answered, ...idToken }
  const mapped = { ...claims, ...applyMapping(attributeMapping, claims) }
  const allowed = Object.fromEntries(pickOwn(claims, customClaims))
  return openIdProfile(
    { ...mapped, email_verified: isVerified(asText(mapped.email), documents) },
    {
      ...Object.fromEntries(pickOwn(mapped, EXTRA_CLAIMS)),
      custom_claims: { ...asObject(applyMapping(attributeMapping, claims).custom_claims), ...allowed },
    },
  )
}

/** GoTrue's claim names, in addition to the standard ones (docs/wire-contract.md#objects). */
const EXTRA_CLAIMS = ['full_name', 'avatar_url', 'slug', 'user_name', 'phone', 'updated_at']

const pickOwn = (claims: UntrustedJson, names: readonly string[]): [string, unknown][] =>
  names.flatMap((name): [string, unknown][] => (Object.hasOwn(claims, name) ? [[name, claims[name]]] : []))

/** A string names a claim; anything else is the value itself. */
function applyMapping(mapping: JsonObject, claims: UntrustedJson): UntrustedJson {
  const found = Object.entries(mapping).flatMap(([target, source]): [string, unknown][] => {
    if (typeof source !== 'string') return [[target, source]]
    return Object.hasOwn(claims, source) ? [[target, claims[source]]] : []
  })
  return Object.fromEntries(found)
}

/** Whether the provider verified this very address, rather than another one it lists. */
function isVerified(address: string, documents: readonly UntrustedJson[]): boolean {
  const said = documents.filter(
    ({ email, email_verified: verified }) => verified !== undefined && (email === undefined || email === address),
  )
  return said.length > 0 && said.every(({ email_verified: verified }) => verified === true || verified === 'true')
}
