/** Rate limits: requests per client address (for IPv6, per /64 network), with the bursts of GoTrue. */
import type { SendingRate } from '../core/kernel/policy'
import { formatDuration, parseDuration } from '../lib/duration'
import { field } from './policy-field'
import { computed, setting } from './setting'
import { choice, integer, Replaced, type ValueType } from './value-types'

const unit = 'requests' as const

const sendingRate: ValueType<SendingRate | undefined> = {
  name: 'rate',
  format: (rate) =>
    rate === undefined ? '' : `${rate.count}${rate.refillMs === undefined ? '' : `/${formatDuration(rate.refillMs)}`}`,
  parse(value) {
    const [, count, every] = /^(\d+)(?:\.0+)?(?:\/(.+))?$/.exec(value) ?? []
    const refillMs = every === undefined ? undefined : parseDuration(every)
    if (count === undefined || (every !== undefined && !(Number(refillMs) > 0)))
      throw new Error('a number of messages per hour such as 30, or a bucket such as 30/1h')
    return { count: Number(count), refillMs }
  },
}

/** A number of requests in a fixed period; `30/5m` is read as 30, and the minimum is 0. */
const requests: ValueType<number> = {
  name: 'integer',
  parse(value) {
    const [, count = '', every] = /^\+?(\d+(?:\.\d*)?|\.\d+)(\/.*)?$/.exec(value) ?? []
    if (count === '') throw new Error('an integer at least 1')
    const whole = Math.max(1, Math.round(Number(count)))
    if (every !== undefined) throw new Replaced('a number of requests only, since their period is fixed', whole)
    if (whole !== Number(count)) throw new Replaced('an integer at least 1', whole)
    return whole
  },
}

export const limits = {
  rateLimits: setting({
    name: 'RATE_LIMITS',
    kind: choice('on', 'off'),
    default: 'on',
    feeds: field('limits.enabled', (mode: 'on' | 'off') => mode === 'on'),
    doc: 'Set to `off` for benchmarks and test suites: request and guess limits are then disabled. The minimum time between messages still applies; AUTH_SMTP_MAX_FREQUENCY=0 and AUTH_SMS_MAX_FREQUENCY=0 disable it.',
  }),
  tokens: setting({
    name: 'RATE_LIMIT_TOKEN_REFRESH',
    toml: 'rate_limit.token_refresh',
    kind: requests,
    default: 150,
    unit,
    feeds: field('limits.tokensPer5Minutes'),
    doc: 'Requests to `/token` per 5 minutes.',
  }),
  signUps: setting({
    name: 'RATE_LIMIT_OTP',
    toml: 'rate_limit.sign_in_sign_ups',
    kind: requests,
    default: 30,
    unit,
    feeds: field('limits.signUpsPer5Minutes'),
    doc: 'Sign-ups per 5 minutes; the same limit applies separately to account changes and to requests to `/otp`, `/magiclink`, `/recover` and `/resend`.',
  }),
  verifications: setting({
    name: 'RATE_LIMIT_VERIFY',
    toml: 'rate_limit.token_verifications',
    kind: requests,
    default: 30,
    unit,
    feeds: field('limits.verificationsPer5Minutes'),
    doc: 'Requests to `/verify` per 5 minutes.',
  }),
  passkeys: setting({
    name: 'RATE_LIMIT_PASSKEY',
    api: '/auth/v1',
    kind: requests,
    default: 30,
    unit,
    feeds: field('limits.passkeysPer5Minutes'),
    doc: 'Passkey sign-in steps per 5 minutes; the same limit applies separately to passkey registrations.',
  }),
  factors: setting({
    name: 'MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY',
    api: '/auth/v1',
    kind: requests,
    default: 15,
    unit,
    feeds: field('limits.factorsPerMinute'),
    doc: 'Second-factor challenges per minute; the same limit applies separately to answers and recovery codes.',
  }),
  web3: setting({
    name: 'RATE_LIMIT_WEB3',
    api: '/auth/v1',
    toml: 'rate_limit.web3',
    kind: requests,
    default: 30,
    unit,
    feeds: field('limits.web3Per5Minutes'),
    doc: 'Wallet sign-ins per 5 minutes.',
  }),
  emailsSent: computed({
    name: 'RATE_LIMIT_EMAIL_SENT',
    toml: 'rate_limit.email_sent',
    tomlNeeds: 'email.smtp.host',
    kind: sendingRate,
    defaultNote: '30 if mail is actually sent, otherwise none',
    feeds: field('limits.mailsSent'),
    doc: 'Mails of the whole server per hour, or as `30/1h`: a bucket of 30 that refills by one per hour. Not counted while sign-ups are confirmed automatically.',
  }),
  smsSent: computed({
    name: 'RATE_LIMIT_SMS_SENT',
    api: '/auth/v1',
    toml: 'rate_limit.sms_sent',
    kind: sendingRate,
    defaultNote: '30 if SMS are actually sent, otherwise none',
    feeds: field('limits.smsSent'),
    doc: 'SMS of the whole server per hour, in the same form.',
  }),
  messagesPerRecipient: setting({
    name: 'RATE_LIMIT_MESSAGES_PER_RECIPIENT',
    kind: integer(1),
    default: 30,
    unit,
    feeds: field('limits.messagesPerRecipientAndHour'),
    doc: 'Mails or SMS to one address or number per hour, across all clients.',
  }),
  codeGuesses: setting({
    name: 'RATE_LIMIT_CODE_GUESSES',
    api: '/auth/v1',
    kind: integer(1, 1000),
    default: 20,
    unit,
    feeds: field('limits.codeGuessesPerHour'),
    doc: 'Wrong codes per address or number per hour; in addition, five wrong attempts invalidate a code.',
  }),
  anonymousUsers: setting({
    name: 'RATE_LIMIT_ANONYMOUS_USERS',
    api: '/auth/v1',
    toml: 'rate_limit.anonymous_users',
    kind: requests,
    default: 30,
    unit,
    feeds: field('limits.anonymousPerHour'),
    doc: 'Anonymous sign-ins per hour.',
  }),
  passwordGuesses: setting({
    name: 'RATE_LIMIT_PASSWORD_GUESSES',
    kind: integer(1, 1000),
    default: 20,
    unit,
    feeds: field('limits.guessesPerAccountAndHour'),
    doc: 'Wrong passwords per account per hour, across all addresses, surfaces and spellings. A network from which the user signed in recently has a separate budget.',
  }),
  networkGuesses: setting({
    name: 'RATE_LIMIT_NETWORK_GUESSES',
    kind: integer(1),
    default: 100,
    unit,
    feeds: field('limits.guessesPerNetworkAndHour'),
    doc: 'Wrong passwords per hour from one network (/24, for IPv6 /48), over all accounts.',
  }),
}
