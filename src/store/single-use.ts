/** What may succeed once. It is used up by the write that it allows, so an attempt that fails leaves it as it was. */
import { and, eq, isNull } from 'drizzle-orm'
import { statement, type Tx } from './engine'
import { oauthStates, web3Messages } from './schema'
import { placeholder, placeholders } from './statements'

const useState = statement((db) =>
  db
    .update(oauthStates)
    .set({ usedAt: placeholder('now') as never })
    .where(and(eq(oauthStates.stateHash, placeholder('stateHash')), isNull(oauthStates.usedAt)))
    .prepare(),
)
const insertMessage = statement((db) =>
  db.insert(web3Messages).values(placeholders(web3Messages)).onConflictDoNothing().prepare(),
)

/** The state of a browser that comes back from a provider, or a message that a wallet signed. */
export type SingleUse =
  | { kind: 'oauth_state'; stateHash: string }
  | { kind: 'web3_message'; messageHash: string; expiresAt: number }

/** Of several requests at once exactly one gets `true`. It comes after all that can be refused. */
export async function useUp(tx: Tx, use: SingleUse, now: number): Promise<boolean> {
  const changed =
    use.kind === 'oauth_state'
      ? await tx.run(useState, { stateHash: use.stateHash, now })
      : await tx.run(insertMessage, { messageHash: use.messageHash, expiresAt: use.expiresAt })
  return changed === 1
}
