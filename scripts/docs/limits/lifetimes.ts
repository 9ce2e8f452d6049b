/** Lifetimes of tokens, sessions, links, codes and steps of a sign-in. */
import { SETUP_LINK_MS } from '../../../src/core/administration/setup'
import { PROOF_OF_WORK_MS } from '../../../src/core/captcha/proof-of-work'
import { EVENT_LIFETIME_MS } from '../../../src/core/events/account-events'
import { FEDERATED_SESSION_MS } from '../../../src/core/federation/sessions'
import { KNOWN_NETWORK_MS } from '../../../src/core/kernel/known-networks'
import { MIN_RETRY_MS } from '../../../src/core/messages/outbox'
import { RECENT_SIGN_IN_MS } from '../../../src/core/passwords/password-change'
import { VERIFICATION_LIFETIMES_MS } from '../../../src/core/tokens/verification-record'
import type { VerificationKind } from '../../../src/store'
import { ALL, byDefault, duration, FEDERATION, FIXED, GOTRUE, SERVICE, setting, table } from './values'

type Row = readonly [what: string, api: string, lifetime: string, changedBy: string]

const unlimited = (what: string, name: string): Row => [what, ALL, 'unlimited', setting(name)]
const bySetting = (what: string, api: string, name: string): Row => [what, api, byDefault(name), setting(name)]

const TOKENS: Row[] = [
  bySetting('Access token (JWT)', GOTRUE, 'AUTH_JWT_EXP'),
  ['Refresh token', GOTRUE, 'as long as its session; each works once', '`AUTH_SESSIONS_…`'],
  [
    'An older refresh token, after its successor was used',
    GOTRUE,
    byDefault('AUTH_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL'),
    setting('AUTH_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL'),
  ],
  bySetting('Access token of a native client (`cat_…`)', SERVICE, 'AUTH_ACCESS_TOKEN_TTL_SECONDS'),
  bySetting('Refresh token of a native client (`crt_…`)', SERVICE, 'AUTH_REFRESH_TOKEN_TTL_SECONDS'),
  bySetting('Session cookie (`latchkey_session`)', SERVICE, 'AUTH_REFRESH_TOKEN_TTL_SECONDS'),
  bySetting('Access token of a service (JWT)', SERVICE, 'AUTH_ACCESS_TOKEN_TTL'),
  bySetting('Refresh token of a service (`srt_…`)', SERVICE, 'AUTH_REFRESH_TOKEN_TTL'),
  ['Personal access token (`carol_pat_…`)', SERVICE, 'set by its user; unlimited without `expiresAt`', 'each token'],
  bySetting('Token of a federated sign-in (`fed_…`)', FEDERATION, 'AUTH_FEDERATION_TOKEN_TTL'),
  ['The same, with all its refreshes', FEDERATION, duration(FEDERATED_SESSION_MS), FIXED],
  ['Publishable and secret key', ALL, 'unlimited', '`AUTH_PUBLISHABLE_KEY`, `AUTH_SECRET_KEY`'],
]

const SESSIONS: Row[] = [
  unlimited('A session, from the sign-in', 'AUTH_SESSIONS_TIMEBOX'),
  unlimited('A session without a refresh', 'AUTH_SESSIONS_INACTIVITY_TIMEOUT'),
  unlimited('A session without the second factor of its user', 'AUTH_SESSIONS_ALLOW_LOW_AAL'),
  bySetting('A session that is not used, until it is deleted', ALL, 'AUTH_SESSIONS_UNUSED_RETENTION'),
  [
    'A sign-in that allows a new password without a code, if codes are required',
    ALL,
    duration(RECENT_SIGN_IN_MS),
    FIXED,
  ],
  ['A network that counts as known to a user, from the last sign-in', ALL, duration(KNOWN_NETWORK_MS), FIXED],
]

/** Their names, and whether `/api/auth` sends them, too. */
const MAILS: Record<
  Exclude<VerificationKind, 'phone_confirmation' | 'phone_change'>,
  [name: string, isOfBoth: boolean]
> = {
  signup: ['Confirmation of an address', false],
  invite: ['Invitation', false],
  magic_link: ['Magic link, and the code with it', true],
  password_reset: ['Password recovery', true],
  email_change: ['Change of address', true],
  reauthentication: ['Code for a password change', false],
}

const LINKS: Row[] = [
  ...Object.entries(MAILS).flatMap(([kind, [name, isOfBoth]]): Row[] => {
    const lifetime = duration(VERIFICATION_LIFETIMES_MS[kind as VerificationKind])
    const own: Row = [name, GOTRUE, lifetime, setting('AUTH_MAILER_OTP_EXP')]
    return isOfBoth ? [own, [name, SERVICE, lifetime, FIXED]] : [own]
  }),
  bySetting('Code by SMS', GOTRUE, 'AUTH_SMS_OTP_EXP'),
  ['Link for the first administrator, printed at start', GOTRUE, duration(SETUP_LINK_MS), FIXED],
]

const STEPS: Row[] = [
  bySetting('PKCE code, from the redirect to its exchange', GOTRUE, 'AUTH_EXTERNAL_FLOW_STATE_EXPIRY_DURATION'),
  bySetting('Sign-in at a provider, until the callback', GOTRUE, 'AUTH_EXTERNAL_FLOW_STATE_EXPIRY_DURATION'),
  bySetting('Challenge of a second factor', GOTRUE, 'AUTH_MFA_CHALLENGE_EXPIRY_DURATION'),
  bySetting(
    'Unverified factor, until it no longer blocks another enrollment',
    GOTRUE,
    'AUTH_MFA_FACTOR_EXPIRY_DURATION',
  ),
  bySetting('Challenge of a passkey', GOTRUE, 'AUTH_WEBAUTHN_CHALLENGE_EXPIRY_DURATION'),
  ['Challenge of a proof of work', ALL, duration(PROOF_OF_WORK_MS), FIXED],
  bySetting('Signed message of an Ethereum wallet', GOTRUE, 'AUTH_EXTERNAL_WEB3_ETHEREUM_MAXIMUM_VALIDITY_DURATION'),
  bySetting('Signed message of a Solana wallet', GOTRUE, 'AUTH_EXTERNAL_WEB3_SOLANA_MAXIMUM_VALIDITY_DURATION'),
]

const DELIVERIES = [
  ['Mail that the mail server does not accept', `until its link expires, at least ${duration(MIN_RETRY_MS)}`, FIXED],
  ['Event that your backend does not accept', duration(EVENT_LIFETIME_MS), FIXED],
]

const COLUMNS = ['What', 'API', 'Default', 'Changed by']

export const printLifetimes = (): string =>
  [
    `### Tokens and keys\n\n${table(COLUMNS, TOKENS)}`,
    `### Sessions\n\n${table(COLUMNS, SESSIONS)}`,
    `### Links and codes\n\n${table(COLUMNS, LINKS)}`,
    `### Steps of a sign-in\n\n${table(COLUMNS, STEPS)}`,
    `### Retries of deliveries\n\n${table(['What', 'Retried for', 'Changed by'], DELIVERIES)}`,
  ].join('\n\n')
