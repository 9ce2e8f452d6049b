/** Every supported provider. A new one is a file in this folder and a line in the list. */
import { apple } from './apple'
import { azure } from './azure'
import { bitbucket } from './bitbucket'
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
import type { BuiltInProvider } from './provider'
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

/** All providers, in the order of GoTrue's `GET /settings`. */
export const PROVIDERS = [
  apple,
  azure,
  bitbucket,
  discord,
  facebook,
  snapchat,
  figma,
  fly,
  github,
  gitlab,
  google,
  keycloak,
  kakao,
  linkedin,
  linkedinOidc,
  notion,
  spotify,
  slack,
  slackOidc,
  workos,
  twitch,
  twitter,
  zoom,
  vercelMarketplace,
  x,
] as const

export type ProviderName = (typeof PROVIDERS)[number]['name']

/** Names of all providers, in alphabetical order. */
export const PROVIDER_NAMES: readonly ProviderName[] = PROVIDERS.map(({ name }) => name).sort()

const byName: ReadonlyMap<string, BuiltInProvider> = new Map(PROVIDERS.map((each) => [each.name, each]))

export const providerNamed = (name: string): BuiltInProvider | undefined => byName.get(name)
