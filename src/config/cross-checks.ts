/** Combinations of settings that are wrong. */
import { HOOK_KEYS, HOOKS } from '../hooks'
import { accentOf } from '../lib/brand'
import { isFunctionUri } from '../lib/function-uri'
import { globError } from '../lib/glob'
import { smsProviderNamed, smsSettingsOf } from '../sms-providers'
import { areas, type Settings } from '.'
import { backupProblems } from './backup-checks'
import { isCaptchaProvider } from './captcha'
import { mailDelivery } from './mail-delivery'
import { postgresProblems } from './postgres-checks'
import { providerProblems } from './provider-checks'
import type { Finding, SettingProblem } from './sources'

/**
 * Checks that involve more than one setting.
 * @param rejected names of settings whose value is not valid: that is reported already, so they do not count as missing
 */
export function crossCheck(settings: Settings, rejected: ReadonlySet<string>): SettingProblem[] {
  return CHECKS.flatMap((check) => check(settings))
    .filter(({ missing }) => missing === undefined || !rejected.has(missing))
    .map(({ severity, message }) => ({ severity, message }))
}

const CHECKS: readonly ((settings: Settings) => Finding[])[] = [
  tokenProblems,
  encryptionProblems,
  proxyProblems,
  redirectProblems,
  hookProblems,
  eventProblems,
  postgresProblems,
  backupProblems,
  providerProblems,
  captchaProblems,
  colorNotes,
  smsProblems,
  mailProblems,
]

const error = (message: string, missing?: string): Finding => ({
  severity: 'error',
  message,
  ...(missing && { missing }),
})
const warning = (message: string, missing?: string): Finding => ({
  severity: 'warning',
  message,
  ...(missing && { missing }),
})

function tokenProblems({ tokens }: Settings): Finding[] {
  const { jwtKeys, jwtValidMethods, jwtAdminRoles, jwtRolesClaim, jwtRoleClaims = {} } = tokens
  const found: Finding[] = []
  const signing =
    jwtKeys?.find(({ key_ops: operations }) => Array.isArray(operations) && operations.includes('sign'))?.alg ?? 'HS256'
  if (jwtValidMethods && !jwtValidMethods.includes(String(signing)))
    found.push(
      error(
        `AUTH_JWT_VALID_METHODS must list ${signing}, which signs the tokens of this server; otherwise it refuses its own tokens.`,
      ),
    )
  if (jwtAdminRoles.includes(tokens.jwtDefaultGroupName))
    found.push(error(`AUTH_JWT_ADMIN_ROLES must not list ${tokens.jwtDefaultGroupName}, the role of every new user.`))
  for (const [role, claims] of Object.entries(jwtRoleClaims)) {
    if (jwtRolesClaim !== undefined && Object.hasOwn(claims, jwtRolesClaim))
      found.push(
        error(
          `AUTH_JWT_ROLE_CLAIMS must not set "${jwtRolesClaim}" (role "${role}"), which AUTH_JWT_ROLES_CLAIM sets.`,
        ),
      )
    if (jwtAdminRoles.includes(String(claims.role)))
      found.push(
        error(
          `AUTH_JWT_ROLE_CLAIMS must not set "role" to ${claims.role} (role "${role}"), which AUTH_JWT_ADMIN_ROLES lists; grant the role admin instead.`,
        ),
      )
  }
  if (tokens.jwtExpSeconds < 120)
    found.push(
      warning(
        'AUTH_JWT_EXP is under 120 s: supabase-js refreshes tokens 90 s before they expire, so it would refresh continuously.',
      ),
    )
  return found
}

function encryptionProblems({ encryption: { keyId, key } }: Settings): Finding[] {
  if ((keyId === undefined) === (key === undefined)) return []
  const [idName, keyName] = [areas.encryption.keyId.names[0], areas.encryption.key.names[0]]
  return [error(`${keyName} and ${idName} must be set together.`, key === undefined ? keyName : idName)]
}

function proxyProblems({ server }: Settings): Finding[] {
  const trustsAll = server.trustedProxies.some(([, bits]) => bits === 0)
  return trustsAll ? [warning('AUTH_TRUSTED_PROXIES trusts every address: any client can then spoof its own.')] : []
}

