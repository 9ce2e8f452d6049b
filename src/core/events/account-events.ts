/** The events of a change to an account (docs/events.md). */
import type { EventType } from '../../lib/event-types'
import { HOUR } from '../../lib/milliseconds'
import { isoTime } from '../../lib/rfc3339'
import { isInFuture } from '../../lib/time'
import type { Account, AccountChange, EventDestination, EventsOf, Factor, NewEvent, Session, User } from '../../store'
import { hookAccount, hookIdentity } from '../hooks/hook-user'
import type { Policy } from '../kernel/policy'
import type { Clock, Random } from '../kernel/ports'

/** Failed attempts are repeated for this long. */
export const EVENT_LIFETIME_MS = 72 * HOUR

export interface EventSources {
  policy: EventSettings
  random: Pick<Random, 'uuid'>
  clock: Pick<Clock, 'now'>
}

type EventSettings = Pick<Policy, 'events' | 'hooks' | 'afterUserCreatedMode'>

/** Whether the After User Created hook is called from the queue of events. */
const isHookQueued = ({ hooks, afterUserCreatedMode }: EventSettings) =>
  hooks.afterUserCreated !== undefined && afterUserCreatedMode === 'outbox'

/** Whether anything is queued. */
export const queuesEvents = (policy: EventSettings): boolean => policy.events !== undefined || isHookQueued(policy)

/** @returns undefined if no events are wanted */
export function accountEvents({ policy, random, clock }: EventSources): EventsOf | undefined {
  if (!queuesEvents(policy)) return undefined
  const types = policy.events?.types ?? new Set<EventType>()
  return (changes) => {
    const now = clock.now()
    const wanted = eventsOfChanges(changes, now).filter(({ type }) => types.has(type))
    const isForHook =
      isHookQueued(policy) && changes.some((change) => change.kind === 'created' && !change.isByAdministrator)
    if (wanted.length === 0 && !isForHook) return undefined
    return (account) => {
      const queued = (type: EventType, destination: EventDestination, payload: object): NewEvent => ({
        id: random.uuid(),
        destination,
        userId: account.user.id,
        type,
        payload: JSON.stringify(payload),
        createdAt: now,
        expiresAt: now + EVENT_LIFETIME_MS,
      })
      const user = eventUser(account, now)
      const envelope = (type: EventType, data: object) => ({ type, timestamp: isoTime(now), data: { user, ...data } })
      return [
        ...wanted.map(({ type, data = {} }) => queued(type, 'webhook', envelope(type, data))),
        ...(isForHook ? [queued('user.created', 'after_user_created', { user: hookAccount(account) })] : []),
      ]
    }
  }
}

interface AccountEvent {
  type: EventType
  /** In addition to the user. */
  data?: object
}

function eventsOfChanges(changes: readonly AccountChange[], now: number): AccountEvent[] {
  if (changes.some(({ kind }) => kind === 'deleted')) return [{ type: 'user.deleted' }]
  const found = changes.flatMap((change) => eventsOfChange(change, now))
  const creation = changes.find((change) => change.kind === 'created')
  if (!creation) return withUpdate(found, changes)
  // What belongs to a new account is in the first event.
  const later = found.filter(({ type }) => type !== 'identity.linked' && type !== 'user.confirmed')
  const isConfirmedWithIt = isConfirmed(creation.user) || found.some(({ type }) => type === 'user.confirmed')
  return [{ type: 'user.created' }, ...(isConfirmedWithIt ? [{ type: 'user.confirmed' } as const] : []), ...later]
}

