/**
 * Settings of GoTrue and of Supabase's config.toml that this version does not have, with the reason. They are not
 * errors, because a settings file may be shared with GoTrue, but they are reported as having no effect.
 */
const HOOKS = 'CUSTOM_ACCESS_TOKEN BEFORE_USER_CREATED AFTER_USER_CREATED'

/** Combines each word with the prefix and each suffix: `A B` with `x {} y` gives `xAy xBy`. */
const each = (words: string, before: string, ...after: string[]) =>
  words.split(' ').flatMap((word) => after.map((end) => `${before}${word}${end}`))

const unsupported = (reason: string | undefined, ...names: string[]) => names.map((name) => [name, reason] as const)

/** Without their prefix, with the reason. */
const REASONS = new Map([
  ...unsupported(
    'the database is named by AUTH_DATABASE_URL, and AUTH_DB_MAX_CONNECTIONS limits its connections',
    ...each('DRIVER MAX_IDLE_POOL_SIZE CONN_MAX_LIFETIME CONN_MAX_IDLE_TIME', 'DB_', ''),
    ...each('CONN_PERCENTAGE HEALTH_CHECK_PERIOD MIGRATIONS_PATH ADVISOR_ENABLED', 'DB_', ''),
  ),
  ...unsupported('GoTrue no longer keeps sessions in cookies', ...each('KEY DOMAIN DURATION', 'COOKIE_', '')),
  ...unsupported('GoTrue no longer reads it', 'OPERATOR_TOKEN', 'INSTANCE_ID', 'MULTI_INSTANCE_MODE', 'API_ENDPOINT'),
  ...unsupported(
    'GoTrue no longer reads it; hooks replaced it',
    ...each('URL RETRIES TIMEOUT_SEC SECRET EVENTS', 'WEBHOOK_', ''),
  ),
  ...unsupported('each kind of second factor has its own switch, AUTH_MFA_…_ENABLED', 'MFA_ENABLED'),
  ...unsupported('it is set per provider, AUTH_EXTERNAL_<PROVIDER>_SKIP_NONCE_CHECK', 'EXTERNAL_SKIP_NONCE_CHECK'),
  ...unsupported(
    'the log goes to standard output',
    'LOG_FILE',
    'LOG_DISABLE_COLORS',
    'LOG_QUOTE_EMPTY_FIELDS',
    'LOG_TSFORMAT',
    'LOG_SQL',
  ),
  ...unsupported('the audit log is kept in the database, for AUTH_AUDIT_LOG_RETENTION', 'AUDIT_LOG_DISABLE_POSTGRES'),
  ...unsupported(
    'the address of a client comes from X-Forwarded-For, through AUTH_TRUSTED_PROXIES',
    'RATE_LIMIT_HEADER',
    'SECURITY_SB_FORWARDED_FOR_ENABLED',
  ),
  ...unsupported(
    'mail is always queued and sent after the response',
    'MAILER_EMAIL_BACKGROUND_SENDING',
    'EMAIL_BACKGROUND_SENDING',
  ),
  ...unsupported(
    'only the form of addresses is checked, without DNS, MX or other lookups',
    ...each('EXTENDED SERVICE_URL SERVICE_HEADERS BLOCKED_MX', 'MAILER_EMAIL_VALIDATION_', ''),
    ...each('EXTENDED SERVICE_URL SERVICE_HEADERS BLOCKED_MX', 'EMAIL_VALIDATION_', ''),
  ),
  ...unsupported(
    'templates are read at start, and template files again when they change',
    ...each('MAX_SIZE MAX_AGE RETRY_INTERVAL RELOADING_ENABLED RELOADING_MAX_IDLE', 'MAILER_TEMPLATE_', ''),
  ),
  ...unsupported('provider metadata is cached for an hour', 'EXTERNAL_OIDC_PROVIDER_CACHE_TTL'),
  ...unsupported(
    'refresh tokens are always of version 2',
    ...each('ALGORITHM_VERSION UPGRADE_PERCENTAGE', 'SECURITY_REFRESH_TOKEN_', ''),
  ),
  ...unsupported(
    'breached passwords are always looked up, without a Bloom filter',
    ...each('BLOOM_ENABLED BLOOM_ITEMS BLOOM_FALSE_POSITIVES', 'PASSWORD_HIBP_', ''),
  ),
  ...unsupported(
    undefined,
    ...each('SSO O_AUTH_DYNAMIC_CLIENT_REGISTER OAUTH_DYNAMIC_CLIENT_REGISTER', 'RATE_LIMIT_', ''),
    'SAML_RATE_LIMIT_ASSERTION',
    ...each(
      'ENABLED PRIVATE_KEY PRIVATE_KEY_NEXT ALLOW_ENCRYPTED_ASSERTIONS RELAY_STATE_VALIDITY_PERIOD EXTERNAL_URL',
      'SAML_',
      '',
    ),
    ...each(
      'ENABLED ALLOW_DYNAMIC_REGISTRATION AUTHORIZATION_PATH AUTHORIZATION_TTL DEFAULT_SCOPE',
      'OAUTH_SERVER_',
      '',
    ),
    ...each(HOOKS, 'HOOK_', '_ENABLED', '_URI', '_SECRETS'),
    ...each(
      'PROVIDERS_WITH_OWN_LINKING_DOMAIN CURSOR_PAGINATION_ENABLED SCIM_ENABLED CREATE_EMAIL_IDENTITY_ON_PASSWORD_SET_ENABLED',
      'EXPERIMENTAL_',
      '',
    ),
  ),
])

/** Operational names, without effect on the wire. */
const OPERATIONAL = /^(TRACING|METRICS|PROFILER|INDEX_WORKER|RELOADING)_[A-Z_]+$/

/**
 * Whether a name is GoTrue's, with its own prefix or with ours, and has no effect here; and the reason, if there is
 * one.
 */
export function foreignName(name: string): { reason: string | undefined } | undefined {
  const stripQuotes = name.replace(/^(AUTH|GOTRUE)_/, '')
  if (REASONS.has(stripQuotes)) return { reason: REASONS.get(stripQuotes) }
  if (!name.startsWith('GOTRUE_') || !OPERATIONAL.test(stripQuotes)) return undefined
  return { reason: 'there are metrics (AUTH_METRICS_PORT), but no tracing, profiler or reloading' }
}

const TOML_KEYS = /^(anon_key|service_role_key|hook\..+|external\..+|web3\..+|third_party\..+|oauth_server\..+)$/

/** Whether a key below `[auth]` is one of Supabase's. */
export function isUnsupportedTomlKey(key: string): boolean {
  return TOML_KEYS.test(key)
}
