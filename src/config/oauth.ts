/** Signing in with accounts at other companies: what holds for all of them. */
import { anyUrl, duration, flag, hosts, httpUrl, integer, type Kind, list, setting } from './setting'

/** `google:workspace,github:default` or the same with `=`. */
const pairs: Kind<Record<string, string>> = {
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
    doc: 'Users may link further identities to their account, and take them off again.',
  }),
  browserBinding: setting({
    name: 'OAUTH_BROWSER_BINDING',
    kind: flag,
    default: true,
    doc: 'In the implicit flow the browser that comes back from a provider must be the one that was sent there; a cookie tells. Flows with a PKCE challenge are bound by that.',
  }),
  allowUnverified: setting({
    name: 'MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS',
    kind: flag,
    default: false,
    doc: 'Sign in accounts of a provider whose address nobody has confirmed.',
  }),
  linkingDomains: setting({
    name: 'EXPERIMENTAL_PROVIDER_LINKING_DOMAINS',
    kind: pairs,
    default: {},
    doc: 'Providers whose accounts are joined by e-mail address with each other only, and the name of their space.',
  }),
  redirectUrl: setting({
    name: 'EXTERNAL_REDIRECTURL',
    kind: anyUrl,
    doc: 'Where every sign-in at a provider leads to in the end, whatever the client asks for.',
  }),
  iosBundleId: setting({
    name: 'EXTERNAL_IOS_BUNDLE_ID',
    kind: list,
    default: [],
    doc: 'Further client ids for which ID tokens of Apple may be.',
  }),
  idTokenIssuers: setting({
    name: 'EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS',
    kind: list,
    default: ['https://appleid.apple.com', 'https://accounts.google.com'],
    doc: 'Issuers whose ID tokens are taken for the `client_id` that a request names beside its `issuer`.',
  }),
  customEnabled: setting({
    name: 'CUSTOM_OAUTH_ENABLED',
    kind: flag,
    default: true,
    doc: 'Administrators may set up further providers while the server runs, at `/admin/custom-providers`, and users sign in with them.',
  }),
  customMaxProviders: setting({
    name: 'CUSTOM_OAUTH_MAX_PROVIDERS',
    kind: integer(0),
    default: 0,
    doc: 'How many of these there may be; 0: any number.',
  }),
  customExternalUrl: setting({
    name: 'CUSTOM_OAUTH_EXTERNAL_URL',
    kind: httpUrl,
    defaultNote: 'AUTH_API_EXTERNAL_URL',
    doc: 'The address of this server that these send browsers back to, with `/callback` behind it. The implicit flow works only where its host is that of AUTH_API_EXTERNAL_URL.',
  }),
  customInternalHosts: setting({
    name: 'CUSTOM_OAUTH_INTERNAL_HOSTS',
    kind: hosts,
    default: [],
    doc: 'Hosts such as `keycloak.lan` or `10.0.0.5:8080` at which these may be although they are not public, with or without https. All others must be public and have https.',
  }),
  httpTimeoutMs: setting({
    name: 'INTERNAL_HTTP_TIMEOUT',
    kind: duration(1000),
    default: 10_000,
    doc: 'How long a provider may take to answer.',
  }),
  solanaEnabled: setting({
    name: 'EXTERNAL_WEB3_SOLANA_ENABLED',
    toml: 'web3.solana.enabled',
    kind: flag,
    default: false,
    doc: 'Sign in with a Solana wallet (`signInWithWeb3`).',
  }),
  solanaValidityMs: setting({
    name: 'EXTERNAL_WEB3_SOLANA_MAXIMUM_VALIDITY_DURATION',
    kind: duration(1000),
    default: 600_000,
    doc: 'How long before or after now the message that a Solana wallet signs may have been made.',
  }),
  ethereumEnabled: setting({
    name: 'EXTERNAL_WEB3_ETHEREUM_ENABLED',
    toml: 'web3.ethereum.enabled',
    kind: flag,
    default: false,
    doc: 'Sign in with a Ethereum wallet (`signInWithWeb3`).',
  }),
  ethereumValidityMs: setting({
    name: 'EXTERNAL_WEB3_ETHEREUM_MAXIMUM_VALIDITY_DURATION',
    kind: duration(1000),
    default: 600_000,
    doc: 'How long before or after now the message that a Ethereum wallet signs may have been made.',
  }),
}
