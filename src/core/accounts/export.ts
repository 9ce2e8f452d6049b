/** Everything stored about a user, for the user (`GET /user/export`). Without secrets, and without data of others. */
import type { JsonObject } from '../../lib/json'
import type {
  AuditRow,
  Event,
  Factor,
  Identity,
  KnownNetwork,
  Message,
  PersonalAccessToken,
  RefusedRequest,
  User,
  WebauthnCredential,
} from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { passkeysOf } from '../passkeys/passkeys'
import { type DescribedSession, describeSessions } from '../sessions/sessions'
import { needsSecondFactor } from '../users/second-factor-status'

export interface AccountExport {
  /** Unix milliseconds. */
  exportedAt: number
  user: User
  identities: Identity[]
  factors: Factor[]
  passkeys: WebauthnCredential[]
  roles: string[]
  sessions: DescribedSession[]
  personalTokens: PersonalAccessToken[]
  networks: KnownNetwork[]
  /** About the account. */
  messages: Message[]
  events: Event[]
  /** Newest first, like all lists of what happened. */
  audit: AuditRow[]
  refusals: RefusedRequest[]
}

/** What happened is exported up to this number of rows of each kind, the latest ones. */
const MAX_ROWS = 5000

/** @throws {Refusal} also for a session without the second factor of its user */
export async function exportAccount(context: Context, { caller }: { caller: Caller }): Promise<AccountExport> {
  const { store, activity, limits, client, now } = context
  limits.request('userChanges', client.ip)
  const { user } = forbidPersonalToken(caller)
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low')
  await activity.flush()
  // The export itself is in the log, but not in its own copy.
  const audit = await store.listAudit({ page: 1, perPage: MAX_ROWS, filter: { userId: user.id } })
  await store.appendAudit([auditEntry(context, 'user_exported', user)])
  const { id } = user
  return {
    exportedAt: now,
    user,
    identities: await store.findIdentities(id),
    factors: await store.listFactors(id),
    passkeys: await passkeysOf(context, id),
    roles: (await store.rolesOf(id)).sort(),
    sessions: await describeSessions(context, user),
    personalTokens: await store.listPersonalTokens(id),
    networks: await store.listKnownNetworks(id),
    messages: await messagesOf(context, user),
    events: await store.listEvents({ ...EVERYTHING, userId: id, type: undefined, since: undefined }),
    audit: audit.rows.map((entry) => withoutOthers(entry, user)),
    refusals: await store.listRefusals({
      ...EVERYTHING,
      userId: id,
      reason: undefined,
      ip: undefined,
      since: undefined,
      until: undefined,
    }),
  }
}

const EVERYTHING = { state: undefined, before: undefined, limit: MAX_ROWS }

/**
 * Messages about the account, to earlier addresses as well. Of older ones without the account, those to the current
 * address and number; those before the account existed were to an earlier owner.
 */
async function messagesOf({ store }: Context, { id, email, phone, createdAt }: User): Promise<Message[]> {
  const lists = await Promise.all(
    [email, phone].map((recipient) => (recipient ? store.listAllMessages({ ...EVERYTHING, recipient }) : [])),
  )
  const older = lists.flat().filter((message) => message.userId === null && message.createdAt >= createdAt)
  const known = await store.listMessagesOf({ userId: id, limit: MAX_ROWS })
  return [...known, ...older].sort((a, b) => b.seq - a.seq).slice(0, MAX_ROWS)
}

/** An entry about another user keeps what this one did; an entry by another user keeps what was done to this one. */
function withoutOthers(entry: AuditRow, { id }: User): AuditRow {
  const { actor_id: actor, traits } = entry.payload
  const { user_id: subject } = (traits ?? {}) as JsonObject
  const isActor = actor === id
  const isSubject = subject === undefined || subject === id
  const isOwn = ([name]: [string, unknown]) =>
    (isActor || !name.startsWith('actor_')) && (isSubject || name !== 'traits')
  const payload = Object.fromEntries(Object.entries(entry.payload).filter(isOwn))
  return { ...entry, payload, ipAddress: isActor ? entry.ipAddress : '' }
}
