/** What this server reaches at others, by the settings: OAuth providers, other auth servers, a Matrix homeserver. */
import { PROVIDER_NAMES, type ProviderName, type ProviderSetup } from './adapters/providers'
import { synapse } from './adapters/synapse'
import { type Worker, workers } from './adapters/worker'
import { unlessUnavailable } from './condition-log'
import type { Settings } from './config'
import type { Core } from './core'
import type { Provisioner } from './core/ports'
import type { Log } from './http/log'
import { isLoopbackHost } from './lib/ip'

/** A provider with an id and a secret is on, unless that is said otherwise. */
export function providerSetups({ providers, oauth, server }: Settings): Record<ProviderName, ProviderSetup> {
  const setups = PROVIDER_NAMES.map((name): [ProviderName, ProviderSetup] => {
    const ids = providers[`${name}.clientId`] ?? []
    const secret = providers[`${name}.secret`] ?? ''
    return [
      name,
      {
        ...{ name, secret, clientIds: name === 'apple' ? [...ids, ...oauth.iosBundleId] : ids },
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

/** Listed servers on this machine, which no name can lead anybody to. */
export const localHostsOf = ({ federation: { servers } }: Settings): string[] =>
  servers
    .map(({ url }) => new URL(url))
    .filter(({ hostname }) => isLoopbackHost(hostname))
    .map(({ host }) => host)

export function provisionerOf({ matrix }: Settings): Provisioner | undefined {
  const { adminUrl, registrationSecret: secret } = matrix
  return secret === undefined ? undefined : synapse({ adminUrl, secret })
}

/** Makes Matrix accounts that could not be made along with their users. */
export function matrixWorker({ matrix }: Settings, core: Core, log: Log): Worker | undefined {
  if (matrix.registrationSecret === undefined) return undefined
  const worker = workers(1, {
    work: core.makeMatrixAccounts,
    nextInMs: core.nextMatrixAttemptInMs,
    onFault: unlessUnavailable((error) => log.error('making Matrix accounts failed', { error: String(error) })),
  })
  worker.wake()
  return worker
}
