/** OpenID issuers: their endpoints and keys (OpenID Connect Discovery 1.0 §4), cached for an hour. */
import * as oauth from 'oauth4webapi'
import type { JsonObject } from '../../lib/json'
import { HOUR, MINUTE } from '../../lib/milliseconds'
import type { OpenIdMetadata } from '../../lib/open-id-metadata'
import type { UntrustedJson } from '../../providers/profile'
import type { BoundedFetch } from '../bounded-fetch'

const CACHE_MS = HOUR
/** How soon keys are fetched again for a token signed with an unknown key. */
const FRESH_MS = MINUTE
/** More than any issuer publishes; searching them costs time. */
const MAX_KEYS = 100
/** Issuers come from the configuration, which names only a few. */
const MAX_ISSUERS = 100

export interface OpenId {
  keysOf(issuer: string, options: { fresh: boolean }): Promise<JsonObject>
  keysAt(uri: string, options: { fresh: boolean }): Promise<JsonObject>
}

export function openId(fetch: BoundedFetch, monotonic: () => number): OpenId {
  const servers = cache((issuer) => discoverAt(fetch, issuer))
  const keys = cache(async (uri) => {
    const response = await fetch(uri, { headers: { accept: 'application/json' } })
    const set = (await response.json()) as JsonObject
    if (response.status !== 200 || !Array.isArray(set.keys) || set.keys.length > MAX_KEYS)
      throw new Error(`${uri} responded without a usable key set`)
    return set
  })
  const keysAt: OpenId['keysAt'] = (uri, { fresh }) => keys(uri, fresh ? FRESH_MS : CACHE_MS)
  return {
    keysAt,
    async keysOf(issuer, options) {
      const { jwks_uri: uri } = await servers(issuer, CACHE_MS)
      if (uri === undefined) throw new Error(`${issuer} publishes no jwks_uri`)
      return keysAt(uri, options)
    },
  }

  /** The cached value, unless it is older than the caller accepts; concurrent calls share one fetch. */
  function cache<Value>(load: (key: string) => Promise<Value>) {
    const held = new Map<string, { at: number; value: Promise<Value> }>()
    return (key: string, maxAgeMs: number): Promise<Value> => {
      const present = held.get(key)
      const now = monotonic()
      if (present && now - present.at < maxAgeMs) return present.value
      const value = load(key)
      held.delete(key)
      for (const oldest of held.keys()) if (held.size >= MAX_ISSUERS) held.delete(oldest)
      held.set(key, { at: now, value })
      // the previous value is better than none
      value.catch(() => held.get(key)?.value === value && (present ? held.set(key, present) : held.delete(key)))
      return value
    }
  }
}

async function discoverAt(fetch: BoundedFetch, issuer: string): Promise<oauth.AuthorizationServer> {
  const identifier = new URL(issuer)
  const response = await oauth.discoveryRequest(identifier, {
    algorithm: 'oidc',
    [oauth.customFetch]: fetch as never,
    [oauth.allowInsecureRequests]: identifier.protocol === 'http:',
  })
  return oauth.processDiscoveryResponse(identifier, response)
}

/**
 * The metadata of an issuer at a URL (OpenID Connect Discovery 1.0 §4), as far as it is used or shown.
 * @throws if there is no response, or the response names another issuer
 */
export async function metadataAt(
  fetch: BoundedFetch,
  { issuer, url }: { issuer: string; url: string },
): Promise<Partial<OpenIdMetadata>> {
  const response = await fetch(url, { headers: { accept: 'application/json' } })
  if (response.status !== 200) throw new Error(`it responded with ${response.status}`)
  const all: UntrustedJson = { ...(await oauth.processDiscoveryResponse(new URL(issuer), response)) }
  const only = (names: string, isFit: (value: unknown) => boolean) =>
    names.split(' ').flatMap((name) => (isFit(all[name]) ? [[name, all[name]]] : []))
  return Object.fromEntries([
    ...only(
      'issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri',
      (value) => typeof value === 'string',
    ),
    ...only(
      'scopes_supported response_types_supported grant_types_supported subject_types_supported token_endpoint_auth_methods_supported',
      (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    ),
    ...only('authorization_response_iss_parameter_supported', (value) => typeof value === 'boolean'),
  ])
}
