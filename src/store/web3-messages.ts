/** Used wallet messages. */
import { eq } from 'drizzle-orm'
import { read, statement } from './engine'
import { web3Messages } from './schema'
import { placeholder } from './statements'

const messageByHash = statement((db) =>
  db
    .select()
    .from(web3Messages)
    .where(eq(web3Messages.messageHash, placeholder('messageHash')))
    .prepare(),
)

/** Whether a message was used to sign in. */
export const isWeb3MessageUsed = read(
  async (tx, messageHash: string): Promise<boolean> => (await tx.one(messageByHash, { messageHash })) !== undefined,
)
