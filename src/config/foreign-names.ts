/**
 * Settings of GoTrue (contract section 10) and of Supabase's config.toml that this version does not have. They are no
 * mistake, since a file of settings may be shared with a GoTrue, but nobody should believe that they have an effect.
 */
const HOOKS = 'CUSTOM_ACCESS_TOKEN BEFORE_USER_CREATED AFTER_USER_CREATED'

/** One name for each word before it, and for each word behind it: `A B` of `x {} y` makes `xAy xBy`. */
const each = (words: string, before: string, ...after: string[]) =>
  words.split(' ').flatMap((word) => after.map((end) => `${before}${word}${end}`))

const NAMES = new Set([
  ...'DB_DRIVER DB_NAMESPACE DB_MAX_POOL_SIZE DB_CONN_MAX_LIFETIME DB_CONN_MAX_IDLE_TIME LOG_FILE AUDIT_LOG_DISABLE_POSTGRES OPERATOR_TOKEN'.split(
    ' ',
  ),
  ...'RATE_LIMIT_HEADER RATE_LIMIT_SSO RATE_LIMIT_O_AUTH_DYNAMIC_CLIENT_REGISTER RATE_LIMIT_OAUTH_DYNAMIC_CLIENT_REGISTER SAML_RATE_LIMIT_ASSERTION'.split(
    ' ',
  ),
  ...'SMTP_LOGGING_ENABLED MAILER_EXTERNAL_HOSTS MAILER_EMAIL_BACKGROUND_SENDING'.split(' '),
  ...each('EXTENDED SERVICE_URL SERVICE_HEADERS BLOCKED_MX', 'MAILER_EMAIL_VALIDATION_', ''),
  ...each('MAX_SIZE MAX_AGE RETRY_INTERVAL RELOADING_ENABLED RELOADING_MAX_IDLE', 'MAILER_TEMPLATE_', ''),
  'EXTERNAL_OIDC_PROVIDER_CACHE_TTL',
  ...each(
    'ENABLED PRIVATE_KEY PRIVATE_KEY_NEXT ALLOW_ENCRYPTED_ASSERTIONS RELAY_STATE_VALIDITY_PERIOD EXTERNAL_URL',
    'SAML_',
    '',
  ),
  ...each('ENABLED ALLOW_DYNAMIC_REGISTRATION AUTHORIZATION_PATH AUTHORIZATION_TTL DEFAULT_SCOPE', 'OAUTH_SERVER_', ''),
  ...each('BLOOM_ENABLED BLOOM_ITEMS BLOOM_FALSE_POSITIVES', 'PASSWORD_HIBP_', ''),
  ...each('ENABLED PROVIDER SECRET TIMEOUT', 'SECURITY_CAPTCHA_', ''),
  ...'SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE SECURITY_SB_FORWARDED_FOR_ENABLED'.split(
    ' ',
  ),
  ...each('ENCRYPT ENCRYPTION_KEY_ID ENCRYPTION_KEY DECRYPTION_KEYS', 'SECURITY_DB_ENCRYPTION_', ''),
  ...each(HOOKS, 'HOOK_', '_ENABLED', '_URI', '_SECRETS'),
  ...each(
    'PROVIDERS_WITH_OWN_LINKING_DOMAIN CURSOR_PAGINATION_ENABLED SCIM_ENABLED CREATE_EMAIL_IDENTITY_ON_PASSWORD_SET_ENABLED',
    'EXPERIMENTAL_',
    '',
  ),
])

/** Names of operation, which have no effect on the wire (contract 10.1). */
const OPERATIONAL = /^(TRACING|METRICS|PROFILER|INDEX_WORKER|RELOADING)_[A-Z_]+$/

/** Whether a name is GoTrue's, with its own prefix or with ours. */
export function isForeignName(name: string): boolean {
  const bare = name.replace(/^(AUTH|GOTRUE)_/, '')
  return NAMES.has(bare) || (name.startsWith('GOTRUE_') && OPERATIONAL.test(bare))
}

const TOML_KEYS =
  /^(anon_key|service_role_key|captcha\.(enabled|provider|secret)|hook\..+|external\..+|web3\..+|third_party\..+|oauth_server\..+)$/

/** Whether a key below `[auth]` is Supabase's. */
export function isForeignTomlKey(key: string): boolean {
  return TOML_KEYS.test(key)
}
