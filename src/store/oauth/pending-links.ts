/** Browsers at a provider to link its account to one of this server. */
import { eq } from 'drizzle-orm'
import type { Tx } from '../engine'
import { statement } from '../query'
import { oauthStates } from '../schema'

const deleteLinksOf = statement({ userId: oauthStates.linkingUserId }, (db, { userId }) =>
  db.delete(oauthStates).where(eq(oauthStates.linkingUserId, userId)),
)

/** Ends the links to an account that have begun: a browser that comes back for one is refused. */
export async function endPendingLinks(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteLinksOf, { userId })
}