function redirectProblems({ mail }: Settings): Finding[] {
  return mail.redirects.flatMap((pattern) => {
    const flaw = globError(pattern) ?? (pattern.includes('"') ? 'it contains a quote' : undefined)
    if (flaw === undefined) return []
    return [error(`AUTH_URI_ALLOW_LIST contains ${JSON.stringify(pattern)}, which is not a valid pattern: ${flaw}.`)]
  })
}

/** Secrets of Standard Webhooks, as this server reads them. */
const MAKE_SECRET = 'To make one: echo "v1,whsec_$(openssl rand -base64 32)"'

function hookProblems({ hooks }: Settings): Finding[] {
  return HOOK_KEYS.filter((key) => hooks[`${key}Enabled`]).flatMap((key) => {
    const prefix = `AUTH_HOOK_${HOOKS[key].setting}`
    const uri = hooks[`${key}Uri`]
    if (uri === undefined) return [error(`${prefix}_ENABLED needs ${prefix}_URI.`, `${prefix}_URI`)]
    if (isFunctionUri(uri) || hooks[`${key}Secrets`] !== undefined) return []
    return [
      warning(
        `${prefix}_SECRETS is not set: the hook cannot tell the requests of this server from those of others. ${MAKE_SECRET}`,
        `${prefix}_SECRETS`,
      ),
    ]
  })
}

function eventProblems({ events }: Settings): Finding[] {
  if (events.url === undefined || events.secrets !== undefined) return []
  return [error(`AUTH_EVENTS_URL needs AUTH_EVENTS_SECRETS. ${MAKE_SECRET}`, 'AUTH_EVENTS_SECRETS')]
}

function captchaProblems({ captcha: { enabled, provider, secret } }: Settings): Finding[] {
  if (!enabled) return []
  if (!isCaptchaProvider(provider))
    return [
      error(
        `AUTH_SECURITY_CAPTCHA_PROVIDER must be hcaptcha, turnstile or pow, not ${JSON.stringify(provider)}, while AUTH_SECURITY_CAPTCHA_ENABLED is on.`,
      ),
    ]
  if (provider === 'pow' || secret) return []
  return [
    error(
      `AUTH_SECURITY_CAPTCHA_ENABLED needs AUTH_SECURITY_CAPTCHA_SECRET, the secret key of ${provider}; AUTH_SECURITY_CAPTCHA_PROVIDER=pow needs none.`,
      'AUTH_SECURITY_CAPTCHA_SECRET',
    ),
  ]
}

/** What becomes of a color that is not readable as it is. */
function colorNotes({ accountPage: { brandColor } }: Settings): Finding[] {
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

function smsProblems({ sms, accounts, mfa, hooks }: Settings): Finding[] {
  const missing = hooks.sendSmsEnabled ? [] : missingFor(sms)
  if (missing.length === 0) return []
  const usesPhones = accounts.phoneEnabled || mfa.phoneEnrolment || mfa.phoneVerification
  return [
    {
      severity: usesPhones ? 'incomplete' : 'note',
      message: `AUTH_SMS_PROVIDER is ${sms.provider}, which needs ${missing.join(' and ')}; until then no SMS can be sent.`,
    },
  ]
}

function mailProblems(settings: Settings): Finding[] {
  const { mail, oauth } = settings
  const found: Finding[] = []
  if (mail.smtpUser !== undefined && mail.smtpPass === undefined)
    found.push(
      warning(
        'AUTH_SMTP_USER is set without AUTH_SMTP_PASS: mail can only be sent if the SMTP server wants no login.',
        'AUTH_SMTP_PASS',
      ),
    )
  if (mailDelivery(settings) === 'mailbox' && mail.mailbox === 'off')
    found.push(warning('AUTH_MAILBOX is off and no SMTP server is set: mail is lost.', 'AUTH_SMTP_HOST'))
  if (mail.smtpHost !== undefined && mail.smtpAdminEmail === areas.mail.smtpAdminEmail.default)
    found.push(
      warning(
        'AUTH_SMTP_ADMIN_EMAIL is not set: mails have a sender address that no mail server accepts.',
        'AUTH_SMTP_ADMIN_EMAIL',
      ),
    )
  if (oauth.allowUnverified && mail.mailerAutoconfirm)
    found.push(error('AUTH_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS and AUTH_MAILER_AUTOCONFIRM cannot both be on.'))
  return found
}
