/**
 * Messages that a hook or an SMS provider takes during the request. What they refer to is stored before, so that a link
 * or code works whenever it arrives, and withdrawn if the call fails. That the message was sent is recorded after.
 */
import type { Account, Minting, User, UserChange } from '../../store'
import { requireChanged } from '../kernel/change-outcomes'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import type { Outgoing } from './messages'

export interface ChangeWithMessage {
  /** The account as it is before. */
  user: User
  outgoing: Outgoing
  /** What the message refers to. */
  pending: Pick<UserChange, 'set' | 'unlessSentSince' | 'flow' | 'actor'> & { mint: readonly Minting[] }
  /** Other changes to make, only if the message is sent. */
  sent: Omit<UserChange, 'id' | 'now' | 'unlessSentSince' | 'flow' | 'mint' | 'keeps'>
  tooSoon?: (sentAt: number) => Refusal
}

/**
 * Changes an account and sends the message about it: in one operation with a message for the queue, in two around a
 * call.
 * @throws {Refusal} of the change, or of the call
 */
export async function changeAndSend(
  context: Context,
  change: ChangeWithMessage,
): Promise<{ account: Account; messageId: string | undefined }> {
  const { store, now } = context
  const { user, outgoing, pending, sent, tooSoon } = change
  const { id } = user
  const { call, messages } = outgoing
  const set = { ...pending.set, ...sent.set }
  if (!call) {
    const all = { ...sent, ...pending, id, now, set, messages: [...(sent.messages ?? []), ...messages] }
    return { account: requireChanged(await store.changeUser(all), tooSoon), messageId: undefined }
  }
  const stored = await store.changeUser({ ...pending, id, now, audit: [] })
  const held = requireChanged(stored, tooSoon)
  const replaced = stored.outcome === 'changed' ? stored.replaced : []
  const messageId = await orWithdraw(context, call, () => withdrawChange(context, change, held.user, replaced))
  const keeps = keptBy(pending.mint, pending.flow)
  try {
    return { account: requireChanged(await store.changeUser({ ...sent, id, now, keeps })), messageId }
  } catch (error) {
    // After a refusal, nothing is kept. If the database failed, the message may have been sent, so its tokens must work.
    if (error instanceof Refusal) await withdrawChange(context, change, held.user, replaced)
    throw error
  }
}

/** What the second operation must not invalidate: the message with it was sent. */
export const keptBy = (mint: readonly Minting[], flow?: { id: string }) => ({ tokens: idsOf(mint), flowId: flow?.id })

const idsOf = (mint: readonly Minting[]) => mint.map(({ token }) => token.id)

interface TokenCall extends Pick<UserChange, 'onlyIf'> {
  user: User
  call: NonNullable<Outgoing['call']>
  mint: readonly Minting[]
}

/**
 * Stores the tokens of a message and sends it. Other changes follow in an operation with `keptBy`.
 * @returns false if the account has changed, and then nothing is sent
 */
export async function sendWithTokens(context: Context, { user, call, mint, onlyIf }: TokenCall): Promise<boolean> {
  const { store, now } = context
  const stored = await store.changeUser({ id: user.id, now, set: {}, mint, ...(onlyIf && { onlyIf }), audit: [] })
  if (stored.outcome !== 'changed') return false
  const { replaced } = stored
  const withdrawal = { tokens: idsOf(mint), replaced, replacedAt: now, flowId: undefined }
  await orWithdraw(context, call, () => store.withdrawTokens(withdrawal))
  return true
}

/** Makes the call; if it fails, rolls back the changes that were stored for it and rethrows the error. */
export async function orWithdraw<T>(
  { report }: Pick<Context, 'report'>,
  call: () => Promise<T>,
  withdraw: () => Promise<unknown>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    // The remaining token is known to the hook or provider only; it expires.
    await withdraw().catch((failure: unknown) => {
      report('error', 'what a message that was not sent refers to could not be withdrawn', { error: String(failure) })
    })
    throw error
  }
}

async function withdrawChange(
  { store, now }: Context,
  { user, pending }: ChangeWithMessage,
  held: User,
  replaced: readonly string[],
): Promise<void> {
  await store.withdrawTokens({ tokens: idsOf(pending.mint), replaced, replacedAt: now, flowId: pending.flow?.id })
  const columns = Object.keys(pending.set) as (keyof typeof pending.set)[]
  if (columns.length === 0) return
  // Only while nothing else has changed the account.
  const onlyIf = Object.fromEntries(
    Object.entries(held).filter(([, value]) => value === null || typeof value !== 'object'),
  )
  const set = Object.fromEntries(columns.map((column) => [column, user[column]]))
  await store.changeUser({ id: user.id, now, set, onlyIf, audit: [] })
}

/** Withdraws a new account whose message was not sent, while it is untouched. */
export const withdrawNewAccount = (
  { store }: Context,
  { user }: Account,
  { mint, flow }: { mint: readonly Minting[]; flow?: { id: string } | undefined },
): Promise<boolean> =>
  store.withdrawUser({ user, tokens: idsOf(mint), replaced: [], replacedAt: user.createdAt, flowId: flow?.id })
