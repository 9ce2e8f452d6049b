/** Rules that involve several settings: dependent defaults, and combinations that are wrong. */
import { HOOK_KEYS, HOOKS } from '../hooks'
import { accentOf } from '../lib/brand'
import { isFunctionUri } from '../lib/function-uri'
import { globError } from '../lib/glob'
import { smsProviderNamed, smsSettingsOf } from '../sms-providers'
import { areas, type Settings } from '.'
import { backupProblems } from './backup-checks'
import { isCaptchaProvider } from './captcha'
import { isOnPostgres, postgresProblems } from './postgres-checks'
import { providerProblems } from './provider-checks'
import type { SettingProblem } from './sources'
import { withoutNamelessKeys } from './tokens'

/** Computes the defaults that depend on other settings. */
export function applyDependentDefaults(settings: Settings): void {
  const { server, tokens, encryption, mail, sms, hooks, limits, mfa, oauth } = settings
  server.apiExternalUrl ??= `http://localhost:${server.port}/auth/v1`
  tokens.jwtIssuer ??= server.apiExternalUrl
  Object.assign(tokens, withoutNamelessKeys(tokens))
  // GoTrue's environment has no other key that is not in the database as well (docs/decisions.md#d38)
  if (isOnPostgres(settings)) tokens.encryptionKey ??= encryption.key
  if (server.debug) server.logLevel = 'debug'
  const mailLeaves = mail.smtpHost !== undefined || hooks.sendEmailEnabled
  // the two exclude each other, and the other one was set explicitly
  mail.mailerAutoconfirm ??= !mailLeaves && !oauth.allowUnverified
  const isLimited = limits.rateLimits === 'on'
  limits.emailsSent ??= mailLeaves && isLimited ? MESSAGES_AN_HOUR : undefined
  limits.smsSent ??= (sms.provider !== undefined || hooks.sendSmsEnabled) && isLimited ? MESSAGES_AN_HOUR : undefined
  const { hostname, origin } = new URL(server.siteUrl)
  // A mobile app's own scheme has no host that a browser would accept.
  mfa.rpId ??= hostname || new URL(server.apiExternalUrl).hostname
  mfa.rpDisplayName ??= mfa.rpId
  const own = new URL(server.apiExternalUrl)
  const isOwnDomain = own.hostname === mfa.rpId || own.hostname.endsWith(`.${mfa.rpId}`)
  // This server's own pages, such as the dashboard, may use passkeys as well.
  mfa.rpOrigins ??= [...new Set([origin === 'null' ? own.origin : origin, ...(isOwnDomain ? [own.origin] : [])])]
  const site = server.siteUrl.replace(/\/+$/, '')
  mail.passwordResetUrl ??= `${site}/reset-password`
  mail.emailChangeUrl ??= `${site}/confirm-email`
  mail.magicLinkUrl ??= `${site}/magic-link`
}

/** GoTrue's default. */
const MESSAGES_AN_HOUR = { count: 30, refillMs: undefined }

