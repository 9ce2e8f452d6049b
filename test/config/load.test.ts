import { expect, test } from 'bun:test'
import { policyOf } from '../../src/compose/policy'
import { allSettings } from '../../src/config'
import { load } from '../../src/config/load'
import type { Sources } from '../../src/config/sources'

const readFile = (path: string) => {
  throw new Error(`no ${path}`)
}

const loaded = (given: Sources) => {
  const { settings, problems } = load({ readFile, ...given })
  return { settings, problems: problems.map(({ severity, message }) => `${severity}: ${message}`) }
}

test('without settings there are no problems, and every default applies', () => {
  const { settings, problems } = loaded({})
  expect(problems).toEqual([])
  expect(settings.server).toMatchObject({
    host: '127.0.0.1',
    port: 7020,
    dataDir: './latchkey-data',
    apiExternalUrl: 'http://localhost:7020/auth/v1',
  })
  expect(settings.tokens).toMatchObject({
    jwtExpSeconds: 3600,
    jwtAud: 'authenticated',
    jwtIssuer: 'http://localhost:7020/auth/v1',
    refreshTokenReuseIntervalMs: 0,
  })
  expect(settings.accounts).toMatchObject({ anonymousEnabled: false, passwordMinLength: 6 })
  expect(settings.mail).toMatchObject({ mailerAutoconfirm: true, mailbox: 'auto' })
})

test('flags override the environment, which overrides .env, which overrides config.toml', () => {
  const toml = { path: 'c.toml', auth: { jwt_expiry: 100_001 } }
  const envFile = { path: '.env', values: { AUTH_JWT_EXP: '100002' } }
  const env = { AUTH_JWT_EXP: '100003' }
  const set = { AUTH_JWT_EXP: '100004' }
  const seconds = (given: Sources) => loaded(given).settings.tokens.jwtExpSeconds
  expect([
    seconds({ toml }),
    seconds({ toml, envFile }),
    seconds({ toml, envFile, env }),
    seconds({ toml, envFile, env, set }),
  ]).toEqual([100_001, 100_002, 100_003, 100_004])
})

test('our name overrides GoTrue’s, which overrides others, and conflicting values are reported', () => {
  const { settings, problems } = loaded({
    env: { ACCESS_TOKEN_LIFETIME: '200', GOTRUE_JWT_EXP: '300', AUTH_JWT_EXP: '400' },
  })
  expect(settings.tokens.jwtExpSeconds).toBe(400)
  expect(problems).toEqual([
    'warning: environment AUTH_JWT_EXP and environment GOTRUE_JWT_EXP differ; the first one is used.',
  ])
  expect(loaded({ env: { GOTRUE_JWT_EXP: '300', AUTH_JWT_EXP: '300' } }).problems).toEqual([])
})

test('an empty value counts as unset', () => {
  const { settings, problems } = loaded({ env: { AUTH_JWT_EXP: '', GOTRUE_JWT_EXP: '300', AUTH_PORT: '' } })
  expect([settings.tokens.jwtExpSeconds, settings.server.port, problems]).toEqual([300, 7020, []])
})

test('short names of other software count in the environment and a named file, but not in a .env in the working directory', () => {
  const values = { PORT: '1234', JWT_SECRET: 'a-secret-of-somebody-else-with-32-bytes', DATABASE_URL: 'postgres://x' }
  expect(loaded({ envFile: { path: '.env', values } })).toMatchObject({
    settings: { server: { port: 7020 } },
    problems: [],
  })
  expect(loaded({ env: { PORT: '1234' } }).settings.server.port).toBe(1234)
  const named = { PORT: '1234', JWT_SECRET: values.JWT_SECRET, DATABASE_URL: '/srv/own.db', DEBUG: 'true' }
  expect(loaded({ envFile: { path: 'own.env', isExplicit: true, values: named } }).settings).toMatchObject({
    server: { port: 1234, logLevel: 'debug' },
    database: { url: '/srv/own.db' },
    tokens: { jwtSecret: values.JWT_SECRET },
  })
})

test('DEBUG sets the log level if it is a boolean', () => {
  const level = (env: Record<string, string>) => loaded({ env }).settings.server.logLevel
  expect([level({ AUTH_DEBUG: 'true' }), level({ DEBUG: '1' }), level({ DEBUG: 'express:*' }), level({})]).toEqual([
    'debug',
    'debug',
    'info',
    'info',
  ])
})

