/** Mail: delivery, texts and links. */
import { MINUTE } from '../lib/milliseconds'
import { jsonLists } from './json-values'
import { field } from './policy-field'
import { computed, setting } from './setting'
import {
  anyUrl,
  choice,
  duration,
  flag,
  hostName,
  hosts,
  integer,
  list,
  mailAddress,
  orDefault,
  secret,
  text,
  type ValueType,
} from './value-types'

const mailboxMode: ValueType<'auto' | 'on' | 'off'> = {
  name: 'true/false/auto',
  parse: (value) => (value.toLowerCase() === 'auto' ? 'auto' : flag.parse(value) ? 'on' : 'off'),
}

/** `/auth/v1/verify`, or an absolute URL. The base of a relative path would be ambiguous. */
const pathOrUrl: ValueType<string> = {
  name: 'path or URL',
  parse(value) {
    if (/^\/(?!\/)\S*$/.test(value)) return value
    if (!/^https?:\/\/\S+$/.test(value) || !URL.canParse(value))
      throw new Error('a path that begins with one slash, such as /auth/v1/verify, or an absolute http or https URL')
    return value
  },
}

/** A path or URL for links, resolved against AUTH_API_EXTERNAL_URL. */
const urlPath = (name: string, what: string) =>
  setting({
    name: `MAILER_URLPATHS_${name}`,
    kind: pathOrUrl,
    defaultNote: '`/verify` below AUTH_API_EXTERNAL_URL',
    doc: `Path of the links of ${what}, resolved against AUTH_API_EXTERNAL_URL.`,
  })

