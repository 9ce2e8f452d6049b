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
const restoreState = statement({ stateHash: oauthStates.stateHash, at: oauthStates.usedAt }, (db, { stateHash, at }) =>
  db
    .update(oauthStates)
    .set({ usedAt: null })
    .where(and(eq(oauthStates.stateHash, stateHash), eq(oauthStates.usedAt, at))),
)
const deleteMessage = statement({ messageHash: web3Messages.messageHash }, (db, { messageHash }) =>
  db.delete(web3Messages).where(eq(web3Messages.messageHash, messageHash)),
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

/** Makes a credential usable again. Only for the one whose `consumeSingleUse` returned `true` at that time. */
export async function restoreSingleUse(tx: Tx, use: SingleUse, at: number): Promise<void> {
  if (use.kind === 'oauth_state') await tx.run(restoreState, { stateHash: use.stateHash, at })
  else await tx.run(deleteMessage, { messageHash: use.messageHash })
}
