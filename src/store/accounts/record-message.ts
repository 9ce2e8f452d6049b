/**
 * Messages about an account. A message for the queue is stored together with its tokens and flow. For a message that a
 * hook or an SMS provider takes, tokens and flow are stored before the call (`storeMessageTokens`), and deleted if the
 * call fails.
 */
import type { JsonObject } from '../../lib/json'
import type { Account } from '../account'
import type { AuditEntry } from '../audit-entry'
import { guarded, type Tx, write } from '../engine'
import { writeRelated } from '../related-writes'
import type { User } from '../schema'
import { identitiesIn, type NewMessage, userById } from '../statements'
import { type Minting, type Withdrawal, withdrawTokensIn } from '../verification/operations'
import { lockLiveUser, type RequestSession, refuseChanged, refuseCooldown, refuseEndedSession } from './guards'
import { clearContactIdentities } from './identities'
import { type MessageRecord, type MessageRequest, messageWrites, type PendingColumns } from './message-writes'
import { userMetaDataAfter } from './metadata'
import { accountIn, type Columns, saveAccount } from './save-account'

interface MessageOperation {
  id: string
  /** Unix milliseconds. */
  now: number
}

type SentRecently = { outcome: 'sent_recently'; sentAt: number }

export interface AccountMessage extends MessageOperation {
  message: MessageRecord
  audit: AuditEntry[]
}

/** Records a message and when it was sent. */
export const recordMessage = guarded(
  async (
    tx,
    { id, now, message, audit }: AccountMessage,
  ): Promise<
    { outcome: 'changed'; account: Account } | SentRecently | { outcome: 'user_gone' | 'metadata_too_large' }
  > => {
    const user = await lockLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused = refuseCooldown(user, message, now)
    if (refused) return refused
    const sent = messageWrites(message, now)
    if (!(await saveColumns(tx, user, now, sent))) return { outcome: 'metadata_too_large' }
    await writeRelated(tx, { ...sent, audit }, now)
    return { outcome: 'changed', account: await accountIn(tx, id) }
  },
)

export interface AdminLink extends MessageOperation {
  message: MessageRecord
  /** When the account was invited, if the link is an invitation. */
  invitedAt: number | undefined
  /** Metadata that the administrator adds for the user. */
  userMetaData: JsonObject
  audit: AuditEntry[]
}

/** Records a link that an administrator requested for an existing account: mailed as an invitation, or handed out. */
export const recordAdminLink = guarded(
  async (
    tx,
    { id, now, message, invitedAt, userMetaData: merged, audit }: AdminLink,
  ): Promise<{ outcome: 'changed'; account: Account } | { outcome: 'user_gone' | 'metadata_too_large' }> => {
    const user = await lockLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const sent = messageWrites(message, now)
    const set = { ...sent.set, ...(invitedAt !== undefined && { invitedAt }) }
    if (!(await saveColumns(tx, user, now, { set, userMetaData: sent.userMetaData, merged })))
      return { outcome: 'metadata_too_large' }
    await writeRelated(tx, { ...sent, audit }, now)
    return { outcome: 'changed', account: await accountIn(tx, id) }
  },
)

export interface ServiceLink extends MessageOperation {
  mint: readonly Minting[]
  messages: readonly NewMessage[]
  audit: AuditEntry[]
}

/** Queues a mail with a link to a page of the application; when it was sent is known from its token. */
export const queueServiceLink = guarded(
  async (tx, { id, now, mint, messages, audit }: ServiceLink): Promise<{ outcome: 'changed' | 'user_gone' }> => {
    const user = await lockLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    await saveColumns(tx, user, now, {})
    await writeRelated(tx, { mint, messages, audit }, now)
    return { outcome: 'changed' }
  },
)

type TokensStored = {
  outcome: 'changed'
  user: User
  /** Ids of the tokens that the new ones replaced. */
  replaced: readonly string[]
}

export interface MessageTokens extends MessageOperation {
  request: MessageRequest
  /** For a user's own request. */
  requestSession: RequestSession | undefined
}

/**
 * Stores the tokens and the flow of a message before a hook or an SMS provider gets it; the record of the message
 * follows.
 */
export const storeMessageTokens = guarded(
  async (
    tx,
    { id, now, request, requestSession }: MessageTokens,
  ): Promise<
    TokensStored | SentRecently | { outcome: 'user_gone' | 'user_banned' | 'session_gone' | 'metadata_too_large' }
  > => {
    const user = await lockLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused =
      (requestSession && (await refuseEndedSession(tx, user, requestSession, now))) ??
      refuseCooldown(user, request, now)
    if (refused) return refused
    const { rawUserMetaData: userMetaData, ...set }: Partial<User> = request.pending
    if (!(await saveColumns(tx, user, now, { set, userMetaData }))) return { outcome: 'metadata_too_large' }
    const { mint, flow } = request
    return stored(tx, id, await writeRelated(tx, { mint, flow, audit: [] }, now))
  },
)

export interface ConfirmationTokens extends MessageOperation {
  mint: readonly Minting[]
  /** The account as the caller read it. */
  before: Pick<User, 'email' | 'emailConfirmedAt'>
}

/** Stores the tokens of a confirmation mail before a hook gets it, unless the address has changed since. */
export const storeConfirmationTokens = guarded(
  async (
    tx,
    { id, now, mint, before }: ConfirmationTokens,
  ): Promise<TokensStored | { outcome: 'user_gone' | 'changed_concurrently' }> => {
    const user = await lockLiveUser(tx, id)
    if (!user) return { outcome: 'user_gone' }
    const refused = refuseChanged(user, before)
    if (refused) return refused
    await saveColumns(tx, user, now, {})
    return stored(tx, id, await writeRelated(tx, { mint, audit: [] }, now))
  },
)

const stored = async (tx: Tx, id: string, replaced: string[]): Promise<TokensStored> => ({
  outcome: 'changed',
  user: (await tx.one(userById, { id })) as User,
  replaced,
})

export interface MessageWithdrawal extends MessageOperation {
  tokens: Withdrawal
  /** The columns as they were before the request; they are restored only if the account is as it was left then. */
  restore: { columns: PendingColumns; left: User }
}

/** Rolls back the changes for a message that could not be sent, except those that were changed again since. */
export const withdrawMessage = write(
  async (tx, { id, now, tokens, restore: { columns, left } }: MessageWithdrawal): Promise<void> => {
    const user = await lockLiveUser(tx, id)
    await withdrawTokensIn(tx, tokens)
    const { rawUserMetaData: userMetaData, ...set }: Partial<User> = columns
    if (Object.keys(columns).length === 0) return
    const isScalar = ([, value]: [string, unknown]) => value === null || typeof value !== 'object'
    if (!user || refuseChanged(user, Object.fromEntries(Object.entries(left).filter(isScalar)))) return
    await saveColumns(tx, user, now, { set, userMetaData })
  },
)

interface ColumnSave {
  set?: Columns
  /** Replaces the user's metadata. */
  userMetaData?: JsonObject | undefined
  /** Merged into it. */
  merged?: JsonObject
}

/** @returns false, and writes nothing, if the metadata would be too large */
async function saveColumns(
  tx: Tx,
  user: User,
  now: number,
  { set = {}, userMetaData: replacement, merged }: ColumnSave,
): Promise<boolean> {
  const userMetaData = userMetaDataAfter(user, { replacement, merged })
  if (!userMetaData) return false
  const present = await identitiesIn(tx, user.id)
  const identities = replacement ? await clearContactIdentities(tx, present, user.id) : present
  await saveAccount(tx, user, { now, set, userMetaData, identities, listsProviders: 'if_settled' })
  return true
}
