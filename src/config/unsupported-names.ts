/**
 * Settings of GoTrue and of Supabase's config.toml that have no effect here, each with the reason. They are not errors,
 * because a settings file may be shared with GoTrue or Supabase's CLI; `latchkey check` sums them up, and
 * docs/moving-from-supabase.md lists them.
 */
import { providerNamed } from '../providers'

/** What a setting without effect means for an application that relies on it. */
export type Standing =
  /** What it is about exists here, and works in another way. */
  | 'differs'
  /** What it is about does not exist here. */
  | 'not_here'

export interface Unsupported {
  standing: Standing
  reason: string
}

export interface UnsupportedGroup extends Unsupported {
  /** Names of environment variables, without `GOTRUE_`. One that ends in `_` stands for all that begin so. */
  names: string[]
  /** Keys below `[auth]` in config.toml. One that ends in `.` stands for its table. */
  keys: string[]
}

const words = (text: string) => text.split(' ').filter(Boolean)

/** Combines each word with the prefix and each suffix: `A B` with `x {} y` gives `xAy xBy`. */
const each = (text: string, before: string, ...after: string[]) =>
  words(text).flatMap((word) => after.map((end) => `${before}${word}${end}`))

const differs = (reason: string, names: string[], keys: string[] = []): UnsupportedGroup => ({
  standing: 'differs',
  reason,
  names,
  keys,
})
const notHere = (reason: string, names: string[], keys: string[] = []): UnsupportedGroup => ({
  ...differs(reason, names, keys),
  standing: 'not_here',
})

