/** All providers, as far as they are configured. */
import type { Clock, OAuthProvider, OAuthProviders } from '../../core/ports'
import { boundedFetch } from '../bounded-fetch'
import { type Lookup, publicFetch } from '../public-fetch'
import { apple } from './apple'
import { azure } from './azure'
import { bitbucket } from './bitbucket'
import { describeError, providerClient } from './client'
import { customProvider } from './custom'
import { discord } from './discord'
import { facebook } from './facebook'
import { figma } from './figma'
import { fly } from './fly'
import { github } from './github'
import { gitlab } from './gitlab'
import { google } from './google'
import { kakao } from './kakao'
import { keycloak } from './keycloak'
import { linkedin } from './linkedin'
import { linkedinOidc } from './linkedin-oidc'
import { notion } from './notion'
import { metadataAt, openId } from './open-id'
import type { Provider, Setup } from './provider'
import { slack } from './slack'
import { slackOidc } from './slack-oidc'
import { snapchat } from './snapchat'
import { spotify } from './spotify'
import { twitch } from './twitch'
import { twitter } from './twitter'
import { vercelMarketplace } from './vercel-marketplace'
import { workos } from './workos'
import { x } from './x'
import { zoom } from './zoom'

export const PROVIDERS = {
  apple,
  azure,
  bitbucket,
  discord,
  facebook,
  figma,
  fly,
  github,
  gitlab,
  google,
  kakao,
  keycloak,
  linkedin,
  linkedin_oidc: linkedinOidc,
  notion,
  slack,
  slack_oidc: slackOidc,
  snapchat,
  spotify,
  twitch,
  vercel_marketplace: vercelMarketplace,
  workos,
  x,
  zoom,
} satisfies Record<string, Provider>

/** The only OAuth 1.0a provider, beside those of OAuth 2.0. */
export const PROVIDER_NAMES = [...(Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[]), 'twitter'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

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
  const made = (name: ProviderName): OAuthProvider | string => {
    const setup = setups[name]
    if (!setup.enabled) return 'provider is not enabled'
    if (setup.clientIds.length === 0) return 'missing OAuth client ID'
    if (setup.secret === '') return 'missing OAuth secret'
    if (name === 'keycloak' && setup.url === undefined) return 'missing URL of the realm'
    if (name === 'twitter') return twitter(bounded, setup)
    return providerClient({ fetch: bounded, clock, keysOf }, PROVIDERS[name], setup)
  }
  const all = new Map<string, OAuthProvider | string>(PROVIDER_NAMES.map((name) => [name, made(name)]))
  return {
    find: (name) => all.get(name) ?? `Provider ${name} could not be found`,
    findByIssuer(issuer) {
      for (const provider of all.values())
        if (typeof provider !== 'string' && provider.idTokens?.isIssuer(issuer)) return provider
      return undefined
    },
    custom(custom) {
      const { name, clientIds, secret, isEmailOptional, skipsNonce, openId: metadata } = custom
      const setup = { ...{ name, clientIds, secret, isEmailOptional, skipsNonce }, url: undefined, apiUrl: undefined }
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
