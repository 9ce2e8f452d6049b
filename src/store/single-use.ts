/** Single-use credentials. Each is consumed in the write that it allows, so a failed attempt leaves it unchanged. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Tx } from './engine'
import { columnsOf, statement } from './query'
import { oauthStates, web3Messages } from './schema'

const useState = statement({ stateHash: oauthStates.stateHash, now: oauthStates.usedAt }, (db, { stateHash, now }) =>
  db
    .update(oauthStates)
    .set({ usedAt: now })
    .where(and(eq(oauthStates.stateHash, stateHash), isNull(oauthStates.usedAt))),
)
const insertMessage = statement(columnsOf(web3Messages), (db, p) =>
  db.insert(web3Messages).values(p).onConflictDoNothing(),
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
