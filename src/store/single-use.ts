/** What can be used once. It is consumed in the write that it allows, so a failed attempt leaves it unchanged. */
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

/** The state of an OAuth callback, or a message signed by a wallet. */
export type SingleUse =
  | { kind: 'oauth_state'; stateHash: string }
  | { kind: 'web3_message'; messageHash: string; expiresAt: number }

/** Exactly one of several concurrent requests gets `true`. It runs after all checks that can refuse. */
export async function consumeSingleUse(tx: Tx, use: SingleUse, now: number): Promise<boolean> {
  const changed =
    use.kind === 'oauth_state'
      ? await tx.run(useState, { stateHash: use.stateHash, now })
      : await tx.run(insertMessage, { messageHash: use.messageHash, expiresAt: use.expiresAt })
  return changed === 1
}
