/** Proofs of work that were accepted. */
import { write } from './engine'
import { columnsOf, statement } from './query'
import { spentCaptchas } from './schema'

const insertSpent = statement(columnsOf(spentCaptchas), (db, p) =>
  db.insert(spentCaptchas).values(p).onConflictDoNothing(),
)

/** Records that a proof of work is used up. Exactly one of several concurrent requests gets `true`. */
export const consumeCaptcha = write(
  async (tx, spent: { id: string; expiresAt: number }): Promise<boolean> => (await tx.run(insertSpent, spent)) === 1,
)
