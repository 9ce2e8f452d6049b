/** Used wallet messages. */
import { eq } from 'drizzle-orm'
import { read } from './engine'
import { statement } from './query'
import { web3Messages } from './schema'

const messageByHash = statement({ messageHash: web3Messages.messageHash }, (db, { messageHash }) =>
  db.select().from(web3Messages).where(eq(web3Messages.messageHash, messageHash)),
)

/** Whether a message was used to sign in. */
export const isWeb3MessageUsed = read(
  async (tx, messageHash: string): Promise<boolean> => (await tx.one(messageByHash, { messageHash })) !== undefined,
)
