/** Who may have an account, and the password rules. */
import { field } from './policy-field'
import { setting } from './setting'
import { flag, httpUrl, integer, orDefault, text, type ValueType } from './value-types'

/** Sets of characters separated by `:`, with `\:` for a literal colon (GoTrue's PASSWORD_REQUIRED_CHARACTERS). */
const characterSets: ValueType<string[]> = {
  name: 'character sets',
  format: (sets) => sets.map((set) => set.replaceAll(':', '\\:')).join(':'),
  parse: (value) =>
    value
      .split(/(?<!\\):/)
      .map((set) => set.replaceAll('\\:', ':'))
      .filter(Boolean),
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const DIGITS = '0123456789'
/** The names that Supabase's config.toml uses. */
const REQUIREMENTS: Record<string, string> = {
  letters_digits: `${LOWER}${UPPER}:${DIGITS}`,
  lower_upper_letters_digits: `${LOWER}:${UPPER}:${DIGITS}`,
  lower_upper_letters_digits_symbols: `${LOWER}:${UPPER}:${DIGITS}:!@#$%^&*()_+-=[]{};'\\\\:"|<>?,./\`~`,
}

const inverted = (value: string) => String(!flag.parse(value))

function requirement(value: string): string {
  if (value === '') return ''
  const sets = REQUIREMENTS[value]
  if (sets === undefined) throw new Error(`one of ${Object.keys(REQUIREMENTS).join(', ')}`)
  return sets
}

export const accounts = {
  disableSignup: setting({
    name: 'DISABLE_SIGNUP',
    toml: 'enable_signup',
    fromToml: inverted,
    kind: flag,
    default: false,
    feeds: field('signup.disabled'),
    doc: 'Disable sign-ups. The admin API can still create accounts.',
  }),
  emailEnabled: setting({
    name: 'EXTERNAL_EMAIL_ENABLED',
    toml: 'email.enable_signup',
    kind: flag,
    default: true,
    feeds: field('signup.email'),
    doc: 'Sign-up and sign-in by email address.',
  }),
  phoneEnabled: setting({
    name: 'EXTERNAL_PHONE_ENABLED',
    api: '/auth/v1',
    toml: 'sms.enable_signup',
    kind: flag,
    default: false,
    feeds: field('signup.phone'),
    doc: 'Sign-up and sign-in by phone number.',
  }),
  anonymousEnabled: setting({
    name: 'EXTERNAL_ANONYMOUS_USERS_ENABLED',
    api: '/auth/v1',
    toml: 'enable_anonymous_sign_ins',
    kind: flag,
    default: false,
    feeds: field('signup.anonymous'),
    doc: 'Anonymous sign-in.',
  }),
  passwordMinLength: setting({
    name: 'PASSWORD_MIN_LENGTH',
    toml: 'minimum_password_length',
    kind: orDefault(integer(6, 72), 'below'),
    default: 6,
    unit: 'bytes',
    feeds: field('password.minBytes'),
    doc: 'Minimum password length in bytes. The maximum is 72.',
  }),
  passwordRequiredCharacters: setting({
    name: 'PASSWORD_REQUIRED_CHARACTERS',
    toml: 'password_requirements',
    fromToml: requirement,
    kind: characterSets,
    default: [],
    feeds: field('password.requiredCharacters'),
    doc: 'Sets of characters, separated by `:`. A password needs at least one character of each.',
  }),
  breachCheck: setting({
    name: 'PASSWORD_HIBP_ENABLED',
    kind: flag,
    default: false,
    doc: 'Refuse passwords from known breaches. The first five hexadecimal digits of the SHA-1 of each new password are sent to haveibeenpwned.com, and nothing else.',
  }),
  breachCheckFailsClosed: setting({
    name: 'PASSWORD_HIBP_FAIL_CLOSED',
    kind: flag,
    default: false,
    feeds: field('password.breachCheckFailsClosed'),
    doc: 'Refuse new passwords while the breach check is unavailable.',
  }),
  breachCheckUserAgent: setting({
    name: 'PASSWORD_HIBP_USER_AGENT',
    kind: text,
    default: 'latchkey',
    doc: 'User agent for the breach check.',
  }),
  breachCheckUrl: setting({
    name: 'PASSWORD_HIBP_URL',
    kind: httpUrl,
    default: 'https://api.pwnedpasswords.com',
    doc: 'URL of the breach check, for mirrors.',
  }),
  requireCurrentPassword: setting({
    name: 'SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD',
    api: '/auth/v1',
    toml: 'email.require_current_password',
    kind: flag,
    default: false,
    feeds: field('password.requireCurrent'),
    doc: 'Require the current password to set a new one.',
  }),
  requireReauthentication: setting({
    name: 'SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION',
    toml: 'email.secure_password_change',
    kind: flag,
    default: false,
    feeds: field('password.requireReauthentication'),
    doc: 'Require a mailed code to set a new password if the sign-in is over 24 hours old.',
  }),
  bcryptRounds: setting({
    name: 'BCRYPT_ROUNDS',
    also: ['BCRYPT_ROUNDS'],
    kind: integer(10, 15),
    defaultNote: 'argon2id',
    doc: 'Hash passwords with bcrypt at this cost, for a database that GoTrue will read again; otherwise they are hashed with argon2id (19 MiB, 2 passes).',
  }),
  hashQueue: setting({
    name: 'PASSWORD_HASH_QUEUE',
    kind: integer(1, 10_000),
    default: 256,
    unit: 'passwords',
    doc: 'Maximum number of passwords waiting to be hashed; beyond that, sign-ins get 429.',
  }),
}
