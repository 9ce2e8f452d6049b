/** How long sessions and records are kept. */
import { DAY } from '../lib/milliseconds'
import { field } from './policy-field'
import { setting } from './setting'
import { duration, flag, list } from './value-types'

export const sessions = {
  timeboxMs: setting({
    name: 'SESSIONS_TIMEBOX',
    toml: 'sessions.timebox',
    kind: duration(),
    defaultNote: 'none',
    feeds: field('session.timeboxMs'),
    doc: 'Maximum lifetime of a session, counted from sign-in.',
  }),
  inactivityTimeoutMs: setting({
    name: 'SESSIONS_INACTIVITY_TIMEOUT',
    toml: 'sessions.inactivity_timeout',
    kind: duration(),
    defaultNote: 'none',
    feeds: field('session.inactivityMs'),
    doc: 'Inactivity timeout: a session that was not refreshed for this long ends.',
  }),
  lowAalMs: setting({
    name: 'SESSIONS_ALLOW_LOW_AAL',
    kind: duration(),
    defaultNote: 'for ever',
    feeds: field('session.lowAalMs', (ms: number | undefined) => ms || undefined),
    doc: 'Maximum lifetime of an aal1 session of a user who has a second factor.',
  }),
  singlePerUser: setting({
    name: 'SESSIONS_SINGLE_PER_USER',
    kind: flag,
    default: false,
    feeds: field('session.singlePerUser'),
    doc: 'Only the most recently used session of a user can be refreshed.',
  }),
  tags: setting({
    name: 'SESSIONS_TAGS',
    kind: list,
    default: [],
    feeds: field('session.tags'),
    doc: 'Session tags: a user may have one session per tag. Only imported sessions have tags.',
  }),
  sweep: setting({
    name: 'DB_CLEANUP_ENABLED',
    also: ['GOTRUE_CLEANUP_ENABLED'],
    kind: flag,
    default: true,
    doc: 'Delete expired data in the background.',
  }),
  unusedRetentionMs: setting({
    name: 'SESSIONS_UNUSED_RETENTION',
    kind: duration(30 * DAY),
    default: 365 * DAY,
    feeds: field('retention.unusedSessionMs'),
    doc: 'Sessions that were not refreshed for this long are deleted.',
  }),
  auditRetentionMs: setting({
    name: 'AUDIT_LOG_RETENTION',
    kind: duration(DAY),
    default: 90 * DAY,
    feeds: field('retention.auditMs'),
    doc: 'Retention of the audit log.',
  }),
  refusalsRetentionMs: setting({
    name: 'REFUSALS_RETENTION',
    kind: duration(),
    default: 7 * DAY,
    feeds: field('retention.refusalsMs'),
    doc: 'How long administrators can look up why a request was refused; 0 keeps none.',
  }),
  auditAddresses: setting({
    name: 'AUDIT_LOG_IP_ADDRESSES',
    kind: flag,
    default: true,
    feeds: field('retention.auditAddresses'),
    doc: 'Store client addresses in the audit log, and with refused requests.',
  }),
}
