/** The records of the store about a message to an account. */
import type { JsonObject } from '../../lib/json'
import type { FlowState, User } from '../schema'
import type { NewMessage } from '../statements'
import type { Minting } from '../verification/operations'
import type { SendCooldown, SentAtColumn } from './guards'
import type { Columns } from './save-account'

/** An address that has not been confirmed yet; empty to keep the pending one. */
export type PendingEmail = Partial<Pick<User, 'emailChange' | 'emailChangeConfirmStatus'>>
/** An address or number that has not been confirmed yet. */
export type PendingContact = PendingEmail | Pick<User, 'phoneChange'>

/** A password, and the metadata that came with it, which may be someone else's (docs/threat-model.md#t46). */
export interface DroppedSignUp {
  encryptedPassword?: null
  rawUserMetaData?: JsonObject
}

/** Data of an unconfirmed account that an administrator replaces with a link. */
export interface ReplacedSignUp extends Omit<DroppedSignUp, 'encryptedPassword'> {
  encryptedPassword?: string | null
  isPasswordFromAdmin?: boolean
  adminUserMetaData?: JsonObject
}

/** Changes made with the request for a message, before its link or code is used. */
export type PendingColumns = PendingContact | DroppedSignUp | ReplacedSignUp

/** The tokens and the flow of a message, and the columns that change with it. */
export interface MessageRequest<Pending extends PendingColumns = PendingColumns> extends SendCooldown {
  mint: readonly Minting[]
  flow: FlowState | undefined
  pending: Pending
}

/** A message for the queue, with everything it refers to. */
export interface QueuedMessage<Pending extends PendingColumns = PendingColumns> extends MessageRequest<Pending> {
  messages: readonly NewMessage[]
}

/** A message that a hook or an SMS provider has taken; `storeMessageTokens` stored its tokens and flow before. */
export interface SentMessage {
  column: SentAtColumn
  keeps: Keeps
}

/** Tokens and the flow that stay valid when all others are invalidated. */
export interface Keeps {
  tokens: readonly string[]
  flowId: string | undefined
}

export type MessageRecord<Pending extends PendingColumns = PendingColumns> = QueuedMessage<Pending> | SentMessage

/** The writes of a message. @param now Unix milliseconds */
export function messageWrites(message: MessageRecord, now: number) {
  const isSent = 'keeps' in message
  const { rawUserMetaData, ...pending }: Columns & { rawUserMetaData?: JsonObject } = isSent ? {} : message.pending
  const set: Columns = { ...pending, [message.column]: now }
  return {
    set,
    /** Replaces the user's metadata. */
    userMetaData: rawUserMetaData,
    mint: isSent ? [] : message.mint,
    flow: isSent ? undefined : message.flow,
    messages: isSent ? [] : message.messages,
    keeps: isSent ? message.keeps : undefined,
  }
}
