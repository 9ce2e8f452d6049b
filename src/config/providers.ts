/** The settings of each provider (GoTrue's EXTERNAL_* settings). */
import { PROVIDER_NAMES, PROVIDERS, type ProviderName, providerNamed } from '../providers'
import { type Setting, setting } from './setting'
import { flag, httpUrl, list, text } from './value-types'

function settingsOf(provider: ProviderName) {
  const { hasShortSettings = false } = providerNamed(provider) ?? {}
  const upper = provider.toUpperCase()
  const common = (key: string) => ({
    name: `EXTERNAL_${upper}_${key}`,
    toml: `external.${provider}.${key.toLowerCase()}`,
    family: `AUTH_EXTERNAL_<PROVIDER>_${key}`,
    ...(key !== 'ENABLED' && { switchedBy: `EXTERNAL_${upper}_ENABLED` }),
  })
  const short = (...keys: string[]) => (hasShortSettings ? { also: keys.map((key) => `${upper}_${key}`) } : {})
  return {
    enabled: setting({
      ...common('ENABLED'),
      kind: flag,
      defaultNote: 'true if an id and a secret are set',
      doc: `Whether accounts of the provider are accepted: ${PROVIDER_NAMES.map((name) => name.toUpperCase()).join(', ')}.`,
    }),
    clientId: setting({
      ...common('CLIENT_ID'),
      ...short('CLIENT_ID'),
      kind: list,
      doc: 'The client id. If there are several, the first is used to sign in; ID tokens may be for any. Also `<PROVIDER>_CLIENT_ID` for GOOGLE, GITHUB, AZURE, GITLAB, BITBUCKET and DISCORD.',
    }),
    secret: setting({
      ...common('SECRET'),
      ...short('CLIENT_SECRET', 'SECRET'),
      kind: text,
      secret: true,
      doc: 'The client secret; for APPLE the signed client secret JWT. Also `<PROVIDER>_CLIENT_SECRET` for the six named above.',
    }),
    redirectUri: setting({
      ...common('REDIRECT_URI'),
      kind: httpUrl,
      defaultNote: 'AUTH_API_EXTERNAL_URL + `/callback`',
      doc: 'The redirect URI, which has to be registered with the provider.',
    }),
    url: setting({
      ...common('URL'),
      kind: httpUrl,
      doc: 'The URL of a self-hosted provider: GITHUB Enterprise, GITLAB, the realm of KEYCLOAK, the tenant of AZURE.',
    }),
    apiUrl: setting({
      ...common('API_URL'),
      kind: httpUrl,
      doc: 'The URL of its API, if different.',
    }),
    emailOptional: setting({
      ...common('EMAIL_OPTIONAL'),
      kind: flag,
      default: false,
      doc: 'Accept accounts without an email address.',
    }),
    skipNonceCheck: setting({
      ...common('SKIP_NONCE_CHECK'),
      kind: flag,
      default: false,
      doc: 'Accept ID tokens without checking the nonce.',
    }),
  }
}

type ProviderKey = keyof ReturnType<typeof settingsOf>
type Key = `${ProviderName}.${ProviderKey}`

// one flat group, like every area
export const providers = Object.fromEntries(
  PROVIDER_NAMES.flatMap((provider) =>
    Object.entries(settingsOf(provider)).map(([key, each]) => [`${provider}.${key}`, each]),
  ),
) as {
  [K in Key]: K extends `${string}.${infer P extends ProviderKey}` ? ReturnType<typeof settingsOf>[P] : Setting<never>
}

/** Listed among the settings common to all providers; most have none. */
export const moreClientIds = Object.fromEntries(
  PROVIDERS.flatMap(({ name, moreClientIds: more }) =>
    more ? [[`${name}.moreClientIds`, setting({ name: more.setting, kind: list, default: [], doc: more.doc })]] : [],
  ),
) as Record<`${ProviderName}.moreClientIds`, Setting<string[], string[] | undefined, never>>