/** Checks that involve more than one setting. */
export function crossCheck(settings: Settings, problems: SettingProblem[]): void {
  const { server, tokens, encryption, accounts, captcha, mail, sms, hooks, events, oauth, mfa } = settings
  const error = (message: string) => problems.push({ severity: 'error', message })
  const warn = (message: string) => problems.push({ severity: 'warning', message })
  const signing =
    tokens.jwtKeys?.find(({ key_ops: operations }) => Array.isArray(operations) && operations.includes('sign'))?.alg ??
    'HS256'
  if (tokens.jwtValidMethods && !tokens.jwtValidMethods.includes(String(signing)))
    error(
      `AUTH_JWT_VALID_METHODS must list ${signing}, which signs the tokens of this server; otherwise it refuses its own tokens.`,
    )
  if ((encryption.keyId === undefined) !== (encryption.key === undefined))
    error(
      'AUTH_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY and AUTH_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID must be set together.',
    )
  if (tokens.jwtAdminRoles.includes(tokens.jwtDefaultGroupName))
    error(`AUTH_JWT_ADMIN_ROLES must not list ${tokens.jwtDefaultGroupName}, the role of every new user.`)
  const { jwtRolesClaim: listClaim, jwtRoleClaims: byRole = {} } = tokens
  for (const [role, claims] of Object.entries(byRole)) {
    if (listClaim !== undefined && Object.hasOwn(claims, listClaim))
      error(`AUTH_JWT_ROLE_CLAIMS must not set "${listClaim}" (role "${role}"), which AUTH_JWT_ROLES_CLAIM sets.`)
    if (tokens.jwtAdminRoles.includes(String(claims.role)))
      error(
        `AUTH_JWT_ROLE_CLAIMS must not set "role" to ${claims.role} (role "${role}"), which AUTH_JWT_ADMIN_ROLES lists; grant the role admin instead.`,
      )
  }
  if (server.trustedProxies.some(([, bits]) => bits === 0))
    warn('AUTH_TRUSTED_PROXIES trusts every address: any client can then spoof its own.')
  for (const pattern of mail.redirects) {
    const flaw = globError(pattern)
    if (flaw !== undefined || pattern.includes('"'))
      error(
        `AUTH_URI_ALLOW_LIST contains ${JSON.stringify(pattern)}, which is not a valid pattern: ${flaw ?? 'it contains a quote'}.`,
      )
  }
  for (const key of HOOK_KEYS) {
    const prefix = `AUTH_HOOK_${HOOKS[key].setting}`
    const uri = hooks[`${key}Uri`]
    if (!hooks[`${key}Enabled`]) continue
    if (uri === undefined) error(`${prefix}_ENABLED needs ${prefix}_URI.`)
    else if (!isFunctionUri(uri) && hooks[`${key}Secrets`] === undefined)
      warn(
        `${prefix}_SECRETS is not set: the hook cannot tell the requests of this server from those of others. To make one: echo "v1,whsec_$(openssl rand -base64 32)"`,
      )
  }
  if (events.url !== undefined && events.secrets === undefined)
    error('AUTH_EVENTS_URL needs AUTH_EVENTS_SECRETS. To make one: echo "v1,whsec_$(openssl rand -base64 32)"')
  problems.push(...postgresProblems(settings), ...backupProblems(settings), ...providerProblems(settings))
  if (captcha.enabled && !isCaptchaProvider(captcha.provider))
    error(
      `AUTH_SECURITY_CAPTCHA_PROVIDER must be hcaptcha, turnstile or pow, not ${JSON.stringify(captcha.provider)}, while AUTH_SECURITY_CAPTCHA_ENABLED is on.`,
    )
  else if (captcha.enabled && captcha.provider !== 'pow' && !captcha.secret)
    error(
      `AUTH_SECURITY_CAPTCHA_ENABLED needs AUTH_SECURITY_CAPTCHA_SECRET, the secret key of ${captcha.provider}; AUTH_SECURITY_CAPTCHA_PROVIDER=pow needs none.`,
    )
  problems.push(...colorNotes(settings))
  const missing = hooks.sendSmsEnabled ? [] : missingFor(sms)
  const usesPhones = accounts.phoneEnabled || mfa.phoneEnrolment || mfa.phoneVerification
  if (missing.length > 0)
    problems.push({
      severity: usesPhones ? 'incomplete' : 'note',
      message: `AUTH_SMS_PROVIDER is ${sms.provider}, which needs ${missing.join(' and ')}; until then no SMS can be sent.`,
    })
  if (mail.smtpUser !== undefined && mail.smtpPass === undefined)
    warn('AUTH_SMTP_USER is set without AUTH_SMTP_PASS: mail can only be sent if the SMTP server wants no login.')
  if (mail.smtpHost === undefined && !hooks.sendEmailEnabled && mail.mailbox === 'off')
    warn('AUTH_MAILBOX is off and no SMTP server is set: mail is lost.')
  if (mail.smtpHost !== undefined && mail.smtpAdminEmail === areas.mail.smtpAdminEmail.default)
    warn('AUTH_SMTP_ADMIN_EMAIL is not set: mails have a sender address that no mail server accepts.')
  if (oauth.allowUnverified && mail.mailerAutoconfirm)
    error('AUTH_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS and AUTH_MAILER_AUTOCONFIRM cannot both be on.')
  if (tokens.jwtExpSeconds < 120)
    warn(
      'AUTH_JWT_EXP is under 120 s: supabase-js refreshes tokens 90 s before they expire, so it would refresh continuously.',
    )
}

/** What becomes of a color that is not readable as it is. */
function colorNotes({ accountPage: { brandColor } }: Settings): SettingProblem[] {
  if (brandColor === undefined) return []
  const { light, dark } = accentOf(brandColor)
  const changes = [
    ...(light === brandColor ? [] : [`${light} on light pages and in mails`]),
    ...(dark === brandColor ? [] : [`${dark} on dark ones`]),
  ]
  if (changes.length === 0) return []
  return [
    { severity: 'note', message: `AUTH_BRAND_COLOR ${brandColor} becomes ${changes.join(', and ')}, to be readable.` },
  ]
}

/** Settings that the SMS provider needs and that are missing. */
function missingFor(sms: Settings['sms']): string[] {
  if (sms.provider === undefined) return []
  const missing = smsSettingsOf(smsProviderNamed(sms.provider)).filter(
    ({ key, isOptional }) => !isOptional && sms[key] === undefined,
  )
  return missing.map(({ key }) => areas.sms[key].names[0])
}
