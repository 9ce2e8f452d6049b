/** Validation of custom providers (`/admin/custom-providers`). */
import { canonicalJson } from '../../lib/json'
import type { OpenIdMetadata } from '../../lib/open-id-metadata'
import { urlRejection } from '../../lib/public-url'
import type { CustomProvider } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { isReservedParameter } from './reserved-parameters'

export type CustomProviderType = CustomProvider['providerType']

/** Undefined values are left unchanged, or get their default. */
export interface CustomProviderInput {
  name?: string | undefined
  clientId?: string | undefined
  clientSecret?: string | undefined
  acceptableClientIds?: string[] | undefined
  scopes?: string[] | undefined
  pkceEnabled?: boolean | undefined
  attributeMapping?: Record<string, unknown> | undefined
  customClaimsAllowlist?: string[] | undefined
  authorizationParams?: Record<string, unknown> | undefined
  enabled?: boolean | undefined
  emailOptional?: boolean | undefined
  issuer?: string | undefined
  discoveryUrl?: string | undefined
  skipNonceCheck?: boolean | undefined
  authorizationUrl?: string | undefined
  tokenUrl?: string | undefined
  userinfoUrl?: string | undefined
  jwksUri?: string | undefined
}

/** Begins the names of custom providers. */
const PREFIX = 'custom:'
const IDENTIFIER = /^[a-z0-9][a-z0-9:-]{0,48}[a-z0-9]$/

const REQUIRED_BY_TYPE: Record<CustomProviderType, (keyof CustomProviderInput)[]> = {
  oidc: ['issuer'],
  oauth2: ['authorizationUrl', 'tokenUrl', 'userinfoUrl'],
}
/** The URLs used for each type; URLs of the other type are ignored. */
export const URLS = {
  oidc: ['issuer', 'discoveryUrl'],
  oauth2: ['authorizationUrl', 'tokenUrl', 'userinfoUrl', 'jwksUri'],
} as const satisfies Record<CustomProviderType, (keyof CustomProviderInput)[]>

/** Maximum length of a field; for lists, of each item. */
const MAX_CHARACTERS: Partial<Record<keyof CustomProviderInput, number>> = {
  name: 100,
  clientId: 512,
  clientSecret: 4096,
  acceptableClientIds: 512,
  scopes: 512,
  customClaimsAllowlist: 255,
  issuer: 2048,
  discoveryUrl: 2048,
  authorizationUrl: 2048,
  tokenUrl: 2048,
  userinfoUrl: 2048,
  jwksUri: 2048,
}
const MAX_ITEMS = 100
/** Maximum length of an object's JSON. */
const MAX_OBJECT_CHARACTERS = 16_384

/** Claims that a provider must not set (GoTrue's list). */
const PROTECTED = new Set(
  'id aud role app_metadata created_at updated_at confirmed_at email_confirmed_at phone_confirmed_at email_verified phone_verified banned_until is_super_admin'.split(
    ' ',
  ),
)
/** Claims that identify an account: a constant would map every user to the same account. */
const PERSONAL = new Set(['sub', 'email'])

export function requireComplete(type: CustomProviderType, identifier: string, given: CustomProviderInput): void {
  if (identifier === '') throw new Refusal('custom_provider_field_missing', { detail: 'identifier' })
  requirePrefix(identifier)
  for (const field of ['name', 'clientId', 'clientSecret', ...REQUIRED_BY_TYPE[type]] as const)
    if (!given[field]) throw new Refusal('custom_provider_field_missing', { detail: field })
  if (!IDENTIFIER.test(identifier)) throw new Refusal('custom_provider_identifier_malformed', { detail: identifier })
}

export const isCustom = (name: string): boolean => name.startsWith(PREFIX)

export function requirePrefix(identifier: string): void {
  if (!isCustom(identifier)) throw new Refusal('custom_provider_prefix_missing', { detail: identifier })
}

/** @returns the input in stored form */
export function validateInput(given: CustomProviderInput): CustomProviderInput {
  for (const [name, value] of Object.entries(given.authorizationParams ?? {})) {
    const lower = name.toLowerCase()
    if (isReservedParameter(lower) || lower === 'nonce' || lower === 'scope')
      throw new Refusal('custom_provider_parameter_reserved', { detail: name })
    if (typeof value !== 'string') throw new Refusal('custom_provider_parameter_malformed', { detail: name })
  }
  for (const [target, source] of Object.entries(given.attributeMapping ?? {})) {
    if (PROTECTED.has(target)) throw new Refusal('custom_provider_target_protected', { detail: target })
    if (PERSONAL.has(target) && typeof source !== 'string')
      throw new Refusal('custom_provider_target_constant', { detail: target })
  }
  if (given.customClaimsAllowlist?.some((claim) => claim.trim() === ''))
    throw new Refusal('custom_provider_claim_empty')
  const fields = Object.entries(given).map(([field, value]) => [
    field,
    storable(field as keyof CustomProviderInput, value),
  ])
  return Object.fromEntries(fields)
}

function storable(field: keyof CustomProviderInput, value: unknown): unknown {
  if (value === undefined) return undefined
  const json = canonicalJson(value)
  const max = MAX_CHARACTERS[field] ?? MAX_OBJECT_CHARACTERS
  const isShort = (item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item)).length <= max
  const isFit = Array.isArray(value) ? value.length <= MAX_ITEMS && value.every(isShort) : isShort(value)
  if ('flaw' in json || !isFit) throw new Refusal('custom_provider_field_malformed', { detail: field })
  return json.kept
}

export function requirePublicUrls(
  { policy, store }: Context,
  type: CustomProviderType,
  given: CustomProviderInput,
): void {
  for (const field of URLS[type]) {
    const url = given[field]
    if (!url) continue
    const flaw = urlRejection(url, policy.oauth.custom.internalHosts)
    // The table shared with GoTrue accepts no other scheme, also for hosts that are internal here.
    if (flaw ?? (store.isShared && !/^https:/i.test(url)))
      throw new Refusal(`custom_provider_url_${flaw ?? 'insecure'}`)
  }
}

const REQUIRED = ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

/** Fetches the current metadata of an issuer. */
export async function discover(
  { providers, policy }: Pick<Context, 'providers' | 'policy'>,
  { issuer, discoveryUrl }: { issuer: string; discoveryUrl: string | null },
): Promise<OpenIdMetadata> {
  const url = discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const found = await providers.discover({ issuer, url })
  const failed = (error: string) => new Refusal('custom_provider_discovery_failed', { detail: url, error })
  if (found.outcome === 'failed') throw failed(found.error)
  const { metadata } = found
  const missing = REQUIRED.filter((name) => !metadata[name])
  if (missing.length > 0) throw new Refusal('custom_provider_discovery_incomplete', { detail: missing.join(', ') })
  for (const name of [...REQUIRED, 'userinfo_endpoint'] as const) {
    const flaw = metadata[name] ? urlRejection(metadata[name], policy.oauth.custom.internalHosts) : undefined
    if (flaw) throw failed(`its ${name} is ${flaw === 'nearby' ? 'not public' : flaw}`)
  }
  return metadata as OpenIdMetadata
}

/** OpenID providers are always asked for an ID token. */
export function scopesFor(type: CustomProviderType, scopes: string[]): string[] {
  return type === 'oidc' && !scopes.includes('openid') ? ['openid', ...scopes] : scopes
}
