/** Providers that are configured in part. */
import { PROVIDERS, type ProviderName } from '../providers'
import { areas, type Settings } from './index'
import type { SettingProblem } from './sources'

const nameOf = (provider: ProviderName, key: 'enabled' | 'clientId' | 'secret' | 'url') =>
  areas.providers[`${provider}.${key}`].names[0]

export const providerProblems = (settings: Settings): SettingProblem[] =>
  PROVIDERS.flatMap((provider) => problemsOf(settings, provider))

function problemsOf(
  { providers, oauth }: Settings,
  { name, requiresUrl, idTokens }: (typeof PROVIDERS)[number],
): SettingProblem[] {
  const hasId = (providers[`${name}.clientId`] ?? []).length > 0
  const hasSecret = (providers[`${name}.secret`] ?? '') !== ''
  const enabled = providers[`${name}.enabled`]
  const isOn = enabled ?? (hasId && hasSecret)
  const warning = (message: string): SettingProblem => ({ severity: 'warning', message })

  if (enabled === undefined && hasId !== hasSecret) {
    const [present, missing] = hasId ? (['clientId', 'secret'] as const) : (['secret', 'clientId'] as const)
    return [warning(`${nameOf(name, present)} needs ${nameOf(name, missing)}; until then the provider is off.`)]
  }
  if (!isOn) return []
  const acceptsTokens = hasId || (oauth[`${name}.moreClientIds`] ?? []).length > 0
  if (!acceptsTokens)
    return [warning(`${nameOf(name, 'enabled')} needs ${nameOf(name, 'clientId')} and ${nameOf(name, 'secret')}.`)]
  if (!hasSecret && !idTokens)
    return [warning(`${nameOf(name, 'enabled')} needs ${nameOf(name, 'secret')}; until then its sign-ins are refused.`)]
  if (requiresUrl !== undefined && providers[`${name}.url`] === undefined)
    return [warning(`${nameOf(name, 'enabled')} needs ${nameOf(name, 'url')}, the URL of ${requiresUrl}.`)]
  if (hasSecret) return []
  const message = `${nameOf(name, 'secret')} is not set: ID tokens are accepted, but sign-in in a browser is refused.`
  return [{ severity: 'note', message }]
}
