/** OpenID issuers: where their endpoints and keys are (OpenID Connect Discovery 1.0 §4), fetched once an hour. */
import * as oauth from 'oauth4webapi'
import type { JsonObject } from '../../lib/json'
import type { BoundedFetch } from './bounded-fetch'

const CACHE_MS = 3_600_000
/** How soon keys are fetched again for a token that none of them signed. */
const FRESH_MS = 60_000
/** More than any issuer publishes; to look through them costs time. */
const MAX_KEYS = 100
/** Issuers of tokens are named by the configuration, of which there are few. */
const MAX_ISSUERS = 100

export interface OpenId {
  discover(issuer: string): Promise<oauth.AuthorizationServer>
  keysOf(issuer: string, options: { fresh: boolean }): Promise<JsonObject>
}

export function openId(fetch: BoundedFetch, monotonic: () => number): OpenId {
  const servers = cache((issuer) => discoverAt(fetch, issuer))
  const keys = cache(async (issuer) => {
    const { jwks_uri: uri } = await servers(issuer, CACHE_MS)
    if (uri === undefined) throw new Error(`${issuer} names no keys`)
    const response = await fetch(uri, { headers: { accept: 'application/json' } })
    const set = (await response.json()) as JsonObject
    if (response.status !== 200 || !Array.isArray(set.keys) || set.keys.length > MAX_KEYS)
      throw new Error(`${uri} answers with no usable key set`)
    return set
  })
  return {
    discover: (issuer) => servers(issuer, CACHE_MS),
    keysOf: (issuer, { fresh }) => keys(issuer, fresh ? FRESH_MS : CACHE_MS),
  }

  /** What was fetched last, unless that is longer ago than the caller takes; of several at once one fetches. */
  function cache<Value>(load: (issuer: string) => Promise<Value>) {
    const held = new Map<string, { at: number; value: Promise<Value> }>()
    return (issuer: string, maxAgeMs: number): Promise<Value> => {
      const present = held.get(issuer)
      const now = monotonic()
      if (present && now - present.at < maxAgeMs) return present.value
      const value = load(issuer)
      if (held.size >= MAX_ISSUERS) held.clear()
      held.set(issuer, { at: now, value })
      value.catch(() => held.get(issuer)?.value === value && held.delete(issuer))
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
