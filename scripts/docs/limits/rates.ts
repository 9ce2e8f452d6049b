/** Limits on requests, guesses and messages. */
import { FACTOR_ATTEMPTS } from '../../../src/core/factors/attempt-limit'
import { MAX_QUEUED_CALLS } from '../../../src/core/hooks/call-hook'
import { CALL_SLOTS } from '../../../src/core/kernel/call-slots'
import { GOTRUE_LINKS_PER_HOUR } from '../../../src/core/kernel/rate-limits'
import { type Bucket, CLIENTS_PER_SITE, REQUEST_LIMITS } from '../../../src/core/kernel/request-limits'
import { EXISTS_NOTICE_MS } from '../../../src/core/sign-up/repeated-sign-up'
import { MAX_CODE_ATTEMPTS } from '../../../src/core/tokens/verification-token'
import { MAX_EVENT_STREAMS, MAX_EVENT_STREAMS_OF_ADDRESS } from '../../../src/surfaces/mailbox/events'
import { byDefault, duration, FEDERATION, FIXED, GOTRUE, SERVICE, setting, table } from './values'

const BOTH = `${GOTRUE}, ${SERVICE}`

/** The requests that each counter counts. */
const REQUESTS: Record<Bucket, [what: string, api: string]> = {
  tokens: ['Sign-ins, refreshes, and codes that are exchanged or issued by the account page', `${BOTH}, ${FEDERATION}`],
  signUps: ['Sign-ups', BOTH],
  anonymous: ['Anonymous sign-ins', GOTRUE],
  userChanges: ['Changes and exports of an account by its user', BOTH],
  otps: ['`POST /otp`', GOTRUE],
  magicLinks: ['Magic links (`/magiclink`, `/magic-link/send`)', BOTH],
  recoveries: ['Password recoveries', BOTH],
  resends: ['`POST /resend`', GOTRUE],
  verifications: ['Verifications of links and codes', BOTH],
  passkeys: ['Sign-ins with a passkey, each step', GOTRUE],
  passkeyRegistrations: ['Registrations of passkeys, each step', GOTRUE],
  factorChallenges: ['Challenges of second factors', GOTRUE],
  factorVerifications: ['Answers to challenges, and recovery codes', GOTRUE],
  providers: ['`GET /authorize`', GOTRUE],
  callbacks: ['Callbacks of providers', GOTRUE],
  web3: ['Sign-ins with a wallet', GOTRUE],
}

const requestRows = Object.entries(REQUESTS).map(([bucket, [what, api]]) => {
  const { setting: name, periodMs, burst } = REQUEST_LIMITS[bucket as Bucket]
  return [what, api, `${byDefault(name)} in ${duration(periodMs)}`, String(burst ?? byDefault(name)), setting(name)]
})

type Row = readonly [what: string, per: string, limit: string, then: string, changedBy: string]

const hourly = (name: string) => `${byDefault(name)} an hour`
const error = (code: string) => `[\`${code}\`](errors/${code}.md)`

const GUESSES: Row[] = [
  [
    'Wrong passwords',
    'account, or identifier without one',
    hourly('AUTH_RATE_LIMIT_PASSWORD_GUESSES'),
    error('over_request_rate_limit'),
    setting('AUTH_RATE_LIMIT_PASSWORD_GUESSES'),
  ],
  [
    'The same from a network where the user signed in recently',
    'account and network',
    hourly('AUTH_RATE_LIMIT_PASSWORD_GUESSES'),
    error('over_request_rate_limit'),
    setting('AUTH_RATE_LIMIT_PASSWORD_GUESSES'),
  ],
  [
    'Wrong passwords for any account',
    'network (/24, IPv6 /48)',
    hourly('AUTH_RATE_LIMIT_NETWORK_GUESSES'),
    error('over_request_rate_limit'),
    setting('AUTH_RATE_LIMIT_NETWORK_GUESSES'),
  ],
  [
    'Wrong codes',
    'address or number',
    hourly('AUTH_RATE_LIMIT_CODE_GUESSES'),
    error('over_request_rate_limit'),
    setting('AUTH_RATE_LIMIT_CODE_GUESSES'),
  ],
  [
    'Wrong codes',
    'code',
    String(MAX_CODE_ATTEMPTS),
    `the code is no longer accepted (${error('otp_expired')}); the link of the mail still works`,
    FIXED,
  ],
  [
    'Wrong codes of second factors and recovery codes',
    'account; a known network has its own count',
    `${FACTOR_ATTEMPTS.max}`,
    `a wait of ${duration(FACTOR_ATTEMPTS.windowMs)}, ${duration(FACTOR_ATTEMPTS.windowMs)} longer each time, up to ${duration(FACTOR_ATTEMPTS.maxWindowMs)}`,
    FIXED,
  ],
  [
    'Wrong tokens of links that GoTrue sent before a move',
    'server',
    `${GOTRUE_LINKS_PER_HOUR} an hour`,
    error('otp_expired'),
    FIXED,
  ],
]

