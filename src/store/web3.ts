/** Signed messages that were used. */
import { statement, write } from './engine'
import { web3Messages } from './schema'
import { placeholders } from './statements'

const insertMessage = statement((db) =>
  db.insert(web3Messages).values(placeholders(web3Messages)).onConflictDoNothing().prepare(),
)

/** Uses a signed message up. @returns false where it was used before */
export const useWeb3Message = write(
  async (tx, message: { messageHash: string; expiresAt: number }): Promise<boolean> =>
    (await tx.run(insertMessage, message)) === 1,
)
