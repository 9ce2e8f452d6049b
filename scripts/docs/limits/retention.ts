/** What is deleted, and when: from the times that the sweep compares with. */
import { getTableName, type Table } from 'drizzle-orm'
import { policyOf } from '../../../src/compose/policy'
import { load } from '../../../src/config/load'
import { retention, SWEEP_INTERVAL_MS } from '../../../src/core/operations/sweep'
import { EXPIRED_TOKEN_RETENTION_MS } from '../../../src/core/tokens/verification-token'
import type { Sweep } from '../../../src/store'
import * as schema from '../../../src/store/schema'
import { byDefault, duration, FIXED, setting, table } from './values'

type Instants = ReturnType<typeof retention>

/** The ages at which the sweep deletes: at time 0 its instants are the ages, negated. */
const AGES = retention({ policy: policyOf(load({ env: {} }).settings), now: 0 })
const age = <What extends Sweep>(what: What, instant: keyof Instants[What]) =>
  duration(-(AGES[what][instant] as number))

interface Kept {
  what: string
  until: string
  changedBy: string
}

const after = (what: string, since: string, ms: string, changedBy = FIXED): Kept => ({
  what,
  until: ms === duration(0) ? since : `${ms} after ${since}`,
  changedBy,
})

/** In the order of the page. A sweep that is missing here does not compile. */
const SWEPT: Record<Sweep, Kept> = {
  sessions: {
    what: 'Sessions, with their tokens',
    until: `${age('sessions', 'lastUsedBefore')} after their last use; those with an end of their own ${age('sessions', 'notAfterBefore')} after it`,
    changedBy: `${setting('AUTH_SESSIONS_UNUSED_RETENTION')}, ${setting('AUTH_SESSIONS_TIMEBOX')}, ${setting('AUTH_SESSIONS_INACTIVITY_TIMEOUT')}`,
  },
  refreshTokens: after(
    'Revoked refresh tokens in the format of GoTrue',
    'their last change',
    age('refreshTokens', 'before'),
  ),
  sessionTokens: after('Tokens of `/api/auth` and federation', 'their expiry', age('sessionTokens', 'before')),
  externalSessions: after('Sessions of accounts of other servers', 'their expiry', age('externalSessions', 'before')),
  personalAccessTokens: after('Personal access tokens', 'their expiry', age('personalAccessTokens', 'before')),
  anonymousUsers: after(
    'Anonymous users without password, identity, passkey, factor, address or number',
    'their last activity, while anonymous sign-in is on',
    duration(
      -retention({
        policy: policyOf(load({ env: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } }).settings),
        now: 0,
      }).anonymousUsers.before,
    ),
  ),
  knownNetworks: after('Networks that are known to a user', 'the last sign-in', age('knownNetworks', 'before')),
  factors: after('Unverified second factors', 'their last challenge', age('factors', 'before')),
  challenges: after('Challenges of second factors', 'they were made', age('challenges', 'before')),
  attempts: after('Counts of wrong codes of second factors', 'they began', age('attempts', 'before')),
  ceremonies: after('Challenges of passkeys', 'their expiry', age('ceremonies', 'before')),
  oauthStates: after(
    'Sign-ins at providers',
    'they began',
    age('oauthStates', 'before'),
    setting('AUTH_EXTERNAL_FLOW_STATE_EXPIRY_DURATION'),
  ),
  flows: after(
    'PKCE flows',
    'they began',
    age('flows', 'before'),
    `${setting('AUTH_MAILER_OTP_EXP')}, ${setting('AUTH_EXTERNAL_FLOW_STATE_EXPIRY_DURATION')}`,
  ),
  web3Messages: after('Used messages of wallets', 'their expiry', age('web3Messages', 'before')),
  spentCaptchas: after('Used proofs of work', 'their expiry', age('spentCaptchas', 'before')),
  messages: {
    what: 'Mails and SMS',
    until: `sent ones ${age('messages', 'before')} after they were made; those of the mailbox ${age('messages', 'keptBefore')}`,
    changedBy: FIXED,
  },
  events: after('Events for your backend', 'they were made', age('events', 'before'), setting('AUTH_EVENTS_RETENTION')),
  refusals: after('Refused requests', 'the request', age('refusals', 'before'), setting('AUTH_REFUSALS_RETENTION')),
  eventCounts: {
    what: 'Counts of activity',
    until: `by the hour ${age('eventCounts', 'hoursBefore')}, by the day ${age('eventCounts', 'daysBefore')}`,
    changedBy: FIXED,
  },
}

const TABLES: Record<Sweep, Table> = {
  ...schema,
  anonymousUsers: schema.users,
  factors: schema.mfaFactors,
  challenges: schema.mfaChallenges,
  attempts: schema.mfaAttempts,
  ceremonies: schema.webauthnChallenges,
  flows: schema.flowState,
}

const tableOf = (sweep: string) => `\`${getTableName(TABLES[sweep as Sweep])}\``

const OTHERS: [tables: string, kept: Kept][] = [
  [
    `\`${getTableName(schema.verificationTokens)}\``,
    after('Links and codes', 'their expiry', duration(EXPIRED_TOKEN_RETENTION_MS)),
  ],
  [
    `\`${getTableName(schema.auditLogEntries)}\``,
    after('Audit log', 'the entry', byDefault('AUTH_AUDIT_LOG_RETENTION'), setting('AUTH_AUDIT_LOG_RETENTION')),
  ],
  [`\`${getTableName(schema.users)}\`, …`, { what: 'Accounts', until: 'they are deleted', changedBy: '—' }],
]

export const printRetention = (): string =>
  [
    `A sweep runs every ${duration(SWEEP_INTERVAL_MS)}, unless ${setting('AUTH_DB_CLEANUP_ENABLED')} is off. While the clock of the machine is not trusted, nothing is deleted.`,
    table(
      ['What', 'Table', 'Kept until', 'Changed by'],
      [...Object.entries(SWEPT).map(([sweep, kept]) => [tableOf(sweep), kept] as const), ...OTHERS].map(
        ([tables, { what, until, changedBy }]) => [what, tables, until, changedBy],
      ),
    ),
  ].join('\n\n')