const MESSAGES: Row[] = [
  [
    'Mails of one kind',
    'user',
    `one in ${byDefault('AUTH_SMTP_MAX_FREQUENCY')}`,
    error('over_email_send_rate_limit'),
    setting('AUTH_SMTP_MAX_FREQUENCY'),
  ],
  [
    'SMS of one kind',
    'user',
    `one in ${byDefault('AUTH_SMS_MAX_FREQUENCY')}`,
    error('over_sms_send_rate_limit'),
    setting('AUTH_SMS_MAX_FREQUENCY'),
  ],
  [
    'SMS for a second factor',
    'user',
    `one in ${byDefault('AUTH_MFA_PHONE_MAX_FREQUENCY')}`,
    error('over_sms_send_rate_limit'),
    setting('AUTH_MFA_PHONE_MAX_FREQUENCY'),
  ],
  [
    'Messages',
    'recipient',
    hourly('AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT'),
    error('over_request_rate_limit'),
    setting('AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT'),
  ],
  [
    'Mails, unless sign-ups are confirmed automatically',
    'server',
    `an hour: ${byDefault('AUTH_RATE_LIMIT_EMAIL_SENT')}`,
    error('over_email_send_rate_limit'),
    setting('AUTH_RATE_LIMIT_EMAIL_SENT'),
  ],
  [
    'SMS, unless sign-ups are confirmed automatically',
    'server',
    `an hour: ${byDefault('AUTH_RATE_LIMIT_SMS_SENT')}`,
    error('over_sms_send_rate_limit'),
    setting('AUTH_RATE_LIMIT_SMS_SENT'),
  ],
  ['Notices of a sign-up with a registered address', 'owner', `one in ${duration(EXISTS_NOTICE_MS)}`, 'no mail', FIXED],
]

const LOAD: Row[] = [
  [
    'Passwords waiting to be hashed',
    'process',
    byDefault('AUTH_PASSWORD_HASH_QUEUE'),
    error('over_request_rate_limit'),
    setting('AUTH_PASSWORD_HASH_QUEUE'),
  ],
  [
    'Calls of a hook at a time',
    'process and hook',
    `${CALL_SLOTS}, and ${MAX_QUEUED_CALLS} waiting`,
    error('hook_timeout'),
    FIXED,
  ],
  [
    'Requests to an SMS or captcha provider at a time',
    'process and provider',
    String(CALL_SLOTS),
    'an error from that provider',
    FIXED,
  ],
  [
    'Event streams of the mailbox',
    'process',
    `${MAX_EVENT_STREAMS}, and ${MAX_EVENT_STREAMS_OF_ADDRESS} from one address`,
    '503, 429',
    FIXED,
  ],
]

const COLUMNS = ['What is counted', 'Per', 'Limit', 'Then', 'Changed by']

const ELSEWHERE = `Counted over all APIs, and over all servers on one database. ${SERVICE} answers ${error('rate_limited')}, federation ${error('too_many_requests')}.`

export const printRates = (): string =>
  [
    `### Requests of a client\n\nPer client address, for IPv6 per /64; a /48 has ${CLIENTS_PER_SITE} times as much. The bucket fills up evenly: *at once* is its size. Each process counts on its own.\n\n${table(['What is counted', 'API', 'Limit', 'At once', 'Changed by'], requestRows)}`,
    `### Guesses\n\n${ELSEWHERE}\n\n${table(COLUMNS, GUESSES)}`,
    `### Messages\n\n${table(COLUMNS, MESSAGES)}`,
    `### Load\n\n${table(COLUMNS, LOAD)}`,
  ].join('\n\n')