test('a secret may be read from a file, and an unreadable file is an error', () => {
  const env = { GOTRUE_JWT_SECRET_FILE: '/run/secrets/jwt' }
  const readFile = () => 'a-secret-in-a-file-of-at-least-32-bytes\n'
  expect(loaded({ env, readFile }).settings.tokens.jwtSecret).toBe('a-secret-in-a-file-of-at-least-32-bytes')
  expect(loaded({ env }).problems).toEqual([
    'error: environment GOTRUE_JWT_SECRET_FILE names /run/secrets/jwt, which cannot be read: no /run/secrets/jwt',
  ])
  expect(loaded({ env: { AUTH_PORT_FILE: 'x' } }).problems[0]).toStartWith('unknown: AUTH_PORT_FILE')
})

test('Supabase’s config.toml is read with its own keys', () => {
  const auth = {
    site_url: 'env(SITE)',
    enable_signup: false,
    enable_anonymous_sign_ins: true,
    password_requirements: 'letters_digits',
    refresh_token_reuse_interval: 10,
    email: { enable_signup: true, enable_confirmations: true },
    sessions: { timebox: '24h' },
    rate_limit: { token_refresh: 99 },
    signing_keys_path: './keys.json',
  }
  const jwk = { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256', kid: 'a', key_ops: ['sign'] }
  const { settings, problems } = loaded({
    toml: { path: 'c.toml', auth },
    env: { SITE: 'https://app.example.com' },
    readFile: () => JSON.stringify([jwk]),
  })
  expect(problems).toEqual([])
  expect(settings).toMatchObject({
    server: { siteUrl: 'https://app.example.com' },
    tokens: { refreshTokenReuseIntervalMs: 10_000, jwtKeys: [jwk] },
    accounts: { disableSignup: true, anonymousEnabled: true, emailEnabled: true },
    mail: { mailerAutoconfirm: false },
    sessions: { timeboxMs: 86_400_000 },
    limits: { tokens: 99 },
  })
  expect(settings.accounts.passwordRequiredCharacters).toEqual([
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
    '0123456789',
  ])
})

test('keys of config.toml with inverted or named values are parsed strictly', () => {
  const auth = {
    enable_signup: 'env(X)',
    email: { enable_confirmations: 'env(X)' },
    password_requirements: 'letters_digit',
  }
  const { problems } = loaded({ toml: { path: 'c.toml', auth }, env: { X: 'maybe' } })
  expect(problems).toEqual([
    'error: c.toml [auth] enable_signup must be true or false, not "maybe".',
    'error: c.toml [auth] password_requirements must be one of letters_digits, lower_upper_letters_digits, lower_upper_letters_digits_symbols, not "letters_digit".',
    'error: c.toml [auth] email.enable_confirmations must be true or false, not "maybe".',
  ])
  const on = loaded({ toml: { path: 'c.toml', auth }, env: { X: '1' } }).settings
  expect([on.accounts.disableSignup, on.mail.mailerAutoconfirm]).toEqual([false, false])
})

test('unknown keys of config.toml are reported with the nearest known one, and unsupported Supabase keys as having no effect', () => {
  const auth = {
    jwt_expirey: 1,
    third_party: { firebase: { enabled: true } },
    external: { apple: { enabled: false } },
    oauth_server: { enabled: true },
  }
  expect(loaded({ toml: { path: 'c.toml', auth } }).problems).toEqual([
    'unknown: c.toml [auth] jwt_expirey is not a known setting; did you mean jwt_expiry?',
    expect.stringMatching(/^warning: auth\.third_party\.firebase\.enabled is on, but tokens of other auth services /),
    expect.stringMatching(/^warning: auth\.oauth_server\.enabled is on, but there is no OAuth 2\.1 server/),
  ])
})

test.each([
  ['GOTRUE_MAILER_AUTOCONFRIM', 'GOTRUE_MAILER_AUTOCONFIRM'],
  ['GOTRUE_EXTERNAL_ANONYMOUS_USER_ENABLED', 'GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED'],
  ['GOTRUE_RATE_LIMIT_TOKEN_REFRSH', 'GOTRUE_RATE_LIMIT_TOKEN_REFRESH'],
  ['AUTH_SECURITY_REFRESH_TOKEN_ROTATION_ENABLE', 'AUTH_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED'],
])('%s is unknown, and %s is suggested', (name, meant) =>
  expect(loaded({ env: { [name]: 'true' } }).problems).toEqual([
    `unknown: ${name} is not a known setting; did you mean ${meant}?`,
  ]),
)

test.each([
  ['GOTRUE_METRICS_ENABLED', 'differs'],
  ['GOTRUE_COOKIE_KEY', 'differs'],
  ['GOTRUE_COOKIE_DURATION', 'differs'],
  ['GOTRUE_WEBHOOK_URL', 'differs'],
  ['GOTRUE_MFA_ENABLED', 'differs'],
  ['GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_URL', 'notHere'],
] as const)('%s is a Supabase setting without effect (%s), and no problem', (name, standing) => {
  const { problems, supabase } = load({ env: { [name]: 'x' } })
  expect(problems).toEqual([])
  expect(supabase[standing]).toEqual([{ name, reason: expect.any(String) }])
})

test('enabling a protection that does not exist is a warning', () => {
  for (const name of ['OAUTH_SERVER_ENABLED', 'SAML_ENABLED']) {
    expect(loaded({ env: { [`GOTRUE_${name}`]: 'true' } }).problems[0]).toStartWith(`warning: GOTRUE_${name} is on`)
    expect(loaded({ env: { [`GOTRUE_${name}`]: 'false' } }).problems).toEqual([])
  }
})

test('a flag that is empty, unknown or names a missing file is an error', () => {
  expect(loaded({ flags: { '--host': '' } }).problems).toEqual([
    'error: AUTH_HOST (flag --host) must be set to a value, or removed, not "".',
  ])
  expect(loaded({ set: { AUTH_SITE_ULR: 'x' } }).problems).toEqual([
    'error: AUTH_SITE_ULR is not a known setting; did you mean AUTH_SITE_URL?',
  ])
  expect(loaded({ set: { AUTH_JWT_SECRET_FILE: '/x' } }).problems).toEqual([
    'error: flag --set AUTH_JWT_SECRET_FILE names /x, which cannot be read: no /x',
  ])
})

test('settings that would lock everyone out, or let everyone in, are errors', () => {
  const errors = (env: Record<string, string>) => loaded({ env }).problems
  expect(errors({ AUTH_JWT_VALID_METHODS: 'RS256' })[0]).toStartWith('error: AUTH_JWT_VALID_METHODS must list HS256')
  expect(errors({ AUTH_JWT_ADMIN_ROLES: 'service_role,authenticated' })[0]).toStartWith(
    'error: AUTH_JWT_ADMIN_ROLES must not list authenticated',
  )
  expect(errors({ AUTH_TRUSTED_PROXIES: '0.0.0.0/0' })[0]).toStartWith(
    'warning: AUTH_TRUSTED_PROXIES trusts every address',
  )
  expect(errors({ AUTH_REQUEST_ID_HEADER: 'bad header' })[0]).toStartWith('error: AUTH_REQUEST_ID_HEADER')
})

test('a password in a URL is not printed', () => {
  const { problems } = loaded({ env: { AUTH_API_EXTERNAL_URL: 'https://me:hunter/@2@auth.example.com' } })
  expect(problems[0]).toContain('not "https://…@auth.example.com"')
})

test('printed settings include computed defaults', () => {
  const { loaded: rows } = load({ set: { AUTH_PORT: '80' } })
  expect(rows.find(({ setting }) => setting.names[0] === 'AUTH_JWT_ISSUER')).toMatchObject({
    value: 'http://localhost:80/auth/v1',
    origin: 'default',
  })
})

test('a reference in config.toml to an unset variable is reported', () => {
  const { settings, problems } = loaded({ toml: { path: 'c.toml', auth: { site_url: 'env(NOPE)' } } })
  expect([settings.server.siteUrl, problems]).toEqual([
    'http://localhost:3000',
    ['warning: c.toml [auth] site_url refers to NOPE, which is not set.'],
  ])
})

test.each([
  ['AUTH_PORT', '70000', 'an integer from 0 to 65535'],
  ['AUTH_PORT', '80.5', 'an integer from 0 to 65535'],
  ['AUTH_JWT_EXP', '1h', 'an integer from 30 to 604800'],
  ['AUTH_EXTERNAL_EMAIL_ENABLED', 'maybe', 'true or false'],
  ['AUTH_LOG_LEVEL', 'loud', 'one of debug, info, warn, error, off'],
  ['AUTH_API_EXTERNAL_URL', 'auth.example.com', 'an absolute http or https URL'],
  ['AUTH_API_EXTERNAL_URL', 'https://u:p@auth.example.com', 'an absolute http or https URL'],
  ['AUTH_SITE_URL', 'javascript:alert(1)', 'an absolute URL'],
  ['AUTH_TRUSTED_PROXIES', '10.0.0.0/8, x', '(x is not one)'],
  ['AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS', 'keycloak.lan, http://10.0.0.5', '(http://10.0.0.5 is not one)'],
  ['AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS', 'keycloak.lan/path', '(keycloak.lan/path is not one)'],
  ['AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS', 'a:b@keycloak.lan', 'is not one)'],
  ['AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS', '10.0.0.0/8', 'is not one)'],
  ['AUTH_CUSTOM_OAUTH_MAX_PROVIDERS', '-1', 'at least 0'],
  ['AUTH_API_MAX_REQUEST_DURATION', '10 minutes', 'a duration such as'],
  ['AUTH_API_MAX_REQUEST_DURATION', '10ms', 'a duration of at least 1s'],
  ['AUTH_BCRYPT_ROUNDS', '4', 'an integer from 10 to 15'],
  ['AUTH_PUBLISHABLE_KEY', 'sb_publishable_short', 'at least 22 random characters'],
  ['AUTH_DATABASE_URL', 'mysql://x', 'must be a path, or a file:, sqlite: or postgres: URL, not "mysql://x"'],
])('%s=%s is an error that states the expected form', (name, value, reason) => {
  const { problems } = loaded({ env: { [name]: value } })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toStartWith(`error: ${name}`)
  expect(problems[0]).toContain(reason)
})

test.each([
  ['AUTH_JWT_SECRET', 'short'],
  ['AUTH_ENCRYPTION_KEY', 'not-32-bytes'],
  ['AUTH_TOKEN_PEPPER', 'short'],
  ['AUTH_SECRET_KEY', 'sb_publishable_0000000000000000000000'],
  ['AUTH_JWT_KEYS', 'no json'],
  ['AUTH_JWT_KEYS', '[{"kty":"EC","alg":"ES256","key_ops":["sign"]}]'],
  ['AUTH_JWT_KEYS', '[{"kty":"oct","k":"eA","alg":"HS256"}]'],
  ['AUTH_JWT_KEYS', '[{"kty":"EC","alg":"none","kid":"a","key_ops":["sign"]}]'],
])('an invalid value of %s is not printed', (name, value) => {
  const { problems } = loaded({ env: { [name]: value } })
  expect(problems).toHaveLength(1)
  expect(problems[0]).not.toContain(value)
})

test('keys may be hexadecimal or base64', () => {
  const key = Buffer.alloc(32, 9)
  for (const encoding of ['hex', 'base64', 'base64url'] as const)
    expect(loaded({ env: { AUTH_ENCRYPTION_KEY: key.toString(encoding) } }).settings.tokens.encryptionKey).toEqual(key)
})

test('values in a disabled table are ignored, and its switch is recognized', () => {
  const auth = {
    email: { smtp: { enabled: false, host: 'mail.example.com', port: 2525, user: 'x', pass: 'env(NOT_SET)' } },
    sms: { twilio: { enabled: false, account_sid: 'AC1', auth_token: 'env(NOT_SET)' } },
    hook: { send_sms: { enabled: false, uri: 'https://hooks.example.com', secrets: 'env(NOT_SET)' } },
  }
  const { settings, problems } = loaded({ toml: { path: 'c.toml', auth } })
  expect(problems).toEqual([])
  expect(settings).toMatchObject({
    mail: { smtpPort: 587, mailerAutoconfirm: true },
    hooks: { sendSmsEnabled: false },
  })
  expect([settings.mail.smtpHost, settings.sms.provider, settings.hooks.sendSmsUri]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('mail, SMS and hooks are read from config.toml', () => {
  const auth = {
    additional_redirect_urls: ['https://a.example.com/**', 'myapp://cb'],
    rate_limit: { email_sent: 7, token_verifications: 9 },
    email: {
      max_frequency: '1m0s',
      otp_expiry: 900,
      double_confirm_changes: false,
      secure_password_change: true,
      smtp: {
        enabled: true,
        host: 'mail.example.com',
        port: 465,
        user: 'u',
        pass: 'env(MAIL_PASS)',
        admin_email: 'a@b.co',
      },
      template: { invite: { subject: 'Come in', content_path: './supabase/templates/invite.html' } },
      notification: { password_changed: { enabled: true, subject: 'Changed' } },
    },
    sms: {
      template: 'Code {{ .Code }}',
      test_otp: { '4152127777': '123456', '4152127778': '654321' },
      vonage: { enabled: true, from: 'me', api_key: 'k', api_secret: 's' },
    },
    hook: {
      send_email: { enabled: true, uri: 'http://localhost:3000/hook', secrets: 'v1,whsec_c2VjcmV0LXNlY3JldA==' },
    },
  }
  const { settings, problems } = loaded({
    toml: { path: 'c.toml', auth },
    env: { MAIL_PASS: 'secret' },
    readFile: (path) => `<p>${path} {{ .ConfirmationURL }}</p>`,
  })
  expect(problems).toEqual([])
  expect(settings).toMatchObject({
    mail: {
      redirects: ['https://a.example.com/**', 'myapp://cb'],
      maxFrequencyMs: 60_000,
      otpExpMs: 900_000,
      secureEmailChange: false,
      smtpHost: 'mail.example.com',
      smtpPort: 465,
      smtpPass: 'secret',
      mailerAutoconfirm: false,
    },
    accounts: { requireReauthentication: true },
    limits: { emailsSent: { count: 7 }, verifications: 9 },
    sms: {
      provider: 'vonage',
      'vonage.from': 'me',
      template: 'Code {{ .Code }}',
      testOtp: { '4152127777': '123456', '4152127778': '654321' },
    },
    hooks: { sendEmailEnabled: true, sendEmailUri: 'http://localhost:3000/hook' },
    templates: {
      subject_invite: 'Come in',
      body_invite: '<p>./supabase/templates/invite.html {{ .ConfirmationURL }}</p>',
      send_password_changed_notification: true,
    },
  })
})

test('Supabase’s limit on mails applies only with a custom SMTP server, as in Supabase', () => {
  const rate_limit = { email_sent: 2 }
  expect(loaded({ toml: { path: 'c.toml', auth: { rate_limit } } }).settings.limits.emailsSent).toBeUndefined()
  const smtp = { host: 'mail.example.com', admin_email: 'a@b.co' }
  const { settings } = loaded({ toml: { path: 'c.toml', auth: { rate_limit, email: { smtp } } } })
  expect(settings.limits.emailsSent).toEqual({ count: 2, refillMs: undefined })
})

test.each([
  [{ AUTH_URI_ALLOW_LIST: 'https://a.example.com/[x' }, 'AUTH_URI_ALLOW_LIST contains "https://a.example.com/[x"'],
  [{ AUTH_HOOK_SEND_EMAIL_ENABLED: 'true' }, 'AUTH_HOOK_SEND_EMAIL_ENABLED needs AUTH_HOOK_SEND_EMAIL_URI'],
  [{ AUTH_HOOK_SEND_SMS_URI: 'http://elsewhere.example.com' }, 'must be an https URL'],
  [{ AUTH_HOOK_SEND_SMS_SECRETS: 'whsec_abc' }, 'v1,whsec_<base64>'],
  [{ AUTH_HOOK_SEND_SMS_SECRETS: '|' }, 'v1,whsec_<base64>'],
  [{ AUTH_HOOK_SEND_SMS_SECRETS: `v1a,whpk_${'a'.repeat(44)}:whsk_${'b'.repeat(88)}` }, 'v1a key pairs'],
  [{ AUTH_SMS_TEST_OTP: '+1555:' }, 'a comma-separated list such as 15551230000:123456'],
  [{ AUTH_SMS_TEMPLATE: 'Hello' }, 'a text with {{ .Code }} in it'],
  [{ AUTH_SMTP_ADMIN_EMAIL: 'nonsense' }, 'must be an email address such as noreply@example.com'],
  [{ AUTH_SMTP_ADMIN_EMAIL: 'My App <noreply@example.com>' }, 'without a display name'],
  [{ AUTH_SMTP_HOST: 'smtp://mail.example.com' }, 'without scheme, port and path'],
  [{ AUTH_SMTP_HOST: 'mail.example.com:587' }, 'without scheme, port and path'],
  [{ AUTH_HOST: 'http://0.0.0.0' }, 'without scheme, port and path'],
  [{ AUTH_SITE_URL: 'localhost:3000' }, 'an absolute URL'],
  [{ AUTH_MAILER_URLPATHS_INVITE: 'verify' }, 'a path that begins with one slash'],
  [{ AUTH_MAILER_URLPATHS_RECOVERY: '//evil.example.com/verify' }, 'a path that begins with one slash'],
  [{ AUTH_MAILER_URLPATHS_CONFIRMATION: 'javascript:x' }, 'a path that begins with one slash'],
  [{ AUTH_RATE_LIMIT_EMAIL_SENT: '30/' }, 'a number of messages per hour such as 30'],
  [{ AUTH_TOKEN_PEPPER_PREVIOUS: 'short' }, 'at least 32 bytes long'],
] as const)('%j is an error that says how to fix it', (env, words) => {
  const { problems } = loaded({ env })
  expect(problems.join('\n')).toContain(words)
  expect(problems.some((problem) => problem.startsWith('error: '))).toBe(true)
})

test.each([
  [{ AUTH_HOOK_SEND_SMS_ENABLED: 'true', AUTH_HOOK_SEND_SMS_URI: 'ftp://a.example.com' }, 'AUTH_HOOK_SEND_SMS_URI'],
  [
    {
      AUTH_HOOK_SEND_SMS_ENABLED: 'true',
      AUTH_HOOK_SEND_SMS_URI: 'https://a.example.com',
      AUTH_HOOK_SEND_SMS_SECRETS: 'whsec_abc',
    },
    'AUTH_HOOK_SEND_SMS_SECRETS',
  ],
  [{ AUTH_EVENTS_URL: 'https://a.example.com', AUTH_EVENTS_SECRETS: 'whsec_abc' }, 'AUTH_EVENTS_SECRETS'],
  [
    { AUTH_DATABASE_URL: 'postgres://a@b/c', AUTH_JWT_SECRET: 'short', AUTH_ENCRYPTION_KEY: 'ab'.repeat(32) },
    'AUTH_JWT_SECRET',
  ],
  [{ AUTH_SMTP_ADMIN_EMAIL: 'nonsense', AUTH_SMTP_HOST: 'smtp.example.com' }, 'AUTH_SMTP_ADMIN_EMAIL'],
] as const)('a value that is not valid is reported once, and not as missing as well: %j', (env, name) => {
  const { problems } = loaded({ env })
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^error: ${name} \\(environment ${name}\\) must be `))])
})

const SECRET = 'a-secret-of-at-least-thirty-two-bytes'
const TWILIO = { ACCOUNT_SID: '', AUTH_TOKEN: '""', MESSAGE_SERVICE_SID: ' ' }

test('a secret in a file that cannot be read is reported once, and not as missing as well', () => {
  const env = { AUTH_EVENTS_URL: 'https://a.example.com', AUTH_EVENTS_SECRETS_FILE: '/missing' }
  const readFile = () => {
    throw new Error('no such file')
  }
  expect(loaded({ env, readFile }).problems).toEqual([
    'error: environment AUTH_EVENTS_SECRETS_FILE names /missing, which cannot be read: no such file',
  ])
})

test('values that GoTrue replaces do not prevent the start, and a note states the effective value', () => {
  const { settings, problems } = loaded({
    env: {
      GOTRUE_MAILER_OTP_LENGTH: '4',
      GOTRUE_SMS_OTP_LENGTH: '11',
      GOTRUE_MFA_PHONE_OTP_LENGTH: '0',
      GOTRUE_MAILER_OTP_EXP: '0',
      GOTRUE_SMS_OTP_EXP: '0',
      GOTRUE_JWT_EXP: '0',
      GOTRUE_PASSWORD_MIN_LENGTH: '4',
      GOTRUE_RATE_LIMIT_VERIFY: '45/5m',
      GOTRUE_RATE_LIMIT_OTP: '0',
      GOTRUE_RATE_LIMIT_TOKEN_REFRESH: '99.6',
      GOTRUE_MFA_CHALLENGE_EXPIRY_DURATION: '10',
      GOTRUE_EXTERNAL_FLOW_STATE_EXPIRY_DURATION: '60s',
      GOTRUE_SMTP_HEADERS: 'X-Mail-Type: $messageType',
    },
  })
  expect(settings).toMatchObject({
    mail: { otpLength: 6, otpExpMs: undefined, smtpHeaders: {} },
    sms: { otpLength: 6, otpExpMs: 60_000 },
    mfa: { phoneOtpLength: 6, challengeMs: 300_000 },
    tokens: { jwtExpSeconds: 3600, flowStateExpiryMs: 300_000 },
    accounts: { passwordMinLength: 6 },
    limits: { verifications: 45, signUps: 1, tokens: 100 },
  })
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(Array(13).fill('note'))
  expect(problems).toContain(
    'note: AUTH_MAILER_OTP_LENGTH (environment GOTRUE_MAILER_OTP_LENGTH) must be an integer from 6 to 10, not "4". 6 is used instead, as in GoTrue.',
  )
})

test.each([
  ['GOTRUE_PASSWORD_MIN_LENGTH', '73'],
  ['GOTRUE_MAILER_OTP_LENGTH', 'six'],
  ['GOTRUE_RATE_LIMIT_VERIFY', 'many'],
  ['GOTRUE_JWT_EXP', '10'],
])('%s=%s is not among the values that GoTrue replaces', (name, value) =>
  expect(loaded({ env: { [name]: value } }).problems[0]).toStartWith('error: '),
)

test('empty and quoted empty values count as unset for every setting', () => {
  const names = allSettings.flatMap(({ names }) => names)
  for (const value of ['', ' ', '""', "''"])
    expect(loaded({ env: Object.fromEntries(names.map((name) => [name, value])) }).problems).toEqual([])
})

test('an SMS provider without credentials is reported if phones are enabled, and does not prevent the start', () => {
  const env = Object.fromEntries(Object.entries(TWILIO).map(([key, value]) => [`GOTRUE_SMS_TWILIO_${key}`, value]))
  const provider = { ...env, GOTRUE_SMS_PROVIDER: 'twilio' }
  const said = 'AUTH_SMS_PROVIDER is twilio, which needs AUTH_SMS_TWILIO_ACCOUNT_SID and AUTH_SMS_TWILIO_AUTH_TOKEN'
  expect(loaded({ env }).problems).toEqual([])
  expect(loaded({ env: provider }).problems).toEqual([expect.stringContaining(`note: ${said}`)])
  expect(loaded({ env: { ...provider, GOTRUE_EXTERNAL_PHONE_ENABLED: 'true' } }).problems).toEqual([
    expect.stringContaining(`incomplete: ${said}`),
  ])
})

test('a problem with a disabled feature is a note', () => {
  const uri = { GOTRUE_HOOK_SEND_SMS_URI: 'ftp://hooks.example.com/hook' }
  const off = { ...uri, GOTRUE_HOOK_SEND_SMS_ENABLED: 'false' }
  expect(loaded({ env: off }).problems).toEqual([
    expect.stringMatching(/^note: AUTH_HOOK_SEND_SMS_URI .* no effect while AUTH_HOOK_SEND_SMS_ENABLED is off\.$/),
  ])
  expect(loaded({ env: { ...off, GOTRUE_HOOK_SEND_SMS_ENABLED: 'true' } }).problems[0]).toStartWith('error: ')
  const google = { GOTRUE_EXTERNAL_GOOGLE_REDIRECT_URI: 'nowhere', GOTRUE_EXTERNAL_GOOGLE_ENABLED: 'false' }
  expect(loaded({ env: google }).problems).toEqual([expect.stringContaining('note: ')])
})

test('quotes and line feeds around a value, as `docker --env-file` leaves them, are removed', () => {
  const jwk = { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256', kid: 'a', key_ops: ['sign'] }
  const { settings, problems } = loaded({
    env: {
      GOTRUE_SITE_URL: '"https://app.example.com"',
      GOTRUE_JWT_EXP: "'900'",
      GOTRUE_JWT_AUD: 'mine\\n',
      GOTRUE_JWT_KEYS: `'[\\n${JSON.stringify(jwk)}\\n]'`,
      GOTRUE_URI_ALLOW_LIST: '"https://a.example.com/**", "myapp://cb"',
      GOTRUE_HOOK_SEND_SMS_SECRETS: '"v1,whsec_c2VjcmV0LXNlY3JldA=="',
    },
  })
  expect(settings).toMatchObject({
    server: { siteUrl: 'https://app.example.com' },
    tokens: { jwtExpSeconds: 900, jwtAud: 'mine', jwtKeys: [jwk] },
    mail: { redirects: ['https://a.example.com/**', 'myapp://cb'] },
    hooks: { sendSmsSecrets: 'v1,whsec_c2VjcmV0LXNlY3JldA==' },
  })
  expect(problems.filter((problem) => !problem.startsWith('note: '))).toEqual([])
})

test('quotes around a secret may belong to it, so they are kept with a warning', () => {
  const { settings, problems } = loaded({ env: { GOTRUE_JWT_SECRET: `"${SECRET}"` } })
  expect(settings.tokens.jwtSecret).toBe(`"${SECRET}"`)
  expect(problems).toEqual([expect.stringMatching(/^warning: AUTH_JWT_SECRET .* begins and ends with a quote/)])
})

test('a stray quote in the redirect allow list is refused', () => {
  const { problems } = loaded({ env: { AUTH_URI_ALLOW_LIST: 'https://a.example.com/"**' } })
  expect(problems).toEqual([expect.stringMatching(/^error: AUTH_URI_ALLOW_LIST contains .*it contains a quote\.$/)])
})

test('test numbers may contain spaces, and their codes letters', () => {
  const { settings, problems } = loaded({ env: { AUTH_SMS_TEST_OTP: '+1 555 123-0000:123456, 4915112345678=abc123' } })
  expect([settings.sms.testOtp, problems]).toEqual([{ '15551230000': '123456', '4915112345678': 'abc123' }, []])
})

test.each([
  ['TRACE', 'debug'],
  ['warning', 'warn'],
  ['fatal', 'error'],
])('GoTrue’s log level %s is %s', (level, own) =>
  expect(loaded({ env: { GOTRUE_LOG_LEVEL: level } }).settings.server).toMatchObject({ logLevel: own }),
)

test('settings without effect are listed with the reason, and security-relevant ones are warnings', () => {
  const background = load({ env: { GOTRUE_MAILER_EMAIL_BACKGROUND_SENDING: 'true' } })
  const reason = 'mail is always queued and sent after the response'
  expect(background.supabase.differs).toEqual([{ name: 'GOTRUE_MAILER_EMAIL_BACKGROUND_SENDING', reason }])
  expect(background.problems).toEqual([])
  expect(loaded({ env: { GOTRUE_MAILER_EMAIL_VALIDATION_EXTENDED: 'true' } }).problems).toEqual([
    expect.stringMatching(/^warning: .* is on, but only the form of addresses is checked/),
  ])
})

test('sign-in without verified addresses needs no mail server to start', () => {
  const env = { GOTRUE_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS: 'true' }
  const { settings, problems } = loaded({ env })
  expect([settings.oauth.allowUnverified, settings.mail.mailerAutoconfirm, problems]).toEqual([true, false, []])
  expect(loaded({ env: { ...env, GOTRUE_MAILER_AUTOCONFIRM: 'true' } }).problems[0]).toStartWith('error: ')
})

test.each([
  [{ PROVIDER: 'pow' }, []],
  [{ PROVIDER: 'POW' }, []],
  [{ SECRET: 's' }, []],
  [{ PROVIDER: 'turnstile', SECRET: 's', TIMEOUT: '5s' }, []],
  [
    {},
    [
      'error: AUTH_SECURITY_CAPTCHA_ENABLED needs AUTH_SECURITY_CAPTCHA_SECRET, the secret key of hcaptcha; AUTH_SECURITY_CAPTCHA_PROVIDER=pow needs none.',
    ],
  ],
  [
    { PROVIDER: 'turnstile', SECRET: '  ' },
    [
      'error: AUTH_SECURITY_CAPTCHA_ENABLED needs AUTH_SECURITY_CAPTCHA_SECRET, the secret key of turnstile; AUTH_SECURITY_CAPTCHA_PROVIDER=pow needs none.',
    ],
  ],
  [
    { PROVIDER: 'recaptcha', SECRET: 's' },
    [
      'error: AUTH_SECURITY_CAPTCHA_PROVIDER must be hcaptcha, turnstile or pow, not "recaptcha", while AUTH_SECURITY_CAPTCHA_ENABLED is on.',
    ],
  ],
  [
    { PROVIDER: 'pow', DIFFICULTY: '29' },
    [
      'error: AUTH_SECURITY_CAPTCHA_DIFFICULTY (environment GOTRUE_SECURITY_CAPTCHA_DIFFICULTY) must be an integer from 1 to 28, not "29".',
    ],
  ],
] as [Record<string, string>, string[]][])('with captchas on, %j: %j', (given, problems) => {
  const env = Object.fromEntries(Object.entries(given).map(([name, text]) => [`GOTRUE_SECURITY_CAPTCHA_${name}`, text]))
  expect(loaded({ env: { ...env, GOTRUE_SECURITY_CAPTCHA_ENABLED: 'true' } }).problems).toEqual(problems)
  // as in GoTrue, what would stop the start stops it only while captchas are on
  if (!('DIFFICULTY' in given)) expect(loaded({ env }).problems).toEqual([])
})

test('captchas are set as in config.toml, and off unless they are switched on', () => {
  const captcha = { enabled: true, provider: 'turnstile', secret: 'env(TURNSTILE)' }
  const from = (auth: object, env = {}) => loaded({ toml: { path: 'c.toml', auth: { ...auth } }, env })
  const on = from({ captcha }, { TURNSTILE: 's3cret' })
  expect([on.problems, on.settings.captcha]).toEqual([
    [],
    { enabled: true, provider: 'turnstile', secret: 's3cret', timeoutMs: 10_000, difficulty: 18 },
  ])
  expect(policyOf(on.settings).captcha).toEqual({ provider: 'turnstile', difficulty: 18 })
  const off = from({ captcha: { ...captcha, enabled: false, provider: 'recaptcha' } })
  expect([off.problems, policyOf(off.settings).captcha]).toEqual([[], undefined])
  expect(policyOf(loaded({}).settings).captcha).toBeUndefined()
  const pow = loaded({ env: { AUTH_SECURITY_CAPTCHA_ENABLED: 'on', AUTH_SECURITY_CAPTCHA_PROVIDER: 'pow' } })
  expect(policyOf(pow.settings).captcha).toEqual({ provider: 'pow', difficulty: 18 })
  const zero = loaded({ env: { AUTH_SECURITY_CAPTCHA_TIMEOUT: '0' } })
  expect(zero.settings.captcha.timeoutMs).toBe(10_000)
})
