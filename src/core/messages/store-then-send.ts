/**
 * Messages that a hook or an SMS provider takes during the request. Their tokens and flow are stored before the call,
 * so that a link or code works whenever it arrives, and deleted if the call fails. The sending is recorded after the
 * call.
 */
import type {
  Account,
  AuditEntry,
  MessageRecord,
  MessageRequest,
  Minting,
  PendingColumns,
  RequestSession,
  User,
} from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import type { Outgoing } from './messages'
import type { TooSoon } from './send-cooldown'

export interface AccountMessage<Pending extends PendingColumns = PendingColumns> {
  /** The account as it is before. */
  user: User
  outgoing: Outgoing
  /** The tokens and the flow of the message. */
  request: MessageRequest<Pending>
  /** For a user's own request. */
  requestSession: RequestSession | undefined
  tooSoon: TooSoon
}

/** Sends a message and records it. @throws {Refusal} of the record, or of the call */
export async function sendAndRecord(
  context: Context,
  { audit, ...message }: AccountMessage & { audit: AuditEntry[] },
): Promise<{ account: Account; messageId: string | undefined }> {
  const { store, now } = context
  const { saved: account, messageId } = await sendAndSave(context, message, async (record) => {
    const recorded = await store.recordMessage({ id: message.user.id, now, message: record, audit })
    switch (recorded.outcome) {
      case 'changed':
        return recorded.account
      case 'sent_recently':
        throw message.tooSoon(recorded.sentAt)
      default:
        throw new Refusal(recorded.outcome)
    }
  })
  return { account, messageId }
}

/**
 * Sends a message, and saves the changes that come with it: in one operation for a message in the queue, in two
 * operations around a call.
 * @param save records the message together with the changes to make only if it is sent; throws their refusals
 * @throws {Refusal} of `save`, or of the call
 */
export async function sendAndSave<Pending extends PendingColumns, Saved>(
  context: Context,
  message: AccountMessage<Pending>,
  save: (record: MessageRecord<Pending>) => Promise<Saved>,
): Promise<{ saved: Saved; messageId: string | undefined }> {
  const { outgoing, request } = message
  const { call, messages } = outgoing
  if (!call) return { saved: await save({ ...request, messages }), messageId: undefined }
  const stored = await storeTokens(context, message)
  const messageId = await callOrWithdraw(context, call, () => withdraw(context, message, stored))
  const { column, mint, flow } = request
  try {
    return { saved: await save({ column, keeps: { tokens: idsOf(mint), flowId: flow?.id } }), messageId }
  } catch (error) {
    // After a refusal, nothing is kept. If the database failed, the message may have been sent, so its tokens must work.
    if (error instanceof Refusal) await withdraw(context, message, stored)
    throw error
  }
}

interface StoredTokens {
  /** The account as it was left. */
  user: User
  replaced: readonly string[]
}

async function storeTokens(
  { store, now }: Context,
  { user, request, requestSession, tooSoon }: AccountMessage,
): Promise<StoredTokens> {
  const stored = await store.storeMessageTokens({ id: user.id, now, request, requestSession })
  switch (stored.outcome) {
    case 'changed':
      return stored
    case 'sent_recently':
      throw tooSoon(stored.sentAt)
    default:
      throw new Refusal(stored.outcome)
  }
}

async function withdraw(
  { store, now }: Context,
  { user, request: { mint, flow, pending } }: AccountMessage,
  { user: left, replaced }: StoredTokens,
): Promise<void> {
  const columns = Object.fromEntries(Object.keys(pending).map((column) => [column, user[column as keyof User]]))
  const tokens = { tokens: idsOf(mint), replaced, replacedAt: now, flowId: flow?.id }
  await store.withdrawMessage({ id: user.id, now, tokens, restore: { columns, left } })
}

export const idsOf = (mint: readonly Minting[]): string[] => mint.map(({ token }) => token.id)

interface ConfirmationCall {
  /** The account as the caller read it. */
  user: User
  call: NonNullable<Outgoing['call']>
  mint: readonly Minting[]
}

/**
 * Stores the tokens of a confirmation mail and sends it. Other changes follow in an operation that keeps the tokens.
 * @returns false if the address has changed, and then nothing is sent
 */
export async function sendConfirmation(context: Context, { user, call, mint }: ConfirmationCall): Promise<boolean> {
  const { store, now } = context
  const { id, email, emailConfirmedAt } = user
  const stored = await store.storeConfirmationTokens({ id, now, mint, before: { email, emailConfirmedAt } })
  if (stored.outcome !== 'changed') return false
  const withdrawal = { tokens: idsOf(mint), replaced: stored.replaced, replacedAt: now, flowId: undefined }
  await callOrWithdraw(context, call, () => store.withdrawTokens(withdrawal))
  return true
}

/** Makes the call; if it fails, rolls back the changes that were stored for it and rethrows the error. */
export async function callOrWithdraw<T>(
  { report }: Pick<Context, 'report'>,
  call: () => Promise<T>,
  withdrawStored: () => Promise<unknown>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    // The remaining token is known to the hook or provider only; it expires.
    await withdrawStored().catch((failure: unknown) => {
      report('error', 'could not roll back the changes of a message that was not sent', { error: String(failure) })
    })
    throw error
  }
}

/** Withdraws a new account whose message was not sent, while it is untouched. */
export const withdrawNewAccount = (
  { store }: Context,
  { user }: Account,
  { mint, flow }: { mint: readonly Minting[]; flow?: { id: string } | undefined },
): Promise<boolean> =>
  store.withdrawUser({ user, tokens: idsOf(mint), replaced: [], replacedAt: user.createdAt, flowId: flow?.id })
