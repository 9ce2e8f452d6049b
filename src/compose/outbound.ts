/**
 * Sets up the connections to external systems from the settings: OAuth providers, other auth servers, a Matrix
 * homeserver, and captcha providers.
 */
import { captchaVerifier } from '../adapters/captcha'
import type { ProviderSetup } from '../adapters/providers'
import { synapse } from '../adapters/synapse'
import { type Worker, workers } from '../adapters/worker'
import type { Settings } from '../config'
import type { Core } from '../core'
import type { CaptchaVerifier, Provisioner } from '../core/kernel/ports'
import type { Log } from '../http/log'
import { isLoopbackHost } from '../lib/ip'
import { PROVIDER_NAMES, type ProviderName } from '../providers'
import { unlessUnavailable } from './database-problem-log'

/** A provider with an id and a secret is enabled unless disabled explicitly. */
export function providerSetups({ providers, oauth, server }: Settings): Record<ProviderName, ProviderSetup> {
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

/** Listed servers on this machine. */
export const localPeerHosts = ({ federation: { servers } }: Settings): string[] =>
  servers
    .map(({ url }) => new URL(url))
    .filter(({ hostname }) => isLoopbackHost(hostname))
    .map(({ host }) => host)

export function provisionerOf({ matrix }: Settings): Provisioner | undefined {
  const { adminUrl, registrationSecret: secret } = matrix
  return secret === undefined ? undefined : synapse({ adminUrl, secret })
}

/** Creates Matrix accounts that could not be created during registration. */
export function matrixWorker({ matrix }: Settings, core: Core, log: Log): Worker | undefined {
  if (matrix.registrationSecret === undefined) return undefined
  const worker = workers(1, {
    work: () => core.forTask().provisionDueMatrixAccounts(),
    nextInMs: () => core.forTask().nextMatrixAttemptInMs(),
    onFault: unlessUnavailable((error) => log.error('could not create Matrix accounts', { error: String(error) })),
  })
  worker.wake()
  return worker
}
