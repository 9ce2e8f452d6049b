/** Sign-in with accounts at OAuth providers: settings common to all providers. */
import { PROVIDERS } from '../providers'
import { field } from './policy-field'
import { moreClientIds } from './providers'
import { setting } from './setting'
import { anyUrl, duration, flag, hosts, httpUrl, integer, list, type ValueType } from './value-types'

/** Written as `google:workspace,github:default`, or with `=` instead of `:`. */
const pairs: ValueType<Record<string, string>> = {
  name: 'list of provider:domain',
  format: (found) =>
    Object.entries(found)
      .map(([key, value]) => `${key}:${value}`)
      .join(','),
  parse: (value) =>
    Object.fromEntries(
      list.parse(value).map((item) => {
        const [, key = '', domain = ''] = /^((?:custom:)?[^:=]+)[:=](.+)$/.exec(item) ?? []
        if (key === '') throw new Error('a list such as google:workspace,github:default')
        return [key.trim(), domain.trim()]
      }),
    ),
}

export const oauth = {
  manualLinking: setting({
    name: 'SECURITY_MANUAL_LINKING_ENABLED',
    toml: 'enable_manual_linking',
    kind: flag,
    default: false,
    feeds: field('oauth.manualLinking'),
    doc: 'Users may link and unlink identities of their account.',
  }),
  browserBinding: setting({
    name: 'OAUTH_BROWSER_BINDING',
    kind: flag,
    default: true,
    feeds: field('oauth.bindsBrowser'),
    doc: 'In the implicit flow, require that the browser returning from a provider is the one that started the sign-in, which a cookie proves. PKCE flows are bound by their code verifier instead.',
  }),
  allowUnverified: setting({
    name: 'MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS',
    kind: flag,
    default: false,
    feeds: field('oauth.allowsUnverified'),
    doc: 'Allow sign-in with provider accounts whose email address is not confirmed.',
  }),
  linkingDomains: setting({
    name: 'EXPERIMENTAL_PROVIDER_LINKING_DOMAINS',
    kind: pairs,
    default: {},
    feeds: field('oauth.linkingDomains'),
    doc: 'Linking domains: accounts of these providers are linked by email address only with accounts in the same named domain.',
  }),
  redirectUrl: setting({
    name: 'EXTERNAL_REDIRECTURL',
    kind: anyUrl,
    feeds: field('oauth.forcedRedirect'),
    doc: 'Redirect URL for all provider sign-ins; overrides what the client requests.',
  }),
  ...moreClientIds,
  idTokenIssuers: setting({
    name: 'EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS',
    kind: list,
    default: PROVIDERS.flatMap(({ idTokens }) =>
      idTokens?.isAllowedByDefault ? [idTokens.issuer({ url: undefined })] : [],
    ),
    feeds: field('oauth.idTokenIssuers'),
    doc: 'Issuers whose ID tokens are accepted for the `client_id` in the request when it also contains the `issuer`. Tokens of a provider listed here are accepted for its own client ids only, if it is enabled.',
  }),
  customEnabled: setting({
    name: 'CUSTOM_OAUTH_ENABLED',
    kind: flag,
    default: true,
    feeds: field('oauth.custom.enabled'),
    doc: 'Administrators may add providers at runtime, at `/admin/custom-providers`, and users may sign in with them.',
  }),
  customMaxProviders: setting({
    name: 'CUSTOM_OAUTH_MAX_PROVIDERS',
    kind: integer(0),
    default: 0,
    feeds: field('oauth.custom.max', (count: number) => count || Number.POSITIVE_INFINITY),
    doc: 'Maximum number of custom providers; 0 means unlimited.',
  }),
  customExternalUrl: setting({
    name: 'CUSTOM_OAUTH_EXTERNAL_URL',
    kind: httpUrl,
    defaultNote: 'AUTH_API_EXTERNAL_URL',
    doc: 'External URL of this server in the redirect URIs of custom providers; `/callback` is appended. The implicit flow works only if its host is that of AUTH_API_EXTERNAL_URL.',
  }),
  customInternalHosts: setting({
    name: 'CUSTOM_OAUTH_INTERNAL_HOSTS',
    kind: hosts,
    default: [],
    feeds: field('oauth.custom.internalHosts'),
    doc: 'Hosts such as `keycloak.lan` or `10.0.0.5:8080` that custom providers may use although they are not public, over http or https. All other hosts must be public and use https.',
  }),
  httpTimeoutMs: setting({
    name: 'INTERNAL_HTTP_TIMEOUT',
    kind: duration(1000),
    default: 10_000,
    doc: 'Timeout for requests to a provider.',
  }),
  solanaEnabled: setting({
    name: 'EXTERNAL_WEB3_SOLANA_ENABLED',
    toml: 'web3.solana.enabled',
    kind: flag,
    default: false,
    feeds: field('web3.solana.enabled'),
    doc: 'Sign in with a Solana wallet (`signInWithWeb3`).',
  }),
  solanaValidityMs: setting({
    name: 'EXTERNAL_WEB3_SOLANA_MAXIMUM_VALIDITY_DURATION',
    kind: duration(1000),
    default: 600_000,
    feeds: field('web3.solana.validityMs'),
    doc: 'Maximum difference between now and the Issued At of a message signed by a Solana wallet.',
  }),
  ethereumEnabled: setting({
    name: 'EXTERNAL_WEB3_ETHEREUM_ENABLED',
    toml: 'web3.ethereum.enabled',
    kind: flag,
    default: false,
    feeds: field('web3.ethereum.enabled'),
    doc: 'Sign in with an Ethereum wallet (`signInWithWeb3`).',
  }),
  ethereumValidityMs: setting({
    name: 'EXTERNAL_WEB3_ETHEREUM_MAXIMUM_VALIDITY_DURATION',
    kind: duration(1000),
    default: 600_000,
    feeds: field('web3.ethereum.validityMs'),
    doc: 'Maximum difference between now and the Issued At of a message signed by an Ethereum wallet.',
  }),
}
