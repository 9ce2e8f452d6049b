/** All providers, as far as they are configured. */
import type { Clock, OAuthProvider, OAuthProviders } from '../../core/ports'
import { apple } from '../../providers/apple'
import { azure } from '../../providers/azure'
import { bitbucket } from '../../providers/bitbucket'
import { discord } from '../../providers/discord'
import { facebook } from '../../providers/facebook'
import { figma } from '../../providers/figma'
import { fly } from '../../providers/fly'
import { github } from '../../providers/github'
import { gitlab } from '../../providers/gitlab'
import { google } from '../../providers/google'
import { kakao } from '../../providers/kakao'
import { keycloak } from '../../providers/keycloak'
import { linkedin } from '../../providers/linkedin'
import { linkedinOidc } from '../../providers/linkedin-oidc'
import { notion } from '../../providers/notion'
import type { Provider, Setup } from '../../providers/provider'
import { slack } from '../../providers/slack'
import { slackOidc } from '../../providers/slack-oidc'
import { snapchat } from '../../providers/snapchat'
import { spotify } from '../../providers/spotify'
import { twitch } from '../../providers/twitch'
import { vercelMarketplace } from '../../providers/vercel-marketplace'
import { workos } from '../../providers/workos'
import { x } from '../../providers/x'
import { zoom } from '../../providers/zoom'
import { boundedFetch } from '../bounded-fetch'
import { type Lookup, publicFetch } from '../public-fetch'
import { describeError, providerClient } from './client'
import { customProvider } from './custom'
import { metadataAt, openId } from './open-id'
import { twitter } from './twitter'

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