export const UNSUPPORTED: UnsupportedGroup[] = [
  notHere(
    'there is no OAuth 2.1 server: other applications cannot sign in with the accounts of this server',
    [
      ...each('ENABLED ALLOW_DYNAMIC_REGISTRATION AUTHORIZATION_PATH', 'OAUTH_SERVER_', ''),
      ...each('AUTHORIZATION_TTL DEFAULT_SCOPE', 'OAUTH_SERVER_', ''),
      ...each('O_AUTH_DYNAMIC_CLIENT_REGISTER OAUTH_DYNAMIC_CLIENT_REGISTER', 'RATE_LIMIT_', ''),
    ],
    ['oauth_server.'],
  ),
  notHere('there is no SAML single sign-on', [
    ...each('ENABLED PRIVATE_KEY PRIVATE_KEY_NEXT ALLOW_ENCRYPTED_ASSERTIONS', 'SAML_', ''),
    ...each('RELAY_STATE_VALIDITY_PERIOD EXTERNAL_URL RATE_LIMIT_ASSERTION', 'SAML_', ''),
    'RATE_LIMIT_SSO',
  ]),
  notHere('there is no SCIM', ['EXPERIMENTAL_SCIM_ENABLED']),
  notHere('tokens of other auth services are not accepted in place of those of this server', [], ['third_party.']),
  notHere('there is no other cursor than `page` for lists of users', ['EXPERIMENTAL_CURSOR_PAGINATION_ENABLED']),
  notHere('a password does not add an email identity to an account without one', [
    'EXPERIMENTAL_CREATE_EMAIL_IDENTITY_ON_PASSWORD_SET_ENABLED',
  ]),
  differs('linking domains are set by AUTH_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS', [
    'EXPERIMENTAL_PROVIDERS_WITH_OWN_LINKING_DOMAIN',
  ]),
  differs('links and codes are kept in tables of this server, with their expiry', [
    ...each('ENABLE_OTT_AS_SOURCE_OF_TRUTH ONE_TIME_TOKEN_EXPIRES_AT_WRITE_ENABLED', 'EXPERIMENTAL_', ''),
  ]),
  differs('the database is named by AUTH_DATABASE_URL, and AUTH_DB_MAX_CONNECTIONS limits its connections', [
    ...each('DRIVER MAX_IDLE_POOL_SIZE CONN_MAX_LIFETIME CONN_MAX_IDLE_TIME', 'DB_', ''),
    ...each('CONN_PERCENTAGE HEALTH_CHECK_PERIOD MIGRATIONS_PATH', 'DB_', ''),
    ...each('ENABLED SAMPLING_INTERVAL OBSERVATION_INTERVAL', 'DB_ADVISOR_', ''),
  ]),
  differs(
    'the keys of this server are made at its first start; `latchkey keys` prints them, and keys signed with the same JWT secret are accepted',
    [],
    ['anon_key', 'service_role_key'],
  ),
  differs('a started server is not switched off by a setting', [], ['enabled']),
  differs('GoTrue no longer keeps sessions in cookies', each('KEY DOMAIN DURATION', 'COOKIE_', '')),
  differs('GoTrue no longer reads it', words('OPERATOR_TOKEN INSTANCE_ID MULTI_INSTANCE_MODE API_ENDPOINT')),
  differs(
    'GoTrue no longer reads it; hooks replaced it',
    each('URL RETRIES TIMEOUT_SEC SECRET EVENTS', 'WEBHOOK_', ''),
  ),
  differs('each kind of second factor has its own switch, AUTH_MFA_…_ENABLED', ['MFA_ENABLED']),
  differs(
    'recovery codes have a fixed form, and ten wrong codes lock all factors of a user for 15 minutes or longer',
    each('COUNT CODE_LENGTH MAX_VERIFY_ATTEMPTS LOCKOUT_DURATION', 'MFA_RECOVERY_CODES_', ''),
    each('count code_length max_verify_attempts lockout_duration', 'mfa.recovery_codes.', ''),
  ),
  differs('it is set per provider, AUTH_EXTERNAL_<PROVIDER>_SKIP_NONCE_CHECK', ['EXTERNAL_SKIP_NONCE_CHECK']),
  differs('the log goes to standard output', [
    ...each('FILE DISABLE_COLORS QUOTE_EMPTY_FIELDS TSFORMAT SQL FIELDS', 'LOG_', ''),
  ]),
  differs('the audit log is kept in the database, for AUTH_AUDIT_LOG_RETENTION', ['AUDIT_LOG_DISABLE_POSTGRES']),
  differs('the address of a client comes from X-Forwarded-For, through AUTH_TRUSTED_PROXIES', [
    'RATE_LIMIT_HEADER',
    'SECURITY_SB_FORWARDED_FOR_ENABLED',
  ]),
  differs('mail is always queued and sent after the response', [
    'MAILER_EMAIL_BACKGROUND_SENDING',
    'EMAIL_BACKGROUND_SENDING',
  ]),
  notHere('only the form of addresses is checked, without DNS, MX or other lookups', [
    ...each('EXTENDED SERVICE_URL SERVICE_HEADERS BLOCKED_MX', 'MAILER_EMAIL_VALIDATION_', ''),
    ...each('EXTENDED SERVICE_URL SERVICE_HEADERS BLOCKED_MX', 'EMAIL_VALIDATION_', ''),
  ]),
  differs('templates are read at start, and template files again when they change', [
    ...each('MAX_SIZE MAX_AGE RETRY_INTERVAL RELOADING_ENABLED RELOADING_MAX_IDLE', 'MAILER_TEMPLATE_', ''),
  ]),
  differs('provider metadata is cached for an hour', ['EXTERNAL_OIDC_PROVIDER_CACHE_TTL']),
  differs(
    'refresh tokens are always of version 2',
    each('ALGORITHM_VERSION UPGRADE_PERCENTAGE', 'SECURITY_REFRESH_TOKEN_', ''),
  ),
  differs(
    'breached passwords are always looked up, without a Bloom filter',
    each('BLOOM_ENABLED BLOOM_ITEMS BLOOM_FALSE_POSITIVES', 'PASSWORD_HIBP_', ''),
  ),
  differs('there are metrics (AUTH_METRICS_PORT), but no tracing, profiler or reloading', [
    ...words('TRACING_ METRICS_ PROFILER_ INDEX_WORKER_ RELOADING_'),
  ]),
]

const isListed = (listed: string[], separator: '_' | '.', name: string) =>
  listed.some((each) => (each.endsWith(separator) ? name.startsWith(each) : name === each))

/** Why a variable of GoTrue, with its own prefix or with ours, has no effect here. A whole family is only GoTrue's. */
export function unsupportedName(name: string): UnsupportedGroup | undefined {
  const bare = name.replace(/^(AUTH|GOTRUE)_/, '')
  const listed = (names: string[]) =>
    name.startsWith('GOTRUE_') ? isListed(names, '_', bare) : bare !== name && names.includes(bare)
  return UNSUPPORTED.find(({ names }) => listed(names))
}

/** Why a key below `[auth]` has no effect here. */
export function unsupportedKey(key: string): Unsupported | undefined {
  const provider = /^external\.([^.]+)\./.exec(key)?.[1]
  if (provider !== undefined && !providerNamed(provider)) return notHere('there is no such provider', [])
  return UNSUPPORTED.find(({ keys }) => isListed(keys, '.', key))
}
