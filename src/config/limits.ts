/** Rate limits: requests of one client address (an IPv6 client counts as its /64), with bursts as in GoTrue. */
import type { SendingRate } from '../core/policy'
import { formatDuration, parseDuration } from '../lib/duration'
import { choice, computed, integer, type Kind, Replaced, setting } from './setting'

const unit = 'requests' as const

const sendingRate: Kind<SendingRate | undefined> = {
  name: 'rate',
  format: (rate) =>
    rate === undefined ? '' : `${rate.count}${rate.refillMs === undefined ? '' : `/${formatDuration(rate.refillMs)}`}`,
  parse(value) {
    const [, count, every] = /^(\d+)(?:\.0+)?(?:\/(.+))?$/.exec(value) ?? []
    const refillMs = every === undefined ? undefined : parseDuration(every)
    if (count === undefined || (every !== undefined && !(Number(refillMs) > 0)))
      throw new Error('a number of messages an hour such as 30, or a bucket such as 30/1h')
    return { count: Number(count), refillMs }
  },
}

/** Requests in a span of time that is not the setting's to choose; `30/5m` counts by its number, and 0 as the least. */
const requests: Kind<number> = {
  name: 'integer',
  parse(value) {
    const [, count = '', every] = /^\+?(\d+(?:\.\d*)?|\.\d+)(\/.*)?$/.exec(value) ?? []
    if (count === '') throw new Error('an integer at least 1')
    const whole = Math.max(1, Math.round(Number(count)))
    if (every !== undefined) throw new Replaced('a number of requests alone, since their span of time is fixed', whole)
    if (whole !== Number(count)) throw new Replaced('an integer at least 1', whole)
    return whole
  },
}

export const limits = {
  rateLimits: setting({
    name: 'RATE_LIMITS',
    kind: choice('on', 'off'),
    default: 'on',
    doc: 'Set `off` for benchmarks and test suites: no limit then counts requests or guesses. The spacing of messages stays; AUTH_SMTP_MAX_FREQUENCY=0 and AUTH_SMS_MAX_FREQUENCY=0 end it.',
  }),
  tokens: setting({
    name: 'RATE_LIMIT_TOKEN_REFRESH',
    toml: 'rate_limit.token_refresh',
    kind: requests,
    default: 150,
    unit,
    doc: 'Requests to `/token` in 5 minutes.',
  }),
  signUps: setting({
    name: 'RATE_LIMIT_OTP',
    toml: 'rate_limit.sign_in_sign_ups',
    kind: requests,
    default: 30,
    unit,
    doc: 'Sign-ups in 5 minutes; and, each on its own, changes of the own account, requests to `/otp`, `/magiclink`, `/recover` and `/resend`.',
  }),
  verifications: setting({
    name: 'RATE_LIMIT_VERIFY',
    toml: 'rate_limit.token_verifications',
    kind: requests,
    default: 30,
    unit,
    doc: 'Requests to `/verify` in 5 minutes.',
  }),
  passkeys: setting({
    name: 'RATE_LIMIT_PASSKEY',
    kind: requests,
    default: 30,
    unit,
    doc: 'Steps of passkey sign-ins in 5 minutes; and, on its own, passkeys begun to be registered.',
  }),
  factors: setting({
    name: 'MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY',
    kind: requests,
    default: 15,
    unit,
    doc: 'Challenges to second factors in a minute; and, on its own, answers to them and recovery codes.',
  }),
  web3: setting({
    name: 'RATE_LIMIT_WEB3',
    toml: 'rate_limit.web3',
    kind: requests,
    default: 30,
    unit,
    doc: 'Sign-ins with a wallet in 5 minutes.',
  }),
  emailsSent: computed({
    name: 'RATE_LIMIT_EMAIL_SENT',
    toml: 'rate_limit.email_sent',
    tomlNeeds: 'email.smtp.host',
    kind: sendingRate,
    defaultNote: '30 while mail really leaves, else none',
    doc: 'Mails the whole server sends in an hour, or as `30/1h`: a bucket of 30 that gains one an hour. Not counted while sign-ups count as confirmed.',
  }),
  smsSent: computed({
    name: 'RATE_LIMIT_SMS_SENT',
    toml: 'rate_limit.sms_sent',
    kind: sendingRate,
    defaultNote: '30 while SMS really leave, else none',
    doc: 'SMS the whole server sends in an hour, in the same form.',
  }),
  messagesPerRecipient: setting({
    name: 'RATE_LIMIT_MESSAGES_PER_RECIPIENT',
    kind: integer(1),
    default: 30,
    unit,
    doc: 'Mails or SMS to one address or number in an hour, whoever asks for them.',
  }),
  codeGuesses: setting({
    name: 'RATE_LIMIT_CODE_GUESSES',
    kind: integer(1, 1000),
    default: 20,
    unit,
    doc: 'Wrong codes for one address or number in an hour; besides, a code is dead after five.',
  }),
  anonymousUsers: setting({
    name: 'RATE_LIMIT_ANONYMOUS_USERS',
    toml: 'rate_limit.anonymous_users',
    kind: requests,
    default: 30,
    unit,
    doc: 'Anonymous sign-ins in an hour.',
  }),
  passwordGuesses: setting({
    name: 'RATE_LIMIT_PASSWORD_GUESSES',
    kind: integer(1, 1000),
    default: 20,
    unit,
    doc: 'Wrong passwords for one account in an hour, whatever the address, surface or spelling. A network the user signed in from lately has a budget of its own.',
  }),
  networkGuesses: setting({
    name: 'RATE_LIMIT_NETWORK_GUESSES',
    kind: integer(1),
    default: 100,
    unit,
    doc: 'Wrong passwords in an hour from one network (/24 or /64), over all accounts.',
  }),
}
