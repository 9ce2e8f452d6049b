/**
 * GoTrue's settings that this version does not have (contract section 10). `latchkey check` names them, so that nobody
 * believes they have an effect; they are no mistake, since a file of settings may be shared with a GoTrue.
 */
const patterns = [
  /^GOTRUE_(API_|DB_|TRACING_|METRICS_|PROFILER_|INDEX_WORKER_|RELOADING_|LOG_FILE|OPERATOR_TOKEN|INTERNAL_HTTP_TIMEOUT|AUDIT_LOG_)/,
  /^GOTRUE_(URI_ALLOW_LIST|RATE_LIMIT_|SMTP_|MAILER_|SMS_|EXTERNAL_|CUSTOM_OAUTH_|SAML_|OAUTH_SERVER_|PASSKEY_|WEBAUTHN_)/,
  /^GOTRUE_(PASSWORD_HIBP_|SECURITY_|SESSIONS_|MFA_|HOOK_|EXPERIMENTAL_|COOKIE_|WEB3_)/,
]

export function isForeignName(name: string): boolean {
  return patterns.some((pattern) => pattern.test(name))
}