export const mail = {
  smtpHost: setting({
    name: 'SMTP_HOST',
    toml: 'email.smtp.host',
    kind: hostName,
    doc: 'SMTP server. Without one, mail is shown in the mailbox at `/mailbox` and sign-ups are confirmed automatically.',
  }),
  smtpPort: setting({
    name: 'SMTP_PORT',
    toml: 'email.smtp.port',
    kind: integer(1, 65535),
    default: 587,
    doc: 'Port of the SMTP server.',
  }),
  smtpUser: setting({
    name: 'SMTP_USER',
    toml: 'email.smtp.user',
    kind: text,
    doc: 'SMTP user. Without one, the connection is not authenticated.',
  }),
  smtpPass: setting({
    name: 'SMTP_PASS',
    toml: 'email.smtp.pass',
    kind: secret(1),
    secret: true,
    doc: 'SMTP password.',
  }),
  smtpSecurity: setting({
    name: 'SMTP_SECURITY',
    kind: choice('auto', 'starttls', 'tls', 'none'),
    default: 'auto',
    doc: 'How the connection is encrypted. `auto` is implicit TLS on port 465, and elsewhere STARTTLS if the server offers it; a password is never sent in the clear to another machine.',
  }),
  smtpConnections: setting({
    name: 'SMTP_MAX_CONNECTIONS',
    kind: integer(1, 100),
    default: 5,
    doc: 'Connections kept open to the SMTP server.',
  }),
  smtpAdminEmail: setting({
    name: 'SMTP_ADMIN_EMAIL',
    toml: 'email.smtp.admin_email',
    kind: mailAddress,
    default: 'noreply@localhost',
    feeds: field('mail.from'),
    doc: 'Sender address of mails.',
  }),
  smtpSenderName: setting({
    name: 'SMTP_SENDER_NAME',
    toml: 'email.smtp.sender_name',
    kind: text,
    default: '',
    doc: 'Sender name of mails.',
  }),
  smtpHeaders: setting({
    name: 'SMTP_HEADERS',
    kind: jsonLists,
    default: {},
    doc: 'Extra headers for every mail: a JSON object of lists, in which `$messageType` stands for the kind of mail.',
  }),
  smtpLogging: setting({
    name: 'SMTP_LOGGING_ENABLED',
    kind: flag,
    default: false,
    feeds: field('mail.logsRecipients'),
    doc: 'Log the recipient of each mail. Subjects and contents are never logged.',
  }),
  maxFrequencyMs: setting({
    name: 'SMTP_MAX_FREQUENCY',
    toml: 'email.max_frequency',
    kind: duration(),
    default: MINUTE,
    feeds: field('mail.cooldownMs'),
    doc: 'Minimum time between two mails with the same purpose to one user; 0 disables it, for test suites (GoTrue then uses 1m).',
  }),
  mailerAutoconfirm: computed({
    name: 'MAILER_AUTOCONFIRM',
    also: ['AUTH_AUTO_CONFIRM'],
    toml: 'email.enable_confirmations',
    fromToml: (value) => String(!flag.parse(value)),
    kind: flag,
    defaultNote:
      'true if neither an SMTP server nor the Send Email hook is set and AUTH_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS is off',
    feeds: field('signup.autoconfirmsEmail'),
    doc: 'Confirm the address of a sign-up automatically.',
  }),
  mailbox: setting({
    name: 'MAILBOX',
    kind: mailboxMode,
    default: 'auto',
    doc: 'Show every message at `/mailbox` to anyone who can reach the server: for development only. `auto` does so while neither an SMTP server nor the Send Email hook is set; if AUTH_API_EXTERNAL_URL is public, it then only responds on this machine.',
  }),
  secureEmailChange: setting({
    name: 'MAILER_SECURE_EMAIL_CHANGE_ENABLED',
    toml: 'email.double_confirm_changes',
    kind: flag,
    default: true,
    feeds: field('mail.secureChange'),
    doc: 'Require confirmation of an email change from both the old and the new address.',
  }),
  magicLinks: setting({
    name: 'EXTERNAL_EMAIL_MAGIC_LINK_ENABLED',
    kind: flag,
    default: true,
    feeds: field('mail.magicLinks'),
    doc: 'Sign-in by magic link or code.',
  }),
  otpExpMs: setting({
    name: 'MAILER_OTP_EXP',
    api: '/auth/v1',
    toml: 'email.otp_expiry',
    kind: orDefault(duration(1000)),
    defaultNote: 'recovery 30 min, magic link 15 min, change of address 24 h, others 1 h',
    feeds: field('mail.lifetimeMs'),
    doc: 'Lifetime of links and codes in mails.',
  }),
  otpLength: setting({
    name: 'MAILER_OTP_LENGTH',
    api: '/auth/v1',
    toml: 'email.otp_length',
    kind: orDefault(integer(6, 10)),
    default: 6,
    feeds: field('mail.codeLength'),
    doc: 'Digits of the code in a mail.',
  }),
  linkConfirmation: setting({
    name: 'MAILER_LINK_CONFIRMATION',
    api: '/auth/v1',
    kind: flag,
    default: false,
    feeds: field('mail.confirmLinks'),
    doc: 'Opening a link shows a page with a button instead of signing in directly, so that link scanners do not use up tokens.',
  }),
  redirects: setting({
    name: 'URI_ALLOW_LIST',
    toml: 'additional_redirect_urls',
    kind: list,
    default: [],
    doc: 'Redirect URLs that links may use in addition to AUTH_SITE_URL, such as `https://app.example.com/**`. `*` stops at `.` and `/`, `**` does not.',
  }),
  authorizedAddresses: setting({
    name: 'EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES',
    kind: list,
    default: [],
    feeds: field('mail.authorizedAddresses', (addresses: string[]) =>
      addresses.map((address) => address.toLowerCase()),
    ),
    doc: 'If set, mail is sent only to these addresses.',
  }),
  passwordResetUrl: computed({
    name: 'PASSWORD_RESET_URL',
    api: '/api/auth',
    kind: anyUrl,
    defaultNote: '`<AUTH_SITE_URL>/reset-password`',
    feeds: field('mail.pages.passwordReset'),
    doc: 'Page of your application for password-reset mails of `/api/auth`.',
  }),
  emailChangeUrl: computed({
    name: 'EMAIL_CHANGE_URL',
    api: '/api/auth',
    kind: anyUrl,
    defaultNote: '`<AUTH_SITE_URL>/confirm-email`',
    feeds: field('mail.pages.emailChange'),
    doc: 'Page of your application for email-change mails of `/api/auth`.',
  }),
  magicLinkUrl: computed({
    name: 'MAGIC_LINK_URL',
    api: '/api/auth',
    kind: anyUrl,
    defaultNote: '`<AUTH_SITE_URL>/magic-link`',
    feeds: field('mail.pages.magicLink'),
    doc: 'Page of your application for magic links of `/api/auth`.',
  }),
  verificationBackend: setting({
    name: 'VERIFICATION_BACKEND',
    also: ['VERIFICATION_BACKEND'],
    kind: choice('database', 'memory'),
    default: 'database',
    doc: 'Where links and codes are stored; `memory` loses them when the server stops.',
  }),
  urlPathConfirmation: urlPath('CONFIRMATION', 'sign-up mails'),
  urlPathInvite: urlPath('INVITE', 'invitations'),
  urlPathRecovery: urlPath('RECOVERY', 'recovery mails and magic links'),
  urlPathEmailChange: urlPath('EMAIL_CHANGE', 'email-change mails'),
  externalHosts: setting({
    name: 'MAILER_EXTERNAL_HOSTS',
    kind: hosts,
    default: [],
    doc: 'Additional hosts of this server, with their port if it is not the default: a request whose `X-Forwarded-Host` is one of them gets mails with links to it. The scheme is https unless AUTH_API_EXTERNAL_URL and `X-Forwarded-Proto` are http.',
  }),
  templatesFolder: setting({
    name: 'MAILER_TEMPLATES_DIR',
    kind: text,
    defaultNote: '`<AUTH_DATA_DIR>/templates`',
    doc: 'Folder of your own mail templates, such as `confirmation.html` and `confirmation.de.html`.',
  }),
  language: setting({
    name: 'MAILER_LANGUAGE',
    kind: text,
    default: 'en',
    doc: "Language of mails to users whose own language is unknown or unavailable. A user's own language is `locale` in user_metadata, else the Accept-Language header of the request.",
  }),
}
