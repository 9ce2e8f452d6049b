/** Rows written in the same transaction as an account change: tokens, a PKCE flow, messages, audit entries. */
import { eq } from 'drizzle-orm'
import type { AuditEntry } from './audit-entry'
import { appendAudit } from './audit-log'
import { type Tx, write } from './engine'
import { startFlow } from './oauth/flows'
import { statement } from './query'
import { type FlowState, messages } from './schema'
import { insertMessage, type NewMessage, queueMessages } from './statements'
import { type Minting, mintTokens } from './verification/operations'

const deleteMessage = statement({ id: messages.id }, (db, { id }) => db.delete(messages).where(eq(messages.id, id)))

export interface RelatedWrites {
  mint?: readonly Minting[]
  flow?: FlowState | undefined
  messages?: readonly NewMessage[]
  audit: AuditEntry[]
}

/** @returns the ids of the tokens that the new ones replace */
export async function writeRelated(
  tx: Tx,
  { mint = [], flow, messages: sent = [], audit }: RelatedWrites,
  now: number,
): Promise<string[]> {
  if (flow) await startFlow(tx, flow)
  const replaced = await mintTokens(tx, mint, now)
  await queueMessages(tx, sent)
  await appendAudit(tx, audit)
  return replaced
}

/** Tokens and messages without an account. */
export const saveTokensAndMessages = write(
  async (tx, { now, ...attachments }: RelatedWrites & { now: number }): Promise<void> => {
    await writeRelated(tx, attachments, now)
  },
)

/** Writes messages and deletes them again, which equalizes the time of requests for unknown addresses. */
export const simulateMessageWrite = write(async (tx, sent: readonly NewMessage[]): Promise<void> => {
  for (const message of sent) {
    await tx.run(insertMessage, message)
    await tx.run(deleteMessage, { id: message.id })
  }
})
