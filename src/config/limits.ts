/** Rate limits: requests of one client address (an IPv6 client counts as its /64), with bursts as in GoTrue. */
import { choice, integer, setting } from './setting'

const unit = 'requests' as const

export const limits = {
  rateLimits: setting({
    name: 'RATE_LIMITS',
    kind: choice('on', 'off'),
    default: 'on',
    doc: 'Set `off` for benchmarks and test suites: no limit then counts requests or guesses.',
  }),
  tokens: setting({
    name: 'RATE_LIMIT_TOKEN_REFRESH',
    toml: 'rate_limit.token_refresh',
    kind: integer(1),
    default: 150,
    unit,
    doc: 'Requests to `/token` in 5 minutes.',
  }),
  signUps: setting({
    name: 'RATE_LIMIT_OTP',
    toml: 'rate_limit.sign_in_sign_ups',
    kind: integer(1),
    default: 30,
    unit,
    doc: 'Sign-ups, and separately changes of the own account, in 5 minutes.',
  }),
  anonymousUsers: setting({
    name: 'RATE_LIMIT_ANONYMOUS_USERS',
    toml: 'rate_limit.anonymous_users',
    kind: integer(1),
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
