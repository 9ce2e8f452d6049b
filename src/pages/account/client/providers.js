/** Providers with whose accounts users can sign in, and how they are called. */
import { settings } from './settings.js'

/** Sign-in methods in the settings that are no providers. */
const NO_PROVIDERS = ['anonymous_users', 'email', 'phone']

/** Where the name is not the identifier with a capital. */
const NAMES = {
  azure: 'Microsoft',
  github: 'GitHub',
  gitlab: 'GitLab',
  kakao: 'Kakao',
  linkedin: 'LinkedIn',
  linkedin_oidc: 'LinkedIn',
  slack_oidc: 'Slack',
  vercel_marketplace: 'Vercel',
  workos: 'WorkOS',
  web3: 'Wallet',
}

const customProviders = () => settings.account.sign_in.custom_providers

/** @param id as in `GET /authorize` */
export function providerName(id) {
  const custom = customProviders().find((each) => each.id === id)
  return custom?.name ?? NAMES[id] ?? id.charAt(0).toUpperCase() + id.slice(1).replaceAll('_', ' ')
}

/** @returns `[{ id, name }]` of all that are enabled, in the order of the settings, then the custom ones */
export function providers() {
  const { external } = settings.public
  const known = Object.keys(external).filter((id) => external[id] && !NO_PROVIDERS.includes(id))
  return [...known, ...customProviders().map(({ id }) => id)].map((id) => ({ id, name: providerName(id) }))
}
