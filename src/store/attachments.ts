/** What goes with a change of an account, in the same transaction: tokens, a PKCE flow, messages, the audit log. */
import { eq } from 'drizzle-orm'
import { statement, type Tx, write } from './engine'
import { startFlow } from './flows'
import { type FlowState, messages } from './schema'
import { type AuditEntry, appendAudit, insertMessage, type NewMessage, placeholder, queueMessages } from './statements'
import { type Minting, mintTokens } from './verification/work'

const deleteMessage = statement((db) =>
  db
    .delete(messages)
    .where(eq(messages.id, placeholder('id')))
    .prepare(),
)

export interface Attachments {
  mint?: readonly Minting[]
  flow?: FlowState | undefined
  messages?: readonly NewMessage[]
  audit: AuditEntry[]
}

export async function attach(tx: Tx, { mint = [], flow, messages: sent = [], audit }: Attachments, now: number) {
  if (flow) await startFlow(tx, flow)
  await mintTokens(tx, mint, now)
  await queueMessages(tx, sent)
  await appendAudit(tx, audit)
}

/** Tokens and messages that no account goes with. */
export const issue = write(async (tx, { now, ...attachments }: Attachments & { now: number }): Promise<void> => {
  await attach(tx, attachments, now)
})

/** Writes messages and takes them away again: what sending them costs, for an answer that must not tell by its time. */
export const rehearse = write(async (tx, sent: readonly NewMessage[]): Promise<void> => {
  for (const message of sent) {
    await tx.run(insertMessage, message)
    await tx.run(deleteMessage, { id: message.id })
  }
})