/** The events of one change, besides the update that several changes may be together. */
function eventsOfChange(change: AccountChange, now: number): AccountEvent[] {
  switch (change.kind) {
    case 'created':
    case 'deleted':
      return []
    case 'saved':
      return eventsOfSave(change, now)
    case 'session_opened':
      return [{ type: 'user.signed_in', data: { session: eventSession(change.session, change.methods) } }]
    case 'sessions_ended':
      return [{ type: 'user.signed_out', data: { session_ids: [...change.sessionIds] } }]
    case 'identity_linked':
      return [{ type: 'identity.linked', data: { identity: hookIdentity(change.identity) } }]
    case 'identity_unlinked':
      return [{ type: 'identity.unlinked', data: { identity: hookIdentity(change.identity) } }]
    case 'factor_enrolled':
      return [{ type: 'factor.enrolled', data: { factor: eventFactor(change.factor) } }]
    case 'factor_verified':
      return [{ type: 'factor.verified', data: { factor: eventFactor(change.factor) } }]
    case 'factor_removed':
      return [{ type: 'factor.removed', data: { factor: eventFactor(change.factor) } }]
    case 'passkey_created':
      return [{ type: 'passkey.created', data: { passkey: eventPasskey(change.passkey) } }]
    case 'passkey_removed':
      return [{ type: 'passkey.removed', data: { passkey: eventPasskey(change.passkey) } }]
    case 'role_granted':
      return [{ type: 'role.granted', data: { role: change.role } }]
    case 'role_revoked':
      return [{ type: 'role.revoked', data: { role: change.role } }]
  }
}

type Save = Extract<AccountChange, { kind: 'saved' }>

function eventsOfSave({ before, after, setsPassword }: Save, now: number): AccountEvent[] {
  const wasBanned = isInFuture(before.bannedUntil, now)
  const isBanned = isInFuture(after.bannedUntil, now)
  return [
    ...(!isConfirmed(before) && isConfirmed(after) ? [{ type: 'user.confirmed' } as const] : []),
    ...(setsPassword && before.encryptedPassword !== after.encryptedPassword
      ? [{ type: 'user.password_changed' } as const]
      : []),
    ...(isBanned && before.bannedUntil !== after.bannedUntil ? [{ type: 'user.banned' } as const] : []),
    ...(wasBanned && !isBanned ? [{ type: 'user.unbanned' } as const] : []),
  ]
}

const isConfirmed = ({ emailConfirmedAt, phoneConfirmedAt }: Pick<User, 'emailConfirmedAt' | 'phoneConfirmedAt'>) =>
  emailConfirmedAt !== null || phoneConfirmedAt !== null

/** What an update is about; everything else has an event of its own, or is not shown. */
const shownIn = (user: User) =>
  JSON.stringify([
    user.email,
    user.phone,
    user.emailConfirmedAt,
    user.phoneConfirmedAt,
    user.role,
    user.isAnonymous,
    user.bannedUntil,
    user.rawAppMetaData,
    user.rawUserMetaData,
  ])

/** Adds the update that all changes are together, before the sessions that are opened after it. */
function withUpdate(found: AccountEvent[], changes: readonly AccountChange[]): AccountEvent[] {
  const saves = changes.filter((change) => change.kind === 'saved')
  const [first, last] = [saves[0], saves.at(-1)]
  if (!first || !last || shownIn(first.before) === shownIn(last.after)) return found
  const signIn = found.findIndex(({ type }) => type === 'user.signed_in')
  const place = signIn === -1 ? found.length : signIn
  return [...found.slice(0, place), { type: 'user.updated' }, ...found.slice(place)]
}

/** The user as events show it: as hooks do, with the end of a ban. */
function eventUser(account: Account, now: number): object {
  const { bannedUntil } = account.user
  return {
    ...hookAccount(account),
    ...(bannedUntil !== null && isInFuture(bannedUntil, now) && { banned_until: isoTime(bannedUntil) }),
  }
}

/** @param methods how the user signed in, the second factor last */
const eventSession = ({ id, aal, ip, userAgent, createdAt, notAfter }: Session, methods: readonly string[]) => ({
  id,
  aal,
  methods: [...methods],
  ...(ip !== null && { ip }),
  ...(userAgent !== null && { user_agent: userAgent }),
  created_at: isoTime(createdAt),
  ...(notAfter !== null && { not_after: isoTime(notAfter) }),
})

const eventFactor = ({ id, factorType, friendlyName, status, createdAt }: Factor) => ({
  id,
  factor_type: factorType,
  ...(friendlyName !== '' && { friendly_name: friendlyName }),
  status,
  created_at: isoTime(createdAt),
})

const eventPasskey = ({ id, friendlyName, createdAt }: { id: string; friendlyName: string; createdAt: number }) => ({
  id,
  ...(friendlyName !== '' && { friendly_name: friendlyName }),
  created_at: isoTime(createdAt),
})
