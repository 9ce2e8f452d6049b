/** All providers, as far as they are configured. */
import type { Clock, OAuthProvider, OAuthProviders } from '../../core/kernel/ports'
import { PROVIDERS, type ProviderName } from '../../providers'
import type { BuiltInProvider, Setup } from '../../providers/provider'
import { boundedFetch } from '../bounded-fetch'
import { type Lookup, publicFetch } from '../public-fetch'
import { describeError, isIssuerOf, providerClient } from './client'
import { customProvider } from './custom'
import { oauth1Client } from './oauth1'
import { metadataAt, openId } from './open-id'

export interface ProviderSetup extends Setup {
  enabled: boolean
}

export interface ProvidersOptions {
  setups: Readonly<Record<ProviderName, ProviderSetup>>
  timeoutMs: number
  clock: Clock
  /** For providers configured by administrators: the redirect URI, and the hosts that may be private. */
  custom: { redirectUri: string; internalHosts: readonly string[] }
  /** Replaced in tests. */
  fetch?: typeof fetch
  lookup?: Lookup
}

export function oauthProviders({
  setups,
  timeoutMs,
  clock,
  custom: { redirectUri, internalHosts },
  ...options
}: ProvidersOptions): OAuthProviders {
  const bounded = boundedFetch(timeoutMs, options.fetch)
  const guarded = boundedFetch(timeoutMs, publicFetch({ ...options, internalHosts }))
  const { keysOf } = openId(bounded, clock.monotonic)
  const { keysAt } = openId(guarded, clock.monotonic)
  const asked = coalesce((at: Parameters<OAuthProviders['discover']>[0]) => metadataAt(guarded, at))
  const made = (declared: BuiltInProvider, setup: ProviderSetup, needsSecret: boolean): OAuthProvider | string => {
    if (!setup.enabled) return 'provider is not enabled'
    if (setup.clientIds.length === 0) return 'missing OAuth client ID'
    if (needsSecret && setup.secret === '') return 'missing OAuth secret'
    if (declared.requiresUrl !== undefined && setup.url === undefined) return `missing URL of ${declared.requiresUrl}`
    if (declared.protocol === 'oauth1') return oauth1Client(bounded, declared, setup)
    return providerClient({ fetch: bounded, clock, keysOf }, declared, setup)
  }
  const allMade = (needsSecret: boolean) => {
    const all = new Map<string, OAuthProvider | string>(
      PROVIDERS.map((each) => [each.name, made(each, setups[each.name], needsSecret)]),
    )
    return (name: string) => all.get(name) ?? `Provider ${name} could not be found`
  }
  return {
    find: allMade(true),
    findForIdTokens: allMade(false),
    nameOfIssuer: (issuer) => PROVIDERS.find((each) => ownsIssuer(each, setups[each.name], issuer))?.name,
    custom(custom) {
      const { name, clientIds, secret, isEmailOptional, skipsNonce, openId: metadata } = custom
      const setup = { name, clientIds, secret, isEmailOptional, skipsNonce, url: undefined, apiUrl: undefined }
      const keysOfIt: OAuthProviders['keysOf'] = async (_, options) => keysAt(metadata?.jwks_uri ?? '', options)
      return providerClient({ fetch: guarded, clock, keysOf: keysOfIt }, customProvider(custom), {
        ...setup,
        redirectUri,
      })
    },
    keysOf,
    async discover(at) {
      try {
        return { outcome: 'found', metadata: await asked(at) }
      } catch (error) {
        return { outcome: 'failed', error: describeError(error) }
      }
    },
  }
}

/** A provider with another URL keeps its default issuer as well, so that no other one can issue tokens in its name. */
function ownsIssuer({ idTokens, requiresUrl }: BuiltInProvider, { url }: ProviderSetup, issuer: string): boolean {
  const urls = requiresUrl === undefined ? [url, undefined] : url === undefined ? [] : [url]
  return idTokens !== undefined && urls.some((each) => isIssuerOf(idTokens, { url: each }, issuer))
}

/** Concurrent calls with the same key share one request. */
function coalesce<Asked, Answer>(ask: (asked: Asked) => Promise<Answer>): (asked: Asked) => Promise<Answer> {
  const running = new Map<string, Promise<Answer>>()
  return (asked) => {
    const key = JSON.stringify(asked)
    const answer = running.get(key) ?? ask(asked).finally(() => running.delete(key))
    running.set(key, answer)
    return answer
  }
}
