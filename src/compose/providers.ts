/**
 * Sets up the connections to external systems from the settings: OAuth providers, other auth servers, a Matrix
 * homeserver, and captcha providers.
 */
import { captchaVerifier } from '../adapters/captcha'
import { httpPeers } from '../adapters/peers'
import { oauthProviders, type ProviderSetup } from '../adapters/providers'
import type { Lookup } from '../adapters/public-fetch'
import { synapse } from '../adapters/synapse'
import type { Settings } from '../config'
import type { CaptchaVerifier, Clock, OAuthProviders, Peers, Provisioner } from '../core/kernel/ports'
import { isLoopbackHost } from '../lib/ip'
import { PROVIDER_NAMES, type ProviderName } from '../providers'

/** How providers are reached; replaced in tests. */
export interface ProviderAccess {
  fetchProvider?: typeof fetch
  lookup?: Lookup
}

export function oauthProvidersOf(settings: Settings, clock: Clock, access: ProviderAccess): OAuthProviders {
  const { oauth, server } = settings
  return oauthProviders({
    clock,
    timeoutMs: oauth.httpTimeoutMs,
    setups: providerSetups(settings),
    custom: {
      redirectUri: `${oauth.customExternalUrl ?? server.apiExternalUrl}/callback`,
      internalHosts: oauth.customInternalHosts,
    },
    ...(access.fetchProvider && { fetch: access.fetchProvider }),
    ...(access.lookup && { lookup: access.lookup }),
  })
}

/** A provider with an id and a secret is enabled unless disabled explicitly. */
function providerSetups({ providers, oauth, server }: Settings): Record<ProviderName, ProviderSetup> {
  const setups = PROVIDER_NAMES.map((name): [ProviderName, ProviderSetup] => {
    const ids = providers[`${name}.clientId`] ?? []
    const secret = providers[`${name}.secret`] ?? ''
    return [
      name,
      {
        name,
        secret,
        clientIds: [...ids, ...(oauth[`${name}.moreClientIds`] ?? [])],
        enabled: providers[`${name}.enabled`] ?? (ids.length > 0 && secret !== ''),
        redirectUri: providers[`${name}.redirectUri`] ?? `${server.apiExternalUrl}/callback`,
        url: providers[`${name}.url`],
        apiUrl: providers[`${name}.apiUrl`],
        isEmailOptional: providers[`${name}.emailOptional`],
        skipsNonce: providers[`${name}.skipNonceCheck`],
      },
    ]
  })
  return Object.fromEntries(setups) as Record<ProviderName, ProviderSetup>
}

/** @param origin replaces the provider's own */
export function captchaVerifierOf({ captcha }: Settings, origin?: string): CaptchaVerifier | undefined {
  const { enabled, provider, secret = '', timeoutMs } = captcha
  if (!enabled || (provider !== 'hcaptcha' && provider !== 'turnstile')) return undefined
  return captchaVerifier({ provider, secret, timeoutMs, origin })
}

/** Listed servers on this machine may be reached although their addresses are not public. */
export function peersOf({ federation: { servers } }: Settings): Peers {
  const local = servers.map(({ url }) => new URL(url)).filter(({ hostname }) => isLoopbackHost(hostname))
  return httpPeers({ localHosts: local.map(({ host }) => host) })
}

export function provisionerOf({ matrix }: Settings): Provisioner | undefined {
  const { adminUrl, registrationSecret: secret } = matrix
  return secret === undefined ? undefined : synapse({ adminUrl, secret })
}
