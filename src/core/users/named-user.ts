/** Accounts as administrators name them. */
import { isUuid } from '../../lib/uuid'
import type { User } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { findByIdentifier } from './usernames'

/** @param text id, email address, username or uid; a deleted account is unknown */
export async function requireUserNamed(context: Pick<Context, 'store'>, text: string): Promise<User> {
  const found = isUuid(text) ? await context.store.findUser(text.toLowerCase()) : await findByIdentifier(context, text)
  if (!found || found.deletedAt !== null) throw new Refusal('user_unknown')
  return found
}
